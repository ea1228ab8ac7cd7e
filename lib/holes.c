/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/holes.h"

#include <string.h>

void holes_reset(struct holes *holes)
{
	holes->full_below = 0;
	holes->count = 0;
}

void holes_add(struct holes *holes, uint64_t start, uint64_t last)
{
	size_t at = holes->count;

	if (start >= holes->full_below)
		return;
	while (at && holes->hole[at - 1].start > start)
		at--;
	if (holes->count == HOLES_MAX && at == HOLES_MAX) {
		holes->full_below = start;
		return;
	}
	if (holes->count == HOLES_MAX)
		holes->full_below = holes->hole[--holes->count].start;
	memmove(&holes->hole[at + 1], &holes->hole[at],
		(holes->count - at) * sizeof(holes->hole[0]));
	holes->hole[at] = (struct libiommu_range){ start, last };
	holes->count++;
}

void holes_drop(struct holes *holes, size_t index)
{
	holes->count--;
	memmove(&holes->hole[index], &holes->hole[index + 1],
		(holes->count - index) * sizeof(holes->hole[0]));
}

bool holes_sink(struct holes *holes, size_t index)
{
	struct libiommu_range *hole = holes->hole, moved = hole[index];

	if (index + 1 == holes->count || hole[index + 1].start >= moved.start)
		return false;
	hole[index] = hole[index + 1];
	hole[index + 1] = moved;
	return true;
}
