/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Constants and structs of the kernel's VFIO interface. The names are the kernel's, the layouts are
 * facts of its ABI; tests/unit/vfio-layout.c checks each against a table. Nothing is taken from the
 * headers of the machine that compiles this.
 */
#ifndef BACKENDS_VFIODEV_UAPI_LAYOUT_H
#define BACKENDS_VFIODEV_UAPI_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers of ioctls. */
enum {
#define CALL(name, number, feature, purpose) name = (number),
#include "backends/vfiodev/calls.def"
#undef CALL
};

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
#define VFIO_PCI_ERR_IRQ_INDEX      3
#define VFIO_PCI_REQ_IRQ_INDEX      4

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

struct vfio_pci_dependent_device {
	uint32_t group_id;
	uint16_t segment;
	uint8_t bus;
	uint8_t devfn;
};

struct vfio_pci_hot_reset_info {
	uint32_t argsz;
	uint32_t flags;
	uint32_t count;
	struct vfio_pci_dependent_device devices[];
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
static_assert(sizeof(struct vfio_pci_dependent_device) == 8, "ABI");
static_assert(offsetof(struct vfio_pci_hot_reset_info, devices) == 12, "ABI");
static_assert(sizeof(struct vfio_iommu_type1_info) == 24, "ABI");
static_assert(offsetof(struct vfio_iommu_type1_info, cap_offset) == 16, "ABI");
static_assert(offsetof(struct vfio_iommu_type1_info_cap_iova_range, iova_ranges) == 16, "ABI");
static_assert(sizeof(struct vfio_iommu_type1_info_dma_avail) == 12, "ABI");
static_assert(sizeof(struct vfio_iommu_type1_dma_map) == 32, "ABI");
static_assert(offsetof(struct vfio_iommu_type1_dma_map, size) == 24, "ABI");
static_assert(sizeof(struct vfio_iommu_type1_dma_unmap) == 24, "ABI");

#endif
