/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that the device can reach, for callers whose memory it cannot. */
#ifndef NVME_BOUNCE_H
#define NVME_BOUNCE_H

#include "memory.h"

struct nvme_bounce {
	struct nvme_buffer buffer;
	uint64_t size; /* of each */
	unsigned int count;
	unsigned int free;
	void **stack; /* those that are free */
};

/** @param count 0: none */
int nvme_bounce_init(struct nvme_bounce *bounce, struct nvme_memory *memory, unsigned int count,
		     uint64_t size, struct nvme_failure *failure);
int nvme_bounce_fini(struct nvme_bounce *bounce, struct nvme_failure *failure);

/** @return NULL when all are in use */
void *nvme_bounce_get(struct nvme_bounce *bounce);
void nvme_bounce_put(struct nvme_bounce *bounce, void *address);

#endif
