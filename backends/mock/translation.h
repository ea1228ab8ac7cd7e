/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an IOMMU finds where an address leads. Most have trees, which the page-table engine
 * makes; hardware that has none, or shows none, comes in here. Threads are those of pgtable.h.
 */
#ifndef BACKENDS_MOCK_TRANSLATION_H
#define BACKENDS_MOCK_TRANSLATION_H

#include "backends/mock/space.h"

struct mock_translation {
	const char *format; /* NULL: the engine's name */
	/* Tables of another kind than the engine's look at opts->memory alone. @return 0, -ENOMEM */
	int (*make)(struct mock_table *table, const struct libiommu_pgtable_options *opts);
	void (*free)(struct mock_table *table);
	/* All or nothing; errors as libiommu_pgtable_map_list(). */
	int (*map)(struct mock_table *table, uint64_t iova,
		   const struct libiommu_pgtable_piece *pieces, size_t count, uint32_t prot,
		   struct libiommu_pgtable_gather *gather);
	void (*unmap)(struct mock_table *table, uint64_t iova, uint64_t length,
		      struct libiommu_pgtable_gather *gather);
	bool (*translate)(const struct mock_table *table, uint64_t iova,
			  struct libiommu_pgtable_leaf *leaf);
	bool (*next_leaf)(const struct mock_table *table, uint64_t iova, uint64_t last,
			  struct libiommu_pgtable_leaf *leaf);
	/* NULL: there is nothing to be seen. `out` has no steps yet. */
	int (*walk)(const struct mock_table *table, uint64_t iova,
		    struct libiommu_pgtable_walk *out, struct libiommu_error **err);
	size_t (*pages)(const struct mock_table *table);
};

extern const struct mock_translation mock_translation_tree;   /* of the engine */
extern const struct mock_translation mock_translation_hidden; /* the same, and nobody sees it */
extern const struct mock_translation mock_translation_tce;    /* flat tables, one per window */
extern const struct mock_translation mock_translation_zpci;   /* tables of s390's functions */

/* How a kind of hardware does it. */
static inline const struct mock_translation *mock_hw_translation(const struct mock_hw *hw)
{
	return hw->translation ? hw->translation : &mock_translation_tree;
}

static inline const struct mock_translation *mock_table_kind(const struct mock_table *table)
{
	return mock_hw_translation(&table->iommu->hw);
}

static inline bool mock_table_translate(const struct mock_table *table, uint64_t iova,
					struct libiommu_pgtable_leaf *leaf)
{
	return mock_table_kind(table)->translate(table, iova, leaf);
}

/* Accessed and dirty marks; what keeps none has no hardware that sets them. */
static inline void mock_table_mark(struct mock_table *table, uint64_t iova, bool write)
{
	if (table->pt)
		libiommu_pgtable_mark(table->pt, iova, write);
}

int mock_table_walk(const struct mock_table *table, uint64_t iova,
		    struct libiommu_pgtable_walk *out, struct libiommu_error **err);
const char *mock_table_format(const struct mock_table *table);

/* Release what waits in a gather. */
static inline void mock_table_release(struct mock_table *table,
				      struct libiommu_pgtable_gather *gather)
{
	if (table->pt)
		libiommu_pgtable_release(table->pt, gather);
}

/* What both tables of the mock's own have in common: entries are big-endian. */
static inline uint64_t mock_entry_load(const uint64_t *entry)
{
	uint64_t raw = __atomic_load_n(entry, __ATOMIC_ACQUIRE);

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(raw) : raw;
}

static inline uint64_t mock_entry_raw(uint64_t value)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(value) : value;
}

static inline void mock_entry_store(uint64_t *entry, uint64_t value)
{
	__atomic_store_n(entry, mock_entry_raw(value), __ATOMIC_RELEASE);
}

#endif
