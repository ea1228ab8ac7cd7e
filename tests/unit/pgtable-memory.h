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
#define ARENA_ALIGN   (1u << 20) /* of the largest root */
#define ARENA_PHYS    UINT64_C(0x1230000000)
#define ARENA_SLOT(n) (ARENA_PHYS + (uint64_t)(n)*PAGE)

/* A table larger than a page takes several, aligned to its size; a smaller one takes one. */
struct arena {
	pthread_mutex_t lock;
	unsigned char *memory;
	unsigned char *base;             /* the first page in it */
	unsigned char used[ARENA_PAGES]; /* 1: the first page of a table, 2: another one */
	unsigned int live;
	unsigned int allocations;
	unsigned int fail_at; /* this allocation fails; 0: none */
	bool wrong;           /* a hook was called with what it must not get */
};

static inline size_t arena_units(size_t bytes)
{
	return bytes <= PAGE ? 1 : bytes / PAGE;
}

static inline bool arena_is_free(const struct arena *arena, size_t first, size_t units)
{
	size_t i;

	for (i = first; i < first + units; i++) {
		if (arena->used[i])
			return false;
	}
	return true;
}

static inline void arena_set(struct arena *arena, size_t first, size_t units, unsigned char value)
{
	size_t i;

	for (i = first; i < first + units; i++) {
		__atomic_store_n(&arena->used[i], value, __ATOMIC_RELAXED);
		if (value)
			value = 2;
	}
}

static inline void *arena_alloc(void *data, size_t bytes)
{
	struct arena *arena = data;
	size_t i = 0, units = arena_units(bytes);
	unsigned char *table = NULL;

	pthread_mutex_lock(&arena->lock);
	if (bytes < 64 || bytes & (bytes - 1))
		arena->wrong = true;
	else if (++arena->allocations != arena->fail_at) {
		while (i < ARENA_PAGES && !arena_is_free(arena, i, units))
			i += units;
		if (i < ARENA_PAGES) {
			arena_set(arena, i, units, 1);
			arena->live++;
			table = arena->base + i * PAGE;
			memset(table, 0, units * PAGE);
		}
	}
	pthread_mutex_unlock(&arena->lock);
	return table;
}

static inline void arena_free(void *data, void *virt, size_t bytes)
{
	struct arena *arena = data;
	size_t i = (size_t)((unsigned char *)virt - arena->base) / PAGE;

	pthread_mutex_lock(&arena->lock);
	if (i >= ARENA_PAGES || arena->used[i] != 1) {
		arena->wrong = true;
	} else {
		/* Whoever still looks shall notice. */
		memset(virt, 0xdb, arena_units(bytes) * PAGE);
		arena_set(arena, i, arena_units(bytes), 0);
		arena->live--;
	}
	pthread_mutex_unlock(&arena->lock);
}

static inline uint64_t arena_phys(void *data, const void *virt)
{
	const struct arena *arena = data;

	return ARENA_PHYS + (uint64_t)((const unsigned char *)virt - arena->base);
}

static inline void *arena_virt(void *data, uint64_t phys, size_t bytes)
{
	struct arena *arena = data;
	uint64_t i = (phys - ARENA_PHYS) / PAGE;

	if (i >= ARENA_PAGES || __atomic_load_n(&arena->used[i], __ATOMIC_RELAXED) != 1 ||
	    phys & ((bytes < PAGE ? bytes : PAGE) - 1))
		return NULL;
	return arena->base + (phys - ARENA_PHYS);
}

static inline void arena_open(struct arena *arena, struct libiommu_pgtable_memory *memory)
{
	memset(arena, 0, sizeof(*arena));
	pthread_mutex_init(&arena->lock, NULL);
	/* Zeroed: a table that reaches over pages that are not in use is read as well. */
	arena->memory = calloc(1, (size_t)ARENA_PAGES * PAGE + ARENA_ALIGN);
	if (!arena->memory)
		abort();
	arena->base = arena->memory + (-(uintptr_t)arena->memory & (ARENA_ALIGN - 1));
	*memory = (struct libiommu_pgtable_memory){
		.size = sizeof(*memory),
		.data = arena,
		.alloc = arena_alloc,
		.free = arena_free,
		.phys = arena_phys,
		.virt = arena_virt,
	};
}

static inline void arena_close(struct arena *arena)
{
	free(arena->memory);
	pthread_mutex_destroy(&arena->lock);
}

#endif
