/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One page of the smallest size, and lists of such pages, whose tables are
 * there: they have a way of their own through the code. What must be refused is
 * refused there as well, with its reason, and changes nothing.
 */
#include "tests/unit/pgtable-rows.h"

#include "tests/unit/run.h"

static uint64_t there; /* a page that is mapped */
static uint64_t at;    /* the page behind it, in the same table, which is not */

static void open_page(int number)
{
	open_row(number);
	there = (desc->iova_last / 2 + 1) & ~((granule << desc->index_bits) - 1);
	at = there + granule;
	ck_assert_int_eq(map(there, 0, granule, RW), NONE);
}

static void close_page(void)
{
	check_leaf(there, there, 0, granule, RW);
	ck_assert(!is_mapped(at));
	ck_assert_uint_eq(unmap_all(), granule);
	close_row();
}

static bool can_protect(uint32_t prot)
{
	return prot == RW || (prot == RO && desc->read_only) || (prot == WO && desc->write_only);
}

/* What the arguments of a map can be wrong by; `call` is one map. */
#define CHECK_REFUSED(call)                                                                   \
	do {                                                                                  \
		uint64_t beyond = UINT64_C(1) << desc->phys_bits;                             \
		uint32_t prot;                                                                \
		ck_assert_int_eq(call(at + 8, 0, granule, RW), MISALIGNED);                   \
		ck_assert_int_eq(call(at, 8, granule, RW), MISALIGNED);                       \
		ck_assert_int_eq(call(at, 0, granule - 8, RW), MISALIGNED);                   \
		ck_assert_int_eq(call(at, 0, granule + 8, RW), MISALIGNED);                   \
		ck_assert_int_eq(call(at, 0, 0, RW), LIBIOMMU_REASON_EMPTY_RANGE);            \
		ck_assert_int_eq(call(at, beyond, granule, RW), TOO_WIDE);                    \
		ck_assert_int_eq(call(at, beyond | granule, granule, RW), TOO_WIDE);          \
		ck_assert_int_eq(call(there, granule, granule, RW), EXISTS);                  \
		ck_assert_int_eq(call(at, 0, granule, 0), NO_PROTECTION);                     \
		for (prot = 1; prot < 70; prot++) {                                           \
			if (!can_protect(prot))                                               \
				ck_assert_int_eq(call(at, 0, granule, prot), NO_PROT);        \
		}                                                                             \
		if (desc->iova_last != UINT64_MAX)                                            \
			ck_assert_int_eq(call(desc->iova_last + 1, 0, granule, RW), OUTSIDE); \
	} while (0)
#define MISALIGNED    LIBIOMMU_REASON_MISALIGNED
#define TOO_WIDE      LIBIOMMU_REASON_ADDRESS_WIDTH
#define EXISTS        LIBIOMMU_REASON_MAPPING_EXISTS
#define NO_PROTECTION LIBIOMMU_REASON_NO_PROTECTION
#define NO_PROT       LIBIOMMU_REASON_PROT_UNSUPPORTED
#define OUTSIDE       LIBIOMMU_REASON_OUTSIDE_APERTURE

START_TEST(refused_maps)
{
	open_page(_i);
	CHECK_REFUSED(map);
	close_page();
}
END_TEST

static enum libiommu_reason map_one_of_list(uint64_t iova, uint64_t phys, uint64_t length,
					    uint32_t prot)
{
	struct libiommu_pgtable_piece piece = { phys, length };

	return map_list(iova, &piece, 1, prot);
}

START_TEST(refused_lists)
{
	struct libiommu_pgtable_piece pieces[3] = { { 0, 0 } };
	uint64_t end;

	open_page(_i);
	CHECK_REFUSED(map_one_of_list);
	/* The last piece leaves the space, or is where something is. */
	pieces[0].length = pieces[1].length = pieces[2].length = granule;
	end = desc->iova_last - 2 * granule + 1;
	ck_assert_int_eq(map_list(end, pieces, 3, RW),
			 desc->iova_last == UINT64_MAX ? LIBIOMMU_REASON_RANGE_WRAPS : OUTSIDE);
	ck_assert_int_eq(map_list(there - 2 * granule, pieces, 3, RW), EXISTS);
	ck_assert(!is_mapped(end));
	ck_assert(!is_mapped(there - 2 * granule));
	ck_assert(!is_mapped(there - granule));
	/* The gather knows of what was there for a moment. */
	ck_assert_uint_le(gather.iova.start, there - 2 * granule);
	ck_assert_uint_ge(gather.iova.last, there - 1);
	ck_assert_int_eq(map_list(there - 2 * granule, pieces, 2, RW), NONE);
	ck_assert_int_eq(unmap(there - 2 * granule, 2 * granule, NULL), NONE);
	close_page();
}
END_TEST

/* Lists across tables: each page leads to its own place. */
START_TEST(lists)
{
	size_t i, count;
	struct libiommu_pgtable_piece *pieces;
	uint64_t phys;

	open_page(_i);
	count = ((size_t)3 << desc->index_bits) / 2;
	pieces = calloc(count, sizeof(*pieces));
	ck_assert_ptr_nonnull(pieces);
	for (i = 0; i < count; i++) {
		phys = (i * 7 + 1) * granule;
		pieces[i] = (struct libiommu_pgtable_piece){ phys, granule };
	}
	ck_assert_int_eq(map_list(at, pieces, count, RO), NONE);
	for (i = 0; i < count; i += 61)
		check_leaf(at + i * granule, at + i * granule, pieces[i].phys, granule, RO);
	check_leaf(at + (count - 1) * granule, at + (count - 1) * granule, pieces[count - 1].phys,
		   granule, RO);
	ck_assert(!is_mapped(at + count * granule));
	ck_assert_int_eq(unmap(at, count * granule, NULL), NONE);
	free(pieces);
	close_page();
}
END_TEST

START_TEST(unmaps)
{
	uint64_t removed = 1;

	open_page(_i);
	ck_assert_int_eq(unmap(there + 8, granule, &removed), MISALIGNED);
	ck_assert_int_eq(unmap(there, granule + 8, &removed), MISALIGNED);
	if (desc->iova_last != UINT64_MAX)
		ck_assert_int_eq(unmap(desc->iova_last + 1, granule, &removed), OUTSIDE);
	ck_assert_uint_eq(removed, 1);
	ck_assert_int_eq(unmap(at, granule, &removed), NONE);
	ck_assert_uint_eq(removed, 0);
	ck_assert_uint_eq(gather.levels & 1u << 1, 0);
	ck_assert_int_eq(map(at, granule, granule, RO), NONE);
	release();
	ck_assert_int_eq(unmap(at, granule, &removed), NONE);
	ck_assert_uint_eq(removed, granule);
	ck_assert_uint_eq(gather.levels, 1u << 1);
	ck_assert_uint_eq(gather.iova.start, at);
	ck_assert_uint_eq(gather.iova.last, at + granule - 1);
	close_page();
}
END_TEST

/* A page of a leaf of several entries is not removed, mapped over, or found as a page. */
START_TEST(pages_of_runs)
{
	uint64_t run, start;
	unsigned int n;

	open_page(_i);
	for (n = desc->granule + 1; n < 64 && !(desc->run_sizes & desc->level_sizes[1] &
						desc->leaf_sizes & UINT64_C(1) << n);)
		n++;
	if (n < 64 && leaf_bytes(n)) {
		run = leaf_bytes(n);
		start = there + (granule << desc->index_bits);
		ck_assert_int_eq(map(start, run, run, RW), NONE);
		check_leaf(start + granule, start, run, run, RW);
		ck_assert_int_eq(unmap(start, granule, NULL), LIBIOMMU_REASON_WOULD_SPLIT);
		ck_assert_int_eq(unmap(start + granule, granule, NULL),
				 LIBIOMMU_REASON_WOULD_SPLIT);
		ck_assert_int_eq(map(start + granule, 0, granule, RW), EXISTS);
		check_leaf(start, start, run, run, RW);
		ck_assert_int_eq(unmap(start, run, NULL), NONE);
	}
	close_page();
}
END_TEST

/* Behind the last address nothing is found, though its low bits lead to a page. */
START_TEST(beyond)
{
	uint64_t past;
	struct libiommu_pgtable_leaf leaf;

	open_page(_i);
	past = desc->iova_last + 1;
	if (past) {
		ck_assert(!libiommu_pgtable_translate(pt, past | there, &leaf));
		ck_assert(!libiommu_pgtable_translate(pt, UINT64_MAX, &leaf));
		ck_assert(!libiommu_pgtable_mark(pt, past | there, true));
	}
	ck_assert(!libiommu_pgtable_translate(NULL, there, &leaf));
	ck_assert(!libiommu_pgtable_translate(pt, there, NULL));
	close_page();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pgtable page");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, refused_maps, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, refused_lists, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, lists, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, unmaps, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, pages_of_runs, 0, ROWS_TWICE);
	tcase_add_loop_test(tc, beyond, 0, ROWS_TWICE);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
