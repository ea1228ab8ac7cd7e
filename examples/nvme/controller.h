/* SPDX-License-Identifier: BSD-2-Clause */
/* The controller: what is known of it, and its way from reset to shutdown. */
#ifndef NVME_CONTROLLER_H
#define NVME_CONTROLLER_H

#include "identify.h"
#include "interrupts.h"
#include "memory.h"
#include "registers.h"

#define NVME_QUEUES_MAX 17 /* the admin queue, and 16 for I/O */

struct nvme_queue;
struct nvme_namespace;

enum nvme_state {
	NVME_STATE_OFF,
	NVME_STATE_RUNNING,
	NVME_STATE_BROKEN, /* stopped after an error; it does no DMA */
	NVME_STATE_GONE    /* pulled out */
};

/** One thread uses a controller; its requests end in nvme_wait() of that thread. */
struct nvme {
	struct libiommu_ctx *ctx;
	struct libiommu_device *dev;
	struct libiommu_domain *dom;
	struct nvme_memory memory;
	struct nvme_registers regs;
	struct nvme_interrupts interrupts;

	uint32_t version;
	uint32_t page_size;       /**< the controller's, bytes */
	uint32_t entries_max;     /**< of a queue */
	uint32_t bell_stride;     /**< bytes between doorbells */
	uint64_t max_transfer;    /**< bytes of one command */
	uint64_t ready_timeout;   /**< nanoseconds */
	uint64_t command_timeout; /**< nanoseconds */

	enum nvme_state state;
	struct nvme_failure why; /**< when broken or gone */
	uint64_t next_look;      /**< when its health is looked at again */
	bool wanted;             /**< the machine's owner wants the device back */

	struct nvme_queue *queue[NVME_QUEUES_MAX]; /**< 0: admin */
	struct nvme_identity identity;
	struct nvme_namespace *namespaces; /**< ascending by id */
	unsigned int namespace_count;
};

/** Read what the controller can do, reset it, and start it with the admin queue. */
int nvme_controller_start(struct nvme *nvme, struct nvme_failure *failure);

/** Tell the controller that power may go, wait for it, and stop it. */
int nvme_controller_shut_down(struct nvme *nvme, struct nvme_failure *failure);

/** Stop it by force; after that it does no DMA. */
void nvme_controller_halt(struct nvme *nvme);

/** -ENODEV when all ones are read, -EIO for a fatal status, 0 else; NULL failure is allowed. */
int nvme_controller_check(struct nvme *nvme, struct nvme_failure *failure);

#endif
