/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page requests: groups that wait for an answer. A queue's lock comes after iommu.gate; a device
 * asks while it holds the gate for reading, and waits without it.
 */
#ifndef BACKENDS_MOCK_QUEUE_H
#define BACKENDS_MOCK_QUEUE_H

#include "backends/mock/dma.h"
#include "backends/mock/front.h"

#define MOCK_QUEUE_DEPTH 512 /* when nothing else is asked for */

struct mock_asked;

struct mock_queue {
	struct mock_machine *machine;
	const struct libiommu_sys *sys;
	int fd; /* readable while there is a group that nobody has looked at */
	size_t depth;
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t answered;
	struct mock_asked *first; /* without an answer, oldest first */
	size_t open;
	size_t untold;  /* nobody has looked at them */
	size_t waiting; /* accesses that wait here */
	uint64_t overflows;
};

extern const struct libiommu_backend_faults mock_faults_table;

/* Who brings pages to a requester; NULL: nobody. A group can lead to a domain what is not
 * attached itself: that asks for nothing. The gate is held. */
static inline struct mock_queue *mock_queue_of(struct mock_requester from,
					       const struct mock_reach *reach)
{
	if (!reach || !reach->space || (!from.pasid && !from.dev->attached))
		return NULL;
	return reach->dom->queue;
}

/*
 * Ask. With `waits` an access waits for the answer with mock_queue_wait(); without, it comes to
 * the machine's answers. The gate is held.
 * @return NULL: refused at once, since the queue is full
 */
struct mock_asked *mock_queue_ask(struct mock_queue *queue, struct mock_requester from,
				  const struct libiommu_page_request *requests, size_t count,
				  uint32_t number, bool waits, uint64_t *ticket);
/* The gate is not held. */
enum libiommu_fault_answer mock_queue_wait(struct mock_queue *queue, struct mock_asked *asked);
/*
 * Refuse all that came on this way, which leads here no more; of one device (NULL: of all). NULL queue:
 * nothing.
 */
void mock_queue_abandon(struct mock_queue *queue, const struct mock_reach *way,
			const struct mock_device *dev);

#endif
