/* SPDX-License-Identifier: BSD-2-Clause */
/* From a device's name to a controller that does I/O, and back. */
#ifndef NVME_OPEN_H
#define NVME_OPEN_H

#include "controller.h"
#include "queue.h"

struct nvme_options {
	struct libiommu_ctx_options ctx; /**< the backend, and what it wants to know */
	const char *device; /**< "0000:3b:00.0"; NULL: the only NVMe device that is ready for use */
	bool polling;       /**< no interrupts for completions */
	uint64_t timeout;   /**< nanoseconds for a command; 0: 30 seconds */
	unsigned int queues; /**< for I/O; 0: one */
	struct nvme_queue_options queue;
};
#define NVME_OPTIONS_INIT                                                               \
	{                                                                               \
		.ctx = LIBIOMMU_CTX_OPTIONS_INIT, .queue = {.depth = 64, .bounces = 4 } \
	}

/**
 * Attach, reset, start, identify, make the queues for I/O.
 * @param[out] out written on success; end with nvme_close(). The queues are out->queue[1] ...
 */
int nvme_open(const struct nvme_options *opts, struct nvme **out, struct nvme_failure *failure);

/**
 * Wait for requests, shut the controller down, give everything back. Works on controllers that
 * are broken or gone. @return the first thing that failed; all is given back nevertheless
 */
int nvme_close(struct nvme *nvme, struct nvme_failure *failure);

#endif
