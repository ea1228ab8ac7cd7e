/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/frames.h"

#include <string.h>

#define FRAME      4096u
#define SLAB_PAGES 64u
#define SLAB_BYTES ((size_t)SLAB_PAGES * FRAME)

/* Aligned to its size, so that a page finds it by masking; the header takes the first page. */
struct mock_slab {
	size_t number;
};

int mock_frames_init(struct mock_frames *frames, const struct libiommu_allocator *mem,
		     uint64_t base)
{
	memset(frames, 0, sizeof(*frames));
	frames->mem = mem;
	frames->base = base;
	return -pthread_mutex_init(&frames->lock, NULL);
}

void mock_frames_fini(struct mock_frames *frames)
{
	const struct libiommu_allocator *mem = frames->mem;

	for (size_t i = 0; i < frames->slabs; i++)
		mem->free(mem->data,
			  frames->parts[i / MOCK_SLABS_PER_PART][i % MOCK_SLABS_PER_PART],
			  SLAB_BYTES);
	for (size_t i = 0; i < MOCK_SLAB_PARTS && frames->parts[i]; i++)
		mem->free(mem->data, frames->parts[i],
			  MOCK_SLABS_PER_PART * sizeof(*frames->parts[i]));
	pthread_mutex_destroy(&frames->lock);
}

static void put_free(struct mock_frames *frames, void *page)
{
	memcpy(page, &frames->free_pages, sizeof(void *));
	frames->free_pages = page;
}

static bool add_slab(struct mock_frames *frames)
{
	const struct libiommu_allocator *mem = frames->mem;
	size_t number = frames->slabs, part = number / MOCK_SLABS_PER_PART;
	struct mock_slab **slabs, *slab;

	if (part == MOCK_SLAB_PARTS)
		return false;
	slabs = frames->parts[part];
	if (!slabs) {
		slabs = mem->alloc(mem->data, MOCK_SLABS_PER_PART * sizeof(*slabs), sizeof(void *));
		if (!slabs)
			return false;
		__atomic_store_n(&frames->parts[part], slabs, __ATOMIC_RELEASE);
	}
	slab = mem->alloc(mem->data, SLAB_BYTES, SLAB_BYTES);
	if (!slab)
		return false;
	slab->number = number;
	__atomic_store_n(&slabs[number % MOCK_SLABS_PER_PART], slab, __ATOMIC_RELEASE);
	frames->slabs++;
	for (size_t i = SLAB_PAGES - 1; i > 0; i--)
		put_free(frames, (unsigned char *)slab + i * FRAME);
	return true;
}

static void *frame_alloc(void *data, size_t bytes)
{
	struct mock_frames *frames = data;
	void *page = NULL;

	if (bytes != FRAME)
		return NULL;
	pthread_mutex_lock(&frames->lock);
	if (frames->free_pages || add_slab(frames)) {
		page = frames->free_pages;
		memcpy(&frames->free_pages, page, sizeof(void *));
		frames->used++;
	}
	pthread_mutex_unlock(&frames->lock);
	if (page)
		memset(page, 0, FRAME);
	return page;
}

static void frame_free(void *data, void *virt, size_t bytes)
{
	struct mock_frames *frames = data;

	(void)bytes;
	pthread_mutex_lock(&frames->lock);
	put_free(frames, virt);
	frames->used--;
	pthread_mutex_unlock(&frames->lock);
}

static uint64_t frame_phys(void *data, const void *virt)
{
	const struct mock_frames *frames = data;
	uintptr_t offset = (uintptr_t)virt & (SLAB_BYTES - 1);
	const struct mock_slab *slab = (const void *)((const unsigned char *)virt - offset);

	return frames->base + slab->number * SLAB_BYTES + offset;
}

static void *frame_virt(void *data, uint64_t phys, size_t bytes)
{
	struct mock_frames *frames = data;
	uint64_t offset = phys - frames->base, number = offset / SLAB_BYTES;
	struct mock_slab **slabs, *slab;

	if (phys < frames->base || bytes != FRAME || phys % FRAME ||
	    number >= MOCK_SLABS_PER_PART * MOCK_SLAB_PARTS || offset % SLAB_BYTES == 0)
		return NULL;
	slabs = __atomic_load_n(&frames->parts[number / MOCK_SLABS_PER_PART], __ATOMIC_ACQUIRE);
	if (!slabs)
		return NULL;
	slab = __atomic_load_n(&slabs[number % MOCK_SLABS_PER_PART], __ATOMIC_ACQUIRE);
	return slab ? (unsigned char *)slab + offset % SLAB_BYTES : NULL;
}

struct libiommu_pgtable_memory mock_frames_memory(struct mock_frames *frames)
{
	return (struct libiommu_pgtable_memory){
		.size = sizeof(struct libiommu_pgtable_memory),
		.data = frames,
		.alloc = frame_alloc,
		.free = frame_free,
		.phys = frame_phys,
		.virt = frame_virt,
	};
}

uint64_t mock_frames_used(struct mock_frames *frames)
{
	uint64_t used;

	pthread_mutex_lock(&frames->lock);
	used = frames->used;
	pthread_mutex_unlock(&frames->lock);
	return used;
}
