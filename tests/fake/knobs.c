/* SPDX-License-Identifier: BSD-2-Clause */
/* What a test may change and look at from outside. */
#include "tests/fake/iommufd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void fake_kernel_request(struct fake_kernel *kernel, const char *name)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&kernel->lock);
	for (size_t i = 0; i < DEVICES; i++) {
		int fd = kernel->devices[i].events[VFIO_PCI_REQ_IRQ_INDEX];

		if (!strcmp(kernel->devices[i].name, name) && fd >= 0 &&
		    write(fd, &one, sizeof(one)) < 0)
			break;
	}
	pthread_mutex_unlock(&kernel->lock);
}

size_t fake_kernel_open_fds(struct fake_kernel *kernel)
{
	size_t count = 0;

	pthread_mutex_lock(&kernel->lock);
	for (size_t i = 0; i < MAX_FDS; i++)
		count += kernel->files[i].kind != FREE;
	for (size_t i = 0; i < DEVICES; i++)
		for (unsigned int kind = 0; kind < IRQ_KINDS; kind++)
			count += kernel->devices[i].events[kind] >= 0;
	pthread_mutex_unlock(&kernel->lock);
	return count;
}

void fake_kernel_set(struct fake_kernel *kernel, enum fake_knob knob, uint64_t value)
{
	pthread_mutex_lock(&kernel->lock);
	kernel->knobs[knob] = value;
	pthread_mutex_unlock(&kernel->lock);
}

void fake_kernel_reserve(struct fake_kernel *kernel, unsigned int group, uint64_t start,
			 uint64_t last, const char *type)
{
	struct group *g = &kernel->groups[group];

	pthread_mutex_lock(&kernel->lock);
	if (g->reserved_count < RESERVED) {
		struct reserved *reserved = &g->reserved[g->reserved_count++];

		reserved->start = start;
		reserved->last = last;
		snprintf(reserved->type, sizeof(reserved->type), "%s", type);
	}
	pthread_mutex_unlock(&kernel->lock);
}

void fake_kernel_bind(struct fake_kernel *kernel, const char *name, const char *driver)
{
	struct device *device;

	pthread_mutex_lock(&kernel->lock);
	device = fake_device(kernel, name);
	if (device)
		snprintf(device->driver, sizeof(device->driver), "%s", driver);
	pthread_mutex_unlock(&kernel->lock);
}

void fake_kernel_token(struct fake_kernel *kernel, const char *name, const char *token)
{
	struct device *device;

	pthread_mutex_lock(&kernel->lock);
	device = fake_device(kernel, name);
	if (device)
		snprintf(device->token, sizeof(device->token), "%s", token);
	pthread_mutex_unlock(&kernel->lock);
}

unsigned int fake_kernel_resets(struct fake_kernel *kernel, const char *name)
{
	const struct device *device;
	unsigned int resets;

	pthread_mutex_lock(&kernel->lock);
	device = fake_device(kernel, name);
	resets = device ? device->resets : 0;
	pthread_mutex_unlock(&kernel->lock);
	return resets;
}

void fake_kernel_instance(struct fake_kernel *kernel, unsigned int group, unsigned int instance)
{
	pthread_mutex_lock(&kernel->lock);
	kernel->groups[group].instance = instance;
	pthread_mutex_unlock(&kernel->lock);
}

void fake_kernel_make(struct fake_kernel *kernel, unsigned int group, uint32_t make)
{
	pthread_mutex_lock(&kernel->lock);
	kernel->groups[group].make = make;
	pthread_mutex_unlock(&kernel->lock);
}

static struct container *container_of(struct fake_kernel *kernel, const char *name)
{
	const struct device *device = fake_device(kernel, name);

	return device ? kernel->groups[device->group].container : NULL;
}

static struct ioas *ioas_of(struct fake_kernel *kernel, const char *name)
{
	const struct device *device = fake_device(kernel, name);

	return device && device->cdev ? fake_cdev_ioas(device->cdev) : NULL;
}

size_t fake_kernel_mappings(struct fake_kernel *kernel, const char *name)
{
	const struct container *container;
	const struct ioas *ioas;
	size_t count;

	pthread_mutex_lock(&kernel->lock);
	container = container_of(kernel, name);
	ioas = ioas_of(kernel, name);
	count = container ? container->count : ioas ? ioas->count : 0;
	pthread_mutex_unlock(&kernel->lock);
	return count;
}

bool fake_kernel_together(struct fake_kernel *kernel, const char *a, const char *b)
{
	bool together;

	pthread_mutex_lock(&kernel->lock);
	together =
		(container_of(kernel, a) && container_of(kernel, a) == container_of(kernel, b)) ||
		(ioas_of(kernel, a) && ioas_of(kernel, a) == ioas_of(kernel, b));
	pthread_mutex_unlock(&kernel->lock);
	return together;
}

uint64_t fake_kernel_locked(struct fake_kernel *kernel)
{
	uint64_t locked;

	pthread_mutex_lock(&kernel->lock);
	locked = kernel->locked;
	pthread_mutex_unlock(&kernel->lock);
	return locked;
}

/* The call that maps in whatever a device is in. */
static int map_into(struct fake_kernel *kernel, const char *name, uint64_t iova, void *memory,
		    uint64_t length)
{
	const struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = iova,
		.size = length,
	};
	const struct device *device = fake_device(kernel, name);
	const struct iommu_ioas_map native = {
		.size = sizeof(native),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas_of(kernel, name) ? fake_cdev_ioas_id(device->cdev) : 0,
		.user_va = (uintptr_t)memory,
		.length = length,
		.iova = iova,
	};

	if (native.ioas_id)
		return fake_ioas_map(kernel, device->cdev->iommufd, &native);
	return container_of(kernel, name)
		       ? fake_container_map(kernel, container_of(kernel, name), &map)
		       : -ENODEV;
}

static int unmap_from(struct fake_kernel *kernel, const char *name, uint64_t iova, uint64_t length)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = length,
	};
	const struct device *device = fake_device(kernel, name);
	struct iommu_ioas_unmap native = {
		.size = sizeof(native),
		.ioas_id = ioas_of(kernel, name) ? fake_cdev_ioas_id(device->cdev) : 0,
		.iova = iova,
		.length = length,
	};

	if (native.ioas_id)
		return fake_ioas_unmap(kernel, device->cdev->iommufd, &native);
	return container_of(kernel, name)
		       ? fake_container_unmap(kernel, container_of(kernel, name), &unmap)
		       : -ENODEV;
}

int fake_kernel_map(struct fake_kernel *kernel, const char *name, uint64_t iova, void *memory,
		    uint64_t length)
{
	int rc;

	pthread_mutex_lock(&kernel->lock);
	rc = map_into(kernel, name, iova, memory, length);
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

int fake_kernel_unmap(struct fake_kernel *kernel, const char *name, uint64_t iova, uint64_t length)
{
	int rc;

	pthread_mutex_lock(&kernel->lock);
	rc = unmap_from(kernel, name, iova, length);
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

/* NULL: the device is not bound to an iommufd. */
static struct cdev *cdev_of(struct fake_kernel *kernel, const char *name)
{
	const struct device *device = fake_device(kernel, name);

	return device ? device->cdev : NULL;
}

uint32_t fake_kernel_table(struct fake_kernel *kernel, const char *name, uint32_t pasid)
{
	const struct cdev *cdev;
	uint32_t table = 0;

	pthread_mutex_lock(&kernel->lock);
	cdev = cdev_of(kernel, name);
	if (cdev)
		table = fake_cdev_table(cdev, pasid);
	pthread_mutex_unlock(&kernel->lock);
	return table;
}

unsigned int fake_kernel_invalidations(struct fake_kernel *kernel, const char *name, uint32_t pasid)
{
	const struct cdev *cdev;
	unsigned int count = 0;

	pthread_mutex_lock(&kernel->lock);
	cdev = cdev_of(kernel, name);
	if (cdev && fake_cdev_table(cdev, pasid))
		count = cdev->iommufd->objects[fake_cdev_table(cdev, pasid)].hwpt.invalidations;
	pthread_mutex_unlock(&kernel->lock);
	return count;
}

unsigned int fake_kernel_objects(struct fake_kernel *kernel, const char *name)
{
	const struct cdev *cdev;
	unsigned int count = 0;

	pthread_mutex_lock(&kernel->lock);
	cdev = cdev_of(kernel, name);
	for (uint32_t id = 1; cdev && id < OBJECTS; id++)
		count += cdev->iommufd->objects[id].kind != OBJECT_NONE;
	pthread_mutex_unlock(&kernel->lock);
	return count;
}
