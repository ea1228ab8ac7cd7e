/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random edits in every format against a flat model: one record per smallest
 * page of a window, which knows nothing of tables. Run with a number to try
 * other seeds: the first seed is taken from PGTABLE_SEED.
 */
#include "tests/unit/pgtable-rows.h"
#include "tests/unit/run.h"

#define PAGES  (UINT64_C(1) << 19)
#define EDITS  160
#define LOOKS  40 /* pages looked up after each edit */
#define SEEDS  3
#define PIECES 30

struct page {
	uint64_t phys;
	unsigned char shift; /* of its leaf; 0: not mapped */
	unsigned char prot;
	bool dirty;
};

static struct page *model;
static uint64_t window; /* its first address */
static uint64_t state;  /* of the random numbers */
static int seed;

#define MUST(condition)                                                                \
	do {                                                                           \
		if (!(condition))                                                      \
			ck_abort_msg("%s, seed %d: %s", desc->name, seed, #condition); \
	} while (0)

/* xorshift64*: the same numbers on every machine. */
static uint64_t draw(uint64_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return ((state * UINT64_C(2685821657736338717)) >> 11) % below;
}

/* A page where leaves of some size begin. */
static uint64_t draw_page(void)
{
	unsigned int bits = (unsigned int)draw(20);

	return draw(PAGES >> bits) << bits;
}

static uint64_t draw_count(uint64_t page)
{
	uint64_t count = draw(UINT64_C(1) << draw(20)) + 1;

	if (draw(2) && count > 16)
		count &= ~(uint64_t)15;
	return count < PAGES - page ? count : PAGES - page;
}

/* Often aligned to the address as large leaves want it. */
static uint64_t draw_phys(uint64_t page, uint64_t count)
{
	unsigned int bits = (unsigned int)draw(desc->phys_bits - desc->granule - 1);
	uint64_t low = bits < 19 && draw(3) ? page % (UINT64_C(1) << bits) : page, phys;

	phys = (draw(UINT64_C(1) << (desc->phys_bits - desc->granule)) >> bits << bits) + low;
	if (phys + count > UINT64_C(1) << (desc->phys_bits - desc->granule))
		phys = low;
	return phys * granule;
}

static bool is_free(uint64_t page, uint64_t count)
{
	for (; count--; page++) {
		if (model[page].shift)
			return false;
	}
	return true;
}

static uint64_t pages_of(uint64_t page)
{
	return UINT64_C(1) << (model[page].shift - desc->granule);
}

/* Does the leaf that holds a page leave the range? */
static bool leaves_range(uint64_t at, uint64_t page, uint64_t count)
{
	uint64_t first;

	if (!model[at].shift)
		return false;
	first = at & ~(pages_of(at) - 1);
	return first < page || first + pages_of(at) > page + count;
}

static bool is_cut(uint64_t page, uint64_t count)
{
	return leaves_range(page, page, count) || leaves_range(page + count - 1, page, count);
}

/* The rule of the interface: at each place the largest leaf that alignment and length allow. */
static void model_map(uint64_t page, uint64_t phys, uint64_t count, uint32_t prot)
{
	unsigned int shift, i;
	uint64_t size;

	while (count) {
		shift = desc->granule + 19;
		while (!leaf_bytes(shift) || count < leaf_bytes(shift) / granule ||
		       (page * granule | phys) % leaf_bytes(shift))
			shift--;
		size = UINT64_C(1) << (shift - desc->granule);
		for (i = 0; i < size; i++)
			model[page + i] = (struct page){ phys + i * granule, (unsigned char)shift,
							 (unsigned char)prot,
							 (row->flags & LIBIOMMU_PGTABLE_MARKED) &&
								 (prot & WO) };
		page += size;
		phys += size * granule;
		count -= size;
	}
}

static void try_map(void)
{
	uint64_t page = draw_page(), count = draw_count(page), phys = draw_phys(page, count);
	enum libiommu_reason expected = LIBIOMMU_REASON_MAPPING_EXISTS;
	uint32_t prot = draw(2) ? RW : RO;

	if (is_free(page, count)) {
		expected = NONE;
		model_map(page, phys, count, prot);
	}
	MUST(map(window + page * granule, phys, count * granule, prot) == expected);
}

static void try_map_list(void)
{
	struct libiommu_pgtable_piece pieces[PIECES];
	uint64_t page = draw_page(), at = page, count;
	enum libiommu_reason expected = LIBIOMMU_REASON_MAPPING_EXISTS;
	size_t i, n = 0, wanted = draw(PIECES) + 1;

	for (; n < wanted && at < PAGES; n++) {
		count = draw(2) ? 1 : draw_count(at) % 2048 + 1;
		count = count < PAGES - at ? count : PAGES - at;
		pieces[n].phys = draw_phys(at, count);
		pieces[n].length = count * granule;
		at += count;
	}
	if (is_free(page, at - page)) {
		expected = NONE;
		for (i = 0, at = page; i < n; at += pieces[i].length / granule, i++)
			model_map(at, pieces[i].phys, pieces[i].length / granule, RW);
	}
	MUST(map_list(window + page * granule, pieces, n, RW) == expected);
}

static void try_unmap(void)
{
	uint64_t page = draw_page(), count = draw_count(page), removed = 0, found = 0, i;
	bool cut = is_cut(page, count);

	for (i = 0; !cut && i < count; i++) {
		found += model[page + i].shift ? granule : 0;
		model[page + i].shift = 0;
	}
	MUST(unmap(window + page * granule, count * granule, draw(4) ? &removed : NULL) ==
	     (cut ? LIBIOMMU_REASON_WOULD_SPLIT : NONE));
	MUST(removed == found || !removed);
}

static void try_protect(void)
{
	uint64_t page = draw_page(), count = draw_count(page), found = 0, mapped = 0, i;
	uint32_t prot = draw(2) ? RW : RO;
	bool cut = is_cut(page, count), marked = row->flags & LIBIOMMU_PGTABLE_MARKED;
	struct libiommu_error *err;
	int code;

	for (i = 0; !cut && i < count; i++) {
		/* ARM's dirty state goes with the permission; see the header. */
		if (model[page + i].shift && model[page + i].dirty && desc->run_steps)
			return;
	}
	for (i = 0; !cut && i < count; i++) {
		mapped += model[page + i].shift ? granule : 0;
		model[page + i].prot = (unsigned char)prot;
		model[page + i].dirty = model[page + i].dirty || (marked && prot == RW);
	}
	code = libiommu_pgtable_protect(pt, window + page * granule, count * granule, prot, &found,
					&gather, &err);
	MUST(outcome(code, &err) == (cut ? LIBIOMMU_REASON_WOULD_SPLIT : NONE));
	MUST(found == mapped);
}

static void try_mark(void)
{
	uint64_t page = draw_page(), first, i;
	bool write = model[page].prot & WO;

	MUST(libiommu_pgtable_mark(pt, window + page * granule, write) == (model[page].shift != 0));
	if (!model[page].shift)
		return;
	first = page & ~(pages_of(page) - 1);
	for (i = 0; write && i < pages_of(page); i++)
		model[first + i].dirty = true;
}

static void try_read_marks(void)
{
	uint64_t page = draw_page(), count = draw_count(page), *bitmap, base, bit, i;
	unsigned int shift = desc->granule + (unsigned int)draw(12);
	bool cut = is_cut(page, count), keep = draw(2);
	struct libiommu_error *err;
	int code;

	if (!desc->dirty)
		return;
	bitmap = calloc(PAGES / 64 + 2, sizeof(*bitmap));
	MUST(bitmap);
	code = libiommu_pgtable_read_marks(pt, window + page * granule, count * granule,
					   keep ? LIBIOMMU_PGTABLE_KEEP_MARKS : 0, shift, bitmap,
					   &gather, &err);
	MUST(outcome(code, &err) == (cut && !keep ? LIBIOMMU_REASON_WOULD_SPLIT : NONE));
	base = page >> (shift - desc->granule);
	for (i = page; !code && i < page + count; i++) {
		if (!model[i].shift || !model[i].dirty)
			continue;
		/* Taken back from the bitmap, so that what is left was not asked for. */
		bit = (i >> (shift - desc->granule)) - base;
		MUST(bitmap[bit / 64] >> bit % 64 & 1);
		model[i].dirty = keep;
	}
	for (i = page; keep && !code && i < page + count; i++) {
		bit = (i >> (shift - desc->granule)) - base;
		if (model[i].shift && model[i].dirty)
			bitmap[bit / 64] &= ~(UINT64_C(1) << bit % 64);
	}
	for (i = 0; keep && i < PAGES / 64 + 2; i++)
		MUST(!bitmap[i]);
	free(bitmap);
}

static void try_trim(void)
{
	uint64_t page = draw_page(), count = draw_count(page);

	MUST(!libiommu_pgtable_trim(pt, window + page * granule, count * granule, &gather, NULL));
}

/* Translation, access and the whole walk of one page. */
static void check_page(uint64_t page)
{
	struct libiommu_pgtable_walk w = LIBIOMMU_PGTABLE_WALK_INIT;
	uint64_t iova = window + page * granule, table;
	const struct page *m = &model[page];
	struct libiommu_pgtable_leaf leaf;
	unsigned int i;

	MUST(!libiommu_pgtable_walk(pt, iova, &w, NULL));
	for (i = 0, table = libiommu_pgtable_root(pt); i < w.steps; table = w.step[i++].next) {
		MUST(w.step[i].table == table);
		MUST(i + 1 == w.steps || w.step[i].kind == LIBIOMMU_PGTABLE_TABLE);
	}
	MUST(libiommu_pgtable_translate(pt, iova, &leaf) == (m->shift != 0));
	if (!m->shift) {
		MUST(!w.steps || w.step[w.steps - 1].kind == LIBIOMMU_PGTABLE_EMPTY);
		return;
	}
	MUST(w.step[w.steps - 1].kind == LIBIOMMU_PGTABLE_LEAF);
	MUST(w.step[w.steps - 1].level == level_of(leaf.length));
	MUST(leaf.length == UINT64_C(1) << m->shift);
	MUST(leaf.phys + (iova - leaf.iova) == m->phys);
	MUST(leaf.prot == m->prot);
	MUST(!desc->dirty || leaf.dirty == m->dirty);
	MUST(libiommu_pgtable_access(pt, iova, RW, NULL, NULL) ==
	     (m->prot == RW ? LIBIOMMU_PGTABLE_FAULT_NONE : LIBIOMMU_PGTABLE_FAULT_PROTECTION));
}

/* The whole address space, leaf by leaf. */
static void check_all(void)
{
	struct libiommu_pgtable_leaf leaf;
	uint64_t at = 0, page = 0, i;

	while (libiommu_pgtable_next_leaf(pt, at, UINT64_MAX, &leaf)) {
		MUST(leaf.iova >= window + page * granule);
		i = (leaf.iova - window) / granule;
		MUST(i < PAGES && is_free(page, i - page));
		MUST(model[i].phys == leaf.phys && leaf.length == pages_of(i) * granule);
		page = i + pages_of(i);
		at = window + page * granule;
	}
	MUST(is_free(page, PAGES - page));
}

static void open_model(int number)
{
	const char *first = getenv("PGTABLE_SEED");

	open_row(number % ROWS_TWICE);
	seed = number + (first ? atoi(first) : 0);
	state = ((uint64_t)seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
	window = (desc->iova_last / 2 + 1) & ~(PAGES * granule - 1);
	if (window + PAGES * granule - 1 > desc->iova_last)
		window = 0;
	model = calloc(PAGES, sizeof(*model));
	ck_assert_ptr_nonnull(model);
}

START_TEST(random_edits)
{
	static void (*const tries[])(void) = { try_map,        try_map,     try_map_list, try_unmap,
					       try_unmap,      try_protect, try_mark,     try_mark,
					       try_read_marks, try_trim };
	unsigned int i, j;

	open_model(_i);
	for (i = 0; i < EDITS; i++) {
		tries[draw(sizeof(tries) / sizeof(tries[0]))]();
		for (j = 0; j < LOOKS; j++)
			check_page(draw_page());
		if (gather.tables > 40 || draw(8) == 0)
			release();
		check_pages(libiommu_pgtable_pages(pt));
		if (i % 40 == 39)
			check_all();
	}
	unmap_all();
	free(model);
	close_row();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pgtable flat");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, random_edits, 0, SEEDS * ROWS_TWICE);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
