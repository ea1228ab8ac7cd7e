/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/profile_tables.h"

#define PAGES_SV39 (SIZE(12) | SIZE(16) | SIZE(21) | SIZE(30))
#define PAGES_SV48 (PAGES_SV39 | SIZE(39))
#define PAGES_SV57 (PAGES_SV48 | SIZE(48))

const struct mock_profile mock_profiles_other[] = {
	{
		/* Of stage 1 the lower half; stage 2 has two bits more instead of signs. */
		.hw = {
			.profile = "riscv",
			.evidence = "mock profile riscv",
			.name = "RISC-V IOMMU",
			.oddity = "the driver of Linux does not say that DMA is coherent, so that nobody in "
				  "user space gets a device; it uses first stages alone, without PASIDs",
			.phys_width = 56,
			.phys_most = 56,
			.coherent = true,
			.msi_isolated = true,
			.can_mark = true,
			.preset_marks = true,
			.pasid_bits = 20,
			.prq = true,
			.stage1_formats = 1u << LIBIOMMU_PGTABLE_RISCV,
			.parent_format = LIBIOMMU_PGTABLE_RISCV_G,
			.linux_hides_coherency = true,
			.grouping = "pci-acs",
		},
		.forms = {
			{ LIBIOMMU_PGTABLE_RISCV, 1, 0, 0, 56, PAGES_SV57, false },
			{ LIBIOMMU_PGTABLE_RISCV, 1, 0, 0, 47, PAGES_SV48, false },
			{ LIBIOMMU_PGTABLE_RISCV, 1, 0, 0, 38, PAGES_SV39, false },
			{ LIBIOMMU_PGTABLE_RISCV_G, 2, 0, 0, 59, PAGES_SV57, false },
			{ LIBIOMMU_PGTABLE_RISCV_G, 2, 0, 0, 50, PAGES_SV48, false },
			{ LIBIOMMU_PGTABLE_RISCV_G, 2, 0, 0, 41, PAGES_SV39, false },
		},
	},
	{
		.hw = {
			.profile = "kernel-selftest",
			.evidence = "mock profile kernel-selftest",
			.name = "the test device of Linux (CONFIG_IOMMUFD_TEST)",
			.oddity = "its smallest page is half of the CPU's; IOVAs begin at 16 MiB; a stage 1 "
				  "of it has no table",
			.phys_width = 51,
			.phys_most = 51,
			.windows = { { 0x1000000, 0x7fffffff } },
			.window_count = 1,
			.coherent = true,
			.msi_isolated = true,
			.can_mark = true,
			.accessed_dirty = true,
			.pasid_bits = 20,
			.prq = true,
			.linux_prq = true,
			.grouping = "generic",
		},
		.forms = {
			{ LIBIOMMU_PGTABLE_AMDV1_2K, 0, 0, 0, 31, SIZE(37) - SIZE(11), true },
		},
	},
	{ .forms = { { .width = 0 } } },
};
