/* SPDX-License-Identifier: BSD-2-Clause */
/* The controller's registers, in BAR0. */
#ifndef NVME_REGISTERS_H
#define NVME_REGISTERS_H

#include "failure.h"

#define NVME_REG_CAP   0x00 /* 8 bytes: capabilities */
#define NVME_REG_VS    0x08 /* version */
#define NVME_REG_INTMS 0x0c /* interrupt mask set, for INTx and MSI */
#define NVME_REG_INTMC 0x10 /* interrupt mask clear */
#define NVME_REG_CC    0x14 /* configuration */
#define NVME_REG_CSTS  0x1c /* status */
#define NVME_REG_AQA   0x24 /* sizes of the admin queues */
#define NVME_REG_ASQ   0x28 /* 8 bytes: admin submission queue */
#define NVME_REG_ACQ   0x30 /* 8 bytes: admin completion queue */
#define NVME_REG_BELLS 0x1000

#define NVME_CC_ENABLE          0x1u
#define NVME_CC_SHUTDOWN_MASK   (3u << 14)
#define NVME_CC_SHUTDOWN_NORMAL (1u << 14)
#define NVME_CC_SQ_ENTRY        (6u << 16) /* 2^6 bytes */
#define NVME_CC_CQ_ENTRY        (4u << 20) /* 2^4 bytes */

#define NVME_CSTS_READY         0x1u
#define NVME_CSTS_FATAL         0x2u
#define NVME_CSTS_SHUTDOWN_MASK (3u << 2)
#define NVME_CSTS_SHUTDOWN_DONE (2u << 2)

/** What every register of a device reads that is not there any more. */
#define NVME_ALL_ONES 0xffffffffu

struct nvme_registers {
	struct libiommu_region *bar;
	volatile unsigned char *base; /* NULL: reached by calls only */
	uint64_t size;
	bool lost; /* an access failed: nobody is there */
};

/** Open BAR0, and map it where that is possible. The device is attached. */
int nvme_registers_open(struct nvme_registers *regs, struct libiommu_device *dev,
			struct nvme_failure *failure);
void nvme_registers_close(struct nvme_registers *regs);

/** Read; all ones when nobody answers. */
uint32_t nvme_read32(struct nvme_registers *regs, uint64_t offset);
uint64_t nvme_read64(struct nvme_registers *regs, uint64_t offset);

/** Write; lost when nobody listens, which the next read of the status tells. */
void nvme_write32(struct nvme_registers *regs, uint64_t offset, uint32_t value);
void nvme_write64(struct nvme_registers *regs, uint64_t offset, uint64_t value);

#endif
