/* SPDX-License-Identifier: BSD-2-Clause */
/* What belongs together in a replay: stages, PASIDs, queues. */
#include "world.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define REQUESTS 512 /* of one group: hardware has no more */

struct world_domain *world_domain_book(struct world_domain *dom)
{
	return dom->parent ? dom->parent : dom;
}

void world_domain_left(struct world_ctx *ctx, struct world_domain *dom,
		       struct libiommu_geometry *geometry)
{
	struct world_domain *book = world_domain_book(dom);

	if (!book->attached && !book->children)
		libiommu_geometry_clear(&ctx->env, &book->geometry);
	else if (geometry->count)
		world_domain_set(ctx, book, geometry);
}

void world_domain_join(struct world_domain *dom, struct world_domain *parent,
		       struct world_queue *queue)
{
	dom->parent = parent;
	dom->queue = queue;
	if (parent)
		parent->children++;
	if (queue)
		queue->domains++;
}

struct world_pasid *world_pasid_find(const struct world_device *dev, uint64_t number)
{
	struct world_pasid *pasid = dev->pasids;

	while (pasid && pasid->number != number)
		pasid = pasid->next;
	return pasid;
}

bool world_pair_fits(const struct world_ctx *ctx, const struct world_device *dev, uint64_t pasid,
		     const struct world_domain *dom)
{
	if (pasid && !dom->pasid)
		return false;
	for (const struct world_device *other = ctx->devices; other; other = other->next) {
		const struct world_pasid *same = world_pasid_find(other, pasid);

		if (other->group != dev->group)
			continue;
		if (pasid ? other->domain && !other->domain->pasid : other->pasids && !dom->pasid)
			return false;
		if (pasid && other != dev && same && same->domain != dom)
			return false;
	}
	return true;
}

struct world_queue *world_queue_find(const struct world_ctx *ctx, uint64_t number)
{
	struct world_queue *queue = ctx->queues;

	while (queue && queue->number != number)
		queue = queue->next;
	return queue;
}

struct world_queue *world_queue_new(struct world_ctx *ctx, uint64_t number)
{
	struct world_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->data = calloc(1, ctx->table->faults->queue_size + 1);
	if (!queue->data) {
		free(queue);
		return NULL;
	}
	queue->number = number;
	queue->table = ctx->table;
	queue->next = ctx->queues;
	ctx->queues = queue;
	return queue;
}

static void refuse_all(struct world_queue *queue)
{
	const struct libiommu_backend_faults *faults = queue->table->faults;
	struct libiommu_page_request requests[REQUESTS];
	struct libiommu_failure f = { .reason = LIBIOMMU_REASON_NONE };
	size_t count;

	do {
		struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;

		count = 0;
		if (faults->next(queue->data, &group, requests, REQUESTS, &count, &f))
			return;
		if (count)
			faults->respond(queue->data, group.cookie, LIBIOMMU_FAULT_REFUSED, &f);
	} while (count);
}

static void *serve(void *data)
{
	struct world_queue *queue = data;
	struct pollfd fds[] = { { .fd = queue->fd, .events = POLLIN },
				{ .fd = queue->stop, .events = POLLIN } };

	while (poll(fds, 2, -1) >= 0 && !fds[1].revents)
		refuse_all(queue);
	return NULL;
}

bool world_queue_serve(struct world_queue *queue, int fd)
{
	queue->fd = fd;
	queue->stop = eventfd(0, EFD_CLOEXEC);
	if (queue->stop < 0)
		return false;
	queue->served = !pthread_create(&queue->thread, NULL, serve, queue);
	if (!queue->served)
		close(queue->stop);
	return queue->served;
}

static void stop_serving(struct world_queue *queue)
{
	eventfd_write(queue->stop, 1);
	pthread_join(queue->thread, NULL);
	close(queue->stop);
	queue->table->faults->queue_free(queue->data, 0);
}

void world_queue_free(struct world_ctx *ctx, struct world_queue *queue)
{
	struct world_queue **link = &ctx->queues;

	if (queue->served)
		stop_serving(queue);
	while (*link != queue)
		link = &(*link)->next;
	*link = queue->next;
	free(queue->data);
	free(queue);
}
