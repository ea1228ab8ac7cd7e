/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/translation.h"

#include <errno.h>

static int tree_make(struct mock_table *table, const struct libiommu_pgtable_options *opts)
{
	return libiommu_pgtable_new(opts, &table->pt, NULL) ? -ENOMEM : 0;
}

static void tree_free(struct mock_table *table)
{
	libiommu_pgtable_free(table->pt);
}

static int tree_map(struct mock_table *table, uint64_t iova,
		    const struct libiommu_pgtable_piece *pieces, size_t count, uint32_t prot,
		    struct libiommu_pgtable_gather *gather)
{
	return libiommu_pgtable_map_list(table->pt, iova, pieces, count, prot, gather, NULL);
}

static void tree_unmap(struct mock_table *table, uint64_t iova, uint64_t length,
		       struct libiommu_pgtable_gather *gather)
{
	libiommu_pgtable_unmap(table->pt, iova, length, NULL, gather, NULL);
}

static bool tree_translate(const struct mock_table *table, uint64_t iova,
			   struct libiommu_pgtable_leaf *leaf)
{
	return libiommu_pgtable_translate(table->pt, iova, leaf);
}

static bool tree_next_leaf(const struct mock_table *table, uint64_t iova, uint64_t last,
			   struct libiommu_pgtable_leaf *leaf)
{
	return libiommu_pgtable_next_leaf(table->pt, iova, last, leaf);
}

static int tree_walk(const struct mock_table *table, uint64_t iova,
		     struct libiommu_pgtable_walk *out, struct libiommu_error **err)
{
	return libiommu_pgtable_walk(table->pt, iova, out, err);
}

static size_t tree_pages(const struct mock_table *table)
{
	return libiommu_pgtable_pages(table->pt);
}

const struct mock_translation mock_translation_tree = {
	.make = tree_make,
	.free = tree_free,
	.map = tree_map,
	.unmap = tree_unmap,
	.translate = tree_translate,
	.next_leaf = tree_next_leaf,
	.walk = tree_walk,
	.pages = tree_pages,
};

const struct mock_translation mock_translation_hidden = {
	.format = "hidden",
	.make = tree_make,
	.free = tree_free,
	.map = tree_map,
	.unmap = tree_unmap,
	.translate = tree_translate,
	.next_leaf = tree_next_leaf,
	.pages = tree_pages,
};

int mock_table_walk(const struct mock_table *table, uint64_t iova,
		    struct libiommu_pgtable_walk *out, struct libiommu_error **err)
{
	const struct mock_translation *kind = mock_table_kind(table);

	out->steps = 0;
	return kind->walk ? kind->walk(table, iova, out, err) : 0;
}

const char *mock_table_format(const struct mock_table *table)
{
	const char *own = mock_table_kind(table)->format;

	return own ? own : libiommu_pgtable_describe(table->pt)->name;
}
