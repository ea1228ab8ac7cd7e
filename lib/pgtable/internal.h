/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of this folder share. */
#ifndef LIBIOMMU_LIB_PGTABLE_INTERNAL_H
#define LIBIOMMU_LIB_PGTABLE_INTERNAL_H

#include <assert.h>
#include <pthread.h>
#include <libiommu/pgtable.h>

/* Entries are little-endian words in memory, and are used as they lie there. */
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "page tables need a little-endian host");

#define PGTABLE_OBJECT_BYTES 4096 /* of struct libiommu_pgtable, which lies where the tables do */
#define PGTABLE_ROOT_MIN \
	64u /* bytes: the smallest root, so that low bits of its address are free */
#define PGTABLE_LEVELS UINT64_C(7) /* the low bits of `top` */

#define PROT_RW (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

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

/* What entries have beside addresses and what their level makes of them. */
struct pgtable_bits {
	uint64_t leaf[PROT_RW + 1]; /* by protection; 0: it cannot be expressed */
	uint64_t table;
	uint64_t reserved; /* that attributes forbid */
	uint64_t tracked;  /* all ones: hardware sets accessed and dirty itself; else 0 */
};

/* A call that reads marks into a bitmap. */
struct pgtable_harvest {
	const struct libiommu_pgtable *pt;
	struct libiommu_pgtable_gather *gather; /* not looked at with `keep` */
	struct libiommu_range asked;
	uint64_t base; /* address of the bitmap's first bit */
	uint64_t *bitmap;
	uint64_t marks;     /* bits of entries, where marks are bits that are set */
	unsigned int shift; /* log2 of the bytes of a bit */
	bool accessed;      /* accessed is asked for, not dirty */
	bool keep;          /* the marks stay */
};

/* What takes one page of the smallest size, or lookup, and any arguments. See page.h. */
struct pgtable_page_ops {
	int (*map)(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys, uint64_t length,
		   uint32_t prot, struct libiommu_pgtable_gather *gather,
		   struct libiommu_error **err);
	int (*unmap)(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length, uint64_t *removed,
		     struct libiommu_pgtable_gather *gather, struct libiommu_error **err);
	bool (*translate)(const struct libiommu_pgtable *pt, uint64_t iova,
			  struct libiommu_pgtable_leaf *leaf);
};

/*
 * One per format, made by ops.h. The caller has checked every argument; what is
 * left to refuse is mapping-exists, no-memory, address-width (of a table) and
 * would-split.
 */
struct pgtable_ops {
	const char *name;
	unsigned int min_levels;
	unsigned int max_levels;
	unsigned int usual_levels;
	unsigned int usual_iova_bits; /* 0: all that the usual levels reach */
	unsigned int phys_bits;
	uint64_t wide_sizes; /* leaf sizes that only hardware with all phys_bits has */
	bool grows;
	bool iova_in_phys; /* addresses are no wider than physical ones */
	/* Would hardware walk so many levels for addresses of these widths? */
	bool (*levels_fit)(unsigned int levels, unsigned int iova_bits, unsigned int phys_bits);
	/* Does hardware set accessed and dirty itself? */
	bool (*tracked)(const struct libiommu_pgtable_options *opts);
	/* Most address bits that can be mapped with so many levels. */
	unsigned int (*iova_bits)(unsigned int levels);
	void (*describe)(unsigned int levels, unsigned int iova_bits,
			 struct libiommu_pgtable_desc *desc);
	/* Fills pt->bits and pt->reserved. @return false: there are no such attributes */
	bool (*set_up)(struct libiommu_pgtable *pt, const struct libiommu_pgtable_options *opts);
	/* By the number of levels; for process memory. Without functions: no fast ones. */
	const struct pgtable_page_ops *page;
	int (*map)(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys, uint64_t length,
		   uint32_t prot, struct libiommu_pgtable_gather *gather,
		   struct libiommu_error **err);
	int (*map_list)(struct libiommu_pgtable *pt, uint64_t iova,
			const struct libiommu_pgtable_piece *pieces, size_t count, uint32_t prot,
			struct libiommu_pgtable_gather *gather, struct libiommu_error **err);
	/* The same; each piece is a page of the smallest size. */
	int (*map_pages)(struct libiommu_pgtable *pt, uint64_t iova,
			 const struct libiommu_pgtable_piece *pieces, size_t count, uint32_t prot,
			 struct libiommu_pgtable_gather *gather, struct libiommu_error **err);
	int (*unmap)(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length, uint64_t *removed,
		     struct libiommu_pgtable_gather *gather, struct libiommu_error **err);
	void (*trim)(struct libiommu_pgtable *pt, uint64_t iova, uint64_t last,
		     struct libiommu_pgtable_gather *gather);
	int (*protect)(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length, uint32_t prot,
		       uint64_t *found, struct libiommu_pgtable_gather *gather,
		       struct libiommu_error **err);
	int (*read_marks)(struct pgtable_harvest *h, uint64_t iova, uint64_t last,
			  struct libiommu_error **err);
	void (*hardware)(const struct libiommu_pgtable *pt, struct libiommu_pgtable_hardware *out);
	void (*walk)(const struct libiommu_pgtable *pt, uint64_t iova,
		     struct libiommu_pgtable_walk *out);
	bool (*translate)(const struct libiommu_pgtable *pt, uint64_t iova,
			  struct libiommu_pgtable_leaf *leaf);
	bool (*mark)(struct libiommu_pgtable *pt, uint64_t iova, bool write);
	enum libiommu_pgtable_fault (*access)(const struct libiommu_pgtable *pt, uint64_t iova,
					      uint32_t prot, struct libiommu_pgtable_leaf *leaf,
					      unsigned int *level);
	/* `tables` is how many may be looked through; *iova moves to where it ran out. */
	enum libiommu_pgtable_found (*scan)(const struct libiommu_pgtable *pt, uint64_t *iova,
					    uint64_t last, size_t tables,
					    struct libiommu_pgtable_leaf *leaf);
	void (*free_tables)(struct libiommu_pgtable *pt);
};

extern const struct pgtable_ops libiommu_pgtable_vtd_ss;
extern const struct pgtable_ops libiommu_pgtable_x86_64;
extern const struct pgtable_ops libiommu_pgtable_amdv1;
extern const struct pgtable_ops libiommu_pgtable_amdv1_2k;
extern const struct pgtable_ops libiommu_pgtable_riscv;
extern const struct pgtable_ops libiommu_pgtable_riscv_g;
extern const struct pgtable_ops libiommu_pgtable_arm_s1_4k;
extern const struct pgtable_ops libiommu_pgtable_arm_s1_16k;
extern const struct pgtable_ops libiommu_pgtable_arm_s1_64k;
extern const struct pgtable_ops libiommu_pgtable_arm_s2_4k;
extern const struct pgtable_ops libiommu_pgtable_arm_s2_16k;
extern const struct pgtable_ops libiommu_pgtable_arm_s2_64k;

struct libiommu_pgtable {
	struct pgtable_page_ops page; /* atomic: what the public functions call */
	uint64_t top;      /* atomic: where the root is, and in its low bits the levels */
	uint64_t not_iova; /* bits that no page's address has, and no physical one's */
	uint64_t not_phys;
	/* Bits of entries of smallest pages by which these are plain or odd, and those to be set. */
	uint64_t page_mask;
	uint64_t page_set;
	const struct pgtable_ops *ops;
	struct pgtable_bits bits;
	uint64_t granule_mask; /* smallest page - 1 */
	uint64_t edit_mask;    /* the same, but of a view all ones: there is no range to edit */
	uint64_t iova_last;
	uint64_t phys_last;
	uint64_t leaf_sizes;     /* that the format has and the hardware supports */
	uint64_t reserved;       /* bits of entries that the width of addresses forbids */
	unsigned int root_shift; /* address bits below a root of one table */
	uint32_t prots;          /* bit n: protection n can be expressed */
	bool identity;           /* process memory: phys is virt, no hook need be asked */
	bool view;               /* somebody else's tables: no edits */
	uint64_t view_root;      /* physical address of a view's root */
	struct libiommu_pgtable_memory memory;
	struct libiommu_pgtable_desc desc;
	/* From here on edits in different threads write; readers need what is above. */
	_Alignas(64) size_t pages;
	pthread_mutex_t spare_lock;
	void *spare;             /* tables of process memory that were free before */
	unsigned int spare_left; /* how many more may be kept */
};

static_assert(sizeof(struct libiommu_pgtable) <= PGTABLE_OBJECT_BYTES, "allocated as one page");

/* Are of these bits of an entry just those set that are? A difference is shorter than a mask. */
static inline bool pgtable_has(uint64_t entry, uint64_t mask, uint64_t bits)
{
	return !((entry - bits) & mask);
}

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

/* Root and levels change together, so they are read together and once per operation. */
static inline uint64_t pgtable_top(const struct libiommu_pgtable *pt)
{
	return pgtable_load_acquire(&pt->top);
}

static inline unsigned int pgtable_levels(uint64_t top)
{
	return top & PGTABLE_LEVELS;
}

static inline uint64_t *pgtable_root(uint64_t top)
{
	return (uint64_t *)(uintptr_t)(top & ~PGTABLE_LEVELS);
}

static inline uint64_t pgtable_root_phys(const struct libiommu_pgtable *pt, uint64_t top)
{
	return pt->view ? pt->view_root : pt->memory.phys(pt->memory.data, pgtable_root(top));
}

/* memory.c */
extern const struct libiommu_pgtable_memory libiommu_pgtable_process_memory;
enum libiommu_reason libiommu_pgtable_alloc_table(struct libiommu_pgtable *pt, size_t bytes,
						  uint64_t **table, uint64_t *phys);
void libiommu_pgtable_free_table(struct libiommu_pgtable *pt, void *table, size_t bytes);
void libiommu_pgtable_free_spares(struct libiommu_pgtable *pt);

/* bitmap.c */
void libiommu_pgtable_set_bits(struct pgtable_harvest *h, uint64_t iova, uint64_t last);
void libiommu_pgtable_set_word(struct pgtable_harvest *h, uint64_t iova, uint64_t found,
			       unsigned int shift);

/* formats.c */
const struct pgtable_ops *libiommu_pgtable_format_ops(enum libiommu_pgtable_format format);
enum libiommu_reason libiommu_pgtable_shape(const struct libiommu_pgtable_options *opts,
					    struct libiommu_pgtable_desc *desc);

/* make.c */
enum libiommu_reason libiommu_pgtable_check_options(const struct libiommu_pgtable_options *opts);
void libiommu_pgtable_choose(struct libiommu_pgtable *pt, unsigned int levels);

/* pgtable.c */
int libiommu_pgtable_map_any(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys,
			     uint64_t length, uint32_t prot, struct libiommu_pgtable_gather *gather,
			     struct libiommu_error **err);
int libiommu_pgtable_unmap_any(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length,
			       uint64_t *removed, struct libiommu_pgtable_gather *gather,
			       struct libiommu_error **err);
int libiommu_pgtable_refuse(const struct libiommu_pgtable *pt, enum libiommu_reason reason,
			    uint64_t iova, uint64_t length, struct libiommu_error **err);

#endif
