/* SPDX-License-Identifier: BSD-2-Clause */
/* Who stands in the way of a group, and why. */
#include "lib/group.h"
#include "lib/sysfs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum libiommu_member_state member_judge(const struct libiommu_group_member *member)
{
	if (member->blocks)
		return LIBIOMMU_MEMBER_FOREIGN_DRIVER;
	if (!*member->driver)
		return member->bridge ? LIBIOMMU_MEMBER_BRIDGE : LIBIOMMU_MEMBER_NO_DRIVER;
	if (libiommu_sysfs_driver_is_vfio(member->driver))
		return LIBIOMMU_MEMBER_VFIO;
	return strcmp(member->driver, "pcieport") ? LIBIOMMU_MEMBER_NO_DMA : LIBIOMMU_MEMBER_PORT;
}

const char *libiommu_member_state_text(enum libiommu_member_state state)
{
	switch (state) {
	case LIBIOMMU_MEMBER_FOREIGN_DRIVER:
		return "A kernel driver has it, which may let it do DMA.";
	case LIBIOMMU_MEMBER_VFIO:
		return "A VFIO driver has it, which lends it to user space.";
	case LIBIOMMU_MEMBER_NO_DRIVER:
		return "No driver has it.";
	case LIBIOMMU_MEMBER_BRIDGE:
		return "It is a bridge, and no driver has it.";
	case LIBIOMMU_MEMBER_PORT:
		return "It is a port of PCI Express; its driver lets it do no DMA.";
	case LIBIOMMU_MEMBER_NO_DMA:
		return "Its driver lets it do no DMA.";
	default:
		return NULL;
	}
}

bool libiommu_group_viable(const struct libiommu_group *group)
{
	if (!group)
		return false;
	for (size_t i = 0; i < group->members.count; i++)
		if (group_member_at(group, i)->blocks)
			return false;
	return true;
}

static const struct libiommu_group_member *find_blocker(const struct libiommu_group *group,
							size_t index)
{
	for (size_t i = 0; i < group->members.count; i++)
		if (group_member_at(group, i)->blocks && !index--)
			return group_member_at(group, i);
	return NULL;
}

int libiommu_group_blocker(const struct libiommu_group *group, size_t index,
			   struct libiommu_blocker *out)
{
	const struct libiommu_group_member *member;

	if (!group || !out || out->size < sizeof(*out))
		return -EINVAL;
	member = find_blocker(group, index);
	if (!member)
		return -EINVAL;
	out->device = member->name;
	out->driver = member->driver;
	snprintf(out->sentence, sizeof(out->sentence),
		 "%s keeps group %u from being used: the kernel driver %s has it.", member->name,
		 group->id, *member->driver ? member->driver : "(unknown)");
	libiommu_hint(LIBIOMMU_REASON_GROUP_NOT_VIABLE, member->name, out->hint, sizeof(out->hint));
	return 0;
}

int libiommu_group_check(const struct libiommu_group *group, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = group ? group->ctx : NULL;
	const struct libiommu_group_member *member;
	struct libiommu_failure f;
	char subject[24];
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	snprintf(subject, sizeof(subject), "group %u", group->id);
	for (size_t i = 0; (member = find_blocker(group, i)); i++)
		code = libiommu_refuse_blocked(&f, subject, member->name, member->driver);
	return ctx_raise(ctx, err, code, &f);
}
