/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel's VFIO interface looks like, and one function per call of it. The names are the
 * kernel's, the layouts are facts of its ABI; tests/unit/vfio-layout.c checks each against a table.
 */
#ifndef BACKENDS_VFIO_UAPI_H
#define BACKENDS_VFIO_UAPI_H

#include <libiommu/hooks.h>

#include <assert.h>

#define VFIO_GET_API_VERSION        0x3b64
#define VFIO_CHECK_EXTENSION        0x3b65
#define VFIO_SET_IOMMU              0x3b66
#define VFIO_GROUP_GET_STATUS       0x3b67
#define VFIO_GROUP_SET_CONTAINER    0x3b68
#define VFIO_GROUP_UNSET_CONTAINER  0x3b69
#define VFIO_GROUP_GET_DEVICE_FD    0x3b6a
#define VFIO_DEVICE_GET_INFO        0x3b6b
#define VFIO_DEVICE_GET_REGION_INFO 0x3b6c
#define VFIO_DEVICE_GET_IRQ_INFO    0x3b6d
#define VFIO_DEVICE_SET_IRQS        0x3b6e
#define VFIO_DEVICE_RESET           0x3b6f
#define VFIO_IOMMU_GET_INFO         0x3b70
#define VFIO_IOMMU_MAP_DMA          0x3b71
#define VFIO_IOMMU_UNMAP_DMA        0x3b72

#define VFIO_API_VERSION   0
#define VFIO_TYPE1v2_IOMMU 3
#define VFIO_DMA_CC_IOMMU  4
#define VFIO_UNMAP_ALL     9

#define VFIO_GROUP_FLAGS_VIABLE        1u
#define VFIO_GROUP_FLAGS_CONTAINER_SET 2u

#define VFIO_DEVICE_FLAGS_RESET 1u
#define VFIO_DEVICE_FLAGS_PCI   2u

#define VFIO_REGION_INFO_FLAG_READ       1u
#define VFIO_REGION_INFO_FLAG_WRITE      2u
#define VFIO_REGION_INFO_FLAG_MMAP       4u
#define VFIO_REGION_INFO_FLAG_CAPS       8u
#define VFIO_REGION_INFO_CAP_SPARSE_MMAP 1
#define VFIO_PCI_NUM_REGIONS             9
#define VFIO_PCI_CONFIG_REGION_INDEX     7

#define VFIO_IRQ_INFO_EVENTFD       1u
#define VFIO_IRQ_INFO_MASKABLE      2u
#define VFIO_IRQ_INFO_AUTOMASKED    4u
#define VFIO_IRQ_INFO_NORESIZE      8u
#define VFIO_IRQ_SET_DATA_NONE      1u
#define VFIO_IRQ_SET_DATA_EVENTFD   4u
#define VFIO_IRQ_SET_ACTION_UNMASK  16u
#define VFIO_IRQ_SET_ACTION_TRIGGER 32u
#define VFIO_PCI_INTX_IRQ_INDEX     0
#define VFIO_PCI_MSI_IRQ_INDEX      1
#define VFIO_PCI_MSIX_IRQ_INDEX     2

#define VFIO_IOMMU_INFO_PGSIZES              1u
#define VFIO_IOMMU_INFO_CAPS                 2u
#define VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE 1
#define VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION  2
#define VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL      3

#define VFIO_DMA_MAP_FLAG_READ  1u
#define VFIO_DMA_MAP_FLAG_WRITE 2u
#define VFIO_DMA_UNMAP_FLAG_ALL 2u

struct vfio_info_cap_header {
	uint16_t id;
	uint16_t version;
	uint32_t next;
};

struct vfio_group_status {
	uint32_t argsz;
	uint32_t flags;
};

struct vfio_device_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t num_regions;
	uint32_t num_irqs;
	uint32_t cap_offset;
	uint32_t pad;
};

struct vfio_region_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t cap_offset;
	uint64_t size;
	uint64_t offset;
};

struct vfio_irq_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t count;
};

struct vfio_irq_set {
	uint32_t argsz;
	uint32_t flags;
	uint32_t index;
	uint32_t start;
	uint32_t count;
	uint8_t data[];
};

struct vfio_iommu_type1_info {
	uint32_t argsz;
	uint32_t flags;
	uint64_t iova_pgsizes;
	uint32_t cap_offset;
	uint32_t pad;
};

struct vfio_iova_range {
	uint64_t start;
	uint64_t end;
};

struct vfio_iommu_type1_info_cap_iova_range {
	struct vfio_info_cap_header header;
	uint32_t nr_iovas;
	uint32_t reserved;
	struct vfio_iova_range iova_ranges[];
};

struct vfio_iommu_type1_info_dma_avail {
	struct vfio_info_cap_header header;
	uint32_t avail;
};

struct vfio_iommu_type1_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t vaddr;
	uint64_t iova;
	uint64_t size;
};

struct vfio_iommu_type1_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t iova;
	uint64_t size;
	uint8_t data[];
};

static_assert(sizeof(struct vfio_info_cap_header) == 8, "ABI");
static_assert(sizeof(struct vfio_group_status) == 8, "ABI");
static_assert(sizeof(struct vfio_device_info) == 24, "ABI");
static_assert(sizeof(struct vfio_region_info) == 32, "ABI");
static_assert(offsetof(struct vfio_region_info, offset) == 24, "ABI");
static_assert(sizeof(struct vfio_irq_info) == 16, "ABI");
static_assert(offsetof(struct vfio_irq_set, data) == 20, "ABI");
static_assert(sizeof(struct vfio_iommu_type1_info) == 24, "ABI");
static_assert(offsetof(struct vfio_iommu_type1_info, cap_offset) == 16, "ABI");
static_assert(offsetof(struct vfio_iommu_type1_info_cap_iova_range, iova_ranges) == 16, "ABI");
static_assert(sizeof(struct vfio_iommu_type1_info_dma_avail) == 12, "ABI");
static_assert(sizeof(struct vfio_iommu_type1_dma_map) == 32, "ABI");
static_assert(offsetof(struct vfio_iommu_type1_dma_map, size) == 24, "ABI");
static_assert(sizeof(struct vfio_iommu_type1_dma_unmap) == 24, "ABI");

/* Every function returns a negative errno when the kernel refuses. */

/* Containers. */
int libiommu_vfio_api_version(const struct libiommu_sys *sys, int container);
int libiommu_vfio_extension(const struct libiommu_sys *sys, int container, unsigned int number);
int libiommu_vfio_set_iommu(const struct libiommu_sys *sys, int container, unsigned int type);
/* Fills `size` bytes of an aligned buffer; info->argsz then tells how many there are. */
int libiommu_vfio_iommu_info(const struct libiommu_sys *sys, int container, void *buffer,
			     size_t size);
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

/* Devices. */
int libiommu_vfio_device_info(const struct libiommu_sys *sys, int device, uint32_t *flags);
/* As libiommu_vfio_iommu_info(). */
int libiommu_vfio_region_info(const struct libiommu_sys *sys, int device, uint32_t index,
			      void *buffer, size_t size);
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

/*
 * The IOVA ranges of a GET_INFO reply.
 * @param at offset of the capability
 * @param index below its number of ranges
 * @return how many ranges there are; -EPROTO when they do not fit into the reply
 */
int64_t libiommu_vfio_range_count(const void *reply, size_t size, size_t at);
struct vfio_iova_range libiommu_vfio_range(const void *reply, size_t at, size_t index);

#endif
