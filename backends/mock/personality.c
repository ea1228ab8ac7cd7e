/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/personality.h"

#include <stddef.h>
#include <string.h>

/* vfio_iommu_type1.dma_entry_limit */
#define TYPE1_ENTRIES 65535

static const struct mock_personality personalities[] = {
	{
		/*
		 * What both VFIO type1 and iommufd allow. With the operations of
		 * today's interface type1 is the stricter one in every row.
		 */
		.name = "strict",
		.evidence = "mock personality strict",
		.vessels = true,
		.vets_hardware = true,
		.adds_read = true,
		.entry_limit = TYPE1_ENTRIES,
	},
	{
		.name = "type1",
		.evidence = "mock personality type1",
		.vessels = true,
		.vets_hardware = true,
		.adds_read = true,
		.entry_limit = TYPE1_ENTRIES,
	},
	{
		.name = "bare",
		.evidence = "mock personality bare",
		.replace = true,
		.fd_before_attach = true,
		.identity = true,
	},
};

const struct mock_personality *mock_personality_find(const char *name)
{
	for (size_t i = 0; i < sizeof(personalities) / sizeof(personalities[0]); i++) {
		if (strcmp(personalities[i].name, name) == 0)
			return &personalities[i];
	}
	return NULL;
}
