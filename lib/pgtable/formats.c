/* SPDX-License-Identifier: BSD-2-Clause */
/* Which formats there are. */
#include <string.h>

#include "lib/error.h"
#include "lib/pgtable/internal.h"

static const struct pgtable_ops *const formats[] = {
	[LIBIOMMU_PGTABLE_VTD_SS] = &libiommu_pgtable_vtd_ss,
	[LIBIOMMU_PGTABLE_X86_64] = &libiommu_pgtable_x86_64,
	[LIBIOMMU_PGTABLE_AMDV1] = &libiommu_pgtable_amdv1,
	[LIBIOMMU_PGTABLE_AMDV1_2K] = &libiommu_pgtable_amdv1_2k,
	[LIBIOMMU_PGTABLE_RISCV] = &libiommu_pgtable_riscv,
	[LIBIOMMU_PGTABLE_RISCV_G] = &libiommu_pgtable_riscv_g,
	[LIBIOMMU_PGTABLE_ARM_S1_4K] = &libiommu_pgtable_arm_s1_4k,
	[LIBIOMMU_PGTABLE_ARM_S1_16K] = &libiommu_pgtable_arm_s1_16k,
	[LIBIOMMU_PGTABLE_ARM_S1_64K] = &libiommu_pgtable_arm_s1_64k,
	[LIBIOMMU_PGTABLE_ARM_S2_4K] = &libiommu_pgtable_arm_s2_4k,
	[LIBIOMMU_PGTABLE_ARM_S2_16K] = &libiommu_pgtable_arm_s2_16k,
	[LIBIOMMU_PGTABLE_ARM_S2_64K] = &libiommu_pgtable_arm_s2_64k,
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct pgtable_ops *libiommu_pgtable_format_ops(enum libiommu_pgtable_format format)
{
	return (size_t)format < FORMATS ? formats[format] : NULL;
}

enum libiommu_pgtable_format libiommu_pgtable_format_next(enum libiommu_pgtable_format format)
{
	size_t i;

	for (i = (size_t)format + 1; i < FORMATS; i++) {
		if (formats[i])
			return (enum libiommu_pgtable_format)i;
	}
	return LIBIOMMU_PGTABLE_NO_FORMAT;
}

const char *libiommu_pgtable_format_name(enum libiommu_pgtable_format format)
{
	const struct pgtable_ops *ops = libiommu_pgtable_format_ops(format);

	return ops ? ops->name : NULL;
}

enum libiommu_pgtable_format libiommu_pgtable_format_find(const char *name)
{
	enum libiommu_pgtable_format format = LIBIOMMU_PGTABLE_NO_FORMAT;

	while (name && (format = libiommu_pgtable_format_next(format))) {
		if (!strcmp(libiommu_pgtable_format_name(format), name))
			return format;
	}
	return LIBIOMMU_PGTABLE_NO_FORMAT;
}

/* The fewest levels that reach as far as is wanted. */
static unsigned int fewest_levels(const struct pgtable_ops *ops, unsigned int iova_bits)
{
	unsigned int levels = ops->min_levels;

	while (levels < ops->max_levels && ops->iova_bits(levels) < iova_bits)
		levels++;
	return levels;
}

/* How many levels, and for addresses of how many bits. */
static bool choose_levels(const struct pgtable_ops *ops,
			  const struct libiommu_pgtable_options *opts, unsigned int phys_bits,
			  unsigned int *levels, unsigned int *bits)
{
	unsigned int most = ops->iova_in_phys ? phys_bits : 64, reach;

	*levels = opts->levels;
	*bits = opts->iova_bits;
	if (!*levels && !*bits)
		*bits = ops->usual_iova_bits < most ? ops->usual_iova_bits : most;
	if (!*levels)
		*levels = *bits && !ops->grows ? fewest_levels(ops, *bits) : ops->usual_levels;
	if (*levels < ops->min_levels || *levels > ops->max_levels)
		return false;
	reach = ops->iova_bits(ops->grows ? ops->max_levels : *levels);
	if (reach < most)
		most = reach;
	if (!*bits)
		*bits = most;
	return *bits <= most && ops->levels_fit(*levels, *bits, phys_bits);
}

/* What a table of these options can do. */
enum libiommu_reason libiommu_pgtable_shape(const struct libiommu_pgtable_options *opts,
					    struct libiommu_pgtable_desc *desc)
{
	const struct pgtable_ops *ops = libiommu_pgtable_format_ops(opts->format);
	unsigned int levels, bits, phys_bits = opts->phys_bits;

	if (!ops || phys_bits > ops->phys_bits)
		return LIBIOMMU_REASON_BAD_FORMAT;
	if (!phys_bits)
		phys_bits = ops->phys_bits;
	if (!choose_levels(ops, opts, phys_bits, &levels, &bits))
		return LIBIOMMU_REASON_BAD_FORMAT;
	memset(desc, 0, sizeof(*desc));
	ops->describe(levels, bits, desc);
	desc->phys_bits = phys_bits;
	if (opts->leaf_sizes)
		desc->leaf_sizes &= opts->leaf_sizes;
	if (phys_bits < ops->phys_bits)
		desc->leaf_sizes &= ~ops->wide_sizes;
	if (!(desc->leaf_sizes >> desc->granule & 1) || phys_bits <= desc->granule)
		return LIBIOMMU_REASON_BAD_FORMAT;
	desc->dirty = desc->dirty && ops->tracked(opts);
	return LIBIOMMU_REASON_NONE;
}

int libiommu_pgtable_format_describe(const struct libiommu_pgtable_options *opts,
				     struct libiommu_pgtable_desc *desc,
				     struct libiommu_error **err)
{
	enum libiommu_reason reason;

	libiommu_error_clear(err);
	if (!opts || !desc)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, "", NULL);
	reason = libiommu_pgtable_check_options(opts);
	if (!reason)
		reason = libiommu_pgtable_shape(opts, desc);
	return reason ? libiommu_error_set(err, reason, "page table", NULL) : 0;
}
