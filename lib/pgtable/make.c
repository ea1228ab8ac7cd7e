/* SPDX-License-Identifier: BSD-2-Clause */
/* Page tables are made and freed. */
#include <string.h>

#include "lib/error.h"
#include "lib/pgtable/internal.h"

#define SPARE_MAX   512 /* tables: those of 1 GiB of smallest pages */
#define KNOWN_FLAGS LIBIOMMU_PGTABLE_MARKED

/* A struct of a newer library will do as long as it asks for nothing that is unknown here. */
static enum libiommu_reason check_size(const void *options, size_t size, size_t known)
{
	const unsigned char *bytes = options;
	size_t i;

	if (size < known)
		return LIBIOMMU_REASON_BAD_OPTIONS;
	for (i = known; i < size; i++) {
		if (bytes[i])
			return LIBIOMMU_REASON_UNKNOWN_OPTIONS;
	}
	return LIBIOMMU_REASON_NONE;
}

enum libiommu_reason libiommu_pgtable_check_options(const struct libiommu_pgtable_options *opts)
{
	enum libiommu_reason reason = check_size(opts, opts->size, sizeof(*opts));

	if (!reason && opts->flags & ~KNOWN_FLAGS)
		reason = LIBIOMMU_REASON_UNKNOWN_OPTIONS;
	if (!reason && opts->memory)
		reason = check_size(opts->memory, opts->memory->size, sizeof(*opts->memory));
	return reason;
}

static uint32_t possible_prots(const struct libiommu_pgtable_desc *desc)
{
	return 1u << PROT_RW | (desc->read_only ? 1u << LIBIOMMU_PROT_READ : 0) |
	       (desc->write_only ? 1u << LIBIOMMU_PROT_WRITE : 0);
}

/* The last address that levels reach which do not grow. */
static uint64_t reached(const struct libiommu_pgtable_options *opts,
			const struct libiommu_pgtable_desc *desc)
{
	unsigned int bits = libiommu_pgtable_format_ops(opts->format)->iova_bits(desc->levels);

	return bits < desc->iova_bits ? (UINT64_C(1) << bits) - 1 : desc->iova_last;
}

/*
 * The functions for a number of levels. Those for another would do as well, by
 * asking the functions that know everything: so a table may grow meanwhile.
 */
void libiommu_pgtable_choose(struct libiommu_pgtable *pt, unsigned int levels)
{
	struct pgtable_page_ops page = { libiommu_pgtable_map_any, libiommu_pgtable_unmap_any,
					 pt->ops->translate };

	if (pt->identity && !pt->view && pt->ops->page[levels].map)
		page = pt->ops->page[levels];
	__atomic_store_n(&pt->page.map, page.map, __ATOMIC_RELAXED);
	__atomic_store_n(&pt->page.unmap, page.unmap, __ATOMIC_RELAXED);
	__atomic_store_n(&pt->page.translate, page.translate, __ATOMIC_RELAXED);
}

/* Everything but the root. A view's object is process memory: its tables are not to be touched. */
static enum libiommu_reason make(const struct libiommu_pgtable_options *opts,
				 const struct libiommu_pgtable_memory *memory, bool view,
				 struct libiommu_pgtable **out)
{
	const struct libiommu_pgtable_memory *own =
		view ? &libiommu_pgtable_process_memory : memory;
	struct libiommu_pgtable_desc desc;
	struct libiommu_pgtable *pt;
	enum libiommu_reason reason = libiommu_pgtable_shape(opts, &desc);

	if (reason)
		return reason;
	pt = own->alloc(own->data, PGTABLE_OBJECT_BYTES);
	if (!pt)
		return LIBIOMMU_REASON_NO_MEMORY;
	pt->ops = libiommu_pgtable_format_ops(opts->format);
	pt->desc = desc;
	pt->granule_mask = (UINT64_C(1) << desc.granule) - 1;
	pt->edit_mask = view ? UINT64_MAX : pt->granule_mask;
	pt->iova_last = desc.iova_last;
	pt->phys_last = (UINT64_C(1) << desc.phys_bits) - 1;
	pt->leaf_sizes = desc.leaf_sizes;
	pt->root_shift = desc.granule + desc.index_bits * desc.levels;
	pt->prots = possible_prots(&desc);
	pt->identity = memory == &libiommu_pgtable_process_memory;
	pt->view = view;
	if (view) {
		pt->iova_last = pt->desc.iova_last = reached(opts, &desc);
		pt->desc.max_levels = desc.levels;
	}
	pt->not_iova = pt->granule_mask | ~pt->iova_last;
	pt->not_phys = pt->granule_mask | ~pt->phys_last;
	libiommu_pgtable_choose(pt, desc.levels);
	pt->memory = *memory;
	pt->spare_left = SPARE_MAX;
	pthread_mutex_init(&pt->spare_lock, NULL);
	*out = pt;
	return pt->ops->set_up(pt, opts) ? LIBIOMMU_REASON_NONE : LIBIOMMU_REASON_BAD_OPTIONS;
}

static enum libiommu_reason make_root(struct libiommu_pgtable *pt)
{
	enum libiommu_reason reason;
	uint64_t *root, phys;

	reason = libiommu_pgtable_alloc_table(pt, pt->desc.root_bytes, &root, &phys);
	if (reason)
		return reason;
	pt->top = (uintptr_t)root | pt->desc.levels;
	pt->pages = 1;
	return LIBIOMMU_REASON_NONE;
}

static void free_object(struct libiommu_pgtable *pt)
{
	struct libiommu_pgtable_memory memory = pt->memory;

	libiommu_pgtable_free_spares(pt);
	pthread_mutex_destroy(&pt->spare_lock);
	if (pt->view)
		memory = libiommu_pgtable_process_memory;
	memory.free(memory.data, pt, PGTABLE_OBJECT_BYTES);
}

int libiommu_pgtable_new(const struct libiommu_pgtable_options *opts, struct libiommu_pgtable **out,
			 struct libiommu_error **err)
{
	static const struct libiommu_pgtable_options usual = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	const struct libiommu_pgtable_memory *memory = &libiommu_pgtable_process_memory;
	struct libiommu_pgtable *pt = NULL;
	enum libiommu_reason reason;

	libiommu_error_clear(err);
	if (!out)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "out", NULL);
	if (!opts)
		opts = &usual;
	reason = libiommu_pgtable_check_options(opts);
	if (!reason && opts->memory) {
		memory = opts->memory;
		if (!memory->alloc || !memory->free || !memory->phys || !memory->virt)
			reason = LIBIOMMU_REASON_NULL_ARGUMENT;
	}
	if (!reason)
		reason = make(opts, memory, false, &pt);
	if (!reason)
		reason = make_root(pt);
	if (reason) {
		if (pt)
			free_object(pt);
		return libiommu_error_set(err, reason, "page table", NULL);
	}
	*out = pt;
	return 0;
}

static enum libiommu_reason find_root(struct libiommu_pgtable *pt, uint64_t root)
{
	void *virt;

	if (root & (pt->desc.root_bytes - 1))
		return LIBIOMMU_REASON_MISALIGNED;
	virt = pt->memory.virt(pt->memory.data, root, pt->desc.root_bytes);
	if (!virt || (uintptr_t)virt & PGTABLE_LEVELS || root > pt->phys_last)
		return LIBIOMMU_REASON_TABLE_UNREACHABLE;
	pt->top = (uintptr_t)virt | pt->desc.levels;
	pt->view_root = root;
	return LIBIOMMU_REASON_NONE;
}

int libiommu_pgtable_view(const struct libiommu_pgtable_options *opts, uint64_t root,
			  struct libiommu_pgtable **out, struct libiommu_error **err)
{
	struct libiommu_pgtable *pt = NULL;
	enum libiommu_reason reason;

	libiommu_error_clear(err);
	if (!opts || !out)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	reason = libiommu_pgtable_check_options(opts);
	if (!reason && (!opts->memory || !opts->memory->virt))
		reason = LIBIOMMU_REASON_NULL_ARGUMENT;
	if (!reason)
		reason = make(opts, opts->memory, true, &pt);
	if (!reason)
		reason = find_root(pt, root);
	if (reason) {
		if (pt)
			free_object(pt);
		return libiommu_error_set(err, reason, "page table", NULL);
	}
	*out = pt;
	return 0;
}

void libiommu_pgtable_free(struct libiommu_pgtable *pt)
{
	if (!pt)
		return;
	pt->spare_left = 0;
	if (!pt->view)
		pt->ops->free_tables(pt);
	free_object(pt);
}
