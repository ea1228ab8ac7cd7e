/* SPDX-License-Identifier: BSD-2-Clause */
/* What a test may change and look at from outside. */
#include "tests/fake/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

size_t fake_kernel_open_fds(struct fake_kernel *kernel)
{
	size_t count = 0;

	pthread_mutex_lock(&kernel->lock);
	for (size_t i = 0; i < MAX_FDS; i++)
		count += kernel->files[i].kind != FREE;
	for (size_t i = 0; i < DEVICES; i++)
		for (unsigned int kind = 0; kind < 3; kind++)
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

static struct container *container_of(struct fake_kernel *kernel, const char *name)
{
	const struct device *device = fake_device(kernel, name);

	return device ? kernel->groups[device->group].container : NULL;
}

size_t fake_kernel_mappings(struct fake_kernel *kernel, const char *name)
{
	const struct container *container;
	size_t count;

	pthread_mutex_lock(&kernel->lock);
	container = container_of(kernel, name);
	count = container ? container->count : 0;
	pthread_mutex_unlock(&kernel->lock);
	return count;
}

bool fake_kernel_together(struct fake_kernel *kernel, const char *a, const char *b)
{
	bool together;

	pthread_mutex_lock(&kernel->lock);
	together = container_of(kernel, a) && container_of(kernel, a) == container_of(kernel, b);
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

int fake_kernel_map(struct fake_kernel *kernel, const char *name, uint64_t iova, void *memory,
		    uint64_t length)
{
	const struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = iova,
		.size = length,
	};
	struct container *container;
	int rc = -ENODEV;

	pthread_mutex_lock(&kernel->lock);
	container = container_of(kernel, name);
	if (container)
		rc = fake_container_map(kernel, container, &map);
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

int fake_kernel_unmap(struct fake_kernel *kernel, const char *name, uint64_t iova, uint64_t length)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = iova,
		.size = length,
	};
	struct container *container;
	int rc = -ENODEV;

	pthread_mutex_lock(&kernel->lock);
	container = container_of(kernel, name);
	if (container)
		rc = fake_container_unmap(kernel, container, &unmap);
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}
