/* SPDX-License-Identifier: BSD-2-Clause */
/* Containers: type1 v2 with the kernel's order of checks. */
#include "tests/fake/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RANGES (GROUPS * RESERVED + 1)

struct container *fake_container_new(struct fake_kernel *kernel)
{
	struct container *container = calloc(1, sizeof(*container));

	if (container) {
		container->open = 1;
		container->limit = (size_t)kernel->knobs[FAKE_ENTRY_LIMIT];
	}
	return container;
}

void fake_container_drop(struct fake_kernel *kernel, struct container *container)
{
	for (size_t i = 0; i < container->count; i++)
		kernel->locked -= container->maps[i].size;
	container->count = 0;
}

void fake_container_put(struct fake_kernel *kernel, struct container *container)
{
	if (!container->groups) {
		container->ready = false;
		fake_container_drop(kernel, container);
	}
	if (container->open || container->groups)
		return;
	free(container->maps);
	free(container);
}

static uint64_t last_iova(const struct fake_kernel *kernel)
{
	uint64_t bits = kernel->knobs[FAKE_ADDRESS_BITS];

	return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

static bool excluded(const struct reserved *reserved)
{
	return strcmp(reserved->type, "direct-relaxable") != 0;
}

/* Cut [start, last] out of the ranges. */
static size_t cut(struct vfio_iova_range *ranges, size_t count, uint64_t start, uint64_t last)
{
	size_t i = 0;

	while (i < count) {
		struct vfio_iova_range *r = &ranges[i];

		if (r->end < start || r->start > last) {
			i++;
		} else if (r->start < start && r->end > last) {
			memmove(r + 1, r, (count - i) * sizeof(*r));
			r[0].end = start - 1;
			r[1].start = last + 1;
			count++;
			i += 2;
		} else if (r->start < start) {
			r->end = start - 1;
			i++;
		} else if (r->end > last) {
			r->start = last + 1;
			i++;
		} else {
			memmove(r, r + 1, (--count - i) * sizeof(*r));
		}
	}
	return count;
}

/* What all groups of a container can use, and one more: 0 for none. */
static size_t valid_ranges(struct fake_kernel *kernel, const struct container *container,
			   unsigned int more, struct vfio_iova_range ranges[MAX_RANGES])
{
	size_t count = 1;

	ranges[0] = (struct vfio_iova_range){ 0, last_iova(kernel) };
	for (size_t g = 0; g < GROUPS; g++)
		for (size_t i = 0; i < kernel->groups[g].reserved_count; i++)
			if ((kernel->groups[g].container == container || (more && g == more)) &&
			    excluded(&kernel->groups[g].reserved[i]))
				count = cut(ranges, count, kernel->groups[g].reserved[i].start,
					    kernel->groups[g].reserved[i].last);
	return count;
}

int fake_container_accepts(struct fake_kernel *kernel, const struct container *container,
			   unsigned int group)
{
	const struct group *g = &kernel->groups[group];
	struct vfio_iova_range ranges[MAX_RANGES];

	for (size_t i = 0; i < container->count; i++) {
		const struct fake_map *map = &container->maps[i];

		for (size_t r = 0; r < g->reserved_count; r++)
			if (excluded(&g->reserved[r]) && map->iova <= g->reserved[r].last &&
			    map->iova + (map->size - 1) >= g->reserved[r].start)
				return -EINVAL;
	}
	if (!valid_ranges(kernel, container, group, ranges))
		return -EINVAL;
	if (kernel->knobs[FAKE_UNSAFE_MSI] && !kernel->knobs[FAKE_ALLOW_UNSAFE])
		return -EPERM;
	return 0;
}

static int set_iommu(struct fake_kernel *kernel, struct container *container, unsigned long type)
{
	int rc;

	if (!container->groups || container->ready)
		return -EINVAL;
	if (kernel->knobs[FAKE_NO_TYPE1] || (type != 1 && type != VFIO_TYPE1v2_IOMMU))
		return -ENODEV;
	for (unsigned int g = 0; g < GROUPS; g++) {
		if (kernel->groups[g].container != container)
			continue;
		rc = fake_container_accepts(kernel, container, g);
		if (rc)
			return rc;
	}
	container->ready = true;
	return 0;
}

static int extension(struct fake_kernel *kernel, const struct container *container,
		     unsigned long number)
{
	switch (number) {
	case 1:
	case VFIO_TYPE1v2_IOMMU:
	case VFIO_UNMAP_ALL:
		return !kernel->knobs[FAKE_NO_TYPE1];
	case VFIO_DMA_CC_IOMMU:
		return container->ready;
	default:
		return 0;
	}
}

/* Append one capability of `size` bytes, 0 after the header. */
static void *add_capability(char *reply, size_t *length, uint16_t id, size_t size, size_t *link)
{
	struct vfio_info_cap_header header = { .id = id, .version = 1 };
	uint32_t at = (uint32_t)*length;

	memcpy(reply + *link, &at, sizeof(at));
	memcpy(reply + at, &header, sizeof(header));
	*link = at + offsetof(struct vfio_info_cap_header, next);
	*length += (size + 7) / 8 * 8;
	return reply + at;
}

static size_t fill_info(struct fake_kernel *kernel, const struct container *container, char *reply)
{
	struct vfio_iommu_type1_info info = {
		.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS,
		.iova_pgsizes = PAGE | 1ull << 21 | 1ull << 30,
	};
	size_t length = sizeof(info), link = offsetof(struct vfio_iommu_type1_info, cap_offset);
	struct vfio_iommu_type1_info_cap_iova_range *iova;
	struct vfio_iommu_type1_info_dma_avail *avail;
	struct vfio_iova_range ranges[MAX_RANGES];
	size_t count = valid_ranges(kernel, container, 0, ranges);

	memcpy(reply, &info, sizeof(info));
	if (kernel->knobs[FAKE_INFO_PADDING])
		add_capability(reply, &length, 99, kernel->knobs[FAKE_INFO_PADDING], &link);
	add_capability(reply, &length, VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION, 32, &link);
	avail = add_capability(reply, &length, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, sizeof(*avail),
			       &link);
	avail->avail = (uint32_t)(container->limit - container->count);
	if (count && !kernel->knobs[FAKE_NO_RANGES]) {
		iova = add_capability(reply, &length, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE,
				      sizeof(*iova) + count * sizeof(ranges[0]), &link);
		iova->nr_iovas = (uint32_t)count;
		memcpy(iova->iova_ranges, ranges, count * sizeof(ranges[0]));
	}
	return length;
}

static int get_info(struct fake_kernel *kernel, const struct container *container, void *argument)
{
	struct vfio_iommu_type1_info *info = argument;
	char *reply;
	size_t length;
	uint32_t argsz = info->argsz;

	if (argsz < offsetof(struct vfio_iommu_type1_info, cap_offset))
		return -EINVAL;
	reply = calloc(1, 4096 + kernel->knobs[FAKE_INFO_PADDING]);
	if (!reply)
		return -ENOMEM;
	length = fill_info(kernel, container, reply);
	if (argsz >= length) {
		memcpy(argument, reply, length);
		info->argsz = argsz;
	} else {
		memcpy(argument, reply, argsz < sizeof(*info) ? argsz : sizeof(*info));
		info->argsz = (uint32_t)length;
		if (argsz >= sizeof(*info))
			info->cap_offset = 0;
	}
	free(reply);
	return 0;
}

/* Index of the first mapping that ends at or behind an address. */
static size_t find(const struct container *container, uint64_t iova)
{
	size_t low = 0, high = container->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (container->maps[middle].iova + (container->maps[middle].size - 1) < iova)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert(struct container *container, size_t at, struct fake_map map)
{
	if (container->count == container->room) {
		size_t room = container->room ? container->room * 2 : 16;
		void *grown = realloc(container->maps, room * sizeof(map));

		if (!grown)
			return -ENOMEM;
		container->maps = grown;
		container->room = room;
	}
	memmove(&container->maps[at + 1], &container->maps[at],
		(container->count - at) * sizeof(map));
	container->maps[at] = map;
	container->count++;
	return 0;
}

static bool range_is_valid(struct fake_kernel *kernel, const struct container *container,
			   uint64_t start, uint64_t last)
{
	struct vfio_iova_range ranges[MAX_RANGES];
	size_t count = valid_ranges(kernel, container, 0, ranges);

	for (size_t i = 0; i < count; i++)
		if (ranges[i].start <= start && last <= ranges[i].end)
			return true;
	return false;
}

static int pin(struct fake_kernel *kernel, const struct vfio_iommu_type1_dma_map *map)
{
	int advice =
		map->flags & VFIO_DMA_MAP_FLAG_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	int rc = kernel->base->madvise(kernel->base->data, (void *)(uintptr_t)map->vaddr,
				       (size_t)map->size, advice);

	if (rc < 0 && kernel->populates)
		return -EFAULT;
	if (kernel->knobs[FAKE_MEMLOCK] < map->size ||
	    kernel->locked > kernel->knobs[FAKE_MEMLOCK] - map->size)
		return -ENOMEM;
	return 0;
}

int fake_container_map(struct fake_kernel *kernel, struct container *container,
		       const struct vfio_iommu_type1_dma_map *map)
{
	uint64_t last = map->iova + map->size - 1;
	size_t at;
	int rc;

	if (map->argsz < sizeof(*map) || map->flags > 7)
		return -EINVAL;
	if (!map->size)
		return -EINVAL;
	if (last < map->iova || map->vaddr + map->size - 1 < map->vaddr)
		return -EOVERFLOW;
	if (!(map->flags & 3) || map->flags & 4)
		return -EINVAL;
	if ((map->size | map->iova | map->vaddr) & (PAGE - 1))
		return -EINVAL;
	at = find(container, map->iova);
	if (at < container->count && container->maps[at].iova <= last)
		return -EEXIST;
	if (container->count >= container->limit)
		return -ENOSPC;
	if (!range_is_valid(kernel, container, map->iova, last))
		return -EINVAL;
	rc = pin(kernel, map);
	if (!rc)
		rc = insert(container, at,
			    (struct fake_map){ map->iova, map->size, map->vaddr, map->flags });
	if (!rc)
		kernel->locked += map->size;
	return rc;
}

static bool cuts(const struct container *container, uint64_t address)
{
	size_t at = find(container, address);

	return at < container->count && container->maps[at].iova < address;
}

int fake_container_unmap(struct fake_kernel *kernel, struct container *container,
			 struct vfio_iommu_type1_dma_unmap *unmap)
{
	uint64_t last = unmap->iova + unmap->size - 1, size = 0;
	size_t from, to;

	if (unmap->argsz < sizeof(*unmap) || unmap->flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	if (unmap->iova & (PAGE - 1))
		return -EINVAL;
	if (unmap->flags & VFIO_DMA_UNMAP_FLAG_ALL) {
		if (unmap->iova || unmap->size)
			return -EINVAL;
		last = UINT64_MAX;
	} else {
		if (!unmap->size || unmap->size & (PAGE - 1))
			return -EINVAL;
		if (last < unmap->iova)
			return -EOVERFLOW;
		if (cuts(container, unmap->iova) ||
		    (last != UINT64_MAX && cuts(container, last + 1)))
			return -EINVAL;
	}
	from = find(container, unmap->iova);
	for (to = from; to < container->count && container->maps[to].iova <= last; to++)
		size += container->maps[to].size;
	if (to < container->count)
		memmove(&container->maps[from], &container->maps[to],
			(container->count - to) * sizeof(container->maps[0]));
	container->count -= to - from;
	kernel->locked -= size;
	unmap->size = size;
	return 0;
}

void *fake_container_translate(const struct container *container, uint64_t iova, uint32_t flag,
			       size_t *length)
{
	const struct fake_map *map;
	size_t at;

	if (!container || !container->ready)
		return NULL;
	at = find(container, iova);
	if (at == container->count)
		return NULL;
	map = &container->maps[at];
	if (map->iova > iova || !(map->flags & flag))
		return NULL;
	if (*length > map->size - (iova - map->iova))
		*length = (size_t)(map->size - (iova - map->iova));
	return (void *)(uintptr_t)(map->vaddr + (iova - map->iova));
}

int fake_container_ioctl(struct fake_kernel *kernel, struct container *container,
			 unsigned long request, void *argument)
{
	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return extension(kernel, container, (unsigned long)(uintptr_t)argument);
	case VFIO_SET_IOMMU:
		return set_iommu(kernel, container, (unsigned long)(uintptr_t)argument);
	default:
		break;
	}
	if (!container->ready)
		return -EINVAL;
	switch (request) {
	case VFIO_IOMMU_GET_INFO:
		return get_info(kernel, container, argument);
	case VFIO_IOMMU_MAP_DMA:
		return fake_container_map(kernel, container, argument);
	case VFIO_IOMMU_UNMAP_DMA:
		return fake_container_unmap(kernel, container, argument);
	default:
		return -ENOTTY;
	}
}
