/* SPDX-License-Identifier: BSD-2-Clause */
/* What the words of a stage 1 say, in each architecture's own form. */
#include "backends/mock/nested.h"

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

#define FIELD(high, low) (((UINT64_C(2) << ((high) - (low))) - 1) << (low))

/*
 * A guest may write what is about stage 1, and whether its device has ATS. The rest is the host's. Of an
 * entry that is not valid nothing counts.
 */
static int check_smmuv3(const struct libiommu_stage1_smmuv3 *data)
{
	/* S1CDMax, S1ContextPtr, S1Fmt, Config, V; EATS, S1STALLD, S1CSH to S1DSS. */
	const uint64_t first = FIELD(63, 59) | FIELD(51, 0),
		       second = FIELD(29, 28) | FIELD(27, 27) | FIELD(7, 0);
	const unsigned int config = mock_ste_config(data);

	if (!BITS(data->ste[0], 0, 0))
		return false;
	return data->ste[0] & ~first || data->ste[1] & ~second || BITS(data->ste[1], 29, 28) > 1 ||
	       (config != MOCK_STE_ABORT && config != MOCK_STE_BYPASS && config != MOCK_STE_STAGE1);
}

static int check_amd(const struct libiommu_stage1_amd *data)
{
	/* The host's table: its levels and its root. */
	const uint64_t hosts = FIELD(11, 9) | FIELD(51, 12);
	const bool root = BITS(data->dte[0], 60, 58) || BITS(data->dte[1], 31, 16) ||
			  BITS(data->dte[1], 63, 43);

	/* Valid, with guest translation by tables of 4 or 5 levels, and one to three of GCR3s. */
	return !BITS(data->dte[0], 0, 0) || !BITS(data->dte[0], 55, 55) || data->dte[0] & hosts ||
	       !root || BITS(data->dte[0], 57, 56) > 2 || BITS(data->dte[2], 55, 54) > 1;
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
	if (bad)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_STAGE1, NULL, NULL);
	if (mock_context_allows(hw, opts))
		return 0;
	return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_STAGE1, NULL,
			       "It has contexts for PASIDs: %s.",
			       opts->pasid ? "the domain cannot be for others" : "too many");
}

/* Through a context descriptor. */
static int shape_smmuv3(struct mock_stage1 *stage1, uint64_t context, struct mock_shape *shape,
			struct mock_where *where)
{
	static const enum libiommu_pgtable_format formats[] = {
		LIBIOMMU_PGTABLE_ARM_S1_4K,
		LIBIOMMU_PGTABLE_ARM_S1_64K,
		LIBIOMMU_PGTABLE_ARM_S1_16K,
	};
	uint64_t word, ttb, granule, size;
	int kind = mock_context_fetch(stage1, context, &word, where);

	if (!kind)
		kind = mock_context_fetch(stage1, context + 8, &ttb, where);
	if (kind)
		return kind;
	granule = BITS(word, 7, 6);
	size = BITS(word, 5, 0);
	/* Valid, AArch64, and the lower half is not switched off. */
	if (!BITS(word, 31, 31) || !BITS(word, 41, 41) || BITS(word, 14, 14) || granule > 2 ||
	    size < 16 || size > 39)
		return mock_context_missing(where);
	shape->options.format = formats[granule];
	shape->options.iova_bits = 64 - (unsigned int)size;
	shape->root = ADDRESS(ttb, 51, 4);
	shape->asid = (uint16_t)BITS(word, 63, 48);
	return 0;
}

/* Through an entry of a table of GCR3s. */
static int shape_amd(struct mock_stage1 *stage1, uint64_t context, struct mock_shape *shape,
		     struct mock_where *where)
{
	uint64_t entry;
	int kind = mock_context_fetch(stage1, context, &entry, where);

	if (kind)
		return kind;
	if (!(entry & 1))
		return mock_context_missing(where);
	shape->options.format = LIBIOMMU_PGTABLE_X86_64;
	shape->options.levels = BITS(stage1->data.amd.dte[2], 55, 54) ? 5 : 4;
	shape->root = ADDRESS(entry, 51, 12);
	return 0;
}

int mock_stage1_shape(struct mock_stage1 *stage1, uint64_t context, struct mock_shape *shape,
		      struct mock_where *where)
{
	switch (stage1->type) {
	case LIBIOMMU_STAGE1_VTD:
		shape->options.format = LIBIOMMU_PGTABLE_X86_64;
		shape->options.levels = stage1->data.vtd.address_width == 57 ? 5 : 4;
		shape->root = stage1->data.vtd.root;
		return 0;
	case LIBIOMMU_STAGE1_SMMUV3:
		return shape_smmuv3(stage1, context, shape, where);
	case LIBIOMMU_STAGE1_AMD:
		return shape_amd(stage1, context, shape, where);
	case LIBIOMMU_STAGE1_RISCV:
		shape->options.format = LIBIOMMU_PGTABLE_RISCV;
		shape->options.levels = (unsigned int)BITS(stage1->data.riscv.fsc, 63, 60) - 5;
		shape->root = BITS(stage1->data.riscv.fsc, 43, 0) << 12;
		return 0;
	default:
		/* It has no tables. */
		where->stage = 1;
		return LIBIOMMU_MOCK_FAULT_NOT_MAPPED;
	}
}
