/* SPDX-License-Identifier: BSD-2-Clause */
/* The bitmap that the marks of leaves are read into. */
#include "lib/pgtable/internal.h"

#define WORD_BITS 64

/*
 * More may come than was asked for: a leaf of several entries is looked at whole, and entries beside
 * it need not be what it says, when somebody else has written them.
 */

/* Set the bits of all pages of the bitmap that a range touches, as far as it was asked for. */
void libiommu_pgtable_set_bits(struct pgtable_harvest *h, uint64_t iova, uint64_t last)
{
	uint64_t bit, end, mask, *word;

	if (iova < h->asked.start)
		iova = h->asked.start;
	if (last > h->asked.last)
		last = h->asked.last;
	if (iova > last)
		return;
	bit = (iova - h->base) >> h->shift;
	end = (last - h->base) >> h->shift;
	for (; bit / WORD_BITS <= end / WORD_BITS; bit = (bit / WORD_BITS + 1) * WORD_BITS) {
		word = &h->bitmap[bit / WORD_BITS];
		mask = UINT64_MAX << bit % WORD_BITS;
		if (end / WORD_BITS == bit / WORD_BITS)
			mask &= UINT64_MAX >> (WORD_BITS - 1 - end % WORD_BITS);
		*word |= mask;
	}
}

/* Take the bits away that nobody asked for, and move the first page there. */
static uint64_t clip_word(const struct pgtable_harvest *h, uint64_t *iova, uint64_t found,
			  unsigned int shift)
{
	uint64_t pages;

	if (*iova < h->asked.start) {
		pages = (h->asked.start - *iova) >> shift;
		found = pages < WORD_BITS ? found >> pages : 0;
		*iova += pages << shift;
	}
	if (*iova > h->asked.last)
		return 0;
	pages = (h->asked.last - *iova) >> shift;
	return pages < WORD_BITS - 1 ? found & ((UINT64_C(2) << pages) - 1) : found;
}

/* Bit n of `found` is for the page of 2^shift bytes at iova + n * 2^shift. */
void libiommu_pgtable_set_word(struct pgtable_harvest *h, uint64_t iova, uint64_t found,
			       unsigned int shift)
{
	uint64_t bit, at;
	unsigned int n;

	found = clip_word(h, &iova, found, shift);
	if (h->shift == shift && found) {
		bit = (iova - h->base) >> shift;
		h->bitmap[bit / WORD_BITS] |= found << bit % WORD_BITS;
		if (bit % WORD_BITS && found >> (WORD_BITS - bit % WORD_BITS))
			h->bitmap[bit / WORD_BITS + 1] |= found >> (WORD_BITS - bit % WORD_BITS);
		return;
	}
	for (; found; found &= found - 1) {
		n = (unsigned int)__builtin_ctzll(found);
		at = iova + ((uint64_t)n << shift);
		libiommu_pgtable_set_bits(h, at, at + (UINT64_C(1) << shift) - 1);
	}
}
