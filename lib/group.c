/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A growing array of plain values; room doubles. */
struct array {
	void *items;
	size_t count, room, width;
};

struct libiommu_group {
	struct libiommu_ctx *ctx;
	struct libiommu_group *next, *prev;
	_Atomic unsigned int references;
	uint32_t id;
	char *type;
	struct array members;  /* struct libiommu_group_member, strings owned */
	struct array reserved; /* struct libiommu_reserved */
};

struct libiommu_id_builder {
	struct libiommu_ctx *ctx;
	struct array ids;
};

struct libiommu_group_builder {
	struct libiommu_group *group;
};

static void *array_add(struct libiommu_ctx *ctx, struct array *array, struct libiommu_failure *f)
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

static void array_free(struct libiommu_ctx *ctx, struct array *array)
{
	ctx_release(ctx, array->items, array->room * array->width);
}

static struct libiommu_group_member *member_at(const struct libiommu_group *group, size_t i)
{
	return &((struct libiommu_group_member *)group->members.items)[i];
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

int libiommu_group_builder_type(struct libiommu_group_builder *builder, const char *type,
				struct libiommu_failure *failure)
{
	struct libiommu_group *group = builder->group;
	char *copy = ctx_strdup(group->ctx, type);

	if (!copy)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	ctx_strfree(group->ctx, group->type);
	group->type = copy;
	return 0;
}

static void free_member(struct libiommu_ctx *ctx, struct libiommu_group_member *member)
{
	ctx_strfree(ctx, (char *)(uintptr_t)member->name);
	ctx_strfree(ctx, (char *)(uintptr_t)member->bus);
	ctx_strfree(ctx, (char *)(uintptr_t)member->driver);
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
	*place = copy;
	return 0;
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

/* Groups can be read before "auto" is decided: every kernel backend sees the same ones. */
static int group_backend(struct libiommu_ctx *ctx, struct candidate **out,
			 struct libiommu_failure *f)
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

static int hand_out_ids(const struct libiommu_id_builder *builder, uint32_t *ids, size_t *count,
			struct libiommu_failure *f)
{
	size_t room = *count, there = builder->ids.count;

	*count = there;
	if (room < there)
		return libiommu_refuse(f, LIBIOMMU_REASON_BUFFER_TOO_SMALL, NULL, NULL);
	if (there)
		memcpy(ids, builder->ids.items, there * sizeof(*ids));
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
		code = dispatch_group_ids(c, &builder, &f);
	if (!code) {
		if (builder.ids.count)
			qsort(builder.ids.items, builder.ids.count, sizeof(uint32_t), compare_ids);
		code = hand_out_ids(&builder, ids, count, &f);
	}
	array_free(ctx, &builder.ids);
	return ctx_raise(ctx, err, code, &f);
}

static void free_group(struct libiommu_group *group)
{
	struct libiommu_ctx *ctx = group->ctx;

	for (size_t i = 0; i < group->members.count; i++)
		free_member(ctx, member_at(group, i));
	array_free(ctx, &group->members);
	array_free(ctx, &group->reserved);
	ctx_strfree(ctx, group->type);
	ctx_release(ctx, group, sizeof(*group));
}

static int read_group(struct libiommu_ctx *ctx, struct candidate *c, uint32_t id,
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
		code = read_group(ctx, c, id, out, &f);
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
		code = read_group(ctx, c, id, out, &f);
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

size_t libiommu_group_member_count(const struct libiommu_group *group)
{
	return group ? group->members.count : 0;
}

int libiommu_group_member(const struct libiommu_group *group, size_t index,
			  struct libiommu_group_member *out)
{
	if (!group || !out || out->size < sizeof(*out) || index >= group->members.count)
		return -EINVAL;
	*out = *member_at(group, index);
	return 0;
}

bool libiommu_group_viable(const struct libiommu_group *group)
{
	if (!group)
		return false;
	for (size_t i = 0; i < group->members.count; i++)
		if (member_at(group, i)->blocks)
			return false;
	return true;
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
