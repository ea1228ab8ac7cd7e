/* SPDX-License-Identifier: BSD-2-Clause */
/* Waiting: by polling or by interrupts, with an eye on the clock and on the device's health. */
#ifndef NVME_WAIT_H
#define NVME_WAIT_H

#include "queue.h"

/**
 * Ring, and wait until a request of the queue has ended, in whatever way.
 * @return how many have; 0 when none is under way
 */
unsigned int nvme_wait(struct nvme_queue *queue);

/** Until all have ended. */
void nvme_wait_all(struct nvme_queue *queue);

/**
 * Stop the controller because of an error, or write it off when it is gone, and end every request
 * of every queue with that error.
 * @param code -ENODEV: it is gone
 */
void nvme_give_up(struct nvme *nvme, int code, const char *text);

/** Look whether the machine's owner wants the device back; sets nvme->wanted. */
void nvme_look_for_owner(struct nvme *nvme);

#endif
