/* SPDX-License-Identifier: BSD-2-Clause */
/* The bitmap that the marks of leaves are read into. */
#include "lib/pgtable/internal.h"

#define WORD_BITS 64

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

/* Bit n of `found` is for the page of 2^shift bytes at iova + n * 2^shift; all were asked for. */
void libiommu_pgtable_set_word(struct pgtable_harvest *h, uint64_t iova, uint64_t found,
			       unsigned int shift)
{
	uint64_t bit, at;
	unsigned int n;

	if (h->shift == shift) {
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
