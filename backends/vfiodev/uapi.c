/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfiodev/uapi.h"

#include <string.h>

/* Room for a region with its capabilities, of which there are a few at most. */
#define REGION_REPLY 1024

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
