/* SPDX-License-Identifier: BSD-2-Clause */
#include "bounce.h"

#include <errno.h>
#include <stdlib.h>

int nvme_bounce_init(struct nvme_bounce *bounce, struct nvme_memory *memory, unsigned int count,
		     uint64_t size, struct nvme_failure *failure)
{
	int ret;

	if (!count)
		return 0;
	bounce->stack = calloc(count, sizeof(*bounce->stack));
	if (!bounce->stack)
		return nvme_fail(failure, -ENOMEM, "no memory for %u bounce buffers", count);
	ret = nvme_buffer_new(memory, &bounce->buffer, count * size, failure);
	if (ret)
		return ret;
	bounce->size = size;
	bounce->count = count;
	for (unsigned int i = 0; i < count; i++)
		bounce->stack[bounce->free++] = (char *)bounce->buffer.address + i * size;
	return 0;
}

int nvme_bounce_fini(struct nvme_bounce *bounce, struct nvme_failure *failure)
{
	free(bounce->stack);
	bounce->stack = NULL;
	return nvme_buffer_free(&bounce->buffer, failure);
}

void *nvme_bounce_get(struct nvme_bounce *bounce)
{
	return bounce->free ? bounce->stack[--bounce->free] : NULL;
}

void nvme_bounce_put(struct nvme_bounce *bounce, void *address)
{
	bounce->stack[bounce->free++] = address;
}
