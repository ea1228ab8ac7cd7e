/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int group_backend(struct libiommu_ctx *ctx, struct candidate **out, struct libiommu_failure *f)
{
	*out = atomic_load_explicit(&ctx->backend, memory_order_acquire);
	for (size_t i = 0; !*out && i < ctx->candidate_count; i++)
		if (ctx->candidates[i].open)
			*out = &ctx->candidates[i];
	return *out ? 0 : libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_UNDECIDED, NULL, NULL);
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_members(const void *a, const void *b)
{
	const struct libiommu_group_member *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int compare_reserved(const void *a, const void *b)
{
	const struct libiommu_reserved *x = a, *y = b;

	return (x->range.start > y->range.start) - (x->range.start < y->range.start);
}

int group_list(struct candidate *c, struct libiommu_id_builder *builder, struct libiommu_failure *f)
{
	int code = dispatch_group_ids(c, builder, f);

	if (!code && builder->ids.count)
		qsort(builder->ids.items, builder->ids.count, sizeof(uint32_t), compare_ids);
	return code;
}

static int hand_out(const struct array *array, void *items, size_t *count,
		    struct libiommu_failure *f)
{
	size_t room = *count;

	*count = array->count;
	if (room < array->count)
		return libiommu_refuse(f, LIBIOMMU_REASON_BUFFER_TOO_SMALL, NULL, NULL);
	if (array->count)
		memcpy(items, array->items, array->count * array->width);
	return 0;
}

int libiommu_group_ids(struct libiommu_ctx *ctx, uint32_t *ids, size_t *count,
		       struct libiommu_error **err)
{
	struct libiommu_id_builder builder = { ctx, { .width = sizeof(uint32_t) } };
	struct libiommu_failure f;
	struct candidate *c;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	if (!count || (*count && !ids))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = group_backend(ctx, &c, &f);
	if (!code)
		code = group_list(c, &builder, &f);
	if (!code)
		code = hand_out(&builder.ids, ids, count, &f);
	array_free(ctx, &builder.ids);
	return ctx_raise(ctx, err, code, &f);
}

static void free_group(struct libiommu_group *group)
{
	struct libiommu_ctx *ctx = group->ctx;

	if (group->listing)
		listing_put(ctx, group->listing);
	group_free_members(group);
	array_free(ctx, &group->reserved);
	array_free(ctx, &group->windows);
	ctx_strfree(ctx, group->type);
	ctx_strfree(ctx, group->name);
	ctx_release(ctx, group, sizeof(*group));
}

int group_read(struct libiommu_ctx *ctx, struct candidate *c, uint32_t id,
	       struct libiommu_group **out, struct libiommu_failure *f)
{
	struct libiommu_group *group = ctx_alloc(ctx, sizeof(*group));
	struct libiommu_group_builder builder = { group };
	int code;

	if (!group)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	group->ctx = ctx;
	group->id = id;
	atomic_init(&group->references, 1);
	group->members.width = sizeof(struct libiommu_group_member);
	group->reserved.width = sizeof(struct libiommu_reserved);
	group->windows.width = sizeof(struct libiommu_range);
	group->msi = (struct libiommu_cap_answer)LIBIOMMU_CAP_ANSWER_INIT;
	group->msi.evidence = "";
	code = dispatch_group_read(c, id, &builder, f);
	if (code) {
		free_group(group);
		return code;
	}
	if (group->members.count)
		qsort(group->members.items, group->members.count,
		      sizeof(struct libiommu_group_member), compare_members);
	if (group->reserved.count)
		qsort(group->reserved.items, group->reserved.count,
		      sizeof(struct libiommu_reserved), compare_reserved);
	pthread_mutex_lock(&ctx->lock);
	LIST_ADD(ctx->groups, group);
	pthread_mutex_unlock(&ctx->lock);
	*out = group;
	return 0;
}

int libiommu_group_get(struct libiommu_ctx *ctx, uint32_t id, struct libiommu_group **out,
		       struct libiommu_error **err)
{
	struct libiommu_failure f;
	struct candidate *c;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = group_backend(ctx, &c, &f);
	if (!code)
		code = group_read(ctx, c, id, out, &f);
	return ctx_raise(ctx, err, code, &f);
}

int libiommu_group_of(struct libiommu_ctx *ctx, const char *device, struct libiommu_group **out,
		      struct libiommu_error **err)
{
	struct libiommu_failure f;
	struct candidate *c;
	uint32_t id = 0;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!device || !out))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = group_backend(ctx, &c, &f);
	if (!code)
		code = dispatch_group_of(c, device, &id, &f);
	if (!code)
		code = group_read(ctx, c, id, out, &f);
	return ctx_raise(ctx, err, code, &f);
}

struct libiommu_group *libiommu_group_ref(struct libiommu_group *group)
{
	if (group)
		atomic_fetch_add(&group->references, 1);
	return group;
}

void libiommu_group_unref(struct libiommu_group *group)
{
	struct libiommu_ctx *ctx;

	if (!group || atomic_fetch_sub(&group->references, 1) != 1)
		return;
	ctx = group->ctx;
	if (ctx_forked(ctx))
		return; /* goes with the context; its lock may be held by a thread that is not here */
	pthread_mutex_lock(&ctx->lock);
	LIST_REMOVE(ctx->groups, group);
	pthread_mutex_unlock(&ctx->lock);
	free_group(group);
}

void group_destroy_all(struct libiommu_ctx *ctx)
{
	while (ctx->groups) {
		struct libiommu_group *group = ctx->groups;

		LIST_REMOVE(ctx->groups, group);
		free_group(group);
	}
}

uint32_t libiommu_group_id(const struct libiommu_group *group)
{
	return group ? group->id : UINT32_MAX;
}

const char *libiommu_group_type(const struct libiommu_group *group)
{
	return group && group->type ? group->type : "";
}

const char *libiommu_group_name(const struct libiommu_group *group)
{
	return group && group->name ? group->name : "";
}

size_t libiommu_group_member_count(const struct libiommu_group *group)
{
	return group ? group->members.count : 0;
}

int libiommu_group_member(const struct libiommu_group *group, size_t index,
			  struct libiommu_group_member *out)
{
	size_t size = out ? out->size : 0;

	if (!group || size < sizeof(*out) || index >= group->members.count)
		return -EINVAL;
	*out = *group_member_at(group, index);
	out->size = size;
	return 0;
}

size_t libiommu_group_reserved_count(const struct libiommu_group *group)
{
	return group ? group->reserved.count : 0;
}

int libiommu_group_reserved(const struct libiommu_group *group, size_t index,
			    struct libiommu_reserved *out)
{
	if (!group || !out || index >= group->reserved.count)
		return -EINVAL;
	*out = ((const struct libiommu_reserved *)group->reserved.items)[index];
	return 0;
}

int libiommu_group_windows(const struct libiommu_group *group, struct libiommu_range *windows,
			   size_t *count, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = group ? group->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!count || (*count && !windows)))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code && !group->has_windows)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NEEDS_ATTACH, NULL,
				       "The kernel tells what group %u can reach only while the "
				       "group is in use.",
				       group->id);
	if (!code)
		code = hand_out(&group->windows, windows, count, &f);
	return ctx_raise(ctx, err, code, &f);
}

int libiommu_group_msi_isolated(const struct libiommu_group *group, struct libiommu_cap_answer *out)
{
	size_t size = out ? out->size : 0;

	if (!group || size < sizeof(*out))
		return -EINVAL;
	*out = group->msi;
	out->size = size;
	return 0;
}
