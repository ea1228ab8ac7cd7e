/* SPDX-License-Identifier: BSD-2-Clause */
#include <libiommu/hooks.h>

#include <stdlib.h>
#include <string.h>

static void *default_alloc(void *data, size_t length, size_t alignment)
{
	void *memory = NULL;

	(void)data;
	if (alignment <= _Alignof(max_align_t))
		return calloc(1, length);
	if (posix_memalign(&memory, alignment, length))
		return NULL;
	return memset(memory, 0, length);
}

static void default_free(void *data, void *memory, size_t length)
{
	(void)data;
	(void)length;
	free(memory);
}

static const struct libiommu_allocator default_allocator = {
	.size = sizeof(default_allocator),
	.alloc = default_alloc,
	.free = default_free,
};

const struct libiommu_allocator *libiommu_allocator_default(void)
{
	return &default_allocator;
}
