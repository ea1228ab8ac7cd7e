/* SPDX-License-Identifier: BSD-2-Clause */
/* The public functions: arguments, reasons, and the call of the format's code. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/error.h"
#include "lib/pgtable/internal.h"

#define VIEW_TABLES (1u << 16) /* that a search may read where they can be a trap */
#define SUBJECT_MAX 48         /* "0x" and 16 digits, twice, and a dash */

const struct libiommu_pgtable_desc *libiommu_pgtable_describe(const struct libiommu_pgtable *pt)
{
	return pt ? &pt->desc : NULL;
}

uint64_t libiommu_pgtable_root(const struct libiommu_pgtable *pt)
{
	return pt ? pgtable_root_phys(pt, pgtable_top(pt)) : 0;
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

/* `mask` has the bits that neither address nor length may have. */
static inline bool is_range(const struct libiommu_pgtable *pt, uint64_t iova, uint64_t length,
			    uint64_t mask)
{
	return !((iova | length) & mask) && length && iova <= pt->iova_last &&
	       length - 1 <= pt->iova_last - iova;
}

static inline bool range_is_good(const struct libiommu_pgtable *pt, uint64_t iova, uint64_t length)
{
	return is_range(pt, iova, length, pt->granule_mask);
}

/* Is it a range that may be edited? */
static inline bool edit_is_good(const struct libiommu_pgtable *pt, uint64_t iova, uint64_t length)
{
	return is_range(pt, iova, length, pt->edit_mask);
}

/* Only for a range that is not good. */
static __attribute__((cold, noinline)) int refuse_range(const struct libiommu_pgtable *pt,
							uint64_t iova, uint64_t length,
							struct libiommu_error **err)
{
	uint64_t last = iova + length - 1;
	char text[64];

	if (pt->view && range_is_good(pt, iova, length))
		return refuse(err, LIBIOMMU_REASON_READ_ONLY_TABLE, iova, last, NULL);
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

/* For a range that may be edited. */
static inline bool phys_is_good(const struct libiommu_pgtable *pt, uint64_t phys, uint64_t length)
{
	return !(phys & pt->edit_mask) && phys <= pt->phys_last &&
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
	uint64_t at = iova, last = iova + length - 1;
	struct libiommu_pgtable_leaf leaf;
	char text[80];

	if (!err || reason != LIBIOMMU_REASON_MAPPING_EXISTS ||
	    pt->ops->scan(pt, &at, last, SIZE_MAX, &leaf) != LIBIOMMU_PGTABLE_FOUND_LEAF)
		return refuse(err, reason, iova, last, NULL);
	snprintf(text, sizeof(text), "0x%" PRIx64 "-0x%" PRIx64 " is mapped", leaf.iova,
		 leaf.iova + leaf.length - 1);
	return refuse(err, reason, iova, last, text);
}

int libiommu_pgtable_map_any(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys,
			     uint64_t length, uint32_t prot, struct libiommu_pgtable_gather *gather,
			     struct libiommu_error **err)
{
	if (!edit_is_good(pt, iova, length))
		return refuse_range(pt, iova, length, err);
	if (!phys_is_good(pt, phys, length))
		return refuse_phys(pt, phys, length, err);
	if (!prot_is_good(pt, prot))
		return refuse_prot(iova, iova + length - 1, prot, err);
	return pt->ops->map(pt, iova, phys, length, prot, gather, err);
}

int libiommu_pgtable_map(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys, uint64_t length,
			 uint32_t prot, struct libiommu_pgtable_gather *gather,
			 struct libiommu_error **err)
{
	if (err)
		*err = NULL;
	if (!pt || !gather)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	return __atomic_load_n(&pt->page.map, __ATOMIC_RELAXED)(pt, iova, phys, length, prot,
								gather, err);
}

/* Is each piece one page of the smallest size that can be mapped, and all of it in the aperture? */
static bool are_pages(const struct libiommu_pgtable *pt, uint64_t iova,
		      const struct libiommu_pgtable_piece *pieces, size_t count)
{
	uint64_t page = pt->granule_mask + 1, not_phys = pt->not_phys, odd = 0;
	size_t i;

	for (i = 0; i < count; i++)
		odd |= (pieces[i].length ^ page) | (pieces[i].phys & not_phys);
	return !odd && !pt->view && !(iova & pt->not_iova) &&
	       count - 1 <= (pt->iova_last - iova) >> pt->desc.granule;
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
	if (prot_is_good(pt, prot) && are_pages(pt, iova, pieces, count))
		return pt->ops->map_pages(pt, iova, pieces, count, prot, gather, err);
	for (p = pieces; p < pieces + count; p++) {
		if (pgtable_unlikely(p > pieces && at <= iova))
			return refuse(err, LIBIOMMU_REASON_RANGE_WRAPS, iova, at - 1, NULL);
		if (pgtable_unlikely(!edit_is_good(pt, at, p->length)))
			return refuse_range(pt, at, p->length, err);
		if (pgtable_unlikely(!phys_is_good(pt, p->phys, p->length)))
			return refuse_phys(pt, p->phys, p->length, err);
		at += p->length;
	}
	if (pgtable_unlikely(!prot_is_good(pt, prot)))
		return refuse_prot(iova, at - 1, prot, err);
	return pt->ops->map_list(pt, iova, pieces, count, prot, gather, err);
}

int libiommu_pgtable_unmap_any(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length,
			       uint64_t *removed, struct libiommu_pgtable_gather *gather,
			       struct libiommu_error **err)
{
	if (!edit_is_good(pt, iova, length))
		return refuse_range(pt, iova, length, err);
	return pt->ops->unmap(pt, iova, length, removed, gather, err);
}

int libiommu_pgtable_unmap(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length,
			   uint64_t *removed, struct libiommu_pgtable_gather *gather,
			   struct libiommu_error **err)
{
	if (err)
		*err = NULL;
	if (!pt || !gather)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	return __atomic_load_n(&pt->page.unmap, __ATOMIC_RELAXED)(pt, iova, length, removed, gather,
								  err);
}

int libiommu_pgtable_protect(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length,
			     uint32_t prot, uint64_t *found, struct libiommu_pgtable_gather *gather,
			     struct libiommu_error **err)
{
	libiommu_error_clear(err);
	if (!pt || !gather)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	if (!edit_is_good(pt, iova, length))
		return refuse_range(pt, iova, length, err);
	if (!prot_is_good(pt, prot))
		return refuse_prot(iova, iova + length - 1, prot, err);
	return pt->ops->protect(pt, iova, length, prot, found, gather, err);
}

int libiommu_pgtable_trim(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length,
			  struct libiommu_pgtable_gather *gather, struct libiommu_error **err)
{
	libiommu_error_clear(err);
	if (!pt || !gather)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	if (!edit_is_good(pt, iova, length))
		return refuse_range(pt, iova, length, err);
	pt->ops->trim(pt, iova, iova + length - 1, gather);
	return 0;
}

int libiommu_pgtable_read_marks(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length,
				uint32_t flags, unsigned int page_shift, uint64_t *bitmap,
				struct libiommu_pgtable_gather *gather, struct libiommu_error **err)
{
	bool keep = flags & LIBIOMMU_PGTABLE_KEEP_MARKS;
	struct pgtable_harvest h;

	libiommu_error_clear(err);
	if (!pt || !bitmap || (!gather && !keep))
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	if (flags & ~(LIBIOMMU_PGTABLE_KEEP_MARKS | LIBIOMMU_PGTABLE_ACCESSED))
		return libiommu_error_set(err, LIBIOMMU_REASON_UNKNOWN_FLAGS, "marks", NULL);
	if (page_shift > 63)
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, "page_shift", NULL);
	if (!range_is_good(pt, iova, length) || (pt->view && !keep))
		return refuse_range(pt, iova, length, err);
	if (!pt->desc.dirty)
		return refuse(err, LIBIOMMU_REASON_NO_MARKS, iova, iova + length - 1, NULL);
	h = (struct pgtable_harvest){
		.pt = pt,
		.gather = gather,
		.asked = { iova, iova + length - 1 },
		.base = iova & ~((UINT64_C(1) << page_shift) - 1),
		.bitmap = bitmap,
		.shift = page_shift,
		.accessed = flags & LIBIOMMU_PGTABLE_ACCESSED,
		.keep = keep,
	};
	return pt->ops->read_marks(&h, iova, iova + length - 1, err);
}

int libiommu_pgtable_hardware(const struct libiommu_pgtable *pt,
			      struct libiommu_pgtable_hardware *out, struct libiommu_error **err)
{
	libiommu_error_clear(err);
	if (!pt || !out)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	if (out->size < sizeof(*out))
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, "hardware", NULL);
	pt->ops->hardware(pt, out);
	return 0;
}

void libiommu_pgtable_release(struct libiommu_pgtable *pt, struct libiommu_pgtable_gather *gather)
{
	uint64_t *table, *next;

	if (!pt || !gather)
		return;
	for (table = gather->waiting; table; table = next) {
		next = (uint64_t *)(uintptr_t)pgtable_load(table);
		libiommu_pgtable_free_table(pt, table, pt->desc.table_bytes);
	}
	gather->iova = (struct libiommu_range){ .start = UINT64_MAX, .last = 0 };
	gather->levels = 0;
	gather->tables = 0;
	gather->waiting = NULL;
	gather->root_changed = false;
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
	if (!pt || !leaf)
		return false;
	return __atomic_load_n(&pt->page.translate, __ATOMIC_RELAXED)(pt, iova, leaf);
}

enum libiommu_pgtable_fault libiommu_pgtable_access(const struct libiommu_pgtable *pt,
						    uint64_t iova, uint32_t prot,
						    struct libiommu_pgtable_leaf *leaf,
						    unsigned int *level)
{
	struct libiommu_pgtable_leaf unwanted_leaf;
	unsigned int unwanted_level;

	if (!leaf)
		leaf = &unwanted_leaf;
	if (!level)
		level = &unwanted_level;
	*level = 0;
	if (!pt || iova > pt->iova_last)
		return LIBIOMMU_PGTABLE_FAULT_ADDRESS;
	return pt->ops->access(pt, iova, prot, leaf, level);
}

bool libiommu_pgtable_mark(struct libiommu_pgtable *pt, uint64_t iova, bool write)
{
	if (pgtable_unlikely(!pt || pt->view || iova > pt->iova_last))
		return false;
	return pt->ops->mark(pt, iova, write);
}

enum libiommu_pgtable_found libiommu_pgtable_scan(const struct libiommu_pgtable *pt, uint64_t *iova,
						  uint64_t last, size_t tables,
						  struct libiommu_pgtable_leaf *leaf)
{
	if (!pt || !iova || !leaf || *iova > last || *iova > pt->iova_last)
		return LIBIOMMU_PGTABLE_FOUND_NONE;
	if (last > pt->iova_last)
		last = pt->iova_last;
	/* The way down to where it stopped has to be gone again. */
	if (tables <= LIBIOMMU_PGTABLE_MAX_LEVELS)
		tables = LIBIOMMU_PGTABLE_MAX_LEVELS + 1;
	return pt->ops->scan(pt, iova, last, tables, leaf);
}

bool libiommu_pgtable_next_leaf(const struct libiommu_pgtable *pt, uint64_t iova, uint64_t last,
				struct libiommu_pgtable_leaf *leaf)
{
	size_t tables = pt && pt->view ? VIEW_TABLES : SIZE_MAX;

	return libiommu_pgtable_scan(pt, &iova, last, tables, leaf) == LIBIOMMU_PGTABLE_FOUND_LEAF;
}
