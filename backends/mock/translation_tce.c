/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of POWER's host bridges (translation control entries): for each window one array
 * with an entry per page. Bit 0: read, bit 1: write; the page's address above them.
 */
#include "backends/mock/translation.h"

#include "lib/error.h"

#include <errno.h>

#define TCE_SHIFT 12
#define TCE_PAGE  (UINT64_C(1) << TCE_SHIFT)
#define TCE_READ  UINT64_C(1)
#define TCE_WRITE UINT64_C(2)

struct tce {
	struct libiommu_pgtable_memory memory;
	uint64_t *entries[MOCK_HW_WINDOWS];
};

static size_t array_bytes(const struct libiommu_range *window)
{
	return (size_t)((window->last - window->start + 1) >> TCE_SHIFT) * sizeof(uint64_t);
}

/* @return NULL and none left outside of the windows; else the entry, and how many there are from it on */
static uint64_t *find(const struct mock_table *table, uint64_t iova, size_t *left,
		      size_t *window_index)
{
	const struct mock_hw *hw = &table->iommu->hw;
	const struct tce *tce = table->own;

	*left = 0;
	*window_index = 0;
	for (size_t i = 0; i < hw->window_count; i++) {
		const struct libiommu_range *window = &hw->windows[i];

		if (iova < window->start || iova > window->last)
			continue;
		*left = (size_t)((window->last - iova) >> TCE_SHIFT) + 1;
		*window_index = i;
		return &tce->entries[i][(iova - window->start) >> TCE_SHIFT];
	}
	return NULL;
}

static void tce_free(struct mock_table *table)
{
	const struct mock_hw *hw = &table->iommu->hw;
	struct tce *tce = table->own;

	for (size_t i = 0; i < hw->window_count && tce->entries[i]; i++)
		tce->memory.free(tce->memory.data, tce->entries[i], array_bytes(&hw->windows[i]));
	mock_free(table->machine, tce, sizeof(*tce));
}

static int tce_make(struct mock_table *table, const struct libiommu_pgtable_options *opts)
{
	const struct mock_hw *hw = &table->iommu->hw;
	struct tce *tce = mock_alloc(table->machine, sizeof(*tce));

	if (!tce)
		return -ENOMEM;
	table->own = tce;
	tce->memory = *opts->memory;
	for (size_t i = 0; i < hw->window_count; i++) {
		tce->entries[i] = tce->memory.alloc(tce->memory.data, array_bytes(&hw->windows[i]));
		if (!tce->entries[i]) {
			tce_free(table);
			return -ENOMEM;
		}
	}
	return 0;
}

/* The ledger has seen to it that nothing is there and all lies in one window. */
static int tce_map(struct mock_table *table, uint64_t iova,
		   const struct libiommu_pgtable_piece *pieces, size_t count, uint32_t prot,
		   struct libiommu_pgtable_gather *gather)
{
	uint64_t bits = (prot & LIBIOMMU_PROT_READ ? TCE_READ : 0) |
			(prot & LIBIOMMU_PROT_WRITE ? TCE_WRITE : 0);
	size_t left, window, needed = 0;
	uint64_t *entry = find(table, iova, &left, &window);

	(void)gather;
	for (size_t i = 0; i < count; i++)
		needed += (size_t)(pieces[i].length >> TCE_SHIFT);
	if (!entry || needed > left)
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		uint64_t phys = pieces[i].phys, end = phys + pieces[i].length;

		for (; phys != end; phys += TCE_PAGE)
			mock_entry_store(entry++, phys | bits);
	}
	return 0;
}

static void tce_unmap(struct mock_table *table, uint64_t iova, uint64_t length,
		      struct libiommu_pgtable_gather *gather)
{
	size_t left, window;
	uint64_t *entry = find(table, iova, &left, &window);

	(void)gather;
	for (length >>= TCE_SHIFT; entry && length && left; length--, left--)
		mock_entry_store(entry++, 0);
}

static bool tce_translate(const struct mock_table *table, uint64_t iova,
			  struct libiommu_pgtable_leaf *leaf)
{
	size_t left, window;
	const uint64_t *entry = find(table, iova, &left, &window);
	uint64_t value = entry ? mock_entry_load(entry) : 0;

	if (!(value & (TCE_READ | TCE_WRITE)))
		return false;
	*leaf = (struct libiommu_pgtable_leaf){
		.iova = iova & ~(TCE_PAGE - 1),
		.length = TCE_PAGE,
		.phys = value & ~(TCE_PAGE - 1),
		.prot = (value & TCE_READ ? LIBIOMMU_PROT_READ : 0) |
			(value & TCE_WRITE ? LIBIOMMU_PROT_WRITE : 0),
	};
	return true;
}

static bool tce_next_leaf(const struct mock_table *table, uint64_t iova, uint64_t last,
			  struct libiommu_pgtable_leaf *leaf)
{
	const struct mock_hw *hw = &table->iommu->hw;

	for (size_t i = 0; i < hw->window_count; i++) {
		const struct libiommu_range *window = &hw->windows[i];
		uint64_t at = iova > window->start ? iova & ~(TCE_PAGE - 1) : window->start;

		for (; at <= window->last && at <= last; at += TCE_PAGE) {
			if (tce_translate(table, at, leaf))
				return true;
		}
	}
	return false;
}

static int tce_walk(const struct mock_table *table, uint64_t iova,
		    struct libiommu_pgtable_walk *out, struct libiommu_error **err)
{
	const struct tce *tce = table->own;
	size_t left, window;
	const uint64_t *entry = find(table, iova, &left, &window);
	struct libiommu_pgtable_step *step = &out->step[0];

	if (!entry)
		return libiommu_error_set(err, LIBIOMMU_REASON_OUTSIDE_APERTURE, "", NULL);
	out->steps = 1;
	*step = (struct libiommu_pgtable_step){
		.level = 1,
		.index = (unsigned int)(entry - tce->entries[window]),
		.table = tce->memory.phys(tce->memory.data, tce->entries[window]),
		.entry = mock_entry_load(entry),
	};
	if (step->entry & (TCE_READ | TCE_WRITE)) {
		step->kind = LIBIOMMU_PGTABLE_LEAF;
		step->next = step->entry & ~(TCE_PAGE - 1);
	}
	return 0;
}

static size_t tce_pages(const struct mock_table *table)
{
	const struct mock_hw *hw = &table->iommu->hw;
	size_t bytes = 0;

	for (size_t i = 0; i < hw->window_count; i++)
		bytes += array_bytes(&hw->windows[i]);
	return bytes >> 12;
}

const struct mock_translation mock_translation_tce = {
	.format = "tce",
	.make = tce_make,
	.free = tce_free,
	.map = tce_map,
	.unmap = tce_unmap,
	.translate = tce_translate,
	.next_leaf = tce_next_leaf,
	.walk = tce_walk,
	.pages = tce_pages,
};
