/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_GEOMETRY_H
#define LIB_GEOMETRY_H

#include <libiommu/backend.h>

/* Sorted lists of inclusive ranges: pure functions, no I/O, no allocation. */

/* The range that holds `address`, or the next one above it; count when there is none. */
size_t libiommu_ranges_find(const struct libiommu_range *ranges, size_t count, uint64_t address);

/* True when one range holds all of [start, last]. */
bool libiommu_ranges_hold(const struct libiommu_range *ranges, size_t count, uint64_t start,
			  uint64_t last);

/* True when ascending, without overlap, no start above its last. */
bool libiommu_ranges_valid(const struct libiommu_range *ranges, size_t count);

/*
 * The first range of the intersection of two lists that ends at or above
 * `from`; false when there is none.
 */
bool libiommu_ranges_next_common(const struct libiommu_range *a, size_t a_count,
				 const struct libiommu_range *b, size_t b_count, uint64_t from,
				 struct libiommu_range *out);

#endif
