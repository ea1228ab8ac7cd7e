/* SPDX-License-Identifier: BSD-2-Clause */
/* The public functions: arguments, reasons, and the call of the format's code. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/pgtable/internal.h"

#define SPARE_MAX   512 /* pages: the tables of 1 GiB of smallest pages */
#define SUBJECT_MAX 48  /* "0x" and 16 digits, twice, and a dash */

static void *process_alloc(void *data, size_t bytes)
{
	void *page = aligned_alloc(bytes, bytes);

	(void)data;
	return page ? memset(page, 0, bytes) : NULL;
}

static void process_free(void *data, void *virt, size_t bytes)
{
	(void)data;
	(void)bytes;
	free(virt);
}

static uint64_t process_phys(void *data, const void *virt)
{
	(void)data;
	return (uintptr_t)virt;
}

static void *process_virt(void *data, uint64_t phys, size_t bytes)
{
	(void)data;
	(void)bytes;
	return (void *)(uintptr_t)phys;
}

static const struct libiommu_pgtable_memory process_memory = {
	.size = sizeof(struct libiommu_pgtable_memory),
	.alloc = process_alloc,
	.free = process_free,
	.phys = process_phys,
	.virt = process_virt,
};

static const struct pgtable_ops *find_ops(enum libiommu_pgtable_format format)
{
	switch (format) {
	case LIBIOMMU_PGTABLE_VTD_SS:
		return &libiommu_pgtable_vtd_ss;
	case LIBIOMMU_PGTABLE_X86_64:
		return &libiommu_pgtable_x86_64;
	}
	return NULL;
}

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

static enum libiommu_reason check_memory(const struct libiommu_pgtable_memory *memory)
{
	enum libiommu_reason reason = check_size(memory, memory->size, sizeof(*memory));

	if (reason)
		return reason;
	if (!memory->alloc || !memory->free || !memory->phys || !memory->virt)
		return LIBIOMMU_REASON_NULL_ARGUMENT;
	return LIBIOMMU_REASON_NONE;
}

/*
 * Process memory is given back by and by: to allocate and free thousands of
 * pages for each large mapping costs the C library many times what the entries
 * cost.
 */
static void *take_spare(struct libiommu_pgtable *pt)
{
	void *page;

	if (!pt->identity)
		return NULL;
	pthread_mutex_lock(&pt->spare_lock);
	page = pt->spare;
	if (page) {
		memcpy(&pt->spare, page, sizeof(pt->spare));
		pt->spare_left++;
	}
	pthread_mutex_unlock(&pt->spare_lock);
	return page ? memset(page, 0, PGTABLE_BYTES) : NULL;
}

static bool keep_spare(struct libiommu_pgtable *pt, void *page)
{
	bool kept;

	if (!pt->identity)
		return false;
	pthread_mutex_lock(&pt->spare_lock);
	kept = pt->spare_left != 0;
	if (kept) {
		memcpy(page, &pt->spare, sizeof(pt->spare));
		pt->spare = page;
		pt->spare_left--;
	}
	pthread_mutex_unlock(&pt->spare_lock);
	return kept;
}

void libiommu_pgtable_free_page(struct libiommu_pgtable *pt, void *page)
{
	if (!keep_spare(pt, page))
		pt->memory.free(pt->memory.data, page, PGTABLE_BYTES);
}

/* A zeroed page for a table, where the format's entries can point to it. */
enum libiommu_reason libiommu_pgtable_alloc_page(struct libiommu_pgtable *pt, uint64_t **page,
						 uint64_t *phys)
{
	const struct libiommu_pgtable_memory *memory = &pt->memory;
	void *virt = take_spare(pt);

	if (!virt)
		virt = memory->alloc(memory->data, PGTABLE_BYTES);
	if (!virt)
		return LIBIOMMU_REASON_NO_MEMORY;
	*phys = memory->phys(memory->data, virt);
	if (*phys > pt->phys_last || *phys & (PGTABLE_BYTES - 1)) {
		libiommu_pgtable_free_page(pt, virt);
		return LIBIOMMU_REASON_ADDRESS_WIDTH;
	}
	*page = virt;
	return LIBIOMMU_REASON_NONE;
}

static uint32_t possible_prots(const struct libiommu_pgtable_desc *desc)
{
	return 1u << (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE) |
	       (desc->read_only ? 1u << LIBIOMMU_PROT_READ : 0) |
	       (desc->write_only ? 1u << LIBIOMMU_PROT_WRITE : 0);
}

/* Everything but the root. */
static enum libiommu_reason make(const struct libiommu_pgtable_options *opts,
				 const struct libiommu_pgtable_memory *memory,
				 struct libiommu_pgtable **out)
{
	const struct pgtable_ops *ops = find_ops(opts->format);
	struct libiommu_pgtable_desc desc;
	struct libiommu_pgtable *pt;
	unsigned int levels;

	if (!ops)
		return LIBIOMMU_REASON_BAD_FORMAT;
	levels = opts->levels ? opts->levels : ops->usual_levels;
	if (levels < ops->min_levels || levels > ops->max_levels)
		return LIBIOMMU_REASON_BAD_FORMAT;
	ops->describe(levels, &desc);
	if (opts->leaf_sizes)
		desc.leaf_sizes &= opts->leaf_sizes;
	if (!(desc.leaf_sizes >> desc.granule & 1))
		return LIBIOMMU_REASON_BAD_FORMAT;
	pt = memory->alloc(memory->data, PGTABLE_BYTES);
	if (!pt)
		return LIBIOMMU_REASON_NO_MEMORY;
	pt->ops = ops;
	pt->levels = levels;
	pt->desc = desc;
	pt->granule_mask = (UINT64_C(1) << desc.granule) - 1;
	pt->iova_last = desc.iova_last;
	pt->phys_last = (UINT64_C(1) << desc.phys_bits) - 1;
	pt->leaf_sizes = desc.leaf_sizes;
	pt->prots = possible_prots(&desc);
	pt->identity = memory == &process_memory;
	pt->memory = *memory;
	pt->spare_left = SPARE_MAX;
	pthread_mutex_init(&pt->spare_lock, NULL);
	*out = pt;
	return LIBIOMMU_REASON_NONE;
}

static void free_object(struct libiommu_pgtable *pt)
{
	void *page;

	while ((page = take_spare(pt)))
		pt->memory.free(pt->memory.data, page, PGTABLE_BYTES);
	pthread_mutex_destroy(&pt->spare_lock);
	pt->memory.free(pt->memory.data, pt, PGTABLE_BYTES);
}

int libiommu_pgtable_new(const struct libiommu_pgtable_options *opts, struct libiommu_pgtable **out,
			 struct libiommu_error **err)
{
	static const struct libiommu_pgtable_options usual = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	const struct libiommu_pgtable_memory *memory = &process_memory;
	struct libiommu_pgtable *pt = NULL;
	enum libiommu_reason reason;

	if (err)
		*err = NULL;
	if (!out)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "out", NULL);
	if (!opts)
		opts = &usual;
	reason = check_size(opts, opts->size, sizeof(*opts));
	if (!reason && opts->memory) {
		memory = opts->memory;
		reason = check_memory(memory);
	}
	if (!reason)
		reason = make(opts, memory, &pt);
	if (!reason)
		reason = libiommu_pgtable_alloc_page(pt, &pt->root, &pt->root_phys);
	if (reason) {
		if (pt)
			free_object(pt);
		return libiommu_error_set(err, reason, "page table", NULL);
	}
	pt->pages = 1;
	*out = pt;
	return 0;
}

void libiommu_pgtable_free(struct libiommu_pgtable *pt)
{
	if (!pt)
		return;
	pt->spare_left = 0;
	pt->ops->free_tables(pt);
	free_object(pt);
}

const struct libiommu_pgtable_desc *libiommu_pgtable_describe(const struct libiommu_pgtable *pt)
{
	return pt ? &pt->desc : NULL;
}

uint64_t libiommu_pgtable_root(const struct libiommu_pgtable *pt)
{
	return pt ? pt->root_phys : 0;
}

size_t libiommu_pgtable_pages(const struct libiommu_pgtable *pt)
{
	return pt ? __atomic_load_n(&pt->pages, __ATOMIC_RELAXED) : 0;
}

static __attribute__((cold, noinline)) int refuse(struct libiommu_error **err,
						  enum libiommu_reason reason, uint64_t start,
						  uint64_t last, const char *detail)
{
	char subject[SUBJECT_MAX];

	snprintf(subject, sizeof(subject), "0x%" PRIx64 "-0x%" PRIx64, start, last);
	return libiommu_error_set(err, reason, subject, detail ? "%s" : NULL, detail);
}

static inline bool range_is_good(const struct libiommu_pgtable *pt, uint64_t iova, uint64_t length)
{
	/* A length of zero turns into the largest here, and fails with those that wrap. */
	return !((iova | length) & pt->granule_mask) && iova <= pt->iova_last &&
	       length - 1 <= pt->iova_last - iova;
}

/* Only for a range that is not good. */
static __attribute__((cold, noinline)) int refuse_range(const struct libiommu_pgtable *pt,
							uint64_t iova, uint64_t length,
							struct libiommu_error **err)
{
	uint64_t last = iova + length - 1;
	char text[64];

	if (!length)
		return refuse(err, LIBIOMMU_REASON_EMPTY_RANGE, iova, iova, NULL);
	if ((iova | length) & pt->granule_mask) {
		snprintf(text, sizeof(text), "the smallest page is 0x%" PRIx64 " bytes",
			 pt->granule_mask + 1);
		return refuse(err, LIBIOMMU_REASON_MISALIGNED, iova, last, text);
	}
	if (last < iova)
		return refuse(err, LIBIOMMU_REASON_RANGE_WRAPS, iova, last, NULL);
	snprintf(text, sizeof(text), "the last address is 0x%" PRIx64, pt->iova_last);
	return refuse(err, LIBIOMMU_REASON_OUTSIDE_APERTURE, iova, last, text);
}

static inline bool phys_is_good(const struct libiommu_pgtable *pt, uint64_t phys, uint64_t length)
{
	return !(phys & pt->granule_mask) && phys <= pt->phys_last &&
	       length - 1 <= pt->phys_last - phys;
}

static __attribute__((cold, noinline)) int refuse_phys(const struct libiommu_pgtable *pt,
						       uint64_t phys, uint64_t length,
						       struct libiommu_error **err)
{
	enum libiommu_reason reason = LIBIOMMU_REASON_ADDRESS_WIDTH;

	if (phys & pt->granule_mask)
		reason = LIBIOMMU_REASON_MISALIGNED;
	return refuse(err, reason, phys, phys + length - 1, "physical address");
}

static inline bool prot_is_good(const struct libiommu_pgtable *pt, uint32_t prot)
{
	return prot < 32 && pt->prots >> prot & 1;
}

static __attribute__((cold, noinline)) int refuse_prot(uint64_t iova, uint64_t last, uint32_t prot,
						       struct libiommu_error **err)
{
	if (!prot)
		return refuse(err, LIBIOMMU_REASON_NO_PROTECTION, iova, last, NULL);
	return refuse(err, LIBIOMMU_REASON_PROT_UNSUPPORTED, iova, last, NULL);
}

/* For the formats' code. The finding is made more exact where that is possible. */
__attribute__((cold)) int libiommu_pgtable_refuse(const struct libiommu_pgtable *pt,
						  enum libiommu_reason reason, uint64_t iova,
						  uint64_t length, struct libiommu_error **err)
{
	uint64_t last = iova + length - 1;
	struct libiommu_pgtable_leaf leaf;
	char text[80];

	if (!err || reason != LIBIOMMU_REASON_MAPPING_EXISTS ||
	    !pt->ops->next_leaf(pt, iova, last, &leaf))
		return refuse(err, reason, iova, last, NULL);
	snprintf(text, sizeof(text), "0x%" PRIx64 "-0x%" PRIx64 " is mapped", leaf.iova,
		 leaf.iova + leaf.length - 1);
	return refuse(err, reason, iova, last, text);
}

int libiommu_pgtable_map(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys, uint64_t length,
			 uint32_t prot, struct libiommu_pgtable_gather *gather,
			 struct libiommu_error **err)
{
	if (err)
		*err = NULL;
	if (!pt || !gather)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	if (pgtable_unlikely(!range_is_good(pt, iova, length)))
		return refuse_range(pt, iova, length, err);
	if (pgtable_unlikely(!phys_is_good(pt, phys, length)))
		return refuse_phys(pt, phys, length, err);
	if (pgtable_unlikely(!prot_is_good(pt, prot)))
		return refuse_prot(iova, iova + length - 1, prot, err);
	return pt->ops->map(pt, iova, phys, length, prot, gather, err);
}

int libiommu_pgtable_map_list(struct libiommu_pgtable *pt, uint64_t iova,
			      const struct libiommu_pgtable_piece *pieces, size_t count,
			      uint32_t prot, struct libiommu_pgtable_gather *gather,
			      struct libiommu_error **err)
{
	const struct libiommu_pgtable_piece *p;
	uint64_t at = iova;

	if (err)
		*err = NULL;
	if (!pt || !gather || (!pieces && count))
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	if (!count)
		return refuse(err, LIBIOMMU_REASON_EMPTY_RANGE, iova, iova, NULL);
	for (p = pieces; p < pieces + count; p++) {
		if (pgtable_unlikely(!range_is_good(pt, at, p->length)))
			return refuse_range(pt, at, p->length, err);
		if (pgtable_unlikely(!phys_is_good(pt, p->phys, p->length)))
			return refuse_phys(pt, p->phys, p->length, err);
		at += p->length;
	}
	if (pgtable_unlikely(!prot_is_good(pt, prot)))
		return refuse_prot(iova, at - 1, prot, err);
	return pt->ops->map_list(pt, iova, pieces, count, prot, gather, err);
}

int libiommu_pgtable_unmap(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length,
			   uint64_t *removed, struct libiommu_pgtable_gather *gather,
			   struct libiommu_error **err)
{
	if (err)
		*err = NULL;
	if (!pt || !gather)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	if (pgtable_unlikely(!range_is_good(pt, iova, length)))
		return refuse_range(pt, iova, length, err);
	return pt->ops->unmap(pt, iova, length, removed, gather, err);
}

void libiommu_pgtable_release(struct libiommu_pgtable *pt, struct libiommu_pgtable_gather *gather)
{
	uint64_t *table, *next;

	if (!pt || !gather)
		return;
	for (table = gather->waiting; table; table = next) {
		next = (uint64_t *)(uintptr_t)pgtable_load(table);
		libiommu_pgtable_free_page(pt, table);
	}
	gather->iova = (struct libiommu_range){ .start = UINT64_MAX, .last = 0 };
	gather->levels = 0;
	gather->tables = 0;
	gather->waiting = NULL;
}

int libiommu_pgtable_walk(const struct libiommu_pgtable *pt, uint64_t iova,
			  struct libiommu_pgtable_walk *out, struct libiommu_error **err)
{
	if (err)
		*err = NULL;
	if (!pt || !out)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	if (out->size < sizeof(*out))
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, "walk", NULL);
	if (iova > pt->iova_last)
		return refuse(err, LIBIOMMU_REASON_OUTSIDE_APERTURE, iova, iova, NULL);
	pt->ops->walk(pt, iova, out);
	return 0;
}

bool libiommu_pgtable_translate(const struct libiommu_pgtable *pt, uint64_t iova,
				struct libiommu_pgtable_leaf *leaf)
{
	if (pgtable_unlikely(!pt || !leaf || iova > pt->iova_last))
		return false;
	return pt->ops->translate(pt, iova, leaf);
}

bool libiommu_pgtable_mark(struct libiommu_pgtable *pt, uint64_t iova, bool write)
{
	if (pgtable_unlikely(!pt || iova > pt->iova_last))
		return false;
	return pt->ops->mark(pt, iova, write);
}

bool libiommu_pgtable_next_leaf(const struct libiommu_pgtable *pt, uint64_t iova, uint64_t last,
				struct libiommu_pgtable_leaf *leaf)
{
	if (!pt || !leaf || iova > last || iova > pt->iova_last)
		return false;
	if (last > pt->iova_last)
		last = pt->iova_last;
	return pt->ops->next_leaf(pt, iova, last, leaf);
}
