/* SPDX-License-Identifier: BSD-2-Clause */
/* What a device does when its registers are touched. Slots run with device.lock held. */
#ifndef BACKENDS_MOCK_MODEL_H
#define BACKENDS_MOCK_MODEL_H

#include <libiommu/region.h>

#include "backends/mock/machine.h"
#include "backends/mock/words.h"

struct mock_model {
	const char *name;
	uint32_t class_code;
	uint32_t vendor;
	uint32_t device;
	unsigned int dma_bits;  /* of addresses, unless the text says otherwise; 0: 28 */
	size_t state_size;      /* zeroed when the device is made */
	uint64_t bar_size[6];   /* powers of two; 0: the device has no such BAR */
	unsigned int wide_bars; /* bits of those that are 64-bit and take the next one's place */
	unsigned int interrupts[3]; /* how many INTx, MSI and MSI-X; the device may change it */
	uint32_t msix_table;        /* offset in BAR0; pending bits follow */
	uint32_t msix_pending;
	/* A word of the device's line that is the model's. 0 or what was refused; 1: it is unknown */
	int (*option)(struct mock_device *dev, struct mock_words *words, const char *word);
	/* The line ends here. */
	int (*complete)(struct mock_device *dev, struct mock_words *words);
	/* Free what the state holds. */
	void (*release)(struct mock_device *dev);
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
extern const struct mock_model mock_model_nvme;

/* For models. A message (MSI or MSI-X, when it is on), or the level of INTx. */
void mock_interrupt_message(struct mock_device *dev, unsigned int vector);
void mock_interrupt_line(struct mock_device *dev, bool asserted);
/* ERROR or REQUEST. */
void mock_interrupt_owner(struct mock_device *dev, enum libiommu_interrupt_kind kind);
bool mock_interrupt_is_message(const struct mock_device *dev);

#endif
