/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU's educational device (docs/specs/edu in its tree): a factorial, a DMA
 * engine with 4 KiB of memory, interrupts. What takes time there is done at
 * once here.
 */
#include "backends/mock/dma.h"
#include "backends/mock/model.h"

#include <string.h>

#define IDENTIFICATION UINT32_C(0x010000ed)

#define REG_ID          0x00
#define REG_LIVENESS    0x04
#define REG_FACTORIAL   0x08
#define REG_STATUS      0x20
#define REG_IRQ_STATUS  0x24
#define REG_IRQ_RAISE   0x60
#define REG_IRQ_ACK     0x64
#define REG_DMA_SOURCE  0x80
#define REG_DMA_TARGET  0x88
#define REG_DMA_COUNT   0x90
#define REG_DMA_COMMAND 0x98

#define STATUS_IRQ     0x80u
#define IRQ_FACTORIAL  0x001u
#define IRQ_DMA        0x100u
#define DMA_RUN        1u
#define DMA_TO_RAM     2u
#define DMA_IRQ        4u
#define DMA_BASE       UINT64_C(0x40000)
#define DMA_BYTES      UINT64_C(4096)
#define COMMAND_MASTER 0x04

struct edu {
	uint32_t liveness;
	uint32_t factorial;
	uint32_t status;
	uint32_t irq_status;
	uint64_t dma_source;
	uint64_t dma_target;
	uint64_t dma_count;
	uint64_t dma_command;
	unsigned char memory[DMA_BYTES];
};

static void edu_reset(struct mock_device *dev)
{
	memset(dev->state, 0, sizeof(struct edu));
	mock_interrupt_line(dev, false);
}

static void raise_bits(struct mock_device *dev, uint32_t bits)
{
	struct edu *edu = dev->state;

	edu->irq_status |= bits;
	if (!edu->irq_status)
		return;
	if (mock_interrupt_is_message(dev))
		mock_interrupt_message(dev, 0);
	else
		mock_interrupt_line(dev, true);
}

static void acknowledge(struct mock_device *dev, uint32_t bits)
{
	struct edu *edu = dev->state;

	edu->irq_status &= ~bits;
	if (!edu->irq_status)
		mock_interrupt_line(dev, false);
}

static void factorial(struct mock_device *dev, uint32_t number)
{
	struct edu *edu = dev->state;
	uint32_t result = 1;

	/* 34! and all above are multiples of 2^32. */
	for (uint32_t i = number < 34 ? number : 34; i > 1; i--)
		result *= i;
	edu->factorial = result;
	if (edu->status & STATUS_IRQ)
		raise_bits(dev, IRQ_FACTORIAL);
}

static void move(struct mock_device *dev)
{
	struct edu *edu = dev->state;
	bool to_ram = (edu->dma_command & DMA_TO_RAM) != 0;
	uint64_t inside = to_ram ? edu->dma_source : edu->dma_target;
	uint64_t iova = (to_ram ? edu->dma_target : edu->dma_source) & dev->dma_mask;
	uint32_t access = to_ram ? LIBIOMMU_PROT_WRITE : LIBIOMMU_PROT_READ;
	struct mock_fault_record fault;

	/* QEMU stops the machine for this. */
	if (inside < DMA_BASE || inside - DMA_BASE > DMA_BYTES ||
	    edu->dma_count > DMA_BYTES - (inside - DMA_BASE))
		return;
	if (!(dev->config[4] & COMMAND_MASTER))
		mock_dma_record(mock_itself(dev), iova, access, LIBIOMMU_MOCK_FAULT_BUS_MASTER,
				&fault);
	else
		mock_dma_transfer(mock_itself(dev), iova, edu->memory + (inside - DMA_BASE),
				  edu->dma_count, access, &fault);
}

static void command(struct mock_device *dev, uint64_t value)
{
	struct edu *edu = dev->state;

	if (!(value & DMA_RUN))
		return;
	edu->dma_command = value;
	move(dev);
	edu->dma_command &= ~(uint64_t)DMA_RUN;
	if (value & DMA_IRQ)
		raise_bits(dev, IRQ_DMA);
}

static uint64_t all_ones(unsigned int width)
{
	return width == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

static uint64_t edu_read(struct mock_device *dev, unsigned int bar, uint64_t offset,
			 unsigned int width)
{
	const struct edu *edu = dev->state;
	uint64_t value = UINT64_MAX;

	(void)bar;
	/* A bus splits what is too wide; what is too narrow nobody answers. */
	if (offset < REG_DMA_SOURCE && width == 8)
		return edu_read(dev, bar, offset, 4) | edu_read(dev, bar, offset + 4, 4) << 32;
	if (width < 4)
		return all_ones(width);
	switch (offset) {
	case REG_ID:
		value = IDENTIFICATION;
		break;
	case REG_LIVENESS:
		value = edu->liveness;
		break;
	case REG_FACTORIAL:
		value = edu->factorial;
		break;
	case REG_STATUS:
		value = edu->status;
		break;
	case REG_IRQ_STATUS:
		value = edu->irq_status;
		break;
	case REG_DMA_SOURCE:
		value = edu->dma_source;
		break;
	case REG_DMA_TARGET:
		value = edu->dma_target;
		break;
	case REG_DMA_COUNT:
		value = edu->dma_count;
		break;
	case REG_DMA_COMMAND:
		value = edu->dma_command;
		break;
	}
	return value & all_ones(width);
}

static void edu_write(struct mock_device *dev, unsigned int bar, uint64_t offset,
		      unsigned int width, uint64_t value)
{
	struct edu *edu = dev->state;

	if (offset < REG_DMA_SOURCE && width == 8) {
		edu_write(dev, bar, offset, 4, value & UINT32_MAX);
		edu_write(dev, bar, offset + 4, 4, value >> 32);
		return;
	}
	if (width < 4)
		return;
	switch (offset) {
	case REG_LIVENESS:
		edu->liveness = ~(uint32_t)value;
		break;
	case REG_FACTORIAL:
		factorial(dev, (uint32_t)value);
		break;
	case REG_STATUS:
		edu->status = (uint32_t)value & STATUS_IRQ;
		break;
	case REG_IRQ_RAISE:
		raise_bits(dev, (uint32_t)value);
		break;
	case REG_IRQ_ACK:
		acknowledge(dev, (uint32_t)value);
		break;
	case REG_DMA_SOURCE:
		edu->dma_source = value;
		break;
	case REG_DMA_TARGET:
		edu->dma_target = value;
		break;
	case REG_DMA_COUNT:
		edu->dma_count = value;
		break;
	case REG_DMA_COMMAND:
		command(dev, value);
		break;
	}
}

const struct mock_model mock_model_edu = {
	.name = "edu",
	.class_code = 0x00ff00,
	.vendor = 0x1234,
	.device = 0x11e8,
	.state_size = sizeof(struct edu),
	.bar_size = { 1 << 20 },
	.interrupts = { 1, 1 },
	.reset = edu_reset,
	.read = edu_read,
	.write = edu_write,
};
