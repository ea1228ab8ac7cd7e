/* SPDX-License-Identifier: BSD-2-Clause */
/* iommufd: address spaces, with the kernel's order of checks. */
#include "tests/fake/iommufd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_RANGES (GROUPS * RESERVED + 2)

uint64_t fake_aperture(const struct fake_kernel *kernel)
{
	uint64_t bits = kernel->knobs[FAKE_ADDRESS_BITS];

	return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

bool fake_reserves(const struct reserved *reserved)
{
	return strcmp(reserved->type, "direct-relaxable") != 0;
}

static int pin(struct fake_kernel *kernel, struct area *area)
{
	const bool writes = area->flags & IOMMU_IOAS_MAP_WRITEABLE;
	struct stat st;
	int rc;

	if (area->fd >= 0) {
		if (fstat(area->fd, &st) || (uint64_t)st.st_size < area->start + area->length)
			return -EINVAL;
		area->memory = mmap(NULL, area->length, PROT_READ | PROT_WRITE, MAP_SHARED,
				    area->fd, (off_t)area->start);
		if (area->memory == MAP_FAILED) {
			area->memory = NULL;
			return -EFAULT;
		}
	} else {
		rc = kernel->base->madvise(kernel->base->data, area->memory, area->length,
					   writes ? MADV_POPULATE_WRITE : MADV_POPULATE_READ);
		if (rc < 0 && kernel->populates)
			return -EFAULT;
	}
	if (area->length > kernel->knobs[FAKE_MEMLOCK] ||
	    kernel->locked > kernel->knobs[FAKE_MEMLOCK] - area->length) {
		if (area->fd >= 0)
			munmap(area->memory, area->length);
		return -ENOMEM;
	}
	kernel->locked += area->length;
	return 0;
}

static void unpin(struct fake_kernel *kernel, struct area *area)
{
	kernel->locked -= area->length;
	if (area->fd < 0)
		return;
	munmap(area->memory, area->length);
	area->memory = NULL;
}

int fake_ioas_pin(struct fake_kernel *kernel, struct ioas *ioas)
{
	for (size_t i = 0; i < ioas->count; i++) {
		int rc = pin(kernel, &ioas->areas[i]);

		if (!rc)
			continue;
		while (i--)
			unpin(kernel, &ioas->areas[i]);
		return rc;
	}
	return 0;
}

void fake_ioas_unpin(struct fake_kernel *kernel, struct ioas *ioas)
{
	for (size_t i = 0; i < ioas->count; i++)
		unpin(kernel, &ioas->areas[i]);
}

static void drop(struct fake_kernel *kernel, const struct ioas *ioas, struct area *area)
{
	if (ioas->hwpts)
		unpin(kernel, area);
	if (area->fd >= 0)
		close(area->fd);
}

void fake_ioas_clear(struct fake_kernel *kernel, struct ioas *ioas)
{
	for (size_t i = 0; i < ioas->count; i++)
		drop(kernel, ioas, &ioas->areas[i]);
	free(ioas->areas);
	*ioas = (struct ioas){ 0 };
}

/* Index of the first area that ends at or behind an address. */
static size_t find(const struct ioas *ioas, uint64_t iova)
{
	size_t low = 0, high = ioas->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ioas->areas[middle].iova + (ioas->areas[middle].length - 1) < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct area *fake_ioas_find(const struct ioas *ioas, uint64_t iova)
{
	size_t at = find(ioas, iova);

	return at < ioas->count && ioas->areas[at].iova <= iova ? &ioas->areas[at] : NULL;
}

int fake_ioas_free_of(const struct ioas *ioas, uint64_t start, uint64_t last)
{
	size_t at = find(ioas, start);

	return at < ioas->count && ioas->areas[at].iova <= last ? -EADDRINUSE : 0;
}

/* Cut [start, last] out of the ranges. */
static size_t cut(struct iommu_iova_range *ranges, size_t count, uint64_t start, uint64_t last)
{
	size_t left = 0;
	struct iommu_iova_range old[MAX_RANGES];

	memcpy(old, ranges, count * sizeof(*ranges));
	for (size_t i = 0; i < count; i++) {
		const bool apart = old[i].last < start || old[i].start > last;

		if (apart) {
			ranges[left++] = old[i];
			continue;
		}
		if (old[i].start < start)
			ranges[left++] = (struct iommu_iova_range){ old[i].start, start - 1 };
		if (old[i].last > last)
			ranges[left++] = (struct iommu_iova_range){ last + 1, old[i].last };
	}
	return left;
}

static size_t usable(struct fake_kernel *kernel, struct iommufd *iommufd, uint32_t id,
		     struct iommu_iova_range ranges[MAX_RANGES])
{
	const uint64_t last = fake_aperture(kernel);
	bool seen[GROUPS] = { false };
	size_t count = 1;

	ranges[0] = (struct iommu_iova_range){ 0, UINT64_MAX };
	if (iommufd->objects[id].ioas.hwpts && last != UINT64_MAX)
		count = cut(ranges, count, last + 1, UINT64_MAX);
	for (uint32_t d = 1; d < OBJECTS; d++) {
		const struct object *device = fake_object(iommufd, d, OBJECT_DEVICE);
		const struct group *group;

		if (!device || !device->device->hwpt ||
		    iommufd->objects[device->device->hwpt].hwpt.ioas != id ||
		    seen[device->device->device->group])
			continue;
		seen[device->device->device->group] = true;
		group = &kernel->groups[device->device->device->group];
		for (size_t i = 0; i < group->reserved_count; i++)
			if (fake_reserves(&group->reserved[i]))
				count = cut(ranges, count, group->reserved[i].start,
					    group->reserved[i].last);
	}
	return count;
}

int fake_ioas_ranges(struct fake_kernel *kernel, struct iommufd *iommufd, void *argument)
{
	struct iommu_ioas_iova_ranges *ask = argument;
	struct iommu_iova_range ranges[MAX_RANGES], *out = (void *)(uintptr_t)ask->allowed_iovas;
	const uint32_t room = ask->num_iovas;
	const struct object *object;
	size_t count;

	if (ask->reserved)
		return -EOPNOTSUPP;
	object = fake_object(iommufd, ask->ioas_id, OBJECT_IOAS);
	if (!object)
		return -ENOENT;
	count = usable(kernel, iommufd, ask->ioas_id, ranges);
	for (size_t i = 0; i < count && i < room; i++)
		out[i] = ranges[i];
	ask->num_iovas = (uint32_t)count;
	ask->out_iova_alignment = object->ioas.hwpts ? PAGE : 1;
	return count > room ? -EMSGSIZE : 0;
}

static int insert(struct ioas *ioas, size_t at, struct area area)
{
	if (ioas->count == ioas->room) {
		size_t room = ioas->room ? ioas->room * 2 : 16;
		void *grown = realloc(ioas->areas, room * sizeof(area));

		if (!grown)
			return -ENOMEM;
		ioas->areas = grown;
		ioas->room = room;
	}
	memmove(&ioas->areas[at + 1], &ioas->areas[at], (ioas->count - at) * sizeof(area));
	ioas->areas[at] = area;
	ioas->count++;
	return 0;
}

/* From the check of the length on. */
static int map_area(struct fake_kernel *kernel, struct iommufd *iommufd, uint32_t id,
		    struct area area, uint64_t source)
{
	struct ioas *ioas = &iommufd->objects[id].ioas;
	const uint64_t mask = ioas->hwpts ? PAGE - 1 : 0, last = area.iova + (area.length - 1);
	struct iommu_iova_range ranges[MAX_RANGES];
	size_t count, i = 0, at;
	int rc;

	if (area.length & mask || area.iova & mask)
		return -EINVAL;
	if (last < area.iova)
		return -EOVERFLOW;
	count = usable(kernel, iommufd, id, ranges);
	while (i < count && (ranges[i].start > area.iova || ranges[i].last < last))
		i++;
	if (i == count)
		return -EINVAL;
	at = find(ioas, area.iova);
	if (at < ioas->count && ioas->areas[at].iova <= last)
		return -EEXIST;
	if (source & mask)
		return -EINVAL;
	rc = ioas->hwpts ? pin(kernel, &area) : 0;
	if (rc)
		return rc;
	rc = insert(ioas, at, area);
	if (rc && ioas->hwpts)
		unpin(kernel, &area);
	return rc;
}

/* @return 0, or what both ways of mapping refuse before they look at the source */
static int check_map(struct iommufd *iommufd, uint32_t flags, uint32_t id, uint64_t iova,
		     uint64_t length)
{
	if (flags & ~7u)
		return -EOPNOTSUPP;
	if (iova == UINT64_MAX || length == UINT64_MAX)
		return -EOVERFLOW;
	if (!(flags & (IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE)))
		return -EINVAL;
	return fake_object(iommufd, id, OBJECT_IOAS) ? 0 : -ENOENT;
}

int fake_ioas_map(struct fake_kernel *kernel, struct iommufd *iommufd,
		  const struct iommu_ioas_map *map)
{
	int rc = map->reserved
			 ? -EOPNOTSUPP
			 : check_map(iommufd, map->flags, map->ioas_id, map->iova, map->length);

	if (rc)
		return rc;
	if (map->user_va + map->length < map->user_va)
		return -EOVERFLOW;
	/* Addresses of the kernel's choice are not what libiommu asks for. */
	if (!map->length || !(map->flags & IOMMU_IOAS_MAP_FIXED_IOVA))
		return -EINVAL;
	return map_area(kernel, iommufd, map->ioas_id,
			(struct area){ .iova = map->iova,
				       .length = map->length,
				       .flags = map->flags,
				       .memory = (char *)(uintptr_t)map->user_va,
				       .fd = -1 },
			map->user_va);
}

int fake_ioas_map_file(struct fake_kernel *kernel, struct iommufd *iommufd,
		       const struct iommu_ioas_map_file *map)
{
	int fd, rc = check_map(iommufd, map->flags, map->ioas_id, map->iova, map->length);

	if (rc)
		return rc;
	if (map->start + map->length < map->start)
		return -EOVERFLOW;
	if (!map->length || !(map->flags & IOMMU_IOAS_MAP_FIXED_IOVA))
		return -EINVAL;
	fd = fcntl(map->fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return -EBADF;
	rc = map_area(kernel, iommufd, map->ioas_id,
		      (struct area){ .iova = map->iova,
				     .length = map->length,
				     .flags = map->flags,
				     .fd = fd,
				     .start = map->start },
		      map->start);
	if (rc)
		close(fd);
	return rc;
}

/* What lies below an area that is cut is gone already when the kernel notices. */
static int remove_areas(struct fake_kernel *kernel, struct ioas *ioas, uint64_t start,
			uint64_t last, uint64_t *removed)
{
	const size_t from = find(ioas, start);
	size_t to = from;
	int rc = 0;

	*removed = 0;
	for (; to < ioas->count && ioas->areas[to].iova <= last; to++) {
		struct area *area = &ioas->areas[to];

		if (area->iova < start || area->iova + (area->length - 1) > last) {
			rc = -ENOENT;
			break;
		}
		*removed += area->length;
		drop(kernel, ioas, area);
	}
	if (to > from)
		memmove(&ioas->areas[from], &ioas->areas[to],
			(ioas->count - to) * sizeof(ioas->areas[0]));
	ioas->count -= to - from;
	return rc;
}

int fake_ioas_unmap(struct fake_kernel *kernel, struct iommufd *iommufd,
		    struct iommu_ioas_unmap *unmap)
{
	const bool all = !unmap->iova && unmap->length == UINT64_MAX;
	struct object *object = fake_object(iommufd, unmap->ioas_id, OBJECT_IOAS);
	uint64_t removed, last = unmap->iova + (unmap->length - 1);
	int rc;

	if (!object)
		return -ENOENT;
	if (!all) {
		if (unmap->iova == UINT64_MAX || unmap->length == UINT64_MAX)
			return -EOVERFLOW;
		if (!unmap->length)
			return -EINVAL;
		if (last < unmap->iova)
			return -EOVERFLOW;
	}
	rc = remove_areas(kernel, &object->ioas, unmap->iova, all ? UINT64_MAX : last, &removed);
	if (rc)
		return rc;
	if (!removed && !all)
		return -ENOENT;
	unmap->length = removed;
	return 0;
}
