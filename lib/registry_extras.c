/* SPDX-License-Identifier: BSD-2-Clause */
/* PASIDs, nesting and faults of backends that have them not, or not all of them. */
#include "lib/object.h"

#include <string.h>

static int refuse_missing(struct libiommu_failure *f)
{
	return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL, NULL);
}

static int no_pasids(struct libiommu_failure *f)
{
	return libiommu_refuse(f, LIBIOMMU_REASON_PASID_UNSUPPORTED, NULL, NULL);
}

static int no_domain_new_with(void *ctx, void *domain, const struct libiommu_backend_wishes *wishes,
			      struct libiommu_failure *f)
{
	(void)ctx;
	(void)domain;
	if (wishes->type == LIBIOMMU_DOMAIN_SVA || wishes->type == LIBIOMMU_DOMAIN_SHARED)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_UAPI, NULL, NULL);
	return wishes->pasid ? no_pasids(f) : refuse_missing(f);
}

static int no_width(void *device, unsigned int *bits, struct libiommu_failure *f)
{
	(void)device;
	(void)bits;
	return no_pasids(f);
}

static int no_pasid_attach(void *device, uint32_t pasid, void *domain,
			   const struct libiommu_backend_attach *attach,
			   struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	(void)device;
	(void)pasid;
	(void)domain;
	(void)attach;
	(void)geometry;
	return no_pasids(f);
}

static void no_pasid_detach(void *device, uint32_t pasid, void *domain,
			    struct libiommu_geometry *geometry)
{
	(void)device;
	(void)pasid;
	(void)domain;
	(void)geometry;
}

static int no_pasid_replace(void *device, uint32_t pasid, void *from, void *to,
			    const struct libiommu_backend_attach *attach,
			    struct libiommu_geometry *from_geometry,
			    struct libiommu_geometry *to_geometry, struct libiommu_failure *f)
{
	(void)device;
	(void)pasid;
	(void)from;
	(void)to;
	(void)attach;
	(void)from_geometry;
	(void)to_geometry;
	return libiommu_refuse(f, LIBIOMMU_REASON_REPLACE_UNSUPPORTED, NULL, NULL);
}

static int no_hw_info(void *device, struct libiommu_hw_info *out, struct libiommu_failure *f)
{
	(void)device;
	(void)out;
	return refuse_missing(f);
}

static int no_nested(void *device, void *parent, void *domain,
		     const struct libiommu_nested_options *opts, void *faults,
		     const struct libiommu_backend_attach *attach,
		     struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	(void)device;
	(void)parent;
	(void)domain;
	(void)opts;
	(void)faults;
	(void)attach;
	(void)geometry;
	return refuse_missing(f);
}

static int no_invalidate(void *domain, const struct libiommu_invalidation *commands, size_t count,
			 size_t *done, struct libiommu_failure *f)
{
	(void)domain;
	(void)commands;
	(void)count;
	(void)done;
	return refuse_missing(f);
}

static int no_invalidate_raw(void *domain, uint32_t type, const void *entries, size_t entry_length,
			     size_t count, size_t *done, struct libiommu_failure *f)
{
	(void)domain;
	(void)type;
	(void)entries;
	(void)entry_length;
	(void)count;
	(void)done;
	return refuse_missing(f);
}

static int no_queue_new(void *ctx, void *queue, const struct libiommu_fault_queue_options *opts,
			int *fd, struct libiommu_failure *f)
{
	(void)ctx;
	(void)queue;
	(void)opts;
	(void)fd;
	return refuse_missing(f);
}

static void no_queue_free(void *queue, uint32_t flags)
{
	(void)queue;
	(void)flags;
}

static int no_next(void *queue, struct libiommu_fault_group *group,
		   struct libiommu_page_request *requests, size_t room, size_t *count,
		   struct libiommu_failure *f)
{
	(void)queue;
	(void)group;
	(void)requests;
	(void)room;
	(void)count;
	return refuse_missing(f);
}

static int no_respond(void *queue, uint64_t cookie, enum libiommu_fault_answer answer,
		      struct libiommu_failure *f)
{
	(void)queue;
	(void)cookie;
	(void)answer;
	return refuse_missing(f);
}

static uint64_t no_overflows(void *queue)
{
	(void)queue;
	return 0;
}

static int no_claim(void *ctx, void *claim, uint32_t group, struct libiommu_claimed *held,
		    struct libiommu_failure *f)
{
	(void)ctx;
	(void)claim;
	(void)group;
	(void)held;
	return refuse_missing(f);
}

static void no_release(void *claim, uint32_t flags)
{
	(void)claim;
	(void)flags;
}

/* What there is of a sub-table of the backend, and its size as ours. */
#define TAKE(to, from)                                                                       \
	do {                                                                                 \
		memset(to, 0, sizeof(*(to)));                                                \
		if (from)                                                                    \
			memcpy(to, from, registry_common_size((from)->size, sizeof(*(to)))); \
		(to)->size = sizeof(*(to));                                                  \
		(from) = NULL; /* the adapted copy is in the candidate, which may move */    \
	} while (0)

#define FILL(table, slot, stub)                 \
	do {                                    \
		if (!(table)->slot)             \
			(table)->slot = (stub); \
	} while (0)

void registry_adapt_extras(struct candidate *to)
{
	FILL(&to->table, domain_new_with, no_domain_new_with);
	TAKE(&to->pasids, to->table.pasids);
	FILL(&to->pasids, width, no_width);
	FILL(&to->pasids, attach, no_pasid_attach);
	FILL(&to->pasids, detach, no_pasid_detach);
	FILL(&to->pasids, replace, no_pasid_replace);
	TAKE(&to->nesting, to->table.nesting);
	FILL(&to->nesting, hw_info, no_hw_info);
	FILL(&to->nesting, domain_new, no_nested);
	FILL(&to->nesting, invalidate, no_invalidate);
	FILL(&to->nesting, invalidate_raw, no_invalidate_raw);
	TAKE(&to->faults, to->table.faults);
	FILL(&to->faults, queue_new, no_queue_new);
	FILL(&to->faults, queue_free, no_queue_free);
	FILL(&to->faults, next, no_next);
	FILL(&to->faults, respond, no_respond);
	FILL(&to->faults, overflows, no_overflows);
	TAKE(&to->claims, to->table.claims);
	/* One without the other would leave something behind. */
	if (!to->claims.claim || !to->claims.release) {
		to->claims.claim = no_claim;
		to->claims.release = no_release;
	}
}
