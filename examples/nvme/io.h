/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading, writing and flushing blocks of a namespace. */
#ifndef NVME_IO_H
#define NVME_IO_H

#include "command.h"
#include "namespace.h"
#include "queue.h"

struct nvme_io {
	enum nvme_io_opcode opcode;
	const struct nvme_namespace *ns;
	uint64_t block;  /**< the first */
	uint32_t blocks; /**< 1 to 65536; 0 for a flush */
	/**
	 * As many bytes as the blocks. Memory that is mapped in the domain is used as it is; other
	 * memory is copied, when the queue has bounce buffers.
	 */
	void *buffer;
};

/** Submit; as nvme_submit(). -EINVAL for blocks that the namespace does not have. */
int nvme_io_submit(struct nvme_queue *queue, const struct nvme_io *io, nvme_done_fn done,
		   void *data, struct nvme_failure *failure);

/** Submit, and wait for this one's end. Others may end meanwhile. */
int nvme_io_run(struct nvme_queue *queue, const struct nvme_io *io, struct nvme_failure *failure);

#endif
