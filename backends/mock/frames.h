/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages for page tables. Their physical addresses begin right above the
 * machine's RAM, so that an entry of a table cannot be mistaken for memory.
 */
#ifndef BACKENDS_MOCK_FRAMES_H
#define BACKENDS_MOCK_FRAMES_H

#include <libiommu/hooks.h>
#include <libiommu/pgtable.h>

#include <pthread.h>

#define MOCK_SLABS_PER_PART 256
#define MOCK_SLAB_PARTS     256

struct mock_slab;

struct mock_frames {
	const struct libiommu_allocator *mem;
	uint64_t base;
	pthread_mutex_t lock; /* for allocation; lookups take none */
	size_t slabs;
	uint64_t used;
	void *free_pages;
	struct mock_slab **parts[MOCK_SLAB_PARTS];
};

int mock_frames_init(struct mock_frames *frames, const struct libiommu_allocator *mem,
		     uint64_t base);
void mock_frames_fini(struct mock_frames *frames);

/* The hooks that a table of this machine is made with. */
struct libiommu_pgtable_memory mock_frames_memory(struct mock_frames *frames);

/* Pages in use: those of tables, and what the engine keeps beside them. */
uint64_t mock_frames_used(struct mock_frames *frames);

#endif
