/* SPDX-License-Identifier: BSD-2-Clause */
/* How far long work has come, on stderr. */
#ifndef NVME_PROGRESS_H
#define NVME_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct nvme_progress {
	const char *what;
	uint64_t total; /**< 0: not known */
	uint64_t begun;
	uint64_t next; /**< when to print again */
	bool quiet;
	bool terminal;
	bool printed;
};

void nvme_progress_begin(struct nvme_progress *progress, const char *what, uint64_t total,
			 bool quiet);

/** Call as often as you like: it prints now and then. */
void nvme_progress_show(struct nvme_progress *progress, uint64_t done);

/** Take the line off a terminal. */
void nvme_progress_end(struct nvme_progress *progress);

#endif
