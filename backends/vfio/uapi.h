/* SPDX-License-Identifier: BSD-2-Clause */
/* One function per call of the kernel's VFIO interface; its structs are known in uapi.c alone. */
#ifndef BACKENDS_VFIO_UAPI_H
#define BACKENDS_VFIO_UAPI_H

#include "backends/vfiodev/uapi.h"

#include <libiommu/hooks.h>

/* Numbers of ioctls. */
enum {
#define CALL(name, number, feature, purpose) name = (number),
#include "backends/vfio/calls.def"
#undef CALL
};

/* Functions with a result return a negative errno when the kernel refuses. */

/* Containers. */
int libiommu_vfio_api_version(const struct libiommu_sys *sys, int container);
int libiommu_vfio_extension(const struct libiommu_sys *sys, int container, unsigned int number);
int libiommu_vfio_set_iommu(const struct libiommu_sys *sys, int container, unsigned int type);
/*
 * Fills `size` bytes of a buffer that is aligned to 8.
 * @param[out] needed bytes; when it is more than size, no capabilities are in the reply
 */
int libiommu_vfio_iommu_info(const struct libiommu_sys *sys, int container, void *buffer,
			     size_t size, size_t *needed);
int libiommu_vfio_map_dma(const struct libiommu_sys *sys, int container, uint32_t flags,
			  const void *memory, uint64_t iova, uint64_t length);
int libiommu_vfio_unmap_dma(const struct libiommu_sys *sys, int container, uint64_t iova,
			    uint64_t length, uint64_t *unmapped);
int libiommu_vfio_unmap_all(const struct libiommu_sys *sys, int container);

/* Groups. */
int libiommu_vfio_group_status(const struct libiommu_sys *sys, int group, uint32_t *flags);
int libiommu_vfio_set_container(const struct libiommu_sys *sys, int group, int container);
int libiommu_vfio_unset_container(const struct libiommu_sys *sys, int group);
/* @return a descriptor */
int libiommu_vfio_device_fd(const struct libiommu_sys *sys, int group, const char *name);

/* Devices that were opened through their group. */
size_t libiommu_vfio_hot_reset_size(uint32_t count);
/*
 * Who is affected by a hot reset, into libiommu_vfio_hot_reset_size(room) bytes.
 * @param[out] count how many there are, also when they do not fit (-ENOSPC)
 */
int libiommu_vfio_hot_reset_info(const struct libiommu_sys *sys, int device, void *buffer,
				 uint32_t room, uint32_t *count);
/* The group of one of them. */
uint32_t libiommu_vfio_hot_reset_group(const void *buffer, uint32_t index);

/* What is in a reply of libiommu_vfio_iommu_info(). */
/* Bit n: pages of 2^n bytes; 0: not told. */
uint64_t libiommu_vfio_info_pages(const void *reply);
/* How many mappings still fit; false: not told. */
bool libiommu_vfio_info_available(const void *reply, size_t size, uint32_t *available);
/*
 * @param[out] at where the ranges are, for libiommu_vfio_info_range()
 * @return how many there are; 0: not told; -EPROTO when they do not fit into the reply
 */
int64_t libiommu_vfio_info_ranges(const void *reply, size_t size, size_t *at);
struct libiommu_range libiommu_vfio_info_range(const void *reply, size_t at, size_t index);

#endif
