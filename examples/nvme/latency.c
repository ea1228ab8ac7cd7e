/* SPDX-License-Identifier: BSD-2-Clause */
#include "latency.h"

#define STEP_BITS 6

_Static_assert(1 << STEP_BITS == NVME_LATENCY_STEPS, "steps are a power of two");

/* Small values have a place of their own; above, a power of two has NVME_LATENCY_STEPS places. */
static unsigned int place_of(uint64_t value)
{
	unsigned int top;

	if (value < NVME_LATENCY_STEPS)
		return (unsigned int)value;
	top = 63 - (unsigned int)__builtin_clzll(value);
	return (top - STEP_BITS + 1) * NVME_LATENCY_STEPS +
	       (unsigned int)(value >> (top - STEP_BITS) & (NVME_LATENCY_STEPS - 1));
}

/* The largest value with this place. */
static uint64_t last_of(unsigned int place)
{
	unsigned int shift;

	if (place < NVME_LATENCY_STEPS)
		return place;
	shift = place / NVME_LATENCY_STEPS - 1;
	return ((uint64_t)(NVME_LATENCY_STEPS + place % NVME_LATENCY_STEPS + 1) << shift) - 1;
}

void nvme_latency_add(struct nvme_latency *latency, uint64_t nanoseconds)
{
	latency->count[place_of(nanoseconds)]++;
	latency->total++;
	if (nanoseconds > latency->longest)
		latency->longest = nanoseconds;
}

uint64_t nvme_latency_percentile(const struct nvme_latency *latency, unsigned int permille)
{
	/* Rounded up, so that at least that share is not above the answer. */
	uint64_t wanted = (latency->total * permille + 999) / 1000, seen = 0, value;

	for (unsigned int place = 0; place < 64 * NVME_LATENCY_STEPS; place++) {
		seen += latency->count[place];
		if (latency->count[place] && seen >= wanted) {
			value = last_of(place);
			return value < latency->longest ? value : latency->longest;
		}
	}
	return 0;
}
