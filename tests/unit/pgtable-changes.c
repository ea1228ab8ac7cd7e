/* SPDX-License-Identifier: BSD-2-Clause */
/* Edits that map nothing, in every format: protections, empty tables, marks. */
#include "tests/unit/pgtable-rows.h"
#include "tests/unit/run.h"

/* Some leaves of every size below 2^34, one behind the other from here on. */
#define BEGIN (UINT64_C(1) << 35)

static uint64_t begin, end; /* of what map_some() mapped */

static void map_some(uint32_t prot)
{
	unsigned int n;

	begin = desc->iova_last / 2 < BEGIN ? (desc->iova_last / 2 + 1) : BEGIN;
	end = begin;
	for (n = 34; n-- > desc->granule;) {
		if (!leaf_bytes(n) || end + leaf_bytes(n) - 1 > desc->iova_last)
			continue;
		ck_assert_int_eq(map(end, end & (GIB(32) - 1), leaf_bytes(n), prot), NONE);
		check_leaf(end, end, end & (GIB(32) - 1), leaf_bytes(n), prot);
		end += leaf_bytes(n);
	}
}

static enum libiommu_reason protect(uint64_t iova, uint64_t length, uint32_t prot, uint64_t *found)
{
	struct libiommu_error *err;

	return outcome(libiommu_pgtable_protect(pt, iova, length, prot, found, &gather, &err),
		       &err);
}

static enum libiommu_reason trim(uint64_t iova, uint64_t length)
{
	struct libiommu_error *err;

	return outcome(libiommu_pgtable_trim(pt, iova, length, &gather, &err), &err);
}

static enum libiommu_reason marks(uint64_t iova, uint64_t length, uint32_t flags,
				  unsigned int shift, uint64_t *bitmap)
{
	struct libiommu_error *err;

	return outcome(
		libiommu_pgtable_read_marks(pt, iova, length, flags, shift, bitmap, &gather, &err),
		&err);
}

START_TEST(protections)
{
	struct libiommu_pgtable_leaf leaf;
	struct leaves before;
	uint64_t found = 0;
	size_t i;

	open_row(_i);
	map_some(RW);
	release();
	before = all_leaves();
	ck_assert_int_eq(protect(begin, end - begin, RO, &found), NONE);
	ck_assert_uint_eq(found, end - begin);
	ck_assert_uint_eq(gather.iova.start, begin);
	ck_assert_uint_eq(gather.iova.last, end - 1);
	ck_assert_uint_eq(gather.tables, 0);
	for (i = 0; i < before.count; i++) {
		leaf = leaf_at(before.leaf[i].iova);
		ck_assert_uint_eq(leaf.prot, RO);
		ck_assert_uint_eq(leaf.phys, before.leaf[i].phys);
		ck_assert_uint_eq(leaf.length, before.leaf[i].length);
		check_leaf(leaf.iova + leaf.length - 1, leaf.iova, leaf.phys, leaf.length, RO);
	}
	release();
	/* What is so already is no change. Holes are passed over. */
	ck_assert_int_eq(protect(begin, end - begin, RO, NULL), NONE);
	ck_assert_uint_eq(gather.levels, 0);
	ck_assert_int_eq(protect(0, end, RW, &found), NONE);
	ck_assert_uint_eq(found, end - begin);
	check_same(&before);
	close_row();
}
END_TEST

START_TEST(protections_refused)
{
	struct leaves before;
	struct libiommu_pgtable_leaf big;
	uint64_t found = 5;

	open_row(_i);
	map_some(RW);
	release();
	before = all_leaves();
	big = leaf_at(begin);
	if (big.length > granule) {
		ck_assert_int_eq(protect(begin, granule, RO, &found), LIBIOMMU_REASON_WOULD_SPLIT);
		ck_assert_int_eq(protect(begin + granule, end - begin - granule, RO, &found),
				 LIBIOMMU_REASON_WOULD_SPLIT);
	}
	ck_assert_int_eq(protect(begin, granule, 0, &found), LIBIOMMU_REASON_NO_PROTECTION);
	ck_assert_int_eq(protect(begin, granule, 8, &found), LIBIOMMU_REASON_PROT_UNSUPPORTED);
	if (!desc->write_only)
		ck_assert_int_eq(protect(begin, end - begin, WO, &found),
				 LIBIOMMU_REASON_PROT_UNSUPPORTED);
	ck_assert_int_eq(protect(begin, 0, RO, &found), LIBIOMMU_REASON_EMPTY_RANGE);
	ck_assert_int_eq(protect(begin + 1, granule, RO, &found), LIBIOMMU_REASON_MISALIGNED);
	ck_assert_uint_eq(found, 5);
	ck_assert_uint_eq(gather.levels, 0);
	check_same(&before);
	ck_assert_int_eq(libiommu_pgtable_protect(NULL, 0, granule, RO, NULL, &gather, NULL),
			 -EINVAL);
	ck_assert_int_eq(libiommu_pgtable_protect(pt, 0, granule, RO, NULL, NULL, NULL), -EINVAL);
	close_row();
}
END_TEST

/* Hardware's marks outlive a change of protection. */
START_TEST(protections_keep_marks)
{
	open_row(_i);
	if (desc->dirty && !row->flags) {
		ck_assert_int_eq(map(0, 0, granule, RW), NONE);
		ck_assert_int_eq(map(granule, 0, granule, RW), NONE);
		ck_assert(libiommu_pgtable_mark(pt, 0, true));
		ck_assert(libiommu_pgtable_mark(pt, granule, false));
		ck_assert_int_eq(protect(0, 2 * granule, RO, NULL), NONE);
		ck_assert_int_eq(protect(0, 2 * granule, RW, NULL), NONE);
		/* ARM's dirty state is a permission to write, and goes with it. */
		ck_assert(leaf_at(0).dirty == !strstr(desc->name, "arm") && leaf_at(0).accessed);
		ck_assert(!leaf_at(granule).dirty && leaf_at(granule).accessed);
		ck_assert_uint_eq(leaf_at(0).prot, RW);
	}
	close_row();
}
END_TEST

START_TEST(trimmed)
{
	size_t tables, all;
	uint64_t space;

	open_row(_i);
	/* A page at each end of the lowest half: two paths of tables. */
	space = desc->iova_last / 2 + 1;
	ck_assert_int_eq(map(space - granule, 0, granule, RW), NONE);
	/* Roots of before the table grew. */
	ck_assert_int_eq(trim(0, space), NONE);
	release();
	tables = libiommu_pgtable_pages(pt);
	ck_assert_int_eq(map(0, 0, granule, RW), NONE);
	ck_assert_int_eq(map(2 * granule, 0, granule, RW), NONE);
	all = libiommu_pgtable_pages(pt);
	ck_assert_int_eq(unmap(0, granule, NULL), NONE);
	ck_assert_int_eq(trim(0, space), NONE);
	ck_assert_uint_eq(gather.tables, 0);
	ck_assert_int_eq(unmap(2 * granule, granule, NULL), NONE);
	release();
	/* A range that covers no table wholly frees none. */
	ck_assert_int_eq(trim(granule, granule), NONE);
	check_pages(all);
	ck_assert_int_eq(trim(0, space), NONE);
	ck_assert_uint_eq(gather.tables, all - tables);
	check_pages(tables);
	ck_assert(all == tables || gather.levels);
	ck_assert(is_mapped(space - granule));
	release();
	ck_assert_int_eq(trim(0, space), NONE);
	ck_assert_uint_eq(gather.tables, 0);
	ck_assert_int_eq(trim(0, 0), LIBIOMMU_REASON_EMPTY_RANGE);
	ck_assert_int_eq(trim(1, granule), LIBIOMMU_REASON_MISALIGNED);
	ck_assert_int_eq(libiommu_pgtable_trim(NULL, 0, granule, &gather, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_pgtable_trim(pt, 0, granule, NULL, NULL), -EINVAL);
	ck_assert_int_eq(map(0, 0, granule, RW), NONE);
	check_leaf(0, 0, 0, granule, RW);
	close_row();
}
END_TEST

/* Is a bit of a bitmap set, where bit 0 holds the address `base`? */
static bool bit_of(const uint64_t *bitmap, uint64_t base, unsigned int shift, uint64_t iova)
{
	uint64_t bit = (iova >> shift) - (base >> shift);

	return bitmap[bit / 64] >> bit % 64 & 1;
}

/* Half of the leaves are dirty: bits of each, whatever a bit's page is. */
START_TEST(dirty_leaves)
{
	unsigned int shifts[] = { 0, 30, 21 }, s;
	uint64_t *bitmap, at, page, base;
	struct leaves all;
	bool dirty;
	size_t i;

	open_row(_i);
	map_some(RW);
	shifts[0] = desc->granule;
	all = all_leaves();
	bitmap = calloc((GIB(35) / granule) / 64 + 2, sizeof(*bitmap));
	ck_assert_ptr_nonnull(bitmap);
	for (s = 0; desc->dirty && !row->flags && s < 3; s++) {
		page = UINT64_C(1) << shifts[s];
		base = begin & ~(page - 1);
		memset(bitmap, 0, (end - base) / granule / 8 + 16);
		for (i = s; i < all.count; i += 2)
			ck_assert(libiommu_pgtable_mark(
				pt, all.leaf[i].iova + all.leaf[i].length / 2, true));
		release();
		ck_assert_int_eq(
			marks(begin, end - begin, LIBIOMMU_PGTABLE_KEEP_MARKS, shifts[s], bitmap),
			NONE);
		ck_assert_uint_eq(gather.levels, 0);
		for (i = 0; i < all.count; i++) {
			dirty = i >= s && (i - s) % 2 == 0;
			ck_assert_int_eq(leaf_at(all.leaf[i].iova).dirty, dirty);
			at = all.leaf[i].iova;
			if (page <= all.leaf[i].length) {
				ck_assert_int_eq(bit_of(bitmap, begin, shifts[s], at), dirty);
				at += all.leaf[i].length - 1;
				ck_assert_int_eq(bit_of(bitmap, begin, shifts[s], at), dirty);
			} else if (dirty) {
				ck_assert(bit_of(bitmap, begin, shifts[s], at));
			}
		}
		memset(bitmap, 0, (end - base) / granule / 8 + 16);
		ck_assert_int_eq(marks(begin, end - begin, 0, shifts[s], bitmap), NONE);
		ck_assert_uint_ne(gather.levels, 0);
		for (i = 0; i < all.count; i++) {
			ck_assert(!leaf_at(all.leaf[i].iova).dirty);
			if (i >= s && (i - s) % 2 == 0)
				ck_assert(bit_of(bitmap, begin, shifts[s], all.leaf[i].iova));
		}
	}
	free(bitmap);
	check_same(&all);
	close_row();
}
END_TEST

/* A page that is dirty and not accessed: to look at its mark does not take it away. */
START_TEST(dirty_alone)
{
	uint64_t iova, bitmap = 0;
	unsigned int round;

	open_row(_i);
	iova = desc->iova_last / 2 + 1;
	ck_assert_int_eq(map(iova, granule, granule, RW), NONE);
	for (round = 0; desc->dirty && !row->flags && round < 3; round++) {
		if (!round) {
			ck_assert(libiommu_pgtable_mark(pt, iova, true));
			ck_assert_int_eq(marks(iova, granule, LIBIOMMU_PGTABLE_ACCESSED,
					       desc->granule, &bitmap),
					 NONE);
		}
		ck_assert(!leaf_at(iova).accessed);
		ck_assert(leaf_at(iova).dirty);
		bitmap = 0;
		ck_assert_int_eq(marks(iova, granule, round < 2 ? LIBIOMMU_PGTABLE_KEEP_MARKS : 0,
				       desc->granule, &bitmap),
				 NONE);
		ck_assert_uint_eq(bitmap, 1);
		ck_assert_int_eq(leaf_at(iova).dirty, round < 2);
	}
	unmap_all();
	close_row();
}
END_TEST

/* Small pages in all their neighbourhoods: bits begin and end anywhere in a word. */
START_TEST(dirty_pages)
{
	uint64_t i, bitmap[12], iova, first = 5, count = 600;
	unsigned int round;

	open_row(_i);
	iova = (desc->iova_last / 2 + 1) - 100 * granule;
	for (i = 0; i < 700; i++)
		ck_assert_int_eq(map(iova + i * granule, (i ^ 1) * granule, granule, RW), NONE);
	for (round = 0; desc->dirty && !row->flags && round < 8; round++, first += 9, count -= 29) {
		for (i = 0; i < 700; i++) {
			if (i % (round + 1) == 0)
				libiommu_pgtable_mark(pt, iova + i * granule, i % 3);
		}
		memset(bitmap, 0, sizeof(bitmap));
		release();
		ck_assert_int_eq(
			marks(iova + first * granule, count * granule, 0, desc->granule, bitmap),
			NONE);
		for (i = 0; i < count; i++)
			ck_assert_int_eq(bitmap[i / 64] >> i % 64 & 1,
					 (first + i) % (round + 1) == 0 && (first + i) % 3 != 0);
		for (; i < 64 * 12; i++)
			ck_assert_int_eq(bitmap[i / 64] >> i % 64 & 1, 0);
		ck_assert_uint_ge(gather.iova.start, iova + first * granule);
		ck_assert_uint_lt(gather.iova.last, iova + (first + count) * granule);
		for (i = first; i < first + count; i++)
			ck_assert(!leaf_at(iova + i * granule).dirty);
		/* What is outside the range keeps its marks; accessed is something else. */
		memset(bitmap, 0, sizeof(bitmap));
		ck_assert_int_eq(marks(iova, 700 * granule, LIBIOMMU_PGTABLE_ACCESSED,
				       desc->granule, bitmap),
				 NONE);
		for (i = 0; i < 700; i++) {
			ck_assert_int_eq(bitmap[i / 64] >> i % 64 & 1, i % (round + 1) == 0);
			ck_assert(!leaf_at(iova + i * granule).accessed);
			ck_assert_int_eq(leaf_at(iova + i * granule).dirty,
					 i % (round + 1) == 0 && i % 3 != 0 &&
						 (i < first || i >= first + count));
		}
		memset(bitmap, 0, sizeof(bitmap));
		ck_assert_int_eq(marks(iova, 700 * granule, 0, desc->granule + 1, bitmap), NONE);
	}
	close_row();
}
END_TEST

/* Of two leaves of several entries those that hardware has marked lie beyond the range. */
START_TEST(dirty_beyond)
{
	uint64_t run, iova, i, pages, bitmap[4] = { 0 };

	open_row(_i);
	run = desc->run_sizes & desc->level_sizes[1] & desc->leaf_sizes;
	run &= -run;
	iova = desc->iova_last / 2 + 1;
	if (run && desc->dirty && !row->flags) {
		ck_assert_int_eq(map(iova, 0, run, RW), NONE);
		ck_assert_int_eq(map(iova + run, 2 * run, run, RW), NONE);
		ck_assert(libiommu_pgtable_mark(pt, iova, true));
		ck_assert(libiommu_pgtable_mark(pt, iova + 2 * run - 1, true));
		pages = 2 * run / granule - 2;
		ck_assert_uint_le(pages, 4 * 64);
		ck_assert_int_eq(marks(iova + granule, pages * granule, LIBIOMMU_PGTABLE_KEEP_MARKS,
				       desc->granule, bitmap),
				 NONE);
		for (i = 0; i < pages; i++)
			ck_assert_uint_eq(bitmap[i / 64] >> i % 64 & 1, 1);
		ck_assert_uint_eq(unmap_all(), 2 * run);
	}
	close_row();
}
END_TEST

START_TEST(dirty_refused)
{
	uint64_t bitmap[2] = { 0, 0 };

	open_row(_i);
	map_some(RW);
	release();
	if (desc->dirty && leaf_at(begin).length > granule) {
		ck_assert_int_eq(marks(begin, granule, 0, desc->granule, bitmap),
				 LIBIOMMU_REASON_WOULD_SPLIT);
		ck_assert_int_eq(
			marks(begin, granule, LIBIOMMU_PGTABLE_KEEP_MARKS, desc->granule, bitmap),
			NONE);
	}
	if (!desc->dirty)
		ck_assert_int_eq(marks(begin, granule, 0, desc->granule, bitmap),
				 LIBIOMMU_REASON_NO_MARKS);
	ck_assert_int_eq(marks(begin, granule, 4, 12, bitmap), LIBIOMMU_REASON_UNKNOWN_FLAGS);
	ck_assert_int_eq(marks(begin, granule, 0, 64, bitmap), LIBIOMMU_REASON_BAD_OPTIONS);
	ck_assert_int_eq(marks(begin, granule, 0, 12, NULL), LIBIOMMU_REASON_NULL_ARGUMENT);
	ck_assert_int_eq(marks(begin, 0, 0, 12, bitmap), LIBIOMMU_REASON_EMPTY_RANGE);
	ck_assert_int_eq(marks(begin, 3, 0, 12, bitmap), LIBIOMMU_REASON_MISALIGNED);
	ck_assert_int_eq(libiommu_pgtable_read_marks(pt, 0, granule, 0, 12, bitmap, NULL, NULL),
			 -EINVAL);
	close_row();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pgtable changes");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, protections, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, protections_refused, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, protections_keep_marks, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, trimmed, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, dirty_leaves, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, dirty_alone, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, dirty_pages, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, dirty_beyond, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, dirty_refused, 0, ROWS_TWICE);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
