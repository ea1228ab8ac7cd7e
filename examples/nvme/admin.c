/* SPDX-License-Identifier: BSD-2-Clause */
#include "admin.h"

#include "clock.h"
#include "controller.h"
#include "plant.h"
#include "wait.h"

#include <errno.h>
#include <stdio.h>

#define ABORT_TIMEOUT NVME_SECOND

struct outcome {
	bool over;
	int code;
	uint32_t value;
	char text[384];
};

static void done(void *data, const struct nvme_result *result)
{
	struct outcome *outcome = data;

	outcome->over = true;
	outcome->code = result->code;
	outcome->value = result->value;
	snprintf(outcome->text, sizeof(outcome->text), "%s", result->text);
}

static int run(struct nvme *nvme, const struct nvme_command *command,
	       const struct nvme_request_memory *memory, uint64_t timeout, uint32_t *value,
	       struct nvme_failure *failure)
{
	struct outcome outcome = { .over = false };
	int ret;

	ret = nvme_submit(nvme->queue[0], command, memory, timeout, done, &outcome, failure);
	if (ret)
		return ret;
	while (!outcome.over)
		nvme_wait(nvme->queue[0]);
	if (outcome.code)
		return nvme_fail(failure, outcome.code, "%s", outcome.text);
	if (value)
		*value = outcome.value;
	return 0;
}

int nvme_admin(struct nvme *nvme, const struct nvme_command *command,
	       const struct nvme_request_memory *memory, uint32_t *value,
	       struct nvme_failure *failure)
{
	return run(nvme, command, memory, 0, value, failure);
}

int nvme_admin_abort(struct nvme *nvme, uint16_t queue, uint16_t command_id)
{
	struct nvme_command command = nvme_command_make(NVME_ADMIN_ABORT, 0);

	nvme_command_set(&command, 10, queue | (uint32_t)command_id << 16);
	return run(nvme, &command, NULL, ABORT_TIMEOUT, NULL, NULL);
}

int nvme_admin_queue_count(struct nvme *nvme, unsigned int *count, struct nvme_failure *failure)
{
	struct nvme_command command = nvme_command_make(NVME_ADMIN_SET_FEATURES, 0);
	uint32_t value = 0, submission, completion, least;
	int ret;

	nvme_command_set(&command, 10, NVME_FEATURE_QUEUES);
	nvme_command_set(&command, 11, (*count - 1) | (*count - 1) << 16);
	ret = nvme_admin(nvme, &command, NULL, &value, failure);
	if (ret)
		return ret;
	submission = (value & 0xffff) + 1;
	completion = (value >> 16) + 1;
	least = submission < completion ? submission : completion;
	if (least < *count)
		*count = least;
	return 0;
}

static int create_cq(struct nvme *nvme, const struct nvme_queue *queue,
		     struct nvme_failure *failure)
{
	struct nvme_command command = nvme_command_make(NVME_ADMIN_CREATE_CQ, 0);
	uint32_t vector = 0;

	if (nvme->interrupts.on)
		vector = (uint32_t)(queue->id % nvme->interrupts.count) << 16 | 2;
	nvme_command_set_prps(&command, queue->cq_memory.iova, 0);
	nvme_command_set(&command, 10, queue->id | (queue->entries - 1) << 16);
	nvme_command_set(&command, 11, vector | 1); /* in one piece */
	return nvme_admin(nvme, &command, NULL, NULL, failure);
}

static int create_sq(struct nvme *nvme, const struct nvme_queue *queue,
		     struct nvme_failure *failure)
{
	struct nvme_command command = nvme_command_make(NVME_ADMIN_CREATE_SQ, 0);

	nvme_command_set_prps(&command, queue->sq_memory.iova, 0);
	nvme_command_set(&command, 10, queue->id | (queue->entries - 1) << 16);
	nvme_command_set(&command, 11, (uint32_t)queue->id << 16 | 1);
	return nvme_admin(nvme, &command, NULL, NULL, failure);
}

static int delete (struct nvme *nvme, unsigned int opcode, uint16_t id,
		   struct nvme_failure *failure)
{
	struct nvme_command command = nvme_command_make(opcode, 0);

	nvme_command_set(&command, 10, id);
	return nvme_admin(nvme, &command, NULL, NULL, failure);
}

int nvme_admin_create_queue(struct nvme *nvme, uint16_t id, const struct nvme_queue_options *opts,
			    struct nvme_failure *failure)
{
	struct nvme_queue *queue;
	int ret;

	ret = nvme_queue_new(nvme, id, opts, &queue, failure);
	if (ret)
		return ret;
	ret = create_cq(nvme, queue, failure);
	if (!ret) {
		ret = create_sq(nvme, queue, failure);
		/* When this fails too the controller is stopped, or stops with the close. */
		if (ret && delete (nvme, NVME_ADMIN_DELETE_CQ, id, NULL))
			nvme_give_up(nvme, ret, "a queue can be neither made nor removed");
	}
	if (ret) {
		nvme_queue_free(queue, NULL);
		return ret;
	}
	queue->bells = true;
	nvme->queue[id] = queue;
	return 0;
}

int nvme_admin_delete_queue(struct nvme *nvme, uint16_t id, struct nvme_failure *failure)
{
	struct nvme_queue *queue = nvme->queue[id];
	int ret = 0, code;

	if (!queue)
		return 0;
	if (NVME_PLANTED(NVME_BUG_QUEUE_FREED)) {
		libiommu_dma_free(queue->cq_memory.dma, NULL);
		libiommu_dma_free(queue->sq_memory.dma, NULL);
		queue->cq_memory.dma = queue->sq_memory.dma = NULL;
		nvme_queue_ring(queue);
		queue->bells = false;
	} else {
		nvme_wait_all(queue);
	}
	/* A controller that was halted knows no queues any more. */
	if (nvme->state == NVME_STATE_RUNNING) {
		ret = delete (nvme, NVME_ADMIN_DELETE_SQ, id, failure);
		if (!ret)
			ret = delete (nvme, NVME_ADMIN_DELETE_CQ, id, failure);
		if (ret)
			nvme_give_up(nvme, ret, "a queue cannot be removed");
	}
	nvme_requests_cancel(queue, -ETIMEDOUT, -ESHUTDOWN, "the queue goes");
	nvme->queue[id] = NULL;
	code = nvme_queue_free(queue, ret ? NULL : failure);
	return ret ? ret : code;
}
