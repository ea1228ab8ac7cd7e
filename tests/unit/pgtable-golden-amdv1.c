/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Golden entries of AMD's host page tables. Source: AMD I/O Virtualization
 * Technology (IOMMU) specification, publication 48882, 2.2.3 "I/O Page Tables
 * for Host Translations": the figures of the table entry and of the page
 * translation entry with their field tables, the example table of page size
 * encodings (low address bits of an entry whose Next Level is 7), and what it says
 * of Next Level where that is not the level below.
 */
#include "tests/unit/pgtable-golden.h"

static const struct libiommu_pgtable_options four = {
	.size = sizeof(four),
	.format = LIBIOMMU_PGTABLE_AMDV1,
	.levels = 4,
};

/*
 * PR 0, Next Level 11:9, address 51:12, FC 60, IR 61, IW 62. A page of the
 * level's own size has Next Level 0. Others have 7, and ones below the zero that
 * tells the size: 2^(12+k) bytes have k-1 ones from bit 12 upward.
 */
static const struct golden_leaf leaves[] = {
	{ 0x1000, 0, 12, RW, 1, U64(0x7000000000000001) },
	{ 0x1000, U64(0xffffffffff000), 12, RW, 1, U64(0x700ffffffffff001) },
	{ 0x1000, 0x5000, 12, RO, 1, U64(0x3000000000005001) },
	{ 0x1000, 0x5000, 12, WO, 1, U64(0x5000000000005001) },
	{ 0x2000, 0x4000, 13, RW, 1, U64(0x7000000000004e01) },
	{ 0x4000, 0x8000, 14, RW, 1, U64(0x7000000000009e01) },
	{ 0x8000, 0x10000, 15, RO, 1, U64(0x3000000000013e01) },
	{ 0x10000, 0x20000, 16, RW, 1, U64(0x7000000000027e01) },
	{ 0x100000, 0x300000, 20, RW, 1, U64(0x700000000037fe01) },
	{ 0x200000, 0x600000, 21, RW, 2, U64(0x7000000000600001) },
	{ 0x200000, U64(0xfffffffe00000), 21, WO, 2, U64(0x500fffffffe00001) },
	{ 0x400000, 0x800000, 22, RW, 2, U64(0x70000000009ffe01) },
	{ 0x20000000, 0x60000000, 29, RO, 2, U64(0x300000006ffffe01) },
	{ 0x40000000, 0x80000000, 30, RW, 3, U64(0x7000000080000001) },
	{ U64(0x80000000), U64(0x180000000), 31, RW, 3, U64(0x70000001bffffe01) },
	{ U64(0x4000000000), U64(0x8000000000), 38, RW, 3, U64(0x7000009ffffffe01) },
	{ U64(0x10000000000), U64(0x20000000000), 40, RW, 4, U64(0x7000027ffffffe01) },
};

START_TEST(made)
{
	CHECK_LEAVES(&four, leaves);
}
END_TEST

/* Next Level is that of the table below; reading and writing are allowed, FC is not there. */
START_TEST(tables)
{
	open_golden(&four, USUAL_ROOMS);
	golden_map(U64(0x8080604000), 0, 0x1000, RO);
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 4), U64(0x6000001200100601));
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 3), U64(0x6000001200200401));
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 2), U64(0x6000001200300201));
	close_golden();
}
END_TEST

/* The page at 0x1000 has the tables 0x1200000000 (level 4) to 0x1200300000 (level 1). */
static const struct golden_found found[] = {
	{ "all but present", 1, U64(0xfffffffffffffffe), EMPTY, false, 0, 0, 0 },
	{ "a page", 1, U64(0x6000000000005001), LEAF, true, RW, 0x5000, 0x1000 },
	{ "a page to be read", 1, U64(0x2000000000005001), LEAF, true, RO, 0x5000, 0x1000 },
	{ "a page to be written", 1, U64(0x4000000000005001), LEAF, true, WO, 0x5000, 0x1000 },
	{ "a page for nothing", 1, U64(0x1000000000005001), LEAF, true, 0, 0x5000, 0x1000 },
	{ "ignored bits 4:1 and 8:7", 1, U64(0x600000000000519f), LEAF, true, RW, 0x5000, 0x1000 },
	{ "8 KiB", 1, U64(0x6000000000004e01), LEAF, true, RW, 0x4000, 0x2000 },
	{ "1 MiB", 1, U64(0x600000000037fe01), LEAF, true, RW, 0x300000, 0x100000 },
	{ "a table below the lowest", 1, U64(0x6000000000005201), BROKEN, false, 0, 0, 0 },
	{ "2 MiB", 2, U64(0x6000000000600001), LEAF, true, RW, 0x600000, 0x200000 },
	{ "4 MiB", 2, U64(0x60000000009ffe01), LEAF, true, RW, 0x800000, 0x400000 },
	{ "4 MiB at level 3", 3, U64(0x60000000009ffe01), BROKEN, false, 0, 0, 0 },
	{ "4 MiB at level 1", 1, U64(0x60000000009ffe01), BROKEN, false, 0, 0, 0 },
	{ "a table to be read", 2, U64(0x2000001200300201), LINK, true, RO, 0x1000, 0x1000 },
	{ "a table to be written", 4, U64(0x4000001200100601), LINK, true, WO, 0x1000, 0x1000 },
	{ "level 4 leads to level 2", 4, U64(0x6000001200200401), LINK, true, RW, 0x1000, 0x1000 },
	{ "level 4 leads to level 1", 4, U64(0x2000001200300201), LINK, true, RO, 0x1000, 0x1000 },
	{ "level 3 leads to level 1", 3, U64(0x6000001200300201), LINK, true, RW, 0x1000, 0x1000 },
	{ "a table of the same level", 3, U64(0x6000001200200601), BROKEN, false, 0, 0, 0 },
	{ "a table of a higher level", 2, U64(0x6000001200300801), BROKEN, false, 0, 0, 0 },
	{ "a table outside memory", 3, U64(0x6008000000000401), BROKEN, false, 0, 0, 0 },
};

START_TEST(foreign)
{
	CHECK_FOUND(&four, 0x1000, found);
}
END_TEST

/* Of so many pages from `iova` on the one at `dirty` is; 0: none. Nobody's entries are changed. */
static void check_dirty(uint64_t iova, unsigned int pages, uint64_t dirty)
{
	uint64_t bitmap[16] = { 0 };
	unsigned int i;

	ck_assert_uint_le(pages, 16 * 64);
	ck_assert_int_eq(libiommu_pgtable_read_marks(pt, iova, pages * U64(0x1000),
						     LIBIOMMU_PGTABLE_KEEP_MARKS, 12, bitmap, NULL,
						     NULL),
			 0);
	for (i = 0; i < pages; i++)
		ck_assert_int_eq(bitmap[i / 64] >> i % 64 & 1,
				 dirty && iova + i * U64(0x1000) == dirty);
}

/* Level 4 leads to level 1 for addresses whose bits 38:21 are zero; for others there is no table. */
START_TEST(skipped_levels)
{
	static const uint64_t beyond[] = { 0x201000, U64(0x40001000), U64(0x4000001000) };
	struct libiommu_pgtable_walk w = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_pgtable_leaf leaf;
	unsigned int level;
	uint64_t *slot;
	size_t i;

	open_golden(&four, USUAL_ROOMS);
	golden_map(0x1000, 0x1000, 0x1000, RW);
	golden_step(0x1000, 4, &slot);
	*slot = U64(0x6000001200300201);
	ck_assert_int_eq(libiommu_pgtable_walk(pt, 0x1000, &w, NULL), 0);
	ck_assert_uint_eq(w.steps, 2);
	ck_assert_uint_eq(w.step[0].next, U64(0x1200300000));
	ck_assert_uint_eq(w.step[1].table, U64(0x1200300000));
	ck_assert_uint_eq(w.step[1].level, 1);
	ck_assert_uint_eq(w.step[1].index, 1);
	ck_assert_int_eq(w.step[1].kind, LEAF);
	for (i = 0; i < COUNT(beyond); i++) {
		ck_assert(!libiommu_pgtable_translate(pt, beyond[i], &leaf));
		ck_assert_int_eq(libiommu_pgtable_access(pt, beyond[i], RO, NULL, &level),
				 LIBIOMMU_PGTABLE_FAULT_EMPTY);
		ck_assert_uint_eq(level, 4);
		ck_assert_int_eq(libiommu_pgtable_walk(pt, beyond[i], &w, NULL), 0);
		ck_assert_uint_eq(w.steps, 1);
		ck_assert_int_eq(w.step[0].kind, EMPTY);
		ck_assert(!libiommu_pgtable_next_leaf(pt, beyond[i], UINT64_MAX, &leaf));
	}
	ck_assert(libiommu_pgtable_next_leaf(pt, 0, UINT64_MAX, &leaf));
	ck_assert_uint_eq(leaf.iova, 0x1000);
	ck_assert(!libiommu_pgtable_next_leaf(pt, 0x2000, UINT64_MAX, &leaf));
	ck_assert(libiommu_pgtable_mark(pt, 0x1000, true));
	ck_assert(libiommu_pgtable_translate(pt, 0x1000, &leaf));
	ck_assert(leaf.dirty);
	check_dirty(0, 1024, 0x1000);
	check_dirty(0x1000, 1, 0x1000);
	check_dirty(0x200000, 512, 0);
	for (i = 0; i < COUNT(beyond); i++)
		check_dirty(beyond[i], 1, 0);
	/* The root, which leads to itself. */
	*slot = U64(0x6000001200000801);
	check_dirty(0, 1024, 0);
	/* A table is freed as it was made. */
	*slot = U64(0x6000001200100601);
	check_dirty(0, 1024, 0x1000);
	close_golden();
}
END_TEST

/* A page of 2 GiB in two entries, of which somebody has made the other a table. */
START_TEST(marks_beside_tables)
{
	uint64_t *slot;

	open_golden(&four, USUAL_ROOMS);
	golden_map(0x40001000, 0x1000, 0x1000, RW);
	ck_assert(libiommu_pgtable_mark(pt, 0x40001000, true));
	golden_step(0, 3, &slot);
	*slot = U64(0x600000003ffffe01);
	rooms.visits = 0;
	check_dirty(0x1000, 1, 0);
	/* Of each of three walks the table of level 3, and none below it. */
	ck_assert_uint_le(rooms.visits, 3);
	*slot |= 0x40;
	check_dirty(0x1000, 1, 0x1000);
	*slot = 0;
	close_golden();
}
END_TEST

/* Accessed bit 5, dirty bit 6 */
START_TEST(marked)
{
	static const uint64_t page[] = { U64(0x7000000000000001), U64(0x7000000000000021),
					 U64(0x7000000000000061) };
	static const uint64_t run[] = { U64(0x7000000000007e01), U64(0x7000000000007e21),
					U64(0x7000000000007e61) };

	check_marked(&four, 0x1000, 1, 0x1000, page);
	check_marked(&four, 0x200000, 2, 0x200000, page);
	check_marked(&four, 0x10000, 1, 0x10000, run);
}
END_TEST

/* Without FC a request says itself whether caches are snooped. */
static const struct golden_leaf leaves_not_coherent[] = {
	{ 0x1000, 0x5000, 12, RW, 1, U64(0x6000000000005001) },
	{ 0x10000, 0x20000, 16, RO, 1, U64(0x2000000000027e01) },
};

START_TEST(not_coherent)
{
	struct libiommu_pgtable_options options = four;

	options.attributes = LIBIOMMU_PGTABLE_AMD_NOT_COHERENT;
	CHECK_LEAVES(&options, leaves_not_coherent);
}
END_TEST

/* The kernel's test device: the same entries for pages of 2 KiB, addresses shifted by one. */
static const struct golden_leaf leaves_2k[] = {
	{ 0x800, 0, 11, RW, 1, U64(0x7000000000000001) },
	{ 0x800, 0x800, 11, RW, 1, U64(0x7000000000001001) },
	{ 0x1000, 0x2000, 12, RW, 1, U64(0x7000000000004e01) },
	{ 0x2000, 0x4000, 13, RO, 1, U64(0x3000000000009e01) },
	{ 0x100000, 0x300000, 20, RW, 2, U64(0x7000000000600001) },
};

START_TEST(small_pages)
{
	struct libiommu_pgtable_options options = four;

	options.format = LIBIOMMU_PGTABLE_AMDV1_2K;
	CHECK_LEAVES(&options, leaves_2k);
}
END_TEST

/* Device table entry, first word: page table root 51:12, mode 11:9 is the number of levels */
static const struct golden_root root_values[] = {
	{ LIBIOMMU_PGTABLE_AMDV1, 1, 0, 0, U64(0x1200000200), U64(1) },
	{ LIBIOMMU_PGTABLE_AMDV1, 3, 0, 0, U64(0x1200000600), U64(3) },
	{ LIBIOMMU_PGTABLE_AMDV1, 4, 0, 0, U64(0x1200000800), U64(4) },
	{ LIBIOMMU_PGTABLE_AMDV1, 6, 0, 0, U64(0x1200000c00), U64(6) },
};

START_TEST(root_words)
{
	check_roots(root_values, COUNT(root_values));
}
END_TEST

/* Event IO_PAGE_FAULT: not present, no permission, reserved bit; addresses of 40 bits */
static const struct golden_fault faults_rows[] = {
	{ "a page", 1, U64(0x6000000000005001), RW, LIBIOMMU_PGTABLE_FAULT_NONE },
	{ "writing is not allowed", 1, U64(0x2000000000005001), RW,
	  LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "nothing", 1, U64(0x6000000000005000), RO, LIBIOMMU_PGTABLE_FAULT_EMPTY },
	{ "a table of a higher level", 2, U64(0x6000001200300801), RO,
	  LIBIOMMU_PGTABLE_FAULT_RESERVED },
	{ "an address of 41 bits", 1, U64(0x6000010000000001), RO, LIBIOMMU_PGTABLE_FAULT_WIDTH },
	{ "a table outside memory", 2, U64(0x6000009000000201), RO,
	  LIBIOMMU_PGTABLE_FAULT_UNREACHABLE },
};

START_TEST(faults)
{
	struct libiommu_pgtable_options options = four;

	options.phys_bits = 40;
	CHECK_FAULTS(&options, 0x1000, faults_rows);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("golden amdv1");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, made);
	tcase_add_test(tc, tables);
	tcase_add_test(tc, foreign);
	tcase_add_test(tc, skipped_levels);
	tcase_add_test(tc, marks_beside_tables);
	tcase_add_test(tc, marked);
	tcase_add_test(tc, not_coherent);
	tcase_add_test(tc, small_pages);
	tcase_add_test(tc, root_words);
	tcase_add_test(tc, faults);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
