/* SPDX-License-Identifier: BSD-2-Clause */
/* Fault queues. What comes out of them are deeds of devices, between the calls of the trace. */
#include "record.h"

#include <inttypes.h>

static int queue_new(void *ctx, void *data, const struct libiommu_fault_queue_options *opts,
		     int *fd, struct libiommu_failure *f)
{
	struct record_queue *queue = data;
	struct record *r = ctx;
	size_t size = r->inner->faults->queue_size;
	struct trace_text t;
	int code;

	queue->record = r;
	queue->number = ++r->queues;
	if (size) {
		queue->data = record_alloc(r, size, f);
		if (!queue->data)
			return -libiommu_reason_errno(LIBIOMMU_REASON_NO_MEMORY);
	}
	code = r->inner->faults->queue_new(r->data, queue->data, opts, fd, f);
	trace_start(&t, r->number, "queue_new");
	trace_add(&t, " queue=%u depth=%zu", queue->number, opts->depth);
	trace_result(&t, code, f);
	record_write(r, &t);
	if (code)
		record_free(r, queue->data, size);
	return code;
}

static void queue_free(void *data, uint32_t flags)
{
	struct record_queue *queue = data;
	struct record *r = queue->record;
	struct trace_text t;

	r->inner->faults->queue_free(queue->data, flags);
	record_free(r, queue->data, r->inner->faults->queue_size);
	if (flags & LIBIOMMU_CLOSE_FORKED)
		return;
	trace_start(&t, r->number, "queue_free");
	trace_add(&t, " queue=%u", queue->number);
	trace_result(&t, 0, NULL);
	record_write(r, &t);
}

static void add_group(struct record *r, struct trace_text *t,
		      const struct libiommu_fault_group *group,
		      const struct libiommu_page_request *requests, size_t count)
{
	trace_add(t, " device=%u", record_device_number(r, group->device));
	if (group->has_pasid)
		trace_add(t, " pasid=%" PRIu32, group->pasid);
	trace_add(t, " number=%" PRIu32 " cookie=%" PRIu64 " requests=", group->number,
		  group->cookie);
	for (size_t i = 0; i < count; i++)
		trace_add(t, "%s0x%" PRIx64 ":%s%s%s%s", i ? "," : "", requests[i].address,
			  requests[i].access & LIBIOMMU_PROT_READ ? "r" : "",
			  requests[i].access & LIBIOMMU_PROT_WRITE ? "w" : "",
			  requests[i].flags & LIBIOMMU_REQUEST_EXECUTE ? "x" : "",
			  requests[i].flags & LIBIOMMU_REQUEST_PRIVILEGED ? "p" : "");
}

static int queue_next(void *data, struct libiommu_fault_group *group,
		      struct libiommu_page_request *requests, size_t room, size_t *count,
		      struct libiommu_failure *f)
{
	struct record_queue *queue = data;
	struct record *r = queue->record;
	int code = r->inner->faults->next(queue->data, group, requests, room, count, f);
	struct trace_text t;

	trace_start(&t, r->number, "queue_next");
	trace_add(&t, " queue=%u room=%zu", queue->number, room);
	trace_result(&t, code, f);
	trace_add(&t, " count=%zu", *count);
	if (!code && *count)
		add_group(r, &t, group, requests, *count);
	record_write(r, &t);
	return code;
}

static int queue_respond(void *data, uint64_t cookie, enum libiommu_fault_answer answer,
			 struct libiommu_failure *f)
{
	struct record_queue *queue = data;
	struct record *r = queue->record;
	int code = r->inner->faults->respond(queue->data, cookie, answer, f);
	struct trace_text t;

	trace_start(&t, r->number, "queue_respond");
	trace_add(&t, " queue=%u cookie=%" PRIu64, queue->number, cookie);
	trace_named(&t, "answer", TRACE_ANSWER, (unsigned int)answer);
	trace_result(&t, code, f);
	record_write(r, &t);
	return code;
}

static uint64_t queue_overflows(void *data)
{
	struct record_queue *queue = data;
	struct record *r = queue->record;
	uint64_t count = r->inner->faults->overflows(queue->data);
	struct trace_text t;

	trace_start(&t, r->number, "queue_overflows");
	trace_add(&t, " queue=%u", queue->number);
	trace_result(&t, 0, NULL);
	trace_add(&t, " count=%" PRIu64, count);
	record_write(r, &t);
	return count;
}

const struct libiommu_backend_faults record_faults = {
	.size = sizeof(record_faults),
	.queue_size = sizeof(struct record_queue),
	.queue_new = queue_new,
	.queue_free = queue_free,
	.next = queue_next,
	.respond = queue_respond,
	.overflows = queue_overflows,
};
