/* SPDX-License-Identifier: BSD-2-Clause */
/* A device's configuration space, as VFIO shows it. device.lock is held. */
#ifndef BACKENDS_MOCK_CONFIG_H
#define BACKENDS_MOCK_CONFIG_H

#include "backends/mock/machine.h"

#define MOCK_COMMAND_MEMORY  0x0002u
#define MOCK_COMMAND_MASTER  0x0004u
#define MOCK_COMMAND_NO_INTX 0x0400u

/* As after opening: memory on, bus mastering off. */
void mock_config_reset(struct mock_device *dev);
uint64_t mock_config_read(const struct mock_device *dev, uint64_t offset, unsigned int width);
void mock_config_write(struct mock_device *dev, uint64_t offset, unsigned int width,
		       uint64_t value);

/* Message interrupts of a kind are on or off, as the capability shows it. */
void mock_config_messages(struct mock_device *dev, enum libiommu_interrupt_kind kind, bool on);

static inline unsigned int mock_config_command(const struct mock_device *dev)
{
	return dev->config[4] | (unsigned int)dev->config[5] << 8;
}

#endif
