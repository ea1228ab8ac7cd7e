/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver for QEMU's edu device (vendor 1234, device 11e8), which copies between its own 4 KiB
 * and memory. The mock has a model of it, so that the same driver runs there.
 */
#ifndef EXAMPLES_EDU_H
#define EXAMPLES_EDU_H

#include <libiommu/libiommu.h>

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8

/** Bytes that the device can hold. */
#define EDU_BUFFER_SIZE 4096

/** Unless QEMU is told otherwise the device cuts IOVAs to 28 bits. */
#define EDU_IOVA_LAST UINT64_C(0xfffffff)

enum edu_direction {
	EDU_READ_MEMORY, /* memory to device */
	EDU_WRITE_MEMORY /* device to memory */
};

struct edu {
	struct libiommu_device *dev;
	struct libiommu_region *bar;
};

/**
 * Reach the registers and let the device start requests. The device must be attached.
 * @return 0, a negative errno with *err, or -ENODEV without when it is no edu
 */
int edu_start(struct edu *edu, struct libiommu_device *dev, struct libiommu_error **err);

/** Stop requests, give the registers back. */
void edu_stop(struct edu *edu);

/**
 * Let the device read or write memory, and wait for its end.
 * @param length at most EDU_BUFFER_SIZE
 * @return 0 when it has ended: whether the IOMMU let it through the device does not know;
 *         a negative errno with *err, or -ETIMEDOUT without
 */
int edu_dma(struct edu *edu, enum edu_direction direction, uint64_t iova, uint64_t length,
	    struct libiommu_error **err);

#endif
