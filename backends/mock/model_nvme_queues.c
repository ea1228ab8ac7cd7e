/* SPDX-License-Identifier: BSD-2-Clause */
/* Submission and completion queues: making, fetching, posting, doorbells. */
#include "backends/mock/model_nvme.h"

void nvme_fatal(struct nvme *nvme)
{
	nvme->csts |= CSTS_FATAL;
}

void nvme_line(struct nvme *nvme)
{
	bool up = false;

	for (unsigned int i = 0; i <= nvme->options.queues; i++) {
		const struct nvme_cq *cq = &nvme->cqs[i];

		if (cq->made && cq->interrupts && cq->head != cq->tail && cq->vector < 32 &&
		    !(nvme->masked >> cq->vector & 1))
			up = true;
	}
	mock_interrupt_line(nvme->dev, up && !mock_interrupt_is_message(nvme->dev));
}

static void interrupt(struct nvme *nvme, const struct nvme_cq *cq)
{
	if (!mock_interrupt_is_message(nvme->dev))
		nvme_line(nvme);
	else if (cq->interrupts)
		mock_interrupt_message(nvme->dev, cq->vector);
}

static bool write_entry(struct nvme *nvme, const struct nvme_cq *cq,
			const struct nvme_request *request)
{
	const struct nvme_sq *sq = request->sq;
	uint64_t at = cq->base + ((uint64_t)cq->tail << CQE_SHIFT);
	unsigned char entry[12] = { 0 };

	nvme_put(entry, 4, request->result);
	nvme_put(entry + 8, 2, sq->head);
	nvme_put(entry + 10, 2, sq->id);
	/* The phase bit comes last: it tells that the rest is there. */
	return nvme_dma(nvme, at, entry, sizeof(entry), LIBIOMMU_PROT_WRITE) &&
	       nvme_dma_publish(nvme, at + 12,
				request->command.id | (uint32_t)cq->phase << 16 |
					(uint32_t)request->status << 17);
}

static void post(struct nvme *nvme, struct nvme_cq *cq)
{
	bool posted = false;

	while (nvme_runs(nvme) && cq->waiting.first && (cq->tail + 1) % cq->size != cq->head) {
		struct nvme_request *request = cq->waiting.first;

		if (!write_entry(nvme, cq, request)) {
			nvme_fatal(nvme);
			return;
		}
		nvme_pop(&cq->waiting);
		request->next = request->sq->free;
		request->sq->free = request;
		cq->tail = (cq->tail + 1) % cq->size;
		if (cq->tail == 0)
			cq->phase = !cq->phase;
		posted = true;
	}
	if (posted)
		interrupt(nvme, cq);
}

void nvme_complete(struct nvme *nvme, struct nvme_request *request)
{
	struct nvme_cq *cq = &nvme->cqs[request->sq->cq];

	nvme_push(&cq->waiting, request);
	post(nvme, cq);
}

static void decode(struct nvme_command *command, const unsigned char *entry)
{
	*command = (struct nvme_command){
		.opcode = entry[0],
		.flags = entry[1],
		.id = (uint16_t)nvme_get(entry + 2, 2),
		.nsid = (uint32_t)nvme_get(entry + 4, 4),
		.prp = { nvme_get(entry + 24, 8), nvme_get(entry + 32, 8) },
		.dw10 = (uint32_t)nvme_get(entry + 40, 4),
		.dw11 = (uint32_t)nvme_get(entry + 44, 4),
		.dw12 = (uint32_t)nvme_get(entry + 48, 4),
		.dw13 = (uint32_t)nvme_get(entry + 52, 4),
	};
}

static void fetch(struct nvme *nvme, struct nvme_sq *sq)
{
	while (nvme_runs(nvme) && sq->made && sq->head != sq->tail) {
		struct nvme_request *request = sq->free;
		unsigned char entry[SQE_BYTES];

		if (!request) {
			nvme->starved = true;
			return;
		}
		if (!nvme_dma(nvme, sq->base + ((uint64_t)sq->head << SQE_SHIFT), entry,
			      sizeof(entry), LIBIOMMU_PROT_READ)) {
			nvme_fatal(nvme);
			return;
		}
		sq->free = request->next;
		sq->head = (sq->head + 1) % sq->size;
		request->result = 0;
		decode(&request->command, entry);
		nvme_submit(nvme, request);
	}
}

void nvme_feed(struct nvme *nvme)
{
	if (!nvme->starved)
		return;
	nvme->starved = false;
	for (unsigned int i = 0; i <= nvme->options.queues; i++)
		fetch(nvme, &nvme->sqs[i]);
}

static void ring_sq(struct nvme *nvme, struct nvme_sq *sq, uint32_t tail)
{
	if (!sq->made) {
		nvme_event(nvme, EVENT_ERROR, EVENT_BAD_DOORBELL, LOG_ERRORS);
	} else if (tail >= sq->size) {
		nvme_event(nvme, EVENT_ERROR, EVENT_BAD_VALUE, LOG_ERRORS);
	} else {
		sq->tail = tail;
		fetch(nvme, sq);
	}
}

static void ring_cq(struct nvme *nvme, struct nvme_cq *cq, uint32_t head)
{
	if (!cq->made) {
		nvme_event(nvme, EVENT_ERROR, EVENT_BAD_DOORBELL, LOG_ERRORS);
	} else if (head >= cq->size || (head + cq->size - cq->head) % cq->size >
					       (cq->tail + cq->size - cq->head) % cq->size) {
		/* Outside, or past what was posted. */
		nvme_event(nvme, EVENT_ERROR, EVENT_BAD_VALUE, LOG_ERRORS);
	} else {
		cq->head = head;
		post(nvme, cq);
		nvme_line(nvme);
	}
}

void nvme_doorbell(struct nvme *nvme, unsigned int number, uint32_t value)
{
	if (!nvme_runs(nvme) || number / 2 >= NVME_QUEUES)
		return;
	if (number % 2)
		ring_cq(nvme, &nvme->cqs[number / 2], value);
	else
		ring_sq(nvme, &nvme->sqs[number / 2], value);
	nvme_feed(nvme);
}

uint16_t nvme_cq_make(struct nvme *nvme, unsigned int id, uint64_t base, uint32_t size)
{
	nvme->cqs[id] = (struct nvme_cq){
		.made = true, .phase = true, .interrupts = id == 0, .size = size, .base = base
	};
	return STATUS_SUCCESS;
}

uint16_t nvme_sq_make(struct nvme *nvme, unsigned int id, unsigned int cq, uint64_t base,
		      uint32_t size)
{
	struct nvme_sq *sq = &nvme->sqs[id];
	struct nvme_request *requests;

	requests = mock_alloc(nvme->dev->machine, size * sizeof(*requests));
	if (!requests)
		return STATUS_INTERNAL;
	*sq = (struct nvme_sq){
		.made = true,
		.id = (uint16_t)id,
		.cq = (uint16_t)cq,
		.size = size,
		.base = base,
		.requests = requests,
	};
	for (uint32_t i = size; i--;) {
		requests[i].sq = sq;
		requests[i].next = sq->free;
		sq->free = &requests[i];
	}
	nvme->cqs[cq].users++;
	return STATUS_SUCCESS;
}

void nvme_cq_drop(struct nvme *nvme, unsigned int id)
{
	nvme->cqs[id] = (struct nvme_cq){ 0 };
	nvme_line(nvme);
}

/* What could not be posted any more is lost with the queue. */
static void forget_waiting(struct nvme_cq *cq, const struct nvme_sq *sq)
{
	struct nvme_list all = cq->waiting;
	struct nvme_request *request;

	cq->waiting = (struct nvme_list){ 0 };
	while ((request = nvme_pop(&all))) {
		if (request->sq != sq)
			nvme_push(&cq->waiting, request);
	}
}

void nvme_sq_drop(struct nvme *nvme, unsigned int id)
{
	struct nvme_sq *sq = &nvme->sqs[id];
	struct nvme_cq *cq = &nvme->cqs[sq->cq];

	forget_waiting(cq, sq);
	cq->users--;
	mock_free(nvme->dev->machine, sq->requests, sq->size * sizeof(*sq->requests));
	*sq = (struct nvme_sq){ 0 };
}

void nvme_queues_drop(struct nvme *nvme)
{
	nvme->held = nvme->stuck = nvme->event_requests = (struct nvme_list){ 0 };
	nvme->event_count = nvme->event_request_count = 0;
	nvme->silenced_events = 0;
	nvme->io_queues = 0;
	nvme->starved = false;
	for (unsigned int i = 0; i < NVME_QUEUES; i++) {
		if (nvme->sqs[i].made)
			nvme_sq_drop(nvme, i);
	}
	for (unsigned int i = 0; i < NVME_QUEUES; i++)
		nvme->cqs[i] = (struct nvme_cq){ 0 };
	nvme_line(nvme);
}
