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

/* Geometries that come back from a move, into the trace and into the two domains. */
void call_moved(struct call *c, struct world_domain *from, struct world_domain *to,
		struct libiommu_geometry *from_geometry, struct libiommu_geometry *to_geometry);
/* The mappings that come with an attach are those that the calls before have left; free them. */
const char *call_maps(struct call *c, struct world_domain *dom, bool first,
		      struct libiommu_backend_attach *out);
/* The queue that a line names, NULL for 0. */
const char *call_queue(struct call *c, struct world_queue **out);

/* NULL, or why the core would not make it. */
const char *call_claim(struct call *c);
const char *call_release(struct call *c);
const char *call_device_open(struct call *c);
const char *call_device_close(struct call *c);
const char *call_device_cap(struct call *c);
const char *call_device_ranges(struct call *c);
const char *call_domain_new(struct call *c);
const char *call_domain_new_with(struct call *c);
const char *call_nested_new(struct call *c);
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
const char *call_pasid_width(struct call *c);
const char *call_pasid_attach(struct call *c);
const char *call_pasid_detach(struct call *c);
const char *call_pasid_replace(struct call *c);
const char *call_hw_info(struct call *c);
const char *call_invalidate(struct call *c);
const char *call_invalidate_raw(struct call *c);
const char *call_queue_new(struct call *c);
const char *call_queue_free(struct call *c);
const char *call_queue_next(struct call *c);
const char *call_queue_respond(struct call *c);
const char *call_queue_overflows(struct call *c);

#endif
