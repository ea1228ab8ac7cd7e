/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers in which IOMMUs say what they can, as far as a profile says it. */
#include "backends/mock/nested.h"

#define BIT(n) (UINT64_C(1) << (n))

static uint64_t has(bool yes, unsigned int bit)
{
	return yes ? BIT(bit) : 0;
}

static void tell_vtd(const struct mock_hw *hw, struct libiommu_hw_info *out)
{
	unsigned int levels = hw->levels ? hw->levels : 4;
	bool scalable = hw->parent_format != LIBIOMMU_PGTABLE_NO_FORMAT;

	out->type = LIBIOMMU_HW_VTD;
	out->length = sizeof(out->data.vtd);
	/* Guest widths by level, the widest address, super pages, five levels of stage 1. */
	out->data.vtd.cap = (levels >= 3 ? BIT(8 + levels - 2) : 0) |
			    (uint64_t)(hw->width - 1) << 16 | has(hw->page_sizes & BIT(21), 34) |
			    has(hw->page_sizes & BIT(30), 35) | BIT(60);
	/* Coherency, snoop control, nesting, page requests, PASIDs and how many, scalable mode, both
	 * kinds of tables. */
	out->data.vtd.ecap = has(hw->coherent, 0) | has(hw->snoop_control, 7) |
			     has(hw->stage1_formats != 0, 26) | has(hw->prq, 29) |
			     has(hw->pasid_bits != 0, 40) | has(scalable, 43) | has(scalable, 46) |
			     has(hw->stage1_formats != 0, 47) |
			     (hw->pasid_bits ? (uint64_t)(hw->pasid_bits - 1) << 35 : 0);
}

static void tell_smmuv3(const struct mock_hw *hw, struct libiommu_hw_info *out)
{
	uint32_t *idr = out->data.smmuv3.idr;

	out->type = LIBIOMMU_HW_SMMUV3;
	out->length = sizeof(out->data.smmuv3);
	/* Both stages, AArch64 tables, coherency, page requests, tables of contexts of two levels. */
	idr[0] = (uint32_t)(BIT(0) | BIT(1) | BIT(3) | has(hw->coherent, 4) | has(hw->prq, 16) |
			    has(hw->pasid_bits != 0, 19));
	idr[1] = (uint32_t)hw->pasid_bits << 6;
	/* Output size of 48 bits, and every granule that stage 1 has. */
	idr[5] = (uint32_t)(5 | has(hw->stage1_formats & BIT(LIBIOMMU_PGTABLE_ARM_S1_4K), 4) |
			    has(hw->stage1_formats & BIT(LIBIOMMU_PGTABLE_ARM_S1_16K), 5) |
			    has(hw->stage1_formats & BIT(LIBIOMMU_PGTABLE_ARM_S1_64K), 6));
}

static void tell_amd(const struct mock_hw *hw, struct libiommu_hw_info *out)
{
	out->type = LIBIOMMU_HW_AMD;
	out->length = sizeof(out->data.amd);
	/* Page requests, guest translation, also of requests without a PASID, three levels of GCR3
	 * tables, and the width of PASIDs. */
	out->data.amd.efr = has(hw->prq, 1) | has(hw->stage1_formats != 0, 4) |
			    has(hw->stage1_formats != 0, 48) | has(hw->pasid_bits != 0, 15) |
			    (hw->pasid_bits ? (uint64_t)(hw->pasid_bits - 1) << 32 : 0);
}

static void tell_riscv(const struct mock_hw *hw, struct libiommu_hw_info *out)
{
	out->type = LIBIOMMU_HW_RISCV;
	out->length = sizeof(out->data.riscv);
	/* Version 1.0, Sv39 to Sv57 of both stages, page requests, PASIDs of 8, 17 and 20 bits. */
	out->data.riscv.capabilities = 0x10 | BIT(9) | BIT(10) | BIT(11) | BIT(17) | BIT(18) |
				       BIT(19) | has(hw->prq, 25) | has(hw->pasid_bits >= 8, 38) |
				       has(hw->pasid_bits >= 17, 39) |
				       has(hw->pasid_bits >= 20, 40);
}

static void tell_selftest(struct libiommu_hw_info *out)
{
	out->type = LIBIOMMU_HW_SELFTEST;
	out->length = sizeof(out->data.selftest);
	out->data.selftest.reg = 0xdeadbeef;
}

int mock_hw_info(const struct mock_hw *hw, struct libiommu_hw_info *out)
{
	switch (hw->parent_format) {
	case LIBIOMMU_PGTABLE_VTD_SS:
		tell_vtd(hw, out);
		break;
	case LIBIOMMU_PGTABLE_ARM_S2_4K:
		tell_smmuv3(hw, out);
		break;
	case LIBIOMMU_PGTABLE_AMDV1:
		tell_amd(hw, out);
		break;
	case LIBIOMMU_PGTABLE_RISCV_G:
		tell_riscv(hw, out);
		break;
	case LIBIOMMU_PGTABLE_AMDV1_2K:
		tell_selftest(out);
		break;
	default:
		/* In legacy mode VT-d has nothing below a stage 1, but says what it is. */
		if (hw->has_legacy)
			tell_vtd(hw, out);
		break;
	}
	return 0;
}
