/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/profile_tables.h"

#define PAGES_2M (SIZE(12) | SIZE(21))
#define PAGES_1G (PAGES_2M | SIZE(30))
/* Every power of two up to 2^51, but the one that hardware gets wrong. */
#define PAGES_AMD ((SIZE(52) - SIZE(12)) & ~SIZE(39))

/* Writes to it are interrupts. */
#define MSI                                                                  \
	{                                                                    \
		{ { 0xfee00000, 0xfeefffff }, LIBIOMMU_RESERVED_MSI }, false \
	}

const struct mock_profile mock_profiles_x86[] = {
	{
		.hw = {
			.profile = "intel-vtd",
			.evidence = "mock profile intel-vtd",
			.name = "Intel VT-d, second stage",
			.oddity = "nothing at 0xfeexxxxx can be an IOVA",
			.phys_width = 52,
			.phys_most = 52,
			.holes = { MSI },
			.hole_count = 1,
			.coherent = true,
			.snoop_control = true,
			.msi_isolated = true,
			.can_mark = true,
			.accessed_dirty = true,
			.has_legacy = true,
			.pasid_bits = 20,
			.prq = true,
			.linux_prq = true,
			.linux_nests = true,
			.stage1_formats = 1u << LIBIOMMU_PGTABLE_X86_64,
			.parent_format = LIBIOMMU_PGTABLE_VTD_SS,
			.grouping = "pci-acs",
		},
		.forms = {
			{ LIBIOMMU_PGTABLE_VTD_SS, 0, 4, 0, 48, PAGES_1G, true },
			{ LIBIOMMU_PGTABLE_VTD_SS, 0, 3, 0, 39, PAGES_1G, true },
			{ LIBIOMMU_PGTABLE_VTD_SS, 0, 5, 0, 57, PAGES_1G, true },
		},
	},
	{
		/* Linux hands out the lower canonical half only. */
		.hw = {
			.profile = "intel-vtd-fs",
			.evidence = "mock profile intel-vtd-fs",
			.name = "Intel VT-d in scalable mode, first stage",
			.oddity = "write without read cannot be expressed",
			.phys_width = 52,
			.phys_most = 52,
			.holes = { MSI },
			.hole_count = 1,
			.coherent = true,
			.snoop_control = true,
			.msi_isolated = true,
			.can_mark = true,
			.accessed_dirty = true,
			.pasid_bits = 20,
			.prq = true,
			.linux_prq = true,
			.linux_nests = true,
			.stage1_formats = 1u << LIBIOMMU_PGTABLE_X86_64,
			.parent_format = LIBIOMMU_PGTABLE_VTD_SS,
			.grouping = "pci-acs",
		},
		.forms = {
			{ LIBIOMMU_PGTABLE_X86_64, 0, 4, 0, 47, PAGES_1G, false },
			{ LIBIOMMU_PGTABLE_X86_64, 0, 5, 0, 56, PAGES_1G, false },
		},
	},
	{
		.hw = {
			.profile = "amd-vi",
			.evidence = "mock profile amd-vi",
			.name = "AMD-Vi, host tables",
			.oddity = "the addresses of HyperTransport, 12 GiB below 1 TiB, cannot be IOVAs; "
				  "leaves have any power of two, and the table grows",
			.phys_width = 52,
			.phys_most = 52,
			.holes = {
				MSI,
				{ { { 0xfd00000000, 0xffffffffff }, LIBIOMMU_RESERVED_RESERVED }, false },
			},
			.hole_count = 2,
			.coherent = true,
			.snoop_control = true,
			.msi_isolated = true,
			.can_mark = true,
			.accessed_dirty = true,
			.pasid_bits = 16,
			.prq = true,
			.linux_prq = true,
			.stage1_formats = 1u << LIBIOMMU_PGTABLE_X86_64,
			.parent_format = LIBIOMMU_PGTABLE_AMDV1,
			.grouping = "pci-acs",
		},
		.forms = {
			{ LIBIOMMU_PGTABLE_AMDV1, 0, 0, 0, 64, PAGES_AMD, true },
			{ LIBIOMMU_PGTABLE_AMDV1, 0, 0, 0, 48, PAGES_AMD, true },
			{ LIBIOMMU_PGTABLE_AMDV1, 0, 0, 0, 57, PAGES_AMD, true },
		},
	},
	{ .forms = { { .width = 0 } } },
};
