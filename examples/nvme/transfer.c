/* SPDX-License-Identifier: BSD-2-Clause */
#include "transfer.h"

#include "controller.h"
#include "plant.h"
#include "wait.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE_MAX  (128u << 10) /* unless the caller wants more */
#define PIECES_MAX 64

/* One buffer, and the request that it is in. */
struct piece {
	struct run *run;
	void *buffer;
	uint64_t offset;
	uint64_t length;
	bool over;
};

struct run {
	const struct nvme_transfer *transfer;
	struct nvme_buffer memory;
	struct piece *pieces;
	unsigned int count;
	uint64_t size;            /* of a piece */
	uint64_t total;           /* bytes; shrinks when a write has no more */
	uint64_t sent;            /* bytes in requests so far */
	uint64_t done;            /* bytes in requests that are over, in order */
	unsigned int first, used; /* pieces under way, as a ring */
	int code;                 /* of the failure that is nearest to the first block */
	uint64_t failed_at;
	struct nvme_failure *failure;
};

static void keep(struct run *run, uint64_t offset, const struct nvme_failure *failure)
{
	if (run->code && run->failed_at <= offset)
		return;
	run->code = failure->code;
	run->failed_at = offset;
	if (run->failure)
		*run->failure = *failure;
}

static void on_done(void *data, const struct nvme_result *result)
{
	struct piece *piece = data;
	struct nvme_failure failure;

	piece->over = true;
	if (!result->code)
		return;
	nvme_fail(&failure, result->code, "%s", result->text);
	keep(piece->run, piece->offset, &failure);
}

static int prepare(struct run *run, const struct nvme_transfer *transfer)
{
	struct nvme_queue *queue = transfer->queue;
	uint64_t block_size = transfer->ns->block_size;

	run->size = transfer->piece;
	if (!run->size)
		run->size = queue->max_transfer < PIECE_MAX ? queue->max_transfer : PIECE_MAX;
	run->size -= run->size % block_size;
	if (!run->size)
		return nvme_fail(run->failure, -EINVAL,
				 "requests of %llu bytes are shorter than a block",
				 (unsigned long long)transfer->piece);
	run->total = transfer->blocks * block_size;
	if (run->size > run->total)
		run->size = run->total;
	run->count = queue->requests.count < PIECES_MAX ? queue->requests.count : PIECES_MAX;
	run->pieces = calloc(run->count, sizeof(*run->pieces));
	if (!run->pieces)
		return nvme_fail(run->failure, -ENOMEM, "no memory for a transfer");
	return nvme_buffer_new(&queue->nvme->memory, &run->memory, run->count * run->size,
			       run->failure);
}

/* Let the caller fill a piece that is to be written; less than asked for is the end. */
static int fill(struct run *run, struct piece *piece, struct nvme_failure *failure)
{
	const struct nvme_transfer *transfer = run->transfer;
	int64_t got;

	if (transfer->opcode != NVME_IO_WRITE)
		return 0;
	got = transfer->move(transfer->data, piece->buffer, piece->offset, piece->length, failure);
	if (got < 0)
		return (int)got;
	if ((uint64_t)got < piece->length)
		run->total = run->sent + (uint64_t)got;
	piece->length = (uint64_t)got;
	return 0;
}

static int submit(struct run *run, struct piece *piece, struct nvme_failure *failure)
{
	const struct nvme_transfer *transfer = run->transfer;
	const struct nvme_io io = {
		.opcode = transfer->opcode,
		.ns = transfer->ns,
		.block = transfer->block + piece->offset / transfer->ns->block_size,
		.blocks = (uint32_t)(piece->length / transfer->ns->block_size),
		.buffer = piece->buffer,
	};
	int ret;

	do { /* others may use the queue as well */
		ret = nvme_io_submit(transfer->queue, &io, on_done, piece, failure);
	} while (ret == -EAGAIN && nvme_wait(transfer->queue));
	return ret;
}

/* Send one more. @return false when nothing can be sent now */
static bool send(struct run *run)
{
	unsigned int n = (run->first + run->used) % run->count;
	struct piece *piece = &run->pieces[n];
	struct nvme_failure failure;
	int ret;

	if (run->code || run->used == run->count || run->sent == run->total)
		return false;
	*piece = (struct piece){ .run = run, .offset = run->sent };
	piece->buffer = (char *)run->memory.address + n * run->size;
	piece->length = run->total - run->sent < run->size ? run->total - run->sent : run->size;
	if (run->transfer->queue->nvme->wanted)
		ret = nvme_fail(&failure, -ESHUTDOWN, "the machine's owner wants the device back");
	else
		ret = fill(run, piece, &failure);
	if (!ret && piece->length)
		ret = submit(run, piece, &failure);
	if (ret)
		keep(run, piece->offset, &failure);
	if (ret || !piece->length)
		return false;
	run->sent += piece->length;
	run->used++;
	return true;
}

/* The pieces at the front that are over. */
static void take(struct run *run)
{
	const struct nvme_transfer *transfer = run->transfer;

	while (run->used && run->pieces[run->first].over) {
		struct piece *piece = &run->pieces[run->first];
		bool good = !run->code || piece->offset < run->failed_at;
		struct nvme_failure failure;

		if (good && transfer->opcode == NVME_IO_READ &&
		    transfer->move(transfer->data, piece->buffer, piece->offset, piece->length,
				   &failure) < 0)
			keep(run, piece->offset, &failure);
		else if (good)
			run->done += piece->length;
		run->first = (run->first + 1) % run->count;
		run->used--;
	}
	if (transfer->progress)
		transfer->progress(transfer->data, run->done);
}

int nvme_transfer_run(const struct nvme_transfer *transfer, uint64_t *done,
		      struct nvme_failure *failure)
{
	struct run run = { .transfer = transfer, .failure = failure };
	int ret;

	if (done)
		*done = 0;
	if (!transfer->blocks)
		return 0;
	ret = prepare(&run, transfer);
	if (ret) {
		free(run.pieces);
		return ret;
	}
	do {
		while (send(&run))
			;
		if (NVME_PLANTED(NVME_BUG_UNMAP_EARLY))
			libiommu_domain_unmap(transfer->queue->nvme->dom, run.memory.iova,
					      run.memory.length, NULL, NULL);
		if (run.used)
			nvme_wait(transfer->queue);
		take(&run);
	} while (run.used || (!run.code && run.sent < run.total));
	/* Every request is over: the device works on the buffer no more. */
	ret = nvme_buffer_free(&run.memory, run.code ? NULL : failure);
	free(run.pieces);
	if (done)
		*done = run.done;
	return run.code ? run.code : ret;
}
