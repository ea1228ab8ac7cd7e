/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Queues of page requests. The kernel's descriptor gives whole groups and never waits; it is read so
 * that one group comes at a time, and what nobody has taken stays with the kernel: so the descriptor
 * tells poll() the truth.
 *
 * The kernel uses its cookies again as soon as it has answered by itself. Programs get numbers that
 * are used once, and a late answer never meets another group.
 */
#include "backends/iommufd/iommufd.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* More than any device asks for at once. */
#define MAX_PAGES 4096u

/* A group that waits for an answer. */
struct waiting {
	uint64_t number;
	uint32_t cookie, device, pasid;
	bool aged; /* read before the domain of who asked was about to be replaced */
};

struct iommufd_queue {
	struct iommufd_ctx *ctx;
	uint32_t id;
	int fd;
	/* Held while the descriptor is read or written, which takes no time: the table below and the
	 * kernel's cookies belong together. */
	pthread_mutex_t lock;
	uint64_t last; /* number that was given out */
	struct waiting *waiting;
	size_t count, room;
	void *records; /* of the kernel; those from `from` to `to` were read, and nobody took them */
	size_t record_room, from, to;
	bool records_aged;
};

uint32_t libiommu_iommufd_queue_id(const struct iommufd_queue *queue)
{
	return queue->id;
}

static int queue_new(void *ctx_data, void *data, const struct libiommu_fault_queue_options *opts,
		     int *fd, struct libiommu_failure *failure)
{
	struct iommufd_queue *queue = data;
	struct iommufd_ctx *ctx = ctx_data;
	int rc;

	if (opts->depth)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL,
				       "The kernel's queues have no bound that could be set.");
	rc = libiommu_iommufd_fault_alloc(ctx->sys, ctx->fd, &queue->id, &queue->fd);
	if (rc < 0)
		return libiommu_iommufd_diagnose(failure, rc, "IOMMU_FAULT_QUEUE_ALLOC", NULL);
	if (pthread_mutex_init(&queue->lock, NULL)) {
		ctx->sys->close(ctx->sys->data, queue->fd);
		libiommu_iommufd_destroy(ctx->sys, ctx->fd, queue->id);
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	queue->ctx = ctx;
	*fd = queue->fd;
	return 0;
}

static void queue_free(void *data, uint32_t flags)
{
	struct iommufd_queue *queue = data;
	const struct iommufd_ctx *ctx = queue->ctx;

	/* The object goes when no descriptor is left. */
	ctx->sys->close(ctx->sys->data, queue->fd);
	if (!(flags & LIBIOMMU_CLOSE_FORKED)) {
		libiommu_iommufd_destroy(ctx->sys, ctx->fd, queue->id);
		pthread_mutex_destroy(&queue->lock);
	}
	libiommu_iommufd_free(ctx, queue->waiting, queue->room * sizeof(*queue->waiting));
	libiommu_iommufd_free(ctx, queue->records,
			      libiommu_iommufd_faults_size(queue->record_room));
}

/* Both tables only grow while they hold nothing, or keep what they hold. */
static int need_records(struct iommufd_queue *queue, size_t room)
{
	const struct iommufd_ctx *ctx = queue->ctx;
	size_t more = queue->record_room ? queue->record_room * 2 : 8;
	void *grown;

	if (room <= queue->record_room)
		return 0;
	grown = libiommu_iommufd_alloc(ctx, libiommu_iommufd_faults_size(more));
	if (!grown)
		return -ENOMEM;
	libiommu_iommufd_free(ctx, queue->records,
			      libiommu_iommufd_faults_size(queue->record_room));
	queue->records = grown;
	queue->record_room = more;
	return 0;
}

static int need_waiting(struct iommufd_queue *queue)
{
	const struct iommufd_ctx *ctx = queue->ctx;
	size_t more = queue->room ? queue->room * 2 : 16;
	struct waiting *grown;

	if (queue->count < queue->room)
		return 0;
	grown = libiommu_iommufd_alloc(ctx, more * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	if (queue->count)
		memcpy(grown, queue->waiting, queue->count * sizeof(*grown));
	libiommu_iommufd_free(ctx, queue->waiting, queue->room * sizeof(*grown));
	queue->waiting = grown;
	queue->room = more;
	return 0;
}

static void drop_waiting(struct iommufd_queue *queue, size_t at)
{
	queue->waiting[at] = queue->waiting[--queue->count];
}

static struct libiommu_iommufd_fault record(const struct iommufd_queue *queue, size_t at)
{
	return libiommu_iommufd_fault(queue->records, at);
}

/* The pages of the first group of those that were read. 0: it has no end */
static size_t pages(const struct iommufd_queue *queue)
{
	for (size_t at = queue->from; at < queue->to; at++)
		if (record(queue, at).last)
			return at - queue->from + 1;
	return 0;
}

/* @return 1: a group is there; 0: none; or a negative errno */
static int fill(struct iommufd_queue *queue)
{
	const struct libiommu_sys *sys = queue->ctx->sys;

	for (size_t room = 1; queue->from == queue->to && room <= MAX_PAGES; room++) {
		int64_t got = need_records(queue, room);

		if (!got)
			got = libiommu_iommufd_fault_read(sys, queue->fd, queue->records, room);
		/* Where a group does not fit, Linux 7.2 says so; others say that there is none. */
		if (!got) {
			got = sys->poll(sys->data, queue->fd);
			if (got <= 0)
				return (int)got;
			continue;
		}
		if (got < 0 && got != -EINVAL)
			return (int)got;
		if (got > 0) {
			queue->from = 0;
			queue->to = (size_t)got;
			queue->records_aged = false;
		}
	}
	return queue->from < queue->to && pages(queue) ? 1 : -EPROTO;
}

/* The core's name of a device; NULL: it has gone. */
static struct libiommu_device *handle_of(struct iommufd_ctx *ctx, uint32_t id)
{
	struct libiommu_device *handle = NULL;

	pthread_mutex_lock(&ctx->lock);
	for (const struct iommufd_device *device = ctx->devices; device; device = device->next)
		if (device->id == id)
			handle = device->handle;
	pthread_mutex_unlock(&ctx->lock);
	return handle;
}

static struct libiommu_page_request request(const struct libiommu_iommufd_fault *fault)
{
	return (struct libiommu_page_request){
		.address = fault->address,
		.length = fault->length,
		.access = (fault->access & IOMMU_PGFAULT_PERM_READ ? LIBIOMMU_PROT_READ : 0) |
			  (fault->access & IOMMU_PGFAULT_PERM_WRITE ? LIBIOMMU_PROT_WRITE : 0),
		.flags =
			(fault->access & IOMMU_PGFAULT_PERM_EXEC ? LIBIOMMU_REQUEST_EXECUTE : 0) |
			(fault->access & IOMMU_PGFAULT_PERM_PRIV ? LIBIOMMU_REQUEST_PRIVILEGED : 0),
	};
}

/* Hand over the first group, and wait for its answer. */
static void take(struct iommufd_queue *queue, struct libiommu_fault_group *group,
		 struct libiommu_page_request *requests, size_t count)
{
	const struct libiommu_iommufd_fault first = record(queue, queue->from);

	for (size_t i = 0; i < count; i++) {
		const struct libiommu_iommufd_fault fault = record(queue, queue->from + i);

		requests[i] = request(&fault);
	}
	queue->from += count;
	/* Whose cookie this was, the kernel has answered. */
	for (size_t at = 0; at < queue->count; at++)
		if (queue->waiting[at].cookie == first.cookie)
			drop_waiting(queue, at--);
	queue->waiting[queue->count++] =
		(struct waiting){ .number = ++queue->last,
				  .cookie = first.cookie,
				  .device = first.device,
				  .pasid = first.has_pasid ? first.pasid : 0 };
	group->has_pasid = first.has_pasid;
	group->pasid = first.has_pasid ? first.pasid : 0;
	group->number = first.group;
	group->cookie = queue->last;
}

static int next_locked(struct iommufd_queue *queue, struct libiommu_fault_group *group,
		       struct libiommu_page_request *requests, size_t room, size_t *count,
		       struct libiommu_failure *failure)
{
	int rc;

	while ((rc = fill(queue)) > 0) {
		const size_t there = pages(queue);

		group->device = handle_of(queue->ctx, record(queue, queue->from).device);
		if (!group->device) {
			queue->from += there;
			continue;
		}
		*count = there;
		if (there > room)
			return libiommu_refuse(failure, LIBIOMMU_REASON_BUFFER_TOO_SMALL, NULL,
					       "The group has %zu pages.", there);
		rc = need_waiting(queue);
		if (rc)
			break;
		take(queue, group, requests, there);
		return 0;
	}
	*count = 0;
	if (rc == -ENOMEM)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	return rc < 0 ? libiommu_iommufd_diagnose(failure, rc, "read of a fault queue", NULL) : 0;
}

static int next(void *data, struct libiommu_fault_group *group,
		struct libiommu_page_request *requests, size_t room, size_t *count,
		struct libiommu_failure *failure)
{
	struct iommufd_queue *queue = data;
	int rc;

	pthread_mutex_lock(&queue->lock);
	rc = next_locked(queue, group, requests, room, count, failure);
	pthread_mutex_unlock(&queue->lock);
	return rc;
}

static int respond_locked(struct iommufd_queue *queue, uint64_t cookie, bool success,
			  struct libiommu_failure *failure)
{
	const struct libiommu_sys *sys = queue->ctx->sys;
	size_t at = 0;
	int rc;

	while (at < queue->count && queue->waiting[at].number != cookie)
		at++;
	if (at == queue->count)
		return libiommu_refuse(failure, LIBIOMMU_REASON_FAULT_UNKNOWN, NULL, NULL);
	rc = libiommu_iommufd_fault_answer(sys, queue->fd, queue->waiting[at].cookie, success);
	if (rc >= 0 || rc == -EINVAL)
		drop_waiting(queue, at);
	if (rc >= 0)
		return 0;
	libiommu_refuse_kernel(failure, rc, "write of a fault queue", NULL);
	if (rc == -EINVAL)
		return libiommu_refuse(failure, LIBIOMMU_REASON_FAULT_UNKNOWN, NULL, NULL);
	return libiommu_iommufd_diagnose(failure, rc, "write of a fault queue", NULL);
}

static int respond(void *data, uint64_t cookie, enum libiommu_fault_answer answer,
		   struct libiommu_failure *failure)
{
	struct iommufd_queue *queue = data;
	int rc;

	pthread_mutex_lock(&queue->lock);
	rc = respond_locked(queue, cookie, answer == LIBIOMMU_FAULT_RESOLVED, failure);
	pthread_mutex_unlock(&queue->lock);
	return rc;
}

static bool asked(const struct waiting *waiting, uint32_t device, uint32_t pasid)
{
	return waiting->device == device && waiting->pasid == pasid;
}

void libiommu_iommufd_queue_age(struct iommufd_queue *queue, uint32_t device, uint32_t pasid)
{
	pthread_mutex_lock(&queue->lock);
	for (size_t at = 0; at < queue->count; at++)
		if (asked(&queue->waiting[at], device, pasid))
			queue->waiting[at].aged = true;
	queue->records_aged = true;
	pthread_mutex_unlock(&queue->lock);
}

/* Those that were read, and nobody took. */
static void forget_records(struct iommufd_queue *queue, uint32_t device, uint32_t pasid)
{
	for (size_t at = queue->from; at < queue->to; at++) {
		const struct libiommu_iommufd_fault fault = record(queue, at);

		if (fault.device == device && (fault.has_pasid ? fault.pasid : 0) == pasid)
			libiommu_iommufd_fault_disown(queue->records, at);
	}
}

void libiommu_iommufd_queue_forget(struct iommufd_queue *queue, uint32_t device, uint32_t pasid,
				   bool aged)
{
	pthread_mutex_lock(&queue->lock);
	for (size_t at = 0; at < queue->count; at++)
		if (asked(&queue->waiting[at], device, pasid) && (!aged || queue->waiting[at].aged))
			drop_waiting(queue, at--);
	if (!aged || queue->records_aged)
		forget_records(queue, device, pasid);
	pthread_mutex_unlock(&queue->lock);
}

static uint64_t overflows(void *data)
{
	(void)data;
	return 0;
}

const struct libiommu_backend_faults libiommu_iommufd_faults = {
	.size = sizeof(libiommu_iommufd_faults),
	.queue_size = sizeof(struct iommufd_queue),
	.queue_new = queue_new,
	.queue_free = queue_free,
	.next = next,
	.respond = respond,
	.overflows = overflows,
};
