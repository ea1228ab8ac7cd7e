/* SPDX-License-Identifier: BSD-2-Clause */
/* One format's code. Include after its fmt_*.h; not a header for others. */
#ifndef LIBIOMMU_LIB_PGTABLE_OPS_H
#define LIBIOMMU_LIB_PGTABLE_OPS_H

#include "lib/pgtable/walker.h"
#include "lib/pgtable/unmap.h"
#include "lib/pgtable/map.h"

static void free_below(struct libiommu_pgtable *pt, uint64_t *table, unsigned int level)
{
	unsigned int i, n = 1u << fmt_level_bits(level);
	uint64_t entry, *next;

	for (i = 0; level > 1 && i < n; i++) {
		entry = pgtable_load_acquire(&table[i]);
		if (!is_present(entry) || fmt_is_leaf(level, entry))
			continue;
		next = below(pt, entry);
		if (next)
			free_below(pt, next, level - 1);
	}
	libiommu_pgtable_free_page(pt, table);
}

static void op_free_tables(struct libiommu_pgtable *pt)
{
	free_below(pt, pt->root, pt->levels);
}

static void op_describe(unsigned int levels, struct libiommu_pgtable_desc *desc)
{
	unsigned int level;

	desc->name = FMT_NAME;
	desc->levels = levels;
	desc->index_bits = FMT_INDEX_BITS;
	desc->granule = FMT_GRANULE;
	desc->leaf_sizes = 0;
	for (level = 1; level <= levels; level++)
		desc->leaf_sizes |= fmt_leaf_sizes(level);
	desc->iova_last = fmt_iova_last(levels);
	desc->phys_bits = FMT_PHYS_BITS;
	desc->read_only = FMT_READ_ONLY;
	desc->write_only = FMT_WRITE_ONLY;
	desc->dirty = FMT_DIRTY;
}

const struct pgtable_ops FMT_OPS = {
	.min_levels = FMT_MIN_LEVELS,
	.max_levels = FMT_MAX_LEVELS,
	.usual_levels = FMT_USUAL_LEVELS,
	.describe = op_describe,
	.map = op_map,
	.map_list = op_map_list,
	.unmap = op_unmap,
	.walk = op_walk,
	.translate = op_translate,
	.mark = op_mark,
	.next_leaf = op_next_leaf,
	.free_tables = op_free_tables,
};

#endif
