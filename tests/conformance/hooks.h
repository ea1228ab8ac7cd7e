/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two tables of hooks.h in front of others: they count what is alive, can fail the n-th
 * call, and can answer in the kernel's place.
 */
#ifndef CONFORMANCE_HOOKS_H
#define CONFORMANCE_HOOKS_H

#include <libiommu/libiommu.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define HOOKS_FDS 4096

/** Which calls count towards the n-th one. */
#define HOOKS_FAIL_ALLOC 1u
#define HOOKS_FAIL_SYS   2u

/** An answer given instead of the kernel's. */
struct hooks_answer {
	const char *path;      /**< end of a path; NULL: an ioctl */
	unsigned long request; /**< of an ioctl */
	int result;            /**< what the call returns */
	unsigned int after;    /**< this many ioctls are let through first */
	bool nothing_removed;  /**< an unmap that succeeds, but says that it found nothing */
};

struct hooks {
	struct libiommu_sys sys;
	struct libiommu_allocator allocator;
	const struct libiommu_sys *base;

	pthread_mutex_t lock;
	int fds[HOOKS_FDS];
	size_t fd_count;
	uint64_t live_bytes;
	uint64_t live_blocks;
	uint64_t mapped_bytes;

	const struct hooks_answer *answers;
	size_t answer_count;
	unsigned int asked; /**< ioctls that there is an answer for */

	bool armed;
	uint32_t classes;
	uint64_t fail_at;
	bool fail_on; /**< all after the n-th fail as well */
	uint64_t calls;
	uint64_t fired;
	char what[48];
};

void hooks_init(struct hooks *hooks, const struct libiommu_sys *base);
void hooks_finish(struct hooks *hooks);

/** Fail the n-th call from now on, n at least 1. */
void hooks_fail(struct hooks *hooks, uint32_t classes, uint64_t n, bool all_after);
void hooks_stop_failing(struct hooks *hooks);

/** Answer these until the next call. */
void hooks_answer(struct hooks *hooks, const struct hooks_answer *answers, size_t count);

/** True when nothing that went through the hooks is alive any more. */
bool hooks_clean(struct hooks *hooks, char *why, size_t room);

#endif
