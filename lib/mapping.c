/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/geometry.h"
#include "lib/object.h"

#include <errno.h>
#include <string.h>

/*
 * A map has three acts: prepare (arguments, source, memory for the node), reserve
 * (the range in the ledger, with the gate's lock), and map (the backend, no lock
 * held). A batch is the same with more pieces, so one map is a batch of one: the
 * compiler makes several programs of one text. It keeps a single piece out of memory, as
 * long as nothing here hands on where the piece is.
 */
#define INLINE static inline __attribute__((always_inline))

struct piece {
	struct libiommu_map_request request;
	struct ledger_node *node;
	uint64_t page_min; /* what the request has been found to be a multiple of */
};

void node_free(void *data, struct reclaim_item *item)
{
	struct libiommu_ctx *ctx = data;
	struct ledger_node *node = (struct ledger_node *)item;

	ctx_release(ctx, node, ledger_node_size(node->height));
}

/* The subject of a refusal that has none of its own. Only then, since making text takes its time. */
static __attribute__((cold)) void name_request(struct libiommu_map_request request,
					       struct libiommu_failure *f)
{
	if (!f->subject[0] && !request.any_iova && request.length)
		libiommu_refuse_subject_range(f, request.iova, request.iova + (request.length - 1));
}

INLINE int check_request(const struct libiommu_map_request *request, struct libiommu_failure *f)
{
	uint64_t iova = request->any_iova ? 0 : request->iova, length = request->length;

	if (!length)
		return libiommu_refuse(f, LIBIOMMU_REASON_EMPTY_RANGE, NULL, NULL);
	if (iova + length - 1 < iova) {
		libiommu_refuse_subject_range(f, iova, UINT64_MAX);
		return libiommu_refuse(f, LIBIOMMU_REASON_RANGE_WRAPS, NULL, NULL);
	}
	if (request->prot & ~(LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE))
		return libiommu_refuse(f, LIBIOMMU_REASON_UNKNOWN_FLAGS, NULL, NULL);
	if (!request->prot)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_PROTECTION, NULL, NULL);
	if (request->guard && !request->any_iova)
		return libiommu_refuse(f, LIBIOMMU_REASON_FIXED_GUARD, NULL, NULL);
	return 0;
}

/* Of what has been unmapped, or new. */
INLINE struct ledger_node *make_node(struct libiommu_domain *dom, struct libiommu_failure *f)
{
	struct ledger_node *node = (struct ledger_node *)reclaim_reuse(&dom->ctx->reclaim);
	uint8_t height;

	if (node)
		return node;
	height = ledger_height(&dom->ledger);
	node = ctx_alloc(dom->ctx, ledger_node_size(height));
	if (node)
		node->height = height;
	else
		libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	return node;
}

INLINE int check_alignment(struct libiommu_domain *dom, struct piece *piece,
			   struct libiommu_failure *f)
{
	uint64_t page_min = atomic_load_explicit(&dom->page_min, memory_order_relaxed);
	const struct libiommu_map_request *request = &piece->request;
	uint64_t iova = request->any_iova ? 0 : request->iova;

	if (page_min == piece->page_min)
		return 0;
	piece->page_min = page_min;
	if (!((iova | request->length | request->source.start | request->guard) & (page_min - 1)))
		return 0;
	return libiommu_refuse(f, LIBIOMMU_REASON_MISALIGNED, NULL,
			       "The smallest page is %llu bytes.", (unsigned long long)page_min);
}

static int place_file(struct libiommu_domain *dom, struct libiommu_map_request request,
		      struct ledger_node *node, struct libiommu_failure *f)
{
	return source_place_file(dom, &request, node, f);
}

INLINE int prepare_unnamed(struct libiommu_domain *dom, struct piece *piece,
			   struct libiommu_failure *f)
{
	const struct libiommu_map_request *request = &piece->request;
	struct ledger_node *node;
	int code = check_request(request, f);

	if (!code)
		code = check_alignment(dom, piece, f);
	if (code)
		return code;
	node = make_node(dom, f);
	if (!node)
		return -ENOMEM;
	if (request->source.kind == LIBIOMMU_SOURCE_MEMORY)
		code = source_place_memory(request, node, f);
	else
		code = place_file(dom, *request, node, f);
	if (code) {
		node_free(dom->ctx, &node->item);
		return code;
	}
	node->guard = request->guard;
	node->prot = request->prot;
	node->iova = request->iova;
	node->last = request->iova + (request->length - 1);
	node->work = NULL;
	piece->node = node;
	return 0;
}

INLINE int prepare(struct libiommu_domain *dom, struct piece *piece, struct libiommu_failure *f)
{
	int code = prepare_unnamed(dom, piece, f);

	if (code)
		name_request(piece->request, f);
	return code;
}

static void unplace(struct libiommu_domain *dom, const struct ledger_node *node)
{
	source_unplace(dom, node->space, node->memory, node->last - node->iova + 1);
}

/* A chain of nodes that never were in the ledger. */
static __attribute__((cold)) void unprepare(struct libiommu_domain *dom, struct ledger_node *node)
{
	while (node) {
		struct ledger_node *next = node->work;

		unplace(dom, node);
		node_free(dom->ctx, &node->item);
		node = next;
	}
}

static int find_usable(struct libiommu_domain *dom, uint64_t iova, uint64_t last,
		       struct libiommu_failure *f)
{
	const struct libiommu_geometry *g = &dom->geometry;

	if (domain_next_usable(dom, iova, &dom->usable) && dom->usable.start <= iova &&
	    last <= dom->usable.last)
		return 0;
	if (dom->allowed.count &&
	    !libiommu_ranges_hold(dom->allowed.ranges, dom->allowed.count, iova, last))
		return libiommu_refuse(f, LIBIOMMU_REASON_OUTSIDE_ALLOWED, NULL, NULL);
	if (iova < g->ranges[0].start || last > g->ranges[g->count - 1].last)
		return libiommu_refuse(f, LIBIOMMU_REASON_OUTSIDE_APERTURE, NULL, NULL);
	return libiommu_refuse(f, LIBIOMMU_REASON_RESERVED_REGION, NULL, NULL);
}

/* Most often a mapping lies in the same range as the one before it. */
INLINE int check_usable(struct libiommu_domain *dom, uint64_t iova, uint64_t last,
			struct libiommu_failure *f)
{
	if (dom->usable.start <= iova && last <= dom->usable.last)
		return 0;
	return find_usable(dom, iova, last, f);
}

INLINE int check_free(struct libiommu_domain *dom, uint64_t iova, uint64_t last,
		      struct ledger_place *place, struct libiommu_failure *f)
{
	const struct ledger_node *node = ledger_obstacle(&dom->ledger, iova, last, 0, place);
	enum libiommu_reason reason = LIBIOMMU_REASON_MAPPING_EXISTS;

	if (!node)
		return 0;
	if (ledger_state(node) == LEDGER_UNMAPPING)
		reason = LIBIOMMU_REASON_MAPPING_BUSY;
	libiommu_refuse_subject_range(f, node->iova, node->last);
	if (node->iova > last || node->last < iova)
		return libiommu_refuse(f, reason, NULL, "The range reaches into its guard.");
	return libiommu_refuse(f, reason, NULL, NULL);
}

INLINE int check_place(struct libiommu_domain *dom, uint64_t iova, uint64_t last,
		       struct ledger_place *place, struct libiommu_failure *f)
{
	int code = check_usable(dom, iova, last, f);

	return code ? code : check_free(dom, iova, last, place, f);
}

INLINE int choose(struct libiommu_domain *dom, struct piece *piece, struct ledger_place *place,
		  struct libiommu_failure *f)
{
	struct libiommu_map_request request = piece->request;
	int code = iova_choose(dom, &request, place, f);

	if (code)
		return code;
	piece->request.iova = piece->node->iova = request.iova;
	piece->node->last = request.iova + (request.length - 1);
	return 0;
}

/* Put one piece into the ledger. Gate held. */
INLINE int reserve(struct libiommu_domain *dom, struct piece *piece, struct libiommu_failure *f)
{
	const struct libiommu_map_request *request = &piece->request;
	struct ledger_place place;
	int code;

	code = check_alignment(dom, piece, f); /* again: an attach may have come between */
	if (!code && request->any_iova)
		code = choose(dom, piece, &place, f);
	else if (!code)
		code = check_place(dom, request->iova, request->iova + (request->length - 1),
				   &place, f);
	if (code) {
		name_request(*request, f);
		return code;
	}
	ledger_set_state(piece->node, LEDGER_RESERVED);
	ledger_insert(&dom->ledger, piece->node, &place);
	return 0;
}

/*
 * Give up what belongs to nodes that are in the ledger, and take them out. No lock is held: until then
 * they block their ranges, and nobody looks at them.
 */
static __attribute__((cold)) void withdraw(struct libiommu_domain *dom, struct ledger_node *chain,
					   const struct ledger_node *end)
{
	struct reclaim_item *gone = NULL;

	for (struct ledger_node *node = chain; node != end; node = node->work)
		unplace(dom, node);
	lock_take(&dom->gate);
	for (struct ledger_node *node = chain; node != end; node = node->work) {
		ledger_remove(&dom->ledger, node);
		node->item.next = gone;
		gone = &node->item;
	}
	domain_leave(dom);
	lock_release(&dom->gate);
	reclaim_retire(&dom->ctx->reclaim, gone);
}

INLINE int reserve_all(struct libiommu_domain *dom, struct piece *pieces, size_t count,
		       size_t *failed, struct libiommu_failure *f)
{
	int code = 0;

	lock_take(&dom->gate);
	domain_enter(dom);
	for (size_t i = 0; i < count && !code; i++) {
		*failed = i;
		code = reserve(dom, &pieces[i], f);
	}
	lock_release(&dom->gate);
	if (code) {
		withdraw(dom, pieces[0].node, pieces[*failed].node);
		unprepare(dom, pieces[*failed].node);
	}
	return code;
}

/*
 * Take mapped nodes of a chain back from the backend, up to `end`. One that the
 * kernel does not give back stays in the ledger as what it is, and leaves the
 * chain.
 */
static int take_back(struct libiommu_domain *dom, struct ledger_node **link,
		     const struct ledger_node *end)
{
	int code = 0;

	while (*link != end) {
		struct ledger_node *node = *link;
		struct libiommu_backend_map map = node_as_map(node);
		struct libiommu_failure ignored;
		size_t done;

		libiommu_failure_init(&ignored);
		if (!dispatch_unmap(dom, &map, 1, &done, &ignored) || done) {
			link = &node->work;
			continue;
		}
		*link = node->work;
		atomic_fetch_add(&dom->ledger.live, 1);
		ledger_set_state(node, LEDGER_LIVE);
		code = -EIO;
	}
	return code;
}

/* What the backend refused after some; those are taken back. */
static __attribute__((cold)) int give_up(struct libiommu_domain *dom, struct ledger_node *chain,
					 const struct ledger_node *failed, int code,
					 struct libiommu_failure *f)
{
	if (take_back(dom, &chain, failed))
		code = libiommu_refuse(f, LIBIOMMU_REASON_PARTIAL, NULL,
				       "A map was refused and others could not be undone.");
	withdraw(dom, chain, NULL);
	return code;
}

INLINE int map_all(struct libiommu_domain *dom, struct piece *pieces, size_t count, size_t *failed,
		   struct libiommu_failure *f)
{
	for (size_t i = 0; i < count; i++) {
		struct ledger_node *node = pieces[i].node;
		struct libiommu_backend_map map = node_as_map(node);
		int code;

		if (!map.memory && node->space != LEDGER_SPACE_MEMORY) {
			map.fd = pieces[i].request.source.fd;
			map.offset = node->source;
		}
		ledger_set_state(node, LEDGER_MAPPING);
		code = dispatch_map(dom, &map, f);
		if (!code)
			continue;
		*failed = i;
		return give_up(dom, pieces[0].node, node, code, f);
	}
	/* Whoever unmaps a piece from here on must find it counted. */
	atomic_fetch_add(&dom->ledger.live, count);
	for (size_t i = 0; i < count; i++)
		ledger_set_state(pieces[i].node, LEDGER_LIVE);
	domain_quit(dom);
	return 0;
}

/* More room for the ledger's index by source. Without it searches take longer, that is all. */
static __attribute__((cold)) void grow_index(struct libiommu_domain *dom)
{
	struct ledger_sources *sources = &dom->ledger.sources;
	size_t size = ledger_source_room(sources);
	void *memory = ctx_alloc(dom->ctx, size);

	if (!memory)
		return;
	lock_take(&dom->gate);
	if (ledger_source_grow(sources, memory, size))
		memory = NULL;
	lock_release(&dom->gate);
	ctx_release(dom->ctx, memory, size);
}

INLINE int map_pieces(struct libiommu_domain *dom, struct piece *pieces, size_t count,
		      size_t *failed, struct libiommu_failure *f)
{
	int code = 0;

	if (ledger_source_crowded(&dom->ledger.sources))
		grow_index(dom);
	for (size_t i = 0; i < count && !code; i++) {
		*failed = i;
		code = prepare(dom, &pieces[i], f);
		if (code && i)
			unprepare(dom, pieces[0].node);
		else if (i)
			pieces[i - 1].node->work = pieces[i].node;
	}
	if (!code)
		code = reserve_all(dom, pieces, count, failed, f);
	return code ? code : map_all(dom, pieces, count, failed, f);
}

INLINE int map_one(struct libiommu_domain *dom, struct piece *piece, struct libiommu_failure *f)
{
	size_t failed;

	return map_pieces(dom, piece, 1, &failed, f);
}

int libiommu_domain_map(struct libiommu_domain *dom, uint64_t iova, struct libiommu_source source,
			uint64_t length, uint32_t prot, struct libiommu_error **err)
{
	struct piece piece = { .request = { sizeof(piece.request), iova, length, prot, false,
					    source, 0 } };
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = domain_check(dom, &f);
	if (!code)
		code = map_one(dom, &piece, &f);
	return ctx_raise(dom ? dom->ctx : NULL, err, code, &f);
}

int libiommu_domain_map_any(struct libiommu_domain *dom, struct libiommu_source source,
			    uint64_t length, uint32_t prot, uint64_t *iova,
			    struct libiommu_error **err)
{
	struct piece piece = { .request = { sizeof(piece.request), 0, length, prot, true, source,
					    0 } };
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = domain_check(dom, &f);
	if (!code && !iova)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = map_one(dom, &piece, &f);
	if (!code)
		*iova = piece.request.iova;
	return ctx_raise(dom ? dom->ctx : NULL, err, code, &f);
}

static int map_batch(struct libiommu_domain *dom, struct libiommu_map_request *requests,
		     size_t count, size_t *failed, struct libiommu_failure *f)
{
	struct piece *pieces;
	int code = 0;

	if (count > SIZE_MAX / sizeof(*pieces))
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	pieces = ctx_alloc(dom->ctx, count * sizeof(*pieces));
	if (!pieces)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	for (size_t i = 0; i < count && !code; i++) {
		*failed = i;
		/* An array has our stride: a longer struct cannot be meant. */
		if (requests[i].size != sizeof(requests[i]))
			code = libiommu_refuse(f, LIBIOMMU_REASON_BAD_OPTIONS, NULL, NULL);
		pieces[i].request = requests[i];
	}
	if (!code)
		code = map_pieces(dom, pieces, count, failed, f);
	for (size_t i = 0; !code && i < count; i++)
		requests[i].iova = pieces[i].request.iova;
	ctx_release(dom->ctx, pieces, count * sizeof(*pieces));
	return code;
}

int libiommu_domain_map_batch(struct libiommu_domain *dom, struct libiommu_map_request *requests,
			      size_t count, size_t *failed, struct libiommu_error **err)
{
	struct libiommu_failure f;
	size_t index = 0;
	int code;

	libiommu_error_clear(err);
	code = domain_check(dom, &f);
	if (!code && count && !requests)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code && count)
		code = map_batch(dom, requests, count, &index, &f);
	if (code && failed)
		*failed = index;
	return ctx_raise(dom ? dom->ctx : NULL, err, code, &f);
}
