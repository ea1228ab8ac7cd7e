/* SPDX-License-Identifier: BSD-2-Clause */
/* Every leaf size of every format: where it can lie, what it takes, and what cannot be done to it. */
#include "tests/unit/pgtable-rows.h"
#include "tests/unit/run.h"

/* The entries of the leaf that holds iova, which lie side by side. */
static void check_run(uint64_t iova, uint64_t size)
{
	struct libiommu_pgtable_step step, first = last_step(iova);
	uint64_t entries = 1, i;

	ck_assert_uint_eq(first.level, level_of(size));
	if (desc->run_sizes & size)
		entries = size >> (desc->granule + desc->index_bits * (first.level - 1));
	for (i = 0; i < entries; i++) {
		step = last_step(iova + i * (size / entries));
		ck_assert_int_eq(step.kind, LIBIOMMU_PGTABLE_LEAF);
		ck_assert_int_eq(step.entry == first.entry, i == 0 || !desc->run_steps);
		ck_assert_uint_eq(step.next, first.next);
		ck_assert_uint_eq(step.table, first.table);
		ck_assert_uint_eq(step.index, first.index + i);
	}
}

static void check_not_cut(uint64_t iova, uint64_t size)
{
	uint64_t removed = 7;

	if (size == granule)
		return;
	ck_assert_int_eq(unmap(iova, granule, &removed), LIBIOMMU_REASON_WOULD_SPLIT);
	ck_assert_int_eq(unmap(iova + size - granule, granule, NULL), LIBIOMMU_REASON_WOULD_SPLIT);
	ck_assert_int_eq(unmap(iova + size / 2, size / 2, NULL), LIBIOMMU_REASON_WOULD_SPLIT);
	ck_assert_int_eq(unmap(iova, size - granule, NULL), LIBIOMMU_REASON_WOULD_SPLIT);
	ck_assert_uint_eq(removed, 7);
}

static void check_one(uint64_t iova, uint64_t phys, uint64_t size)
{
	uint64_t removed;

	ck_assert_int_eq(map(iova, phys, size, RW), NONE);
	check_leaf(iova, iova, phys, size, RW);
	check_leaf(iova + size / 2, iova, phys, size, RW);
	check_leaf(iova + size - 1, iova, phys, size, RW);
	ck_assert(!iova || !is_mapped(iova - 1));
	ck_assert(iova + size > desc->iova_last || !is_mapped(iova + size));
	check_run(iova, size);
	check_not_cut(iova, size);
	ck_assert_int_eq(map(iova + size - granule, 0, granule, RW),
			 LIBIOMMU_REASON_MAPPING_EXISTS);
	ck_assert_int_eq(unmap(iova, size, &removed), NONE);
	ck_assert_uint_eq(removed, size);
	ck_assert(!is_mapped(iova));
	ck_assert(!is_mapped(iova + size - 1));
	release();
}

START_TEST(sizes_and_places)
{
	uint64_t size, phys_end;
	unsigned int n;

	open_row(_i);
	phys_end = desc->phys_bits == 64 ? 0 : UINT64_C(1) << desc->phys_bits;
	for (n = desc->granule; n < 64; n++) {
		size = leaf_bytes(n);
		if (!size || size > phys_end - 1)
			continue;
		/* A leaf at the end makes a table that grows large enough for all. */
		check_one(desc->iova_last - (size - 1), phys_end - size, size);
		check_one(0, phys_end - size, size);
		check_one(size, 0, size);
		check_one((desc->iova_last / 3) & ~(size - 1), 0, size);
	}
	unmap_all();
	close_row();
}
END_TEST

/* Members alone: what lies between them is nobody's. */
static void check_same_desc(const struct libiommu_pgtable_desc *a,
			    const struct libiommu_pgtable_desc *b)
{
	unsigned int level;

	ck_assert_str_eq(a->name, b->name);
	ck_assert_uint_eq(a->levels, b->levels);
	ck_assert_uint_eq(a->index_bits, b->index_bits);
	ck_assert_uint_eq(a->granule, b->granule);
	ck_assert_uint_eq(a->leaf_sizes, b->leaf_sizes);
	ck_assert_uint_eq(a->iova_last, b->iova_last);
	ck_assert_uint_eq(a->phys_bits, b->phys_bits);
	ck_assert_int_eq(a->read_only, b->read_only);
	ck_assert_int_eq(a->write_only, b->write_only);
	ck_assert_int_eq(a->dirty, b->dirty);
	ck_assert_uint_eq(a->max_levels, b->max_levels);
	ck_assert_uint_eq(a->iova_bits, b->iova_bits);
	ck_assert_uint_eq(a->run_sizes, b->run_sizes);
	for (level = 0; level <= LIBIOMMU_PGTABLE_MAX_LEVELS; level++)
		ck_assert_uint_eq(a->level_sizes[level], b->level_sizes[level]);
	ck_assert_uint_eq(a->table_bytes, b->table_bytes);
	ck_assert_uint_eq(a->root_bytes, b->root_bytes);
	ck_assert_int_eq(a->run_steps, b->run_steps);
}

/* The description agrees with itself and with what a format says without a table. */
START_TEST(described)
{
	struct libiommu_pgtable_desc other;
	uint64_t all = 0;
	unsigned int level;

	open_row(_i);
	ck_assert_int_eq(libiommu_pgtable_format_describe(&options, &other, NULL), 0);
	check_same_desc(&other, desc);
	ck_assert_uint_eq(desc->leaf_sizes & granule, granule);
	ck_assert_uint_eq(desc->table_bytes, sizeof(uint64_t) << desc->index_bits);
	for (level = 1; level <= desc->max_levels; level++) {
		ck_assert_uint_eq(all & desc->level_sizes[level], 0);
		all |= desc->level_sizes[level];
	}
	ck_assert_uint_eq(desc->leaf_sizes & ~all, 0);
	ck_assert_uint_eq(desc->run_sizes & ~all, 0);
	ck_assert_uint_eq(libiommu_pgtable_root(pt) % desc->root_bytes, 0);
	ck_assert_int_eq(map(0, 0, granule, RW), NONE);
	ck_assert_uint_eq(walk(0).steps, desc->levels);
	ck_assert_int_eq(libiommu_pgtable_format_find(desc->name), row->format);
	unmap_all();
	close_row();
}
END_TEST

static bool can_protect(uint32_t prot)
{
	return prot == RW || (prot == RO && desc->read_only) || (prot == WO && desc->write_only);
}

START_TEST(protections)
{
	struct libiommu_pgtable_leaf leaf;
	uint64_t size, end;
	unsigned int n;
	uint32_t prot;

	open_row(_i);
	for (n = desc->granule; n < 40; n++) {
		size = leaf_bytes(n);
		for (prot = 0; size && prot <= RW; prot++) {
			if (!prot) {
				ck_assert_int_eq(map(0, 0, size, 0), LIBIOMMU_REASON_NO_PROTECTION);
			} else if (!can_protect(prot)) {
				ck_assert_int_eq(map(0, 0, size, prot),
						 LIBIOMMU_REASON_PROT_UNSUPPORTED);
			} else {
				ck_assert_int_eq(map(0, 0, size, prot), NONE);
				leaf = leaf_at(size / 2);
				ck_assert_uint_eq(leaf.prot, prot);
				ck_assert_uint_eq(leaf.length, size);
				ck_assert_int_eq(leaf.accessed,
						 (row->flags & LIBIOMMU_PGTABLE_MARKED) != 0);
				ck_assert_int_eq(leaf.dirty,
						 (row->flags & LIBIOMMU_PGTABLE_MARKED) &&
							 prot & WO);
				ck_assert_int_eq(unmap(0, size, NULL), NONE);
			}
		}
	}
	end = UINT64_C(1) << desc->phys_bits;
	ck_assert_int_eq(map(0, end, granule, RW), LIBIOMMU_REASON_ADDRESS_WIDTH);
	ck_assert_int_eq(map(0, end - granule, 2 * granule, RW), LIBIOMMU_REASON_ADDRESS_WIDTH);
	close_row();
}
END_TEST

/* Hardware marks any entry of a leaf; lookups see it from everywhere. */
START_TEST(marks)
{
	struct libiommu_pgtable_leaf leaf;
	unsigned int n;
	uint64_t size;

	open_row(_i);
	for (n = desc->granule; desc->dirty && !row->flags && n < 40; n++) {
		size = leaf_bytes(n);
		if (!size)
			continue;
		ck_assert_int_eq(map(0, 0, size, RW), NONE);
		ck_assert(!leaf_at(0).accessed && !leaf_at(0).dirty);
		ck_assert(libiommu_pgtable_mark(pt, size - 1, false));
		ck_assert(leaf_at(0).accessed && !leaf_at(0).dirty);
		ck_assert(libiommu_pgtable_mark(pt, size / 2, true));
		ck_assert(leaf_at(0).accessed && leaf_at(size - 1).dirty);
		ck_assert(libiommu_pgtable_next_leaf(pt, 0, 0, &leaf));
		ck_assert(leaf.accessed && leaf.dirty);
		check_leaf(0, 0, 0, size, RW);
		ck_assert_int_eq(unmap(0, size, NULL), NONE);
		ck_assert(!libiommu_pgtable_mark(pt, 0, true));
	}
	close_row();
}
END_TEST

/* An empty table makes room for a leaf, one that holds something does not. */
START_TEST(over_tables)
{
	unsigned int n;
	uint64_t size;

	open_row(_i);
	for (n = desc->granule + 1; n < 45; n++) {
		size = leaf_bytes(n);
		if (!size || size > UINT64_C(1) << (desc->phys_bits - 1))
			continue;
		ck_assert_int_eq(map(size - granule, 0, granule, RW), NONE);
		ck_assert_int_eq(map(0, 0, size, RW), LIBIOMMU_REASON_MAPPING_EXISTS);
		check_leaf(size - 1, size - granule, 0, granule, RW);
		ck_assert(!is_mapped(0));
		ck_assert_int_eq(unmap(size - granule, granule, NULL), NONE);
		release();
		ck_assert_int_eq(map(0, size, size, RW), NONE);
		ck_assert_uint_ge(gather.tables, level_of(size) - 1);
		check_leaf(size / 2, 0, size, size, RW);
		ck_assert_int_eq(unmap(0, size, NULL), NONE);
		unmap_all();
		release();
	}
	close_row();
}
END_TEST

/* Whatever allocation fails, nothing is mapped, and the next attempt succeeds. */
START_TEST(memory_fails)
{
	uint64_t iova, phys, length = 0, at;
	unsigned int n, size;

	open_row(_i);
	for (size = desc->granule; size < 34; size++)
		length += leaf_bytes(size);
	iova = desc->iova_last / 2 + 1 - length;
	phys = iova & ((UINT64_C(1) << 34) - 1);
	for (n = 1;; n++) {
		unmap_all();
		release();
		libiommu_pgtable_free(pt);
		arena.allocations = 0;
		arena.fail_at = n;
		pt = NULL;
		if (libiommu_pgtable_new(&options, &pt, NULL)) {
			ck_assert_uint_eq(arena.live, 0);
			ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), 0);
		}
		desc = libiommu_pgtable_describe(pt);
		if (map(iova, phys, length, RW) != NONE) {
			for (at = iova; at < iova + length && !is_mapped(at); at += granule * 97)
				;
			ck_assert_uint_ge(at, iova + length);
			check_pages(libiommu_pgtable_pages(pt));
			ck_assert_int_eq(map(iova, phys, length, RW), NONE);
		}
		check_leaf(iova, iova, phys, leaf_at(iova).length, RW);
		ck_assert(is_mapped(iova + length - 1));
		if (arena.allocations < n)
			break;
	}
	ck_assert_uint_gt(n, desc->levels);
	close_row();
}
END_TEST

START_TEST(format_names)
{
	enum libiommu_pgtable_format format = LIBIOMMU_PGTABLE_NO_FORMAT;
	struct libiommu_pgtable_options o = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_pgtable_desc d;
	unsigned int found = 0;
	int i;

	while ((format = libiommu_pgtable_format_next(format))) {
		found++;
		for (i = 0; i < ROWS && rows[i].format != format; i++)
			;
		ck_assert_msg(i < ROWS, "%s has no row", libiommu_pgtable_format_name(format));
	}
	ck_assert_uint_ge(found, 4);
	ck_assert_int_eq(libiommu_pgtable_format_find("amdv1"), LIBIOMMU_PGTABLE_AMDV1);
	ck_assert_int_eq(libiommu_pgtable_format_find("none"), LIBIOMMU_PGTABLE_NO_FORMAT);
	ck_assert_int_eq(libiommu_pgtable_format_find(NULL), LIBIOMMU_PGTABLE_NO_FORMAT);
	ck_assert_ptr_null(libiommu_pgtable_format_name((enum libiommu_pgtable_format)4711));
	ck_assert_int_eq(libiommu_pgtable_format_describe(NULL, &d, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_pgtable_format_describe(&o, NULL, NULL), -EINVAL);
	o.format = (enum libiommu_pgtable_format)4711;
	ck_assert_int_eq(libiommu_pgtable_format_describe(&o, &d, NULL), -EINVAL);
}
END_TEST

START_TEST(refused_options)
{
	const struct libiommu_pgtable_options good = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_pgtable_options o = good;
	struct libiommu_pgtable *other;
	struct libiommu_error *err;

#define REFUSED(reason)                                                         \
	ck_assert_int_eq(outcome(libiommu_pgtable_new(&o, &other, &err), &err), \
			 LIBIOMMU_REASON_##reason)
	o.attributes = 2;
	REFUSED(BAD_OPTIONS);
	o = good;
	o.flags = 1u << 31;
	REFUSED(UNKNOWN_OPTIONS);
	o = good;
	o.phys_bits = 53;
	REFUSED(BAD_FORMAT);
	o.phys_bits = 12;
	REFUSED(BAD_FORMAT);
	o = good;
	o.iova_bits = 58;
	REFUSED(BAD_FORMAT);
	o.levels = 3;
	o.iova_bits = 40;
	REFUSED(BAD_FORMAT);
	o.iova_bits = 12;
	REFUSED(BAD_FORMAT);
#undef REFUSED
	/* The fewest levels for a width. */
	o = good;
	o.iova_bits = 49;
	ck_assert_int_eq(libiommu_pgtable_new(&o, &other, NULL), 0);
	ck_assert_uint_eq(libiommu_pgtable_describe(other)->levels, 5);
	ck_assert_uint_eq(libiommu_pgtable_describe(other)->iova_last, (UINT64_C(1) << 49) - 1);
	libiommu_pgtable_free(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pgtable leaves");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, sizes_and_places, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, described, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, protections, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, marks, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, over_tables, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, memory_fails, 0, ROWS);
	tcase_add_test(tc, format_names);
	tcase_add_test(tc, refused_options);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
