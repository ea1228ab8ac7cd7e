/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dma_registry.h"

#include <errno.h>

/* What a piece loses with the range: the bytes that nobody else has registered. From its first
 * segment in the range on; *next is the first segment of another piece. */
static uint64_t loses(const struct dma_range *r, const struct dma_segment *s,
		      const struct dma_segment **next)
{
	const struct dma_piece *piece = s->piece;
	uint64_t bytes = 0;

	for (; s && s->piece == piece; s = dma_range_next(r, s))
		bytes += s->count == 1 ? s->last - s->start + 1 : 0;
	*next = s;
	return bytes;
}

/* How many bytes of the range would nobody have registered, in pieces that others need. */
static uint64_t lingering(const struct dma_range *r)
{
	const struct dma_segment *s = dma_range_first(r), *next;
	uint64_t kept = 0, bytes;

	for (; s; s = next) {
		bytes = loses(r, s, &next);
		if (bytes < s->piece->registered)
			kept += bytes;
	}
	return kept;
}

/* Unmap the pieces that nobody needs then. Those that are gone when one fails count as lost. */
static int unmap_pieces(const struct dma_range *r, struct libiommu_error **err)
{
	const struct dma_segment *s = dma_range_first(r), *next;
	int code = 0;

	for (; s && !code; s = next) {
		const struct dma_piece *p = s->piece;

		if (loses(r, s, &next) == p->registered && !dma_piece_is_lost(r->dom, p))
			code = libiommu_domain_unmap(r->dom, p->iova, p->last - p->start + 1, NULL,
						     err);
	}
	return code;
}

/* Take a registration out; what has no user any more is unmapped. */
static void note_gone(const struct dma_range *r, struct dma_registration **link)
{
	struct dma_registration *registration = *link;
	struct libiommu_ctx *ctx = r->dom->ctx;
	struct dma_segment *s, *end = NULL;

	*link = registration->next;
	ctx_release(ctx, registration, sizeof(*registration));
	for (s = dma_range_first(r); s; s = dma_range_next(r, s)) {
		if (!--s->count)
			s->piece->registered -= s->last - s->start + 1;
		end = s;
	}
	end->ends--;
	for (s = dma_range_first(r); s;) {
		uint64_t from = s->piece->last + 1;

		if (!s->piece->registered)
			dma_piece_forget(r, s->piece);
		if (!from || from > r->last)
			break;
		s = dma_segments_at_or_above(&r->registry->segments, from);
		s = s && s->start <= r->last ? s : NULL;
	}
	ctx_release(ctx, dma_segments_join(&r->registry->segments, r->start), sizeof(*s));
	ctx_release(ctx, dma_segments_join(&r->registry->segments, r->last + 1), sizeof(*s));
}

/* With the turn. */
static int take_out(const struct dma_range *r, uint64_t *kept, struct libiommu_failure *f,
		    struct libiommu_error **err)
{
	struct dma_registration **link = dma_range_find(r);
	uint64_t bytes = 0;
	int code = 0;

	if (link && (*link)->users == 1)
		bytes = lingering(r);
	if (!link) {
		libiommu_refuse_subject_range(f, r->start, r->last);
		code = libiommu_refuse(f, LIBIOMMU_REASON_NOT_REGISTERED, NULL, NULL);
	} else if (bytes && !kept) {
		libiommu_refuse_subject_range(f, r->start, r->last);
		libiommu_refuse_figures(f, bytes, r->last - r->start + 1);
		code = libiommu_refuse(f, LIBIOMMU_REASON_MEMORY_SHARED, NULL,
				       "0x%llx bytes would stay mapped.",
				       (unsigned long long)bytes);
	}
	if (code)
		return ctx_raise(r->dom->ctx, err, code, f);
	if ((*link)->users > 1) {
		(*link)->users--;
	} else {
		code = unmap_pieces(r, err);
		if (code)
			return code;
		note_gone(r, link);
	}
	if (kept)
		*kept = bytes;
	return 0;
}

int libiommu_dma_unregister(struct libiommu_domain *dom, const void *address, uint64_t length,
			    uint64_t *kept, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dom ? dom->ctx : NULL;
	struct dma_range r = { .dom = dom };
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code)
		code = dma_range_check(dom, address, length, &f);
	if (!code) {
		r.registry = dma_registry_of(dom);
		if (!r.registry)
			code = libiommu_refuse(&f, LIBIOMMU_REASON_NOT_REGISTERED, NULL, NULL);
	}
	if (code)
		return ctx_raise(ctx, err, code, &f);
	dma_registry_begin(r.registry);
	code = dma_range_round(&r, address, length, &f);
	code = code ? ctx_raise(ctx, err, code, &f) : take_out(&r, kept, &f, err);
	dma_registry_end(r.registry);
	return code;
}
