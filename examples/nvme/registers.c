/* SPDX-License-Identifier: BSD-2-Clause */
#include "registers.h"

#include <endian.h>
#include <errno.h>

int nvme_registers_open(struct nvme_registers *regs, struct libiommu_device *dev,
			struct nvme_failure *failure)
{
	struct libiommu_error *err;
	volatile void *base;
	int ret;

	*regs = (struct nvme_registers){ .bar = NULL };
	ret = libiommu_region_open(dev, LIBIOMMU_REGION_BAR0, &regs->bar, &err);
	if (ret)
		return nvme_fail_iommu(failure, ret, "registers", err);
	regs->size = libiommu_region_size(regs->bar);
	if (regs->size < NVME_REG_BELLS + 8) {
		nvme_registers_close(regs);
		return nvme_fail(failure, -ENODEV, "BAR0 is too small for an NVMe controller");
	}
	ret = libiommu_region_map(regs->bar, &base, &err);
	if (!ret) {
		regs->base = base;
	} else if (libiommu_error_reason(err) == LIBIOMMU_REASON_REGION_NOT_MAPPABLE) {
		libiommu_error_free(err); /* then by calls */
	} else {
		nvme_registers_close(regs);
		return nvme_fail_iommu(failure, ret, "registers", err);
	}
	return 0;
}

void nvme_registers_close(struct nvme_registers *regs)
{
	libiommu_region_close(regs->bar);
	regs->bar = NULL;
	regs->base = NULL;
	regs->lost = true;
}

uint32_t nvme_read32(struct nvme_registers *regs, uint64_t offset)
{
	uint64_t value;

	if (regs->lost)
		return NVME_ALL_ONES;
	if (regs->base)
		return le32toh(*(volatile uint32_t *)(regs->base + offset));
	if (libiommu_region_read(regs->bar, offset, 4, &value, NULL)) {
		regs->lost = true;
		return NVME_ALL_ONES;
	}
	return (uint32_t)value;
}

/* In halves: every controller takes that. */
uint64_t nvme_read64(struct nvme_registers *regs, uint64_t offset)
{
	uint64_t low = nvme_read32(regs, offset);

	return low | (uint64_t)nvme_read32(regs, offset + 4) << 32;
}

void nvme_write32(struct nvme_registers *regs, uint64_t offset, uint32_t value)
{
	if (regs->lost)
		return;
	if (regs->base)
		*(volatile uint32_t *)(regs->base + offset) = htole32(value);
	else if (libiommu_region_write(regs->bar, offset, 4, value, NULL))
		regs->lost = true;
}

void nvme_write64(struct nvme_registers *regs, uint64_t offset, uint64_t value)
{
	nvme_write32(regs, offset, (uint32_t)value);
	nvme_write32(regs, offset + 4, (uint32_t)(value >> 32));
}
