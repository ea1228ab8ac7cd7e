/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file region.h
 * A device's registers.
 */
#ifndef LIBIOMMU_REGION_H
#define LIBIOMMU_REGION_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Regions of a PCI device. */
enum libiommu_region_index {
	LIBIOMMU_REGION_BAR0 = 0,
	LIBIOMMU_REGION_BAR1,
	LIBIOMMU_REGION_BAR2,
	LIBIOMMU_REGION_BAR3,
	LIBIOMMU_REGION_BAR4,
	LIBIOMMU_REGION_BAR5,
	LIBIOMMU_REGION_ROM,
	LIBIOMMU_REGION_CONFIG /**< PCI configuration space */
};

/**
 * Open a region. It keeps the device open (device-in-use) until it is closed.
 * Where the device must be attached first (needs-attach), the region stays
 * usable over later detaches as long as the backend keeps the device
 * (LIBIOMMU_CAP_STATE_SURVIVES_DETACH); when a detach gave the device up,
 * accesses answer needs-attach until the next attach.
 * @param[out] out written on success; close with libiommu_region_close()
 * Reasons: null-argument, after-fork, needs-attach, no-such-region, kernel-refused, no-memory.
 */
LIBIOMMU_API int libiommu_region_open(struct libiommu_device *dev, unsigned int index,
				      struct libiommu_region **out, struct libiommu_error **err);

/** Close a region and unmap what was mapped of it. NULL is allowed. */
LIBIOMMU_API void libiommu_region_close(struct libiommu_region *region);

/** @return its size in bytes. */
LIBIOMMU_API uint64_t libiommu_region_size(const struct libiommu_region *region);

/**
 * Read a register, little endian.
 * @param offset bytes, a multiple of width
 * @param width 1, 2, 4 or 8 bytes
 * @param[out] value written on success
 * Threads: accesses of one region are not ordered among threads.
 * Reasons: null-argument, after-fork, region-range, needs-attach, device-io.
 */
LIBIOMMU_API int libiommu_region_read(struct libiommu_region *region, uint64_t offset,
				      unsigned int width, uint64_t *value,
				      struct libiommu_error **err);

/** Write a register. As libiommu_region_read(). On the mock the device model runs in this call. */
LIBIOMMU_API int libiommu_region_write(struct libiommu_region *region, uint64_t offset,
				       unsigned int width, uint64_t value,
				       struct libiommu_error **err);

/**
 * Map the whole region into the process, once; closing the region unmaps it.
 * @param[out] out the address; volatile accesses only
 * Reasons: null-argument, after-fork, needs-attach, region-not-mappable, kernel-refused.
 */
LIBIOMMU_API int libiommu_region_map(struct libiommu_region *region, volatile void **out,
				     struct libiommu_error **err);

#ifdef __cplusplus
}
#endif

#endif
