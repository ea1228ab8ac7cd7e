/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables that the mock makes itself, and those that nobody sees. */
#include "tests/unit/mock-hardware.h"

#include <libiommu/mock.h>

struct expected_step {
	unsigned int level;
	unsigned int index;
	uint64_t flags; /* the entry without its address */
	enum libiommu_pgtable_entry kind;
};

static const struct {
	const char *line;
	uint64_t iova;
	uint32_t prot;
	unsigned int steps;
	struct expected_step step[5];
	uint64_t address; /* bits of the last entry that are the page's address */
} walks[] = {
	{ "powernv-p7ioc", 0x345000, RW, 1, { { 1, 0x345, 3, LIBIOMMU_PGTABLE_LEAF } }, ~LAST(12) },
	{ "powernv-p7ioc",
	  BIT(59) + 0x7000,
	  LIBIOMMU_PROT_READ,
	  1,
	  { { 1, 7, 1, LIBIOMMU_PGTABLE_LEAF } },
	  ~LAST(12) },
	{ "s390-zpci",
	  (UINT64_C(5) << 31) + (UINT64_C(6) << 20) + (UINT64_C(7) << 12),
	  RW,
	  3,
	  { { 3, 5, 0x7, LIBIOMMU_PGTABLE_TABLE },
	    { 2, 6, 0, LIBIOMMU_PGTABLE_TABLE },
	    { 1, 7, 0, LIBIOMMU_PGTABLE_LEAF } },
	  ~LAST(12) },
	{ "s390-zpci width=64 aperture=0x1000-0xffffffffffffffff",
	  (UINT64_C(3) << 53) + (UINT64_C(4) << 42) + (UINT64_C(5) << 31) + (UINT64_C(6) << 20),
	  LIBIOMMU_PROT_READ,
	  5,
	  { { 5, 3, 0xf, LIBIOMMU_PGTABLE_TABLE },
	    { 4, 4, 0xb, LIBIOMMU_PGTABLE_TABLE },
	    { 3, 5, 0x7, LIBIOMMU_PGTABLE_TABLE },
	    { 2, 6, 0, LIBIOMMU_PGTABLE_TABLE },
	    { 1, 0, 0x200, LIBIOMMU_PGTABLE_LEAF } },
	  ~LAST(12) },
};

/* Entries of the mock's own tables, bit by bit. */
START_TEST(own_tables_are_those_of_the_hardware)
{
	struct libiommu_pgtable_walk walk = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_backend_map map = { .iova = walks[_i].iova, .length = PAGE };
	struct libiommu_geometry geometry;
	unsigned int last = walks[_i].steps - 1;

	ck_assert_int_eq(open_with("bare", "packed", walks[_i].line), 0);
	attach_empty(&geometry);
	libiommu_geometry_clear(&rig.env, &geometry);
	map.memory = rig.memory;
	map.prot = walks[_i].prot;
	ck_assert_int_eq(mock_table_walk(table(), map.iova, &walk, NULL), 0);
	ck_assert_uint_eq(walk.steps, 1);
	ck_assert_int_eq(walk.step[0].kind, LIBIOMMU_PGTABLE_EMPTY);
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), 0);
	ck_assert_int_eq(mock_table_walk(table(), map.iova, &walk, NULL), 0);
	ck_assert_uint_eq(walk.steps, walks[_i].steps);
	for (unsigned int i = 0; i <= last; i++) {
		const struct libiommu_pgtable_step *step = &walk.step[i];
		const struct expected_step *want = &walks[_i].step[i];

		ck_assert_uint_eq(step->level, want->level);
		ck_assert_uint_eq(step->index, want->index);
		ck_assert_int_eq(step->kind, want->kind);
		ck_assert_uint_eq(step->entry & ~step->next, want->flags);
		ck_assert_uint_eq(step->entry, step->next | want->flags);
		ck_assert_uint_eq(step->table % 0x800, 0);
		ck_assert(i == last || step->next == walk.step[i + 1].table);
	}
	/* The lowest frame of RAM is at 16 MiB. */
	ck_assert_uint_eq(walk.step[last].entry & walks[_i].address, 0x1000000);
	ck_assert_int_eq(rig_writes(&dev, map.iova, 1),
			 map.prot == RW ? 0 : LIBIOMMU_MOCK_FAULT_PERMISSION);
	ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
	ck_assert_int_eq(mock_table_walk(table(), map.iova, &walk, NULL), 0);
	ck_assert_int_eq(walk.step[walk.steps - 1].kind, LIBIOMMU_PGTABLE_EMPTY);
	stop();
}
END_TEST

START_TEST(nobody_sees_into_a_virtio_iommu)
{
	struct libiommu_pgtable_walk walk = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_backend_map map = { .iova = 0x5000, .length = PAGE, .prot = RW };
	struct libiommu_geometry geometry;

	ck_assert_int_eq(open_with("bare", "packed", "virtio-iommu"), 0);
	attach_empty(&geometry);
	libiommu_geometry_clear(&rig.env, &geometry);
	map.memory = rig.memory;
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), 0);
	walk.steps = 3;
	ck_assert_int_eq(mock_table_walk(table(), map.iova, &walk, NULL), 0);
	ck_assert_uint_eq(walk.steps, 0);
	ck_assert_int_eq(rig_reads(&dev, map.iova), 0);
	ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-translation");
	TCase *tcase = tcase_create("mock-translation");

	tcase_add_loop_test(tcase, own_tables_are_those_of_the_hardware, 0, COUNT(walks));
	tcase_add_test(tcase, nobody_sees_into_a_virtio_iommu);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
