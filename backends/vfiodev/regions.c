/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfiodev/vfiodev.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static_assert((int)LIBIOMMU_INTERRUPT_INTX == VFIO_PCI_INTX_IRQ_INDEX, "ABI");
static_assert((int)LIBIOMMU_INTERRUPT_MSI == VFIO_PCI_MSI_IRQ_INDEX, "ABI");
static_assert((int)LIBIOMMU_INTERRUPT_MSIX == VFIO_PCI_MSIX_IRQ_INDEX, "ABI");
static_assert((int)LIBIOMMU_INTERRUPT_ERROR == VFIO_PCI_ERR_IRQ_INDEX, "ABI");
static_assert((int)LIBIOMMU_INTERRUPT_REQUEST == VFIO_PCI_REQ_IRQ_INDEX, "ABI");

/* Hold the device's descriptor. On type1 the group's other devices share the lock. */
static int hold(struct libiommu_vfiodev *device, struct libiommu_failure *failure)
{
	pthread_rwlock_rdlock(device->lock);
	if (device->fd >= 0)
		return 0;
	pthread_rwlock_unlock(device->lock);
	return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, device->name, NULL);
}

/* The same to change what is known through it. */
static int hold_alone(struct libiommu_vfiodev *device, struct libiommu_failure *failure)
{
	pthread_rwlock_wrlock(device->lock);
	if (device->fd >= 0)
		return 0;
	pthread_rwlock_unlock(device->lock);
	return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, device->name, NULL);
}

static void release(struct libiommu_vfiodev *device)
{
	pthread_rwlock_unlock(device->lock);
}

static int look_up(struct libiommu_vfiodev *device, unsigned int index,
		   struct libiommu_failure *failure)
{
	struct libiommu_vfio_region region;
	int rc;

	if (device->known & 1u << index)
		return 0;
	rc = libiommu_vfio_region_info(device->sys, device->fd, index, &region);
	if (rc < 0) {
		libiommu_vfiodev_diagnose(failure, rc, "VFIO_DEVICE_GET_REGION_INFO", device->name);
		if (rc == -EINVAL)
			rc = libiommu_refuse(failure, LIBIOMMU_REASON_NO_REGION, NULL,
					     "Its number is %u.", index);
		return rc;
	}
	device->regions[index] = region;
	device->known |= 1u << index;
	return 0;
}

static int region_open(void *data, unsigned int index, uint64_t *size,
		       struct libiommu_failure *failure)
{
	const uint32_t usable = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	struct libiommu_vfiodev *device = data;
	int rc = hold_alone(device, failure);

	if (rc)
		return rc;
	if (index < VFIO_PCI_NUM_REGIONS)
		rc = look_up(device, index, failure);
	if (!rc && (index >= VFIO_PCI_NUM_REGIONS || !device->regions[index].size ||
		    !(device->regions[index].flags & usable)))
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_NO_REGION, device->name,
				     "Its number is %u.", index);
	if (!rc)
		*size = device->regions[index].size;
	release(device);
	return rc;
}

/* The same with the region known; the core reaches the configuration space without opening it. */
static int hold_region(struct libiommu_vfiodev *device, unsigned int index,
		       struct libiommu_failure *failure)
{
	int rc = hold(device, failure);

	if (rc || (device->known & 1u << index))
		return rc;
	release(device);
	rc = hold_alone(device, failure);
	if (rc)
		return rc;
	rc = look_up(device, index, failure);
	if (!rc && !device->regions[index].size)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_NO_REGION, device->name,
				     "Its number is %u.", index);
	if (rc)
		release(device);
	return rc;
}

static int refuse_access(struct libiommu_vfiodev *device, int64_t moved, const char *call,
			 struct libiommu_failure *failure)
{
	libiommu_refuse_kernel(failure, moved < 0 ? (int)moved : -EIO, call, device->name);
	return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_IO, device->name, NULL);
}

static int region_read(void *data, unsigned int index, uint64_t offset, unsigned int width,
		       uint64_t *value, struct libiommu_failure *failure)
{
	struct libiommu_vfiodev *device = data;
	uint8_t bytes[8];
	int64_t moved;
	int rc = hold_region(device, index, failure);

	if (rc)
		return rc;
	moved = device->sys->pread(device->sys->data, device->fd, bytes, width,
				   device->regions[index].offset + offset);
	release(device);
	if (moved != (int64_t)width)
		return refuse_access(device, moved, "pread", failure);
	*value = 0;
	for (unsigned int i = width; i--;)
		*value = *value << 8 | bytes[i];
	return 0;
}

static int region_write(void *data, unsigned int index, uint64_t offset, unsigned int width,
			uint64_t value, struct libiommu_failure *failure)
{
	struct libiommu_vfiodev *device = data;
	uint8_t bytes[8];
	int64_t moved;
	int rc = hold_region(device, index, failure);

	if (rc)
		return rc;
	for (unsigned int i = 0; i < width; i++, value >>= 8)
		bytes[i] = (uint8_t)value;
	moved = device->sys->pwrite(device->sys->data, device->fd, bytes, width,
				    device->regions[index].offset + offset);
	release(device);
	return moved == (int64_t)width ? 0 : refuse_access(device, moved, "pwrite", failure);
}

static int region_map(void *data, unsigned int index, uint64_t size, void **out,
		      struct libiommu_failure *failure)
{
	struct libiommu_vfiodev *device = data;
	const struct libiommu_sys *sys = device->sys;
	const struct libiommu_vfio_region *region = &device->regions[index];
	int prot, rc = hold_alone(device, failure);

	if (rc)
		return rc;
	prot = (region->flags & VFIO_REGION_INFO_FLAG_READ ? PROT_READ : 0) |
	       (region->flags & VFIO_REGION_INFO_FLAG_WRITE ? PROT_WRITE : 0);
	if (region->parts || !(region->flags & VFIO_REGION_INFO_FLAG_MMAP)) {
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_REGION_NOT_MAPPABLE, device->name,
				     region->parts ? "Only parts of it can be." : NULL);
	} else {
		rc = sys->mmap(sys->data, NULL, (size_t)size, prot, MAP_SHARED, device->fd,
			       region->offset, out);
		if (rc < 0)
			rc = libiommu_vfiodev_diagnose(failure, rc, "mmap", device->name);
	}
	if (!rc)
		device->mapped++;
	release(device);
	return rc;
}

static void region_unmap(void *data, unsigned int index, uint64_t size, void *address)
{
	struct libiommu_vfiodev *device = data;

	(void)index;
	device->sys->munmap(device->sys->data, address, (size_t)size);
	pthread_rwlock_wrlock(device->lock);
	device->mapped--;
	pthread_rwlock_unlock(device->lock);
}

static int ask_count(struct libiommu_vfiodev *device, enum libiommu_interrupt_kind kind,
		     unsigned int *count, struct libiommu_failure *failure)
{
	uint32_t flags, number;
	int rc = libiommu_vfio_irq_info(device->sys, device->fd, (uint32_t)kind, &flags, &number);

	/* Only devices on PCIe have the one, and old kernels know neither. */
	if (rc == -EINVAL &&
	    (kind == LIBIOMMU_INTERRUPT_ERROR || kind == LIBIOMMU_INTERRUPT_REQUEST)) {
		*count = 0;
		return 0;
	}
	if (rc < 0) {
		libiommu_vfiodev_diagnose(failure, rc, "VFIO_DEVICE_GET_IRQ_INFO", device->name);
		if (rc == -EINVAL)
			rc = libiommu_refuse(failure, LIBIOMMU_REASON_NO_INTERRUPT, NULL, NULL);
		return rc;
	}
	*count = flags & VFIO_IRQ_INFO_EVENTFD ? number : 0;
	return 0;
}

static int interrupt_count(void *data, enum libiommu_interrupt_kind kind, unsigned int *count,
			   struct libiommu_failure *failure)
{
	struct libiommu_vfiodev *device = data;
	int rc = hold(device, failure);

	if (rc)
		return rc;
	rc = ask_count(device, kind, count, failure);
	release(device);
	return rc;
}

static int disable(struct libiommu_vfiodev *device, enum libiommu_interrupt_kind kind,
		   struct libiommu_failure *failure)
{
	const uint32_t bit = 1u << kind;
	int rc;

	/* The kernel refuses to stop what does not run. */
	if (!(device->enabled & bit))
		return 0;
	rc = libiommu_vfio_irq_disable(device->sys, device->fd, (uint32_t)kind);
	if (rc < 0)
		return libiommu_vfiodev_diagnose(failure, rc, "VFIO_DEVICE_SET_IRQS", device->name);
	device->enabled &= ~bit;
	return 0;
}

static bool is_eventfd(struct libiommu_vfiodev *device, int fd)
{
	const struct libiommu_sysfs proc = libiommu_sysfs_beside(device->sysfs, "/proc");
	char path[32], name[64];

	snprintf(path, sizeof(path), "self/fd/%d", fd);
	return libiommu_sysfs_link(&proc, path, name, sizeof(name)) < 0 ||
	       !strcmp(name, "anon_inode:[eventfd]");
}

static int refuse_events(struct libiommu_vfiodev *device, const int *fds, unsigned int count,
			 int error, struct libiommu_failure *failure)
{
	int rc = libiommu_vfiodev_diagnose(failure, error, "VFIO_DEVICE_SET_IRQS", device->name);

	if (error == -EBADF)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_FD, device->name, NULL);
	for (unsigned int i = 0; error == -EINVAL && i < count; i++)
		if (!is_eventfd(device, fds[i]))
			return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_FD, device->name,
					       "It is not an eventfd.");
	return rc;
}

static int enable(struct libiommu_vfiodev *device, enum libiommu_interrupt_kind kind,
		  const int *fds, unsigned int count, struct libiommu_failure *failure)
{
	const size_t size = libiommu_vfio_irq_set_size(count);
	const struct libiommu_allocator *a = device->allocator;
	void *buffer = a->alloc(a->data, size, _Alignof(max_align_t));
	int rc = 0;

	if (!buffer)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	/* Only as many as there were can be exchanged in place. */
	if (device->vectors[kind] != count)
		rc = disable(device, kind, failure);
	if (!rc) {
		rc = libiommu_vfio_irq_eventfds(device->sys, device->fd, (uint32_t)kind, fds, count,
						buffer);
		if (rc < 0)
			rc = refuse_events(device, fds, count, rc, failure);
	}
	if (!rc) {
		device->enabled |= 1u << kind;
		device->vectors[kind] = count;
	}
	a->free(a->data, buffer, size);
	return rc;
}

static int interrupt_set(void *data, enum libiommu_interrupt_kind kind, const int *fds,
			 unsigned int count, struct libiommu_failure *failure)
{
	struct libiommu_vfiodev *device = data;
	int rc = hold_alone(device, failure);

	if (rc)
		return rc;
	rc = count ? enable(device, kind, fds, count, failure) : disable(device, kind, failure);
	release(device);
	return rc;
}

static int interrupt_unmask(void *data, struct libiommu_failure *failure)
{
	struct libiommu_vfiodev *device = data;
	unsigned int count = 0;
	int rc = hold(device, failure);

	if (rc)
		return rc;
	rc = ask_count(device, LIBIOMMU_INTERRUPT_INTX, &count, failure);
	if (!rc && !count)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_NO_INTERRUPT, device->name, NULL);
	if (!rc) {
		rc = libiommu_vfio_irq_unmask(device->sys, device->fd, VFIO_PCI_INTX_IRQ_INDEX);
		if (rc < 0)
			rc = libiommu_vfiodev_diagnose(failure, rc, "VFIO_DEVICE_SET_IRQS",
						       device->name);
	}
	release(device);
	return rc;
}

static int reset(void *data, struct libiommu_failure *failure)
{
	struct libiommu_vfiodev *device = data;
	uint32_t flags;
	int rc = hold(device, failure);

	if (rc)
		return rc;
	rc = libiommu_vfio_device_info(device->sys, device->fd, &flags);
	if (rc < 0) {
		rc = libiommu_vfiodev_diagnose(failure, rc, "VFIO_DEVICE_GET_INFO", device->name);
	} else if (!(flags & VFIO_DEVICE_FLAGS_RESET)) {
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_RESET_UNSUPPORTED, device->name,
				     NULL);
	} else {
		rc = libiommu_vfio_device_reset(device->sys, device->fd);
		if (rc < 0)
			rc = libiommu_vfiodev_diagnose(failure, rc, "VFIO_DEVICE_RESET",
						       device->name);
	}
	release(device);
	return rc;
}

const struct libiommu_backend_regions libiommu_vfiodev_regions = {
	.size = sizeof(struct libiommu_backend_regions),
	.open = region_open,
	.read = region_read,
	.write = region_write,
	.map = region_map,
	.unmap = region_unmap,
	.interrupt_count = interrupt_count,
	.interrupt_set = interrupt_set,
	.interrupt_unmask = interrupt_unmask,
	.reset = reset,
};
