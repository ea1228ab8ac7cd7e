/* SPDX-License-Identifier: BSD-2-Clause */
/* What the hardware's own structures must say about a table, with numbers from the manuals. */
#include "tests/unit/pgtable-rows.h"
#include "tests/unit/run.h"

#define ROOT ARENA_SLOT(1)

/* Forms of tables; `pointer` is what is added to the root, or the whole word. */
static const struct {
	enum libiommu_pgtable_format format;
	unsigned int levels, iova_bits, phys_bits;
	uint64_t pointer, control;
} forms[] = {
	/* VT-d 9.3: AW 1 for 39 bits, 2 for 48, 3 for 57 */
	{ LIBIOMMU_PGTABLE_VTD_SS, 3, 0, 0, ROOT, 1 },
	{ LIBIOMMU_PGTABLE_VTD_SS, 4, 0, 0, ROOT, 2 },
	{ LIBIOMMU_PGTABLE_VTD_SS, 5, 0, 0, ROOT, 3 },
	/* VT-d 9.6: FSPM 0 for 4 levels, 1 for 5 */
	{ LIBIOMMU_PGTABLE_X86_64, 4, 0, 0, ROOT, 0 },
	{ LIBIOMMU_PGTABLE_X86_64, 5, 0, 0, ROOT, 1 },
	/* AMD, table 7: mode in bits 11:9 */
	{ LIBIOMMU_PGTABLE_AMDV1, 1, 0, 0, ROOT | 0x200, 1 },
	{ LIBIOMMU_PGTABLE_AMDV1, 3, 0, 0, ROOT | 0x600, 3 },
	{ LIBIOMMU_PGTABLE_AMDV1, 6, 0, 0, ROOT | 0xc00, 6 },
	/* RISC-V: MODE 8, 9 and 10 in bits 63:60, PPN in 43:0 */
	{ LIBIOMMU_PGTABLE_RISCV, 3, 0, 0, UINT64_C(8) << 60 | ROOT >> 12, 8 },
	{ LIBIOMMU_PGTABLE_RISCV, 5, 0, 0, UINT64_C(10) << 60 | ROOT >> 12, 10 },
	{ LIBIOMMU_PGTABLE_RISCV_G, 4, 0, 0, UINT64_C(9) << 60 | ARENA_SLOT(4) >> 12, 9 },
	/* SMMUv3, context descriptor: T0SZ 5:0, TG0 7:6 (4K 0, 64K 1, 16K 2), IPS 34:32 */
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 0, 39, 40, ROOT, 25 | UINT64_C(2) << 32 },
	{ LIBIOMMU_PGTABLE_ARM_S1_64K, 0, 48, 52, ROOT, 16 | 1 << 6 | UINT64_C(6) << 32 },
	{ LIBIOMMU_PGTABLE_ARM_S1_16K, 0, 47, 48, ARENA_SLOT(4), 17 | 2 << 6 | UINT64_C(5) << 32 },
	/* VTCR_EL2: T0SZ 5:0, SL0 7:6, TG0 15:14, PS 18:16. 40 bits are two tables of level 1 */
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 0, 40, 40, ARENA_SLOT(2), 24 | 1 << 6 | 2 << 16 },
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 4, 48, 48, ROOT, 16 | 2 << 6 | 5 << 16 },
	{ LIBIOMMU_PGTABLE_ARM_S2_64K, 0, 42, 44, ARENA_SLOT(16), 22 | 1 << 6 | 1 << 14 | 4 << 16 },
};

START_TEST(golden)
{
	struct libiommu_pgtable_options o = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_pgtable_hardware hw = LIBIOMMU_PGTABLE_HARDWARE_INIT;
	struct libiommu_pgtable *table;

	arena_open(&arena, &memory);
	o.format = forms[_i].format;
	o.levels = forms[_i].levels;
	o.iova_bits = forms[_i].iova_bits;
	o.phys_bits = forms[_i].phys_bits;
	o.memory = &memory;
	ck_assert_int_eq(libiommu_pgtable_new(&o, &table, NULL), 0);
	ck_assert_int_eq(libiommu_pgtable_hardware(table, &hw, NULL), 0);
	ck_assert_uint_eq(hw.root, libiommu_pgtable_root(table));
	ck_assert_uint_eq(hw.levels, libiommu_pgtable_describe(table)->levels);
	ck_assert_uint_eq(hw.pointer, forms[_i].pointer);
	ck_assert_uint_eq(hw.control, forms[_i].control);
	libiommu_pgtable_free(table);
	arena_close(&arena);
}
END_TEST

/* A table that grew says so, and its entry is another. */
START_TEST(grown)
{
	struct libiommu_pgtable_hardware hw = LIBIOMMU_PGTABLE_HARDWARE_INIT, before;

	open_row(5);
	ck_assert_str_eq(desc->name, "amdv1");
	ck_assert_int_eq(libiommu_pgtable_hardware(pt, &hw, NULL), 0);
	before = hw;
	ck_assert_int_eq(map(GIB(1), 0, granule, RW), NONE);
	ck_assert(gather.root_changed);
	ck_assert_int_eq(libiommu_pgtable_hardware(pt, &hw, NULL), 0);
	ck_assert_uint_eq(hw.levels, 3);
	ck_assert_uint_ne(hw.root, before.root);
	ck_assert_uint_eq(hw.pointer, hw.root | 0x600);
	close_row();
}
END_TEST

START_TEST(refused)
{
	struct libiommu_pgtable_hardware hw = LIBIOMMU_PGTABLE_HARDWARE_INIT;

	open_row(0);
	ck_assert_int_eq(libiommu_pgtable_hardware(NULL, &hw, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_pgtable_hardware(pt, NULL, NULL), -EINVAL);
	hw.size--;
	ck_assert_int_eq(libiommu_pgtable_hardware(pt, &hw, NULL), -EINVAL);
	close_row();
}
END_TEST

/* All 64 bits: the last page, and lengths that are 2^64 or nothing. */
START_TEST(whole_space)
{
	uint64_t removed, top = -KIB(4);
	struct libiommu_pgtable_leaf leaf;

	open_row(7);
	ck_assert_uint_eq(desc->iova_last, UINT64_MAX);
	ck_assert_int_eq(map(0, 0, 0, RW), LIBIOMMU_REASON_EMPTY_RANGE);
	ck_assert_int_eq(unmap(0, 0, NULL), LIBIOMMU_REASON_EMPTY_RANGE);
	ck_assert_int_eq(map(top, 0, KIB(8), RW), LIBIOMMU_REASON_RANGE_WRAPS);
	ck_assert_int_eq(map(top, KIB(4), KIB(4), RW), NONE);
	ck_assert_int_eq(map(0, KIB(8), KIB(4), RW), NONE);
	check_leaf(UINT64_MAX, top, KIB(4), KIB(4), RW);
	ck_assert(libiommu_pgtable_next_leaf(pt, KIB(4), UINT64_MAX, &leaf));
	ck_assert_uint_eq(leaf.iova, top);
	ck_assert_uint_eq(leaf.iova + leaf.length, 0);
	ck_assert_int_eq(unmap(KIB(4), -KIB(4), &removed), NONE);
	ck_assert_uint_eq(removed, KIB(4));
	ck_assert(is_mapped(0));
	ck_assert(!is_mapped(UINT64_MAX));
	unmap_all();
	close_row();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pgtable hardware");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, golden, 0, sizeof(forms) / sizeof(forms[0]));
	tcase_add_test(tc, grown);
	tcase_add_test(tc, refused);
	tcase_add_test(tc, whole_space);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
