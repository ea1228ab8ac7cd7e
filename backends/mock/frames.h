/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for page tables of every size. Its physical addresses begin right above the
 * machine's RAM, so that an entry of a table cannot be mistaken for memory.
 */
#ifndef BACKENDS_MOCK_FRAMES_H
#define BACKENDS_MOCK_FRAMES_H

#include <libiommu/hooks.h>
#include <libiommu/pgtable.h>

#include <pthread.h>

#define MOCK_SLABS_PER_PART 256
#define MOCK_SLAB_PARTS     256

/* Tables have 2^n bytes, of which these are the least and the most. */
#define MOCK_FRAME_LEAST   5u
#define MOCK_FRAME_MOST    22u
#define MOCK_FRAME_CLASSES (MOCK_FRAME_MOST - MOCK_FRAME_LEAST + 1)

struct mock_slab;

struct mock_frames {
	const struct libiommu_allocator *mem;
	uint64_t base;
	pthread_mutex_t lock; /* for allocation; lookups take none */
	size_t slabs;         /* numbers that are taken; not all of them have a slab */
	uint64_t used;
	void *free_frames[MOCK_FRAME_CLASSES];
	struct mock_slab **parts[MOCK_SLAB_PARTS];
};

int mock_frames_init(struct mock_frames *frames, const struct libiommu_allocator *mem,
		     uint64_t base);
void mock_frames_fini(struct mock_frames *frames);

/* The hooks that a table of this machine is made with. */
struct libiommu_pgtable_memory mock_frames_memory(struct mock_frames *frames);

/* Tables in use, and what the engine keeps beside them. */
uint64_t mock_frames_used(struct mock_frames *frames);

#endif
