/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/object.h"

#include <errno.h>

/* Mappings that follow each other without a hole go to the backend together. */
#define RUN_MAX 64

#define INLINE static inline __attribute__((always_inline))

static int mark_from(struct ledger_node *first, uint64_t iova, uint64_t last,
		     struct ledger_node **chain, struct libiommu_failure *f)
{
	struct ledger_node **end = chain, *node;

	for (node = first; node && node->iova <= last; node = ledger_next(node)) {
		enum libiommu_reason reason = LIBIOMMU_REASON_NONE;

		if (node->iova < iova || node->last > last)
			reason = LIBIOMMU_REASON_WOULD_SPLIT;
		else if (ledger_state(node) != LEDGER_LIVE)
			reason = LIBIOMMU_REASON_MAPPING_BUSY;
		if (reason == LIBIOMMU_REASON_NONE)
			continue;
		libiommu_refuse_subject_range(f, node->iova, node->last);
		return libiommu_refuse(f, reason, NULL, NULL);
	}
	for (node = first; node && node->iova <= last; node = ledger_next(node)) {
		ledger_set_state(node, LEDGER_UNMAPPING);
		*end = node;
		end = &node->work;
	}
	*end = NULL;
	return 0;
}

/*
 * Check the range and mark what lies in it; nothing is marked on failure. Gate
 * held. The marked nodes form a chain through `work`: of one node most often,
 * which needs no loops.
 */
static inline int mark(struct libiommu_domain *dom, uint64_t iova, uint64_t last,
		       struct ledger_node **chain, struct libiommu_failure *f)
{
	struct ledger_node *node = ledger_at_or_above(&dom->ledger, iova);

	*chain = node;
	if (!node || node->iova != iova || node->last != last || ledger_state(node) != LEDGER_LIVE)
		return mark_from(node, iova, last, chain, f);
	ledger_set_state(node, LEDGER_UNMAPPING);
	node->work = NULL;
	return 0;
}

/* As many nodes from `node` on as follow each other; *next is the first behind them. */
static size_t take_run(struct ledger_node *node, struct libiommu_backend_map *maps,
		       struct ledger_node **next)
{
	size_t count = 0;

	do {
		maps[count++] = node_as_map(node);
		*next = node->work;
		if (!*next || node->last + 1 != (*next)->iova)
			break;
		node = *next;
	} while (count < RUN_MAX);
	return count;
}

/*
 * Let the backend remove the chain. Stops at the first failure.
 * Returns the first node that is still mapped, NULL when all are gone.
 */
static struct ledger_node *remove_chain(struct libiommu_domain *dom, struct ledger_node *node,
					uint64_t *removed, int *code, struct libiommu_failure *f)
{
	struct libiommu_backend_map maps[RUN_MAX];

	*code = 0;
	while (node && !*code) {
		struct ledger_node *next;
		size_t done, count = take_run(node, maps, &next);

		*code = dispatch_unmap(dom, maps, count, &done, f);
		for (size_t i = 0; i < done; i++) {
			*removed += maps[i].length;
			node = node->work;
		}
	}
	return node;
}

/* The same for a chain of one node, which most are. */
static inline struct ledger_node *remove_one(struct libiommu_domain *dom, struct ledger_node *node,
					     uint64_t *removed, int *code,
					     struct libiommu_failure *f)
{
	struct libiommu_backend_map map = node_as_map(node);
	size_t done;

	*code = dispatch_unmap(dom, &map, 1, &done, f);
	if (!done)
		return node;
	*removed += map.length;
	return NULL;
}

static void release_windows(struct libiommu_domain *dom, struct ledger_node *node,
			    const struct ledger_node *end)
{
	for (; node != end; node = node->work)
		if (node->space != LEDGER_SPACE_MEMORY)
			source_unplace(dom, node->space, node->memory, node->last - node->iova + 1);
}

/* Take chain up to `kept` out of the ledger, make the rest live again. Gate held. */
static struct reclaim_item *settle(struct libiommu_domain *dom, struct ledger_node *chain,
				   struct ledger_node *kept)
{
	struct reclaim_item *gone = NULL;

	for (struct ledger_node *node = chain; node != kept; node = node->work) {
		ledger_remove(&dom->ledger, node);
		atomic_fetch_sub(&dom->ledger.live, 1);
		node->item.next = gone;
		gone = &node->item;
	}
	for (; kept; kept = kept->work)
		ledger_set_state(kept, LEDGER_LIVE);
	return gone;
}

INLINE int unmap_range(struct libiommu_domain *dom, uint64_t iova, uint64_t last, bool empty_is_ok,
		       uint64_t *removed, struct libiommu_failure *f)
{
	struct ledger_node *chain, *kept;
	struct reclaim_item *gone;
	int code;

	lock_take(&dom->gate);
	domain_enter(dom);
	code = mark(dom, iova, last, &chain, f);
	if (!code && !chain && !empty_is_ok) {
		libiommu_refuse_subject_range(f, iova, last);
		code = libiommu_refuse(f, LIBIOMMU_REASON_NOT_MAPPED, NULL, NULL);
	}
	if (code || !chain) {
		domain_leave(dom);
		lock_release(&dom->gate);
		return code;
	}
	lock_release(&dom->gate);

	kept = chain->work ? remove_chain(dom, chain, removed, &code, f)
			   : remove_one(dom, chain, removed, &code, f);
	/* Windows first: a node must not be looked at once it is retired. */
	release_windows(dom, chain, kept);

	lock_take(&dom->gate);
	gone = settle(dom, chain, kept);
	domain_leave(dom);
	lock_release(&dom->gate);
	reclaim_retire(&dom->ctx->reclaim, gone);
	if (code && *removed && f->reason != LIBIOMMU_REASON_LEDGER_MISMATCH)
		code = libiommu_refuse(f, LIBIOMMU_REASON_PARTIAL, NULL, NULL);
	return code;
}

static int unmap_all(struct libiommu_domain *dom, uint64_t *removed, struct libiommu_failure *f)
{
	return unmap_range(dom, 0, UINT64_MAX, true, removed, f);
}

int libiommu_domain_unmap(struct libiommu_domain *dom, uint64_t iova, uint64_t length,
			  uint64_t *removed, struct libiommu_error **err)
{
	struct libiommu_failure f;
	uint64_t bytes = 0, last = iova + length - 1;
	int code;

	libiommu_error_clear(err);
	code = domain_check(dom, &f);
	if (!code && !length)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_EMPTY_RANGE, NULL, NULL);
	if (!code && last < iova) {
		libiommu_refuse_subject_range(&f, iova, UINT64_MAX);
		code = libiommu_refuse(&f, LIBIOMMU_REASON_RANGE_WRAPS, NULL, NULL);
	}
	if (!code)
		code = unmap_range(dom, iova, last, false, &bytes, &f);
	if (removed)
		*removed = bytes;
	return ctx_raise(dom ? dom->ctx : NULL, err, code, &f);
}

int libiommu_domain_unmap_all(struct libiommu_domain *dom, uint64_t *removed,
			      struct libiommu_error **err)
{
	struct libiommu_failure f;
	uint64_t bytes = 0;
	int code;

	libiommu_error_clear(err);
	code = domain_check(dom, &f);
	if (!code)
		code = unmap_all(dom, &bytes, &f);
	if (removed)
		*removed = bytes;
	return ctx_raise(dom ? dom->ctx : NULL, err, code, &f);
}

/* What the backend does not give back now goes with its domain. */
void unmap_everything(struct libiommu_domain *dom, uint32_t flags)
{
	struct ledger_node *node = ledger_at_or_above(&dom->ledger, 0);
	struct reclaim_item *gone = NULL;
	void *marks;
	size_t size;

	if (node && !(flags & LIBIOMMU_CLOSE_FORKED)) {
		struct libiommu_failure ignored;
		uint64_t removed = 0;

		libiommu_failure_init(&ignored);
		unmap_all(dom, &removed, &ignored);
		node = ledger_at_or_above(&dom->ledger, 0);
	}
	for (; node; node = ledger_next(node)) {
		source_unplace(dom, node->space, node->memory, node->last - node->iova + 1);
		node->item.next = gone;
		gone = &node->item;
	}
	while ((marks = ledger_source_shrink(&dom->ledger.sources, &size)))
		ctx_release(dom->ctx, marks, size);
	if (!(flags & LIBIOMMU_CLOSE_FORKED))
		reclaim_retire(&dom->ctx->reclaim, gone);
	while (gone && flags & LIBIOMMU_CLOSE_FORKED) {
		/* The reclaim lock may be held by a thread that is not here. */
		struct reclaim_item *item = gone;

		gone = item->next;
		node_free(dom->ctx, item);
	}
}
