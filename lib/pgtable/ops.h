/* SPDX-License-Identifier: BSD-2-Clause */
/* One format's code. Include after its fmt_*.h; not a header for others. */
#ifndef LIBIOMMU_LIB_PGTABLE_OPS_H
#define LIBIOMMU_LIB_PGTABLE_OPS_H

#include "lib/pgtable/walker.h"
#include "lib/pgtable/many.h"
#include "lib/pgtable/unmap.h"
#include "lib/pgtable/page.h"
#include "lib/pgtable/map.h"
#include "lib/pgtable/change.h"
#include "lib/pgtable/dirty.h"

static void free_below(struct libiommu_pgtable *pt, uint64_t *table, unsigned int level,
		       size_t bytes)
{
	size_t i, n = bytes / sizeof(*table);
	uint64_t entry, *next;

	for (i = 0; level > 1 && i < n; i++) {
		entry = pgtable_load_acquire(&table[i]);
		if (!is_present(entry) || fmt_is_leaf(level, entry))
			continue;
		next = below(pt, entry);
		if (next)
			free_below(pt, next, level - 1, FMT_TABLE_BYTES);
	}
	libiommu_pgtable_free_table(pt, table, bytes);
}

static void op_free_tables(struct libiommu_pgtable *pt)
{
	uint64_t top = pgtable_top(pt);

	free_below(pt, pgtable_root(top), pgtable_levels(top), pt->desc.root_bytes);
}

static unsigned int op_iova_bits(unsigned int levels)
{
	return fmt_iova_bits(levels);
}

static void op_describe(unsigned int levels, unsigned int iova_bits,
			struct libiommu_pgtable_desc *desc)
{
	unsigned int level, most = FMT_GROWS ? FMT_MAX_LEVELS : levels;
	uint64_t bytes = UINT64_C(8) << fmt_root_bits(levels, iova_bits);

	desc->name = FMT_NAME;
	desc->levels = levels;
	desc->max_levels = most;
	desc->index_bits = FMT_INDEX_BITS;
	desc->granule = FMT_GRANULE;
	desc->table_bytes = FMT_TABLE_BYTES;
	desc->root_bytes = bytes < PGTABLE_ROOT_MIN ? PGTABLE_ROOT_MIN : bytes;
	for (level = 1; level <= most; level++) {
		/* A size that one entry of the level above spans lies there. */
		desc->level_sizes[level] = fmt_leaf_sizes(level);
		desc->leaf_sizes |= fmt_leaf_sizes(level);
		desc->run_sizes |= fmt_leaf_sizes(level) & ~(span_mask(level) + 1);
	}
	desc->iova_bits = iova_bits;
	desc->iova_last = iova_bits == 64 ? UINT64_MAX : (UINT64_C(1) << iova_bits) - 1;
	desc->phys_bits = FMT_PHYS_BITS;
	desc->read_only = FMT_READ_ONLY;
	desc->write_only = FMT_WRITE_ONLY;
	desc->dirty = FMT_DIRTY;
	desc->run_steps = FMT_HINTS != 0;
}

static bool op_set_up(struct libiommu_pgtable *pt, const struct libiommu_pgtable_options *opts)
{
	uint32_t prot;

	if (!fmt_attributes(opts, &pt->bits))
		return false;
	for (prot = 0; opts->flags & LIBIOMMU_PGTABLE_MARKED && prot <= PROT_RW; prot++)
		pt->bits.leaf[prot] = fmt_mark(pt->bits.leaf[prot], prot & LIBIOMMU_PROT_WRITE);
	for (prot = 0; prot <= PROT_RW; prot++) {
		if (!(pt->prots >> prot & 1))
			pt->bits.leaf[prot] = 0;
	}
	pt->bits.tracked = fmt_tracked(opts) ? ~UINT64_C(0) : 0;
	pt->reserved = pt->bits.reserved | fmt_too_wide(pt->desc.phys_bits);
	pt->page_set = FMT_PAGE_SET | (pt->bits.tracked ? 0 : FMT_PAGE_SEEN);
	pt->page_mask = pt->page_set | FMT_PAGE_CLEAR | pt->reserved;
	return true;
}

static void op_hardware(const struct libiommu_pgtable *pt, struct libiommu_pgtable_hardware *out)
{
	uint64_t top = pgtable_top(pt);

	out->levels = pgtable_levels(top);
	out->root = pgtable_root_phys(pt, top);
	fmt_hardware(&pt->desc, out);
}

const struct pgtable_ops FMT_OPS = {
	.name = FMT_NAME,
	.min_levels = FMT_MIN_LEVELS,
	.max_levels = FMT_MAX_LEVELS,
	.usual_levels = FMT_USUAL_LEVELS,
	.usual_iova_bits = FMT_USUAL_IOVA_BITS,
	.phys_bits = FMT_PHYS_BITS,
	.wide_sizes = FMT_WIDE_SIZES,
	.grows = FMT_GROWS,
	.iova_in_phys = FMT_IOVA_IN_PHYS,
	.levels_fit = fmt_levels_fit,
	.tracked = fmt_tracked,
	.iova_bits = op_iova_bits,
	.describe = op_describe,
	.set_up = op_set_up,
	.page = page_ops,
	.map = op_map,
	.map_list = op_map_list,
	.map_pages = op_map_pages,
	.unmap = op_unmap,
	.trim = op_trim,
	.protect = op_protect,
	.read_marks = op_read_marks,
	.hardware = op_hardware,
	.walk = op_walk,
	.translate = op_translate,
	.mark = op_mark,
	.access = op_access,
	.scan = op_scan,
	.free_tables = op_free_tables,
};

#endif
