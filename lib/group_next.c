/* SPDX-License-Identifier: BSD-2-Clause */
/* A walk over all groups. It lists their numbers once, so that it is not quadratic. */
#include "lib/dispatch.h"
#include "lib/group.h"

#include <stdio.h>
#include <string.h>

/* The numbers of a walk, shared by its steps; nothing but the count of references changes. */
struct listing {
	_Atomic unsigned int references;
	struct array ids;
};

void listing_put(struct libiommu_ctx *ctx, struct listing *listing)
{
	if (atomic_fetch_sub(&listing->references, 1) != 1)
		return;
	array_free(ctx, &listing->ids);
	ctx_release(ctx, listing, sizeof(*listing));
}

static int make_listing(struct libiommu_ctx *ctx, struct candidate *c, struct listing **out,
			struct libiommu_failure *f)
{
	struct libiommu_id_builder builder = { ctx, { .width = sizeof(uint32_t) } };
	struct listing *listing;
	int code = group_list(c, &builder, f);

	listing = code ? NULL : ctx_alloc(ctx, sizeof(*listing));
	if (!listing) {
		array_free(ctx, &builder.ids);
		return code ? code : libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	atomic_init(&listing->references, 1);
	listing->ids = builder.ids;
	*out = listing;
	return 0;
}

/* Where the walk goes on behind a group; one that was found otherwise begins a walk. */
static int go_on(struct libiommu_ctx *ctx, struct candidate *c,
		 const struct libiommu_group *previous, struct listing **listing, size_t *place,
		 struct libiommu_failure *f)
{
	int code;

	*place = 0;
	if (previous && previous->listing) {
		*listing = previous->listing;
		*place = previous->place + 1;
		atomic_fetch_add(&previous->listing->references, 1);
		return 0;
	}
	code = make_listing(ctx, c, listing, f);
	if (code || !previous)
		return code;
	while (*place < (*listing)->ids.count &&
	       ((const uint32_t *)(*listing)->ids.items)[*place] <= previous->id)
		++*place;
	return 0;
}

static int take_step(struct libiommu_ctx *ctx, const struct libiommu_group *previous,
		     struct libiommu_group **out, struct libiommu_failure *f)
{
	struct listing *listing = NULL;
	struct candidate *c;
	size_t place = 0;
	int code = group_backend(ctx, &c, f);

	if (!code)
		code = go_on(ctx, c, previous, &listing, &place, f);
	if (code)
		return code;
	for (; place < listing->ids.count; place++) {
		code = group_read(ctx, c, ((const uint32_t *)listing->ids.items)[place], out, f);
		if (!code) {
			(*out)->listing = listing;
			(*out)->place = place;
			return 0;
		}
		/* It went away since the listing. */
		if (f->reason != LIBIOMMU_REASON_GROUP_UNKNOWN)
			break;
		libiommu_failure_init(f);
		code = 0;
	}
	listing_put(ctx, listing);
	return code;
}

int libiommu_group_next(struct libiommu_ctx *ctx, struct libiommu_group *previous,
			struct libiommu_group **out, struct libiommu_error **err)
{
	struct libiommu_group *found = NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code && previous && previous->ctx != ctx)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_FOREIGN_CONTEXT, NULL, NULL);
	if (!code)
		code = take_step(ctx, previous, &found, &f);
	libiommu_group_unref(previous);
	if (out)
		*out = found;
	return ctx_raise(ctx, err, code, &f);
}

static bool is_on(const struct libiommu_group *group, const char *bus)
{
	for (size_t i = 0; i < group->members.count; i++)
		if (!strcmp(group_member_at(group, i)->bus, bus))
			return true;
	return false;
}

int libiommu_group_find(struct libiommu_ctx *ctx, const char *bus, uint32_t id,
			struct libiommu_group **out, struct libiommu_error **err)
{
	struct libiommu_group *found = NULL;
	struct libiommu_failure f;
	struct candidate *c;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!bus || !out))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = group_backend(ctx, &c, &f);
	if (!code)
		code = group_read(ctx, c, id, &found, &f);
	if (!code && !is_on(found, bus)) {
		char subject[24];

		snprintf(subject, sizeof(subject), "group %u", id);
		code = libiommu_refuse(&f, LIBIOMMU_REASON_GROUP_UNKNOWN, subject,
				       "It has no member on the bus %s.", bus);
		libiommu_group_unref(found);
	}
	if (!code)
		*out = found;
	return ctx_raise(ctx, err, code, &f);
}
