/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/uapi.h"

#include <errno.h>
#include <string.h>

/* Room for a region with its capabilities, of which there are a few at most. */
#define REGION_REPLY 1024

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

int libiommu_vfio_device_info(const struct libiommu_sys *sys, int device, uint32_t *flags)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int rc = sys->ioctl(sys->data, device, VFIO_DEVICE_GET_INFO, &info);

	*flags = info.flags;
	return rc;
}

int libiommu_vfio_region_info(const struct libiommu_sys *sys, int device, uint32_t index,
			      struct libiommu_vfio_region *out)
{
	_Alignas(8) char reply[REGION_REPLY] = { 0 };
	struct vfio_region_info *info = (void *)reply;
	bool caps;
	int rc;

	info->argsz = sizeof(reply);
	info->index = index;
	rc = sys->ioctl(sys->data, device, VFIO_DEVICE_GET_REGION_INFO, reply);
	caps = info->flags & VFIO_REGION_INFO_FLAG_CAPS;
	/* What has more to tell than fits here is not simple either. */
	out->parts = caps && (info->argsz > sizeof(reply) ||
			      libiommu_vfio_capability(reply, sizeof(reply), info->cap_offset,
						       VFIO_REGION_INFO_CAP_SPARSE_MMAP,
						       sizeof(struct vfio_info_cap_header)));
	out->flags = info->flags;
	out->size = info->size;
	out->offset = info->offset;
	return rc;
}

int libiommu_vfio_irq_info(const struct libiommu_sys *sys, int device, uint32_t index,
			   uint32_t *flags, uint32_t *count)
{
	struct vfio_irq_info info = { .argsz = sizeof(info), .index = index };
	int rc = sys->ioctl(sys->data, device, VFIO_DEVICE_GET_IRQ_INFO, &info);

	*flags = info.flags;
	*count = info.count;
	return rc;
}

size_t libiommu_vfio_irq_set_size(uint32_t count)
{
	return sizeof(struct vfio_irq_set) + (size_t)count * sizeof(int32_t);
}

int libiommu_vfio_irq_eventfds(const struct libiommu_sys *sys, int device, uint32_t index,
			       const int *fds, uint32_t count, void *buffer)
{
	struct vfio_irq_set *set = buffer;

	static_assert(sizeof(*fds) == sizeof(int32_t), "ABI");
	set->argsz = (uint32_t)libiommu_vfio_irq_set_size(count);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->start = 0;
	set->count = count;
	memcpy(set->data, fds, (size_t)count * sizeof(*fds));
	return sys->ioctl(sys->data, device, VFIO_DEVICE_SET_IRQS, set);
}

int libiommu_vfio_irq_disable(const struct libiommu_sys *sys, int device, uint32_t index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
	};

	return sys->ioctl(sys->data, device, VFIO_DEVICE_SET_IRQS, &set);
}

int libiommu_vfio_irq_unmask(const struct libiommu_sys *sys, int device, uint32_t index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
		.index = index,
		.count = 1,
	};

	return sys->ioctl(sys->data, device, VFIO_DEVICE_SET_IRQS, &set);
}

int libiommu_vfio_device_reset(const struct libiommu_sys *sys, int device)
{
	return sys->ioctl(sys->data, device, VFIO_DEVICE_RESET, NULL);
}

size_t libiommu_vfio_capability(const void *reply, size_t size, uint32_t first, uint16_t id,
				size_t need)
{
	struct vfio_info_cap_header header;
	size_t at = first;

	/* More headers than fit side by side must be a loop. */
	for (size_t hops = size / sizeof(header); at && hops; hops--) {
		if (at > size || size - at < sizeof(header))
			return 0;
		memcpy(&header, (const char *)reply + at, sizeof(header));
		if (header.id == id)
			return size - at < need ? 0 : at;
		at = header.next;
	}
	return 0;
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
