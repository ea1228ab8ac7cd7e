/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/geometry.h"

#include <string.h>

size_t libiommu_ranges_find(const struct libiommu_range *ranges, size_t count, uint64_t address)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool libiommu_ranges_hold(const struct libiommu_range *ranges, size_t count, uint64_t start,
			  uint64_t last)
{
	size_t i = libiommu_ranges_find(ranges, count, start);

	return i < count && ranges[i].start <= start && last <= ranges[i].last;
}

bool libiommu_ranges_valid(const struct libiommu_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ranges[i].start > ranges[i].last)
			return false;
		if (i && ranges[i].start <= ranges[i - 1].last)
			return false;
	}
	return true;
}

bool libiommu_ranges_next_common(const struct libiommu_range *a, size_t a_count,
				 const struct libiommu_range *b, size_t b_count, uint64_t from,
				 struct libiommu_range *out)
{
	size_t i = libiommu_ranges_find(a, a_count, from);
	size_t j = libiommu_ranges_find(b, b_count, from);

	while (i < a_count && j < b_count) {
		uint64_t start = a[i].start > b[j].start ? a[i].start : b[j].start;
		uint64_t last = a[i].last < b[j].last ? a[i].last : b[j].last;

		if (start <= last) {
			*out = (struct libiommu_range){ start, last };
			return true;
		}
		if (a[i].last < b[j].last)
			i++;
		else
			j++;
	}
	return false;
}

/* Room grows by doubling; the capacity follows from the count. */
static bool full(size_t count)
{
	return (count & (count - 1)) == 0 && count != 1;
}

static size_t capacity(size_t count)
{
	size_t room = 2;

	while (room < count)
		room *= 2;
	return room;
}

int libiommu_geometry_add(const struct libiommu_backend_env *env,
			  struct libiommu_geometry *geometry, uint64_t start, uint64_t last,
			  struct libiommu_failure *failure)
{
	const struct libiommu_allocator *a = env->allocator;
	size_t count = geometry->count;

	if (full(count)) {
		size_t room = count ? count * 2 : 2;
		struct libiommu_range *grown =
			a->alloc(a->data, room * sizeof(*grown), _Alignof(struct libiommu_range));

		if (!grown)
			return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		if (count) {
			memcpy(grown, geometry->ranges, count * sizeof(*grown));
			a->free(a->data, geometry->ranges, capacity(count) * sizeof(*grown));
		}
		geometry->ranges = grown;
	}
	geometry->ranges[geometry->count++] = (struct libiommu_range){ start, last };
	return 0;
}

void libiommu_geometry_clear(const struct libiommu_backend_env *env,
			     struct libiommu_geometry *geometry)
{
	const struct libiommu_allocator *a = env->allocator;

	if (geometry->count)
		a->free(a->data, geometry->ranges,
			capacity(geometry->count) * sizeof(*geometry->ranges));
	memset(geometry, 0, sizeof(*geometry));
}

int libiommu_geometry_check(const struct libiommu_geometry *geometry,
			    const struct libiommu_backend_map *maps, size_t count,
			    struct libiommu_failure *failure)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t start = maps[i].iova, last = start + maps[i].length - 1;

		if ((start | maps[i].length) & (geometry->page_min - 1) ||
		    !libiommu_ranges_hold(geometry->ranges, geometry->count, start, last)) {
			libiommu_refuse_subject_range(failure, start, last);
			return libiommu_refuse(failure, LIBIOMMU_REASON_MAPPING_CONFLICT, NULL,
					       NULL);
		}
	}
	return 0;
}
