/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/personality.h"

#include <stddef.h>
#include <string.h>

/* vfio_iommu_type1.dma_entry_limit */
#define TYPE1_ENTRIES 65535

static const struct mock_personality personalities[] = {
	{
		/* What type1 and iommufd both allow, and tell. */
		.name = "strict",
		.evidence = "mock personality strict",
		.vessels = true,
		.vetting = MOCK_VETS_AT_OPEN,
		.adds_read = true,
		.entry_limit = TYPE1_ENTRIES,
	},
	{
		.name = "type1",
		.evidence = "mock personality type1",
		.vessels = true,
		.vetting = MOCK_VETS_AT_ATTACH,
		.adds_read = true,
		.tells_page_sizes = true,
		.tells_snoop_control = true,
		.entry_limit = TYPE1_ENTRIES,
	},
	{
		/* A device is bound when it is opened; its group's IOAS is the domain. */
		.name = "iommufd",
		.evidence = "mock personality iommufd",
		.vetting = MOCK_VETS_AT_OPEN,
		.adds_read = true,
		.replace = true,
		.fd_before_attach = true,
		.extras = true,
	},
	{
		.name = "bare",
		.evidence = "mock personality bare",
		.replace = true,
		.replace_hitless = true,
		.fd_before_attach = true,
		.ranges_before_attach = true,
		.tells_page_sizes = true,
		.tells_snoop_control = true,
		.identity = true,
		.extras = true,
		.queue_depths = true,
		.foreign = true,
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
