/* SPDX-License-Identifier: BSD-2-Clause */
/* What the sweep fails the n-th call of. */
#ifndef CONFORMANCE_SWEEP_H
#define CONFORMANCE_SWEEP_H

#include "hooks.h"
#include "target.h"

#define SWEEP_DOMAINS 2
#define SWEEP_DEVICES 3
#define SWEEP_MEMORY  (64 * target->page)

/** A step's answer when it does not apply; nothing may have happened. */
#define SWEEP_NOT_HERE 1000000

/** What a run of a scenario has made so far. */
struct world {
	struct hooks hooks;
	const char *scenario;
	const char *step;
	uint64_t nth;
	bool failed;

	struct libiommu_ctx *ctx;
	struct libiommu_domain *dom[SWEEP_DOMAINS];
	struct libiommu_device *dev[SWEEP_DEVICES];
	struct libiommu_region *region;
	struct libiommu_reader *reader;
	struct libiommu_group *group;
	char *memory;
	int file;
};

struct sweep_step {
	const char *name; /**< NULL: the end */
	/** One call of the library. Its return value, and its error in *err. */
	int (*run)(struct world *w, struct libiommu_error **err);
	bool may_be_done; /**< after `partial` there may be nothing left to do */
};

struct sweep_scenario {
	const char *name; /**< NULL: the end */
	size_t alone;
	size_t members;
	const struct sweep_step *steps;
};

extern const struct sweep_scenario sweep_scenarios[];

void sweep_problem(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
