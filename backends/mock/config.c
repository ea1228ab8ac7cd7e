/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/config.h"

#include "backends/mock/model.h"

#include <string.h>

/* Offsets of the PCI specification's type 0 header. */
#define VENDOR        0x00
#define COMMAND       0x04
#define STATUS        0x06
#define REVISION      0x08
#define CLASS         0x09
#define HEADER_TYPE   0x0e
#define BAR0          0x10
#define SUBSYSTEM     0x2c
#define CAPABILITIES  0x34
#define INTERRUPT_PIN 0x3d
#define MSI           0x40 /* where the capability of the models sits */
#define MSI_CONTROL   0x42

#define COMMAND_WRITABLE 0x0546u /* memory, master, parity, SERR, no INTx */
#define STATUS_HAS_LIST  0x10
#define BAR_BASE         0xfe000000u

static void put(struct mock_device *dev, unsigned int offset, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		dev->config[offset + i] = (unsigned char)(value >> (8 * i));
}

void mock_config_reset(struct mock_device *dev)
{
	memset(dev->config, 0, sizeof(dev->config));
	put(dev, VENDOR, 2, dev->vendor);
	put(dev, VENDOR + 2, 2, dev->device);
	put(dev, COMMAND, 2, MOCK_COMMAND_MEMORY);
	put(dev, REVISION, 1, 0x10);
	put(dev, CLASS, 3, dev->class_code);
	put(dev, SUBSYSTEM, 4, 0x11001af4);
	for (unsigned int bar = 0; bar < 6; bar++) {
		if (dev->model->bar_size[bar])
			put(dev, BAR0 + 4 * bar, 4, BAR_BASE);
	}
	if (dev->model->interrupts[LIBIOMMU_INTERRUPT_INTX])
		put(dev, INTERRUPT_PIN, 1, 1);
	if (dev->model->interrupts[LIBIOMMU_INTERRUPT_MSI]) {
		put(dev, STATUS, 1, STATUS_HAS_LIST);
		put(dev, CAPABILITIES, 1, MSI);
		put(dev, MSI, 2, 0x0005);         /* MSI, the last of the list */
		put(dev, MSI_CONTROL, 2, 0x0080); /* one message, 64-bit address */
	}
}

void mock_config_messages(struct mock_device *dev, bool on)
{
	if (on)
		dev->config[MSI_CONTROL] |= 1;
	else
		dev->config[MSI_CONTROL] &= 0xfe;
}

/* Which bits of a byte a driver may set; the rest is fixed or the kernel's. */
static unsigned int writable(const struct mock_device *dev, uint64_t offset)
{
	if (offset == COMMAND || offset == COMMAND + 1)
		return COMMAND_WRITABLE >> (8 * (offset - COMMAND)) & 0xff;
	if (offset == 0x0c || offset == 0x3c) /* cache line, interrupt line */
		return 0xff;
	if (offset >= BAR0 && offset < BAR0 + 24) {
		uint64_t size = dev->model->bar_size[(offset - BAR0) / 4];

		return size ? (unsigned int)(~(size - 1) >> (8 * (offset % 4))) & 0xff : 0;
	}
	return 0;
}

uint64_t mock_config_read(const struct mock_device *dev, uint64_t offset, unsigned int width)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < width; i++)
		value |= (uint64_t)dev->config[offset + i] << (8 * i);
	return value;
}

void mock_config_write(struct mock_device *dev, uint64_t offset, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++) {
		unsigned int mask = writable(dev, offset + i);
		unsigned int byte = (unsigned int)(value >> (8 * i)) & 0xff;

		dev->config[offset + i] =
			(unsigned char)((dev->config[offset + i] & ~mask) | (byte & mask));
	}
}
