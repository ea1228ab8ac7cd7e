/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GROUP_H
#define LIB_GROUP_H

#include "lib/object.h"

/* A growing array of plain values; room doubles. */
struct array {
	void *items;
	size_t count, room, width;
};

struct libiommu_group {
	struct libiommu_ctx *ctx;
	struct libiommu_group *next, *prev;
	struct listing *listing; /* of the walk that it is a step of; NULL: of none */
	size_t place;            /* in the listing */
	_Atomic unsigned int references;
	uint32_t id;
	char *name, *type;
	struct array members;  /* struct libiommu_group_member, strings owned */
	struct array reserved; /* struct libiommu_reserved */
	struct array windows;  /* struct libiommu_range */
	bool has_windows;
	struct libiommu_cap_answer msi;
};

struct libiommu_id_builder {
	struct libiommu_ctx *ctx;
	struct array ids;
};

struct libiommu_group_builder {
	struct libiommu_group *group;
};

/* group_builder.c */
/* @return room for one more item; NULL: refused as no-memory */
void *array_add(struct libiommu_ctx *ctx, struct array *array, struct libiommu_failure *f);
void array_free(struct libiommu_ctx *ctx, struct array *array);
void group_free_members(struct libiommu_group *group);

static inline struct libiommu_group_member *group_member_at(const struct libiommu_group *group,
							    size_t i)
{
	return &((struct libiommu_group_member *)group->members.items)[i];
}

/* group.c */
/* Whom to ask: groups can be read before "auto" is decided, every kernel backend sees the same. */
int group_backend(struct libiommu_ctx *ctx, struct candidate **out, struct libiommu_failure *f);
/* Ids in ascending order; the builder's array is to be freed also on failure. */
int group_list(struct candidate *c, struct libiommu_id_builder *builder,
	       struct libiommu_failure *f);
int group_read(struct libiommu_ctx *ctx, struct candidate *c, uint32_t id,
	       struct libiommu_group **out, struct libiommu_failure *f);

/* group_next.c */
void listing_put(struct libiommu_ctx *ctx, struct listing *listing);

/* group_member.c */
enum libiommu_member_state member_judge(const struct libiommu_group_member *member);

#endif
