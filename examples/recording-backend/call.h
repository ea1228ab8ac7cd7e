/* SPDX-License-Identifier: BSD-2-Clause */
/* One call of a replay, for the files that know how to make it. */
#ifndef CALL_H
#define CALL_H

#include "calls.h"

struct call {
	struct world *world;
	struct world_ctx *ctx;
	struct world_device *dev; /* of the argument device, for calls that have it */
	struct world_domain *dom; /* of the argument domain */
	const struct trace_line *line;
	struct trace_text *out;
	struct libiommu_failure f;
};

extern const char call_wrong[];

/* Arguments of a line into variables, or out with a complaint. */
#define NUMBER(c, key, variable)                                \
	do {                                                    \
		if (!trace_number((c)->line, key, &(variable))) \
			return call_wrong;                      \
	} while (0)

#define NAMED(c, key, names, variable)                               \
	do {                                                         \
		if (!trace_name((c)->line, key, names, &(variable))) \
			return call_wrong;                           \
	} while (0)

/* Writes what came back, and returns NULL: the call was made. */
const char *call_result(struct call *c, int code);

/* NULL, or why the core would not make it. */
const char *call_claim(struct call *c);
const char *call_release(struct call *c);
const char *call_device_open(struct call *c);
const char *call_device_close(struct call *c);
const char *call_device_cap(struct call *c);
const char *call_device_ranges(struct call *c);
const char *call_domain_new(struct call *c);
const char *call_domain_free(struct call *c);
const char *call_attach(struct call *c);
const char *call_detach(struct call *c);
const char *call_replace(struct call *c);
const char *call_map(struct call *c);
const char *call_unmap(struct call *c);
const char *call_region_open(struct call *c);
const char *call_region_read(struct call *c);
const char *call_region_write(struct call *c);
const char *call_region_map(struct call *c);
const char *call_region_unmap(struct call *c);
const char *call_interrupt_count(struct call *c);
const char *call_interrupt_set(struct call *c);
const char *call_interrupt_unmask(struct call *c);
const char *call_reset(struct call *c);
const char *call_domain_native(struct call *c);
const char *call_kvm_fd(struct call *c);
const char *call_hot_reset_fds(struct call *c);

#endif
