/* SPDX-License-Identifier: BSD-2-Clause */
/* The controller's interrupts, as eventfds. */
#ifndef NVME_INTERRUPTS_H
#define NVME_INTERRUPTS_H

#include "failure.h"

struct nvme;

#define NVME_VECTORS_MAX 17

struct nvme_interrupts {
	bool on; /**< completions are announced; else they are polled for */
	enum libiommu_interrupt_kind kind;
	unsigned int count; /**< vectors in use; queue n has vector n modulo count */
	int event[NVME_VECTORS_MAX];
	int request; /**< the machine's owner wants the device back; -1: cannot be told */
};

void nvme_interrupts_init(struct nvme_interrupts *interrupts);

/** Ask to be told when the device is wanted back, where that is possible. */
int nvme_interrupts_open(struct nvme *nvme, struct nvme_failure *failure);

/** Let completions of up to `wanted` queues be announced: by MSI-X, else MSI, else INTx. */
int nvme_interrupts_enable(struct nvme *nvme, unsigned int wanted, struct nvme_failure *failure);

/** Stop all of them; a device that is gone is fine. */
void nvme_interrupts_close(struct nvme *nvme);

/** @return the eventfd of a queue; -1 when interrupts are off */
int nvme_interrupts_event(const struct nvme_interrupts *interrupts, unsigned int queue);

/** Take what the eventfd counted. */
void nvme_interrupts_take(const struct nvme_interrupts *interrupts, unsigned int queue);

/** After completions were taken: a line (INTx) fires once, then it must be let go. */
void nvme_interrupts_rearm(struct nvme *nvme, unsigned int queue);

/** Does the owner want the device back? Once seen, always told by nvme->wanted. */
bool nvme_interrupts_wanted_back(const struct nvme_interrupts *interrupts);

/** @return "MSI-X", "MSI", "INTx" or "polling" */
const char *nvme_interrupts_name(const struct nvme_interrupts *interrupts);

#endif
