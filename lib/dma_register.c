/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dma_registry.h"

#include <errno.h>

/* What a registration needs before anything of it can be seen. */
struct plan {
	struct dma_registration *registration;
	struct dma_segment
		*holes;         /* what is not mapped yet, each with a piece; listed by `right` */
	struct dma_piece *lost; /* what somebody has unmapped by hand; listed by `lost` */
	struct libiommu_map_request *requests; /* for the holes, then for what is lost */
	size_t count;
};

static int check_prot(const struct dma_range *r, struct libiommu_failure *f)
{
	for (const struct dma_segment *s = dma_range_first(r); s; s = dma_range_next(r, s)) {
		if (!(r->prot & ~s->piece->prot))
			continue;
		libiommu_refuse_subject_range(f, s->piece->start, s->piece->last);
		return libiommu_refuse(
			f, LIBIOMMU_REASON_PROT_CONFLICT, NULL, "It is registered as %s.",
			s->piece->prot == LIBIOMMU_PROT_READ ? "read-only" : "write-only");
	}
	return 0;
}

/* Give back what was planned, and the borders that were made for it. */
static void drop_plan(const struct dma_range *r, struct plan *plan)
{
	struct libiommu_ctx *ctx = r->dom->ctx;
	struct dma_segments *all = &r->registry->segments;

	while (plan->holes) {
		struct dma_segment *segment = plan->holes;

		plan->holes = segment->right;
		ctx_release(ctx, segment->piece, sizeof(*segment->piece));
		ctx_release(ctx, segment, sizeof(*segment));
	}
	ctx_release(ctx, dma_segments_join(all, r->start), sizeof(struct dma_segment));
	ctx_release(ctx, dma_segments_join(all, r->last + 1), sizeof(struct dma_segment));
	ctx_release(ctx, plan->requests, plan->count * sizeof(*plan->requests));
	ctx_release(ctx, plan->registration, sizeof(*plan->registration));
}

static int cut(const struct dma_range *r, uint64_t address)
{
	struct libiommu_ctx *ctx = r->dom->ctx;
	struct dma_segment *blank = ctx_alloc(ctx, sizeof(*blank));

	if (!blank)
		return -ENOMEM;
	if (!dma_segments_cut(&r->registry->segments, address, blank))
		ctx_release(ctx, blank, sizeof(*blank));
	return 0;
}

static int plan_hole(const struct dma_range *r, struct plan *plan, uint64_t start, uint64_t last)
{
	struct libiommu_ctx *ctx = r->dom->ctx;
	struct dma_segment *segment = ctx_alloc(ctx, sizeof(*segment));
	struct dma_piece *piece = segment ? ctx_alloc(ctx, sizeof(*piece)) : NULL;

	if (!piece) {
		ctx_release(ctx, segment, sizeof(*segment));
		return -ENOMEM;
	}
	*piece = (struct dma_piece){ .start = start, .last = last, .prot = r->prot };
	*segment = (struct dma_segment){ .start = start, .last = last, .piece = piece };
	segment->right = plan->holes;
	plan->holes = segment;
	plan->count++;
	return 0;
}

static int plan_holes(const struct dma_range *r, struct plan *plan)
{
	const struct dma_segment *segment = dma_range_first(r);
	uint64_t from = r->start;

	for (; segment; segment = dma_range_next(r, segment)) {
		if (segment->start > from && plan_hole(r, plan, from, segment->start - 1))
			return -ENOMEM;
		if (segment->last >= r->last)
			return 0;
		from = segment->last + 1;
	}
	return plan_hole(r, plan, from, r->last);
}

static void plan_lost(const struct dma_range *r, struct plan *plan)
{
	const struct dma_piece *seen = NULL;

	for (const struct dma_segment *s = dma_range_first(r); s; s = dma_range_next(r, s)) {
		if (s->piece != seen && dma_piece_is_lost(r->dom, s->piece)) {
			s->piece->lost = plan->lost;
			plan->lost = s->piece;
			plan->count++;
		}
		seen = s->piece;
	}
}

static void request(const struct dma_range *r, struct libiommu_map_request *out,
		    const struct dma_piece *piece)
{
	*out = (struct libiommu_map_request)LIBIOMMU_MAP_REQUEST_INIT;
	out->any_iova = true;
	out->source = libiommu_source_memory((void *)(uintptr_t)piece->start);
	out->length = piece->last - piece->start + 1;
	out->prot = piece->prot;
	out->guard = dma_page(r->dom);
}

static int plan_requests(const struct dma_range *r, struct plan *plan)
{
	size_t at = 0;

	if (!plan->count)
		return 0;
	plan->requests = ctx_alloc(r->dom->ctx, plan->count * sizeof(*plan->requests));
	if (!plan->requests)
		return -ENOMEM;
	for (const struct dma_segment *s = plan->holes; s; s = s->right)
		request(r, &plan->requests[at++], s->piece);
	for (const struct dma_piece *p = plan->lost; p; p = p->lost)
		request(r, &plan->requests[at++], p);
	return 0;
}

/* All that can fail but the maps. A range that is registered already has its borders. */
static int make_plan(const struct dma_range *r, struct plan *plan, bool known,
		     struct libiommu_failure *f)
{
	int code = 0;

	if (!known) {
		plan->registration = ctx_alloc(r->dom->ctx, sizeof(*plan->registration));
		if (!plan->registration || cut(r, r->start) || cut(r, r->last + 1) ||
		    plan_holes(r, plan))
			code = -ENOMEM;
	}
	plan_lost(r, plan);
	if (!code)
		code = plan_requests(r, plan);
	if (!code)
		return 0;
	drop_plan(r, plan);
	return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
}

static void note_mapped(const struct dma_range *r, struct plan *plan)
{
	size_t at = 0;

	while (plan->holes) {
		struct dma_segment *segment = plan->holes;

		plan->holes = segment->right;
		segment->piece->iova = plan->requests[at++].iova;
		dma_segments_insert(&r->registry->segments, segment);
	}
	for (struct dma_piece *p = plan->lost; p; p = p->lost)
		p->iova = plan->requests[at++].iova;
	ctx_release(r->dom->ctx, plan->requests, plan->count * sizeof(*plan->requests));
}

/* All of the range is in segments that begin and end with it. */
static void note_registered(const struct dma_range *r, struct dma_registration *registration)
{
	struct dma_segment *first = dma_range_first(r), *end = first;

	for (struct dma_segment *s = first; s; s = dma_range_next(r, s)) {
		if (!s->count++)
			s->piece->registered += s->last - s->start + 1;
		end = s;
	}
	end->ends++;
	registration->last = r->last;
	registration->users = 1;
	registration->next = first->registrations;
	first->registrations = registration;
}

/* With the turn. */
static int add(const struct dma_range *r, struct libiommu_failure *f, struct libiommu_error **err)
{
	struct dma_registration **known = dma_range_find(r);
	struct plan plan = { NULL, NULL, NULL, NULL, 0 };
	int code = check_prot(r, f);

	if (!code)
		code = make_plan(r, &plan, known, f);
	if (code)
		return ctx_raise(r->dom->ctx, err, code, f);
	if (plan.count)
		code = libiommu_domain_map_batch(r->dom, plan.requests, plan.count, NULL, err);
	if (code) {
		drop_plan(r, &plan);
		return code;
	}
	note_mapped(r, &plan);
	if (known)
		(*known)->users++;
	else
		note_registered(r, plan.registration);
	return 0;
}

int libiommu_dma_register(struct libiommu_domain *dom, const void *address, uint64_t length,
			  uint32_t prot, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dom ? dom->ctx : NULL;
	struct dma_range r = { .dom = dom, .prot = prot };
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code)
		code = dma_range_check(dom, address, length, &f);
	if (!code && prot & ~(LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_UNKNOWN_FLAGS, NULL, NULL);
	if (!code && !prot)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NO_PROTECTION, NULL, NULL);
	if (!code)
		code = dma_registry_make(dom, &r.registry, &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	dma_registry_begin(r.registry);
	code = dma_range_round(&r, address, length, &f);
	code = code ? ctx_raise(ctx, err, code, &f) : add(&r, &f, err);
	dma_registry_end(r.registry);
	return code;
}

int libiommu_dma_lookup(struct libiommu_domain *dom, struct libiommu_reader *reader,
			const void *address, uint32_t prot, uint64_t *iova, uint64_t *length)
{
	struct libiommu_source source = libiommu_source_memory(address);
	struct libiommu_mapping found = LIBIOMMU_MAPPING_INIT;
	uint64_t from = 0, at;
	int code, none = -ENOENT;

	if (!iova)
		return -EINVAL;
	do {
		code = libiommu_domain_find_source(dom, reader, source, from, &at, &found);
		if (code)
			return code == -ENOENT ? none : code;
		none = -EACCES;
		from = at + 1;
	} while (prot & ~found.prot && from);
	if (prot & ~found.prot)
		return none;
	*iova = at;
	if (length)
		*length = found.length - (at - found.iova);
	return 0;
}
