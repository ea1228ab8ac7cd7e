/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/profile_tables.h"

#define PAGES_4K  (SIZE(12) | SIZE(21) | SIZE(30))
#define PAGES_16K (SIZE(14) | SIZE(25))
#define PAGES_64K (SIZE(16) | SIZE(29))
#define PAGES_52  (PAGES_64K | SIZE(42))

/* Linux maps the doorbells of interrupts there; to the hardware it is an address like others. */
#define SOFTWARE_MSI                                                      \
	{                                                                 \
		{ { 0x8000000, 0x80fffff }, LIBIOMMU_RESERVED_MSI }, true \
	}

/* clang-format off */
#define FORMS_48 \
	{ LIBIOMMU_PGTABLE_ARM_S1_4K, 1, 0, 32, 48, PAGES_4K, false }, \
	{ LIBIOMMU_PGTABLE_ARM_S1_16K, 1, 0, 32, 48, PAGES_16K, false }, \
	{ LIBIOMMU_PGTABLE_ARM_S1_64K, 1, 0, 32, 48, PAGES_64K, false }, \
	{ LIBIOMMU_PGTABLE_ARM_S2_4K, 2, 0, 32, 48, PAGES_4K, true }, \
	{ LIBIOMMU_PGTABLE_ARM_S2_16K, 2, 0, 32, 48, PAGES_16K, true }, \
	{ LIBIOMMU_PGTABLE_ARM_S2_64K, 2, 0, 32, 48, PAGES_64K, true }
/* clang-format on */

#define STAGE1                                                                  \
	(1u << LIBIOMMU_PGTABLE_ARM_S1_4K | 1u << LIBIOMMU_PGTABLE_ARM_S1_16K | \
	 1u << LIBIOMMU_PGTABLE_ARM_S1_64K)

const struct mock_profile mock_profiles_arm[] = {
	{
		.hw = {
			.profile = "arm-smmuv3",
			.evidence = "mock profile arm-smmuv3",
			.name = "ARM SMMUv3",
			.oddity = "no hole of the hardware's own: Linux keeps a window back for doorbells of "
				  "interrupts; Linux answers every page request with no",
			.phys_width = 48,
			.phys_most = 52,
			.holes = { SOFTWARE_MSI },
			.hole_count = 1,
			.coherent = true,
			.msi_isolated = true,
			.can_mark = true,
			.preset_marks = true,
			.pasid_bits = 20,
			.prq = true,
			.stage1_formats = STAGE1,
			.parent_format = LIBIOMMU_PGTABLE_ARM_S2_4K,
			.grouping = "pci-acs",
		},
		.forms = {
			FORMS_48,
			{ LIBIOMMU_PGTABLE_ARM_S1_64K, 1, 0, 49, 52, PAGES_52, false },
			{ LIBIOMMU_PGTABLE_ARM_S2_64K, 2, 0, 49, 52, PAGES_52, true },
		},
	},
	{
		.hw = {
			.profile = "arm-smmuv2",
			.evidence = "mock profile arm-smmuv2",
			.name = "ARM SMMUv2, AArch64 tables",
			.oddity = "devices that share a stream mapping share a group",
			.phys_width = 48,
			.phys_most = 48,
			.holes = { SOFTWARE_MSI },
			.hole_count = 1,
			.coherent = true,
			.msi_isolated = true,
			.preset_marks = true,
			.grouping = "stream",
		},
		.forms = { FORMS_48 },
	},
	{ .forms = { { .width = 0 } } },
};
