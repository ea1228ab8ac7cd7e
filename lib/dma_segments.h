/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_DMA_SEGMENTS_H
#define LIB_DMA_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Which memory of a domain is registered: segments in order of address, which do not overlap. A
 * segment ends where a registration begins or ends, so all of its pages have the same count. Every
 * segment belongs to a piece, which is one mapping: mappings are made and removed whole, while
 * registrations may cover parts of them.
 */

struct dma_piece {
	uint64_t start, last; /* addresses */
	uint64_t iova;
	uint32_t prot;
	uint64_t registered;    /* bytes of it that have a count */
	struct dma_piece *lost; /* a list while they are mapped again */
};

/* Registrations of one range; `users` of them. */
struct dma_registration {
	struct dma_registration *next; /* those that begin at the same address */
	uint64_t last;
	uint64_t users;
};

struct dma_segment {
	uint64_t start, last;
	uint64_t count; /* different ranges that are registered and hold it; 0: the piece lingers */
	uint64_t ends;  /* those of them that end with it */
	struct dma_piece *piece;
	struct dma_registration *registrations; /* those that begin with it */
	/* A treap: in order of address, and no node above one of a greater priority. */
	struct dma_segment *left, *right;
	uint32_t priority;
};

struct dma_segments {
	struct dma_segment *root;
	uint64_t seed;
};

/* The first segment that ends at or above an address; NULL: none. */
struct dma_segment *dma_segments_at_or_above(const struct dma_segments *all, uint64_t address);
/* The first one behind; NULL: none. */
struct dma_segment *dma_segments_next(const struct dma_segments *all,
				      const struct dma_segment *segment);
/* It overlaps no other. */
void dma_segments_insert(struct dma_segments *all, struct dma_segment *segment);
void dma_segments_remove(struct dma_segments *all, struct dma_segment *segment);

/*
 * Let a segment begin at an address that lies inside of one, by means of a blank segment.
 * Returns whether it was used; when nothing has to be cut it is not.
 */
bool dma_segments_cut(struct dma_segments *all, uint64_t address, struct dma_segment *blank);
/* The other way round, when nothing needs the border. Returns a segment to be freed, or NULL. */
struct dma_segment *dma_segments_join(struct dma_segments *all, uint64_t address);

#endif
