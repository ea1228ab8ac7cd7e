/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In every format: editors of disjoint ranges beside walkers, without locks.
 * The editors share tables, add levels, and keep what they removed until all
 * have ended, as a user would until caches are dropped. Nothing waits for time.
 */
#include "tests/unit/pgtable-rows.h"
#include "tests/unit/run.h"

#define EDITORS 2
#define WALKERS 2
#define ROUNDS  6
#define SINGLES 64

struct worker {
	struct libiommu_pgtable *pt;
	struct libiommu_pgtable_gather gather;
	unsigned int number;
	unsigned int *editing; /* editors that have not ended */
	unsigned int faults;   /* what must not have happened */
};

static uint64_t table_span; /* bytes below a lowest table */

/* An address always maps to this, so that a walker knows what is right. */
static uint64_t phys_of(uint64_t iova)
{
	return iova & ((UINT64_C(1) << 31) - 1);
}

static void edit(struct worker *w, uint64_t iova, uint64_t length, bool remove)
{
	int rc;

	if (remove)
		rc = libiommu_pgtable_unmap(w->pt, iova, length, NULL, &w->gather, NULL);
	else
		rc = libiommu_pgtable_map(w->pt, iova, phys_of(iova), length, RW, &w->gather, NULL);
	w->faults += rc != 0;
}

/* Pages that alternate with the other editor's. */
static void edit_singles(struct worker *w, uint64_t base, bool remove)
{
	uint64_t i;

	for (i = w->number; i < SINGLES; i += EDITORS)
		edit(w, base + i * granule, granule, remove);
}

static void change(struct worker *w, uint64_t iova, uint64_t length)
{
	uint64_t *bitmap = calloc(length / granule / 64 + 2, sizeof(*bitmap));

	w->faults += !bitmap;
	w->faults += libiommu_pgtable_protect(w->pt, iova, length, RO, NULL, &w->gather, NULL) != 0;
	if (desc->dirty)
		w->faults += libiommu_pgtable_read_marks(w->pt, iova, length, 0, desc->granule,
							 bitmap, &w->gather, NULL) != 0;
	w->faults += libiommu_pgtable_protect(w->pt, iova, length, RW, NULL, &w->gather, NULL) != 0;
	free(bitmap);
}

static void *run_editor(void *data)
{
	struct worker *w = data;
	uint64_t own = table_span * (1 + w->number), far;
	unsigned int round, bits;

	for (round = 0; round < ROUNDS; round++) {
		edit_singles(w, 0, false);
		edit(w, own, table_span, false);
		change(w, own, table_span);
		/* Each more bit may need a level more. */
		for (bits = desc->granule + 2 * desc->index_bits; bits < desc->iova_bits; bits += 5)
			edit_singles(w, UINT64_C(1) << bits, false);
		edit(w, own, table_span, true);
		/* Small leaves where a large one was, and the other way round. */
		edit(w, own + granule, table_span / 2 - granule, false);
		edit(w, own + table_span / 2, table_span / 4, false);
		change(w, own, table_span);
		edit(w, own + granule, table_span / 2 - granule, true);
		edit(w, own, table_span, true);
		for (bits = desc->granule + 2 * desc->index_bits; bits < desc->iova_bits; bits += 5)
			edit_singles(w, UINT64_C(1) << bits, true);
		far = w->number ? desc->iova_last - table_span + 1 : 4 * table_span;
		w->faults += libiommu_pgtable_trim(w->pt, far, table_span, &w->gather, NULL) != 0;
		edit_singles(w, 0, true);
	}
	__atomic_sub_fetch(w->editing, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void check_right(struct worker *w, const struct libiommu_pgtable_leaf *leaf)
{
	w->faults += leaf->phys != phys_of(leaf->iova) || !(leaf->prot & RO);
}

/* What is empty is zero or a link to a waiting table: a mark never falls on it. */
static void look_at(struct worker *w, uint64_t iova)
{
	struct libiommu_pgtable_walk out = LIBIOMMU_PGTABLE_WALK_INIT;
	const struct libiommu_pgtable_step *last;
	struct libiommu_pgtable_leaf leaf;

	if (libiommu_pgtable_translate(w->pt, iova, &leaf))
		check_right(w, &leaf);
	libiommu_pgtable_mark(w->pt, iova, false);
	libiommu_pgtable_access(w->pt, iova, RO, NULL, NULL);
	w->faults += libiommu_pgtable_walk(w->pt, iova, &out, NULL) != 0;
	if (!out.steps)
		return;
	last = &out.step[out.steps - 1];
	w->faults += last->kind == LIBIOMMU_PGTABLE_BROKEN;
	w->faults += last->kind == LIBIOMMU_PGTABLE_EMPTY && last->entry % 64;
}

static void *run_walker(void *data)
{
	struct libiommu_pgtable_leaf leaf;
	struct worker *w = data;
	unsigned int bits;
	uint64_t iova;

	do {
		for (iova = 0; iova < 3 * table_span; iova += table_span / 16 + granule)
			look_at(w, iova & ~(granule - 1));
		for (bits = desc->granule; bits < desc->iova_bits; bits++)
			look_at(w, UINT64_C(1) << bits);
		iova = 0;
		while (libiommu_pgtable_next_leaf(w->pt, iova, desc->iova_last, &leaf)) {
			check_right(w, &leaf);
			iova = leaf.iova + leaf.length;
		}
	} while (__atomic_load_n(w->editing, __ATOMIC_RELAXED));
	return NULL;
}

/* In the arena, and in process memory, whose way through the code is another. */
START_TEST(edits_beside_lookups)
{
	static const struct libiommu_pgtable_gather nothing = LIBIOMMU_PGTABLE_GATHER_INIT;
	struct worker worker[EDITORS + WALKERS];
	struct libiommu_pgtable_leaf leaf;
	struct libiommu_pgtable *shared;
	pthread_t thread[EDITORS + WALKERS];
	unsigned int i, editing = EDITORS;

	open_row(_i / 2);
	table_span = granule << desc->index_bits;
	options.memory = &memory;
	if (_i % 2) {
		options.memory = NULL;
		options.phys_bits = 0; /* the process has its memory where it likes */
	}
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
	close_row();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pgtable beside");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, edits_beside_lookups, 0, 2 * ROWS);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
