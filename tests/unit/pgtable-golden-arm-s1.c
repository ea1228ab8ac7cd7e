/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Golden entries of ARM's long descriptors, stage 1. Source: Arm Architecture
 * Reference Manual for A-profile (DDI 0487), chapter D8 "The AArch64 Virtual
 * Memory System Architecture", section "Translation table descriptor formats"
 * (table, block and page descriptors; stage 1 attribute fields; the Contiguous
 * bit; hardware management of the Access flag and of dirty state). The numbers
 * of attributes are those of a SMMUv3 under Linux: MAIR 0 is not cached, 1 is
 * write-back, 2 is a device. Levels count from the pages upward here: level 1
 * is ARM's level 3.
 */
#include "tests/unit/pgtable-golden.h"

static const struct libiommu_pgtable_options usual = {
	.size = sizeof(usual),
	.format = LIBIOMMU_PGTABLE_ARM_S1_4K,
	.flags = LIBIOMMU_PGTABLE_MARKED,
};

/*
 * Bits 1:0 type (3 page, 1 block), AttrIndx 4:2 = 1, AP[1] 6 unprivileged,
 * AP[2] 7 read-only, SH 9:8 = 3 inner, AF 10, nG 11, address 47:n.
 */
static const struct golden_leaf leaves_4k[] = {
	{ 0x1000, 0, 12, RW, 1, U64(0x0000000000000f47) },
	{ 0x1000, U64(0xfffffffff000), 12, RW, 1, U64(0x0000ffffffffff47) },
	{ 0x1000, U64(0xfffffffff000), 12, RO, 1, U64(0x0000ffffffffffc7) },
	{ U64(0xfffffffff000), 0x1000, 12, RW, 1, U64(0x0000000000001f47) },
	{ 0x200000, U64(0xffffffe00000), 21, RW, 2, U64(0x0000ffffffe00f45) },
	{ 0x200000, 0x200000, 21, RO, 2, U64(0x0000000000200fc5) },
	{ 0x40000000, U64(0xffffc0000000), 30, RW, 3, U64(0x0000ffffc0000f45) },
	{ 0x40000000, 0x40000000, 30, RO, 3, U64(0x0000000040000fc5) },
};

/* Contiguous, bit 52: 16 entries, each with its own address */
static const struct golden_run runs_4k[] = {
	{ { 0x10000, 0x20000, 16, RW, 1, U64(0x0010000000020f47) }, U64(0x001000000002ff47) },
	{ { 0x10000, U64(0xffffffff0000), 16, RO, 1, U64(0x0010ffffffff0fc7) },
	  U64(0x0010ffffffffffc7) },
	{ { 0x2000000, 0x4000000, 25, RW, 2, U64(0x0010000004000f45) }, U64(0x0010000005e00f45) },
	{ { U64(0x400000000), U64(0x800000000), 34, RW, 3, U64(0x0010000800000f45) },
	  U64(0x0010000bc0000f45) },
};

static const struct golden_leaf leaves_16k[] = {
	{ 0x4000, 0, 14, RW, 1, U64(0x0000000000000f47) },
	{ 0x4000, U64(0xffffffffc000), 14, RO, 1, U64(0x0000ffffffffcfc7) },
	{ U64(0xffffffffc000), 0x4000, 14, RW, 1, U64(0x0000000000004f47) },
	{ 0x2000000, U64(0xfffffe000000), 25, RW, 2, U64(0x0000fffffe000f45) },
	{ 0x2000000, 0x2000000, 25, RO, 2, U64(0x0000000002000fc5) },
};

/* 128 pages, 32 blocks */
static const struct golden_run runs_16k[] = {
	{ { 0x200000, 0x400000, 21, RW, 1, U64(0x0010000000400f47) }, U64(0x00100000005fcf47) },
	{ { 0x40000000, 0x80000000, 30, RW, 2, U64(0x0010000080000f45) }, U64(0x00100000be000f45) },
};

/* Bits 15:12 hold the address's 51:48. */
static const struct golden_leaf leaves_64k[] = {
	{ 0x10000, 0, 16, RW, 1, U64(0x0000000000000f47) },
	{ 0x10000, U64(0xffffffff0000), 16, RW, 1, U64(0x0000ffffffff0f47) },
	{ 0x10000, U64(0xfffffffff0000), 16, RO, 1, U64(0x0000ffffffffffc7) },
	{ 0x10000, U64(0xa000000010000), 16, RW, 1, U64(0x000000000001af47) },
	{ 0x20000000, U64(0xfffffe0000000), 29, RW, 2, U64(0x0000ffffe000ff45) },
	{ 0x20000000, 0x20000000, 29, RO, 2, U64(0x0000000020000fc5) },
	{ U64(0x40000000000), U64(0x5040000000000), 42, RW, 3, U64(0x0000040000005f45) },
};

/* 32 pages, 32 blocks */
static const struct golden_run runs_64k[] = {
	{ { 0x200000, U64(0x3000000400000), 21, RW, 1, U64(0x0010000000403f47) },
	  U64(0x00100000005f3f47) },
	{ { U64(0x400000000), U64(0x800000000), 34, RW, 2, U64(0x0010000800000f45) },
	  U64(0x0010000be0000f45) },
};

/* The page at 0x1000 has the tables 0x1200000000 (level 4) to 0x1200300000 (level 1). */
static const struct golden_found found_4k[] = {
	{ "all but valid", 1, U64(0xfffffffffffffffe), EMPTY, false, 0, 0, 0 },
	{ "a page", 1, 0x5f47, LEAF, true, RW, 0x5000, 0x1000 },
	{ "a page to be read", 1, 0x5fc7, LEAF, true, RO, 0x5000, 0x1000 },
	{ "a page of the privileged", 1, 0x5f07, LEAF, true, 0, 0x5000, 0x1000 },
	{ "never accessed: a fault where hardware sets no flag", 1, 0x5b47, LEAF, true, 0, 0x5000,
	  0x1000 },
	{ "a DBM that hardware does not know", 1, U64(0x0008000000005fc7), LEAF, true, RO, 0x5000,
	  0x1000 },
	{ "other attributes", 1, 0x547f, LEAF, true, RW, 0x5000, 0x1000 },
	{ "no execution, software bits", 1, U64(0x07e0000000005f47), LEAF, true, RW, 0x5000,
	  0x1000 },
	{ "one of a run", 1, U64(0x0010000000021f47), LEAF, true, RW, 0x20000, 0x10000 },
	{ "a block where only pages are", 1, 0x5f45, BROKEN, false, 0, 0, 0 },
	{ "2 MiB", 2, 0x600f45, LEAF, true, RW, 0x600000, 0x200000 },
	{ "2 MiB, low bits are ignored", 2, 0x6e1fc5, LEAF, true, RO, 0x600000, 0x200000 },
	{ "one 2 MiB of a run", 2, U64(0x0010000004000f45), LEAF, true, RW, 0x4000000, 0x2000000 },
	{ "1 GiB", 3, U64(0x80000f45), LEAF, true, RW, 0x80000000, 0x40000000 },
	{ "1 GiB of a run", 3, U64(0x0010000800000f45), LEAF, true, RW, U64(0x800000000),
	  U64(0x400000000) },
	{ "512 GiB: not a block", 4, 0xf45, BROKEN, false, 0, 0, 0 },
	{ "a table, ignored bits set", 2, U64(0x07f8001200300fff), LINK, true, RW, 0x1000, 0x1000 },
	{ "APTable 62: a table to be read", 2, U64(0x4000001200300003), LINK, true, RO, 0x1000,
	  0x1000 },
	{ "APTable 61: a table of the privileged", 3, U64(0x2000001200200003), LINK, true, 0,
	  0x1000, 0x1000 },
	{ "NSTable, no execution below", 4, U64(0x9800001200100003), LINK, true, RW, 0x1000,
	  0x1000 },
	{ "a table outside memory", 3, U64(0x0000800000000003), BROKEN, false, 0, 0, 0 },
};

/* 64 KiB: the page at 0x10000 has the tables 0x1200000000 (level 3) to 0x1200200000 (level 1). */
static const struct golden_found found_64k[] = {
	{ "a page above 48 bits", 1, U64(0x000000000005cf47), LEAF, true, RW, U64(0xc000000050000),
	  0x10000 },
	{ "one of a run", 1, U64(0x0010000000413f47), LEAF, true, RW, U64(0x3000000400000),
	  0x200000 },
	{ "512 MiB", 2, U64(0x0000000020001f45), LEAF, true, RW, U64(0x1000020000000), 0x20000000 },
	{ "4 TiB", 3, U64(0x0000040000001f45), LEAF, true, RW, U64(0x1040000000000),
	  U64(0x40000000000) },
	{ "a table above 48 bits, outside memory", 2, U64(0x000000120020f003), BROKEN, false, 0, 0,
	  0 },
};

START_TEST(made)
{
	struct libiommu_pgtable_options options = usual;

	CHECK_LEAVES(&options, leaves_4k);
	CHECK_RUNS(&options, runs_4k);
	options.format = LIBIOMMU_PGTABLE_ARM_S1_16K;
	CHECK_LEAVES(&options, leaves_16k);
	CHECK_RUNS(&options, runs_16k);
	options.format = LIBIOMMU_PGTABLE_ARM_S1_64K;
	CHECK_LEAVES(&options, leaves_64k);
	CHECK_RUNS(&options, runs_64k);
}
END_TEST

/* Bits 1:0 = 3, nothing else than the address */
START_TEST(tables)
{
	struct libiommu_pgtable_options options = usual;

	open_golden(&options, USUAL_ROOMS);
	golden_map(U64(0x8080604000), 0, 0x1000, RO);
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 4), U64(0x1200100003));
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 3), U64(0x1200200003));
	ck_assert_uint_eq(golden_entry(U64(0x8080604000), 2), U64(0x1200300003));
	close_golden();
	options.format = LIBIOMMU_PGTABLE_ARM_S1_64K;
	open_golden(&options, U64(0xb000000000000));
	golden_map(0, 0, 0x10000, RW);
	ck_assert_uint_eq(golden_entry(0, 3), U64(0x000000000010b003));
	ck_assert_uint_eq(golden_entry(0, 2), U64(0x000000000020b003));
	close_golden();
}
END_TEST

/* Each entry of a run has an address of its own. */
START_TEST(runs)
{
	struct libiommu_pgtable_options options = usual;

	open_golden(&options, USUAL_ROOMS);
	golden_map(0x10000, 0x20000, 0x10000, RW);
	ck_assert_uint_eq(golden_entry(0x10000, 1), U64(0x0010000000020f47));
	ck_assert_uint_eq(golden_entry(0x11000, 1), U64(0x0010000000021f47));
	ck_assert_uint_eq(golden_entry(0x1f000, 1), U64(0x001000000002ff47));
	golden_map(0x2000000, 0x4000000, 0x2000000, RO);
	ck_assert_uint_eq(golden_entry(0x3e00000, 2), U64(0x0010000005e00fc5));
	close_golden();
	options.format = LIBIOMMU_PGTABLE_ARM_S1_64K;
	open_golden(&options, USUAL_ROOMS);
	golden_map(0x200000, U64(0x9000000400000), 0x200000, RW);
	ck_assert_uint_eq(golden_entry(0x200000, 1), U64(0x0010000000409f47));
	ck_assert_uint_eq(golden_entry(0x3f0000, 1), U64(0x00100000005f9f47));
	/* Neighbours on both sides of 2^48 */
	golden_map(0x10000, U64(0xfffffffe0000), 0x40000, RW);
	ck_assert_uint_eq(golden_entry(0x20000, 1), U64(0x0000ffffffff0f47));
	ck_assert_uint_eq(golden_entry(0x30000, 1), U64(0x0000000000001f47));
	ck_assert_uint_eq(golden_entry(0x40000, 1), U64(0x0000000000011f47));
	close_golden();
}
END_TEST

START_TEST(foreign)
{
	struct libiommu_pgtable_options options = usual;

	CHECK_FOUND(&options, 0x1000, found_4k);
	options.format = LIBIOMMU_PGTABLE_ARM_S1_64K;
	CHECK_FOUND(&options, 0x10000, found_64k);
}
END_TEST

/* AF and, where DBM allows it, AP[2] are the hardware's. */
START_TEST(marked)
{
	static const uint64_t page[] = { U64(0x0008000000000bc7), U64(0x0008000000000fc7),
					 U64(0x0008000000000f47) };
	static const uint64_t block[] = { U64(0x0008000000000bc5), U64(0x0008000000000fc5),
					  U64(0x0008000000000f45) };
	static const uint64_t run[] = { U64(0x0018000000000bc7), U64(0x0018000000000fc7),
					U64(0x0018000000000f47) };
	struct libiommu_pgtable_options options = usual;

	options.flags = 0;
	check_marked(&options, 0x1000, 1, 0x1000, page);
	check_marked(&options, 0x10000, 1, 0x10000, run);
	check_marked(&options, 0x200000, 2, 0x200000, block);
	check_marked(&options, 0x40000000, 3, 0x40000000, block);
}
END_TEST

static const struct golden_found found_tracked[] = {
	{ "never accessed", 1, 0x5b47, LEAF, true, RW, 0x5000, 0x1000 },
	{ "clean: DBM and AP[2]", 1, U64(0x0008000000005fc7), LEAF, true, RW, 0x5000, 0x1000 },
	{ "dirty: DBM without AP[2]", 1, U64(0x0008000000005f47), LEAF, true, RW, 0x5000, 0x1000 },
	{ "to be read", 1, 0x5bc7, LEAF, true, RO, 0x5000, 0x1000 },
	{ "clean, of the privileged", 1, U64(0x0008000000005f87), LEAF, true, 0, 0x5000, 0x1000 },
};

START_TEST(foreign_tracked)
{
	struct libiommu_pgtable_options options = usual;

	options.flags = 0;
	CHECK_FOUND(&options, 0x1000, found_tracked);
}
END_TEST

/* Options: AttrIndx, SH, NS, nG, PXN 53 and UXN 54, DBM 51 */
static const struct golden_leaf leaves_uncached[] = {
	{ 0x1000, 0x5000, 12, RW, 1, U64(0x0000000000005e43) },
};
static const struct golden_leaf leaves_device[] = {
	{ 0x1000, 0x5000, 12, RW, 1, U64(0x0060000000005c4b) },
};
static const struct golden_leaf leaves_global[] = {
	{ 0x1000, 0x5000, 12, RO, 1, U64(0x00000000000057e7) },
};
static const struct golden_leaf leaves_dirty[] = {
	{ 0x1000, 0x5000, 12, RW, 1, U64(0x0008000000005f47) },
	{ 0x1000, 0x5000, 12, RO, 1, U64(0x0000000000005fc7) },
};
/* Nothing is marked where hardware does it. */
static const struct golden_leaf leaves_clean[] = {
	{ 0x1000, 0x5000, 12, RW, 1, U64(0x0008000000005bc7) },
	{ 0x1000, 0x5000, 12, RO, 1, U64(0x0000000000005bc7) },
};

START_TEST(attributes)
{
	struct libiommu_pgtable_options options = usual;

	options.attributes = LIBIOMMU_PGTABLE_ARM_ATTR(0) | LIBIOMMU_PGTABLE_ARM_SHARED(2);
	CHECK_LEAVES(&options, leaves_uncached);
	options.attributes = LIBIOMMU_PGTABLE_ARM_ATTR(2) | LIBIOMMU_PGTABLE_ARM_SHARED(0) |
			     LIBIOMMU_PGTABLE_ARM_NO_EXEC;
	CHECK_LEAVES(&options, leaves_device);
	options.attributes = LIBIOMMU_PGTABLE_ARM_GLOBAL | LIBIOMMU_PGTABLE_ARM_NON_SECURE;
	CHECK_LEAVES(&options, leaves_global);
	options.attributes = LIBIOMMU_PGTABLE_ARM_TRACKED;
	CHECK_LEAVES(&options, leaves_dirty);
	CHECK_FOUND(&options, 0x1000, found_tracked);
	options.flags = 0;
	options.attributes = 0;
	CHECK_LEAVES(&options, leaves_clean);
	options.attributes = LIBIOMMU_PGTABLE_ARM_SHARED(1); /* reserved */
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
	options.attributes = LIBIOMMU_PGTABLE_ARM_SHARED(4);
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
	options.attributes = LIBIOMMU_PGTABLE_ARM_ATTR(8);
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
	options.attributes = 0x10;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
}
END_TEST

/* Addresses of 40 bits: others are address size faults. */
static const struct golden_found found_40[] = {
	{ "an address of 40 bits", 1, U64(0x000000ffffffff47), LEAF, true, RW, U64(0xfffffff000),
	  0x1000 },
	{ "an address of 41 bits", 1, U64(0x0000010000000f47), BROKEN, false, 0, 0, 0 },
	{ "an address of 48 bits", 1, U64(0x0000800000000f47), BROKEN, false, 0, 0, 0 },
	{ "a table of 41 bits", 2, U64(0x0000010000000003), BROKEN, false, 0, 0, 0 },
};
/* A hint is accepted although runs are not to be made. */
static const struct golden_found found_hint[] = {
	{ "one of a run", 1, U64(0x0010000000021f47), LEAF, true, RW, 0x20000, 0x10000 },
};
/* Without 52 bits bits 15:12 are no address, and there are no blocks of 4 TiB. */
static const struct golden_found found_48[] = {
	{ "a page", 1, U64(0x0000ffff00050f47), LEAF, true, RW, U64(0xffff00050000), 0x10000 },
	{ "a page above 48 bits", 1, 0x51f47, BROKEN, false, 0, 0, 0 },
	{ "4 TiB", 3, U64(0x0000040000000f45), BROKEN, false, 0, 0, 0 },
};

START_TEST(less_hardware)
{
	struct libiommu_pgtable_options options = usual;

	options.phys_bits = 40;
	CHECK_FOUND(&options, 0x1000, found_40);
	options.leaf_sizes = 0x1000 | 0x200000 | 0x40000000;
	CHECK_FOUND(&options, 0x1000, found_hint);
	options.leaf_sizes = 0;
	options.format = LIBIOMMU_PGTABLE_ARM_S1_64K;
	options.phys_bits = 48;
	CHECK_FOUND(&options, 0x10000, found_48);
}
END_TEST

/* A stage 1 walk begins where T0SZ says: so many levels, and so many entries of the root. */
static const struct {
	enum libiommu_pgtable_format format;
	unsigned int granule, bits, levels, entries;
} roots[] = {
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 12, 48, 4, 512 },
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 12, 40, 4, 2 },
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 12, 39, 3, 512 },
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 12, 32, 3, 4 },
	{ LIBIOMMU_PGTABLE_ARM_S1_16K, 14, 48, 4, 2 },
	{ LIBIOMMU_PGTABLE_ARM_S1_16K, 14, 47, 3, 2048 },
	{ LIBIOMMU_PGTABLE_ARM_S1_16K, 14, 36, 2, 2048 },
	{ LIBIOMMU_PGTABLE_ARM_S1_64K, 16, 52, 3, 1024 },
	{ LIBIOMMU_PGTABLE_ARM_S1_64K, 16, 48, 3, 64 },
	{ LIBIOMMU_PGTABLE_ARM_S1_64K, 16, 42, 2, 8192 },
};

START_TEST(widths)
{
	struct libiommu_pgtable_options options = usual;
	struct libiommu_pgtable_step step;
	uint64_t last, *slot;
	size_t i;

	for (i = 0; i < COUNT(roots); i++) {
		options.format = roots[i].format;
		options.iova_bits = roots[i].bits;
		options.levels = 0;
		open_golden(&options, USUAL_ROOMS);
		last = (U64(1) << roots[i].bits) - 1;
		ck_assert_uint_eq(libiommu_pgtable_describe(pt)->iova_last, last);
		ck_assert_uint_eq(libiommu_pgtable_describe(pt)->levels, roots[i].levels);
		last -= (U64(1) << roots[i].granule) - 1;
		golden_map(last, 0, U64(1) << roots[i].granule, RW);
		step = golden_step(last, roots[i].levels, &slot);
		ck_assert_uint_eq(step.index, roots[i].entries - 1);
		ck_assert_uint_eq(step.table, USUAL_ROOMS);
		close_golden();
		/* Another number of levels is not what hardware would walk. */
		options.levels = roots[i].levels + 1;
		ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
		options.levels = roots[i].levels - 1;
		ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
	}
	options.levels = 0;
	options.iova_bits = 24;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
	options.format = LIBIOMMU_PGTABLE_ARM_S1_4K;
	options.iova_bits = 49;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), -EINVAL);
	options.iova_bits = 0;
	open_golden(&options, USUAL_ROOMS);
	ck_assert_uint_eq(libiommu_pgtable_describe(pt)->iova_bits, 48);
	close_golden();
}
END_TEST

/* A root of four entries has no room for a run of sixteen: the hint joins nothing. */
START_TEST(hint_without_room)
{
	static const struct golden_found row = {
		"1 GiB with a hint", 3, U64(0x0010000840000f45), LEAF, true, RW, U64(0x840000000),
		U64(0x40000000)
	};
	struct libiommu_pgtable_options options = usual;

	options.iova_bits = 32;
	check_found(&options, 0x40001000, &row, 1);
}
END_TEST

/*
 * SMMUv3 context descriptor: T0SZ 5:0 = 64 - bits, TG0 7:6 (0 4K, 1 64K, 2 16K), IPS 34:32
 * (2 is 40 bits, 4 is 44, 5 is 48, 6 is 52); TTB0 51:4
 */
static const struct golden_root root_values[] = {
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 0, 0, 0, U64(0x1200000000), U64(0x0000000500000010) },
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 0, 40, 40, U64(0x1200000000), U64(0x0000000200000018) },
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 0, 32, 44, U64(0x1200000000), U64(0x0000000400000020) },
	{ LIBIOMMU_PGTABLE_ARM_S1_16K, 0, 0, 0, U64(0x1200000000), U64(0x0000000500000090) },
	{ LIBIOMMU_PGTABLE_ARM_S1_16K, 0, 36, 0, U64(0x1200000000), U64(0x000000050000009c) },
	{ LIBIOMMU_PGTABLE_ARM_S1_64K, 0, 0, 0, U64(0x1200000000), U64(0x0000000600000050) },
	{ LIBIOMMU_PGTABLE_ARM_S1_64K, 0, 52, 0, U64(0x1200000000), U64(0x000000060000004c) },
	{ LIBIOMMU_PGTABLE_ARM_S1_64K, 0, 42, 48, U64(0x1200000000), U64(0x0000000500000056) },
};

START_TEST(root_words)
{
	check_roots(root_values, COUNT(root_values));
}
END_TEST

/* SMMUv3: F_TRANSLATION, F_ADDR_SIZE, F_ACCESS, F_PERMISSION; addresses of 40 bits */
static const struct golden_fault faults_rows[] = {
	{ "a page", 1, U64(0x5f47), RW, LIBIOMMU_PGTABLE_FAULT_NONE },
	{ "F_TRANSLATION: not valid", 1, U64(0x5f46), RO, LIBIOMMU_PGTABLE_FAULT_EMPTY },
	{ "F_TRANSLATION: a block at level 3", 1, U64(0x5f45), RO,
	  LIBIOMMU_PGTABLE_FAULT_RESERVED },
	{ "F_ADDR_SIZE: a page of 41 bits", 1, U64(0x10000000f47), RO,
	  LIBIOMMU_PGTABLE_FAULT_WIDTH },
	{ "F_ADDR_SIZE: a table of 41 bits", 2, U64(0x10000000003), RO,
	  LIBIOMMU_PGTABLE_FAULT_WIDTH },
	{ "F_ACCESS: no Access flag", 1, U64(0x5b47), RO, LIBIOMMU_PGTABLE_FAULT_UNMARKED },
	{ "F_ACCESS comes before F_PERMISSION", 1, U64(0x5b87), WO,
	  LIBIOMMU_PGTABLE_FAULT_UNMARKED },
	{ "F_PERMISSION: read-only", 1, U64(0x5fc7), WO, LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "F_PERMISSION: of the privileged", 1, U64(0x5f07), RO,
	  LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "F_PERMISSION: APTable", 2, U64(0x4000001200300003), WO,
	  LIBIOMMU_PGTABLE_FAULT_PROTECTION },
	{ "an external abort", 2, U64(0x9000000003), RO, LIBIOMMU_PGTABLE_FAULT_UNREACHABLE },
};

START_TEST(faults)
{
	struct libiommu_pgtable_options options = usual;

	options.phys_bits = 40;
	CHECK_FAULTS(&options, 0x1000, faults_rows);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("golden arm-s1");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, made);
	tcase_add_test(tc, tables);
	tcase_add_test(tc, runs);
	tcase_add_test(tc, foreign);
	tcase_add_test(tc, marked);
	tcase_add_test(tc, foreign_tracked);
	tcase_add_test(tc, attributes);
	tcase_add_test(tc, less_hardware);
	tcase_add_test(tc, widths);
	tcase_add_test(tc, hint_without_room);
	tcase_add_test(tc, root_words);
	tcase_add_test(tc, faults);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
