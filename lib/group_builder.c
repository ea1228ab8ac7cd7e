/* SPDX-License-Identifier: BSD-2-Clause */
/* What backends say of groups, put into a snapshot. */
#include "lib/group.h"

#include <errno.h>
#include <string.h>

void *array_add(struct libiommu_ctx *ctx, struct array *array, struct libiommu_failure *f)
{
	if (array->count == array->room) {
		size_t room = array->room ? array->room * 2 : 4;
		void *grown = ctx_alloc(ctx, room * array->width);

		if (!grown) {
			libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
			return NULL;
		}
		if (array->count)
			memcpy(grown, array->items, array->count * array->width);
		ctx_release(ctx, array->items, array->room * array->width);
		array->items = grown;
		array->room = room;
	}
	return (char *)array->items + array->count++ * array->width;
}

void array_free(struct libiommu_ctx *ctx, struct array *array)
{
	ctx_release(ctx, array->items, array->room * array->width);
}

int libiommu_id_builder_add(struct libiommu_id_builder *builder, uint32_t id,
			    struct libiommu_failure *failure)
{
	uint32_t *place = array_add(builder->ctx, &builder->ids, failure);

	if (!place)
		return -ENOMEM;
	*place = id;
	return 0;
}

static int set_text(struct libiommu_group *group, char **text, const char *value,
		    struct libiommu_failure *failure)
{
	char *copy = ctx_strdup(group->ctx, value);

	if (!copy)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	ctx_strfree(group->ctx, *text);
	*text = copy;
	return 0;
}

int libiommu_group_builder_type(struct libiommu_group_builder *builder, const char *type,
				struct libiommu_failure *failure)
{
	return set_text(builder->group, &builder->group->type, type, failure);
}

int libiommu_group_builder_name(struct libiommu_group_builder *builder, const char *name,
				struct libiommu_failure *failure)
{
	return set_text(builder->group, &builder->group->name, name, failure);
}

static void free_member(struct libiommu_ctx *ctx, struct libiommu_group_member *member)
{
	ctx_strfree(ctx, (char *)(uintptr_t)member->name);
	ctx_strfree(ctx, (char *)(uintptr_t)member->bus);
	ctx_strfree(ctx, (char *)(uintptr_t)member->driver);
}

void group_free_members(struct libiommu_group *group)
{
	for (size_t i = 0; i < group->members.count; i++)
		free_member(group->ctx, group_member_at(group, i));
	array_free(group->ctx, &group->members);
}

int libiommu_group_builder_member(struct libiommu_group_builder *builder,
				  const struct libiommu_group_member *member,
				  struct libiommu_failure *failure)
{
	struct libiommu_ctx *ctx = builder->group->ctx;
	struct libiommu_group_member copy = *member, *place;

	copy.size = sizeof(copy);
	copy.name = ctx_strdup(ctx, member->name ? member->name : "");
	copy.bus = ctx_strdup(ctx, member->bus ? member->bus : "");
	copy.driver = ctx_strdup(ctx, member->driver ? member->driver : "");
	place = copy.name && copy.bus && copy.driver
			? array_add(ctx, &builder->group->members, failure)
			: NULL;
	if (!place) {
		free_member(ctx, &copy);
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	copy.state = member_judge(&copy);
	*place = copy;
	return 0;
}

int libiommu_group_builder_windows(struct libiommu_group_builder *builder,
				   const struct libiommu_range *windows, size_t count,
				   struct libiommu_failure *failure)
{
	struct libiommu_group *group = builder->group;

	group->windows.count = 0;
	for (size_t i = 0; i < count; i++) {
		struct libiommu_range *place = array_add(group->ctx, &group->windows, failure);

		if (!place)
			return -ENOMEM;
		*place = windows[i];
	}
	group->has_windows = true;
	return 0;
}

void libiommu_group_builder_msi(struct libiommu_group_builder *builder, bool isolated,
				const char *evidence)
{
	struct libiommu_cap_answer *msi = &builder->group->msi;

	msi->answer = isolated ? LIBIOMMU_ANSWER_YES : LIBIOMMU_ANSWER_NO;
	msi->evidence = evidence;
}

int libiommu_group_builder_reserved(struct libiommu_group_builder *builder,
				    const struct libiommu_reserved *reserved,
				    struct libiommu_failure *failure)
{
	struct libiommu_reserved *place =
		array_add(builder->group->ctx, &builder->group->reserved, failure);

	if (!place)
		return -ENOMEM;
	*place = *reserved;
	return 0;
}
