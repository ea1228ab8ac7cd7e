/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AMD's entries, worked out from the specification 3.10: tables 14 to 17. Bit 0
 * present, 5 accessed, 6 dirty, 11:9 next level, 51:12 address, 60 coherent, 61
 * read, 62 write. The table's own object is the first page of the arena, the
 * root is the second, and each table takes the next.
 */
#include "tests/unit/pgtable-rows.h"
#include "tests/unit/run.h"

#define AMD   7 /* rows of pgtable-rows.h: six levels at once */
#define AMD_1 5 /* one level to begin with */
#define AMD_3 6 /* three levels, not coherent, 40 bits of memory */
#define MOCK  9 /* pages of 2 KiB */

#define FC    UINT64_C(0x1000000000000000)
#define IR    UINT64_C(0x2000000000000000)
#define IW    UINT64_C(0x4000000000000000)
#define NL(n) ((uint64_t)(n) << 9)

static void check_entry(uint64_t iova, unsigned int level, uint64_t expected)
{
	ck_assert_uint_eq(*entry_of(iova, level), expected);
}

START_TEST(golden)
{
	uint64_t iova = UINT64_C(0x8182060806021000);

	open_row(AMD);
	ck_assert_int_eq(map(iova, UINT64_C(0xfedcba9876000), KIB(4), RW), NONE);
	check_entry(iova, 6, 0x1230002000 | IR | IW | NL(5) | 1);
	check_entry(iova, 5, 0x1230003000 | IR | IW | NL(4) | 1);
	check_entry(iova, 4, 0x1230004000 | IR | IW | NL(3) | 1);
	check_entry(iova, 3, 0x1230005000 | IR | IW | NL(2) | 1);
	check_entry(iova, 2, 0x1230006000 | IR | IW | NL(1) | 1);
	check_entry(iova, 1, UINT64_C(0xfedcba9876000) | FC | IR | IW | 1);
	ck_assert_uint_eq(walk(iova).step[0].index, 0x40);  /* bits 63:57 */
	ck_assert_uint_eq(walk(iova).step[1].index, 0x182); /* bits 56:48 */
	/* Sized leaves: 8 KiB has a zero in bit 12, 16 KiB a one there and a zero behind it. */
	ck_assert_int_eq(map(0, KIB(8), KIB(8), RO), NONE);
	check_entry(0, 1, KIB(8) | FC | IR | NL(7) | 1);
	check_entry(KIB(4), 1, KIB(8) | FC | IR | NL(7) | 1);
	ck_assert_int_eq(map(KIB(16), KIB(16), KIB(16), WO), NONE);
	check_entry(KIB(28), 1, KIB(16) | 0x1000 | FC | IW | NL(7) | 1);
	ck_assert_int_eq(map(MIB(1), MIB(1), MIB(1), RW), NONE);
	check_entry(MIB(2) - 1, 1, MIB(1) | 0x7f000 | FC | IR | IW | NL(7) | 1);
	ck_assert_int_eq(map(MIB(2), MIB(4), MIB(2), RW), NONE);
	check_entry(MIB(2), 2, MIB(4) | FC | IR | IW | 1);
	ck_assert_int_eq(map(MIB(4), MIB(8), MIB(4), RW), NONE);
	check_entry(MIB(4), 2, MIB(8) | 0x1ff000 | FC | IR | IW | NL(7) | 1);
	ck_assert_int_eq(map(GIB(4), GIB(8), GIB(4), RW), NONE);
	check_entry(GIB(7), 3, GIB(8) | 0x7ffff000 | FC | IR | IW | NL(7) | 1);
	/* 512 GiB are taken as two halves. */
	ck_assert_int_eq(map(GIB(512), GIB(512), GIB(512), RW), NONE);
	check_leaf(GIB(512), GIB(512), GIB(512), GIB(256), RW);
	close_row();
}
END_TEST

START_TEST(golden_2k)
{
	uint64_t iova = KIB(2) * 3;

	open_row(MOCK);
	ck_assert_uint_eq(desc->iova_bits, 56);
	ck_assert_uint_eq(desc->phys_bits, 51);
	ck_assert_int_eq(map(iova, KIB(2) * 5, KIB(2), RW), NONE);
	/* Addresses count pages of 2 KiB, from bit 12 on. */
	check_entry(iova, 3, 0x1230002000 << 1 | IR | IW | NL(2) | 1);
	check_entry(iova, 2, 0x1230003000 << 1 | IR | IW | NL(1) | 1);
	check_entry(iova, 1, 0x5000 | FC | IR | IW | 1);
	ck_assert_int_eq(map(KIB(8), KIB(8), KIB(8), RW), NONE);
	check_entry(KIB(14), 1, 0x4000 | 0x1000 | FC | IR | IW | NL(7) | 1);
	ck_assert_int_eq(map(MIB(1), MIB(1), MIB(1), RW), NONE);
	check_entry(MIB(1), 2, MIB(2) | FC | IR | IW | 1);
	close_row();
}
END_TEST

START_TEST(attributes)
{
	open_row(AMD_3);
	ck_assert_int_eq(map(0, 0, KIB(4), RW), NONE);
	check_entry(0, 1, IR | IW | 1);
	ck_assert_int_eq(map(0, UINT64_C(1) << 40, KIB(4), RW), LIBIOMMU_REASON_ADDRESS_WIDTH);
	/* Such an address in an entry is as bad. */
	*entry_of(0, 1) |= UINT64_C(1) << 40;
	ck_assert_int_eq(last_step(0).kind, LIBIOMMU_PGTABLE_BROKEN);
	ck_assert(!is_mapped(0));
	*entry_of(0, 1) = IR | IW | 1;
	close_row();
}
END_TEST

/* Each address beyond the present top adds levels, and what was there stays. */
START_TEST(growth)
{
	static const uint64_t tops[] = { UINT64_C(1) << 21, UINT64_C(1) << 30, UINT64_C(1) << 39,
					 UINT64_C(1) << 48, UINT64_C(1) << 57 };
	struct libiommu_pgtable_leaf leaf;
	uint64_t root, removed;
	unsigned int i;

	open_row(AMD_1);
	ck_assert_uint_eq(desc->levels, 1);
	ck_assert_uint_eq(desc->max_levels, 6);
	ck_assert_uint_eq(desc->iova_last, UINT64_MAX);
	ck_assert_int_eq(map(KIB(8), KIB(4), KIB(4), RW), NONE);
	ck_assert(!gather.root_changed);
	for (i = 0; i < 5; i++) {
		root = libiommu_pgtable_root(pt);
		ck_assert(!is_mapped(tops[i]));
		ck_assert(!libiommu_pgtable_mark(pt, tops[i], false));
		ck_assert_uint_eq(walk(tops[i]).steps, 0);
		ck_assert(!libiommu_pgtable_next_leaf(pt, tops[i], UINT64_MAX, &leaf));
		ck_assert_int_eq(unmap(tops[i], KIB(4), &removed), NONE);
		ck_assert_uint_eq(removed, 0);
		ck_assert_uint_eq(walk(0).steps, i + 1);
		ck_assert_int_eq(map(tops[i], GIB(1), KIB(4), RO), NONE);
		ck_assert(gather.root_changed);
		ck_assert_uint_ne(libiommu_pgtable_root(pt), root);
		ck_assert_uint_eq(walk(0).steps, i + 2);
		check_leaf(tops[i], tops[i], GIB(1), KIB(4), RO);
		check_leaf(KIB(8), KIB(8), KIB(4), KIB(4), RW);
		release();
		ck_assert(!gather.root_changed);
	}
	/* A range that ends above what levels reach is cut there, not refused. */
	check_pages(1 + 5 + 1 + 2 + 3 + 4 + 5);
	ck_assert_uint_eq(unmap_all(), 6 * KIB(4));
	close_row();
}
END_TEST

START_TEST(growth_fails)
{
	unsigned int n;

	for (n = 1; n <= 10; n++) {
		open_row(AMD_1);
		ck_assert_int_eq(map(0, 0, KIB(4), RW), NONE);
		arena.fail_at = arena.allocations + n;
		ck_assert_int_eq(map(UINT64_C(1) << 57, 0, KIB(4), RW), LIBIOMMU_REASON_NO_MEMORY);
		check_leaf(0, 0, 0, KIB(4), RW);
		ck_assert(!is_mapped(UINT64_C(1) << 57));
		check_pages(libiommu_pgtable_pages(pt));
		ck_assert_int_eq(map(UINT64_C(1) << 57, 0, KIB(4), RW), NONE);
		unmap_all();
		close_row();
	}
}
END_TEST

static bool neighbour_waits;

static void *alloc_beside_neighbour(void *data, size_t bytes)
{
	void *page = arena_alloc(data, bytes);

	if (neighbour_waits) {
		neighbour_waits = false;
		ck_assert_int_eq(map(GIB(512), MIB(1), KIB(4), RO), NONE);
	}
	return page;
}

/* While one edit waits for memory for a new root, another adds two levels. */
START_TEST(growth_beside_growth)
{
	open_row(AMD_1);
	libiommu_pgtable_free(pt);
	memory.alloc = alloc_beside_neighbour;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), 0);
	desc = libiommu_pgtable_describe(pt);
	neighbour_waits = true;
	ck_assert_int_eq(map(GIB(1), 0, KIB(4), RW), NONE);
	check_leaf(GIB(1), GIB(1), 0, KIB(4), RW);
	check_leaf(GIB(512), GIB(512), MIB(1), KIB(4), RO);
	ck_assert_uint_eq(walk(0).steps, 4);
	check_pages(libiommu_pgtable_pages(pt));
	unmap_all();
	close_row();
}
END_TEST

/* Entries that hardware would not take. */
START_TEST(broken)
{
	static const uint64_t bad[][2] = {
		{ 1, NL(1) | IR | IW | 1 },                    /* a table below the lowest */
		{ 1, UINT64_C(0xff000) | NL(7) | IR | 1 },     /* 2 MiB in a table of small pages */
		{ 2, NL(2) | IR | IW | 1 },                    /* a level that is not the next */
		{ 2, UINT64_C(0x1000) | NL(7) | IR | IW | 1 }, /* 16 KiB among 2 MiB */
		{ 4, IR | IW | 1 },                            /* 512 GiB */
		{ 6, IR | IW | 1 },
		{ 5, UINT64_C(0x000ffffffffff000) | NL(7) | IR | 1 },
	};
	struct libiommu_pgtable_leaf leaf;
	uint64_t *entry, old;
	unsigned int i;

	open_row(AMD);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(map(GIB(3), 0, KIB(4), RW), NONE);
		entry = entry_of(GIB(3), (unsigned int)bad[i][0]);
		old = *entry;
		*entry = bad[i][1];
		ck_assert_int_eq(last_step(GIB(3)).kind, LIBIOMMU_PGTABLE_BROKEN);
		ck_assert_uint_eq(last_step(GIB(3)).level, bad[i][0]);
		ck_assert(!is_mapped(GIB(3)));
		ck_assert(!libiommu_pgtable_next_leaf(pt, GIB(3), GIB(3), &leaf));
		ck_assert_int_eq(map(GIB(3), 0, KIB(4), RW), LIBIOMMU_REASON_MAPPING_EXISTS);
		*entry = old;
		ck_assert_int_eq(unmap(GIB(3), KIB(4), NULL), NONE);
	}
	close_row();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pgtable amdv1");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, golden);
	tcase_add_test(tc, golden_2k);
	tcase_add_test(tc, attributes);
	tcase_add_test(tc, growth);
	tcase_add_test(tc, growth_fails);
	tcase_add_test(tc, growth_beside_growth);
	tcase_add_test(tc, broken);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
