/* SPDX-License-Identifier: BSD-2-Clause */
#include "wait.h"

#include "admin.h"
#include "barrier.h"
#include "clock.h"
#include "controller.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define LOOK_EVERY  (5 * NVME_MILLISECOND)
#define SPINS       64          /* between looks at the clock */
#define SLEEP_MS    20          /* between looks while waiting for an interrupt */
#define ABORT_GRACE NVME_SECOND /* for a request that was told to abort */

void nvme_give_up(struct nvme *nvme, int code, const char *text)
{
	if (nvme->state != NVME_STATE_RUNNING)
		return;
	nvme_fail(&nvme->why, code, "%s", text);
	nvme->state = code == -ENODEV ? NVME_STATE_GONE : NVME_STATE_BROKEN;
	/* What was completed before has gone well. */
	for (unsigned int i = 0; i < NVME_QUEUES_MAX; i++) {
		if (nvme->queue[i] && nvme->queue[i]->bells)
			nvme_reap(nvme->queue[i]);
	}
	/* Memory is given back to callers below: until then the device must have stopped. */
	if (nvme->state == NVME_STATE_BROKEN)
		nvme_controller_halt(nvme);
	for (unsigned int i = 0; i < NVME_QUEUES_MAX; i++) {
		if (nvme->queue[i])
			nvme_requests_cancel(nvme->queue[i], code,
					     code == -ETIMEDOUT ? -ESHUTDOWN : code, text);
	}
}

/* Where a controller may have gone to that stopped over its queues. */
static void add_queues(const struct nvme *nvme, char *text, size_t size)
{
	for (unsigned int i = 0; i < NVME_QUEUES_MAX; i++) {
		const struct nvme_queue *queue = nvme->queue[i];
		size_t used = strlen(text);

		if (queue && queue->requests.busy)
			snprintf(text + used, size - used,
				 "; queue %u has commands at IOVA %#llx-%#llx, completions at "
				 "%#llx-%#llx",
				 i, (unsigned long long)queue->sq_memory.iova,
				 (unsigned long long)(queue->sq_memory.iova +
						      queue->sq_memory.length - 1),
				 (unsigned long long)queue->cq_memory.iova,
				 (unsigned long long)(queue->cq_memory.iova +
						      queue->cq_memory.length - 1));
	}
}

void nvme_look_for_owner(struct nvme *nvme)
{
	if (nvme_interrupts_wanted_back(&nvme->interrupts))
		nvme->wanted = true;
}

/* A first time over: abort it, and give it some time more. A second time: the controller is stuck. */
static void overdue(struct nvme_queue *queue, uint32_t id)
{
	struct nvme_request *request = &queue->requests.slot[id];
	struct nvme *nvme = queue->nvme;
	char text[96];

	snprintf(text, sizeof(text), "no answer within %llu ms",
		 (unsigned long long)(request->timeout / NVME_MILLISECOND));
	if (queue->id && !request->aborted) {
		request->aborted = true;
		request->deadline = nvme_now() + ABORT_GRACE;
		if (!nvme_admin_abort(nvme, queue->id, (uint16_t)id))
			return;
	}
	nvme_give_up(nvme, -ETIMEDOUT, text);
}

/* Is everything well? What is not ends requests. */
static void look(struct nvme_queue *queue)
{
	struct nvme *nvme = queue->nvme;
	struct nvme_failure failure;
	int code = nvme_controller_check(nvme, &failure);
	int id;

	nvme_look_for_owner(nvme);
	if (code) {
		if (code == -EIO)
			add_queues(nvme, failure.text, sizeof(failure.text));
		nvme_give_up(nvme, code, failure.text);
		return;
	}
	id = nvme_requests_overdue(queue, nvme_now());
	/* It may have ended while nobody looked: only what is not there now is late. */
	if (id >= 0 && !nvme_reap(queue) && queue->requests.slot[id].busy)
		overdue(queue, (uint32_t)id);
}

static void look_when_due(struct nvme_queue *queue)
{
	uint64_t now = nvme_now();

	if (now < queue->nvme->next_look)
		return;
	queue->nvme->next_look = now + LOOK_EVERY;
	look(queue);
}

static void sleep_for_interrupt(struct nvme_queue *queue)
{
	struct pollfd fds[2] = {
		{ .fd = nvme_interrupts_event(&queue->nvme->interrupts, queue->id),
		  .events = POLLIN },
		{ .fd = queue->nvme->interrupts.request, .events = POLLIN },
	};
	int ready = poll(fds, 2, SLEEP_MS);

	if (ready > 0 && fds[0].revents)
		nvme_interrupts_take(&queue->nvme->interrupts, queue->id);
	if (ready > 0 && fds[1].revents)
		nvme_look_for_owner(queue->nvme);
}

static void spin(void)
{
	for (unsigned int i = 0; i < SPINS; i++)
		nvme_relax();
}

unsigned int nvme_wait(struct nvme_queue *queue)
{
	struct nvme_requests *requests = &queue->requests;
	uint64_t before = requests->ended;

	nvme_queue_ring(queue);
	while (requests->busy) {
		look_when_due(queue);
		if (requests->busy)
			nvme_reap(queue);
		nvme_interrupts_rearm(queue->nvme, queue->id);
		if (requests->ended != before)
			break;
		if (queue->nvme->interrupts.on)
			sleep_for_interrupt(queue);
		else
			spin();
	}
	return (unsigned int)(requests->ended - before);
}

void nvme_wait_all(struct nvme_queue *queue)
{
	while (queue->requests.busy)
		nvme_wait(queue);
}
