/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_HOLES_H
#define LIB_HOLES_H

#include <libiommu/types.h>

/*
 * Where free IOVAs can be: from full_below on, and in the holes. Every other one is taken or of no
 * use. The lowest holes are remembered; when there are more, full_below steps back to the highest.
 * A hole may have been filled since, wholly or in part.
 */
#define HOLES_MAX 32

struct holes {
	uint64_t full_below;
	size_t count;
	struct libiommu_range hole[HOLES_MAX]; /* by start */
};

/* Nothing is known. */
void holes_reset(struct holes *holes);
/* A range has become free. */
void holes_add(struct holes *holes, uint64_t start, uint64_t last);
/* A hole has been filled. */
void holes_drop(struct holes *holes, size_t index);
/* A hole begins higher than before; true: another one has taken its place in the order. */
bool holes_sink(struct holes *holes, size_t index);

#endif
