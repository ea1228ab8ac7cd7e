/* SPDX-License-Identifier: BSD-2-Clause */
/* Fault queues. What came out of them is not compared (calls_outside). */
#include "call.h"

#include <inttypes.h>
#include <stdlib.h>

#define REQUESTS 65536

const char *call_queue_new(struct call *c)
{
	struct libiommu_fault_queue_options opts = LIBIOMMU_FAULT_QUEUE_OPTIONS_INIT;
	struct world_queue *queue;
	uint64_t number, depth;
	int fd = -1, code;

	NUMBER(c, "queue", number);
	NUMBER(c, "depth", depth);
	if (!number || world_queue_find(c->ctx, number))
		return "there is such a queue, or none can be called so";
	queue = world_queue_new(c->ctx, number);
	if (!queue)
		return "there is no memory";
	opts.depth = depth;
	code = c->ctx->table->faults->queue_new(c->ctx->data, queue->data, &opts, &fd, &c->f);
	if (!code && !world_queue_serve(queue, fd)) {
		c->ctx->table->faults->queue_free(queue->data, 0);
		world_queue_free(c->ctx, queue);
		return "there is no thread for it";
	}
	if (code)
		world_queue_free(c->ctx, queue);
	return call_result(c, code);
}

static const char *find(struct call *c, struct world_queue **out)
{
	const char *why = call_queue(c, out);

	return why || *out ? why : "there is no such queue";
}

const char *call_queue_free(struct call *c)
{
	struct world_queue *queue;
	const char *why = find(c, &queue);

	if (why)
		return why;
	if (queue->domains)
		return "a domain uses the queue";
	world_queue_free(c->ctx, queue);
	return call_result(c, 0);
}

const char *call_queue_next(struct call *c)
{
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_page_request *requests;
	struct world_queue *queue;
	const char *why = find(c, &queue);
	size_t count = 0;
	uint64_t room;
	int code;

	NUMBER(c, "room", room);
	if (why || room > REQUESTS)
		return why ? why : "so much room there is not";
	requests = calloc(room + 1, sizeof(*requests));
	if (!requests)
		return "there is no memory";
	code = c->ctx->table->faults->next(queue->data, &group, requests, room, &count, &c->f);
	free(requests);
	trace_result(c->out, code, &c->f);
	trace_add(c->out, " count=%zu", count);
	return NULL;
}

const char *call_queue_respond(struct call *c)
{
	struct world_queue *queue;
	const char *why = find(c, &queue);
	uint64_t cookie, answer;

	NUMBER(c, "cookie", cookie);
	NAMED(c, "answer", TRACE_ANSWER, answer);
	if (why)
		return why;
	if (answer != LIBIOMMU_FAULT_RESOLVED && answer != LIBIOMMU_FAULT_REFUSED)
		return "there is no such answer";
	return call_result(c, c->ctx->table->faults->respond(queue->data, cookie,
							     (enum libiommu_fault_answer)answer,
							     &c->f));
}

const char *call_queue_overflows(struct call *c)
{
	struct world_queue *queue;
	const char *why = find(c, &queue);

	if (why)
		return why;
	call_result(c, 0);
	trace_add(c->out, " count=%" PRIu64, c->ctx->table->faults->overflows(queue->data));
	return NULL;
}
