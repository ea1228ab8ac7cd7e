/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file nesting.h
 * Two stages: a NESTED domain whose tables the user owns (stage 1), on a nest
 * parent, which is an ordinary domain (stage 2). What stage 1 gives is an IOVA
 * of the parent; its tables lie in memory that the parent maps. pgtable.h
 * writes such tables; libiommu_pgtable_hardware() gives the words for the data.
 *
 * Hardware caches both stages. Maps of the parent are the library's care; what
 * the user changes in stage 1 is seen for sure only after an invalidation.
 *
 * Also here: SHARED domains, whose tables another agent owns, and what the
 * hardware says about itself, which a stage 1 must fit.
 */
#ifndef LIBIOMMU_NESTING_H
#define LIBIOMMU_NESTING_H

#include <libiommu/domain.h>
#include <libiommu/error.h>
#include <libiommu/fault_queue.h>
#include <libiommu/pgtable.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the data of a stage 1 are; numbers are permanent. */
enum libiommu_stage1_type {
	LIBIOMMU_STAGE1_VTD = 1,          /**< struct libiommu_stage1_vtd */
	LIBIOMMU_STAGE1_SMMUV3 = 2,       /**< struct libiommu_stage1_smmuv3 */
	LIBIOMMU_STAGE1_AMD = 3,          /**< struct libiommu_stage1_amd */
	LIBIOMMU_STAGE1_RISCV = 0x100,    /**< struct libiommu_stage1_riscv; no kernel has it */
	LIBIOMMU_STAGE1_SELFTEST = 0xdead /**< struct libiommu_stage1_selftest */
};

#define LIBIOMMU_STAGE1_VTD_SRE  UINT64_C(1) /**< supervisor requests are allowed */
#define LIBIOMMU_STAGE1_VTD_EAFE UINT64_C(2) /**< extended accessed flags */
#define LIBIOMMU_STAGE1_VTD_WPE  UINT64_C(4) /**< write protection for supervisor requests */

/** A PASID entry's first stage. */
struct libiommu_stage1_vtd {
	uint64_t flags;         /**< LIBIOMMU_STAGE1_VTD_* */
	uint64_t root;          /**< IOVA of the parent where the root table is */
	uint32_t address_width; /**< 48 or 57 */
	uint32_t reserved;      /**< 0 */
};

/** The first two words of a guest's stream table entry, as it wrote them: V, Config, S1Fmt,
 * S1ContextPtr, S1CDMax; S1DSS to S1STALLD, EATS 0 or 1. All other bits are 0. Config is stage 1 alone,
 * bypass or abort; an entry without V is as one that aborts, whatever else it says. With S1CDMax above 0
 * the PASIDs are the guest's own: the domain is for the device's endpoint, and is made without the wish
 * `pasid`. */
struct libiommu_stage1_smmuv3 {
	uint64_t ste[2];
};

/** A guest's device table entry, as it wrote it: V, GV, GIOV, GLX, GCR3 root (not 0), guest paging mode;
 * the levels and the root of a host's table are 0. Made without the wish `pasid`, the table of GCR3s is
 * for the guest's own PASIDs. */
struct libiommu_stage1_amd {
	uint64_t dte[4];
};

/** First-stage context of a device context. */
struct libiommu_stage1_riscv {
	uint64_t fsc; /**< mode and root */
	uint64_t reserved;
};

/** The kernel's own test device: four fake cache entries begin with this value. */
struct libiommu_stage1_selftest {
	uint32_t iotlb;
};

struct libiommu_nested_options {
	size_t size;
	enum libiommu_stage1_type type;
	const void *data;                    /**< of the type */
	size_t data_length;                  /**< bytes */
	bool pasid;                          /**< as libiommu_domain_options.pasid */
	struct libiommu_fault_queue *faults; /**< as libiommu_domain_options.faults */
};
#define LIBIOMMU_NESTED_OPTIONS_INIT                                                              \
	{                                                                                         \
		sizeof(struct libiommu_nested_options), LIBIOMMU_STAGE1_VTD, NULL, 0, false, NULL \
	}

/**
 * Make a NESTED domain for a device and those that sit behind the same IOMMU. The
 * parent's mappings are made valid for the device now. Attach it as any other
 * domain; it has no maps of its own (domain-type).
 * @param parent made with libiommu_domain_options.nest_parent; it stays until the
 *        children are freed
 * @param[out] out written on success; free with libiommu_domain_free()
 * Reasons: null-argument, after-fork, foreign-context, bad-options, unknown-options,
 * domain-type (the parent is no PAGING domain), not-nest-parent, bad-stage1,
 * backend-capability, nesting-unsupported, incompatible-iommu (the parent is for
 * another IOMMU), faults-unsupported, mapping-conflict (subject: the mapping),
 * those of a map, no-memory, kernel-refused.
 */
LIBIOMMU_API int libiommu_domain_new_nested(struct libiommu_device *dev,
					    struct libiommu_domain *parent,
					    const struct libiommu_nested_options *opts,
					    struct libiommu_domain **out,
					    struct libiommu_error **err);

/** @return the nest parent of a NESTED domain, else NULL. Borrowed. */
LIBIOMMU_API struct libiommu_domain *libiommu_domain_parent(const struct libiommu_domain *dom);

struct libiommu_shared_options {
	size_t size;
	/** format, levels, memory; the memory's `virt` finds tables and what leaves lead to */
	const struct libiommu_pgtable_options *table;
	uint64_t root; /**< physical address of the root, in that memory */
	bool pasid;    /**< as libiommu_domain_options.pasid */
};
#define LIBIOMMU_SHARED_OPTIONS_INIT                                   \
	{                                                              \
		sizeof(struct libiommu_shared_options), NULL, 0, false \
	}

/**
 * Make a SHARED domain: a table that another agent owns and edits, a hypervisor
 * for instance. The owner's edits are seen for sure only after
 * libiommu_domain_invalidate(). The memory stays the owner's, and readable until
 * the domain is freed. Kernel backends: no-uapi.
 * @param[out] out written on success; free with libiommu_domain_free()
 * Reasons: null-argument, after-fork, bad-options, unknown-options, bad-format,
 * misaligned (root), table-unreachable (root), backend-undecided, no-uapi, no-memory.
 */
LIBIOMMU_API int libiommu_domain_new_shared(struct libiommu_ctx *ctx,
					    const struct libiommu_shared_options *opts,
					    struct libiommu_domain **out,
					    struct libiommu_error **err);

/** What an invalidation drops; numbers are permanent. */
enum libiommu_invalidate_kind {
	LIBIOMMU_INVALIDATE_ALL = 1, /**< everything of the domain */
	LIBIOMMU_INVALIDATE_RANGE,   /**< addresses, for whoever is attached */
	LIBIOMMU_INVALIDATE_PASID    /**< everything of the domain that one PASID has brought in */
};

/** Invalidate: leaves only; tables have not changed. A wish: more may be dropped. */
#define LIBIOMMU_INVALIDATE_LEAVES 1u

struct libiommu_invalidation {
	enum libiommu_invalidate_kind kind;
	uint32_t flags;              /**< LIBIOMMU_INVALIDATE_LEAVES */
	struct libiommu_range range; /**< with RANGE: of the addresses that the device uses */
	uint32_t pasid;              /**< with PASID: the number; 0: the device's own requests */
};

/**
 * Carry out commands in order on a NESTED or SHARED domain. It stops at the first
 * that is refused; those before it have been carried out.
 * @param[in,out] count in: how many there are; out: how many were carried out
 * Reasons: null-argument, after-fork, domain-type, bad-invalidation, unknown-flags,
 * backend-capability (a kind that the hardware's interface lacks), kernel-refused.
 */
LIBIOMMU_API int libiommu_domain_invalidate(struct libiommu_domain *dom,
					    const struct libiommu_invalidation *commands,
					    size_t *count, struct libiommu_error **err);

/**
 * The same in the hardware's own words, with the same rule for what is done.
 * @param type the interface's number of the format (Linux: enum
 *        iommu_hwpt_invalidate_data_type)
 * @param entries count entries of entry_length bytes; may be NULL when there are none: then it
 *        is asked whether the type is known
 * @param[in,out] count as libiommu_domain_invalidate()
 * Reasons: as libiommu_domain_invalidate().
 */
LIBIOMMU_API int libiommu_domain_invalidate_raw(struct libiommu_domain *dom, uint32_t type,
						const void *entries, size_t entry_length,
						size_t *count, struct libiommu_error **err);

/** Whose registers libiommu_hw_info holds; numbers are permanent. */
enum libiommu_hw_type {
	LIBIOMMU_HW_NONE = 0,
	LIBIOMMU_HW_VTD = 1,
	LIBIOMMU_HW_SMMUV3 = 2,
	LIBIOMMU_HW_TEGRA241_CMDQV = 3,
	LIBIOMMU_HW_AMD = 4,
	LIBIOMMU_HW_RISCV = 0x100,   /**< no kernel tells */
	LIBIOMMU_HW_SELFTEST = 0x101 /**< the kernel's own test device */
};

#define LIBIOMMU_HW_INFO_BYTES 64

/** What the IOMMU says about itself. */
struct libiommu_hw_info {
	size_t size;
	enum libiommu_hw_type type;
	size_t length; /**< bytes of data that there are; those beyond the union are cut */
	union {
		struct {
			uint32_t flags;
			uint32_t reserved;
			uint64_t cap;
			uint64_t ecap;
		} vtd;
		struct {
			uint32_t flags;
			uint32_t reserved;
			uint32_t idr[6];
			uint32_t iidr;
			uint32_t aidr;
		} smmuv3;
		struct {
			uint64_t efr;
			uint64_t efr2;
		} amd;
		struct {
			uint64_t capabilities;
		} riscv;
		struct {
			uint32_t flags;
			uint32_t reg;
		} selftest;
		unsigned char raw[LIBIOMMU_HW_INFO_BYTES];
	} data;
};
#define LIBIOMMU_HW_INFO_INIT                                         \
	{                                                             \
		sizeof(struct libiommu_hw_info), LIBIOMMU_HW_NONE, 0, \
		{                                                     \
			{                                             \
				0, 0, 0, 0                            \
			}                                             \
		}                                                     \
	}

/**
 * Ask the hardware behind a device. Attached or not.
 * Reasons: null-argument, after-fork, bad-options, unknown-options, backend-capability,
 * no-uapi (this kernel does not tell), kernel-refused.
 */
LIBIOMMU_API int libiommu_device_hw_info(struct libiommu_device *dev, struct libiommu_hw_info *out,
					 struct libiommu_error **err);

#ifdef __cplusplus
}
#endif

#endif
