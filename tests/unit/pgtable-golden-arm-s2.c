/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Golden entries of ARM's long descriptors, stage 2. Source: Arm Architecture
 * Reference Manual for A-profile (DDI 0487), chapter D8: "Translation table
 * descriptor formats" (stage 2 attribute fields, S2AP, MemAttr), "Concatenated
 * translation tables", VTCR_EL2 (T0SZ, SL0, TG0). The same fields are S2T0SZ,
 * S2SL0, S2TG in a stream table entry (SMMUv3, IHI 0070, "STE"). Levels count
 * from the pages upward here: level 1 is ARM's level 3.
 */
#include "tests/unit/pgtable-golden.h"

static const struct libiommu_pgtable_options usual = {
	.size = sizeof(usual),
	.format = LIBIOMMU_PGTABLE_ARM_S2_4K,
	.flags = LIBIOMMU_PGTABLE_MARKED,
};

/*
 * Bits 1:0 type, MemAttr 5:2 = 15 write-back, S2AP 6 read, 7 write, SH 9:8 = 3
 * inner, AF 10, address 47:n. Nothing is at bit 11.
 */
static const struct golden_leaf leaves_4k[] = {
	{ 0x1000, 0, 12, RW, 1, U64(0x00000000000007ff) },
	{ 0x1000, U64(0xfffffffff000), 12, RO, 1, U64(0x0000fffffffff77f) },
	{ 0x1000, 0x5000, 12, WO, 1, U64(0x00000000000057bf) },
	{ U64(0xfffffffff000), 0x1000, 12, RW, 1, U64(0x00000000000017ff) },
	{ 0x200000, U64(0xffffffe00000), 21, RW, 2, U64(0x0000ffffffe007fd) },
	{ 0x200000, 0x200000, 21, RO, 2, U64(0x000000000020077d) },
	{ 0x200000, 0x200000, 21, WO, 2, U64(0x00000000002007bd) },
	{ 0x40000000, U64(0xffffc0000000), 30, RW, 3, U64(0x0000ffffc00007fd) },
	{ 0x40000000, 0x40000000, 30, WO, 3, U64(0x00000000400007bd) },
};

/* Contiguous, bit 52: 16 entries, each with its own address */
static const struct golden_run runs_4k[] = {
	{ { 0x10000, 0x20000, 16, RW, 1, U64(0x00100000000207ff) }, U64(0x001000000002f7ff) },
	{ { 0x2000000, 0x4000000, 25, RO, 2, U64(0x001000000400077d) }, U64(0x0010000005e0077d) },
	{ { U64(0x400000000), U64(0x800000000), 34, RW, 3, U64(0x00100008000007fd) },
	  U64(0x0010000bc00007fd) },
};

static const struct golden_leaf leaves_16k[] = {
	{ 0x4000, U64(0xffffffffc000), 14, RW, 1, U64(0x0000ffffffffc7ff) },
	{ 0x2000000, U64(0xfffffe000000), 25, WO, 2, U64(0x0000fffffe0007bd) },
};

/* 128 pages, 32 blocks */
static const struct golden_run runs_16k[] = {
	{ { 0x200000, 0x400000, 21, RW, 1, U64(0x00100000004007ff) }, U64(0x00100000005fc7ff) },
	{ { 0x40000000, 0x80000000, 30, RO, 2, U64(0x001000008000077d) }, U64(0x00100000be00077d) },
};

/* Bits 15:12 hold the address's 51:48. */
static const struct golden_leaf leaves_64k[] = {
	{ 0x10000, U64(0xfffffffff0000), 16, RW, 1, U64(0x0000fffffffff7ff) },
	{ 0x10000, U64(0xa000000010000), 16, WO, 1, U64(0x000000000001a7bf) },
	{ 0x20000000, U64(0xfffffe0000000), 29, RO, 2, U64(0x0000ffffe000f77d) },
	{ U64(0x40000000000), U64(0x5040000000000), 42, RW, 3, U64(0x00000400000057fd) },
};

/* 32 pages, 32 blocks */
static const struct golden_run runs_64k[] = {
	{ { 0x200000, U64(0x3000000400000), 21, RW, 1, U64(0x00100000004037ff) },
	  U64(0x00100000005f37ff) },
	{ { U64(0x400000000), U64(0x800000000), 34, RW, 2, U64(0x00100008000007fd) },
	  U64(0x0010000be00007fd) },
};

/* The page at 0x1000 has the tables 0x1200000000 (level 4) to 0x1200300000 (level 1). */
static const struct golden_found found_4k[] = {
	{ "all but valid", 1, U64(0xfffffffffffffffe), EMPTY, false, 0, 0, 0 },
	{ "a page", 1, 0x57ff, LEAF, true, RW, 0x5000, 0x1000 },
	{ "a page to be read", 1, 0x577f, LEAF, true, RO, 0x5000, 0x1000 },
	{ "a page to be written", 1, 0x57bf, LEAF, true, WO, 0x5000, 0x1000 },
	{ "a page for nothing", 1, 0x573f, LEAF, true, 0, 0x5000, 0x1000 },
	{ "never accessed: a fault where hardware sets no flag", 1, 0x53ff, LEAF, true, 0, 0x5000,
	  0x1000 },
	{ "a DBM that hardware does not know", 1, U64(0x000800000000577f), LEAF, true, RO, 0x5000,
	  0x1000 },
	{ "other attributes", 1, 0x54c7, LEAF, true, RW, 0x5000, 0x1000 },
	{ "one of a run", 1, U64(0x00100000000217ff), LEAF, true, RW, 0x20000, 0x10000 },
	{ "a block where only pages are", 1, 0x57fd, BROKEN, false, 0, 0, 0 },
	{ "2 MiB", 2, 0x6007fd, LEAF, true, RW, 0x600000, 0x200000 },
	{ "1 GiB", 3, U64(0x8000077d), LEAF, true, RO, 0x80000000, 0x40000000 },
	{ "512 GiB: not a block", 4, 0x7fd, BROKEN, false, 0, 0, 0 },
	{ "a table, ignored bits set", 2, U64(0xfff8001200300fff), LINK, true, RW, 0x1000, 0x1000 },
	{ "a table outside memory", 3, U64(0x0000800000000003), BROKEN, false, 0, 0, 0 },
};

START_TEST(made)
{
	struct libiommu_pgtable_options options = usual;

	CHECK_LEAVES(&options, leaves_4k);
	CHECK_RUNS(&options, runs_4k);
	options.format = LIBIOMMU_PGTABLE_ARM_S2_16K;
	CHECK_LEAVES(&options, leaves_16k);
	CHECK_RUNS(&options, runs_16k);
	options.format = LIBIOMMU_PGTABLE_ARM_S2_64K;
	CHECK_LEAVES(&options, leaves_64k);
	CHECK_RUNS(&options, runs_64k);
}
END_TEST

START_TEST(foreign)
{
	CHECK_FOUND(&usual, 0x1000, found_4k);
}
END_TEST

/*
 * "Concatenated translation tables": up to 16 tables of the level below replace
 * a root of at most 16 entries.
 */
static const struct {
	enum libiommu_pgtable_format format;
	unsigned int granule, bits, levels, entries;
} roots[] = {
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 12, 48, 4, 512 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 12, 44, 4, 32 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 12, 43, 3, 16 * 512 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 12, 40, 3, 2 * 512 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 12, 39, 3, 512 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 12, 35, 3, 32 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 12, 34, 2, 16 * 512 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 12, 32, 2, 4 * 512 },
	{ LIBIOMMU_PGTABLE_ARM_S2_16K, 14, 48, 3, 2 * 2048 },
	{ LIBIOMMU_PGTABLE_ARM_S2_16K, 14, 40, 2, 16 * 2048 },
	{ LIBIOMMU_PGTABLE_ARM_S2_16K, 14, 36, 2, 2048 },
	{ LIBIOMMU_PGTABLE_ARM_S2_64K, 16, 52, 3, 1024 },
	{ LIBIOMMU_PGTABLE_ARM_S2_64K, 16, 46, 2, 16 * 8192 },
	{ LIBIOMMU_PGTABLE_ARM_S2_64K, 16, 42, 2, 8192 },
};

START_TEST(concatenated)
{
	struct libiommu_pgtable_options options = usual;
	struct libiommu_pgtable_step step;
	uint64_t page, last, *slot;
	size_t i;

	for (i = 0; i < COUNT(roots); i++) {
		options.format = roots[i].format;
		options.iova_bits = roots[i].bits;
		open_golden(&options, USUAL_ROOMS);
		page = U64(1) << roots[i].granule;
		last = (U64(1) << roots[i].bits) - page;
		ck_assert_uint_eq(libiommu_pgtable_describe(pt)->levels, roots[i].levels);
		golden_map(0, 0, page, RW);
		golden_map(last, page, page, RW);
		step = golden_step(last, roots[i].levels, &slot);
		ck_assert_uint_eq(step.index, roots[i].entries - 1);
		ck_assert_uint_eq(step.table, USUAL_ROOMS);
		step = golden_step(0, roots[i].levels, &slot);
		ck_assert_uint_eq(step.index, 0);
		ck_assert_uint_eq(golden_entry(last, 1), page | 0x7ff);
		close_golden();
	}
}
END_TEST

/* AF and, where DBM allows it, S2AP[1] are the hardware's. */
START_TEST(marked)
{
	static const uint64_t page[] = { U64(0x000800000000037f), U64(0x000800000000077f),
					 U64(0x00080000000007ff) };
	static const uint64_t block[] = { U64(0x000800000000037d), U64(0x000800000000077d),
					  U64(0x00080000000007fd) };
	struct libiommu_pgtable_options options = usual;

	options.flags = 0;
	check_marked(&options, 0x1000, 1, 0x1000, page);
	check_marked(&options, 0x200000, 2, 0x200000, block);
	check_marked(&options, 0x40000000, 3, 0x40000000, block);
}
END_TEST

static const struct golden_found found_tracked[] = {
	{ "never accessed", 1, 0x53ff, LEAF, true, RW, 0x5000, 0x1000 },
	{ "clean: DBM without S2AP[1]", 1, U64(0x000800000000577f), LEAF, true, RW, 0x5000,
	  0x1000 },
	{ "clean, to be written", 1, U64(0x000800000000573f), LEAF, true, WO, 0x5000, 0x1000 },
	{ "to be read", 1, 0x537f, LEAF, true, RO, 0x5000, 0x1000 },
};

START_TEST(foreign_tracked)
{
	struct libiommu_pgtable_options options = usual;

	options.flags = 0;
	CHECK_FOUND(&options, 0x1000, found_tracked);
}
END_TEST

/* Options: MemAttr 5:2, SH 9:8, XN 54:53 = 2, DBM 51 */
static const struct golden_leaf leaves_uncached[] = {
	{ 0x1000, 0x5000, 12, RW, 1, U64(0x00000000000056d7) },
};
static const struct golden_leaf leaves_device[] = {
	{ 0x1000, 0x5000, 12, WO, 1, U64(0x0040000000005487) },
};
static const struct golden_leaf leaves_dirty[] = {
	{ 0x1000, 0x5000, 12, RW, 1, U64(0x00080000000057ff) },
	{ 0x1000, 0x5000, 12, WO, 1, U64(0x00080000000057bf) },
	{ 0x1000, 0x5000, 12, RO, 1, U64(0x000000000000577f) },
};
/* Nothing is marked where hardware does it. */
static const struct golden_leaf leaves_clean[] = {
	{ 0x1000, 0x5000, 12, RW, 1, U64(0x000800000000537f) },
	{ 0x1000, 0x5000, 12, WO, 1, U64(0x000800000000533f) },
	{ 0x1000, 0x5000, 12, RO, 1, U64(0x000000000000537f) },
};

START_TEST(attributes)
{
	struct libiommu_pgtable_options options = usual;

	options.attributes = LIBIOMMU_PGTABLE_ARM_ATTR(5) | LIBIOMMU_PGTABLE_ARM_SHARED(2);
	CHECK_LEAVES(&options, leaves_uncached);
	options.attributes = LIBIOMMU_PGTABLE_ARM_ATTR(1) | LIBIOMMU_PGTABLE_ARM_SHARED(0) |
			     LIBIOMMU_PGTABLE_ARM_NO_EXEC;
	CHECK_LEAVES(&options, leaves_device);
	options.attributes = LIBIOMMU_PGTABLE_ARM_TRACKED;
	CHECK_LEAVES(&options, leaves_dirty);
	CHECK_FOUND(&options, 0x1000, found_tracked);
	options.flags = 0;
	options.attributes = 0;
	CHECK_LEAVES(&options, leaves_clean);
	options.attributes = LIBIOMMU_PGTABLE_ARM_GLOBAL;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
	options.attributes = LIBIOMMU_PGTABLE_ARM_NON_SECURE;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
	options.attributes = LIBIOMMU_PGTABLE_ARM_ATTR(16);
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
}
END_TEST

/*
 * VTCR_EL2: T0SZ 5:0, SL0 7:6, TG0 15:14 (0 4K, 1 64K, 2 16K), PS 18:16. SL0 with 4K: 0 begins at
 * ARM's level 2, 1 at 1, 2 at 0; with others 1 at 2, 2 at 1.
 */
static const struct golden_root root_values[] = {
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 0, 0, 0, U64(0x1200000000), U64(0x50090) },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 0, 40, 40, U64(0x1200000000), U64(0x20058) },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 0, 43, 44, U64(0x1200000000), U64(0x40055) },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 0, 32, 40, U64(0x1200000000), U64(0x20020) },
	{ LIBIOMMU_PGTABLE_ARM_S2_16K, 0, 0, 0, U64(0x1200000000), U64(0x58090) },
	{ LIBIOMMU_PGTABLE_ARM_S2_16K, 0, 40, 0, U64(0x1200000000), U64(0x58058) },
	{ LIBIOMMU_PGTABLE_ARM_S2_64K, 0, 0, 0, U64(0x1200000000), U64(0x64090) },
	{ LIBIOMMU_PGTABLE_ARM_S2_64K, 0, 46, 0, U64(0x1200000000), U64(0x64052) },
	{ LIBIOMMU_PGTABLE_ARM_S2_64K, 0, 52, 52, U64(0x1200000000), U64(0x6408c) },
};

START_TEST(root_words)
{
	check_roots(root_values, COUNT(root_values));
}
END_TEST

/* SMMUv3: F_TRANSLATION, F_ADDR_SIZE, F_ACCESS, F_PERMISSION; addresses of 44 bits */
static const struct golden_fault faults_rows[] = {
	{ "a page", 1, U64(0x57ff), RW, LIBIOMMU_PGTABLE_FAULT_NONE },
	{ "F_TRANSLATION: not valid", 1, U64(0x57fe), RO, LIBIOMMU_PGTABLE_FAULT_EMPTY },
	{ "F_TRANSLATION: a block at level 0", 4, U64(0x7fd), RO, LIBIOMMU_PGTABLE_FAULT_RESERVED },
	{ "F_ADDR_SIZE: a page of 45 bits", 1, U64(0x1000000007ff), RO,
	  LIBIOMMU_PGTABLE_FAULT_WIDTH },
	{ "F_ACCESS: no Access flag", 1, U64(0x53ff), RO, LIBIOMMU_PGTABLE_FAULT_UNMARKED },
	{ "F_PERMISSION: write-only", 1, U64(0x57bf), RO, LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "F_PERMISSION: clean, unknown DBM", 1, U64(0x000800000000577f), WO,
	  LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "an external abort", 2, U64(0x9000000003), RO, LIBIOMMU_PGTABLE_FAULT_UNREACHABLE },
};

START_TEST(faults)
{
	struct libiommu_pgtable_options options = usual;

	options.phys_bits = 44;
	CHECK_FAULTS(&options, 0x1000, faults_rows);
}
END_TEST

/* IPAs are no wider than physical addresses, and a first lookup at level 0 wants 44 bits of both. */
static const struct {
	unsigned int levels, iova_bits, phys_bits, got_levels, got_bits; /* got 0: refused */
} widths[] = {
	{ 0, 0, 0, 4, 48 },   { 0, 0, 44, 4, 44 },  { 0, 0, 42, 3, 42 }, { 0, 0, 32, 2, 32 },
	{ 4, 40, 44, 4, 40 }, { 4, 40, 42, 0, 0 },  { 4, 0, 44, 4, 44 }, { 3, 0, 48, 3, 43 },
	{ 0, 44, 42, 0, 0 },  { 0, 24, 48, 0, 0 },  { 3, 30, 48, 0, 0 }, { 3, 31, 48, 3, 31 },
	{ 2, 35, 48, 0, 0 },  { 2, 34, 48, 2, 34 }, { 4, 39, 48, 0, 0 },
};

START_TEST(widths_of_both)
{
	struct libiommu_pgtable_options options = usual;
	struct libiommu_pgtable_desc desc;
	size_t i;

	for (i = 0; i < COUNT(widths); i++) {
		options.levels = widths[i].levels;
		options.iova_bits = widths[i].iova_bits;
		options.phys_bits = widths[i].phys_bits;
		if (!widths[i].got_levels) {
			ck_assert_msg(libiommu_pgtable_format_describe(&options, &desc, NULL) ==
					      -EINVAL,
				      "row %zu", i);
			continue;
		}
		ck_assert_int_eq(libiommu_pgtable_format_describe(&options, &desc, NULL), 0);
		ck_assert_uint_eq(desc.levels, widths[i].got_levels);
		ck_assert_uint_eq(desc.iova_bits, widths[i].got_bits);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("golden arm-s2");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, made);
	tcase_add_test(tc, foreign);
	tcase_add_test(tc, concatenated);
	tcase_add_test(tc, marked);
	tcase_add_test(tc, foreign_tracked);
	tcase_add_test(tc, attributes);
	tcase_add_test(tc, root_words);
	tcase_add_test(tc, faults);
	tcase_add_test(tc, widths_of_both);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
