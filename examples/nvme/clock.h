/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef NVME_CLOCK_H
#define NVME_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NVME_MILLISECOND UINT64_C(1000000)
#define NVME_SECOND      UINT64_C(1000000000)

/* Nanoseconds that never go back. */
static inline uint64_t nvme_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NVME_SECOND + (uint64_t)now.tv_nsec;
}

static inline void nvme_sleep(uint64_t nanoseconds)
{
	const struct timespec pause = {
		.tv_sec = (time_t)(nanoseconds / NVME_SECOND),
		.tv_nsec = (long)(nanoseconds % NVME_SECOND),
	};

	nanosleep(&pause, NULL);
}

#endif
