/* SPDX-License-Identifier: BSD-2-Clause */
/* What edits leave behind, and what lookups make of odd tables; a part of pgtable-format.h. */
#ifndef LIBIOMMU_TESTS_UNIT_PGTABLE_EDITS_H
#define LIBIOMMU_TESTS_UNIT_PGTABLE_EDITS_H

/* A new table with some mappings, without empty tables that earlier attempts left. */
static void make_occupied(void)
{
	libiommu_pgtable_release(pt, &gather);
	libiommu_pgtable_free(pt);
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), 0);
	ck_assert_int_eq(map(MIB(4) + KIB(16), 0, KIB(4), RO), NONE);
	ck_assert_int_eq(map(GIB(4), 0, GIB(1), RW), NONE);
	ck_assert_int_eq(map(GIB(8) + MIB(2), 0, MIB(2), RW), NONE);
}

static const struct {
	uint64_t iova, phys, length;
} occupied[] = {
	{ MIB(4) + KIB(16), 0, KIB(4) },
	{ MIB(4), 0, MIB(2) },
	{ MIB(4), KIB(4), MIB(2) },
	{ MIB(2), 0, MIB(4) },
	{ MIB(2) - KIB(4), MIB(2) - KIB(4), MIB(6) },
	{ 0, 0, GIB(1) },
	{ 0, 0, GIB(4) },
	{ MIB(4) + KIB(12), 0, KIB(8) },
	{ GIB(4), 0, KIB(4) },
	{ GIB(5) - MIB(2), 0, MIB(2) },
	{ GIB(4) - KIB(8), 0, KIB(12) },
	{ GIB(4), 0, GIB(1) },
	{ GIB(3), 0, GIB(3) },
	{ GIB(2) - MIB(2), MIB(2), GIB(5) },
	{ GIB(8) + MIB(4) - KIB(4), 0, KIB(4) },
	{ GIB(8), 0, GIB(1) },
	{ GIB(8), KIB(4), MIB(8) },
};

/* What is refused leaves the tables as they were, in one piece or as a list. */
START_TEST(mapping_exists)
{
	const uint64_t iova = occupied[_i / 2].iova, phys = occupied[_i / 2].phys;
	const uint64_t length = occupied[_i / 2].length;
	struct libiommu_pgtable_piece pieces[2] = { { phys, KIB(4) },
						    { phys + KIB(4), length - KIB(4) } };
	unsigned char *tables, used[ARENA_PAGES];
	struct leaves before;

	make_occupied();
	before = all_leaves();
	tables = copy_tables();
	memcpy(used, arena.used, sizeof(used));
	if (_i % 2)
		ck_assert_int_eq(map_list(iova, pieces, length > KIB(4) ? 2 : 1, RW),
				 LIBIOMMU_REASON_MAPPING_EXISTS);
	else
		ck_assert_int_eq(map(iova, phys, length, RW), LIBIOMMU_REASON_MAPPING_EXISTS);
	check_same(&before);
	check_tables(tables, used);
}
END_TEST

/* What was there for a moment may be in a cache. */
START_TEST(undone_is_gathered)
{
	ck_assert_int_eq(map(MIB(4), 0, KIB(4), RO), NONE);
	ck_assert_int_eq(map(MIB(2), KIB(4), MIB(3), RO), LIBIOMMU_REASON_MAPPING_EXISTS);
	ck_assert_uint_eq(gather.iova.start, MIB(2));
	ck_assert_uint_eq(gather.iova.last, MIB(4) - 1);
	ck_assert_uint_eq(gather.levels, 1u << 1);
	ck_assert_uint_eq(gather.tables, 0);
}
END_TEST

START_TEST(would_split)
{
	static const struct {
		uint64_t iova, length;
	} cuts[] = {
		{ GIB(4), KIB(4) },          { GIB(5) - KIB(4), KIB(4) },
		{ GIB(4), GIB(1) / 2 },      { GIB(4) + MIB(2), GIB(2) },
		{ 0, GIB(5) - MIB(2) },      { GIB(3), GIB(1) + KIB(4) },
		{ MIB(6), KIB(4) },          { MIB(6), MIB(2) - KIB(4) },
		{ MIB(8) - KIB(4), MIB(2) }, { 0, MIB(6) + KIB(4) },
	};
	struct leaves before;
	uint64_t removed = 7;
	size_t i;

	ck_assert_int_eq(map(GIB(4), 0, GIB(1), RW), NONE);
	ck_assert_int_eq(map(MIB(6), 0, MIB(2), RW), NONE);
	ck_assert_int_eq(map(MIB(2), 0, KIB(64), RW), NONE);
	for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		before = all_leaves();
		ck_assert_int_eq(unmap(cuts[i].iova, cuts[i].length, &removed),
				 LIBIOMMU_REASON_WOULD_SPLIT);
		check_same(&before);
		ck_assert_uint_eq(removed, 7);
		ck_assert_uint_eq(gather.levels, 0);
	}
	ck_assert_int_eq(unmap(MIB(4), GIB(5), &removed), NONE);
	ck_assert_uint_eq(removed, GIB(1) + MIB(2));
}
END_TEST

START_TEST(table_under_a_leaf)
{
	uint64_t iova = GIB(3);

	ck_assert_int_eq(map(iova, 0, KIB(4), RW), NONE);
	ck_assert_int_eq(map(iova + MIB(2), 0, KIB(4), RW), NONE);
	check_pages(LEVELS + 1);
	ck_assert_int_eq(unmap(iova, KIB(4), NULL), NONE);
	ck_assert_int_eq(unmap(iova + MIB(2), KIB(4), NULL), NONE);
	check_pages(LEVELS + 1);
	release();
	/* A leaf of 2 MiB replaces one table, a leaf of 1 GiB what is left of it. */
	ck_assert_int_eq(map(iova, MIB(2), MIB(2), RW), NONE);
	ck_assert_uint_eq(gather.tables, 1);
	ck_assert_uint_eq(gather.levels, 1u << 2);
	ck_assert_uint_eq(gather.iova.start, iova);
	ck_assert_uint_eq(gather.iova.last, iova + MIB(2) - 1);
	check_pages(LEVELS);
	release();
	ck_assert_int_eq(unmap(iova, MIB(2), NULL), NONE);
	ck_assert_uint_eq(gather.levels, 1u << 2);
	release();
	ck_assert_int_eq(map(iova, GIB(1), GIB(1), RO), NONE);
	ck_assert_uint_eq(gather.tables, 2);
	ck_assert_uint_eq(gather.levels, 1u << 3 | 1u << 2);
	ck_assert_uint_eq(gather.iova.start, iova);
	ck_assert_uint_eq(gather.iova.last, iova + GIB(1) - 1);
	check_pages(LEVELS - 2);
	check_leaf(iova + MIB(5), iova, GIB(1), GIB(1), RO);
}
END_TEST

START_TEST(holes)
{
	uint64_t removed;

	ck_assert_int_eq(unmap(SOMEWHERE, KIB(4), &removed), NONE);
	ck_assert_uint_eq(removed, 0);
	ck_assert_int_eq(unmap(0, IOVA_LAST + 1, &removed), NONE);
	ck_assert_uint_eq(removed, 0);
	ck_assert_uint_eq(gather.levels, 0);
	ck_assert(gather.iova.start > gather.iova.last);
	ck_assert_int_eq(map(KIB(8), 0, KIB(4), RW), NONE);
	ck_assert_int_eq(map(KIB(20), 0, KIB(8), RW), NONE);
	ck_assert_int_eq(map(MIB(2), 0, MIB(2), RW), NONE);
	ck_assert_int_eq(map(GIB(9) + KIB(4), 0, KIB(4), RW), NONE);
	ck_assert_int_eq(unmap(KIB(4), KIB(16), &removed), NONE);
	ck_assert_uint_eq(removed, KIB(4));
	/* The gather is exact, holes at the ends are no change. */
	ck_assert_uint_eq(gather.iova.start, KIB(8));
	ck_assert_uint_eq(gather.iova.last, KIB(12) - 1);
	ck_assert_int_eq(unmap(KIB(4), GIB(9) + KIB(4), &removed), NONE);
	ck_assert_uint_eq(removed, KIB(8) + MIB(2) + KIB(4));
	ck_assert_uint_eq(gather.iova.last, GIB(9) + KIB(8) - 1);
	ck_assert_uint_eq(gather.levels, 1u << 1 | 1u << 2);
}
END_TEST

/* Tables go with a range that covers all of them, and only then. */
START_TEST(tables_gathered)
{
	uint64_t removed;

	ck_assert_int_eq(map(GIB(2), KIB(4), GIB(1), RW), NONE);
	check_pages(1 + (LEVELS - 2) + 512);
	ck_assert_int_eq(unmap(GIB(2), MIB(2) - KIB(4), &removed), NONE);
	ck_assert_uint_eq(gather.tables, 0);
	ck_assert_int_eq(unmap(GIB(2), MIB(2), &removed), NONE);
	ck_assert_uint_eq(removed, KIB(4));
	ck_assert_uint_eq(gather.tables, 1);
	ck_assert_uint_eq(gather.levels, 1u << 1 | 1u << 2);
	ck_assert_uint_eq(gather.iova.start, GIB(2));
	ck_assert_uint_eq(gather.iova.last, GIB(2) + MIB(2) - 1);
	ck_assert_int_eq(unmap(GIB(2) + MIB(3), MIB(4), &removed), NONE);
	ck_assert_uint_eq(removed, MIB(4));
	ck_assert_uint_eq(gather.tables, 2);
	ck_assert_uint_eq(gather.iova.last, GIB(2) + MIB(7) - 1);
	check_pages(1 + (LEVELS - 2) + 510);
	ck_assert_int_eq(unmap(GIB(2), GIB(1), &removed), NONE);
	ck_assert_uint_eq(removed, GIB(1) - MIB(6));
	ck_assert_uint_eq(gather.tables, 513);
	ck_assert_uint_eq(gather.levels, 1u << 1 | 1u << 2 | 1u << 3);
	check_pages(LEVELS - 2);
	release();
	check_pages(LEVELS - 2);
	ck_assert_int_eq(unmap(0, IOVA_LAST + 1, NULL), NONE);
	release();
	check_pages(1);
}
END_TEST

START_TEST(lists)
{
	static const struct libiommu_pgtable_piece pieces[] = {
		{ KIB(40), KIB(4) }, { KIB(8), KIB(4) }, { KIB(12), KIB(8) },
		{ GIB(1), MIB(2) },  { KIB(4), KIB(4) }, { MIB(9), MIB(5) },
		{ GIB(8), GIB(1) },  { 0, KIB(4) },      { MIB(2), MIB(2) - KIB(16) },
		{ MIB(8), MIB(2) },  { KIB(4), KIB(4) },
	};
	uint64_t start = GIB(7) - MIB(2) - KIB(16), at = start, off;
	struct libiommu_pgtable_leaf leaf;
	size_t i;

	ck_assert_int_eq(map_list(start, pieces, sizeof(pieces) / sizeof(pieces[0]), RW), NONE);
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		for (off = 0; off < pieces[i].length; off += KIB(4)) {
			leaf = leaf_at(at + off);
			ck_assert_uint_eq(leaf.phys + (at + off - leaf.iova), pieces[i].phys + off);
		}
		at += pieces[i].length;
	}
	check_leaf(start + KIB(16), start + KIB(16), GIB(1), MIB(2), RW);
	ck_assert(!is_mapped(at));
	ck_assert(!is_mapped(start - 1));
}
END_TEST

START_TEST(broken_entries)
{
	struct libiommu_pgtable_leaf leaf;
	unsigned int level;
	uint64_t *entry, old;

	ck_assert_int_eq(map(SOMEWHERE, 0, KIB(4), RW), NONE);
	for (level = LEVELS; level > 1; level--) {
		entry = entry_of(SOMEWHERE, level);
		old = *entry;
		*entry = (ARENA_PHYS - PAGE) | TABLE_BITS;
		ck_assert_int_eq(last_step(SOMEWHERE).kind, LIBIOMMU_PGTABLE_BROKEN);
		ck_assert_uint_eq(last_step(SOMEWHERE).next, ARENA_PHYS - PAGE);
		ck_assert_uint_eq(walk(SOMEWHERE).steps, LEVELS - level + 1);
		ck_assert(!is_mapped(SOMEWHERE));
		ck_assert(!libiommu_pgtable_mark(pt, SOMEWHERE, true));
		ck_assert(!libiommu_pgtable_next_leaf(pt, 0, UINT64_MAX, &leaf));
		/* Edits do not follow it either. */
		ck_assert_int_eq(map(SOMEWHERE, 0, KIB(4), RW), LIBIOMMU_REASON_MAPPING_EXISTS);
		ck_assert_int_eq(map(SOMEWHERE & ~(MIB(2) - 1), 0, MIB(2), RW),
				 LIBIOMMU_REASON_MAPPING_EXISTS);
		ck_assert_int_eq(unmap(SOMEWHERE, KIB(4), NULL), NONE);
		*entry = old;
	}
	ck_assert(is_mapped(SOMEWHERE));
}
END_TEST

/* Bits that must be zero: each breaks the entry of its level. */
START_TEST(reserved_bits)
{
	uint64_t iova = SOMEWHERE & ~(GIB(1) - 1), *entry, old;
	struct libiommu_pgtable_leaf leaf;
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
		if (reserved[i].level > LEVELS)
			continue;
		ck_assert_int_eq(map(iova, 0,
				     reserved[i].leaf ? size_of_level[reserved[i].level] : KIB(4),
				     RW),
				 NONE);
		entry = entry_of(iova, reserved[i].level);
		old = *entry;
		*entry |= reserved[i].bit;
		ck_assert_int_eq(last_step(iova).kind, LIBIOMMU_PGTABLE_BROKEN);
		ck_assert_uint_eq(last_step(iova).level, reserved[i].level);
		ck_assert(!is_mapped(iova));
		ck_assert(!libiommu_pgtable_next_leaf(pt, 0, UINT64_MAX, &leaf));
		*entry = old;
		ck_assert_int_eq(unmap(iova, GIB(1), NULL), NONE);
		release();
	}
}
END_TEST

START_TEST(loop_ends)
{
	struct libiommu_pgtable_walk w;
	uint64_t *entry, old;
	unsigned int i;

	ck_assert_int_eq(map(0, 0, KIB(4), RW), NONE);
	entry = entry_of(0, LEVELS);
	old = *entry;
	*entry = libiommu_pgtable_root(pt) | TABLE_BITS;
	w = walk(0);
	ck_assert_uint_eq(w.steps, LEVELS);
	for (i = 0; i < LEVELS; i++)
		ck_assert_uint_eq(w.step[i].table, libiommu_pgtable_root(pt));
	ck_assert_int_eq(w.step[LEVELS - 1].kind, LIBIOMMU_PGTABLE_LEAF);
	check_leaf(0, 0, libiommu_pgtable_root(pt), KIB(4), RW);
	*entry = old;
}
END_TEST

START_TEST(marks)
{
	unsigned int level = (unsigned int)_i;
	uint64_t size = size_of_level[level], raw = LEAF_BITS(level, RW);
	uint64_t iova = SOMEWHERE & ~(size - 1);

	ck_assert(!libiommu_pgtable_mark(pt, iova, true));
	ck_assert_int_eq(map(iova, 0, size, RW), NONE);
	ck_assert(!leaf_at(iova).accessed && !leaf_at(iova).dirty);
	ck_assert(libiommu_pgtable_mark(pt, iova + size - 1, false));
	ck_assert(leaf_at(iova).accessed && !leaf_at(iova).dirty);
	ck_assert_uint_eq(last_step(iova).entry, raw | BIT_A);
	ck_assert(libiommu_pgtable_mark(pt, iova, true));
	ck_assert(libiommu_pgtable_mark(pt, iova, false));
	ck_assert(leaf_at(iova).accessed && leaf_at(iova).dirty);
	ck_assert_uint_eq(last_step(iova).entry, raw | BIT_A | BIT_D);
	check_leaf(iova, iova, 0, size, RW);
	ck_assert_int_eq(unmap(iova, size, NULL), NONE);
	ck_assert(!libiommu_pgtable_mark(pt, iova, true));
	ck_assert_uint_eq(last_step(iova).entry, 0);
}
END_TEST

START_TEST(next_leaf)
{
	static const uint64_t at[][2] = {
		{ KIB(4), KIB(4) }, { MIB(6), MIB(2) },   { MIB(8), KIB(4) },
		{ GIB(1), GIB(1) }, { GIB(300), KIB(4) }, { IOVA_LAST + 1 - MIB(2), MIB(2) },
	};
	const size_t n = sizeof(at) / sizeof(at[0]);
	struct libiommu_pgtable_leaf leaf;
	uint64_t iova = 0;
	size_t i;

	ck_assert(!libiommu_pgtable_next_leaf(pt, 0, UINT64_MAX, &leaf));
	for (i = 0; i < n; i++)
		ck_assert_int_eq(map(at[i][0], 0, at[i][1], RW), NONE);
	/* An empty table on the way. */
	ck_assert_int_eq(map(GIB(200), 0, KIB(4), RW), NONE);
	ck_assert_int_eq(unmap(GIB(200), KIB(4), NULL), NONE);
	for (i = 0; i < n; i++) {
		ck_assert(libiommu_pgtable_next_leaf(pt, iova, UINT64_MAX, &leaf));
		ck_assert_uint_eq(leaf.iova, at[i][0]);
		ck_assert_uint_eq(leaf.length, at[i][1]);
		/* From its last byte on it is still found, before its first it is not. */
		iova = leaf.iova + leaf.length;
		ck_assert(libiommu_pgtable_next_leaf(pt, iova - 1, iova - 1, &leaf));
		ck_assert_uint_eq(leaf.iova, at[i][0]);
		ck_assert(libiommu_pgtable_next_leaf(pt, 0, at[i][0], &leaf));
		ck_assert_uint_eq(leaf.iova, at[0][0]);
	}
	ck_assert(!libiommu_pgtable_next_leaf(pt, iova, UINT64_MAX, &leaf));
	ck_assert(!libiommu_pgtable_next_leaf(pt, 0, KIB(4) - 1, &leaf));
	ck_assert(!libiommu_pgtable_next_leaf(pt, KIB(8), MIB(6) - 1, &leaf));
	ck_assert(!libiommu_pgtable_next_leaf(pt, 5, 4, &leaf));
}
END_TEST

/* Do it; where memory runs out, find everything as before and do it again. */
#define UNLESS_MEMORY_FAILS(call)                                     \
	do {                                                          \
		struct leaves before_ = all_leaves();                 \
		enum libiommu_reason reason_ = (call);                \
		if (reason_ == NONE) {                                \
			free(before_.leaf);                           \
			break;                                        \
		}                                                     \
		ck_assert_int_eq(reason_, LIBIOMMU_REASON_NO_MEMORY); \
		check_same(&before_);                                 \
		check_pages(libiommu_pgtable_pages(pt));              \
		ck_assert_int_eq((call), NONE);                       \
	} while (0)

START_TEST(memory_fails)
{
	static const struct libiommu_pgtable_piece pieces[] = {
		{ 0, KIB(4) }, { MIB(2), MIB(4) }, { GIB(1), GIB(1) + MIB(2) }, { KIB(4), MIB(2) }
	};
	unsigned int n;

	for (n = 1;; n++) {
		release();
		libiommu_pgtable_free(pt);
		ck_assert_uint_eq(arena.live, 0);
		arena.allocations = 0;
		arena.fail_at = n;
		pt = NULL;
		if (libiommu_pgtable_new(&options, &pt, NULL)) {
			ck_assert_ptr_null(pt);
			ck_assert_uint_eq(arena.live, 0);
			ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), 0);
		}
		UNLESS_MEMORY_FAILS(map(SOMEWHERE, 0, KIB(4), RW));
		UNLESS_MEMORY_FAILS(map(GIB(2) - MIB(3), KIB(4), MIB(6), RW));
		UNLESS_MEMORY_FAILS(map(GIB(5) - MIB(3), GIB(5) - MIB(3), GIB(1) + MIB(6), RW));
		UNLESS_MEMORY_FAILS(unmap(GIB(2) - MIB(2), MIB(5), NULL));
		UNLESS_MEMORY_FAILS(map_list(GIB(8) - KIB(4), pieces, 4, RO));
		UNLESS_MEMORY_FAILS(unmap(0, GIB(7), NULL));
		UNLESS_MEMORY_FAILS(map(0, 0, GIB(4), RW));
		if (arena.allocations < n)
			break;
	}
	ck_assert_uint_gt(n, 12);
}
END_TEST

static bool neighbour_waits;

/* In the middle of an edit's allocation, a neighbour installs the same table. */
static void *alloc_beside_neighbour(void *data, size_t bytes)
{
	void *page = arena_alloc(data, bytes);

	if (neighbour_waits) {
		neighbour_waits = false;
		ck_assert_int_eq(map(SOMEWHERE + KIB(4), MIB(1), KIB(4), RO), NONE);
	}
	return page;
}

START_TEST(neighbour_was_faster)
{
	libiommu_pgtable_free(pt);
	memory.alloc = alloc_beside_neighbour;
	ck_assert_int_eq(libiommu_pgtable_new(&options, &pt, NULL), 0);
	neighbour_waits = true;
	ck_assert_int_eq(map(SOMEWHERE, 0, KIB(4), RW), NONE);
	check_leaf(SOMEWHERE, SOMEWHERE, 0, KIB(4), RW);
	check_leaf(SOMEWHERE + KIB(4), SOMEWHERE + KIB(4), MIB(1), KIB(4), RO);
	check_pages(LEVELS);
}
END_TEST

static uint64_t phys_too_wide(void *data, const void *virt)
{
	return arena_phys(data, virt) | UINT64_C(1) << 52;
}

START_TEST(table_too_high)
{
	struct libiommu_pgtable *other = NULL;
	struct libiommu_error *err;

	memory.phys = phys_too_wide;
	ck_assert_int_eq(outcome(libiommu_pgtable_new(&options, &other, &err), &err),
			 LIBIOMMU_REASON_ADDRESS_WIDTH);
	ck_assert_ptr_null(other);
	check_pages(1);
}
END_TEST

START_TEST(subjects)
{
	struct libiommu_error *err;

	ck_assert_int_eq(map(KIB(8), 0, KIB(4), RW), NONE);
	ck_assert_int_eq(libiommu_pgtable_map(pt, KIB(4), 0, KIB(8), RW, &gather, &err), -EEXIST);
	ck_assert_str_eq(libiommu_error_subject(err), "0x1000-0x2fff");
	ck_assert_ptr_nonnull(strstr(libiommu_error_message(err), "0x2000-0x2fff"));
	libiommu_error_free(err);
	ck_assert_int_eq(libiommu_pgtable_map(pt, 0, KIB(4), KIB(4), RW, &gather, &err), 0);
	ck_assert_ptr_null(err);
}
END_TEST

static void add_edits(TCase *tc)
{
	tcase_add_loop_test(tc, mapping_exists, 0, 2 * sizeof(occupied) / sizeof(occupied[0]));
	tcase_add_test(tc, undone_is_gathered);
	tcase_add_test(tc, would_split);
	tcase_add_test(tc, table_under_a_leaf);
	tcase_add_test(tc, holes);
	tcase_add_test(tc, tables_gathered);
	tcase_add_test(tc, lists);
	tcase_add_test(tc, broken_entries);
	tcase_add_test(tc, reserved_bits);
	tcase_add_test(tc, loop_ends);
	tcase_add_loop_test(tc, marks, 1, 4);
	tcase_add_test(tc, next_leaf);
	tcase_add_test(tc, memory_fails);
	tcase_add_test(tc, neighbour_was_faster);
	tcase_add_test(tc, table_too_high);
	tcase_add_test(tc, subjects);
}

#endif
