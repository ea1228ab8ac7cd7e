/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dma_registry.h"

#include <errno.h>

void dma_registry_begin(struct dma_registry *registry)
{
	pthread_mutex_lock(&registry->lock);
	while (registry->busy)
		pthread_cond_wait(&registry->turn, &registry->lock);
	registry->busy = true;
	pthread_mutex_unlock(&registry->lock);
}

void dma_registry_end(struct dma_registry *registry)
{
	pthread_mutex_lock(&registry->lock);
	registry->busy = false;
	pthread_cond_signal(&registry->turn);
	pthread_mutex_unlock(&registry->lock);
}

static void free_registry(struct libiommu_ctx *ctx, struct dma_registry *registry, uint32_t flags)
{
	if (!(flags & LIBIOMMU_CLOSE_FORKED)) {
		pthread_cond_destroy(&registry->turn);
		pthread_mutex_destroy(&registry->lock);
	}
	ctx_release(ctx, registry, sizeof(*registry));
}

static struct dma_registry *new_registry(struct libiommu_ctx *ctx)
{
	struct dma_registry *registry = ctx_alloc(ctx, sizeof(*registry));

	if (!registry)
		return NULL;
	if (pthread_mutex_init(&registry->lock, NULL)) {
		ctx_release(ctx, registry, sizeof(*registry));
		return NULL;
	}
	if (pthread_cond_init(&registry->turn, NULL)) {
		pthread_mutex_destroy(&registry->lock);
		ctx_release(ctx, registry, sizeof(*registry));
		return NULL;
	}
	return registry;
}

struct dma_registry *dma_registry_of(struct libiommu_domain *dom)
{
	struct dma_registry *registry;

	pthread_mutex_lock(&dom->lock);
	registry = dom->registry;
	pthread_mutex_unlock(&dom->lock);
	return registry;
}

int dma_registry_make(struct libiommu_domain *dom, struct dma_registry **out,
		      struct libiommu_failure *f)
{
	struct dma_registry *made;

	*out = dma_registry_of(dom);
	if (*out)
		return 0;
	made = new_registry(dom->ctx);
	if (!made)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	pthread_mutex_lock(&dom->lock);
	*out = dom->registry;
	if (!*out)
		dom->registry = *out = made;
	pthread_mutex_unlock(&dom->lock);
	if (*out != made)
		free_registry(dom->ctx, made, 0);
	return 0;
}

bool dma_piece_is_lost(struct libiommu_domain *dom, const struct dma_piece *piece)
{
	return !dma_is_mapped(dom, piece->iova, (void *)(uintptr_t)piece->start,
			      piece->last - piece->start + 1);
}

struct dma_segment *dma_range_first(const struct dma_range *r)
{
	struct dma_segment *segment = dma_segments_at_or_above(&r->registry->segments, r->start);

	return segment && segment->start <= r->last ? segment : NULL;
}

struct dma_segment *dma_range_next(const struct dma_range *r, const struct dma_segment *segment)
{
	struct dma_segment *next = dma_segments_next(&r->registry->segments, segment);

	return next && next->start <= r->last ? next : NULL;
}

struct dma_registration **dma_range_find(const struct dma_range *r)
{
	struct dma_segment *segment = dma_range_first(r);
	struct dma_registration **link;

	if (!segment || segment->start != r->start)
		return NULL;
	for (link = &segment->registrations; *link; link = &(*link)->next)
		if ((*link)->last == r->last)
			return link;
	return NULL;
}

int dma_range_check(struct libiommu_domain *dom, const void *address, uint64_t length,
		    struct libiommu_failure *f)
{
	uint64_t start = (uintptr_t)address;

	if (dom->type != LIBIOMMU_DOMAIN_PAGING)
		return libiommu_refuse(f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, NULL);
	if (!length)
		return libiommu_refuse(f, LIBIOMMU_REASON_EMPTY_RANGE, NULL, NULL);
	if (start + length > start)
		return 0;
	libiommu_refuse_subject_range(f, start, UINT64_MAX);
	return libiommu_refuse(f, LIBIOMMU_REASON_RANGE_WRAPS, NULL, NULL);
}

/*
 * The page grows with the domain's and never shrinks again: a
 * mapping that outlived its growth is made of large pages, so the same bytes always come to the
 * same range.
 */
int dma_range_round(struct dma_range *r, const void *address, uint64_t length,
		    struct libiommu_failure *f)
{
	uint64_t page = dma_page(r->dom), start = (uintptr_t)address;

	if (r->registry->page < page)
		r->registry->page = page;
	page = r->registry->page;
	r->start = start & ~(page - 1);
	r->last = (start + (length - 1)) | (page - 1);
	if (r->last != UINT64_MAX)
		return 0;
	libiommu_refuse_subject_range(f, r->start, r->last);
	return libiommu_refuse(f, LIBIOMMU_REASON_RANGE_WRAPS, NULL, NULL);
}

void dma_piece_forget(const struct dma_range *r, struct dma_piece *piece)
{
	struct dma_segments *all = &r->registry->segments;
	struct libiommu_ctx *ctx = r->dom->ctx;
	struct dma_segment *s;

	while ((s = dma_segments_at_or_above(all, piece->start)) && s->piece == piece) {
		dma_segments_remove(all, s);
		ctx_release(ctx, s, sizeof(*s));
	}
	ctx_release(ctx, piece, sizeof(*piece));
}

bool dma_registered(const struct dma_registry *registry)
{
	return registry && registry->segments.root;
}

void dma_registry_destroy(struct libiommu_domain *dom, uint32_t flags)
{
	struct dma_registry *registry = dom->registry;
	struct dma_range all = { .dom = dom, .registry = registry, .last = UINT64_MAX };
	struct dma_segment *s;

	if (!registry)
		return;
	while ((s = registry->segments.root)) {
		struct dma_piece *piece = s->piece;

		for (s = dma_segments_at_or_above(&registry->segments, piece->start);
		     s && s->piece == piece; s = dma_segments_next(&registry->segments, s)) {
			while (s->registrations) {
				struct dma_registration *gone = s->registrations;

				s->registrations = gone->next;
				ctx_release(dom->ctx, gone, sizeof(*gone));
			}
		}
		dma_piece_forget(&all, piece);
	}
	dom->registry = NULL;
	free_registry(dom->ctx, registry, flags);
}
