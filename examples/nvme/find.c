/* SPDX-License-Identifier: BSD-2-Clause */
#include "find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLASS_NVME 0x010802u

struct found {
	unsigned int count;
	char names[256]; /* of all, with blanks */
};

static void look_at(const struct libiommu_group *group, struct found *found)
{
	struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;
	size_t used;

	for (size_t i = 0; i < libiommu_group_member_count(group); i++) {
		if (libiommu_group_member(group, i, &member) || member.class_code != CLASS_NVME ||
		    strcmp(member.driver, "vfio-pci") || !libiommu_group_viable(group))
			continue;
		used = strlen(found->names);
		snprintf(found->names + used, sizeof(found->names) - used, "%s%s",
			 found->count ? " " : "", member.name);
		found->count++;
	}
}

static int look_everywhere(struct libiommu_ctx *ctx, struct found *found,
			   struct nvme_failure *failure)
{
	struct libiommu_error *err;
	struct libiommu_group *group;
	size_t count = 0;
	uint32_t *ids;
	int ret;

	ret = libiommu_group_ids(ctx, NULL, &count, &err);
	if (ret && ret != -EMSGSIZE)
		return nvme_fail_iommu(failure, ret, "groups", err);
	libiommu_error_free(err);
	ids = calloc(count + 1, sizeof(*ids));
	if (!ids)
		return nvme_fail(failure, -ENOMEM, "no memory for %zu groups", count);
	ret = libiommu_group_ids(ctx, ids, &count, &err);
	if (ret)
		ret = nvme_fail_iommu(failure, ret, "groups", err);
	for (size_t i = 0; !ret && i < count; i++) {
		/* Groups come and go. */
		if (libiommu_group_get(ctx, ids[i], &group, NULL))
			continue;
		look_at(group, found);
		libiommu_group_unref(group);
	}
	free(ids);
	return ret;
}

int nvme_find_device(struct libiommu_ctx *ctx, const char *wanted, char *name, size_t size,
		     struct nvme_failure *failure)
{
	struct found found = { .count = 0 };
	int ret;

	if (!wanted) {
		/* Which groups there are is known only once there is a backend. */
		if (!libiommu_ctx_backend(ctx))
			return nvme_fail(failure, -EINVAL,
					 "name the device (--device) or the backend (--backend)");
		ret = look_everywhere(ctx, &found, failure);
		if (ret)
			return ret;
		if (!found.count)
			return nvme_fail(failure, -ENODEV,
					 "no NVMe controller is bound to vfio-pci");
		if (found.count > 1)
			return nvme_fail(failure, -EINVAL,
					 "which controller (--device)? There are %s", found.names);
		wanted = found.names;
	}
	if ((size_t)snprintf(name, size, "%s", wanted) >= size)
		return nvme_fail(failure, -EINVAL, "no device has such a long name");
	return 0;
}
