/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include "clock.h"

#include <stdio.h>
#include <unistd.h>

#define MIB (1024.0 * 1024.0)

static uint64_t pause_of(const struct nvme_progress *progress)
{
	return progress->terminal ? NVME_SECOND / 5 : 2 * NVME_SECOND;
}

void nvme_progress_begin(struct nvme_progress *progress, const char *what, uint64_t total,
			 bool quiet)
{
	*progress = (struct nvme_progress){ .what = what, .total = total, .quiet = quiet };
	progress->terminal = isatty(STDERR_FILENO);
	progress->begun = nvme_now();
	progress->next = progress->begun + pause_of(progress);
}

void nvme_progress_show(struct nvme_progress *progress, uint64_t done)
{
	uint64_t now;
	double seconds;

	if (progress->quiet)
		return;
	now = nvme_now();
	if (now < progress->next)
		return;
	progress->next = now + pause_of(progress);
	progress->printed = true;
	seconds = (double)(now - progress->begun) / (double)NVME_SECOND;
	fprintf(stderr, "%s%s: %.0f MiB", progress->terminal ? "\r" : "", progress->what,
		(double)done / MIB);
	if (progress->total)
		fprintf(stderr, " of %.0f (%.0f %%)", (double)progress->total / MIB,
			100.0 * (double)done / (double)progress->total);
	fprintf(stderr, ", %.0f MiB/s%s", (double)done / MIB / seconds,
		progress->terminal ? "   " : "\n");
}

void nvme_progress_end(struct nvme_progress *progress)
{
	if (progress->printed && progress->terminal)
		fputs("\r\033[K", stderr);
}
