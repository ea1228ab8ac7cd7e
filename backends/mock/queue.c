/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/queue.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A group. */
struct mock_asked {
	struct mock_asked *next;
	struct mock_requester from;
	const struct mock_reach *way; /* on which it came; to compare only */
	struct libiommu_device *handle;
	uint64_t cookie;
	uint32_t number;
	bool told; /* somebody knows of it: the descriptor is readable for others only */
	bool read;
	bool waits;
	enum libiommu_fault_answer answer; /* 0: none yet */
	size_t count;
	struct libiommu_page_request requests[];
};

static size_t size_of(size_t count)
{
	return sizeof(struct mock_asked) + count * sizeof(struct libiommu_page_request);
}

static void release(struct mock_queue *queue, struct mock_asked *asked)
{
	mock_free(queue->machine, asked, size_of(asked->count));
}

/* The descriptor is readable from the first group on that nobody knows of, and not after the last. */
static void count_untold(struct mock_queue *queue, bool more)
{
	uint64_t one = 1;
	ssize_t done = 0;

	if (more && queue->untold++ == 0)
		done = write(queue->fd, &one, sizeof(one));
	else if (!more && --queue->untold == 0)
		done = read(queue->fd, &one, sizeof(one));
	/* An eventfd between 0 and 1 takes both. */
	(void)done;
}

static void tell(struct mock_queue *queue, struct mock_asked *asked)
{
	if (!asked->told)
		count_untold(queue, false);
	asked->told = true;
}

struct mock_asked *mock_queue_ask(struct mock_queue *queue, struct mock_requester from,
				  const struct libiommu_page_request *requests, size_t count,
				  uint32_t number, bool waits, uint64_t *ticket)
{
	struct mock_asked *asked = mock_alloc(queue->machine, size_of(count)), **end;

	pthread_mutex_lock(&queue->lock);
	if (!asked || queue->open == queue->depth) {
		queue->overflows++;
		pthread_mutex_unlock(&queue->lock);
		mock_free(queue->machine, asked, size_of(count));
		return NULL;
	}
	asked->from = from;
	asked->way = mock_pasid_find(from.dev, from.pasid);
	asked->handle = __atomic_load_n(&from.dev->handle, __ATOMIC_RELAXED);
	asked->number = number;
	asked->waits = waits;
	asked->count = count;
	memcpy(asked->requests, requests, count * sizeof(*requests));
	asked->cookie = mock_answers_ticket(&queue->machine->answers);
	*ticket = asked->cookie;
	for (end = &queue->first; *end; end = &(*end)->next)
		;
	*end = asked;
	queue->open++;
	queue->waiting += waits;
	count_untold(queue, true);
	pthread_mutex_unlock(&queue->lock);
	return asked;
}

enum libiommu_fault_answer mock_queue_wait(struct mock_queue *queue, struct mock_asked *asked)
{
	enum libiommu_fault_answer answer;

	pthread_mutex_lock(&queue->lock);
	while (!asked->answer)
		pthread_cond_wait(&queue->answered, &queue->lock);
	answer = asked->answer;
	release(queue, asked);
	if (--queue->waiting == 0)
		pthread_cond_broadcast(&queue->answered);
	pthread_mutex_unlock(&queue->lock);
	return answer;
}

/* Take it out of the list and tell who asked. The lock is held. */
static void finish(struct mock_queue *queue, struct mock_asked **link,
		   enum libiommu_fault_answer answer)
{
	struct mock_asked *asked = *link;

	*link = asked->next;
	queue->open--;
	tell(queue, asked);
	asked->answer = answer;
	if (asked->waits) {
		pthread_cond_broadcast(&queue->answered);
		return;
	}
	mock_answers_put(&queue->machine->answers, asked->cookie, answer);
	release(queue, asked);
}

void mock_queue_abandon(struct mock_queue *queue, const struct mock_reach *way,
			const struct mock_device *dev)
{
	struct mock_asked **link;

	if (!queue)
		return;
	pthread_mutex_lock(&queue->lock);
	for (link = &queue->first; *link;) {
		if ((*link)->way == way && (!dev || (*link)->from.dev == dev))
			finish(queue, link, LIBIOMMU_FAULT_REFUSED);
		else
			link = &(*link)->next;
	}
	pthread_mutex_unlock(&queue->lock);
}

static int slot_new(void *data, void *object, const struct libiommu_fault_queue_options *opts,
		    int *fd, struct libiommu_failure *failure)
{
	const struct mock_ctx *ctx = data;
	const struct mock_personality *who = ctx->machine->personality;
	struct mock_queue *queue = object;

	if (!who->extras)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL,
				       "Personality %s has no fault queues.", who->name);
	if (opts->depth && !who->queue_depths)
		return libiommu_refuse(
			failure, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL,
			"The queues of personality %s have no bound that could be set.", who->name);
	queue->sys = ctx->env->sys;
	queue->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (queue->fd < 0)
		return libiommu_refuse(failure, LIBIOMMU_REASON_FD_LIMIT, NULL, NULL);
	if (pthread_mutex_init(&queue->lock, NULL) || pthread_cond_init(&queue->answered, NULL)) {
		queue->sys->close(queue->sys->data, queue->fd);
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	queue->machine = ctx->machine;
	queue->depth = opts->depth ? opts->depth : MOCK_QUEUE_DEPTH;
	*fd = queue->fd;
	return 0;
}

static void slot_free(void *object, uint32_t flags)
{
	struct mock_queue *queue = object;

	if (!(flags & LIBIOMMU_CLOSE_FORKED)) {
		/* Nothing is attached that could ask; who has been answered may be on its way out. */
		pthread_mutex_lock(&queue->lock);
		while (queue->waiting)
			pthread_cond_wait(&queue->answered, &queue->lock);
		pthread_mutex_unlock(&queue->lock);
		pthread_cond_destroy(&queue->answered);
		pthread_mutex_destroy(&queue->lock);
	}
	queue->sys->close(queue->sys->data, queue->fd);
}

static int slot_next(void *object, struct libiommu_fault_group *group,
		     struct libiommu_page_request *requests, size_t room, size_t *count,
		     struct libiommu_failure *failure)
{
	struct mock_queue *queue = object;
	struct mock_asked *asked;
	int error = 0;

	pthread_mutex_lock(&queue->lock);
	for (asked = queue->first; asked && asked->read; asked = asked->next)
		;
	*count = asked ? asked->count : 0;
	if (*count > room) {
		error = libiommu_refuse(failure, LIBIOMMU_REASON_BUFFER_TOO_SMALL, NULL, NULL);
	} else if (asked) {
		memcpy(requests, asked->requests, asked->count * sizeof(*requests));
		group->device = asked->handle;
		group->has_pasid = asked->from.pasid != 0;
		group->pasid = asked->from.pasid;
		group->number = asked->number;
		group->cookie = asked->cookie;
		asked->read = true;
	}
	/* Also with too little room: Linux gives whole groups, and the backend for it has read one then. */
	if (asked)
		tell(queue, asked);
	pthread_mutex_unlock(&queue->lock);
	return error;
}

static int slot_respond(void *object, uint64_t cookie, enum libiommu_fault_answer answer,
			struct libiommu_failure *failure)
{
	struct mock_queue *queue = object;
	struct mock_asked **link;
	bool known;

	pthread_mutex_lock(&queue->lock);
	for (link = &queue->first; *link && (!(*link)->read || (*link)->cookie != cookie);
	     link = &(*link)->next)
		;
	known = *link != NULL;
	if (known)
		finish(queue, link, answer);
	pthread_mutex_unlock(&queue->lock);
	return known ? 0 : libiommu_refuse(failure, LIBIOMMU_REASON_FAULT_UNKNOWN, NULL, NULL);
}

static uint64_t slot_overflows(void *object)
{
	struct mock_queue *queue = object;
	uint64_t overflows;

	pthread_mutex_lock(&queue->lock);
	overflows = queue->overflows;
	pthread_mutex_unlock(&queue->lock);
	return overflows;
}

const struct libiommu_backend_faults mock_faults_table = {
	.size = sizeof(mock_faults_table),
	.queue_size = sizeof(struct mock_queue),
	.queue_new = slot_new,
	.queue_free = slot_free,
	.next = slot_next,
	.respond = slot_respond,
	.overflows = slot_overflows,
};
