/* SPDX-License-Identifier: BSD-2-Clause */
#include "controller.h"

#include "clock.h"
#include "queue.h"
#include "wait.h"

#include <errno.h>
#include <stdio.h>

#define ADMIN_DEPTH      31
#define MAX_TRANSFER     (4u << 20) /* more than that in one command helps nobody */
#define SHUTDOWN_TIMEOUT (5 * NVME_SECOND)

int nvme_controller_check(struct nvme *nvme, struct nvme_failure *failure)
{
	uint32_t status = nvme_read32(&nvme->regs, NVME_REG_CSTS);

	if (status == NVME_ALL_ONES)
		return nvme_fail(failure, -ENODEV,
				 "the device is gone: its registers read all ones");
	if (status & NVME_CSTS_FATAL)
		return nvme_fail(failure, -EIO,
				 "the controller has stopped with a fatal error (CSTS.CFS)");
	if (nvme->state == NVME_STATE_RUNNING && !(status & NVME_CSTS_READY))
		return nvme_fail(failure, -EIO,
				 "the controller is not ready any more: somebody has reset it");
	return 0;
}

/* Until the masked bits of the status are as wanted. A fatal status matters only on the way up. */
static int wait_status(struct nvme *nvme, uint32_t mask, uint32_t wanted, uint64_t timeout,
		       const char *what, struct nvme_failure *failure)
{
	uint64_t deadline = nvme_now() + timeout, pause = 10 * 1000;
	int ret;

	for (;;) {
		bool late = nvme_now() > deadline;
		uint32_t status = nvme_read32(&nvme->regs, NVME_REG_CSTS);

		if (status == NVME_ALL_ONES || (wanted && status & NVME_CSTS_FATAL)) {
			ret = nvme_controller_check(nvme, failure);
			if (ret)
				return ret;
		}
		if ((status & mask) == wanted)
			return 0;
		if (late)
			return nvme_fail(failure, -ETIMEDOUT,
					 "the controller did not %s within %llu ms", what,
					 (unsigned long long)(timeout / NVME_MILLISECOND));
		nvme_sleep(pause);
		if (pause < NVME_MILLISECOND)
			pause *= 2;
	}
}

static int disable(struct nvme *nvme, struct nvme_failure *failure)
{
	uint32_t config = nvme_read32(&nvme->regs, NVME_REG_CC);

	/* It may be on its way up still; only then it can go down. */
	if (config & NVME_CC_ENABLE)
		nvme_write32(&nvme->regs, NVME_REG_CC,
			     config & ~(NVME_CC_ENABLE | NVME_CC_SHUTDOWN_MASK));
	return wait_status(nvme, NVME_CSTS_READY, 0, nvme->ready_timeout, "stop", failure);
}

static int read_capabilities(struct nvme *nvme, struct nvme_failure *failure)
{
	uint64_t cap = nvme_read64(&nvme->regs, NVME_REG_CAP);
	unsigned int page_min = 12 + (cap >> 48 & 15), timeout = cap >> 24 & 255;
	int ret = nvme_controller_check(nvme, NULL);

	if (ret == -ENODEV || cap == UINT64_MAX)
		return nvme_controller_check(nvme, failure);
	nvme->version = nvme_read32(&nvme->regs, NVME_REG_VS);
	nvme->entries_max = (uint32_t)(cap & 0xffff) + 1;
	nvme->bell_stride = 4u << (cap >> 32 & 15);
	nvme->ready_timeout = (timeout ? timeout : 1) * 500 * NVME_MILLISECOND;
	/* Smaller pages suit every IOMMU: an IOVA keeps the offset within its pages only. */
	nvme->page_size = 1u << page_min;
	nvme->max_transfer = MAX_TRANSFER;
	if (!(cap >> 37 & 1))
		return nvme_fail(failure, -EOPNOTSUPP, "the controller has no NVM commands");
	if (nvme->entries_max < 2)
		return nvme_fail(failure, -EIO, "the controller has no room in its queues");
	return 0;
}

static int make_admin_queue(struct nvme *nvme, struct nvme_failure *failure)
{
	const struct nvme_queue_options opts = {
		.depth = nvme->entries_max - 1 < ADMIN_DEPTH ? nvme->entries_max - 1 : ADMIN_DEPTH,
		.max_transfer = nvme->page_size,
	};

	return nvme_queue_new(nvme, 0, &opts, &nvme->queue[0], failure);
}

static int enable(struct nvme *nvme, struct nvme_failure *failure)
{
	const struct nvme_queue *admin = nvme->queue[0];
	uint32_t page_bits = (uint32_t)__builtin_ctz(nvme->page_size) - 12;

	nvme_write32(&nvme->regs, NVME_REG_AQA, (admin->entries - 1) | (admin->entries - 1) << 16);
	nvme_write64(&nvme->regs, NVME_REG_ASQ, admin->sq_memory.iova);
	nvme_write64(&nvme->regs, NVME_REG_ACQ, admin->cq_memory.iova);
	nvme_write32(&nvme->regs, NVME_REG_CC,
		     NVME_CC_ENABLE | page_bits << 7 | NVME_CC_SQ_ENTRY | NVME_CC_CQ_ENTRY);
	return wait_status(nvme, NVME_CSTS_READY, NVME_CSTS_READY, nvme->ready_timeout, "start",
			   failure);
}

int nvme_controller_start(struct nvme *nvme, struct nvme_failure *failure)
{
	uint64_t limit;
	int ret;

	ret = read_capabilities(nvme, failure);
	if (!ret)
		ret = disable(nvme, failure);
	if (!ret)
		ret = make_admin_queue(nvme, failure);
	if (!ret)
		ret = enable(nvme, failure);
	if (ret)
		return ret;
	nvme->queue[0]->bells = true;
	nvme->state = NVME_STATE_RUNNING;
	ret = nvme_identify_controller(nvme, failure);
	if (ret)
		return ret;
	if (nvme->identity.max_transfer_log2 && nvme->identity.max_transfer_log2 < 32) {
		limit = (uint64_t)nvme->page_size << nvme->identity.max_transfer_log2;
		if (limit < nvme->max_transfer)
			nvme->max_transfer = limit;
	}
	return 0;
}

void nvme_controller_halt(struct nvme *nvme)
{
	/* One that does not even stop when told so can still be cut off. */
	if (disable(nvme, NULL))
		libiommu_device_set_bus_master(nvme->dev, false, NULL);
}

int nvme_controller_shut_down(struct nvme *nvme, struct nvme_failure *failure)
{
	uint64_t timeout = nvme->identity.shutdown_us * UINT64_C(1000);
	uint32_t config;
	int ret;

	if (nvme->state != NVME_STATE_RUNNING)
		return 0;
	config = nvme_read32(&nvme->regs, NVME_REG_CC) & ~NVME_CC_SHUTDOWN_MASK;
	nvme_write32(&nvme->regs, NVME_REG_CC, config | NVME_CC_SHUTDOWN_NORMAL);
	ret = wait_status(nvme, NVME_CSTS_SHUTDOWN_MASK, NVME_CSTS_SHUTDOWN_DONE,
			  timeout > SHUTDOWN_TIMEOUT ? timeout : SHUTDOWN_TIMEOUT, "shut down",
			  failure);
	nvme_controller_halt(nvme);
	nvme->state = NVME_STATE_OFF;
	return ret;
}
