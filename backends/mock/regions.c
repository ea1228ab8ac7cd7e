/* SPDX-License-Identifier: BSD-2-Clause */
#include <libiommu/region.h>

#include "backends/mock/config.h"
#include "backends/mock/front.h"
#include "backends/mock/model.h"

#include <stdio.h>
#include <string.h>

void mock_device_power_on(struct mock_device *dev)
{
	mock_config_reset(dev);
	dev->interrupts.masked = dev->interrupts.line = false;
	if (dev->model->reset)
		dev->model->reset(dev);
	dev->fd = true;
}

static int needs_attach(const struct mock_device *dev, struct libiommu_failure *failure)
{
	return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, dev->name, NULL);
}

static uint64_t region_size(const struct mock_device *dev, unsigned int index)
{
	if (index == LIBIOMMU_REGION_CONFIG)
		return MOCK_CONFIG_BYTES;
	return index <= LIBIOMMU_REGION_BAR5 ? dev->model->bar_size[index] : 0;
}

static int region_open(void *device, unsigned int index, uint64_t *size,
		       struct libiommu_failure *failure)
{
	struct mock_device *dev = ((struct mock_claim *)device)->dev;
	bool reachable;

	pthread_mutex_lock(&dev->lock);
	reachable = dev->fd;
	pthread_mutex_unlock(&dev->lock);
	if (!reachable)
		return needs_attach(dev, failure);
	*size = region_size(dev, index);
	if (!*size)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_REGION, dev->name, NULL);
	return 0;
}

/* The device is there and decodes the region. */
static int check_access(const struct mock_device *dev, unsigned int index,
			struct libiommu_failure *failure)
{
	if (!dev->fd)
		return needs_attach(dev, failure);
	if (mock_device_is_removed(dev))
		return 0;
	if (index != LIBIOMMU_REGION_CONFIG && !(mock_config_command(dev) & MOCK_COMMAND_MEMORY))
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_IO, dev->name,
				       "Its memory decoding is off.");
	return 0;
}

/* What the bus reads where nobody answers is all ones. */
static uint64_t read_device(struct mock_device *dev, unsigned int index, uint64_t offset,
			    unsigned int width)
{
	if (mock_device_is_removed(dev))
		return UINT64_MAX >> (64 - 8 * width);
	if (index == LIBIOMMU_REGION_CONFIG)
		return mock_config_read(dev, offset, width);
	return dev->model->read(dev, index, offset, width);
}

static void write_device(struct mock_device *dev, unsigned int index, uint64_t offset,
			 unsigned int width, uint64_t value)
{
	if (mock_device_is_removed(dev))
		return;
	if (index == LIBIOMMU_REGION_CONFIG)
		mock_config_write(dev, offset, width, value);
	else
		dev->model->write(dev, index, offset, width, value);
}

static int region_read(void *device, unsigned int index, uint64_t offset, unsigned int width,
		       uint64_t *value, struct libiommu_failure *failure)
{
	struct mock_device *dev = ((struct mock_claim *)device)->dev;
	int error;

	pthread_mutex_lock(&dev->lock);
	error = check_access(dev, index, failure);
	if (!error)
		*value = read_device(dev, index, offset, width);
	pthread_mutex_unlock(&dev->lock);
	return error;
}

static int region_write(void *device, unsigned int index, uint64_t offset, unsigned int width,
			uint64_t value, struct libiommu_failure *failure)
{
	struct mock_device *dev = ((struct mock_claim *)device)->dev;
	int error;

	pthread_mutex_lock(&dev->lock);
	error = check_access(dev, index, failure);
	if (!error)
		write_device(dev, index, offset, width, value);
	pthread_mutex_unlock(&dev->lock);
	return error;
}

/* The models run in the accesses, which plain memory would not call. */
static int region_map(void *device, unsigned int index, uint64_t size, void **out,
		      struct libiommu_failure *failure)
{
	struct mock_device *dev = ((struct mock_claim *)device)->dev;

	(void)index;
	(void)size;
	(void)out;
	return libiommu_refuse(failure, LIBIOMMU_REASON_REGION_NOT_MAPPABLE, dev->name, NULL);
}

static int device_reset(void *device, struct libiommu_failure *failure)
{
	struct mock_device *dev = ((struct mock_claim *)device)->dev;
	int error = 0;

	pthread_mutex_lock(&dev->lock);
	if (!dev->fd)
		error = needs_attach(dev, failure);
	else if (mock_device_is_removed(dev))
		error = libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_IO, dev->name,
					"It was removed.");
	else if (!dev->can_reset)
		error = libiommu_refuse(failure, LIBIOMMU_REASON_RESET_UNSUPPORTED, dev->name,
					NULL);
	else if (dev->model->reset)
		dev->model->reset(dev); /* configuration space is restored, as Linux does */
	pthread_mutex_unlock(&dev->lock);
	return error;
}

const struct libiommu_backend_regions mock_regions = {
	.size = sizeof(struct libiommu_backend_regions),
	.open = region_open,
	.read = region_read,
	.write = region_write,
	.map = region_map,
	.interrupt_count = mock_interrupt_count,
	.interrupt_set = mock_interrupt_set,
	.interrupt_unmask = mock_interrupt_unmask,
	.reset = device_reset,
};
