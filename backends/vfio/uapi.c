/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/uapi.h"

#include <errno.h>
#include <string.h>

static void *number(unsigned long value)
{
	return (void *)(uintptr_t)value;
}

int libiommu_vfio_api_version(const struct libiommu_sys *sys, int container)
{
	return sys->ioctl(sys->data, container, VFIO_GET_API_VERSION, NULL);
}

int libiommu_vfio_extension(const struct libiommu_sys *sys, int container, unsigned int extension)
{
	return sys->ioctl(sys->data, container, VFIO_CHECK_EXTENSION, number(extension));
}

int libiommu_vfio_set_iommu(const struct libiommu_sys *sys, int container, unsigned int type)
{
	return sys->ioctl(sys->data, container, VFIO_SET_IOMMU, number(type));
}

int libiommu_vfio_iommu_info(const struct libiommu_sys *sys, int container, void *buffer,
			     size_t size, size_t *needed)
{
	struct vfio_iommu_type1_info *info = buffer;
	int rc;

	memset(buffer, 0, size);
	info->argsz = (uint32_t)size;
	rc = sys->ioctl(sys->data, container, VFIO_IOMMU_GET_INFO, buffer);
	*needed = info->argsz > size && !info->cap_offset ? info->argsz : size;
	return rc;
}

int libiommu_vfio_map_dma(const struct libiommu_sys *sys, int container, uint32_t flags,
			  const void *memory, uint64_t iova, uint64_t length)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)memory,
		.iova = iova,
		.size = length,
	};

	return sys->ioctl(sys->data, container, VFIO_IOMMU_MAP_DMA, &map);
}

int libiommu_vfio_unmap_dma(const struct libiommu_sys *sys, int container, uint64_t iova,
			    uint64_t length, uint64_t *unmapped)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = length,
	};
	int rc = sys->ioctl(sys->data, container, VFIO_IOMMU_UNMAP_DMA, &unmap);

	*unmapped = rc < 0 ? 0 : unmap.size;
	return rc;
}

int libiommu_vfio_unmap_all(const struct libiommu_sys *sys, int container)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = VFIO_DMA_UNMAP_FLAG_ALL,
	};

	return sys->ioctl(sys->data, container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

int libiommu_vfio_group_status(const struct libiommu_sys *sys, int group, uint32_t *flags)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	int rc = sys->ioctl(sys->data, group, VFIO_GROUP_GET_STATUS, &status);

	*flags = status.flags;
	return rc;
}

int libiommu_vfio_set_container(const struct libiommu_sys *sys, int group, int container)
{
	int32_t fd = container;

	return sys->ioctl(sys->data, group, VFIO_GROUP_SET_CONTAINER, &fd);
}

int libiommu_vfio_unset_container(const struct libiommu_sys *sys, int group)
{
	return sys->ioctl(sys->data, group, VFIO_GROUP_UNSET_CONTAINER, NULL);
}

int libiommu_vfio_device_fd(const struct libiommu_sys *sys, int group, const char *name)
{
	return sys->ioctl(sys->data, group, VFIO_GROUP_GET_DEVICE_FD, (void *)(uintptr_t)name);
}

uint64_t libiommu_vfio_info_pages(const void *reply)
{
	const struct vfio_iommu_type1_info *info = reply;

	return info->flags & VFIO_IOMMU_INFO_PGSIZES ? info->iova_pgsizes : 0;
}

static size_t info_capability(const void *reply, size_t size, uint16_t id, size_t need)
{
	const struct vfio_iommu_type1_info *info = reply;

	if (!(info->flags & VFIO_IOMMU_INFO_CAPS))
		return 0;
	return libiommu_vfio_capability(reply, size, info->cap_offset, id, need);
}

bool libiommu_vfio_info_available(const void *reply, size_t size, uint32_t *available)
{
	struct vfio_iommu_type1_info_dma_avail cap;
	size_t at = info_capability(reply, size, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, sizeof(cap));

	if (!at)
		return false;
	memcpy(&cap, (const char *)reply + at, sizeof(cap));
	*available = cap.avail;
	return true;
}

int64_t libiommu_vfio_info_ranges(const void *reply, size_t size, size_t *at)
{
	struct vfio_iommu_type1_info_cap_iova_range cap;
	size_t room;

	*at = info_capability(reply, size, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, sizeof(cap));
	if (!*at)
		return 0;
	memcpy(&cap, (const char *)reply + *at, sizeof(cap));
	*at += sizeof(cap);
	room = (size - *at) / sizeof(struct vfio_iova_range);
	return !cap.nr_iovas || cap.nr_iovas > room ? -EPROTO : (int64_t)cap.nr_iovas;
}

struct libiommu_range libiommu_vfio_info_range(const void *reply, size_t at, size_t index)
{
	struct vfio_iova_range range;

	memcpy(&range, (const char *)reply + at + index * sizeof(range), sizeof(range));
	return (struct libiommu_range){ range.start, range.end };
}

size_t libiommu_vfio_hot_reset_size(uint32_t count)
{
	return sizeof(struct vfio_pci_hot_reset_info) +
	       (size_t)count * sizeof(struct vfio_pci_dependent_device);
}

int libiommu_vfio_hot_reset_info(const struct libiommu_sys *sys, int device, void *buffer,
				 uint32_t room, uint32_t *count)
{
	struct vfio_pci_hot_reset_info *info = buffer;
	int rc;

	memset(info, 0, sizeof(*info));
	info->argsz = (uint32_t)libiommu_vfio_hot_reset_size(room);
	rc = sys->ioctl(sys->data, device, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info);
	*count = info->count;
	return rc;
}

uint32_t libiommu_vfio_hot_reset_group(const void *buffer, uint32_t index)
{
	const struct vfio_pci_hot_reset_info *info = buffer;

	return info->devices[index].group_id;
}
