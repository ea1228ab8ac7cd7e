/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loops over neighbouring entries, compiled for each format; not a header for
 * others. They are so short that their own counting would show.
 */
#ifndef LIBIOMMU_LIB_PGTABLE_MANY_H
#define LIBIOMMU_LIB_PGTABLE_MANY_H

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll_count(8)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

/*
 * What is asked here does not change meanwhile: entries of the caller's own
 * range, of which hardware sets marks at most. So they can be read several at a
 * time; ThreadSanitizer wants to see that they are read atomically.
 */
#if defined(__SANITIZE_THREAD__)
#define ONE_BY_ONE 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ONE_BY_ONE 1
#endif
#endif
#ifndef ONE_BY_ONE
#define ONE_BY_ONE 0
#endif

typedef uint64_t entry_pair __attribute__((vector_size(16), aligned(8), may_alias));

/* Is one of these bits set in any of the entries? */
static inline bool any_bit(const uint64_t *slot, unsigned int n, uint64_t bits)
{
	entry_pair even = { 0, 0 }, odd = { 0, 0 };
	uint64_t rest = 0;
	unsigned int i = 0;

	if (!ONE_BY_ONE) {
		for (; i + 16 <= n; i += 16) {
			const entry_pair *pair = (const entry_pair *)&slot[i];

			even |= pair[0] | pair[2] | pair[4] | pair[6];
			odd |= pair[1] | pair[3] | pair[5] | pair[7];
		}
		even |= odd;
	}
	for (; i < n; i++)
		rest |= pgtable_load(&slot[i]);
	return (even[0] | even[1] | rest) & bits;
}

/* Is one of these bits clear in any of the entries? */
static inline bool any_clear(const uint64_t *slot, unsigned int n, uint64_t bits)
{
	entry_pair even = { ~UINT64_C(0), ~UINT64_C(0) }, odd = even;
	uint64_t rest = ~UINT64_C(0);
	unsigned int i = 0;

	if (!ONE_BY_ONE) {
		for (; i + 16 <= n; i += 16) {
			const entry_pair *pair = (const entry_pair *)&slot[i];

			even &= pair[0] & pair[2] & pair[4] & pair[6];
			odd &= pair[1] & pair[3] & pair[5] & pair[7];
		}
		even &= odd;
	}
	for (; i < n; i++)
		rest &= pgtable_load(&slot[i]);
	return bits & ~(even[0] & even[1] & rest);
}

static inline bool any_present(const uint64_t *slot, unsigned int n)
{
	return any_bit(slot, n, FMT_PRESENT);
}

static inline unsigned int count_present(const uint64_t *slot, unsigned int n)
{
	entry_pair sum = { 0, 0 };
	unsigned int i = 0, found = 0;

	/* One bit says it, or one of two neighbours. */
	if (!ONE_BY_ONE && (FMT_PRESENT == 1 || FMT_PRESENT == 3)) {
		UNROLL
		for (; i + 2 <= n; i += 2) {
			entry_pair pair = *(const entry_pair *)&slot[i];

			if (FMT_PRESENT == 3)
				pair |= pair >> 1;
			sum += pair & 1;
		}
		found = (unsigned int)(sum[0] + sum[1]);
	}
	for (; i < n; i++)
		found += is_present(pgtable_load(&slot[i]));
	return found;
}

/* The entries of `n` leaves for contiguous memory, each in one entry. */
static inline void write_leaves(uint64_t *slot, unsigned int level, unsigned int shift,
				uint64_t phys, unsigned int n, uint64_t bits)
{
	uint64_t step = fmt_step(shift), entry = fmt_leaf(level, shift, phys, bits);
	unsigned int i;

	if (!FMT_SPLIT_BIT ||
	    (phys ^ (phys + ((uint64_t)(n - 1) << shift))) >> FMT_SPLIT_BIT == 0) {
		UNROLL
		for (i = 0; i < n; i++)
			pgtable_store(&slot[i], entry + i * step);
		return;
	}
	for (i = 0; i < n; i++)
		pgtable_store(&slot[i],
			      fmt_leaf(level, shift, phys + ((uint64_t)i << shift), bits));
}

/* The same for leaves of `run` entries each. */
static inline void write_runs(uint64_t *slot, unsigned int level, unsigned int shift, uint64_t phys,
			      unsigned int n, unsigned int run, uint64_t bits)
{
	unsigned int i, j;
	uint64_t entry;

	for (i = 0; i < n; i++, phys += UINT64_C(1) << shift) {
		entry = fmt_leaf(level, shift, phys, bits);
		for (j = 0; j < run; j++)
			pgtable_store(slot++, entry);
	}
}

#endif
