/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for page tables under test: a small machine whose physical addresses
 * are not the virtual ones. Pages come in a fixed order, so that addresses can
 * be foretold; they are counted, and one allocation can be made to fail.
 */
#ifndef LIBIOMMU_TESTS_UNIT_PGTABLE_MEMORY_H
#define LIBIOMMU_TESTS_UNIT_PGTABLE_MEMORY_H

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <libiommu/pgtable.h>

#define PAGE          4096u
#define ARENA_PAGES   4096u
#define ARENA_PHYS    UINT64_C(0x1230000000)
#define ARENA_SLOT(n) (ARENA_PHYS + (uint64_t)(n)*PAGE)

struct arena {
	pthread_mutex_t lock;
	unsigned char *base;
	unsigned char used[ARENA_PAGES];
	unsigned int live;
	unsigned int allocations;
	unsigned int fail_at; /* this allocation fails; 0: none */
	bool wrong;           /* a hook was called with what it must not get */
};

static void *arena_alloc(void *data, size_t bytes)
{
	struct arena *arena = data;
	unsigned char *page = NULL;
	unsigned int i;

	pthread_mutex_lock(&arena->lock);
	if (bytes != PAGE)
		arena->wrong = true;
	else if (++arena->allocations != arena->fail_at) {
		for (i = 0; i < ARENA_PAGES && arena->used[i]; i++)
			;
		if (i < ARENA_PAGES) {
			__atomic_store_n(&arena->used[i], 1, __ATOMIC_RELAXED);
			arena->live++;
			page = arena->base + (size_t)i * PAGE;
			memset(page, 0, PAGE);
		}
	}
	pthread_mutex_unlock(&arena->lock);
	return page;
}

static void arena_free(void *data, void *virt, size_t bytes)
{
	struct arena *arena = data;
	size_t i = (size_t)((unsigned char *)virt - arena->base) / PAGE;

	pthread_mutex_lock(&arena->lock);
	if (bytes != PAGE || i >= ARENA_PAGES || !arena->used[i]) {
		arena->wrong = true;
	} else {
		memset(virt, 0xdb, PAGE); /* whoever still looks shall notice */
		__atomic_store_n(&arena->used[i], 0, __ATOMIC_RELAXED);
		arena->live--;
	}
	pthread_mutex_unlock(&arena->lock);
}

static uint64_t arena_phys(void *data, const void *virt)
{
	const struct arena *arena = data;

	return ARENA_PHYS + (uint64_t)((const unsigned char *)virt - arena->base);
}

static void *arena_virt(void *data, uint64_t phys, size_t bytes)
{
	struct arena *arena = data;
	uint64_t i = (phys - ARENA_PHYS) / PAGE;

	if (bytes != PAGE || i >= ARENA_PAGES ||
	    !__atomic_load_n(&arena->used[i], __ATOMIC_RELAXED))
		return NULL;
	return arena->base + (phys - ARENA_PHYS);
}

static void arena_open(struct arena *arena, struct libiommu_pgtable_memory *memory)
{
	memset(arena, 0, sizeof(*arena));
	pthread_mutex_init(&arena->lock, NULL);
	arena->base = aligned_alloc(PAGE, (size_t)ARENA_PAGES * PAGE);
	if (!arena->base)
		abort();
	*memory = (struct libiommu_pgtable_memory){
		.size = sizeof(*memory),
		.data = arena,
		.alloc = arena_alloc,
		.free = arena_free,
		.phys = arena_phys,
		.virt = arena_virt,
	};
}

static void arena_close(struct arena *arena)
{
	free(arena->base);
	pthread_mutex_destroy(&arena->lock);
}

#endif
