/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test of a page-table format, compiled once per format and number of
 * levels. The file that includes it defines FORMAT, NAME, LEVELS, IOVA_LAST,
 * WRITE_ONLY, BIT_A, BIT_D, TABLE_BITS, LEAF_BITS(level, prot), an array
 * `golden` of walks worked out by hand, and an array `reserved` of bits that
 * break an entry.
 */
#ifndef LIBIOMMU_TESTS_UNIT_PGTABLE_FORMAT_H
#define LIBIOMMU_TESTS_UNIT_PGTABLE_FORMAT_H

#include "tests/unit/pgtable-model.h"
#include "tests/unit/pgtable-threads.h"

#define STRING_(x) #x
#define STRING(x)  STRING_(x)

static const uint64_t size_of_level[] = { 0, KIB(4), MIB(2), GIB(1) };

/* A place of which each level's index is another, far from the ends. */
#define SOMEWHERE (IOVA_LAST / 2 + 1 + GIB(3) + MIB(10) + KIB(28))

START_TEST(described)
{
	const struct libiommu_pgtable_desc *desc = libiommu_pgtable_describe(pt);

	ck_assert_str_eq(desc->name, NAME);
	ck_assert_uint_eq(desc->levels, LEVELS);
	ck_assert_uint_eq(desc->index_bits, 9);
	ck_assert_uint_eq(desc->granule, 12);
	ck_assert_uint_eq(desc->leaf_sizes, KIB(4) | MIB(2) | GIB(1));
	ck_assert_uint_eq(desc->iova_last, IOVA_LAST);
	ck_assert_uint_eq(desc->phys_bits, 52);
	ck_assert(desc->read_only);
	ck_assert_int_eq(desc->write_only, WRITE_ONLY);
	ck_assert(desc->dirty);
	ck_assert_uint_eq(libiommu_pgtable_root(pt), ARENA_SLOT(1));
	check_pages(1);
}
END_TEST

START_TEST(golden_walks)
{
	const struct golden *g = &golden[_i];
	struct libiommu_pgtable_walk w;
	unsigned int i;

	ck_assert_int_eq(map(g->iova, g->phys, g->length, g->prot), NONE);
	check_leaf(g->iova + g->length - 1, g->iova, g->phys, g->length, g->prot);
	w = walk(g->iova + 5);
	ck_assert_uint_eq(w.steps, g->steps);
	for (i = 0; i < w.steps; i++) {
		ck_assert_uint_eq(w.step[i].level, g->step[i].level);
		ck_assert_uint_eq(w.step[i].index, g->step[i].index);
		ck_assert_uint_eq(w.step[i].table, g->step[i].table);
		ck_assert_uint_eq(w.step[i].entry, g->step[i].entry);
		ck_assert_int_eq(w.step[i].kind, g->step[i].kind);
		ck_assert_uint_eq(w.step[i].next, g->step[i].next);
	}
}
END_TEST

/* Every leaf at its level: at both ends of the space, of a table, and in between. */
START_TEST(leaf_sizes)
{
	unsigned int level = (unsigned int)_i;
	uint64_t size = size_of_level[level];
	const uint64_t places[] = { 0, size, (level == LEVELS ? 255 : 511) * size,
				    SOMEWHERE & ~(size - 1), IOVA_LAST - size + 1 };
	uint64_t phys = UINT64_C(0xf000000000000) - size, removed;
	struct libiommu_pgtable_step step;
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		ck_assert_int_eq(map(places[i], phys, size, RW), NONE);
		check_leaf(places[i], places[i], phys, size, RW);
		check_leaf(places[i] + size - 1, places[i], phys, size, RW);
		step = last_step(places[i] + size / 2);
		ck_assert_uint_eq(step.level, level);
		ck_assert_int_eq(step.kind, LIBIOMMU_PGTABLE_LEAF);
		ck_assert_uint_eq(step.entry, phys | LEAF_BITS(level, RW));
		ck_assert(!places[i] || !is_mapped(places[i] - 1) || i == 1);
		ck_assert(!is_mapped(places[i] + size));
	}
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		ck_assert_int_eq(unmap(places[i], size, &removed), NONE);
		ck_assert_uint_eq(removed, size);
		ck_assert(!is_mapped(places[i]));
	}
}
END_TEST

/* A range takes the largest leaves that fit, and smaller ones at its ends. */
START_TEST(mixed_sizes)
{
	uint64_t base = GIB(2), length = GIB(1) + MIB(2) + KIB(8);
	uint64_t iova = base - MIB(2) - KIB(4), phys = GIB(64) - MIB(2) - KIB(4);

	length += MIB(2) + KIB(4);
	ck_assert_int_eq(map(iova, phys, length, RW), NONE);
	check_leaf(iova, iova, phys, KIB(4), RW);
	check_leaf(base - 1, base - MIB(2), GIB(64) - MIB(2), MIB(2), RW);
	check_leaf(base, base, GIB(64), GIB(1), RW);
	check_leaf(base + GIB(1), base + GIB(1), GIB(65), MIB(2), RW);
	check_leaf(base + GIB(1) + MIB(2), base + GIB(1) + MIB(2), GIB(65) + MIB(2), KIB(4), RW);
	ck_assert(!is_mapped(iova - 1));
	ck_assert(!is_mapped(iova + length));
	/* Memory that lies askew of the addresses allows small leaves only. */
	ck_assert_int_eq(map(GIB(8), KIB(4), MIB(4), RW), NONE);
	check_leaf(GIB(8) + MIB(3), GIB(8) + MIB(3), MIB(3) + KIB(4), KIB(4), RW);
	ck_assert_int_eq(map(GIB(16), MIB(2), GIB(1), RW), NONE);
	check_leaf(GIB(16) + MIB(5), GIB(16) + MIB(4), MIB(6), MIB(2), RW);
}
END_TEST

START_TEST(limited_sizes)
{
	struct libiommu_pgtable_leaf leaf;
	uint64_t *entry, old;

	libiommu_pgtable_free(pt);
	options.leaf_sizes = KIB(4) | GIB(1) | (UINT64_C(1) << 52);
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), 0);
	ck_assert_uint_eq(libiommu_pgtable_describe(pt)->leaf_sizes, KIB(4) | GIB(1));
	ck_assert_int_eq(map(GIB(1) - MIB(2), GIB(3) - MIB(2), GIB(1) + MIB(4), RW), NONE);
	check_leaf(GIB(1) - KIB(4), GIB(1) - KIB(4), GIB(3) - KIB(4), KIB(4), RW);
	check_leaf(GIB(1), GIB(1), GIB(3), GIB(1), RW);
	check_leaf(GIB(2), GIB(2), GIB(4), KIB(4), RW);
	/* Hardware without 2 MiB leaves takes the bit for a reserved one. */
	ck_assert_int_eq(map(GIB(4), 0, KIB(4), RW), NONE);
	entry = entry_of(GIB(4), 2);
	old = *entry;
	*entry = LEAF_BITS(2, RW);
	ck_assert_int_eq(last_step(GIB(4)).kind, LIBIOMMU_PGTABLE_BROKEN);
	ck_assert(!libiommu_pgtable_next_leaf(pt, GIB(4), GIB(5), &leaf));
	*entry = old;
}
END_TEST

START_TEST(edges)
{
	uint64_t end = IOVA_LAST + 1;
	struct libiommu_pgtable_walk out = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_error *err;
	uint64_t removed;

	ck_assert_int_eq(map(0, 0, KIB(4), RO), NONE);
	ck_assert_int_eq(map(end - KIB(4), KIB(8), KIB(4), RW), NONE);
	check_leaf(0, 0, 0, KIB(4), RO);
	check_leaf(IOVA_LAST, end - KIB(4), KIB(8), KIB(4), RW);
	ck_assert(!is_mapped(KIB(4)));
	ck_assert(!is_mapped(end - KIB(4) - 1));
	ck_assert(!is_mapped(end));
	ck_assert(!is_mapped(UINT64_MAX));
	ck_assert(!libiommu_pgtable_mark(pt, end, true));
	ck_assert_int_eq(map(end, 0, KIB(4), RW), LIBIOMMU_REASON_OUTSIDE_APERTURE);
	ck_assert_int_eq(map(end - KIB(4), 0, KIB(8), RW), LIBIOMMU_REASON_OUTSIDE_APERTURE);
	ck_assert_int_eq(unmap(end - KIB(4), KIB(8), NULL), LIBIOMMU_REASON_OUTSIDE_APERTURE);
	ck_assert_int_eq(map(-KIB(4), 0, KIB(4), RW), LIBIOMMU_REASON_OUTSIDE_APERTURE);
	ck_assert_int_eq(outcome(libiommu_pgtable_walk(pt, end, &out, &err), &err),
			 LIBIOMMU_REASON_OUTSIDE_APERTURE);
	ck_assert_int_eq(unmap(0, end, &removed), NONE);
	ck_assert_uint_eq(removed, KIB(8));
	ck_assert_uint_eq(gather.iova.start, 0);
	ck_assert_uint_eq(gather.iova.last, IOVA_LAST);
	release();
	check_pages(1);
}
END_TEST

START_TEST(protections)
{
	ck_assert_int_eq(map(0, 0, KIB(4), RO), NONE);
	check_leaf(0, 0, 0, KIB(4), RO);
	ck_assert_uint_eq(last_step(0).entry, LEAF_BITS(1, RO));
	ck_assert_int_eq(map(KIB(4), 0, KIB(4), RW), NONE);
	check_leaf(KIB(4), KIB(4), 0, KIB(4), RW);
	if (WRITE_ONLY) {
		ck_assert_int_eq(map(KIB(8), 0, KIB(4), WO), NONE);
		check_leaf(KIB(8), KIB(8), 0, KIB(4), WO);
		ck_assert_uint_eq(last_step(KIB(8)).entry, LEAF_BITS(1, WO));
	} else {
		ck_assert_int_eq(map(KIB(8), 0, KIB(4), WO), LIBIOMMU_REASON_PROT_UNSUPPORTED);
	}
	ck_assert_int_eq(map(KIB(12), 0, KIB(4), 0), LIBIOMMU_REASON_NO_PROTECTION);
	ck_assert_int_eq(map(KIB(12), 0, KIB(4), 4), LIBIOMMU_REASON_PROT_UNSUPPORTED);
	ck_assert_int_eq(map(KIB(12), 0, KIB(4), 32), LIBIOMMU_REASON_PROT_UNSUPPORTED);
	ck_assert_int_eq(map(KIB(12), 0, KIB(4), UINT32_MAX), LIBIOMMU_REASON_PROT_UNSUPPORTED);
	ck_assert(!is_mapped(KIB(12)));
}
END_TEST

/* A table that forbids writing forbids it for all below. */
START_TEST(protections_combine)
{
	struct libiommu_pgtable_leaf leaf;
	unsigned int level;

	ck_assert_int_eq(map(SOMEWHERE, 0, KIB(4), RW), NONE);
	for (level = 2; level <= LEVELS; level++) {
		uint64_t *entry = entry_of(SOMEWHERE, level), old = *entry;

		*entry &= ~(TABLE_BITS & ~LEAF_BITS(1, RO));
		check_leaf(SOMEWHERE, SOMEWHERE, 0, KIB(4), RO);
		ck_assert(libiommu_pgtable_next_leaf(pt, 0, UINT64_MAX, &leaf));
		ck_assert_uint_eq(leaf.prot, RO);
		*entry = old;
	}
}
END_TEST

START_TEST(bad_ranges)
{
	const uint64_t top = UINT64_C(1) << 52;
	struct libiommu_pgtable_piece pieces[2] = { { 0, KIB(4) }, { KIB(4), 0 } };

	ck_assert_int_eq(map(0, 0, 0, RW), LIBIOMMU_REASON_EMPTY_RANGE);
	ck_assert_int_eq(map(1, 0, KIB(4), RW), LIBIOMMU_REASON_MISALIGNED);
	ck_assert_int_eq(map(0, 2048, KIB(4), RW), LIBIOMMU_REASON_MISALIGNED);
	ck_assert_int_eq(map(0, 0, KIB(4) + 1, RW), LIBIOMMU_REASON_MISALIGNED);
	ck_assert_int_eq(map(-KIB(4), 0, KIB(8), RW), LIBIOMMU_REASON_RANGE_WRAPS);
	ck_assert_int_eq(map(KIB(4), 0, -KIB(4), RW), LIBIOMMU_REASON_OUTSIDE_APERTURE);
	ck_assert_int_eq(map(0, top, KIB(4), RW), LIBIOMMU_REASON_ADDRESS_WIDTH);
	ck_assert_int_eq(map(0, top - KIB(4), KIB(8), RW), LIBIOMMU_REASON_ADDRESS_WIDTH);
	ck_assert_int_eq(map(0, -KIB(4), KIB(8), RW), LIBIOMMU_REASON_ADDRESS_WIDTH);
	ck_assert_int_eq(unmap(0, 0, NULL), LIBIOMMU_REASON_EMPTY_RANGE);
	ck_assert_int_eq(unmap(1, KIB(4), NULL), LIBIOMMU_REASON_MISALIGNED);
	ck_assert_int_eq(unmap(0, 1, NULL), LIBIOMMU_REASON_MISALIGNED);
	ck_assert_int_eq(unmap(-KIB(4), KIB(8), NULL), LIBIOMMU_REASON_RANGE_WRAPS);
	ck_assert_int_eq(map_list(0, pieces, 0, RW), LIBIOMMU_REASON_EMPTY_RANGE);
	ck_assert_int_eq(map_list(0, pieces, 2, RW), LIBIOMMU_REASON_EMPTY_RANGE);
	pieces[1].length = 1;
	ck_assert_int_eq(map_list(0, pieces, 2, RW), LIBIOMMU_REASON_MISALIGNED);
	pieces[1].length = KIB(4);
	ck_assert_int_eq(map_list(IOVA_LAST + 1 - KIB(4), pieces, 2, RW),
			 LIBIOMMU_REASON_OUTSIDE_APERTURE);
	pieces[1].phys = top;
	ck_assert_int_eq(map_list(0, pieces, 2, RW), LIBIOMMU_REASON_ADDRESS_WIDTH);
	pieces[1].phys = 1;
	ck_assert_int_eq(map_list(0, pieces, 2, RW), LIBIOMMU_REASON_MISALIGNED);
	ck_assert_int_eq(map_list(0, pieces, 1, 0), LIBIOMMU_REASON_NO_PROTECTION);
	check_pages(1);
	ck_assert_int_eq(map(0, top - KIB(4), KIB(4), RW), NONE);
	check_leaf(0, 0, top - KIB(4), KIB(4), RW);
}
END_TEST

START_TEST(null_arguments)
{
	struct libiommu_pgtable_walk out = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_pgtable_leaf leaf;

	ck_assert_int_eq(libiommu_pgtable_new(&options, NULL, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_pgtable_map(NULL, 0, 0, PAGE, RW, &gather, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_pgtable_map(pt, 0, 0, PAGE, RW, NULL, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_pgtable_unmap(NULL, 0, PAGE, NULL, &gather, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_pgtable_unmap(pt, 0, PAGE, NULL, NULL, NULL), -EINVAL);
	ck_assert_int_eq(map_list(0, NULL, 1, RW), LIBIOMMU_REASON_NULL_ARGUMENT);
	ck_assert_int_eq(libiommu_pgtable_walk(NULL, 0, &out, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_pgtable_walk(pt, 0, NULL, NULL), -EINVAL);
	out.size--;
	ck_assert_int_eq(libiommu_pgtable_walk(pt, 0, &out, NULL), -EINVAL);
	ck_assert(!libiommu_pgtable_translate(NULL, 0, &leaf));
	ck_assert(!libiommu_pgtable_translate(pt, 0, NULL));
	ck_assert(!libiommu_pgtable_next_leaf(NULL, 0, 1, &leaf));
	ck_assert(!libiommu_pgtable_mark(NULL, 0, true));
	libiommu_pgtable_release(pt, NULL);
	libiommu_pgtable_release(NULL, &gather);
	libiommu_pgtable_free(NULL);
	check_pages(1);
}
END_TEST

START_TEST(bad_options)
{
	struct {
		struct libiommu_pgtable_options known;
		uint64_t unknown;
	} longer = { options, 0 };
	struct libiommu_pgtable_options o = options;
	struct libiommu_pgtable_memory m = memory;
	struct libiommu_pgtable *other;
	struct libiommu_error *err;

#define REFUSED(reason)                                                         \
	ck_assert_int_eq(outcome(libiommu_pgtable_new(&o, &other, &err), &err), \
			 LIBIOMMU_REASON_##reason)
	o.size--;
	REFUSED(BAD_OPTIONS);
	o = options;
	o.format = (enum libiommu_pgtable_format)99;
	REFUSED(BAD_FORMAT);
	o = options;
	o.levels = 2;
	REFUSED(BAD_FORMAT);
	o.levels = 6;
	REFUSED(BAD_FORMAT);
	o = options;
	o.leaf_sizes = MIB(2);
	REFUSED(BAD_FORMAT);
	o = options;
	o.memory = &m;
	m.virt = NULL;
	REFUSED(NULL_ARGUMENT);
	m.size--;
	REFUSED(BAD_OPTIONS);
#undef REFUSED
	longer.known.size = sizeof(longer);
	ck_assert_int_eq(libiommu_pgtable_new(&longer.known, &other, NULL), 0);
	libiommu_pgtable_free(other);
	longer.unknown = 1;
	ck_assert_int_eq(libiommu_pgtable_new(&longer.known, &other, NULL), -E2BIG);
	check_pages(1);
}
END_TEST

START_TEST(process_memory)
{
	struct libiommu_pgtable_gather g = LIBIOMMU_PGTABLE_GATHER_INIT;
	struct libiommu_pgtable_options o = options;
	struct libiommu_pgtable_leaf leaf;
	struct libiommu_pgtable *other;

	o.memory = NULL;
	ck_assert_int_eq(libiommu_pgtable_new(&o, &other, NULL), 0);
	ck_assert_int_eq(libiommu_pgtable_map(other, SOMEWHERE, MIB(7), MIB(3), RW, &g, NULL), 0);
	ck_assert(libiommu_pgtable_translate(other, SOMEWHERE + MIB(1), &leaf));
	ck_assert_uint_eq(leaf.phys + (SOMEWHERE + MIB(1) - leaf.iova), MIB(8));
	ck_assert_int_eq(libiommu_pgtable_unmap(other, 0, IOVA_LAST + 1, NULL, &g, NULL), 0);
	ck_assert_uint_eq(libiommu_pgtable_pages(other), 1);
	ck_assert_uint_eq(g.tables, LEVELS - 2 + 2);
	libiommu_pgtable_release(other, &g);
	/* Pages that were used before come back empty. */
	ck_assert_int_eq(libiommu_pgtable_map(other, 0, KIB(4), GIB(2), RW, &g, NULL), 0);
	ck_assert_int_eq(libiommu_pgtable_unmap(other, 0, GIB(2), NULL, &g, NULL), 0);
	libiommu_pgtable_release(other, &g);
	ck_assert_int_eq(libiommu_pgtable_map(other, GIB(4), KIB(4), KIB(4), RO, &g, NULL), 0);
	ck_assert(libiommu_pgtable_next_leaf(other, 0, UINT64_MAX, &leaf));
	ck_assert_uint_eq(leaf.iova, GIB(4));
	ck_assert(!libiommu_pgtable_next_leaf(other, GIB(4) + KIB(4), UINT64_MAX, &leaf));
	libiommu_pgtable_free(other);
	ck_assert_int_eq(libiommu_pgtable_new(NULL, &other, NULL), 0);
	ck_assert_str_eq(libiommu_pgtable_describe(other)->name, "vtd-ss");
	ck_assert_uint_eq(libiommu_pgtable_describe(other)->levels, 4);
	libiommu_pgtable_free(other);
}
END_TEST

#include "tests/unit/pgtable-edits.h"

static void open_table(void)
{
	static const struct libiommu_pgtable_options o = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	static const struct libiommu_pgtable_gather g = LIBIOMMU_PGTABLE_GATHER_INIT;

	arena_open(&arena, &memory);
	options = o;
	options.format = FORMAT;
	options.levels = LEVELS;
	options.memory = &memory;
	gather = g;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), 0);
}

static void close_table(void)
{
	libiommu_pgtable_release(pt, &gather);
	libiommu_pgtable_free(pt);
	ck_assert_uint_eq(arena.live, 0);
	ck_assert(!arena.wrong);
	arena_close(&arena);
}

static void add_shape(TCase *tc)
{
	tcase_add_test(tc, described);
	tcase_add_loop_test(tc, golden_walks, 0, sizeof(golden) / sizeof(golden[0]));
	tcase_add_loop_test(tc, leaf_sizes, 1, 4);
	tcase_add_test(tc, mixed_sizes);
	tcase_add_test(tc, limited_sizes);
	tcase_add_test(tc, edges);
	tcase_add_test(tc, protections);
	tcase_add_test(tc, protections_combine);
	tcase_add_test(tc, bad_ranges);
	tcase_add_test(tc, null_arguments);
	tcase_add_test(tc, bad_options);
	tcase_add_test(tc, process_memory);
}

int main(void)
{
	Suite *suite = suite_create("pgtable " NAME " " STRING(LEVELS));
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, open_table, close_table);
	tcase_set_timeout(tc, 0); /* nothing here depends on time; a hang is the caller's to end */
	add_shape(tc);
	add_edits(tc);
	tcase_add_loop_test(tc, random_edits, 1, 9);
	tcase_add_loop_test(tc, concurrent_edits, 0, 2);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}

#endif
