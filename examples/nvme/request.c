/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.h"

#include "clock.h"
#include "controller.h"
#include "plant.h"
#include "queue.h"
#include "status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY UINT32_MAX

int nvme_requests_init(struct nvme_queue *queue, uint32_t count, struct nvme_failure *failure)
{
	struct nvme_requests *requests = &queue->requests;
	int ret;

	requests->lists_each = nvme_prp_lists_for(queue->max_transfer, queue->nvme->page_size);
	requests->slot = calloc(count, sizeof(*requests->slot));
	requests->lists =
		calloc((size_t)count * requests->lists_each + 1, sizeof(*requests->lists));
	if (!requests->slot || !requests->lists)
		return nvme_fail(failure, -ENOMEM, "no memory for %u requests", count);
	for (size_t i = 0; i < (size_t)count * requests->lists_each; i++) {
		ret = nvme_pool_get(&queue->lists, &requests->lists[i], failure);
		if (ret)
			return ret;
		requests->list_count++;
	}
	requests->count = count;
	requests->oldest = requests->newest = NOBODY;
	for (uint32_t i = 0; i < count; i++) {
		requests->slot[i].lists = requests->lists + (size_t)i * requests->lists_each;
		requests->slot[i].newer = i + 1 < count ? i + 1 : NOBODY;
	}
	return 0;
}

void nvme_requests_fini(struct nvme_queue *queue)
{
	struct nvme_requests *requests = &queue->requests;

	for (size_t i = 0; i < requests->list_count; i++)
		nvme_pool_put(&queue->lists, &requests->lists[i]);
	free(requests->slot);
	free(requests->lists);
	*requests = (struct nvme_requests){ .count = 0 };
}

static void start(struct nvme_requests *requests, uint32_t id, uint64_t timeout)
{
	struct nvme_request *request = &requests->slot[id];

	requests->free = request->newer;
	request->busy = true;
	request->aborted = false;
	request->timeout = timeout;
	request->deadline = nvme_now() + timeout;
	request->older = requests->newest;
	request->newer = NOBODY;
	if (requests->newest == NOBODY)
		requests->oldest = id;
	else
		requests->slot[requests->newest].newer = id;
	requests->newest = id;
	requests->busy++;
}

static void stop(struct nvme_requests *requests, uint32_t id)
{
	struct nvme_request *request = &requests->slot[id];

	if (request->older == NOBODY)
		requests->oldest = request->newer;
	else
		requests->slot[request->older].newer = request->newer;
	if (request->newer == NOBODY)
		requests->newest = request->older;
	else
		requests->slot[request->newer].older = request->older;
	request->busy = false;
	request->newer = requests->free;
	requests->free = id;
	requests->busy--;
	requests->ended++;
}

/* What the page pointers of a request are made from. */
static struct nvme_prp_job job_of(struct nvme_queue *queue, struct nvme_request *request,
				  struct nvme_access *access)
{
	*access = (struct nvme_access){ &queue->nvme->memory, request->memory.device_writes };
	return (struct nvme_prp_job){
		.address = request->bounce ? request->bounce : request->memory.address,
		.length = request->memory.length,
		.page_size = queue->nvme->page_size,
		.lists = request->lists,
		.list_count = queue->requests.lists_each,
		.locate = nvme_memory_locate,
		.data = access,
	};
}

/* Memory that the device cannot reach, or cannot take as it lies, is copied. */
static int prepare_memory(struct nvme_queue *queue, struct nvme_request *request,
			  struct nvme_failure *failure)
{
	struct nvme_request_memory *memory = &request->memory;
	struct nvme_access access;
	struct nvme_prp_job job;
	int ret;

	request->bounce = NULL;
	if (!memory->address)
		return 0;
	if (!memory->length || memory->length > queue->max_transfer)
		return nvme_fail(failure, -E2BIG, "%llu bytes at once: the limit is %llu",
				 (unsigned long long)memory->length,
				 (unsigned long long)queue->max_transfer);
	job = job_of(queue, request, &access);
	ret = nvme_prp_build(&job, &request->prp, failure);
	if ((ret != -EFAULT && ret != -EINVAL) || !queue->bounce.count)
		return ret;
	request->bounce = nvme_bounce_get(&queue->bounce);
	if (!request->bounce)
		return nvme_fail(failure, -EAGAIN, "all bounce buffers are in use");
	if (!memory->device_writes)
		memcpy(request->bounce, memory->address, memory->length);
	job = job_of(queue, request, &access);
	ret = nvme_prp_build(&job, &request->prp, failure);
	if (ret)
		nvme_bounce_put(&queue->bounce, request->bounce);
	return ret;
}

int nvme_submit(struct nvme_queue *queue, const struct nvme_command *command,
		const struct nvme_request_memory *memory, uint64_t timeout, nvme_done_fn done,
		void *data, struct nvme_failure *failure)
{
	struct nvme_requests *requests = &queue->requests;
	struct nvme *nvme = queue->nvme;
	struct nvme_request *request;
	uint32_t id = requests->free;
	int ret;

	if (nvme->state != NVME_STATE_RUNNING)
		return nvme_fail(failure, nvme->state == NVME_STATE_GONE ? -ENODEV : -ESHUTDOWN,
				 "%s", *nvme->why.text ? nvme->why.text : "the controller is off");
	if (id == NOBODY)
		return nvme_fail(failure, -EAGAIN, "the queue is full");
	request = &requests->slot[id];
	request->memory = memory ? *memory : (struct nvme_request_memory){ .address = NULL };
	ret = prepare_memory(queue, request, failure);
	if (ret)
		return ret;
	request->done = done;
	request->data = data;
	request->command = *command;
	nvme_command_set(&request->command, 0, le32toh(command->dw[0]) | id << 16);
	if (request->memory.address)
		nvme_command_set_prps(&request->command, request->prp.first, request->prp.second);
	start(requests, id, timeout ? timeout : nvme->command_timeout);
	nvme_queue_post(queue, &request->command);
	return 0;
}

/* "command 0x02 on namespace 1, block 0x10: ..." and where the device was sent. */
static void describe(struct nvme_queue *queue, struct nvme_request *request, int code,
		     uint16_t status, const char *why, char *text, size_t size)
{
	const uint32_t *dw = request->command.dw;
	uint64_t block = le32toh(dw[10]) | (uint64_t)le32toh(dw[11]) << 32;
	struct nvme_access access;
	struct nvme_prp_job job = job_of(queue, request, &access);
	char where[128] = "", what[96];

	if (queue->id)
		snprintf(what, sizeof(what), "%s, namespace %u, block %llu",
			 (le32toh(dw[0]) & 0xff) == NVME_IO_READ    ? "read"
			 : (le32toh(dw[0]) & 0xff) == NVME_IO_WRITE ? "write"
								    : "flush",
			 le32toh(dw[1]), (unsigned long long)block);
	else
		snprintf(what, sizeof(what), "admin command %#x", le32toh(dw[0]) & 0xff);
	/* Memory was the trouble, or may have been. */
	if (request->memory.address &&
	    (status == NVME_STATUS_TRANSFER_ERROR || (!status && code == -EIO)))
		nvme_prp_describe(&job, &request->prp, where, sizeof(where));
	snprintf(text, size, "%s: %s", what, why);
	size -= strlen(text);
	text += strlen(text);
	if (status)
		snprintf(text, size, " (%02xh/%02xh)", status >> 8 & 7u, status & 0xffu);
	if (*where)
		snprintf(text + strlen(text), size - strlen(text),
			 "; the device was sent to %s IOVA %s",
			 request->memory.device_writes ? "write" : "read", where);
}

static void finish(struct nvme_queue *queue, uint32_t id, int code, uint16_t status, uint32_t value,
		   const char *why)
{
	struct nvme_request *request = &queue->requests.slot[id];
	struct nvme_result result = { code, status, value, "" };
	nvme_done_fn done = request->done;
	void *data = request->data;
	char text[384];

	if (code) {
		describe(queue, request, code, status, why, text, sizeof(text));
		result.text = text;
	}
	if (request->bounce) {
		if (!code && request->memory.device_writes)
			memcpy(request->memory.address, request->bounce, request->memory.length);
		nvme_bounce_put(&queue->bounce, request->bounce);
	}
	stop(&queue->requests, id);
	if (done)
		done(data, &result);
}

unsigned int nvme_reap(struct nvme_queue *queue)
{
	struct nvme_completion completion;
	unsigned int ended = 0, taken = 0;

	while (taken < queue->entries && nvme_queue_take(queue, &completion)) {
		uint16_t status = completion.status >> 1 & NVME_STATUS_MASK;
		uint32_t id = completion.command_id;
		struct nvme_request *request;

		taken++;
		/* Nobody waits for it: the controller is confused, or the request was cancelled. */
		if (id >= queue->requests.count || !queue->requests.slot[id].busy)
			continue;
		request = &queue->requests.slot[id];
		if (request->aborted && status == NVME_STATUS_ABORTED)
			finish(queue, id, -ETIMEDOUT, status, completion.result,
			       "no answer in time, aborted");
		else
			finish(queue, id, status ? nvme_status_errno(status) : 0, status,
			       completion.result, nvme_status_text(status));
		ended++;
	}
	if (taken)
		nvme_queue_release(queue);
	return ended;
}

void nvme_requests_cancel(struct nvme_queue *queue, int late, int code, const char *text)
{
	uint64_t now = nvme_now();

	while (queue->requests.busy) {
		uint32_t id = queue->requests.oldest;
		const struct nvme_request *request = &queue->requests.slot[id];
		bool is_late = request->aborted || request->deadline <= now;

		finish(queue, id, is_late ? late : code, 0, 0, text);
	}
}

int nvme_requests_overdue(const struct nvme_queue *queue, uint64_t now)
{
	uint32_t id = queue->requests.oldest;

	if (!queue->requests.busy || now < queue->requests.slot[id].deadline)
		return -1;
	return (int)id;
}
