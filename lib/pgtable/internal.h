/* SPDX-License-Identifier: BSD-2-Clause */
/* What pgtable.c, the walker and the formats share. */
#ifndef LIBIOMMU_LIB_PGTABLE_INTERNAL_H
#define LIBIOMMU_LIB_PGTABLE_INTERNAL_H

#include <assert.h>
#include <pthread.h>
#include <libiommu/pgtable.h>

/* Entries are little-endian words in memory, and are used as they lie there. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "page tables need a little-endian host");

#define PGTABLE_BYTES 4096 /* of every table page of the present formats */

#define pgtable_likely(x)   __builtin_expect(!!(x), 1)
#define pgtable_unlikely(x) __builtin_expect(!!(x), 0)

/* One lookup's result: where it ended, and what lies there. */
struct pgtable_place {
	uint64_t *slot;
	uint64_t entry;
	unsigned int level;
	uint32_t prot; /* of all levels down to here */
	enum libiommu_pgtable_entry kind;
};

/*
 * One per format, made by walker.h and editor.h. The caller has checked every
 * argument; what is left to refuse is mapping-exists, no-memory, address-width
 * (of a table page) and would-split.
 */
struct pgtable_ops {
	unsigned int min_levels;
	unsigned int max_levels;
	unsigned int usual_levels;
	void (*describe)(unsigned int levels, struct libiommu_pgtable_desc *desc);
	int (*map)(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys, uint64_t length,
		   uint32_t prot, struct libiommu_pgtable_gather *gather,
		   struct libiommu_error **err);
	int (*map_list)(struct libiommu_pgtable *pt, uint64_t iova,
			const struct libiommu_pgtable_piece *pieces, size_t count, uint32_t prot,
			struct libiommu_pgtable_gather *gather, struct libiommu_error **err);
	int (*unmap)(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length, uint64_t *removed,
		     struct libiommu_pgtable_gather *gather, struct libiommu_error **err);
	void (*walk)(const struct libiommu_pgtable *pt, uint64_t iova,
		     struct libiommu_pgtable_walk *out);
	bool (*translate)(const struct libiommu_pgtable *pt, uint64_t iova,
			  struct libiommu_pgtable_leaf *leaf);
	bool (*mark)(struct libiommu_pgtable *pt, uint64_t iova, bool write);
	bool (*next_leaf)(const struct libiommu_pgtable *pt, uint64_t iova, uint64_t last,
			  struct libiommu_pgtable_leaf *leaf);
	void (*free_tables)(struct libiommu_pgtable *pt);
};

extern const struct pgtable_ops libiommu_pgtable_vtd_ss;
extern const struct pgtable_ops libiommu_pgtable_x86_64;

struct libiommu_pgtable {
	const struct pgtable_ops *ops;
	uint64_t *root;
	uint64_t root_phys;
	uint64_t granule_mask; /* smallest page - 1 */
	uint64_t iova_last;
	uint64_t phys_last;
	uint64_t leaf_sizes; /* that the format has and the hardware supports */
	unsigned int levels;
	uint32_t prots; /* bit n: protection n can be expressed */
	bool identity;  /* process memory: phys is virt, no hook need be asked */
	struct libiommu_pgtable_memory memory;
	struct libiommu_pgtable_desc desc;
	/* From here on edits in different threads write; readers need what is above. */
	_Alignas(64) size_t pages;
	pthread_mutex_t spare_lock;
	void *spare;             /* pages of process memory that were free before */
	unsigned int spare_left; /* how many more may be kept */
};

static_assert(sizeof(struct libiommu_pgtable) <= PGTABLE_BYTES, "allocated as one page");

static inline uint64_t pgtable_load(const uint64_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

/* For entries that may point to a table: what the table holds must be seen too. */
static inline uint64_t pgtable_load_acquire(const uint64_t *slot)
{
	return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

static inline void pgtable_store(uint64_t *slot, uint64_t entry)
{
	__atomic_store_n(slot, entry, __ATOMIC_RELAXED);
}

/* pgtable.c */
enum libiommu_reason libiommu_pgtable_alloc_page(struct libiommu_pgtable *pt, uint64_t **page,
						 uint64_t *phys);
void libiommu_pgtable_free_page(struct libiommu_pgtable *pt, void *page);
int libiommu_pgtable_refuse(const struct libiommu_pgtable *pt, enum libiommu_reason reason,
			    uint64_t iova, uint64_t length, struct libiommu_error **err);

#endif
