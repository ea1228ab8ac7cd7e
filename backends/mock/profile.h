/* SPDX-License-Identifier: BSD-2-Clause */
/* What an IOMMU's hardware is like. */
#ifndef BACKENDS_MOCK_PROFILE_H
#define BACKENDS_MOCK_PROFILE_H

#include <libiommu/pgtable.h>

/* One IOMMU: a profile with the machine text's options applied. */
struct mock_hw {
	const char *profile;
	const char *evidence; /* for capability answers */
	enum libiommu_pgtable_format format;
	unsigned int levels;
	unsigned int width;      /* IOVA bits that it translates */
	unsigned int phys_width; /* bits of a physical address */
	uint64_t page_sizes;
	bool coherent;      /* DMA snoops CPU caches */
	bool snoop_control; /* no-snoop requests can be forced to snoop */
	bool msi_isolated;
	bool write_only;           /* write without read can be expressed */
	bool accessed_dirty;       /* the walker sets accessed and dirty bits */
	struct libiommu_range msi; /* writes here are interrupts, never translated */
};

/* @return false when there is no such profile */
bool mock_profile_find(const char *name, struct mock_hw *hw);

/* Set the IOVA width and with it the levels. @return false when the profile has no such width */
bool mock_profile_width(struct mock_hw *hw, unsigned int width);

static inline uint64_t mock_hw_iova_last(const struct mock_hw *hw)
{
	return (UINT64_C(1) << hw->width) - 1;
}

#endif
