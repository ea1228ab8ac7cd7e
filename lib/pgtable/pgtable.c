/* SPDX-License-Identifier: BSD-2-Clause */
/* The public functions: arguments, reasons, and the call of the format's code. */
#include <inttypes.h>
#include <stdio.h>

#include "lib/error.h"
#include "lib/pgtable/internal.h"

#define SUBJECT_MAX 48 /* "0x" and 16 digits, twice, and a dash */

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
