/* SPDX-License-Identifier: BSD-2-Clause */
/* What the words of a stage 1 say, in each architecture's own form. */
#include "backends/mock/nested.h"

#define BITS(word, high, low) (((word) >> (low)) & ((UINT64_C(2) << ((high) - (low))) - 1))
#define ADDRESS(word, high, low) \
	((word) & ((UINT64_C(2) << (high)) - 1) & ~((UINT64_C(1) << (low)) - 1))

static bool takes(const struct mock_hw *hw, enum libiommu_pgtable_format format,
		  enum libiommu_pgtable_format parent)
{
	return hw->stage1_formats & 1u << format && hw->parent_format == parent;
}

/* A whole word of flags is reserved but for some. */
static int check_vtd(const struct libiommu_stage1_vtd *data)
{
	uint64_t known =
		LIBIOMMU_STAGE1_VTD_SRE | LIBIOMMU_STAGE1_VTD_EAFE | LIBIOMMU_STAGE1_VTD_WPE;

	return data->flags & ~known || data->reserved || data->root % MOCK_PAGE ||
	       (data->address_width != 48 && data->address_width != 57);
}

/* Valid, and stage 1 alone translates as far as the guest sees it. */
static int check_smmuv3(const struct libiommu_stage1_smmuv3 *data)
{
	return !BITS(data->ste[0], 0, 0) || BITS(data->ste[0], 3, 1) != 5;
}

static int check_amd(const struct libiommu_stage1_amd *data)
{
	/* Valid, with guest translation, and a table of GCR3 of one level. */
	return !BITS(data->dte[0], 0, 0) || !BITS(data->dte[0], 55, 55) ||
	       BITS(data->dte[0], 57, 56) || BITS(data->dte[2], 55, 54) > 1;
}

static int check_riscv(const struct libiommu_stage1_riscv *data)
{
	uint64_t mode = BITS(data->fsc, 63, 60);

	return mode < 8 || mode > 10 || BITS(data->fsc, 59, 44) || data->reserved;
}

int mock_stage1_check(const struct mock_hw *hw, const struct libiommu_nested_options *opts,
		      struct libiommu_failure *failure)
{
	bool taken = false, bad = false;

	switch (opts->type) {
	case LIBIOMMU_STAGE1_VTD:
		taken = takes(hw, LIBIOMMU_PGTABLE_X86_64, LIBIOMMU_PGTABLE_VTD_SS);
		bad = check_vtd(opts->data);
		break;
	case LIBIOMMU_STAGE1_SMMUV3:
		taken = takes(hw, LIBIOMMU_PGTABLE_ARM_S1_4K, LIBIOMMU_PGTABLE_ARM_S2_4K);
		bad = check_smmuv3(opts->data);
		break;
	case LIBIOMMU_STAGE1_AMD:
		taken = takes(hw, LIBIOMMU_PGTABLE_X86_64, LIBIOMMU_PGTABLE_AMDV1);
		bad = check_amd(opts->data);
		break;
	case LIBIOMMU_STAGE1_RISCV:
		taken = takes(hw, LIBIOMMU_PGTABLE_RISCV, LIBIOMMU_PGTABLE_RISCV_G);
		bad = check_riscv(opts->data);
		break;
	case LIBIOMMU_STAGE1_SELFTEST:
		taken = hw->stage1_words;
		break;
	}
	if (!taken)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NESTING_UNSUPPORTED, NULL,
				       "%s has no stage 1 of type %d.", hw->name, (int)opts->type);
	return bad ? libiommu_refuse(failure, LIBIOMMU_REASON_BAD_STAGE1, NULL, NULL) : 0;
}

/* Through the context descriptor, which the guest's memory holds. */
static int shape_smmuv3(struct mock_stage1 *stage1, struct libiommu_pgtable_options *opts,
			uint64_t *root)
{
	static const enum libiommu_pgtable_format formats[] = {
		LIBIOMMU_PGTABLE_ARM_S1_4K,
		LIBIOMMU_PGTABLE_ARM_S1_64K,
		LIBIOMMU_PGTABLE_ARM_S1_16K,
	};
	uint64_t context = ADDRESS(stage1->data.smmuv3.ste[0], 51, 6), word, ttb, granule, size;

	if (!mock_stage1_read(stage1, context, &word) ||
	    !mock_stage1_read(stage1, context + 8, &ttb))
		return -1;
	granule = BITS(word, 7, 6);
	size = BITS(word, 5, 0);
	/* Valid, AArch64, and the lower half is not switched off. */
	if (!BITS(word, 31, 31) || !BITS(word, 41, 41) || BITS(word, 14, 14) || granule > 2 ||
	    size < 16 || size > 39)
		return -1;
	opts->format = formats[granule];
	opts->iova_bits = 64 - (unsigned int)size;
	*root = ADDRESS(ttb, 51, 4);
	return 0;
}

static int shape_amd(struct mock_stage1 *stage1, struct libiommu_pgtable_options *opts,
		     uint64_t *root)
{
	const uint64_t *dte = stage1->data.amd.dte;
	uint64_t table = BITS(dte[0], 60, 58) << 12 | BITS(dte[1], 31, 16) << 15 |
			 BITS(dte[1], 63, 43) << 31;
	uint64_t entry;

	/* Requests without a PASID have the first entry. */
	if (!mock_stage1_read(stage1, table, &entry) || !(entry & 1))
		return -1;
	opts->format = LIBIOMMU_PGTABLE_X86_64;
	opts->levels = BITS(dte[2], 55, 54) ? 5 : 4;
	*root = ADDRESS(entry, 51, 12);
	return 0;
}

int mock_stage1_shape(struct mock_stage1 *stage1, struct libiommu_pgtable_options *opts,
		      uint64_t *root)
{
	switch (stage1->type) {
	case LIBIOMMU_STAGE1_VTD:
		opts->format = LIBIOMMU_PGTABLE_X86_64;
		opts->levels = stage1->data.vtd.address_width == 57 ? 5 : 4;
		*root = stage1->data.vtd.root;
		return 0;
	case LIBIOMMU_STAGE1_SMMUV3:
		opts->levels = 0;
		return shape_smmuv3(stage1, opts, root);
	case LIBIOMMU_STAGE1_AMD:
		return shape_amd(stage1, opts, root);
	case LIBIOMMU_STAGE1_RISCV:
		opts->format = LIBIOMMU_PGTABLE_RISCV;
		opts->levels = (unsigned int)BITS(stage1->data.riscv.fsc, 63, 60) - 5;
		*root = BITS(stage1->data.riscv.fsc, 43, 0) << 12;
		return 0;
	default:
		return -1;
	}
}
