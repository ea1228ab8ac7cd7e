/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Golden entries of RISC-V. Source: RISC-V privileged specification, chapter
 * "Supervisor-Level ISA": sections Sv39, Sv48, Sv57 with their figures of the
 * page-table entry, "Virtual Address Translation Process" (the numbered steps),
 * extensions Svnapot (table of encodings) and Svpbmt (table of encodings);
 * chapter "Hypervisor Extension", "Guest Physical Address Translation".
 * RISC-V IOMMU specification 1.0: "Process to translate an IOVA" (requests
 * without supervisor privilege are user accesses).
 */
#include "tests/unit/pgtable-golden.h"

/* V 0, R 1, W 2, X 3, U 4, A 6, D 7, PPN 53:10 */
static const struct golden_leaf leaves[] = {
	{ 0x1000, 0, 12, RW, 1, U64(0x00000000000000df) },
	{ 0x1000, 0x1000, 12, RW, 1, U64(0x00000000000004df) },
	{ 0x1000, U64(0xfffffffffff000), 12, RW, 1, U64(0x003ffffffffffcdf) },
	{ 0x1000, U64(0xfffffffffff000), 12, RO, 1, U64(0x003ffffffffffc5b) },
	{ 0x200000, 0x200000, 21, RW, 2, U64(0x00000000000800df) },
	{ 0x200000, U64(0xffffffffe00000), 21, RO, 2, U64(0x003ffffffff8005b) },
	{ 0x40000000, 0x40000000, 30, RW, 3, U64(0x00000000100000df) },
	{ 0x40000000, U64(0xffffffc0000000), 30, RO, 3, U64(0x003ffffff000005b) },
	/* Svnapot: N 63, PPN[3:0] = 1000 */
	{ 0x10000, 0, 16, RW, 1, U64(0x80000000000020df) },
	{ 0x10000, 0x10000, 16, RW, 1, U64(0x80000000000060df) },
	{ 0x30000, U64(0xffffffffff0000), 16, RO, 1, U64(0x803fffffffffe05b) },
};

/* Leaves of the fourth and fifth level */
static const struct golden_leaf leaves_sv48[] = {
	{ U64(0x8000000000), U64(0x8000000000), 39, RW, 4, U64(0x00000020000000df) },
	{ U64(0x8000000000), U64(0xffff8000000000), 39, RO, 4, U64(0x003fffe00000005b) },
};
static const struct golden_leaf leaves_sv57[] = {
	{ U64(0x1000000000000), U64(0x1000000000000), 48, RW, 5, U64(0x00004000000000df) },
	{ U64(0x1000000000000), U64(0xff000000000000), 48, RO, 5, U64(0x003fc0000000005b) },
};

/* Sv48: the page at 0x1000 has the tables 0x1200000000 (level 4) to 0x1200300000 (level 1). */
static const struct golden_found found[] = {
	{ "all but valid", 1, U64(0xfffffffffffffffe), EMPTY, false, 0, 0, 0 },
	{ "a page", 1, 0x14df, LEAF, true, RW, 0x5000, 0x1000 },
	{ "a page to be read", 1, 0x1453, LEAF, true, RO, 0x5000, 0x1000 },
	{ "a page to be executed", 1, 0x1459, LEAF, true, 0, 0x5000, 0x1000 },
	{ "a page of the supervisor", 1, 0x14cf, LEAF, true, 0, 0x5000, 0x1000 },
	{ "global, software bits", 1, 0x17ff, LEAF, true, RW, 0x5000, 0x1000 },
	{ "step 3: W without R", 1, 0x14d5, BROKEN, false, 0, 0, 0 },
	{ "step 3: W and X without R", 1, 0x14dd, BROKEN, false, 0, 0, 0 },
	{ "step 4: a table below the lowest", 1, 0x1401, BROKEN, false, 0, 0, 0 },
	{ "never accessed: a fault where hardware sets no bit", 1, 0x141f, LEAF, true, 0, 0x5000,
	  0x1000 },
	{ "clean: writing is a fault where hardware sets no bit", 1, 0x145f, LEAF, true, RO, 0x5000,
	  0x1000 },
	{ "reserved bit 54", 1, U64(0x00400000000014df), BROKEN, false, 0, 0, 0 },
	{ "reserved bit 60", 1, U64(0x10000000000014df), BROKEN, false, 0, 0, 0 },
	{ "Svpbmt 1, not cached", 1, U64(0x20000000000014df), LEAF, true, RW, 0x5000, 0x1000 },
	{ "Svpbmt 2, I/O", 1, U64(0x40000000000014df), LEAF, true, RW, 0x5000, 0x1000 },
	{ "Svpbmt 3, reserved", 1, U64(0x60000000000014df), BROKEN, false, 0, 0, 0 },
	{ "Svnapot 1000: 64 KiB", 1, U64(0x80000000000060df), LEAF, true, RW, 0x10000, 0x10000 },
	{ "Svnapot xxx1, reserved", 1, U64(0x80000000000064df), BROKEN, false, 0, 0, 0 },
	{ "Svnapot xx10, reserved", 1, U64(0x80000000000068df), BROKEN, false, 0, 0, 0 },
	{ "Svnapot x100, reserved", 1, U64(0x80000000000070df), BROKEN, false, 0, 0, 0 },
	{ "Svnapot 0000, reserved", 1, U64(0x80000000000040df), BROKEN, false, 0, 0, 0 },
	{ "2 MiB", 2, 0x1800df, LEAF, true, RW, 0x600000, 0x200000 },
	{ "step 5: 2 MiB with PPN[0] bit 0", 2, 0x1804df, BROKEN, false, 0, 0, 0 },
	{ "step 5: 2 MiB with PPN[0] bit 8", 2, 0x1c00df, BROKEN, false, 0, 0, 0 },
	{ "Svnapot above the lowest level", 2, U64(0x80000000001820df), BROKEN, false, 0, 0, 0 },
	{ "N above the lowest level", 2, U64(0x80000000001800df), BROKEN, false, 0, 0, 0 },
	{ "1 GiB", 3, 0x200000df, LEAF, true, RW, 0x80000000, 0x40000000 },
	{ "1 GiB with PPN[1] bit 8", 3, 0x280000df, BROKEN, false, 0, 0, 0 },
	{ "512 GiB", 4, U64(0x20000000df), LEAF, true, RW, U64(0x8000000000), U64(0x8000000000) },
	{ "512 GiB with PPN[2] bit 8", 4, U64(0x30000000df), BROKEN, false, 0, 0, 0 },
	{ "a table", 2, U64(0x4800c0001), LINK, true, RW, 0x1000, 0x1000 },
	{ "a table, global, software bits", 2, U64(0x4800c0321), LINK, true, RW, 0x1000, 0x1000 },
	{ "a table with A, reserved", 3, U64(0x480080041), BROKEN, false, 0, 0, 0 },
	{ "a table with D, reserved", 3, U64(0x480080081), BROKEN, false, 0, 0, 0 },
	{ "a table with U, reserved", 3, U64(0x480080011), BROKEN, false, 0, 0, 0 },
	{ "a table with N, reserved", 3, U64(0x8000000480080001), BROKEN, false, 0, 0, 0 },
	{ "a table with PBMT, reserved", 3, U64(0x2000000480080001), BROKEN, false, 0, 0, 0 },
	{ "a table with bit 54, reserved", 3, U64(0x0040000480080001), BROKEN, false, 0, 0, 0 },
	{ "a table outside memory", 3, U64(0x0020000000000001), BROKEN, false, 0, 0, 0 },
};

static const struct libiommu_pgtable_options sv48 = {
	.size = sizeof(sv48),
	.format = LIBIOMMU_PGTABLE_RISCV,
	.flags = LIBIOMMU_PGTABLE_MARKED,
};

START_TEST(made)
{
	struct libiommu_pgtable_options options = sv48;
	unsigned int g;

	for (g = 0; g < 2; g++) {
		options.format = g ? LIBIOMMU_PGTABLE_RISCV_G : LIBIOMMU_PGTABLE_RISCV;
		for (options.levels = 3; options.levels <= 5; options.levels++) {
			CHECK_LEAVES(&options, leaves);
			if (options.levels >= 4)
				CHECK_LEAVES(&options, leaves_sv48);
			if (options.levels >= 5)
				CHECK_LEAVES(&options, leaves_sv57);
		}
	}
}
END_TEST

/* V alone, PPN 53:10 */
START_TEST(tables)
{
	open_golden(&sv48, USUAL_ROOMS);
	golden_map(U64(0x8080604000), 0, 0x1000, RO);
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 4), U64(0x480040001));
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 3), U64(0x480080001));
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 2), U64(0x4800c0001));
	close_golden();
	open_golden(&sv48, U64(0xfffffff0000000));
	golden_map(0, 0, 0x200000, RW);
	ck_assert_uint_eq(golden_entry(0, 4), U64(0x003ffffffc040001));
	close_golden();
}
END_TEST

START_TEST(foreign)
{
	struct libiommu_pgtable_options options = sv48;

	CHECK_FOUND(&options, 0x1000, found);
	options.format = LIBIOMMU_PGTABLE_RISCV_G;
	CHECK_FOUND(&options, 0x1000, found);
}
END_TEST

/* "Guest Physical Address Translation": two more bits index a root of 16 KiB. */
START_TEST(wide_root)
{
	static const uint64_t last[] = { U64(0x1ffffffffff), U64(0x3ffffffffffff),
					 U64(0x7ffffffffffffff) };
	struct libiommu_pgtable_options options = sv48;
	struct libiommu_pgtable_step step;
	uint64_t *slot;

	options.format = LIBIOMMU_PGTABLE_RISCV_G;
	for (options.levels = 3; options.levels <= 5; options.levels++) {
		open_golden(&options, USUAL_ROOMS);
		ck_assert_uint_eq(libiommu_pgtable_describe(pt)->iova_last,
				  last[options.levels - 3]);
		golden_map(last[options.levels - 3] - 0xfff, 0x1000, 0x1000, RW);
		step = golden_step(last[options.levels - 3], options.levels, &slot);
		ck_assert_uint_eq(step.index, 2047);
		ck_assert_uint_eq(step.entry, U64(0x480040001));
		ck_assert_uint_eq(golden_entry(last[options.levels - 3], 1), 0x4df);
		close_golden();
	}
}
END_TEST

/* With hardware that sets A and D, pages begin without: step 9 */
START_TEST(marked)
{
	static const uint64_t page[] = { 0x1f, 0x5f, 0xdf };
	static const uint64_t run[] = { U64(0x800000000000201f), U64(0x800000000000205f),
					U64(0x80000000000020df) };
	struct libiommu_pgtable_options options = sv48;

	options.flags = 0;
	check_marked(&options, 0x1000, 1, 0x1000, page);
	check_marked(&options, 0x10000, 1, 0x10000, run);
	check_marked(&options, 0x200000, 2, 0x200000, page);
	check_marked(&options, 0x40000000, 3, 0x40000000, page);
	check_marked(&options, U64(0x8000000000), 4, U64(0x8000000000), page);
}
END_TEST

/* The same page where hardware sets A and D: what is missing is no fault. */
static const struct golden_found found_tracked[] = {
	{ "never accessed", 1, 0x141f, LEAF, true, RW, 0x5000, 0x1000 },
	{ "clean", 1, 0x145f, LEAF, true, RW, 0x5000, 0x1000 },
	{ "clean, to be read", 1, 0x1453, LEAF, true, RO, 0x5000, 0x1000 },
	{ "never accessed, of the supervisor", 1, 0x140f, LEAF, true, 0, 0x5000, 0x1000 },
};

START_TEST(foreign_tracked)
{
	struct libiommu_pgtable_options options = sv48;

	options.flags = 0;
	CHECK_FOUND(&options, 0x1000, found_tracked);
}
END_TEST

static const struct golden_leaf leaves_no_execution[] = {
	{ 0x1000, 0x1000, 12, RW, 1, U64(0x00000000000004d7) },
	{ 0x1000, 0x1000, 12, RO, 1, U64(0x0000000000000453) },
};
static const struct golden_leaf leaves_uncached[] = {
	{ 0x1000, 0x1000, 12, RW, 1, U64(0x20000000000004df) },
	{ 0x10000, 0x10000, 16, RO, 1, U64(0xa00000000000605b) },
};
static const struct golden_leaf leaves_io[] = {
	{ 0x1000, 0x1000, 12, RW, 1, U64(0x40000000000004df) },
};
/* Nothing is marked where hardware does it. */
static const struct golden_leaf leaves_tracked[] = {
	{ 0x1000, 0x1000, 12, RW, 1, U64(0x000000000000041f) },
	{ 0x1000, 0x1000, 12, RO, 1, U64(0x000000000000041b) },
};

START_TEST(attributes)
{
	struct libiommu_pgtable_options options = sv48;

	options.attributes = LIBIOMMU_PGTABLE_RISCV_NO_EXEC;
	CHECK_LEAVES(&options, leaves_no_execution);
	options.attributes = LIBIOMMU_PGTABLE_RISCV_PBMT(1);
	CHECK_LEAVES(&options, leaves_uncached);
	options.attributes = LIBIOMMU_PGTABLE_RISCV_PBMT(2);
	CHECK_LEAVES(&options, leaves_io);
	options.attributes = LIBIOMMU_PGTABLE_RISCV_TRACKED;
	CHECK_LEAVES(&options, leaves);
	CHECK_FOUND(&options, 0x1000, found_tracked);
	options.flags = 0;
	options.attributes = 0;
	CHECK_LEAVES(&options, leaves_tracked);
	options.attributes = LIBIOMMU_PGTABLE_RISCV_PBMT(3);
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
	options.attributes = LIBIOMMU_PGTABLE_RISCV_PBMT(1) | LIBIOMMU_PGTABLE_RISCV_NO_SVPBMT;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
	options.attributes = 8;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
}
END_TEST

/* What hardware without Svpbmt, Svnapot, or with addresses of 44 bits makes of entries. */
static const struct golden_found found_less[] = {
	{ "a page", 1, 0x14df, LEAF, true, RW, 0x5000, 0x1000 },
	{ "Svpbmt 1 is reserved", 1, U64(0x20000000000014df), BROKEN, false, 0, 0, 0 },
	{ "Svpbmt 2 is reserved", 1, U64(0x40000000000014df), BROKEN, false, 0, 0, 0 },
	{ "Svnapot is reserved", 1, U64(0x80000000000060df), BROKEN, false, 0, 0, 0 },
	{ "an address of 44 bits", 1, U64(0x000003fffffffcdf), LEAF, true, RW, U64(0xffffffff000),
	  0x1000 },
	{ "an address of 45 bits", 1, U64(0x00000400000000df), BROKEN, false, 0, 0, 0 },
	{ "a table of 45 bits", 2, U64(0x0000040000000001), BROKEN, false, 0, 0, 0 },
};

START_TEST(less_hardware)
{
	struct libiommu_pgtable_options options = sv48;

	options.attributes = LIBIOMMU_PGTABLE_RISCV_NO_SVPBMT;
	options.leaf_sizes = 0x1000 | 0x200000 | 0x40000000;
	options.phys_bits = 44;
	CHECK_FOUND(&options, 0x1000, found_less);
}
END_TEST

/* fsc and iohgatp: mode 63:60 is 8, 9, 10 for Sv39(x4), Sv48(x4), Sv57(x4); PPN 43:0 */
static const struct golden_root root_values[] = {
	{ LIBIOMMU_PGTABLE_RISCV, 3, 0, 0, U64(0x8000000001200000), U64(8) },
	{ LIBIOMMU_PGTABLE_RISCV, 4, 0, 0, U64(0x9000000001200000), U64(9) },
	{ LIBIOMMU_PGTABLE_RISCV, 5, 0, 0, U64(0xa000000001200000), U64(10) },
	{ LIBIOMMU_PGTABLE_RISCV_G, 3, 0, 0, U64(0x8000000001200000), U64(8) },
	{ LIBIOMMU_PGTABLE_RISCV_G, 4, 0, 0, U64(0x9000000001200000), U64(9) },
	{ LIBIOMMU_PGTABLE_RISCV_G, 5, 0, 0, U64(0xa000000001200000), U64(10) },
};

START_TEST(root_words)
{
	check_roots(root_values, COUNT(root_values));
}
END_TEST

/* Steps of the translation, hardware that sets no A and D, addresses of 40 bits */
static const struct golden_fault faults_rows[] = {
	{ "a page", 1, U64(0x14df), RW, LIBIOMMU_PGTABLE_FAULT_NONE },
	{ "step 3: not valid", 1, U64(0x14de), RO, LIBIOMMU_PGTABLE_FAULT_EMPTY },
	{ "step 3: W without R", 1, U64(0x14d5), RO, LIBIOMMU_PGTABLE_FAULT_RESERVED },
	{ "step 3: reserved bit", 2, U64(0x00400004800c0001), RO, LIBIOMMU_PGTABLE_FAULT_RESERVED },
	{ "step 5: misaligned", 2, U64(0x1804df), RO, LIBIOMMU_PGTABLE_FAULT_RESERVED },
	{ "step 6: not writable", 1, U64(0x145b), RW, LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "step 6: of the supervisor", 1, U64(0x140f), RO, LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "step 9: never accessed", 1, U64(0x141f), RO, LIBIOMMU_PGTABLE_FAULT_UNMARKED },
	{ "step 9: clean, to be read", 1, U64(0x145f), RO, LIBIOMMU_PGTABLE_FAULT_NONE },
	{ "step 9: clean, to be written", 1, U64(0x145f), WO, LIBIOMMU_PGTABLE_FAULT_UNMARKED },
	{ "step 9: neither writable nor accessed", 1, U64(0x1413), WO,
	  LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "an address of 41 bits", 1, U64(0x40000000df), RO, LIBIOMMU_PGTABLE_FAULT_WIDTH },
	{ "step 2: a table outside memory", 2, U64(0x2400000001), RO,
	  LIBIOMMU_PGTABLE_FAULT_UNREACHABLE },
};

START_TEST(faults)
{
	struct libiommu_pgtable_options options = sv48;

	options.phys_bits = 40;
	CHECK_FAULTS(&options, 0x1000, faults_rows);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("golden riscv");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, made);
	tcase_add_test(tc, tables);
	tcase_add_test(tc, foreign);
	tcase_add_test(tc, wide_root);
	tcase_add_test(tc, marked);
	tcase_add_test(tc, foreign_tracked);
	tcase_add_test(tc, attributes);
	tcase_add_test(tc, less_hardware);
	tcase_add_test(tc, root_words);
	tcase_add_test(tc, faults);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
