/* SPDX-License-Identifier: BSD-2-Clause */
/* Admin commands, one at a time. */
#ifndef NVME_ADMIN_H
#define NVME_ADMIN_H

#include "queue.h"

/**
 * Run an admin command to its end.
 * @param memory NULL: none
 * @param[out] value the completion's first double word; NULL is allowed
 */
int nvme_admin(struct nvme *nvme, const struct nvme_command *command,
	       const struct nvme_request_memory *memory, uint32_t *value,
	       struct nvme_failure *failure);

/** Ask for a command's abort. @return 0 when it was asked for, not when it is over */
int nvme_admin_abort(struct nvme *nvme, uint16_t queue, uint16_t command_id);

/** How many queues for I/O may there be? @param[in,out] count in: wanted; out: at most that */
int nvme_admin_queue_count(struct nvme *nvme, unsigned int *count, struct nvme_failure *failure);

/** Make a pair of queues for I/O. @param id 1 and more; its place is free */
int nvme_admin_create_queue(struct nvme *nvme, uint16_t id, const struct nvme_queue_options *opts,
			    struct nvme_failure *failure);

/** Wait for its requests, take it away from the controller, and free it. */
int nvme_admin_delete_queue(struct nvme *nvme, uint16_t id, struct nvme_failure *failure);

#endif
