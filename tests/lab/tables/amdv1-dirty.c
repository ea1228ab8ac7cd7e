// SPDX-License-Identifier: BSD-2-Clause
#include "amdv1.h"
#include "tests/selftest/abi.h"
#include "tests/selftest/ops.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A page: the kernel may write beyond the range's bits (RULE_WHOLE), but not beyond their page. */
#define WORDS    (PAGE / sizeof(uint64_t))
#define BITS     (64 * WORDS)
#define BITS_MAX (BITS / 2) /* that are asked for */

struct bits {
	_Alignas(4096) uint64_t word[WORDS];
};

struct query {
	uint64_t iova, last;
	unsigned int shift;
	bool keep;
	uint64_t end; /* of what is mapped from iova on without a hole */
};

static const char *const rule_names[RULES] = {
	[RULE_LAST] = "the kernel leaves out the last entry of a leaf of several",
	[RULE_WHOLE] = "the kernel counts whole entries from within a large leaf",
	[RULE_ENDLESS] = "not asked, or the kernel loops: begins with the last entry of several",
	[RULE_HOLE] = "the kernel reads no further than to the first hole",
	[RULE_CUT] = "the kernel takes the mark of a leaf that an end cuts, the engine refuses",
};

static void fill(struct bits *bits, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last && i < BITS; i++)
		bits->word[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool any_beyond(const struct bits *a, const struct bits *b)
{
	for (size_t i = 0; i < WORDS; i++)
		if (a->word[i] & ~b->word[i])
			return true;
	return false;
}

/* Bytes of one entry of the level at which a leaf is. */
static uint64_t entry_of(uint64_t length)
{
	uint64_t entry = GRANULE;

	while (length >= entry << LEVEL_BITS)
		entry <<= LEVEL_BITS;
	return entry;
}

/*
 * What Linux 7.2 reports of a leaf that is dirty. It takes the number of the last entry for the number
 * of entries, unless the range ends before; and it begins where the range begins, also within an
 * entry.
 * @return false when that makes nothing: a length of 0, over which the kernel loops for ever
 */
static bool as_kernel(const struct query *q, const struct libiommu_pgtable_leaf *leaf,
		      struct bits *bits)
{
	const uint64_t entry = entry_of(leaf->length), last = leaf->length / entry - 1;
	const uint64_t from = leaf->iova > q->iova ? leaf->iova : q->iova;
	const uint64_t first = (from - leaf->iova) / entry;
	uint64_t end = last, length = entry;

	if (last) {
		if (q->last < leaf->iova + leaf->length - 1 &&
		    (q->last - leaf->iova) / entry + 1 < last)
			end = (q->last - leaf->iova) / entry + 1;
		length = (end - first) * entry;
	}
	if (!length)
		return false;
	fill(bits, (from - q->iova) >> q->shift, (from + length - 1 - q->iova) >> q->shift);
	return true;
}

/* What each side must report, by the engine's leaves. @return false: the kernel must not be asked */
static bool predict(const struct run *run, const struct query *q, struct bits *kernel,
		    struct bits *engine)
{
	struct libiommu_pgtable_leaf leaf;
	uint64_t at = q->iova;

	while (at < q->end && libiommu_pgtable_next_leaf(run->pt, at, q->end - 1, &leaf)) {
		const uint64_t first = leaf.iova > q->iova ? leaf.iova : q->iova;
		uint64_t last = leaf.iova + leaf.length - 1;

		at = last + 1;
		if (!leaf.dirty)
			continue;
		if (last > q->end - 1)
			last = q->end - 1;
		fill(engine, (first - q->iova) >> q->shift, (last - q->iova) >> q->shift);
		if (!as_kernel(q, &leaf, kernel))
			return false;
	}
	return true;
}

static int read_marks(struct run *run, uint64_t iova, uint64_t end, const struct query *q,
		      uint32_t flags, struct bits *bits)
{
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;
	struct libiommu_error *err = NULL;
	int reason = 0;

	if (iova >= end)
		return 0;
	if (libiommu_pgtable_read_marks(run->pt, iova, end - iova, flags, q->shift, bits->word,
					&gather, &err)) {
		reason = (int)libiommu_error_reason(err);
		libiommu_error_free(err);
	}
	libiommu_pgtable_release(run->pt, &gather);
	return reason;
}

/* The engine's answer; a leaf that an end cuts is cleared as a whole, as the kernel does. */
static bool ask_engine(struct run *run, const struct query *q, struct bits *bits)
{
	static struct bits scratch;
	struct libiommu_pgtable_leaf leaf;
	uint64_t first = q->iova, end = q->end;

	if (first >= end)
		return true;
	if (libiommu_pgtable_translate(run->pt, first, &leaf))
		first = leaf.iova;
	if (libiommu_pgtable_translate(run->pt, end - 1, &leaf))
		end = leaf.iova + leaf.length;
	if (q->keep || (first == q->iova && end == q->end))
		return !read_marks(run, q->iova, q->end, q,
				   q->keep ? LIBIOMMU_PGTABLE_KEEP_MARKS : 0, bits);
	run->rules[RULE_CUT]++;
	memset(&scratch, 0, sizeof(scratch));
	return read_marks(run, q->iova, q->end, q, 0, bits) == LIBIOMMU_REASON_WOULD_SPLIT &&
	       !any_beyond(bits, &scratch) &&
	       !read_marks(run, q->iova, q->end, q, LIBIOMMU_PGTABLE_KEEP_MARKS, bits) &&
	       !read_marks(run, first, end, &(struct query){ .shift = 16 }, 0, &scratch);
}

static void complain(struct run *run, const struct query *q, const struct bits *kernel,
		     const struct bits *engine, const struct bits *expected)
{
	if (run->wrong_bits++ > 4)
		return;
	printf("bitmaps differ: [0x%" PRIx64 ", 0x%" PRIx64 "], pages of 2^%u, %s\n", q->iova,
	       q->last, q->shift, q->keep ? "kept" : "cleared");
	for (size_t i = 0, lines = 0; i < WORDS && lines < 4; i++) {
		if (kernel->word[i] == expected->word[i] && kernel->word[i] == engine->word[i])
			continue;
		printf("  word %zu: kernel %016" PRIx64 ", expected %016" PRIx64
		       ", engine %016" PRIx64 "\n",
		       i, kernel->word[i], expected->word[i], engine->word[i]);
		lines++;
	}
}

static void ask(struct run *run, struct query *q)
{
	static struct bits kernel, engine, as_kernel_has, as_engine_has;
	const struct mapped *m;
	bool done, hole = false;

	memset(&kernel, 0, sizeof(kernel));
	memset(&engine, 0, sizeof(engine));
	memset(&as_kernel_has, 0, sizeof(as_kernel_has));
	memset(&as_engine_has, 0, sizeof(as_engine_has));
	for (q->end = q->iova; q->end <= q->last && (m = mapped_at(run, q->end));)
		q->end = m->iova + m->length;
	for (size_t i = 0; q->end <= q->last && i < run->count; i++)
		hole |= run->live[i].iova > q->end && run->live[i].iova <= q->last;
	if (q->end > q->last)
		q->end = q->last + 1;
	if (!predict(run, q, &as_kernel_has, &as_engine_has)) {
		run->rules[RULE_ENDLESS]++;
		return;
	}
	run->rules[RULE_HOLE] += hole;
	done = !ops_read_dirty(sys(), run->iommufd, run->hwpt, q->iova, q->last - q->iova + 1,
			       UINT64_C(1) << q->shift, q->keep, kernel.word);
	done = ask_engine(run, q, &engine) && done;
	run->reads++;
	run->cleared += !q->keep;
	for (size_t i = 0; i < WORDS; i++)
		run->bits += (unsigned long)__builtin_popcountll(engine.word[i]);
	if (!done || memcmp(&engine, &as_engine_has, sizeof(engine))) {
		complain(run, q, &kernel, &engine, &as_engine_has);
		return;
	}
	if (!memcmp(&kernel, &engine, sizeof(kernel))) {
		run->same++;
		return;
	}
	if (memcmp(&kernel, &as_kernel_has, sizeof(kernel))) {
		complain(run, q, &kernel, &engine, &as_kernel_has);
		return;
	}
	run->rules[RULE_LAST] += any_beyond(&engine, &kernel);
	run->rules[RULE_WHOLE] += any_beyond(&kernel, &engine);
}

/* Ranges that begin with a mapping, or in it, or anywhere near it. */
static bool choose(struct run *run, struct query *q)
{
	const struct mapped *m = &run->live[dice(run, run->count)];
	uint64_t iova = m->iova, length = m->length, size;

	switch (dice(run, 4)) {
	case 0:
		iova += dice(run, length);
		length = 1 + dice(run, m->iova + length - iova);
		break;
	case 1:
		length += dice(run, 8 << 20);
		break;
	case 2:
		iova += dice(run, 4 << 20) - (2 << 20);
		break;
	}
	q->shift = 11 + (unsigned int)dice(run, 11);
	iova &= ~(GRANULE - 1);
	if (dice(run, 4) && (unsigned int)__builtin_ctzll(iova) < q->shift)
		q->shift = (unsigned int)__builtin_ctzll(iova);
	size = UINT64_C(1) << q->shift;
	q->iova = iova & ~(size - 1);
	q->last = (iova + length - 1) | (size - 1);
	return (q->last - q->iova) >> q->shift < BITS_MAX;
}

/* Sometimes where nothing is. */
static void write_somewhere(struct run *run)
{
	const struct mapped *m = &run->live[dice(run, run->count)];
	uint64_t at = m->iova + dice(run, m->length);
	bool there;

	if (dice(run, 8) == 0)
		at = MOCK_APERTURE_START + dice(run, MOCK_APERTURE_LAST - MOCK_APERTURE_START);
	there = mapped_at(run, at);
	if (libiommu_pgtable_mark(run->pt, at, true) != there ||
	    ops_write(sys(), run->iommufd, run->hwpt, at))
		run->wrong_marks++;
	run->marks += there;
}

void dirty_round(struct run *run)
{
	struct query q;

	if (!run->count)
		return;
	for (uint64_t reads = 2 + dice(run, 6); reads; reads--) {
		for (uint64_t marks = dice(run, 16); marks; marks--)
			write_somewhere(run);
		if (!choose(run, &q))
			continue;
		q.keep = dice(run, 3) == 0;
		ask(run, &q);
		/* What is left after that. */
		q.keep = true;
		ask(run, &q);
	}
}

void dirty_report(const struct run *run)
{
	printf("%lu marks, %lu bitmaps (%lu with clearing), %lu bits set; %lu bitmaps the same at "
	       "once\n",
	       run->marks, run->reads, run->cleared, run->bits, run->same);
	for (size_t i = 0; i < RULES; i++)
		printf("  %lu bitmaps: %s\n", run->rules[i], rule_names[i]);
}
