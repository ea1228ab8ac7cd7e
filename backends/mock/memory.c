/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/space.h"

#include <errno.h>
#include <sys/mman.h>

/* Since Linux 5.14; older headers lack them. */
#define ADVICE_POPULATE_READ  22
#define ADVICE_POPULATE_WRITE 23

bool mock_memory_can_populate(const struct libiommu_sys *sys, const void *page)
{
	return sys->madvise(sys->data, (void *)(uintptr_t)page, MOCK_PAGE, ADVICE_POPULATE_READ) !=
	       -EINVAL;
}

int mock_memory_check(const struct libiommu_sys *sys, bool populate,
		      const struct libiommu_backend_map *map, struct libiommu_failure *failure)
{
	uintptr_t in_page = (uintptr_t)map->memory & (MOCK_PAGE - 1);
	uint64_t length = (in_page + map->length + MOCK_PAGE - 1) & ~(MOCK_PAGE - 1);
	int advice = MADV_NORMAL, error;

	if (populate)
		advice = map->prot & LIBIOMMU_PROT_WRITE ? ADVICE_POPULATE_WRITE
							 : ADVICE_POPULATE_READ;
	error = sys->madvise(sys->data, (void *)((uintptr_t)map->memory - in_page), length, advice);
	if (error >= 0)
		return 0;
	libiommu_refuse_kernel(failure, error, "madvise", NULL);
	return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_MEMORY, NULL, NULL);
}
