/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts of how long things took, exact to 2 percent. */
#ifndef NVME_LATENCY_H
#define NVME_LATENCY_H

#include <stdint.h>

#define NVME_LATENCY_STEPS 64 /* per power of two */

struct nvme_latency {
	uint64_t total;
	uint64_t longest;
	uint64_t count[64 * NVME_LATENCY_STEPS];
};

void nvme_latency_add(struct nvme_latency *latency, uint64_t nanoseconds);

/**
 * @param permille 500: the median; 999: what all but one of a thousand keep to
 * @return nanoseconds; 0 when nothing was counted
 */
uint64_t nvme_latency_percentile(const struct nvme_latency *latency, unsigned int permille);

#endif
