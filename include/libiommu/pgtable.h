/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file pgtable.h
 * I/O page tables in the exact formats of the hardware, in memory of the
 * caller's choice. Not part of the umbrella header.
 *
 * Levels are numbered as the manuals of VT-d and AMD do: level 1 holds the
 * smallest pages, the root is the highest.
 *
 * Threads: lookups (walk, translate, access, next_leaf, scan, mark) may run
 * beside edits and beside each other without locks. Edits (map, unmap, protect,
 * trim, read_marks) of disjoint ranges may run at the same time, each with a
 * gather of its own; the caller keeps ranges of concurrent edits apart. A
 * table page that an edit removes is handed over in the gather and stays
 * readable until libiommu_pgtable_release(), which the caller makes when caches
 * have been dropped and no walker that started before can still be inside.
 */
#ifndef LIBIOMMU_PGTABLE_H
#define LIBIOMMU_PGTABLE_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct libiommu_pgtable;

/** Formats; numbers are permanent. */
enum libiommu_pgtable_format {
	LIBIOMMU_PGTABLE_NO_FORMAT = 0,
	/** Intel VT-d second stage (VT-d specification 4.1, section 9.8): 3, 4 or 5 levels. */
	LIBIOMMU_PGTABLE_VTD_SS = 1,
	/**
	 * x86-64 long mode (Intel SDM volume 3A, "Paging"; VT-d first stage, AMD v2): 4 or
	 * 5 levels. Of its sign-extended addresses the lower half.
	 */
	LIBIOMMU_PGTABLE_X86_64 = 2,
	/**
	 * AMD host tables (AMD IOMMU specification 3.10, 2.2.3): 1 to 6 levels, added
	 * while the table is in use when an address needs them; leaves of every power
	 * of two from 4 KiB but 512 GiB.
	 */
	LIBIOMMU_PGTABLE_AMDV1 = 3,
	/** The same with pages of 2 KiB and 1 to 5 levels, as the kernel's test device has it. */
	LIBIOMMU_PGTABLE_AMDV1_2K = 4,
	/**
	 * RISC-V Sv39, Sv48, Sv57 (3, 4 or 5 levels) as a RISC-V IOMMU's first stage,
	 * with 64 KiB by Svnapot. Of its sign-extended addresses the lower half.
	 */
	LIBIOMMU_PGTABLE_RISCV = 5,
	/** The same as its second stage: Sv39x4, Sv48x4, Sv57x4, a root of 16 KiB. */
	LIBIOMMU_PGTABLE_RISCV_G = 6,
	/**
	 * ARM's long descriptors (DDI 0487, D8; SMMUv2, SMMUv3) of stage 1, by the
	 * smallest page. Leaves that are joined by the Contiguous bit count as one.
	 * 48 address bits where the options do not say otherwise; up to 52, also of
	 * physical addresses, with pages of 64 KiB.
	 */
	LIBIOMMU_PGTABLE_ARM_S1_4K = 7,
	LIBIOMMU_PGTABLE_ARM_S1_16K = 8,
	LIBIOMMU_PGTABLE_ARM_S1_64K = 9,
	/** The same of stage 2, which begins with up to 16 tables side by side. */
	LIBIOMMU_PGTABLE_ARM_S2_4K = 10,
	LIBIOMMU_PGTABLE_ARM_S2_16K = 11,
	LIBIOMMU_PGTABLE_ARM_S2_64K = 12
};

#define LIBIOMMU_PGTABLE_MAX_LEVELS 6

/** What a table can express. */
struct libiommu_pgtable_desc {
	const char *name;        /**< of the format: "vtd-ss", "x86-64" */
	unsigned int levels;     /**< number of levels, those of a new table */
	unsigned int index_bits; /**< address bits that one level resolves */
	unsigned int granule;    /**< log2 of the smallest page in bytes */
	uint64_t leaf_sizes;     /**< bit n: a leaf of 2^n bytes exists */
	uint64_t iova_last;      /**< highest address that can be mapped */
	unsigned int phys_bits;  /**< width of a physical address */
	bool read_only;          /**< read without write can be expressed */
	bool write_only;         /**< write without read can be expressed */
	bool dirty;              /**< leaves have accessed and dirty bits that hardware sets */
	unsigned int max_levels; /**< more than levels: they grow with the addresses */
	unsigned int iova_bits;  /**< width of an address that can be mapped */
	/** of leaf_sizes, without regard to the hardware: those that take several entries */
	uint64_t run_sizes;
	/** by level, without regard to the hardware: leaf sizes that a table of it can hold */
	uint64_t level_sizes[LIBIOMMU_PGTABLE_MAX_LEVELS + 1];
	size_t table_bytes; /**< of every table but the root */
	size_t root_bytes;  /**< of the root, which is aligned to as much */
	bool run_steps; /**< each of a leaf's entries has its own address; else they are equal */
};

/**
 * Where tables live. Every hook may be called from every thread that edits or
 * walks. `bytes` is a power of two: table_bytes or root_bytes of the
 * description, and 4096 once for the library's own object.
 */
struct libiommu_pgtable_memory {
	size_t size; /**< sizeof(struct libiommu_pgtable_memory) */
	void *data;  /**< handed to every hook */
	/** @return `bytes` of zeroed memory aligned to `bytes`, or NULL */
	void *(*alloc)(void *data, size_t bytes);
	void (*free)(void *data, void *virt, size_t bytes);
	/** @return the address that the hardware would use for a table page */
	uint64_t (*phys)(void *data, const void *virt);
	/** @return where a table can be read, on a multiple of 8, or NULL when `phys` is none */
	void *(*virt)(void *data, uint64_t phys, size_t bytes);
};

/**
 * Leaves are made with accessed set, and dirty where they allow writing. In
 * riscv* and arm-* this also says that hardware sets neither itself (unless
 * an attribute says it does): there is nothing to be learned from them then, and
 * lookups take a leaf without them for one that faults, as such hardware does.
 */
#define LIBIOMMU_PGTABLE_MARKED 1u

/** vtd-ss: leaves make the hardware snoop caches, whatever a request says. */
#define LIBIOMMU_PGTABLE_VTD_SNOOP UINT64_C(1)
/** amdv1, amdv1-2k: leaves leave it to a request whether caches are snooped. */
#define LIBIOMMU_PGTABLE_AMD_NOT_COHERENT UINT64_C(1)

/** riscv, riscv-g: leaves forbid execution. */
#define LIBIOMMU_PGTABLE_RISCV_NO_EXEC UINT64_C(1)
/** riscv, riscv-g: hardware sets A and D (SADE, GADE), although leaves begin MARKED. */
#define LIBIOMMU_PGTABLE_RISCV_TRACKED UINT64_C(2)
/** riscv, riscv-g: to hardware without Svpbmt its bits are reserved. */
#define LIBIOMMU_PGTABLE_RISCV_NO_SVPBMT UINT64_C(4)
/** riscv, riscv-g: memory type of leaves by Svpbmt: 0 the memory's own, 1 not cached, 2 I/O */
#define LIBIOMMU_PGTABLE_RISCV_PBMT(type) ((uint64_t)(type) << 8)

/** arm-*: leaves forbid execution (stage 1: to everybody). */
#define LIBIOMMU_PGTABLE_ARM_NO_EXEC UINT64_C(1)
/** arm-*: hardware updates flags and dirty state (HA, HD), although leaves begin MARKED. */
#define LIBIOMMU_PGTABLE_ARM_TRACKED UINT64_C(2)
/** arm-s1-*: leaves have the bit NS. */
#define LIBIOMMU_PGTABLE_ARM_NON_SECURE UINT64_C(4)
/** arm-s1-*: leaves do not have the bit nG. */
#define LIBIOMMU_PGTABLE_ARM_GLOBAL UINT64_C(8)
/** arm-*: AttrIndx (0 to 7; else 1) or, in stage 2, MemAttr (0 to 15; else 15) of leaves */
#define LIBIOMMU_PGTABLE_ARM_ATTR(n) (((uint64_t)(n) + 1) << 8)
/** arm-*: shareability of leaves: 0 none, 2 outer, 3 inner; else 3 */
#define LIBIOMMU_PGTABLE_ARM_SHARED(n) (((uint64_t)(n) + 1) << 16)

struct libiommu_pgtable_options {
	size_t size;
	enum libiommu_pgtable_format format;
	/** 0: the fewest for iova_bits, or the format's usual number */
	unsigned int levels;
	/** sizes that the hardware supports, the smallest among them; 0: all of the format */
	uint64_t leaf_sizes;
	/** copied; NULL: process memory, physical equal to virtual addresses */
	const struct libiommu_pgtable_memory *memory;
	/** width of the addresses that shall be mapped; 0: all that the levels reach */
	unsigned int iova_bits;
	/** width of the hardware's physical addresses; 0: the format's */
	unsigned int phys_bits;
	uint32_t flags; /**< LIBIOMMU_PGTABLE_MARKED */
	/** what leaves say beside address and protection, LIBIOMMU_PGTABLE_FORMAT_*; 0: the usual */
	uint64_t attributes;
};
#define LIBIOMMU_PGTABLE_OPTIONS_INIT                                                            \
	{                                                                                        \
		sizeof(struct libiommu_pgtable_options), LIBIOMMU_PGTABLE_VTD_SS, 0, 0, NULL, 0, \
			0, 0, 0                                                                  \
	}

/**
 * What caches must drop after an edit, and the table pages that wait for it.
 * Edits add to it, so that one gather serves a batch. It holds one range, from
 * the lowest change to the highest: for changes that lie far apart, and caches
 * that drop ranges page by page, use a gather for each.
 */
struct libiommu_pgtable_gather {
	size_t size;
	struct libiommu_range iova; /**< what changed; start > last: nothing */
	uint32_t levels;            /**< bit n: entries of level n changed */
	uint32_t tables;            /**< number of table pages that wait */
	void *waiting;              /**< internal: their list */
	bool root_changed;          /**< levels were added: tell the hardware of the new root */
};
#define LIBIOMMU_PGTABLE_GATHER_INIT                                                         \
	{                                                                                    \
		sizeof(struct libiommu_pgtable_gather), { UINT64_MAX, 0 }, 0, 0, NULL, false \
	}

/** One physically contiguous piece of memory. */
struct libiommu_pgtable_piece {
	uint64_t phys;
	uint64_t length;
};

/** What the hardware's own structures say about a table. */
struct libiommu_pgtable_hardware {
	size_t size;         /**< sizeof(struct libiommu_pgtable_hardware) */
	unsigned int levels; /**< present ones */
	uint64_t root;       /**< physical address of the present root */
	/**
	 * The word that holds the root, without bits that say anything else. vtd-ss:
	 * second-stage pointer of a context or PASID entry. x86-64: first-stage
	 * pointer of a PASID entry, or an entry of AMD's GCR3 table. amdv1: root and
	 * mode of a device table entry. riscv: fsc, riscv-g: iohgatp, both without an
	 * id. arm: TTB0 or S2TTB.
	 */
	uint64_t pointer;
	/**
	 * What says the shape elsewhere. vtd-ss: AW. x86-64: FSPM, or AMD's guest
	 * paging mode. amdv1, riscv: mode, which the pointer holds as well. arm-s1:
	 * T0SZ, TG0 and IPS, in the places of a context descriptor's first word.
	 * arm-s2: T0SZ, SL0, TG0 and PS, in the places of VTCR_EL2.
	 */
	uint64_t control;
};
#define LIBIOMMU_PGTABLE_HARDWARE_INIT                                \
	{                                                             \
		sizeof(struct libiommu_pgtable_hardware), 0, 0, 0, 0, \
	}

/** What the hardware would say to an access. */
enum libiommu_pgtable_fault {
	LIBIOMMU_PGTABLE_FAULT_NONE = 0,
	LIBIOMMU_PGTABLE_FAULT_ADDRESS,     /**< more address bits than the present levels have */
	LIBIOMMU_PGTABLE_FAULT_EMPTY,       /**< an entry is not present */
	LIBIOMMU_PGTABLE_FAULT_PROTECTION,  /**< the leaf is there, but does not allow it */
	LIBIOMMU_PGTABLE_FAULT_RESERVED,    /**< an entry has bits that must be zero */
	LIBIOMMU_PGTABLE_FAULT_UNREACHABLE, /**< a table is not in the memory that was given */
	LIBIOMMU_PGTABLE_FAULT_WIDTH, /**< an entry has an address wider than the hardware's */
	/** the leaf lacks a mark that this hardware does not set (see MARKED) */
	LIBIOMMU_PGTABLE_FAULT_UNMARKED
};

/** What a search for leaves has come to. */
enum libiommu_pgtable_found {
	LIBIOMMU_PGTABLE_FOUND_NONE = 0, /**< the range holds no further leaf */
	LIBIOMMU_PGTABLE_FOUND_LEAF,
	LIBIOMMU_PGTABLE_FOUND_LATER /**< as many tables were read as might be; go on */
};

/** What kind of entry a walk met. */
enum libiommu_pgtable_entry {
	/** not present; or (amdv1) it skips levels and leads to no table for this address */
	LIBIOMMU_PGTABLE_EMPTY = 0,
	LIBIOMMU_PGTABLE_TABLE, /**< points to the next table */
	LIBIOMMU_PGTABLE_LEAF,  /**< maps memory */
	LIBIOMMU_PGTABLE_BROKEN /**< present, but reserved bits are set or the table is unreachable */
};

struct libiommu_pgtable_step {
	unsigned int level;
	unsigned int index; /**< of the entry in its table */
	uint64_t table;     /**< physical address of the table */
	uint64_t entry;     /**< raw value of the entry */
	enum libiommu_pgtable_entry kind;
	uint64_t next; /**< physical address of the next table or of the leaf's memory */
};

/** The walk of one address, from the root downward. */
struct libiommu_pgtable_walk {
	size_t size;
	unsigned int steps; /**< 0: the present levels do not reach the address yet */
	struct libiommu_pgtable_step step[LIBIOMMU_PGTABLE_MAX_LEVELS];
};
#define LIBIOMMU_PGTABLE_WALK_INIT                                    \
	{                                                             \
		sizeof(struct libiommu_pgtable_walk), 0,              \
		{                                                     \
			{                                             \
				0, 0, 0, 0, LIBIOMMU_PGTABLE_EMPTY, 0 \
			}                                             \
		}                                                     \
	}

/** One leaf, as translate and next_leaf report it. */
struct libiommu_pgtable_leaf {
	uint64_t iova;   /**< first IOVA of the leaf */
	uint64_t length; /**< bytes, a power of two */
	uint64_t phys;   /**< physical address that belongs to iova */
	uint32_t prot;   /**< LIBIOMMU_PROT_*, permissions of all levels combined */
	bool accessed;
	bool dirty;
};

/**
 * The formats, one after the other.
 * @param format the one before, or LIBIOMMU_PGTABLE_NO_FORMAT for the first
 * @return the next, or LIBIOMMU_PGTABLE_NO_FORMAT
 */
LIBIOMMU_API enum libiommu_pgtable_format libiommu_pgtable_format_next(
	enum libiommu_pgtable_format format);

/** @return the name of a format, a constant, or NULL when there is none of this number. */
LIBIOMMU_API const char *libiommu_pgtable_format_name(enum libiommu_pgtable_format format);

/** @return the format of this name, or LIBIOMMU_PGTABLE_NO_FORMAT. NULL is allowed. */
LIBIOMMU_API enum libiommu_pgtable_format libiommu_pgtable_format_find(const char *name);

/**
 * What a table of these options would be; nothing is made.
 * Reasons: null-argument, bad-options, unknown-options, bad-format.
 */
LIBIOMMU_API int libiommu_pgtable_format_describe(const struct libiommu_pgtable_options *opts,
						  struct libiommu_pgtable_desc *desc,
						  struct libiommu_error **err);

/**
 * Make an empty table.
 * @param opts what to make; NULL: VT-d second stage of 4 levels in process memory
 * @param[out] out the table, owned by the caller
 * Reasons: null-argument (also for a missing memory hook), bad-options,
 * unknown-options, bad-format, no-memory, address-width (of a table page).
 */
LIBIOMMU_API int libiommu_pgtable_new(const struct libiommu_pgtable_options *opts,
				      struct libiommu_pgtable **out, struct libiommu_error **err);

/**
 * Look at tables that somebody else owns, a guest for instance. All lookups
 * work on it. They stay inside the memory that was given, and end, whatever the
 * tables hold; edits are refused, and marks are not set.
 * @param opts as for libiommu_pgtable_new(); levels are those of the root and do
 *             not grow. Of the memory, only `virt` is used: it must return NULL
 *             for all but `bytes` of the owner's memory, which stay readable
 *             until the view is freed. Needed.
 * @param root physical address of the root
 * @param[out] out owned by the caller, who frees it with libiommu_pgtable_free()
 * Reasons: null-argument (also for a missing hook), bad-options,
 * unknown-options, bad-format, misaligned (root), table-unreachable (root),
 * no-memory.
 */
LIBIOMMU_API int libiommu_pgtable_view(const struct libiommu_pgtable_options *opts, uint64_t root,
				       struct libiommu_pgtable **out, struct libiommu_error **err);

/** Free a table with everything in it. NULL is allowed. Nothing may use it any more. */
LIBIOMMU_API void libiommu_pgtable_free(struct libiommu_pgtable *pt);

/** @return the description; borrowed, lives as long as the table. */
LIBIOMMU_API const struct libiommu_pgtable_desc *libiommu_pgtable_describe(
	const struct libiommu_pgtable *pt);

/** @return physical address of the present root table. */
LIBIOMMU_API uint64_t libiommu_pgtable_root(const struct libiommu_pgtable *pt);

/**
 * What context, device or PASID entries must say. A table that grows gives
 * other values when gather.root_changed says so.
 * Reasons: null-argument, bad-options.
 */
LIBIOMMU_API int libiommu_pgtable_hardware(const struct libiommu_pgtable *pt,
					   struct libiommu_pgtable_hardware *out,
					   struct libiommu_error **err);

/** @return table pages in use: with the root, without those that wait in a gather. */
LIBIOMMU_API size_t libiommu_pgtable_pages(const struct libiommu_pgtable *pt);

/**
 * Map one physically contiguous range with the largest leaves that alignment
 * allows. All or nothing: on failure no entry of the range is left (an empty
 * table page may stay).
 * @param iova,phys,length multiples of the smallest page
 * @param prot LIBIOMMU_PROT_*
 * @param gather what changed: empty tables that a larger leaf replaced, and
 *               after a failure what was there for a moment
 * Reasons: null-argument, empty-range, misaligned, range-wraps,
 * outside-aperture, address-width, no-protection, protection-unsupported,
 * mapping-exists, no-memory. A table page that the format cannot address gives
 * address-width too.
 */
LIBIOMMU_API int libiommu_pgtable_map(struct libiommu_pgtable *pt, uint64_t iova, uint64_t phys,
				      uint64_t length, uint32_t prot,
				      struct libiommu_pgtable_gather *gather,
				      struct libiommu_error **err);

/**
 * Map pieces one after the other from iova upward, in one walk. Physically
 * adjacent pieces are not merged: each piece chooses its own leaves.
 * All or nothing. Reasons: as libiommu_pgtable_map().
 */
LIBIOMMU_API int libiommu_pgtable_map_list(struct libiommu_pgtable *pt, uint64_t iova,
					   const struct libiommu_pgtable_piece *pieces,
					   size_t count, uint32_t prot,
					   struct libiommu_pgtable_gather *gather,
					   struct libiommu_error **err);

/**
 * Remove every leaf in the range; holes are passed over. Table pages that the
 * range covers wholly go to the gather.
 * @param[out] removed bytes that were mapped; may be NULL
 * Reasons: null-argument, empty-range, misaligned, range-wraps,
 * outside-aperture; would-split when an end cuts a leaf (then nothing is
 * removed).
 */
LIBIOMMU_API int libiommu_pgtable_unmap(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length,
					uint64_t *removed, struct libiommu_pgtable_gather *gather,
					struct libiommu_error **err);

/**
 * Change what leaves allow. Holes are passed over. Marks stay; but in arm-*
 * dirty is a kind of permission, which a leaf that forbids writing does not have.
 * @param[out] found bytes that are mapped; may be NULL
 * Reasons: null-argument, empty-range, misaligned, range-wraps,
 * outside-aperture, no-protection, protection-unsupported, read-only-table;
 * would-split when an end cuts a leaf (then nothing is changed).
 */
LIBIOMMU_API int libiommu_pgtable_protect(struct libiommu_pgtable *pt, uint64_t iova,
					  uint64_t length, uint32_t prot, uint64_t *found,
					  struct libiommu_pgtable_gather *gather,
					  struct libiommu_error **err);

/**
 * Take tables out that hold nothing, as far as the range covers them wholly:
 * edits of parts leave such tables. They go to the gather.
 * Reasons: null-argument, empty-range, misaligned, range-wraps,
 * outside-aperture, read-only-table.
 */
LIBIOMMU_API int libiommu_pgtable_trim(struct libiommu_pgtable *pt, uint64_t iova, uint64_t length,
				       struct libiommu_pgtable_gather *gather,
				       struct libiommu_error **err);

/** For libiommu_pgtable_read_marks(): the marks stay as they are, and nothing is gathered. */
#define LIBIOMMU_PGTABLE_KEEP_MARKS 1u
/** For libiommu_pgtable_read_marks(): which leaves were accessed, not which are dirty. */
#define LIBIOMMU_PGTABLE_ACCESSED 2u

/**
 * Read which leaves of a range are dirty, and take that mark from them. It is
 * an edit of the range. Hardware may mark leaves meanwhile: each mark is either
 * read here or still there. On a view it takes as long as the tables of the range
 * want, and their owner can make that very long.
 * @param flags LIBIOMMU_PGTABLE_KEEP_MARKS, LIBIOMMU_PGTABLE_ACCESSED
 * @param page_shift a bit stands for 2^page_shift bytes, 0 to 63
 * @param bitmap bit n%64 of word n/64 stands for page n, counted from the page
 *               that holds iova. Bits are set and never cleared: for every page
 *               that a marked leaf shares with the range.
 * @param gather caches that must forget the marks; may be NULL with KEEP_MARKS
 * Reasons: null-argument, unknown-flags, bad-options (page_shift), empty-range,
 * misaligned, range-wraps, outside-aperture, no-marks, read-only-table (without
 * KEEP_MARKS), would-split when an end cuts a leaf (without KEEP_MARKS).
 */
LIBIOMMU_API int libiommu_pgtable_read_marks(struct libiommu_pgtable *pt, uint64_t iova,
					     uint64_t length, uint32_t flags,
					     unsigned int page_shift, uint64_t *bitmap,
					     struct libiommu_pgtable_gather *gather,
					     struct libiommu_error **err);

/** Free the table pages that wait in the gather and reset it. NULL gather is allowed. */
LIBIOMMU_API void libiommu_pgtable_release(struct libiommu_pgtable *pt,
					   struct libiommu_pgtable_gather *gather);

/**
 * Every level's entry for one address. Returns 0 also when the address is not
 * mapped: the last step says where the walk ended.
 * Reasons: null-argument, bad-options, outside-aperture.
 */
LIBIOMMU_API int libiommu_pgtable_walk(const struct libiommu_pgtable *pt, uint64_t iova,
				       struct libiommu_pgtable_walk *out,
				       struct libiommu_error **err);

/**
 * Translate one address as hardware does, without changing anything.
 * @return true and the leaf that holds iova, or false
 */
LIBIOMMU_API bool libiommu_pgtable_translate(const struct libiommu_pgtable *pt, uint64_t iova,
					     struct libiommu_pgtable_leaf *leaf);

/**
 * What the hardware would say to an access, without changing anything.
 * @param prot LIBIOMMU_PROT_* that is wanted
 * @param[out] leaf the leaf, when there is one (no fault, or protection); may be NULL
 * @param[out] level where the walk ended, 0 when it did not begin; may be NULL
 */
LIBIOMMU_API enum libiommu_pgtable_fault libiommu_pgtable_access(const struct libiommu_pgtable *pt,
								 uint64_t iova, uint32_t prot,
								 struct libiommu_pgtable_leaf *leaf,
								 unsigned int *level);

/**
 * Set the accessed bit, and with `write` the dirty bit, of the leaf that holds
 * iova, as hardware does: atomically, and only while the leaf is there.
 * @return true when there is such a leaf
 */
LIBIOMMU_API bool libiommu_pgtable_mark(struct libiommu_pgtable *pt, uint64_t iova, bool write);

/**
 * The first leaf that ends at or after iova and starts at or before last.
 * Continue with leaf->iova + leaf->length (stop when that wraps to 0). On a
 * view it gives up after 65536 tables without a leaf; there,
 * libiommu_pgtable_scan() is the better choice.
 * @return true and the leaf, or false
 */
LIBIOMMU_API bool libiommu_pgtable_next_leaf(const struct libiommu_pgtable *pt, uint64_t iova,
					     uint64_t last, struct libiommu_pgtable_leaf *leaf);

/**
 * The same for tables that may be made to keep one busy: it reads `tables`
 * tables at most (but never fewer than what progress takes).
 * @param[in,out] iova where to begin; with FOUND_LATER where to go on
 * @param[out] leaf with FOUND_LEAF the leaf
 */
LIBIOMMU_API enum libiommu_pgtable_found libiommu_pgtable_scan(const struct libiommu_pgtable *pt,
							       uint64_t *iova, uint64_t last,
							       size_t tables,
							       struct libiommu_pgtable_leaf *leaf);

#ifdef __cplusplus
}
#endif

#endif
