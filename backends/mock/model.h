/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device does when its registers are touched. Slots run with device.lock held. */
#ifndef BACKENDS_MOCK_MODEL_H
#define BACKENDS_MOCK_MODEL_H

#include <libiommu/region.h>

#include "backends/mock/machine.h"

struct mock_model {
	const char *name;
	uint32_t class_code;
	uint32_t vendor;
	uint32_t device;
	size_t state_size;          /* zeroed when the device is made */
	uint64_t bar_size[6];       /* powers of two; 0: the device has no such BAR */
	unsigned int interrupts[2]; /* how many INTx and MSI */
	void (*reset)(struct mock_device *dev);
	uint64_t (*read)(struct mock_device *dev, unsigned int bar, uint64_t offset,
			 unsigned int width);
	void (*write)(struct mock_device *dev, unsigned int bar, uint64_t offset,
		      unsigned int width, uint64_t value);
};

/* @return NULL when there is none of this name */
const struct mock_model *mock_model_find(const char *name);

extern const struct mock_model mock_model_edu;
extern const struct mock_model mock_model_none;

/* For models. One message (MSI, when it is on), or the level of INTx. */
void mock_interrupt_message(struct mock_device *dev);
void mock_interrupt_line(struct mock_device *dev, bool asserted);
bool mock_interrupt_is_message(const struct mock_device *dev);

#endif
