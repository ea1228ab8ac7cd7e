/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of somebody else: the same answers, no edits, and no harm from what they hold. */
#include "tests/unit/pgtable-rows.h"
#include "tests/unit/run.h"

static struct libiommu_pgtable *view;
static const struct libiommu_pgtable_memory *lent; /* what the view may use */

static struct libiommu_pgtable *new_view(uint64_t root, unsigned int levels)
{
	static struct libiommu_pgtable_memory only_virt;
	struct libiommu_pgtable_options o = options;
	struct libiommu_pgtable *made;

	only_virt = (struct libiommu_pgtable_memory){ .size = sizeof(only_virt),
						      .data = &arena,
						      .virt = arena_virt };
	lent = &only_virt;
	o.memory = &only_virt;
	o.levels = levels;
	if (desc->max_levels == desc->levels)
		o.iova_bits = desc->iova_bits;
	ck_assert_int_eq(libiommu_pgtable_view(&o, root, &made, NULL), 0);
	return made;
}

static void open_view(int number)
{
	struct libiommu_pgtable_hardware hw = LIBIOMMU_PGTABLE_HARDWARE_INIT;
	uint64_t at = granule;
	unsigned int n;

	open_row(number);
	for (n = desc->granule; n < 40; n++) {
		at = (at + leaf_bytes(n)) & ~(leaf_bytes(n) - 1);
		if (leaf_bytes(n) && at + leaf_bytes(n) - 1 < desc->iova_last / 2)
			ck_assert_int_eq(map(at, 0, leaf_bytes(n), n % 2 ? RW : RO), NONE);
		at += leaf_bytes(n);
	}
	ck_assert_int_eq(map(0, 0, granule, RO), NONE);
	ck_assert_int_eq(libiommu_pgtable_hardware(pt, &hw, NULL), 0);
	ck_assert_uint_eq(hw.root, libiommu_pgtable_root(pt));
	view = new_view(hw.root, hw.levels);
}

static void close_view(void)
{
	libiommu_pgtable_free(view);
	close_row();
}

/* Members alone: what lies between them is nobody's. */
static void check_same_leaf(const struct libiommu_pgtable_leaf *a,
			    const struct libiommu_pgtable_leaf *b)
{
	ck_assert_uint_eq(a->iova, b->iova);
	ck_assert_uint_eq(a->length, b->length);
	ck_assert_uint_eq(a->phys, b->phys);
	ck_assert_uint_eq(a->prot, b->prot);
	ck_assert_int_eq(a->accessed, b->accessed);
	ck_assert_int_eq(a->dirty, b->dirty);
}

static void check_same_walk(const struct libiommu_pgtable_walk *a,
			    const struct libiommu_pgtable_walk *b)
{
	unsigned int i;

	ck_assert_uint_gt(a->steps, 0);
	ck_assert_uint_eq(a->steps, b->steps);
	for (i = 0; i < a->steps; i++) {
		ck_assert_uint_eq(a->step[i].level, b->step[i].level);
		ck_assert_uint_eq(a->step[i].index, b->step[i].index);
		ck_assert_uint_eq(a->step[i].table, b->step[i].table);
		ck_assert_uint_eq(a->step[i].entry, b->step[i].entry);
		ck_assert_int_eq(a->step[i].kind, b->step[i].kind);
		ck_assert_uint_eq(a->step[i].next, b->step[i].next);
	}
}

START_TEST(same_answers)
{
	struct libiommu_pgtable_walk mine = LIBIOMMU_PGTABLE_WALK_INIT, other = mine;
	struct libiommu_pgtable_leaf a, b;
	uint64_t at = 0, where;
	unsigned int level;

	open_view(_i);
	ck_assert_uint_eq(libiommu_pgtable_root(view), libiommu_pgtable_root(pt));
	while (libiommu_pgtable_next_leaf(pt, at, UINT64_MAX, &a)) {
		ck_assert(libiommu_pgtable_next_leaf(view, at, UINT64_MAX, &b));
		check_same_leaf(&a, &b);
		ck_assert(libiommu_pgtable_translate(view, a.iova + a.length - 1, &b));
		check_same_leaf(&a, &b);
		ck_assert_int_eq(libiommu_pgtable_walk(pt, a.iova, &mine, NULL), 0);
		ck_assert_int_eq(libiommu_pgtable_walk(view, a.iova, &other, NULL), 0);
		check_same_walk(&mine, &other);
		ck_assert_int_eq(libiommu_pgtable_access(view, a.iova, RO, &b, &level),
				 LIBIOMMU_PGTABLE_FAULT_NONE);
		ck_assert_uint_eq(level, level_of(a.length));
		ck_assert_int_eq(libiommu_pgtable_access(view, a.iova, RW, NULL, NULL),
				 a.prot == RW ? LIBIOMMU_PGTABLE_FAULT_NONE
					      : LIBIOMMU_PGTABLE_FAULT_PROTECTION);
		at = a.iova + a.length;
	}
	ck_assert(!libiommu_pgtable_next_leaf(view, at, UINT64_MAX, &b));
	where = at;
	ck_assert_int_eq(libiommu_pgtable_scan(view, &where, UINT64_MAX, 1000, &b),
			 LIBIOMMU_PGTABLE_FOUND_NONE);
	close_view();
}
END_TEST

START_TEST(edits_refused)
{
	struct libiommu_pgtable_piece piece = { 0, 4096 };
	struct libiommu_error *err;
	uint64_t bitmap = 0;

	open_view(_i);
#define REFUSED(call) \
	ck_assert_int_eq(outcome(libiommu_pgtable_##call, &err), LIBIOMMU_REASON_READ_ONLY_TABLE)
	REFUSED(map(view, GIB(1), 0, granule, RW, &gather, &err));
	piece.length = granule;
	REFUSED(map_list(view, GIB(1), &piece, 1, RW, &gather, &err));
	REFUSED(unmap(view, 0, granule, NULL, &gather, &err));
	REFUSED(protect(view, 0, granule, RW, NULL, &gather, &err));
	REFUSED(trim(view, 0, granule, &gather, &err));
	REFUSED(read_marks(view, 0, granule, 0, 12, &bitmap, &gather, &err));
#undef REFUSED
	if (desc->dirty)
		ck_assert_int_eq(libiommu_pgtable_read_marks(view, 0, granule,
							     LIBIOMMU_PGTABLE_KEEP_MARKS, 12,
							     &bitmap, NULL, NULL),
				 0);
	ck_assert(!libiommu_pgtable_mark(view, 0, false));
	ck_assert(is_mapped(0));
	ck_assert_int_eq(map(0, 0, granule, RW), LIBIOMMU_REASON_MAPPING_EXISTS);
	close_view();
}
END_TEST

START_TEST(views_refused)
{
	struct libiommu_pgtable_options o;
	struct libiommu_pgtable_memory m;
	struct libiommu_pgtable *made;
	struct libiommu_error *err;
	uint64_t root;

	open_view(_i);
	root = libiommu_pgtable_root(pt);
	o = options;
	m = *lent;
	o.memory = &m;
	o.levels = libiommu_pgtable_describe(view)->levels;
#define REFUSED(where, reason)                                                         \
	ck_assert_int_eq(outcome(libiommu_pgtable_view(&o, where, &made, &err), &err), \
			 LIBIOMMU_REASON_##reason)
	REFUSED(root + 32, MISALIGNED);
	REFUSED(ARENA_PHYS + ((uint64_t)ARENA_PAGES << 12), TABLE_UNREACHABLE);
	m.virt = NULL;
	REFUSED(root, NULL_ARGUMENT);
	o.memory = NULL;
	REFUSED(root, NULL_ARGUMENT);
	o.memory = lent;
	o.levels = 9;
	REFUSED(root, BAD_FORMAT);
	o.size = 8;
	REFUSED(root, BAD_OPTIONS);
#undef REFUSED
	ck_assert_int_eq(libiommu_pgtable_view(NULL, root, &made, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_pgtable_view(&o, root, NULL, NULL), -EINVAL);
	close_view();
}
END_TEST

/* The kinds of faults, each on the level where it happens. */
START_TEST(faults)
{
	unsigned int level, top;
	uint64_t *entry, old;

	open_view(_i);
	top = libiommu_pgtable_describe(view)->levels;
#define FAULT(iova, kind)                                                       \
	ck_assert_int_eq(libiommu_pgtable_access(view, iova, RO, NULL, &level), \
			 LIBIOMMU_PGTABLE_FAULT_##kind)
	if (desc->iova_last != UINT64_MAX) {
		FAULT(libiommu_pgtable_describe(view)->iova_last + 1, ADDRESS);
		ck_assert_uint_eq(level, 0);
	}
	FAULT(0, NONE);
	ck_assert_uint_eq(level, 1);
	entry = entry_of(0, 1);
	old = *entry;
	*entry = 0;
	FAULT(0, EMPTY);
	ck_assert_uint_eq(level, 1);
	*entry = old;
	if (top > 1) {
		/* The table goes out of the memory that is lent. */
		struct libiommu_pgtable_walk w = walk(0);
		uint64_t slot = (w.step[w.steps - 1].table - ARENA_PHYS) / PAGE;

		arena.used[slot] = 0;
		FAULT(0, UNREACHABLE);
		ck_assert_uint_eq(level, 2);
		arena.used[slot] = 1;
		FAULT(0, NONE);
	}
#undef FAULT
	ck_assert_int_eq(libiommu_pgtable_access(NULL, 0, RO, NULL, NULL),
			 LIBIOMMU_PGTABLE_FAULT_ADDRESS);
	close_view();
}
END_TEST

/* Every lookup on a view whose tables hold anything at all. */
static void look_around(uint64_t iova)
{
	const struct libiommu_pgtable_desc *d = libiommu_pgtable_describe(view);
	struct libiommu_pgtable_walk w = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_pgtable_leaf leaf;
	enum libiommu_pgtable_fault fault;
	uint64_t at = iova, bitmap[3] = { 0 };
	unsigned int level, i;
	bool there;

	iova &= d->iova_last;
	ck_assert_int_eq(libiommu_pgtable_walk(view, iova, &w, NULL), 0);
	if (w.steps == 0 || w.steps > d->levels)
		ck_abort_msg("%u steps", w.steps);
	there = libiommu_pgtable_translate(view, iova, &leaf);
	fault = libiommu_pgtable_access(view, iova, 0, NULL, &level);
	if (there != (fault == LIBIOMMU_PGTABLE_FAULT_NONE) ||
	    there != (w.step[w.steps - 1].kind == LIBIOMMU_PGTABLE_LEAF) ||
	    level != w.step[w.steps - 1].level)
		ck_abort_msg("lookups disagree about 0x%" PRIx64, iova);
	if (there && (!(d->leaf_sizes & leaf.length) || leaf.iova % leaf.length ||
		      leaf.phys % leaf.length || iova - leaf.iova >= leaf.length))
		ck_abort_msg("an odd leaf at 0x%" PRIx64, iova);
	if (d->dirty && (libiommu_pgtable_read_marks(view, iova & ~(granule - 1), granule,
						     LIBIOMMU_PGTABLE_KEEP_MARKS, d->granule,
						     &bitmap[1], NULL, NULL) ||
			 bitmap[0] || bitmap[1] > 1 || bitmap[2]))
		ck_abort_msg("marks of other pages at 0x%" PRIx64, iova);
	for (i = 0; i < 3; i++) {
		if (libiommu_pgtable_scan(view, &at, d->iova_last, 20, &leaf) !=
		    LIBIOMMU_PGTABLE_FOUND_LATER)
			break;
	}
}

/* Entries that point to tables, to themselves, to nowhere, with all kinds of bits. */
START_TEST(random_tables)
{
	uint64_t x = 88172645463325252u + (uint64_t)_i, plain, word, *table;
	unsigned int i, j, round;

	open_view(_i % ROWS);
	ck_assert_int_eq(map(GIB(1) & desc->iova_last, 0, granule, RW) & ~47, 0);
	plain = walk(0).step[0].entry & ~(((UINT64_C(1) << 40) - 1) & ~UINT64_C(0xfff));
	for (round = 0; round < 6; round++) {
		for (i = 1; i < ARENA_PAGES; i++) {
			table = (uint64_t *)(void *)(arena.base + (size_t)i * PAGE);
			for (j = 0; arena.used[i] && j < PAGE / 8; j++) {
				x ^= x << 13;
				x ^= x >> 7;
				x ^= x << 17;
				word = x & 1 ? plain : x;
				if (x & 6)
					word = (word & ~UINT64_C(0xfffffff000)) |
					       ARENA_SLOT(x >> 8 & 15);
				table[j] = word;
			}
		}
		for (i = 0; i < 60; i++) {
			x = x * 6364136223846793005u + 1;
			look_around(x);
		}
	}
	/* What is left cannot be freed by following it. */
	libiommu_pgtable_free(view);
	for (i = 1; i < ARENA_PAGES; i++) {
		if (arena.used[i])
			memset(arena.base + (size_t)i * PAGE, 0, PAGE);
	}
	libiommu_pgtable_release(pt, &gather);
	libiommu_pgtable_free(pt);
	arena_close(&arena);
}
END_TEST

/*
 * Few tables that make a very large space: each holds one and the same entry
 * all over, and the lowest holds nothing. A search stops on time all the same.
 */
START_TEST(traps)
{
	struct libiommu_pgtable_leaf leaf;
	struct libiommu_pgtable_walk w;
	uint64_t at = 0, before, *table, i;
	unsigned char *copy;
	unsigned int step;

	open_view(_i);
	ck_assert_int_eq(unmap(0, granule, NULL), NONE);
	w = walk(0);
	copy = copy_tables();
	for (step = 0; step < w.steps; step++) {
		i = step ? desc->table_bytes : desc->root_bytes;
		table = arena_virt(&arena, w.step[step].table, i);
		while (i -= 8)
			table[i / 8] = w.step[step].entry;
	}
	for (i = 0; w.steps == desc->levels && w.steps > 3 && i < 1000; i++) {
		before = at;
		ck_assert_int_eq(libiommu_pgtable_scan(view, &at, UINT64_MAX, i % 50, &leaf),
				 LIBIOMMU_PGTABLE_FOUND_LATER);
		ck_assert_uint_gt(at, before);
	}
	if (i && row->format == LIBIOMMU_PGTABLE_X86_64)
		ck_assert(!libiommu_pgtable_next_leaf(view, 0, UINT64_MAX, &leaf));
	for (i = 1; i < ARENA_PAGES; i++) {
		if (arena.used[i])
			memcpy(arena.base + i * PAGE, copy + i * PAGE, PAGE);
	}
	free(copy);
	close_view();
}
END_TEST

/*
 * One entry says that it belongs to a run, the others beside it say that they do not: who asks for
 * that page alone learns of no other page, and nothing is written beside the bitmap.
 */
static void check_torn_run(uint64_t run, uint64_t others)
{
	uint64_t iova = 4 * run, middle = iova + run / 2, at, torn, bitmap[3] = { 0 };

	ck_assert_int_eq(map(iova, 0, run, RW), NONE);
	ck_assert(libiommu_pgtable_mark(pt, middle, true));
	torn = *entry_of(middle, 1);
	ck_assert_int_eq(unmap(iova, run, NULL), NONE);
	for (at = iova; at < iova + run; at += others) {
		ck_assert_int_eq(map(at, (at - iova) * 8, others, RW), NONE);
		ck_assert(libiommu_pgtable_mark(pt, at, true));
	}
	at = *entry_of(middle, 1);
	*entry_of(middle, 1) = torn;
	ck_assert_int_eq(libiommu_pgtable_read_marks(pt, middle, granule,
						     LIBIOMMU_PGTABLE_KEEP_MARKS, desc->granule,
						     &bitmap[1], NULL, NULL),
			 0);
	ck_assert_uint_eq(bitmap[0], 0);
	ck_assert_uint_eq(bitmap[1], 1);
	ck_assert_uint_eq(bitmap[2], 0);
	*entry_of(middle, 1) = at;
	ck_assert_int_eq(unmap(iova, run, NULL), NONE);
}

START_TEST(torn_runs)
{
	uint64_t run, others;

	open_row(_i);
	for (run = 2 * granule; desc->dirty && run <= 512 * granule; run *= 2) {
		for (others = granule; others < run; others *= 2) {
			if (desc->level_sizes[1] & run && desc->level_sizes[1] & others)
				check_torn_run(run, others);
		}
	}
	close_row();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pgtable views");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, same_answers, 0, ROWS);
	tcase_add_loop_test(tc, edits_refused, 0, ROWS);
	tcase_add_loop_test(tc, views_refused, 0, ROWS);
	tcase_add_loop_test(tc, faults, 0, ROWS);
	tcase_add_loop_test(tc, random_tables, 0, 3 * ROWS);
	tcase_add_loop_test(tc, traps, 0, ROWS);
	tcase_add_loop_test(tc, torn_runs, 0, ROWS);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
