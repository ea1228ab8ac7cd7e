/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/profile.h"

#include <string.h>

#define SIZE_4K (UINT64_C(1) << 12)
#define SIZE_2M (UINT64_C(1) << 21)
#define SIZE_1G (UINT64_C(1) << 30)

static const struct {
	struct mock_hw hw;
	struct {
		unsigned int width;
		unsigned int levels;
	} widths[2];
} profiles[] = {
	{
		.hw = {
			.profile = "intel-vtd",
			.evidence = "mock profile intel-vtd",
			.format = LIBIOMMU_PGTABLE_VTD_SS,
			.levels = 4,
			.width = 48,
			.phys_width = 52,
			.page_sizes = SIZE_4K | SIZE_2M | SIZE_1G,
			.coherent = true,
			.snoop_control = true,
			.msi_isolated = true,
			.write_only = true,
			.accessed_dirty = true,
			.msi = { 0xfee00000, 0xfeefffff },
		},
		.widths = { { 39, 3 }, { 48, 4 } },
	},
	{
		/* Linux hands out the lower canonical half only. */
		.hw = {
			.profile = "intel-vtd-fs",
			.evidence = "mock profile intel-vtd-fs",
			.format = LIBIOMMU_PGTABLE_X86_64,
			.levels = 4,
			.width = 47,
			.phys_width = 52,
			.page_sizes = SIZE_4K | SIZE_2M | SIZE_1G,
			.coherent = true,
			.snoop_control = true,
			.msi_isolated = true,
			.write_only = false,
			.accessed_dirty = true,
			.msi = { 0xfee00000, 0xfeefffff },
		},
		.widths = { { 47, 4 } },
	},
};

bool mock_profile_find(const char *name, struct mock_hw *hw)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(profiles[i].hw.profile, name) == 0) {
			*hw = profiles[i].hw;
			return true;
		}
	}
	return false;
}

bool mock_profile_width(struct mock_hw *hw, unsigned int width)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (profiles[i].hw.profile != hw->profile)
			continue;
		for (size_t w = 0; w < 2; w++) {
			if (!width || profiles[i].widths[w].width != width)
				continue;
			hw->width = width;
			hw->levels = profiles[i].widths[w].levels;
			return true;
		}
	}
	return false;
}
