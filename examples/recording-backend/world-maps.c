/* SPDX-License-Identifier: BSD-2-Clause */
/* Mappings of the objects of a replay, and their memory. */
#include "world.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)

/* The last mapping that begins at or below an IOVA, as the link to what follows it. */
static struct world_map **link_behind(struct world_domain *dom, uint64_t iova,
				      struct world_map **before)
{
	struct world_map **link = &dom->maps;

	*before = NULL;
	while (*link && (*link)->map.iova <= iova) {
		*before = *link;
		link = &(*link)->next;
	}
	return link;
}

static bool more_than_there_is(uint64_t length)
{
	return length / PAGE > (uint64_t)sysconf(_SC_PHYS_PAGES);
}

const char *world_map_new(struct world_domain *dom, uint64_t iova, uint64_t length, uint32_t prot,
			  struct world_map **out)
{
	struct world_map *before, **link = link_behind(dom, iova, &before), *made;

	if (!length || length % PAGE || iova % PAGE || iova + (length - 1) < iova)
		return "the range is not one of pages";
	if (!prot || prot & ~(LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE))
		return "the protection is strange";
	if ((before && iova - before->map.iova < before->map.length) ||
	    (*link && (*link)->map.iova - iova < length))
		return "another mapping is in the way";
	if (more_than_there_is(length))
		return "this machine has not so much memory";
	made = calloc(1, sizeof(*made));
	if (!made)
		return "there is no memory";
	made->map.memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (made->map.memory == MAP_FAILED) {
		free(made);
		return "there is no memory";
	}
	made->map.iova = iova;
	made->map.length = length;
	made->map.prot = prot;
	made->map.fd = -1;
	made->next = *link;
	*link = made;
	dom->map_count++;
	*out = made;
	return NULL;
}

struct world_map *world_map_find(struct world_domain *dom, uint64_t iova)
{
	struct world_map *before;

	link_behind(dom, iova, &before);
	return before && before->map.iova == iova ? before : NULL;
}

void world_map_free(struct world_domain *dom, struct world_map *map)
{
	struct world_map **link = &dom->maps;

	while (*link != map)
		link = &(*link)->next;
	*link = map->next;
	dom->map_count--;
	munmap(map->map.memory, map->map.length);
	free(map);
}

struct libiommu_backend_map *world_maps(const struct world_domain *dom,
					const struct world_map *first, size_t count)
{
	const struct world_map *map = first ? first : dom->maps;
	struct libiommu_backend_map *array = calloc(count + 1, sizeof(*array));

	for (size_t i = 0; array && map && i < count; i++, map = map->next)
		array[i] = map->map;
	return array;
}
