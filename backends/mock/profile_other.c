/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/profile_tables.h"

#include "backends/mock/translation.h"

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
			.oddity = "its smallest page is half of the CPU's; IOVAs begin at 16 MiB; its stage 1 "
				  "is four words that it caches, without a table, and no access passes",
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
			.linux_nests = true,
			.stage1_words = true,
			.parent_format = LIBIOMMU_PGTABLE_AMDV1_2K,
			.grouping = "generic",
		},
		.forms = {
			{ LIBIOMMU_PGTABLE_AMDV1_2K, 0, 0, 0, 31, SIZE(37) - SIZE(11), true },
		},
	},
	{
		/* What the device keeps its requests in nobody sees; it is one of the engine's trees. */
		.hw = {
			.profile = "virtio-iommu",
			.evidence = "mock profile virtio-iommu",
			.name = "virtio-iommu",
			.oddity = "no tables to be seen: mappings are requests to the device; Linux keeps a "
				  "window back for doorbells of interrupts",
			.translation = &mock_translation_hidden,
			.phys_width = 52,
			.phys_most = 52,
			.window_moves = true,
			.holes = {
				{ { { 0x8000000, 0x80fffff }, LIBIOMMU_RESERVED_MSI }, true },
			},
			.hole_count = 1,
			.coherent = true,
			.msi_isolated = true,
			.grouping = "pci-acs",
		},
		.forms = {
			{ LIBIOMMU_PGTABLE_AMDV1, 0, 6, 0, 64, ~UINT64_C(0xfff), true },
		},
	},
	{
		.hw = {
			.profile = "s390-zpci",
			.evidence = "mock profile s390-zpci",
			.name = "PCI of s390",
			.oddity = "IOVAs do not begin at 0: each function says from where to where "
				  "(aperture=); tables are freed with their domain alone",
			.translation = &mock_translation_zpci,
			.phys_width = 52,
			.phys_most = 52,
			.windows = { { UINT64_C(1) << 32, (UINT64_C(1) << 42) - 1 } },
			.window_count = 1,
			.window_moves = true,
			.shows_rest = true,
			.coherent = true,
			.msi_isolated = true,
			.grouping = "generic",
		},
		.forms = {
			{ LIBIOMMU_PGTABLE_NO_FORMAT, 0, 3, 0, 42, SIZE(12), false },
			{ LIBIOMMU_PGTABLE_NO_FORMAT, 0, 4, 0, 53, SIZE(12), false },
			{ LIBIOMMU_PGTABLE_NO_FORMAT, 0, 5, 0, 64, SIZE(12), false },
		},
	},
	{
		.hw = {
			.profile = "powernv-p7ioc",
			.evidence = "mock profile powernv-p7ioc",
			.name = "POWER7's host bridge (P7IOC)",
			.oddity = "two windows, one at 0 and one at 2^59, each with a flat table; Linux has "
				  "no domains for it, so that neither type1 nor iommufd gets a device",
			.translation = &mock_translation_tce,
			.phys_width = 50,
			.phys_most = 50,
			.windows = {
				{ 0, (UINT64_C(1) << 28) - 1 },
				{ UINT64_C(1) << 59, (UINT64_C(1) << 59) + (UINT64_C(1) << 30) - 1 },
			},
			.window_count = 2,
			.shows_rest = true,
			.coherent = true,
			.msi_isolated = true,
			.linux_has_no_paging = true,
			.grouping = "partitionable-endpoint",
		},
		.forms = {
			{ LIBIOMMU_PGTABLE_NO_FORMAT, 0, 1, 0, 60, SIZE(12), false },
		},
	},
	{ .forms = { { .width = 0 } } },
};
