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
#define MSI           0x40 /* where the capabilities sit */
#define MSI_CONTROL   0x42
#define MSIX          0x60
#define MSIX_CONTROL  0x62

#define ID_MSI   0x05
#define ID_MSIX  0x11
#define BAR_64   0x4
#define MSI_WIDE 0x0080 /* one message, 64-bit address */

#define COMMAND_WRITABLE 0x0546u /* memory, master, parity, SERR, no INTx */
#define STATUS_HAS_LIST  0x10
#define BAR_BASE         0xfe000000u
#define BAR_ABOVE_4G     UINT64_C(0x380000000)

static void put(struct mock_device *dev, unsigned int offset, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		dev->config[offset + i] = (unsigned char)(value >> (8 * i));
}

static bool is_wide(const struct mock_device *dev, unsigned int bar)
{
	return dev->model->wide_bars >> bar & 1;
}

/* At the end of the list so far, which *link leads to. */
static void put_capability(struct mock_device *dev, unsigned int *link, unsigned int offset,
			   unsigned int id)
{
	put(dev, STATUS, 1, STATUS_HAS_LIST);
	put(dev, *link, 1, offset);
	put(dev, offset, 1, id);
	*link = offset + 1;
}

static void put_capabilities(struct mock_device *dev)
{
	const unsigned int *there = dev->interrupts.there;
	unsigned int link = CAPABILITIES;

	if (there[LIBIOMMU_INTERRUPT_MSI]) {
		put_capability(dev, &link, MSI, ID_MSI);
		put(dev, MSI_CONTROL, 2, MSI_WIDE);
	}
	if (there[LIBIOMMU_INTERRUPT_MSIX]) {
		put_capability(dev, &link, MSIX, ID_MSIX);
		put(dev, MSIX_CONTROL, 2, there[LIBIOMMU_INTERRUPT_MSIX] - 1);
		put(dev, MSIX + 4, 4, dev->model->msix_table);
		put(dev, MSIX + 8, 4, dev->model->msix_pending);
	}
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
		if (is_wide(dev, bar))
			put(dev, BAR0 + 4 * bar, 8, BAR_ABOVE_4G | BAR_64);
	}
	if (dev->interrupts.there[LIBIOMMU_INTERRUPT_INTX])
		put(dev, INTERRUPT_PIN, 1, 1);
	put_capabilities(dev);
}

void mock_config_messages(struct mock_device *dev, enum libiommu_interrupt_kind kind, bool on)
{
	bool extended = kind == LIBIOMMU_INTERRUPT_MSIX;
	unsigned char *control = &dev->config[extended ? MSIX_CONTROL + 1 : MSI_CONTROL];
	unsigned int bit = extended ? 0x80 : 1;

	*control = (unsigned char)(on ? *control | bit : *control & ~bit);
}

/* Which bits of a byte a driver may set; the rest is fixed or the kernel's. */
static unsigned int writable(const struct mock_device *dev, uint64_t offset)
{
	if (offset == COMMAND || offset == COMMAND + 1)
		return COMMAND_WRITABLE >> (8 * (offset - COMMAND)) & 0xff;
	if (offset == 0x0c || offset == 0x3c) /* cache line, interrupt line */
		return 0xff;
	if (offset >= BAR0 && offset < BAR0 + 24) {
		unsigned int bar = (unsigned int)(offset - BAR0) / 4;
		uint64_t size = dev->model->bar_size[bar];

		if (bar > 0 && is_wide(dev, bar - 1))
			return 0xff;
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
