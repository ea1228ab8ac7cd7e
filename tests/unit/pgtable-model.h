/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random edits against a flat model: one word per page of a window, which knows
 * nothing of tables. A part of pgtable-format.h.
 */
#ifndef LIBIOMMU_TESTS_UNIT_PGTABLE_MODEL_H
#define LIBIOMMU_TESTS_UNIT_PGTABLE_MODEL_H

#include "tests/unit/pgtable-fixture.h"

#define MODEL_BYTES GIB(2)
#define MODEL_PAGES (MODEL_BYTES / PAGE)
/* Across the border of two tables of level 3, or at the end of a small space. */
#define MODEL_START (IOVA_LAST >= GIB(513) ? GIB(511) : IOVA_LAST + 1 - MODEL_BYTES)
#define MODEL_EDITS 250
#define MODEL_LOOKS 64 /* pages looked up after each edit */

/* A page's word: address, log2 of its leaf, protection. Zero: not mapped. */
#define WORD(phys, shift, prot) ((phys) | (uint64_t)(shift) << 4 | (prot))
#define WORD_PHYS(word)         ((word) & ~UINT64_C(0xfff))
#define WORD_SIZE(word)         (UINT64_C(1) << ((word) >> 4 & 0xff))
#define WORD_PROT(word)         ((uint32_t)((word)&3))

struct model {
	uint64_t state; /* of the random numbers */
	uint64_t seed;
	uint64_t *word;
};

/* xorshift64*: the same numbers on every machine. */
static uint64_t draw(struct model *m, uint64_t below)
{
	m->state ^= m->state >> 12;
	m->state ^= m->state << 25;
	m->state ^= m->state >> 27;
	return ((m->state * UINT64_C(2685821657736338717)) >> 11) % below;
}

/* In bytes from the window's start: any page, or where large leaves begin. */
static uint64_t draw_place(struct model *m)
{
	static const uint64_t step[] = { KIB(4), KIB(4), MIB(2), MIB(2), GIB(1) };
	uint64_t size = step[draw(m, 5)];

	return draw(m, MODEL_BYTES / size) * size;
}

static uint64_t draw_length(struct model *m, uint64_t place)
{
	static const uint64_t most[] = { KIB(4), KIB(64), MIB(2), MIB(8), MIB(64), MODEL_BYTES };
	uint64_t length = (draw(m, most[draw(m, 6)] / PAGE) + 1) * PAGE;

	if (draw(m, 3) == 0 && length > MIB(2))
		length &= ~(MIB(2) - 1);
	return length < MODEL_BYTES - place ? length : MODEL_BYTES - place;
}

/* Often aligned to the address as large leaves want it. */
static uint64_t draw_phys(struct model *m, uint64_t place)
{
	switch (draw(m, 3)) {
	case 0:
		return GIB(1) * draw(m, 4096) + place % GIB(1);
	case 1:
		return MIB(2) * draw(m, 1 << 20) + place % MIB(2);
	default:
		return KIB(4) * draw(m, 1 << 30);
	}
}

static bool model_is_free(const struct model *m, uint64_t place, uint64_t length)
{
	uint64_t i;

	for (i = place / PAGE; i < (place + length) / PAGE; i++) {
		if (m->word[i])
			return false;
	}
	return true;
}

/* Does the leaf that holds a page leave the range? */
static bool model_is_cut(const struct model *m, uint64_t page, uint64_t place, uint64_t length)
{
	uint64_t word = m->word[page / PAGE], size, start;

	if (!word)
		return false;
	size = WORD_SIZE(word);
	start = page & ~(size - 1); /* the window's start is a multiple of every leaf */
	return start < place || start + size > place + length;
}

/* The rule of the interface: at each place the largest leaf that alignment and length allow. */
static void model_map(struct model *m, uint64_t place, uint64_t phys, uint64_t length,
		      uint32_t prot)
{
	static const unsigned int shifts[] = { 30, 21, 12 };
	uint64_t size, off;
	unsigned int i;

	while (length) {
		for (i = 0, size = GIB(1); (place | phys) % size || length < size; i++)
			size = UINT64_C(1) << shifts[i + 1];
		for (off = 0; off < size; off += PAGE)
			m->word[(place + off) / PAGE] = WORD(phys + off, shifts[i], prot);
		place += size;
		phys += size;
		length -= size;
	}
}

static uint64_t model_unmap(struct model *m, uint64_t place, uint64_t length)
{
	uint64_t i, removed = 0;

	for (i = place / PAGE; i < (place + length) / PAGE; i++) {
		removed += m->word[i] ? PAGE : 0;
		m->word[i] = 0;
	}
	return removed;
}

static bool page_is_right(const struct model *m, uint64_t place)
{
	uint64_t word = m->word[place / PAGE], iova = MODEL_START + place;
	struct libiommu_pgtable_leaf leaf;

	if (!libiommu_pgtable_translate(pt, iova, &leaf))
		return !word;
	return leaf.phys + (iova - leaf.iova) == WORD_PHYS(word) &&
	       leaf.length == WORD_SIZE(word) && leaf.prot == WORD_PROT(word);
}

static bool leaf_is_right(const struct model *m, const struct libiommu_pgtable_leaf *leaf)
{
	unsigned int shift = (unsigned int)__builtin_ctzll(leaf->length);
	uint64_t off, place = leaf->iova - MODEL_START;

	for (off = 0; off < leaf->length; off += PAGE) {
		if (m->word[(place + off) / PAGE] != WORD(leaf->phys + off, shift, leaf->prot))
			return false;
	}
	return true;
}

/* The whole address space, leaf by leaf. */
static void check_all(const struct model *m)
{
	struct libiommu_pgtable_leaf leaf;
	uint64_t at = 0, place = 0;

	while (libiommu_pgtable_next_leaf(pt, at, UINT64_MAX, &leaf)) {
		at = leaf.iova + leaf.length;
		if (leaf.iova < MODEL_START + place || at > MODEL_START + MODEL_BYTES ||
		    !model_is_free(m, place, leaf.iova - MODEL_START - place) ||
		    !leaf_is_right(m, &leaf))
			ck_abort_msg("seed %" PRIu64 ": the leaf at 0x%" PRIx64, m->seed,
				     leaf.iova);
		place = at - MODEL_START;
	}
	ck_assert_msg(model_is_free(m, place, MODEL_BYTES - place), "seed %" PRIu64, m->seed);
}

static void edit_map(struct model *m)
{
	uint64_t place = draw_place(m), length = draw_length(m, place);
	uint64_t phys = draw_phys(m, place);
	uint32_t prot = draw(m, 2) ? RW : RO;
	enum libiommu_reason expected = LIBIOMMU_REASON_MAPPING_EXISTS;

	if (model_is_free(m, place, length)) {
		expected = NONE;
		model_map(m, place, phys, length, prot);
	}
	ck_assert_msg(map(MODEL_START + place, phys, length, prot) == expected,
		      "seed %" PRIu64 ": map 0x%" PRIx64 " 0x%" PRIx64, m->seed, place, length);
}

static void edit_map_list(struct model *m)
{
	struct libiommu_pgtable_piece pieces[40];
	uint64_t place = draw_place(m), at = place;
	enum libiommu_reason expected = LIBIOMMU_REASON_MAPPING_EXISTS;
	size_t i, n = 0, count = draw(m, 40) + 1;

	for (; n < count && at < MODEL_BYTES; n++) {
		pieces[n].length = draw(m, 2) ? KIB(4) : draw_length(m, at) % MIB(8) + KIB(4);
		if (pieces[n].length > MODEL_BYTES - at)
			pieces[n].length = MODEL_BYTES - at;
		pieces[n].phys = draw_phys(m, at);
		at += pieces[n].length;
	}
	if (model_is_free(m, place, at - place)) {
		expected = NONE;
		for (i = 0, at = place; i < n; at += pieces[i].length, i++)
			model_map(m, at, pieces[i].phys, pieces[i].length, RW);
	}
	ck_assert_msg(map_list(MODEL_START + place, pieces, n, RW) == expected,
		      "seed %" PRIu64 ": list at 0x%" PRIx64, m->seed, place);
}

static void edit_unmap(struct model *m)
{
	uint64_t place = draw_place(m), length = draw_length(m, place), removed = 0;
	uint64_t *wanted = draw(m, 4) ? &removed : NULL;
	enum libiommu_reason expected = NONE;
	uint64_t bytes = 0;

	if (model_is_cut(m, place, place, length) ||
	    model_is_cut(m, place + length - PAGE, place, length))
		expected = LIBIOMMU_REASON_WOULD_SPLIT;
	else
		bytes = model_unmap(m, place, length);
	ck_assert_msg(unmap(MODEL_START + place, length, wanted) == expected,
		      "seed %" PRIu64 ": unmap 0x%" PRIx64 " 0x%" PRIx64, m->seed, place, length);
	ck_assert_msg(!wanted || removed == bytes, "seed %" PRIu64, m->seed);
}

START_TEST(random_edits)
{
	struct model m = { .seed = (uint64_t)_i };
	unsigned int i, j;

	m.state = m.seed * UINT64_C(0x9e3779b97f4a7c15);
	m.word = calloc(MODEL_PAGES, sizeof(m.word[0]));
	ck_assert_ptr_nonnull(m.word);
	for (i = 0; i < MODEL_EDITS; i++) {
		switch (draw(&m, 5)) {
		case 0:
		case 1:
			edit_map(&m);
			break;
		case 2:
			edit_map_list(&m);
			break;
		default:
			edit_unmap(&m);
			break;
		}
		for (j = 0; j < MODEL_LOOKS; j++) {
			if (!page_is_right(&m, draw_place(&m)))
				ck_abort_msg("seed %" PRIu64 ": edit %u", m.seed, i);
		}
		if (draw(&m, 8) == 0)
			release();
		check_pages(libiommu_pgtable_pages(pt));
		if (i % 50 == 49)
			check_all(&m);
	}
	ck_assert_int_eq(unmap(0, IOVA_LAST + 1, NULL), NONE);
	release();
	check_pages(1);
	free(m.word);
}
END_TEST

#endif
