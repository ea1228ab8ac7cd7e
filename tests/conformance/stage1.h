/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest that writes its own stage 1, whatever the hardware is. */
#ifndef CONFORMANCE_STAGE1_H
#define CONFORMANCE_STAGE1_H

#include "helpers.h"

#include <libiommu/nesting.h>

#define GUEST_PAGES 64

/** Memory of a guest, mapped into a parent at `base`; tables grow from its middle. */
struct guest {
	struct libiommu_domain *parent;
	char *mem;
	uint64_t base;
	size_t used;                 /**< pages of the upper half */
	struct libiommu_pgtable *pt; /**< NULL: its stage 1 has no tables */
	struct libiommu_hw_info info;
	union {
		struct libiommu_stage1_vtd vtd;
		struct libiommu_stage1_smmuv3 smmuv3;
		struct libiommu_stage1_amd amd;
		struct libiommu_stage1_riscv riscv;
		struct libiommu_stage1_selftest selftest;
	} data;
	struct libiommu_nested_options opts;
};

/** @return false and the case is a skip, when there is no nesting that is known here */
bool guest_exists(const struct rig *rig, struct libiommu_hw_info *info);
/** The same when it has no tables, or nobody can use them. */
bool guest_possible(const struct rig *rig);

/** A parent with the guest's memory, and an empty stage 1. Ends with guest_end(). */
void guest_begin(struct guest *guest, struct rig *rig);
void guest_end(struct guest *guest);
struct libiommu_domain *guest_domain(struct guest *guest, struct rig *rig);

/** Page n of the guest's lower half at an address of the device. */
void guest_map(struct guest *guest, uint64_t iova, size_t page, uint32_t prot);
void guest_unmap(struct guest *guest, uint64_t iova);
/** Some address of the parent, mapped there or not. */
void guest_map_to(struct guest *guest, uint64_t iova, uint64_t inner);

#endif
