/* SPDX-License-Identifier: BSD-2-Clause */
#include "queue.h"

#include "barrier.h"
#include "controller.h"

#include <errno.h>
#include <stdlib.h>

static int make_memory(struct nvme_queue *queue, const struct nvme_queue_options *opts,
		       struct nvme_failure *failure)
{
	struct nvme *nvme = queue->nvme;
	int ret;

	ret = nvme_buffer_new(&nvme->memory, &queue->sq_memory,
			      queue->entries * sizeof(struct nvme_command), failure);
	if (!ret)
		ret = nvme_buffer_new(&nvme->memory, &queue->cq_memory,
				      queue->entries * sizeof(struct nvme_completion), failure);
	if (!ret)
		ret = nvme_pool_new(
			&nvme->memory, &queue->lists, nvme->page_size,
			opts->depth * nvme_prp_lists_for(queue->max_transfer, nvme->page_size),
			failure);
	if (!ret)
		ret = nvme_requests_init(queue, opts->depth, failure);
	if (!ret)
		ret = nvme_bounce_init(&queue->bounce, &nvme->memory, opts->bounces,
				       queue->max_transfer, failure);
	return ret;
}

int nvme_queue_new(struct nvme *nvme, uint16_t id, const struct nvme_queue_options *opts,
		   struct nvme_queue **out, struct nvme_failure *failure)
{
	struct nvme_queue *queue;
	int ret;

	if (!opts->depth || opts->depth >= nvme->entries_max)
		return nvme_fail(failure, -EINVAL, "queue depth %u: the controller has 1 to %u",
				 opts->depth, nvme->entries_max - 1);
	queue = calloc(1, sizeof(*queue));
	if (!queue)
		return nvme_fail(failure, -ENOMEM, "no memory for a queue");
	queue->nvme = nvme;
	queue->id = id;
	queue->entries = opts->depth + 1;
	queue->phase = 1;
	queue->max_transfer = nvme->max_transfer;
	if (opts->max_transfer && opts->max_transfer < queue->max_transfer)
		queue->max_transfer = opts->max_transfer;
	ret = make_memory(queue, opts, failure);
	if (ret) {
		nvme_queue_free(queue, NULL);
		return ret;
	}
	*out = queue;
	return 0;
}

int nvme_queue_free(struct nvme_queue *queue, struct nvme_failure *failure)
{
	int ret = 0, code;

	if (!queue)
		return 0;
	nvme_requests_fini(queue);
	ret = nvme_bounce_fini(&queue->bounce, failure);
	code = nvme_pool_free(&queue->lists, failure);
	ret = ret ? ret : code;
	code = nvme_buffer_free(&queue->cq_memory, failure);
	ret = ret ? ret : code;
	code = nvme_buffer_free(&queue->sq_memory, failure);
	ret = ret ? ret : code;
	free(queue);
	return ret;
}

static uint64_t bell(const struct nvme_queue *queue, unsigned int completion)
{
	return NVME_REG_BELLS + (uint64_t)(2u * queue->id + completion) * queue->nvme->bell_stride;
}

void nvme_queue_post(struct nvme_queue *queue, const struct nvme_command *command)
{
	struct nvme_command *entries = queue->sq_memory.address;

	entries[queue->tail] = *command;
	queue->tail = queue->tail + 1 == queue->entries ? 0 : queue->tail + 1;
}

void nvme_queue_ring(struct nvme_queue *queue)
{
	if (queue->rung == queue->tail || !queue->bells)
		return;
	nvme_barrier_publish();
	queue->rung = queue->tail;
	nvme_write32(&queue->nvme->regs, bell(queue, 0), queue->tail);
}

bool nvme_queue_take(struct nvme_queue *queue, struct nvme_completion *out)
{
	struct nvme_completion *entry =
		(struct nvme_completion *)queue->cq_memory.address + queue->head;
	/* The device writes here while we look. */
	uint16_t status = le16toh(*(volatile uint16_t *)&entry->status);

	if ((status & 1) != queue->phase)
		return false;
	nvme_barrier_consume();
	out->result = le32toh(entry->result);
	out->sq_head = le16toh(entry->sq_head);
	out->sq_id = le16toh(entry->sq_id);
	out->command_id = le16toh(entry->command_id);
	out->status = status;
	if (++queue->head == queue->entries) {
		queue->head = 0;
		queue->phase ^= 1;
	}
	return true;
}

void nvme_queue_release(struct nvme_queue *queue)
{
	nvme_write32(&queue->nvme->regs, bell(queue, 1), queue->head);
}
