/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Editors of disjoint ranges beside walkers, without locks. Every editor keeps
 * what it removed until all have ended, as a user would until caches are
 * dropped. Nothing waits for time. A part of pgtable-format.h.
 */
#ifndef LIBIOMMU_TESTS_UNIT_PGTABLE_THREADS_H
#define LIBIOMMU_TESTS_UNIT_PGTABLE_THREADS_H

#include "tests/unit/pgtable-fixture.h"

#define EDITORS 2
#define WALKERS 2
#define ROUNDS  60

/* Page n of the shared space always maps to this, so that a walker knows what is right. */
#define SHARED_PHYS GIB(4)

struct worker {
	struct libiommu_pgtable *pt;
	struct libiommu_pgtable_gather gather;
	unsigned int number;
	unsigned int *editing; /* editors that have not ended */
	unsigned int faults;   /* what must not have happened */
};

static void edit(struct worker *w, uint64_t iova, uint64_t length, uint32_t prot, bool remove)
{
	int rc;

	if (remove)
		rc = libiommu_pgtable_unmap(w->pt, iova, length, NULL, &w->gather, NULL);
	else
		rc = libiommu_pgtable_map(w->pt, iova, SHARED_PHYS + iova, length, prot, &w->gather,
					  NULL);
	w->faults += rc != 0;
}

/* Single pages that alternate with the other editor's, then blocks of each size. */
static void *run_editor(void *data)
{
	struct worker *w = data;
	uint64_t i, block;
	unsigned int round, pass;

	for (round = 0; round < ROUNDS; round++) {
		for (pass = 0; pass < 2; pass++) {
			for (i = w->number; i < 64; i += EDITORS)
				edit(w, i * KIB(4), KIB(4), RW, pass);
			block = MIB(2) * (1 + w->number);
			edit(w, block, MIB(2), RW, pass);
			edit(w, GIB(1) * (1 + w->number), GIB(1), RW, pass);
		}
		/* A block of small pages, half of it removed first, then with its table. */
		edit(w, block, KIB(512), RW, false);
		edit(w, block + KIB(512), KIB(512), RW, false);
		edit(w, block, KIB(512), 0, true);
		edit(w, block, MIB(2), 0, true);
		edit(w, GIB(1) * (1 + w->number), MIB(4), RW, false);
		edit(w, GIB(1) * (1 + w->number), GIB(1), 0, true);
	}
	__atomic_sub_fetch(w->editing, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void check_right(struct worker *w, const struct libiommu_pgtable_leaf *leaf)
{
	w->faults += leaf->phys != SHARED_PHYS + leaf->iova || leaf->prot != RW;
}

/* An empty entry is zero or a link to a waiting page: a mark never falls on it. */
static void check_walk(struct worker *w, uint64_t iova)
{
	struct libiommu_pgtable_walk out = LIBIOMMU_PGTABLE_WALK_INIT;
	const struct libiommu_pgtable_step *end;

	w->faults += libiommu_pgtable_walk(w->pt, iova, &out, NULL) != 0;
	end = &out.step[out.steps - 1];
	w->faults += end->kind == LIBIOMMU_PGTABLE_BROKEN;
	w->faults += end->kind == LIBIOMMU_PGTABLE_EMPTY && end->entry % PAGE;
}

static void *run_walker(void *data)
{
	struct libiommu_pgtable_leaf leaf;
	struct worker *w = data;
	uint64_t iova;

	do {
		for (iova = 0; iova < MIB(6); iova += KIB(20)) {
			if (libiommu_pgtable_translate(w->pt, iova, &leaf))
				check_right(w, &leaf);
			libiommu_pgtable_mark(w->pt, iova, w->number);
			check_walk(w, iova);
			check_walk(w, iova + GIB(1));
		}
		iova = 0;
		while (libiommu_pgtable_next_leaf(w->pt, iova, UINT64_MAX, &leaf)) {
			check_right(w, &leaf);
			iova = leaf.iova + leaf.length;
		}
	} while (__atomic_load_n(w->editing, __ATOMIC_RELAXED));
	return NULL;
}

/* In the arena, and in process memory, whose way through the code is another. */
START_TEST(concurrent_edits)
{
	static const struct libiommu_pgtable_gather nothing = LIBIOMMU_PGTABLE_GATHER_INIT;
	struct worker worker[EDITORS + WALKERS];
	struct libiommu_pgtable_leaf leaf;
	struct libiommu_pgtable *shared;
	pthread_t thread[EDITORS + WALKERS];
	unsigned int i, editing = EDITORS;

	options.memory = _i ? NULL : &memory;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &shared, NULL), 0);
	for (i = 0; i < EDITORS + WALKERS; i++) {
		worker[i] = (struct worker){ shared, nothing, i % 2, &editing, 0 };
		ck_assert_int_eq(pthread_create(&thread[i], NULL,
						i < EDITORS ? run_editor : run_walker, &worker[i]),
				 0);
	}
	for (i = 0; i < EDITORS + WALKERS; i++)
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
	for (i = 0; i < EDITORS + WALKERS; i++) {
		ck_assert_uint_eq(worker[i].faults, 0);
		libiommu_pgtable_release(shared, &worker[i].gather);
	}
	ck_assert(!libiommu_pgtable_next_leaf(shared, 0, UINT64_MAX, &leaf));
	libiommu_pgtable_free(shared);
	check_pages(1);
}
END_TEST

#endif
