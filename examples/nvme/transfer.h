/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many blocks in a row, with several requests at a time. The program fills pieces before they are
 * written, or takes them after they were read, always in order.
 */
#ifndef NVME_TRANSFER_H
#define NVME_TRANSFER_H

#include "io.h"

struct nvme_transfer {
	struct nvme_queue *queue;
	const struct nvme_namespace *ns;
	enum nvme_io_opcode opcode; /**< read or write */
	uint64_t block;             /**< the first */
	uint64_t blocks;            /**< how many; for a write at most so many */
	uint64_t piece; /**< bytes of one request, whole blocks; 0: as suits the queue */
	/**
	 * For a write: put up to `length` bytes that belong `offset` bytes behind the first block into
	 * the buffer. For a read: take that many.
	 * @return for a write bytes that were put, whole blocks, less than asked for ends the transfer;
	 *         for a read 0; a negative errno with its failure ends it as well
	 */
	int64_t (*move)(void *data, void *buffer, uint64_t offset, uint64_t length,
			struct nvme_failure *failure);
	/** Told now and then how many bytes are done; NULL is allowed. */
	void (*progress)(void *data, uint64_t done);
	void *data;
};

/**
 * @param[out] done bytes that were moved, from the first block on without a gap; may be NULL
 * @return 0; -ESHUTDOWN when the owner wants the device back; what has failed
 */
int nvme_transfer_run(const struct nvme_transfer *transfer, uint64_t *done,
		      struct nvme_failure *failure);

#endif
