/* SPDX-License-Identifier: BSD-2-Clause */
/* One function per call that a VFIO device has, wherever its descriptor came from. */
#ifndef BACKENDS_VFIODEV_UAPI_H
#define BACKENDS_VFIODEV_UAPI_H

#include "backends/vfiodev/uapi_layout.h"

#include <libiommu/hooks.h>

/* A region as the kernel describes it. */
struct libiommu_vfio_region {
	uint32_t flags; /* VFIO_REGION_INFO_FLAG_* */
	bool parts;     /* only parts of it can be mapped */
	uint64_t size;
	uint64_t offset;
};

/* Functions with a result return a negative errno when the kernel refuses. */

int libiommu_vfio_device_info(const struct libiommu_sys *sys, int device, uint32_t *flags);
int libiommu_vfio_region_info(const struct libiommu_sys *sys, int device, uint32_t index,
			      struct libiommu_vfio_region *out);
int libiommu_vfio_irq_info(const struct libiommu_sys *sys, int device, uint32_t index,
			   uint32_t *flags, uint32_t *count);
size_t libiommu_vfio_irq_set_size(uint32_t count);
/* `buffer` has libiommu_vfio_irq_set_size(count) bytes. */
int libiommu_vfio_irq_eventfds(const struct libiommu_sys *sys, int device, uint32_t index,
			       const int *fds, uint32_t count, void *buffer);
int libiommu_vfio_irq_disable(const struct libiommu_sys *sys, int device, uint32_t index);
int libiommu_vfio_irq_unmask(const struct libiommu_sys *sys, int device, uint32_t index);
int libiommu_vfio_device_reset(const struct libiommu_sys *sys, int device);

/*
 * Capability chains: headers at byte offsets of a reply, the first at `first`, 0 ends. Whatever the
 * bytes are, nothing outside of them is read and the search ends.
 * @return offset of the capability `id`, of which at least `need` bytes are there; 0 when there is none
 */
size_t libiommu_vfio_capability(const void *reply, size_t size, uint32_t first, uint16_t id,
				size_t need);

#endif
