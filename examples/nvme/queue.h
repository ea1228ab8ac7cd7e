/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pair of queues in memory: commands go out by the submission queue, completions come in by the
 * completion queue. What a command means, and who waits for it, is in request.h.
 */
#ifndef NVME_QUEUE_H
#define NVME_QUEUE_H

#include "bounce.h"
#include "command.h"
#include "request.h"

struct nvme;

struct nvme_queue_options {
	uint32_t depth;        /**< commands at a time, 1 and more */
	uint64_t max_transfer; /**< bytes of one command; 0: the controller's limit */
	unsigned int bounces;  /**< requests at a time on memory that the device cannot reach */
};

struct nvme_queue {
	struct nvme *nvme;
	uint16_t id;
	uint32_t entries; /**< one more than commands at a time */
	struct nvme_buffer sq_memory;
	struct nvme_buffer cq_memory;
	uint32_t tail;  /**< the next entry of the submission queue */
	uint32_t rung;  /**< the tail that the controller knows */
	uint32_t head;  /**< the next entry of the completion queue */
	uint16_t phase; /**< of new completions */
	bool bells;     /**< the controller knows the queue */
	struct nvme_bounce bounce;
	struct nvme_pool lists;
	struct nvme_requests requests;
	uint64_t max_transfer;
};

/** Make the memory of a queue; the controller learns of it later. */
int nvme_queue_new(struct nvme *nvme, uint16_t id, const struct nvme_queue_options *opts,
		   struct nvme_queue **out, struct nvme_failure *failure);

/** Free it; the controller must have given it up. NULL is allowed. */
int nvme_queue_free(struct nvme_queue *queue, struct nvme_failure *failure);

/** Put a command into the submission queue; there is room. */
void nvme_queue_post(struct nvme_queue *queue, const struct nvme_command *command);

/** Tell the controller of the commands that were posted. */
void nvme_queue_ring(struct nvme_queue *queue);

/** Take a completion. @return false when there is none */
bool nvme_queue_take(struct nvme_queue *queue, struct nvme_completion *out);

/** Tell the controller which completions were taken. */
void nvme_queue_release(struct nvme_queue *queue);

#endif
