/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests: commands under way, whom they belong to, and how they end. */
#ifndef NVME_REQUEST_H
#define NVME_REQUEST_H

#include "command.h"
#include "failure.h"
#include "prp.h"

struct nvme_queue;

/** How a request has ended. */
struct nvme_result {
	/**
	 * 0, or a negative errno: -ETIMEDOUT, -ENODEV (the device is gone), -ESHUTDOWN (the
	 * controller was stopped meanwhile), or that of the status
	 */
	int code;
	uint16_t status;  /**< the controller's, without the phase; 0 when it did not answer */
	uint32_t value;   /**< the first double word of the completion */
	const char *text; /**< for a person; "" on success. Valid during the callback */
};

/** Every request that was accepted ends once. New ones may be submitted here. */
typedef void (*nvme_done_fn)(void *data, const struct nvme_result *result);

/** What the device shall do with memory of the caller, who leaves it in place until the end. */
struct nvme_request_memory {
	void *address; /**< NULL: the command has none */
	uint64_t length;
	bool device_writes;
};

struct nvme_request {
	nvme_done_fn done;
	void *data;
	uint64_t deadline;
	uint64_t timeout;
	struct nvme_command command;
	struct nvme_request_memory memory;
	struct nvme_prp prp;
	struct nvme_prp_list *lists;
	void *bounce; /* NULL: the device works on the caller's memory */
	bool busy;
	bool aborted;          /* its time is over, and an abort is on its way */
	uint32_t older, newer; /* neighbours in order of deadlines; in newer the next free one */
};

struct nvme_requests {
	struct nvme_request *slot;
	struct nvme_prp_list *lists; /* of all slots */
	uint32_t count;
	uint32_t lists_each;
	size_t list_count;
	uint32_t busy;
	uint64_t ended;          /* of all times */
	uint32_t free;           /* the first free one */
	uint32_t oldest, newest; /* under way */
};

/** @return 0 or -ENOMEM */
int nvme_requests_init(struct nvme_queue *queue, uint32_t count, struct nvme_failure *failure);
void nvme_requests_fini(struct nvme_queue *queue);

/**
 * Put a command on its way; it reaches the controller with the next nvme_queue_ring() or
 * nvme_wait(). The command id and the page pointers are filled in here.
 * @param timeout nanoseconds; 0: the controller's usual one
 * @return 0; -EAGAIN when the queue (or its bounce memory) is full: wait for a request first;
 *         -EACCES when the device may not use the memory in this way; -EFAULT when it cannot reach
 *         it and the queue has no bounce memory; -E2BIG; -ENODEV and -ESHUTDOWN when
 *         the controller takes no more
 */
int nvme_submit(struct nvme_queue *queue, const struct nvme_command *command,
		const struct nvme_request_memory *memory, uint64_t timeout, nvme_done_fn done,
		void *data, struct nvme_failure *failure);

/** End those that the controller has completed. @return how many */
unsigned int nvme_reap(struct nvme_queue *queue);

/**
 * End all; the controller does no DMA any more.
 * @param late for those whose time is over
 * @param code for the others
 */
void nvme_requests_cancel(struct nvme_queue *queue, int late, int code, const char *text);

/** @return the id of the request whose time is over for the longest; -1 when there is none */
int nvme_requests_overdue(const struct nvme_queue *queue, uint64_t now);

#endif
