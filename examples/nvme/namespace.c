/* SPDX-License-Identifier: BSD-2-Clause */
#include "namespace.h"

#include "controller.h"

#include <errno.h>
#include <stdlib.h>

#define IDS_AT_ONCE 1024

static int add(struct nvme *nvme, uint32_t id, struct nvme_failure *failure)
{
	struct nvme_namespace found, *grown;
	int ret;

	ret = nvme_identify_namespace(nvme, id, &found, failure);
	if (ret || !found.blocks)
		return ret;
	grown = realloc(nvme->namespaces, (nvme->namespace_count + 1) * sizeof(*grown));
	if (!grown)
		return nvme_fail(failure, -ENOMEM, "no memory for namespaces");
	nvme->namespaces = grown;
	grown[nvme->namespace_count++] = found;
	return 0;
}

/* Controllers before 1.1 have no list, but few namespaces. */
static int find_one_by_one(struct nvme *nvme, struct nvme_failure *failure)
{
	int ret = 0;

	for (uint32_t id = 1; !ret && id && id <= nvme->identity.namespaces; id++)
		ret = add(nvme, id, failure);
	return ret;
}

int nvme_namespaces_find(struct nvme *nvme, struct nvme_failure *failure)
{
	uint32_t ids[IDS_AT_ONCE], last = 0;
	unsigned int i;
	int ret;

	if (nvme->version < 0x10100)
		return find_one_by_one(nvme, failure);
	do {
		ret = nvme_identify_active(nvme, last, ids, failure);
		if (ret)
			return ret;
		for (i = 0; i < IDS_AT_ONCE && ids[i]; i++) {
			if (ids[i] <= last)
				return nvme_fail(failure, -EIO, "namespaces come in no order");
			last = ids[i];
			ret = add(nvme, last, failure);
			if (ret)
				return ret;
		}
	} while (i == IDS_AT_ONCE && last < 0xfffffffe);
	return 0;
}

void nvme_namespaces_forget(struct nvme *nvme)
{
	free(nvme->namespaces);
	nvme->namespaces = NULL;
	nvme->namespace_count = 0;
}

const struct nvme_namespace *nvme_namespace_get(const struct nvme *nvme, uint32_t id,
						struct nvme_failure *failure)
{
	for (unsigned int i = 0; i < nvme->namespace_count; i++) {
		if (nvme->namespaces[i].id == id)
			return &nvme->namespaces[i];
	}
	nvme_fail(failure, -ENXIO, "there is no namespace %u; `nvme info` shows those that are",
		  id);
	return NULL;
}
