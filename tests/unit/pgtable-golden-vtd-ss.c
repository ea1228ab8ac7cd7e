/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Golden entries of VT-d's second stage. Source: Intel VT-d specification 4.1;
 * section 9.8 "Second-Stage Paging Entries" has the entries, 3.7 "Second-Stage
 * Translation" the walk and what marks them.
 */
#include "tests/unit/pgtable-golden.h"

static const struct libiommu_pgtable_options four = LIBIOMMU_PGTABLE_OPTIONS_INIT;

/* 9.8: read bit 0, write bit 1, page size bit 7 above the lowest level, address 51:12 */
static const struct golden_leaf leaves[] = {
	{ 0x1000, 0, 12, RW, 1, U64(0x0000000000000003) },
	{ 0x1000, U64(0xfffffffffe000), 12, RO, 1, U64(0x000fffffffffe001) },
	{ 0x1000, U64(0x8000000001000), 12, WO, 1, U64(0x0008000000001002) },
	{ U64(0xfffffffff000), 0x1000, 12, RW, 1, U64(0x0000000000001003) },
	{ 0x200000, U64(0xfffffffe00000), 21, RW, 2, U64(0x000fffffffe00083) },
	{ 0x200000, 0x200000, 21, RO, 2, U64(0x0000000000200081) },
	{ 0x200000, 0x200000, 21, WO, 2, U64(0x0000000000200082) },
	{ U64(0x40000000), U64(0xfffffc0000000), 30, RW, 3, U64(0x000fffffc0000083) },
	{ U64(0x40000000), 0x40000000, 30, RO, 3, U64(0x0000000040000081) },
	{ U64(0x40000000), 0x40000000, 30, WO, 3, U64(0x0000000040000082) },
};

START_TEST(made)
{
	struct libiommu_pgtable_options options = four;

	for (options.levels = 4; options.levels <= 5; options.levels++)
		CHECK_LEAVES(&options, leaves);
}
END_TEST

/* 9.8: a table is its address with read and write; three tables below the root */
START_TEST(tables)
{
	open_golden(&four, USUAL_ROOMS);
	golden_map(U64(0x8080604000), 0, 0x1000, RO);
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 4), U64(0x1200100003));
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 3), U64(0x1200200003));
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 2), U64(0x1200300003));
	close_golden();
	open_golden(&four, U64(0xfffffff000000));
	golden_map(0, 0, 0x200000, RW);
	ck_assert_uint_eq(golden_entry(0, 4), U64(0x000fffffff100003));
	close_golden();
}
END_TEST

/* The page at 0x1000 has the tables 0x1200000000 (level 4) to 0x1200300000 (level 1). */
static const struct golden_found found[] = {
	{ "nothing allowed, 9.8: not present", 1, 0x5000, EMPTY, false, 0, 0, 0 },
	{ "only what is ignored", 1, U64(0xbff0000000000c00), EMPTY, false, 0, 0, 0 },
	{ "a page", 1, 0x5003, LEAF, true, RW, 0x5000, 0x1000 },
	{ "a page to be read", 1, 0x5001, LEAF, true, RO, 0x5000, 0x1000 },
	{ "a page to be written", 1, 0x5002, LEAF, true, WO, 0x5000, 0x1000 },
	{ "snooped, 9.8 bit 11", 1, 0x5803, LEAF, true, RW, 0x5000, 0x1000 },
	{ "ignored bits 63 and 61:52", 1, U64(0xbff0000000005003), LEAF, true, RW, 0x5000, 0x1000 },
	{ "reserved bit 62", 1, U64(0x4000000000005003), BROKEN, false, 0, 0, 0 },
	{ "2 MiB", 2, 0x600083, LEAF, true, RW, 0x600000, 0x200000 },
	{ "2 MiB with bit 12", 2, 0x601083, BROKEN, false, 0, 0, 0 },
	{ "2 MiB with bit 20", 2, 0x700083, BROKEN, false, 0, 0, 0 },
	{ "1 GiB", 3, 0x80000083, LEAF, true, RW, 0x80000000, 0x40000000 },
	{ "1 GiB with bit 29", 3, 0xa0000083, BROKEN, false, 0, 0, 0 },
	{ "512 GiB: bit 7 is reserved", 4, 0x83, BROKEN, false, 0, 0, 0 },
	{ "a table to be read", 2, U64(0x1200300001), LINK, true, RO, 0x1000, 0x1000 },
	{ "a table to be written", 3, U64(0x1200200002), LINK, true, WO, 0x1000, 0x1000 },
	{ "a table that is marked accessed", 3, U64(0x1200200103), LINK, true, RW, 0x1000, 0x1000 },
	{ "a table with snoop, reserved", 3, U64(0x1200200803), BROKEN, false, 0, 0, 0 },
	{ "a table outside memory", 3, U64(0x8000000000003), BROKEN, false, 0, 0, 0 },
};

START_TEST(foreign)
{
	CHECK_FOUND(&four, 0x1000, found);
}
END_TEST

/* 9.8: accessed bit 8, dirty bit 9 */
START_TEST(marked)
{
	static const uint64_t pages[] = { 0x3, 0x103, 0x303 }, large[] = { 0x83, 0x183, 0x383 };

	check_marked(&four, 0x1000, 1, 0x1000, pages);
	check_marked(&four, 0x200000, 2, 0x200000, large);
	check_marked(&four, 0x40000000, 3, 0x40000000, large);
}
END_TEST

/* 9.3 and 9.6: second-stage pointer 63:12; AW 1 is 39 bits, 2 is 48, 3 is 57 */
static const struct golden_root root_values[] = {
	{ LIBIOMMU_PGTABLE_VTD_SS, 3, 0, 0, U64(0x1200000000), U64(1) },
	{ LIBIOMMU_PGTABLE_VTD_SS, 4, 0, 0, U64(0x1200000000), U64(2) },
	{ LIBIOMMU_PGTABLE_VTD_SS, 5, 0, 0, U64(0x1200000000), U64(3) },
};

START_TEST(root_words)
{
	check_roots(root_values, COUNT(root_values));
}
END_TEST

/* 7.1.3: the kinds of faults, with addresses of 40 bits */
static const struct golden_fault faults_rows[] = {
	{ "a page", 1, U64(0x5003), RW, LIBIOMMU_PGTABLE_FAULT_NONE },
	{ "reading is not allowed", 1, U64(0x5002), RO, LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "writing is not allowed", 1, U64(0x5001), WO, LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "nothing", 1, U64(0x5000), RO, LIBIOMMU_PGTABLE_FAULT_EMPTY },
	{ "a table below which writing is not allowed", 3, U64(0x1200200001), WO,
	  LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "reserved bit 62", 1, U64(0x4000000000005003), RO, LIBIOMMU_PGTABLE_FAULT_RESERVED },
	{ "2 MiB with bit 12", 2, U64(0x601083), RO, LIBIOMMU_PGTABLE_FAULT_RESERVED },
	{ "an address of 41 bits", 1, U64(0x10000000003), RO, LIBIOMMU_PGTABLE_FAULT_WIDTH },
	{ "a table of 41 bits", 2, U64(0x10000000003), RO, LIBIOMMU_PGTABLE_FAULT_WIDTH },
	{ "a table outside memory", 2, U64(0x9000000003), RO, LIBIOMMU_PGTABLE_FAULT_UNREACHABLE },
};

START_TEST(faults)
{
	struct libiommu_pgtable_options options = four;

	options.phys_bits = 40;
	CHECK_FAULTS(&options, 0x1000, faults_rows);
}
END_TEST

/* 9.8: what allows nothing is not present, and then its bits 8 and 9 say nothing. */
START_TEST(marks_of_nothing)
{
	uint64_t *slot, old, bitmap = 0;

	open_golden(&four, PROCESS);
	golden_map(0x1000, 0x1000, 0x1000, RW);
	golden_step(0x1000, 1, &slot);
	old = *slot;
	*slot = 0x5300;
	ck_assert_int_eq(
		libiommu_pgtable_read_marks(pt, 0x1000, 0x1000, 0, 12, &bitmap, &gather, NULL), 0);
	ck_assert_uint_eq(bitmap, 0);
	ck_assert_uint_eq(*slot, 0x5300);
	*slot = old;
	close_golden();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("golden vtd-ss");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, made);
	tcase_add_test(tc, tables);
	tcase_add_test(tc, foreign);
	tcase_add_test(tc, marked);
	tcase_add_test(tc, root_words);
	tcase_add_test(tc, faults);
	tcase_add_test(tc, marks_of_nothing);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
