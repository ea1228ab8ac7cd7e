/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dma_segments.h"

struct dma_segment *dma_segments_at_or_above(const struct dma_segments *all, uint64_t address)
{
	struct dma_segment *node = all->root, *found = NULL;

	while (node) {
		if (node->last >= address) {
			found = node;
			node = node->left;
		} else {
			node = node->right;
		}
	}
	return found;
}

struct dma_segment *dma_segments_next(const struct dma_segments *all,
				      const struct dma_segment *segment)
{
	if (segment->last == UINT64_MAX)
		return NULL;
	return dma_segments_at_or_above(all, segment->last + 1);
}

/* Any numbers will do that are not in the order of the addresses. */
static uint32_t draw(struct dma_segments *all)
{
	all->seed = all->seed * UINT64_C(2862933555777941757) + 3037000493;
	return (uint32_t)(all->seed >> 32);
}

/* What is below and what is above an address. */
static void split(struct dma_segment *node, uint64_t address, struct dma_segment **below,
		  struct dma_segment **above)
{
	while (node) {
		if (node->start < address) {
			*below = node;
			below = &node->right;
			node = node->right;
		} else {
			*above = node;
			above = &node->left;
			node = node->left;
		}
	}
	*below = NULL;
	*above = NULL;
}

void dma_segments_insert(struct dma_segments *all, struct dma_segment *segment)
{
	struct dma_segment **link = &all->root;

	segment->priority = draw(all);
	while (*link && (*link)->priority >= segment->priority)
		link = segment->start < (*link)->start ? &(*link)->left : &(*link)->right;
	split(*link, segment->start, &segment->left, &segment->right);
	*link = segment;
}

void dma_segments_remove(struct dma_segments *all, struct dma_segment *segment)
{
	struct dma_segment **link = &all->root;
	struct dma_segment *left = segment->left, *right = segment->right;

	while (*link != segment)
		link = segment->start < (*link)->start ? &(*link)->left : &(*link)->right;
	while (left && right) {
		if (left->priority >= right->priority) {
			*link = left;
			link = &left->right;
			left = left->right;
		} else {
			*link = right;
			link = &right->left;
			right = right->left;
		}
	}
	*link = left ? left : right;
}

bool dma_segments_cut(struct dma_segments *all, uint64_t address, struct dma_segment *blank)
{
	struct dma_segment *segment = dma_segments_at_or_above(all, address);

	if (!segment || segment->start >= address)
		return false;
	blank->start = address;
	blank->last = segment->last;
	blank->count = segment->count;
	blank->ends = segment->ends;
	blank->piece = segment->piece;
	segment->last = address - 1;
	segment->ends = 0;
	dma_segments_insert(all, blank);
	return true;
}

struct dma_segment *dma_segments_join(struct dma_segments *all, uint64_t address)
{
	struct dma_segment *below, *above = dma_segments_at_or_above(all, address);

	if (!address || !above || above->start != address || above->registrations)
		return NULL;
	below = dma_segments_at_or_above(all, address - 1);
	if (below == above || below->piece != above->piece || below->ends)
		return NULL;
	dma_segments_remove(all, above);
	below->last = above->last;
	below->ends = above->ends;
	return above;
}
