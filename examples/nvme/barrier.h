/* SPDX-License-Identifier: BSD-2-Clause */
/* The order in which the device and the program see memory. */
#ifndef NVME_BARRIER_H
#define NVME_BARRIER_H

/* What was written to memory is there before a register is written after it. */
static inline void nvme_barrier_publish(void)
{
#if defined(__aarch64__)
	__asm__ volatile("dmb oshst" ::: "memory");
#elif defined(__x86_64__)
	__asm__ volatile("" ::: "memory");
#else
	__sync_synchronize();
#endif
}

/* What is read after it is not older than what was read before it. */
static inline void nvme_barrier_consume(void)
{
#if defined(__aarch64__)
	__asm__ volatile("dmb oshld" ::: "memory");
#elif defined(__x86_64__)
	__asm__ volatile("" ::: "memory");
#else
	__sync_synchronize();
#endif
}

static inline void nvme_relax(void)
{
#if defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#elif defined(__x86_64__)
	__asm__ volatile("pause" ::: "memory");
#endif
}

#endif
