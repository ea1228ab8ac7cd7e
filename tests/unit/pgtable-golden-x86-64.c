/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Golden entries of x86-64. Source: Intel SDM volume 3A, chapter "Paging", which
 * is number 4 and in newer editions 5: its sections 5 with tables 15 to 20, "Format
 * of a ... Entry", 6 (access rights), 8 (accessed and dirty flags). The same in
 * VT-d 4.1, 9.7 "First-Stage Paging Entries".
 */
#include "tests/unit/pgtable-golden.h"

static const struct libiommu_pgtable_options four = {
	.size = sizeof(four),
	.format = LIBIOMMU_PGTABLE_X86_64,
};

/* Tables 16, 18, 20: present 0, writable 1, user 2, page size 7, address 51:12 */
static const struct golden_leaf leaves[] = {
	{ 0x1000, 0, 12, RW, 1, U64(0x0000000000000007) },
	{ 0x1000, U64(0xfffffffffe000), 12, RO, 1, U64(0x000fffffffffe005) },
	{ U64(0x7ffffffff000), 0x1000, 12, RW, 1, U64(0x0000000000001007) },
	{ 0x200000, U64(0xfffffffe00000), 21, RW, 2, U64(0x000fffffffe00087) },
	{ 0x200000, 0x200000, 21, RO, 2, U64(0x0000000000200085) },
	{ U64(0x40000000), U64(0xfffffc0000000), 30, RW, 3, U64(0x000fffffc0000087) },
	{ U64(0x40000000), 0x40000000, 30, RO, 3, U64(0x0000000040000085) },
};

START_TEST(made)
{
	struct libiommu_pgtable_options options = four;

	for (options.levels = 4; options.levels <= 5; options.levels++)
		CHECK_LEAVES(&options, leaves);
}
END_TEST

/* Tables 15, 17, 19: present, writable, user, address; a read-only page keeps them */
START_TEST(tables)
{
	open_golden(&four, USUAL_ROOMS);
	golden_map(U64(0x8080604000), 0, 0x1000, RO);
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 4), U64(0x1200100007));
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 3), U64(0x1200200007));
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 2), U64(0x1200300007));
	close_golden();
	open_golden(&four, U64(0xfffffff000000));
	golden_map(0, 0, 0x200000, RW);
	ck_assert_uint_eq(golden_entry(0, 4), U64(0x000fffffff100007));
	close_golden();
}
END_TEST

/* The page at 0x1000 has the tables 0x1200000000 (level 4) to 0x1200300000 (level 1). */
static const struct golden_found found[] = {
	{ "all but present", 1, U64(0xfffffffffffffffe), EMPTY, false, 0, 0, 0 },
	{ "a page", 1, 0x5007, LEAF, true, RW, 0x5000, 0x1000 },
	{ "a page to be read", 1, 0x5005, LEAF, true, RO, 0x5000, 0x1000 },
	{ "a page of the supervisor", 1, 0x5003, LEAF, true, 0, 0x5000, 0x1000 },
	{ "attributes: 3, 4, 7, 8", 1, 0x519f, LEAF, true, RW, 0x5000, 0x1000 },
	{ "ignored 62:52, no execution 63", 1, U64(0xfff0000000005e07), LEAF, true, RW, 0x5000,
	  0x1000 },
	{ "2 MiB", 2, 0x600087, LEAF, true, RW, 0x600000, 0x200000 },
	{ "2 MiB with attribute bit 12", 2, 0x601087, LEAF, true, RW, 0x600000, 0x200000 },
	{ "2 MiB with bit 13", 2, 0x602087, BROKEN, false, 0, 0, 0 },
	{ "2 MiB with bit 20", 2, 0x700087, BROKEN, false, 0, 0, 0 },
	{ "1 GiB", 3, 0x80000087, LEAF, true, RW, 0x80000000, 0x40000000 },
	{ "1 GiB with bit 13", 3, 0x80002087, BROKEN, false, 0, 0, 0 },
	{ "1 GiB with bit 29", 3, 0xa0000087, BROKEN, false, 0, 0, 0 },
	{ "512 GiB: bit 7 is reserved", 4, 0x87, BROKEN, false, 0, 0, 0 },
	{ "a table to be read", 2, U64(0x1200300005), LINK, true, RO, 0x1000, 0x1000 },
	{ "a table of the supervisor", 3, U64(0x1200200003), LINK, true, 0, 0x1000, 0x1000 },
	{ "a table that is marked accessed", 3, U64(0x1200200027), LINK, true, RW, 0x1000, 0x1000 },
	{ "a table outside memory", 3, U64(0x8000000000007), BROKEN, false, 0, 0, 0 },
};

START_TEST(foreign)
{
	CHECK_FOUND(&four, 0x1000, found);
}
END_TEST

/* Tables 16, 18, 20: accessed bit 5, dirty bit 6 */
START_TEST(marked)
{
	static const uint64_t pages[] = { 0x07, 0x27, 0x67 }, large[] = { 0x87, 0xa7, 0xe7 };

	check_marked(&four, 0x1000, 1, 0x1000, pages);
	check_marked(&four, 0x200000, 2, 0x200000, large);
	check_marked(&four, 0x40000000, 3, 0x40000000, large);
}
END_TEST

/* VT-d 9.6: first-stage pointer 63:12; FSPM 0 is four levels, 1 is five */
static const struct golden_root root_values[] = {
	{ LIBIOMMU_PGTABLE_X86_64, 4, 0, 0, U64(0x1200000000), U64(0) },
	{ LIBIOMMU_PGTABLE_X86_64, 5, 0, 0, U64(0x1200000000), U64(1) },
};

START_TEST(root_words)
{
	check_roots(root_values, COUNT(root_values));
}
END_TEST

/* 4.7: present, access, reserved; addresses of 40 bits */
static const struct golden_fault faults_rows[] = {
	{ "a page", 1, U64(0x5007), RW, LIBIOMMU_PGTABLE_FAULT_NONE },
	{ "writing is not allowed", 1, U64(0x5005), RW, LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "a page of the supervisor", 1, U64(0x5003), RO, LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "nothing", 1, U64(0x5006), RO, LIBIOMMU_PGTABLE_FAULT_EMPTY },
	{ "512 GiB", 4, U64(0x87), RO, LIBIOMMU_PGTABLE_FAULT_RESERVED },
	{ "an address of 41 bits", 1, U64(0x10000000007), RO, LIBIOMMU_PGTABLE_FAULT_WIDTH },
	{ "a table outside memory", 2, U64(0x9000000007), RO, LIBIOMMU_PGTABLE_FAULT_UNREACHABLE },
};

START_TEST(faults)
{
	struct libiommu_pgtable_options options = four;

	options.phys_bits = 40;
	CHECK_FAULTS(&options, 0x1000, faults_rows);
}
END_TEST

/* Hardware without pages of 1 GiB, which somebody writes all the same. */
static void check_missing_size(uint64_t where)
{
	struct libiommu_pgtable_options small = four;
	struct libiommu_pgtable_leaf leaf;
	uint64_t *slot, old;

	small.leaf_sizes = 0x201000;
	open_golden(&small, where);
	golden_map(0x1000, 0x1000, 0x1000, RW);
	golden_step(0x1000, 2, &slot);
	old = *slot;
	*slot = 0x87;
	ck_assert(libiommu_pgtable_translate(pt, 0x1000, &leaf));
	ck_assert_uint_eq(leaf.length, 0x200000);
	*slot = old;
	golden_step(0x1000, 3, &slot);
	old = *slot;
	*slot = 0x87;
	ck_assert(!libiommu_pgtable_translate(pt, 0x1000, &leaf));
	*slot = old;
	close_golden();
}

START_TEST(missing_size)
{
	check_missing_size(USUAL_ROOMS);
	check_missing_size(PROCESS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("golden x86-64");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, made);
	tcase_add_test(tc, tables);
	tcase_add_test(tc, foreign);
	tcase_add_test(tc, missing_size);
	tcase_add_test(tc, marked);
	tcase_add_test(tc, root_words);
	tcase_add_test(tc, faults);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
