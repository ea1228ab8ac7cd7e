/* SPDX-License-Identifier: BSD-2-Clause */
/* QEMU's edu: registers, DMA through the container's mappings, interrupts to eventfds. */
#include "tests/fake/iommufd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REGION_SHIFT 40
#define COMMAND      4
#define BUS_MASTER   4

#define EDU_IDENTITY   0x00
#define EDU_INVERT     0x04
#define EDU_FACTORIAL  0x08
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE  0x60
#define EDU_IRQ_ACK    0x64
#define EDU_SOURCE     0x80
#define EDU_TARGET     0x88
#define EDU_BYTES      0x90
#define EDU_COMMAND    0x98
#define EDU_RUN        1u
#define EDU_TO_RAM     2u
#define EDU_RUN_IRQ    4u

void fake_device_reset(struct device *device)
{
	struct edu *edu = &device->edu;

	memset(edu, 0, sizeof(*edu));
	memcpy(&edu->config[0], &device->vendor, 2);
	memcpy(&edu->config[2], &device->id, 2);
	edu->config[COMMAND] = 2;
	edu->config[8] = 0x10;
	edu->config[9] = (uint8_t)device->class_code;
	edu->config[10] = (uint8_t)(device->class_code >> 8);
	edu->config[11] = (uint8_t)(device->class_code >> 16);
	device->resets++;
}

static void forget_event(struct device *device, unsigned int kind)
{
	if (device->events[kind] >= 0)
		close(device->events[kind]);
	device->events[kind] = -1;
}

void fake_device_open(struct fake_kernel *kernel, struct device *device)
{
	if (!device->open++)
		fake_device_reset(device);
	kernel->groups[device->group].devices++;
}

void fake_device_close(struct fake_kernel *kernel, struct device *device)
{
	if (--device->open == 0) {
		for (unsigned int kind = 0; kind < IRQ_KINDS; kind++)
			forget_event(device, kind);
		device->edu.config[COMMAND] &= (uint8_t)~BUS_MASTER;
	}
	kernel->groups[device->group].devices--;
	fake_group_put(kernel, device->group);
}

static void signal_event(int fd)
{
	const uint64_t one = 1;

	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

static void deliver(struct device *device)
{
	signal_event(device->events[VFIO_PCI_MSI_IRQ_INDEX]);
	if (device->events[VFIO_PCI_INTX_IRQ_INDEX] < 0)
		return;
	if (device->masked) {
		device->pending = true;
		return;
	}
	device->masked = true;
	signal_event(device->events[VFIO_PCI_INTX_IRQ_INDEX]);
}

static void raise_irq(struct device *device, uint32_t bits)
{
	device->edu.irq_status |= bits;
	if (device->edu.irq_status)
		deliver(device);
}

/* Where an access ends up; *length is cut to what is there. NULL: a fault */
static void *translate(struct fake_kernel *kernel, struct device *device, uint64_t iova, bool write,
		       size_t *length)
{
	if (device->cdev)
		return fake_cdev_translate(kernel, device->cdev, iova, write, length);
	return fake_container_translate(kernel->groups[device->group].container, iova,
					write ? VFIO_DMA_MAP_FLAG_WRITE : VFIO_DMA_MAP_FLAG_READ,
					length);
}

/* What cannot be reached is left out, as the bus does. */
static void dma(struct fake_kernel *kernel, struct device *device, bool to_ram)
{
	struct edu *edu = &device->edu;
	uint64_t inner = (to_ram ? edu->source : edu->target) - EDU_BUFFER;
	uint64_t iova = to_ram ? edu->target : edu->source;
	size_t left = (size_t)edu->bytes;

	if (inner > EDU_BUFFER_SIZE || edu->bytes > EDU_BUFFER_SIZE - inner ||
	    !(edu->config[COMMAND] & BUS_MASTER))
		return;
	while (left) {
		size_t length = left;
		void *memory = translate(kernel, device, iova, to_ram, &length);

		if (!memory) {
			length = (size_t)(PAGE - (iova & (PAGE - 1)));
			length = length < left ? length : left;
		} else if (to_ram) {
			memcpy(memory, edu->buffer + inner, length);
		} else {
			memcpy(edu->buffer + inner, memory, length);
		}
		iova += length;
		inner += length;
		left -= length;
	}
}

static uint32_t factorial(uint32_t n)
{
	uint32_t product = 1;

	for (; n; n--)
		product *= n;
	return product;
}

static void bar_write(struct fake_kernel *kernel, struct device *device, uint64_t offset,
		      uint64_t value)
{
	struct edu *edu = &device->edu;

	switch (offset) {
	case EDU_INVERT:
		edu->inverted = ~(uint32_t)value;
		break;
	case EDU_FACTORIAL:
		edu->factorial = value > 1000000 ? 0 : factorial((uint32_t)value);
		break;
	case EDU_IRQ_RAISE:
		raise_irq(device, (uint32_t)value);
		break;
	case EDU_IRQ_ACK:
		edu->irq_status &= ~(uint32_t)value;
		break;
	case EDU_SOURCE:
		edu->source = value;
		break;
	case EDU_TARGET:
		edu->target = value;
		break;
	case EDU_BYTES:
		edu->bytes = value;
		break;
	case EDU_COMMAND:
		if (value & EDU_RUN)
			dma(kernel, device, value & EDU_TO_RAM);
		if ((value & EDU_RUN) && (value & EDU_RUN_IRQ))
			raise_irq(device, 0x100);
		break;
	default:
		break;
	}
}

static uint64_t bar_read(const struct device *device, uint64_t offset)
{
	const struct edu *edu = &device->edu;

	switch (offset) {
	case EDU_IDENTITY:
		return 0x010000ed;
	case EDU_INVERT:
		return edu->inverted;
	case EDU_FACTORIAL:
		return edu->factorial;
	case EDU_IRQ_STATUS:
		return edu->irq_status;
	case EDU_SOURCE:
		return edu->source;
	case EDU_TARGET:
		return edu->target;
	case EDU_BYTES:
		return edu->bytes;
	case EDU_COMMAND:
		return 0;
	default:
		return UINT64_MAX;
	}
}

static uint64_t region_size(unsigned int index)
{
	switch (index) {
	case 0:
		return EDU_BAR_SIZE;
	case 2:
		return EDU_MEMORY_SIZE;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return sizeof(((struct edu *)0)->config);
	default:
		return 0;
	}
}

bool fake_device_mappable(uint64_t offset, size_t length)
{
	return offset == 2ull << REGION_SHIFT && length <= EDU_MEMORY_SIZE;
}

/* @return length, or a negative errno; 0 behind the end */
static int64_t check_access(size_t length, uint64_t offset, unsigned int *index, uint64_t *at)
{
	uint64_t size;

	*index = (unsigned int)(offset >> REGION_SHIFT);
	*at = offset & ((1ull << REGION_SHIFT) - 1);
	size = *index < VFIO_PCI_NUM_REGIONS ? region_size(*index) : 0;
	if (!size || *at >= size)
		return -EINVAL;
	return (int64_t)(length < size - *at ? length : size - *at);
}

int64_t fake_device_read(struct device *device, void *buffer, size_t length, uint64_t offset)
{
	unsigned int index;
	uint64_t at, value;
	int64_t moved = check_access(length, offset, &index, &at);

	if (moved < 0)
		return moved;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		memcpy(buffer, device->edu.config + at, (size_t)moved);
	} else if (index == 2) {
		return pread(device->memory, buffer, (size_t)moved, (off_t)at);
	} else {
		value = bar_read(device, at & ~7ull) >> (at & 4) * 8;
		if (at < EDU_SOURCE)
			value = bar_read(device, at);
		memset(buffer, 0xff, (size_t)moved);
		memcpy(buffer, &value, moved < 8 ? (size_t)moved : 8);
	}
	return moved;
}

int64_t fake_device_write(struct fake_kernel *kernel, struct device *device, const void *buffer,
			  size_t length, uint64_t offset)
{
	unsigned int index;
	uint64_t at, value = 0;
	int64_t moved = check_access(length, offset, &index, &at);

	if (moved < 0)
		return moved;
	if (index == VFIO_PCI_CONFIG_REGION_INDEX) {
		/* Everything but the command register keeps its value. */
		for (size_t i = 0; i < (size_t)moved; i++)
			if (at + i == COMMAND || at + i == COMMAND + 1)
				device->edu.config[at + i] = ((const uint8_t *)buffer)[i];
	} else if (index == 2) {
		return pwrite(device->memory, buffer, (size_t)moved, (off_t)at);
	} else {
		memcpy(&value, buffer, moved < 8 ? (size_t)moved : 8);
		bar_write(kernel, device, at, value);
	}
	return moved;
}

static int region_info(struct vfio_region_info *info)
{
	const unsigned int index = info->index;

	if (info->argsz < sizeof(*info) || index >= VFIO_PCI_NUM_REGIONS - 1)
		return -EINVAL;
	info->size = region_size(index);
	info->offset = (uint64_t)index << REGION_SHIFT;
	info->flags = info->size ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0;
	if (index == 2)
		info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	return 0;
}

/* How many there are; a device of conventional PCI does not know that it could err. */
static int irq_count(const struct fake_kernel *kernel, uint32_t index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
	case VFIO_PCI_MSI_IRQ_INDEX:
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return 0;
	case VFIO_PCI_ERR_IRQ_INDEX:
		return kernel->knobs[FAKE_PCIE] ? 1 : -EINVAL;
	default:
		return -EINVAL;
	}
}

static int irq_info(const struct fake_kernel *kernel, struct vfio_irq_info *info)
{
	int count = irq_count(kernel, info->index);

	if (info->argsz < sizeof(*info) || count < 0)
		return -EINVAL;
	info->flags = VFIO_IRQ_INFO_EVENTFD;
	info->flags |= info->index == VFIO_PCI_INTX_IRQ_INDEX
			       ? VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED
			       : VFIO_IRQ_INFO_NORESIZE;
	info->count = (uint32_t)count;
	return 0;
}

static int unmask(struct device *device, unsigned int index)
{
	if (index != VFIO_PCI_INTX_IRQ_INDEX)
		return -ENOTTY;
	if (device->events[index] < 0)
		return -EINVAL;
	device->masked = false;
	if (device->pending) {
		device->pending = false;
		deliver(device);
	}
	return 0;
}

static bool is_eventfd(int fd)
{
	static const char name[] = "anon_inode:[eventfd]";
	char path[32], target[sizeof(name)];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return readlink(path, target, sizeof(target)) == sizeof(name) - 1 &&
	       !memcmp(target, name, sizeof(name) - 1);
}

static int set_irqs(const struct fake_kernel *kernel, struct device *device,
		    const struct vfio_irq_set *set)
{
	int fd, max = irq_count(kernel, set->index);
	bool on;

	if (set->argsz < sizeof(*set) || max < 0 || set->count > (uint32_t)max || set->start)
		return -EINVAL;
	on = device->events[set->index] >= 0;
	if (set->flags == (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK))
		return unmask(device, set->index);
	if (set->flags == (VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER)) {
		if (!on || set->count)
			return -EINVAL;
		forget_event(device, set->index);
		return 0;
	}
	if (set->flags != (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER) ||
	    !set->count || set->argsz < sizeof(*set) + sizeof(fd))
		return -EINVAL;
	/* One of these kinds at a time. */
	if (set->index <= VFIO_PCI_MSI_IRQ_INDEX && device->events[1 - set->index] >= 0)
		return -EINVAL;
	memcpy(&fd, set->data, sizeof(fd));
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -EBADF;
	if (!is_eventfd(fd)) {
		close(fd);
		return -EINVAL;
	}
	forget_event(device, set->index);
	device->events[set->index] = fd;
	if (set->index > VFIO_PCI_MSI_IRQ_INDEX)
		return 0;
	device->masked = false;
	device->pending = false;
	return 0;
}

/* They all share a bus. A device that nobody has is in no group. */
static int hot_reset_info(const struct fake_kernel *kernel, struct vfio_pci_hot_reset_info *info)
{
	uint32_t count = (uint32_t)kernel->knobs[FAKE_BUS_PADDING];
	size_t room;

	if (info->argsz < sizeof(*info))
		return -EINVAL;
	if (kernel->knobs[FAKE_NO_BUS_RESET])
		return -ENODEV;
	room = (info->argsz - sizeof(*info)) / sizeof(info->devices[0]);
	info->flags = 0;
	memset(info->devices, 0, (count < room ? count : room) * sizeof(info->devices[0]));
	for (unsigned int i = 0; i < DEVICES; i++) {
		if (!kernel->devices[i].group)
			continue;
		if (count < room) {
			info->devices[count].group_id = kernel->devices[i].group;
			info->devices[count].segment = 0;
			info->devices[count].bus = 0;
			info->devices[count].devfn = (uint8_t)i;
		}
		count++;
	}
	info->count = count;
	return count > room ? -ENOSPC : 0;
}

int fake_device_ioctl(struct fake_kernel *kernel, struct device *device, unsigned long request,
		      void *argument)
{
	struct vfio_device_info *info = argument;

	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		if (info->argsz < offsetof(struct vfio_device_info, cap_offset))
			return -EINVAL;
		info->flags = VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI;
		info->num_regions = VFIO_PCI_NUM_REGIONS;
		info->num_irqs = 5;
		return 0;
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(argument);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return irq_info(kernel, argument);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs(kernel, device, argument);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return hot_reset_info(kernel, argument);
	case VFIO_DEVICE_RESET:
		fake_device_reset(device);
		return 0;
	default:
		return -ENOTTY;
	}
}
