/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/frames.h"

#include <string.h>

#define SLAB_SHIFT 18u
#define SLAB_BYTES ((size_t)1 << SLAB_SHIFT)

/*
 * A slab holds frames of one size and is aligned to its own, so that a frame finds the header by
 * masking; the header takes the place of the first frame. A frame of a slab's size or more lies
 * behind a slab that holds the header alone, which no other frame can: it is aligned to a slab.
 */
struct mock_slab {
	size_t number;
	unsigned int shift; /* log2 of a frame's bytes */
};

int mock_frames_init(struct mock_frames *frames, const struct libiommu_allocator *mem,
		     uint64_t base)
{
	memset(frames, 0, sizeof(*frames));
	frames->mem = mem;
	frames->base = base;
	return -pthread_mutex_init(&frames->lock, NULL);
}

static bool is_large(unsigned int shift)
{
	return shift >= SLAB_SHIFT;
}

/* Twice a large frame: the allocation's alignment puts the header in the first half. */
static size_t block_bytes(unsigned int shift)
{
	return is_large(shift) ? (size_t)2 << shift : SLAB_BYTES;
}

static unsigned char *block_of(struct mock_slab *slab)
{
	unsigned char *header = (unsigned char *)slab;

	return is_large(slab->shift) ? header + SLAB_BYTES - ((size_t)1 << slab->shift) : header;
}

void mock_frames_fini(struct mock_frames *frames)
{
	const struct libiommu_allocator *mem = frames->mem;

	for (size_t i = 0; i < MOCK_SLAB_PARTS && frames->parts[i]; i++) {
		for (size_t j = 0; j < MOCK_SLABS_PER_PART; j++) {
			struct mock_slab *slab = frames->parts[i][j];

			if (slab)
				mem->free(mem->data, block_of(slab), block_bytes(slab->shift));
		}
		mem->free(mem->data, frames->parts[i],
			  MOCK_SLABS_PER_PART * sizeof(*frames->parts[i]));
	}
	pthread_mutex_destroy(&frames->lock);
}

static void put_free(struct mock_frames *frames, unsigned int shift, void *frame)
{
	void **list = &frames->free_frames[shift - MOCK_FRAME_LEAST];

	memcpy(frame, list, sizeof(void *));
	*list = frame;
}

/* Where the header of a number is noted; NULL: no more numbers, or no memory. */
static struct mock_slab **make_entry(struct mock_frames *frames, size_t number)
{
	const struct libiommu_allocator *mem = frames->mem;
	size_t last = number / MOCK_SLABS_PER_PART;

	if (last >= MOCK_SLAB_PARTS)
		return NULL;
	for (size_t part = 0; part <= last; part++) {
		struct mock_slab **slabs = frames->parts[part];

		if (slabs)
			continue;
		slabs = mem->alloc(mem->data, MOCK_SLABS_PER_PART * sizeof(*slabs), sizeof(void *));
		if (!slabs)
			return NULL;
		__atomic_store_n(&frames->parts[part], slabs, __ATOMIC_RELEASE);
	}
	return &frames->parts[last][number % MOCK_SLABS_PER_PART];
}

static bool add_slab(struct mock_frames *frames, unsigned int shift)
{
	const struct libiommu_allocator *mem = frames->mem;
	size_t frame = (size_t)1 << shift, spans = is_large(shift) ? frame / SLAB_BYTES : 1;
	/* Physical addresses are aligned as well. */
	size_t number = (frames->slabs + spans - 1) & ~(spans - 1);
	struct mock_slab **entry = make_entry(frames, number), *slab;
	unsigned char *block;

	if (!entry)
		return false;
	block = mem->alloc(mem->data, block_bytes(shift), block_bytes(shift));
	if (!block)
		return false;
	slab = (struct mock_slab *)(void *)(is_large(shift) ? block + frame - SLAB_BYTES : block);
	slab->number = number;
	slab->shift = shift;
	__atomic_store_n(entry, slab, __ATOMIC_RELEASE);
	frames->slabs = number + spans;
	for (size_t at = block_bytes(shift) - frame; at > 0; at -= frame)
		put_free(frames, shift, block + at);
	return true;
}

/* @return 0: there are no frames of so many bytes */
static unsigned int class_of(size_t bytes)
{
	unsigned int shift = bytes ? (unsigned int)__builtin_ctzll(bytes) : 0;

	if (bytes & (bytes - 1) || shift < MOCK_FRAME_LEAST || shift > MOCK_FRAME_MOST)
		return 0;
	return shift;
}

static void *frame_alloc(void *data, size_t bytes)
{
	struct mock_frames *frames = data;
	unsigned int shift = class_of(bytes);
	void **list, *frame = NULL;

	if (!shift)
		return NULL;
	list = &frames->free_frames[shift - MOCK_FRAME_LEAST];
	pthread_mutex_lock(&frames->lock);
	if (*list || add_slab(frames, shift)) {
		frame = *list;
		memcpy(list, frame, sizeof(void *));
		frames->used++;
	}
	pthread_mutex_unlock(&frames->lock);
	if (frame)
		memset(frame, 0, bytes);
	return frame;
}

static void frame_free(void *data, void *virt, size_t bytes)
{
	struct mock_frames *frames = data;

	pthread_mutex_lock(&frames->lock);
	put_free(frames, class_of(bytes), virt);
	frames->used--;
	pthread_mutex_unlock(&frames->lock);
}

static uint64_t frame_phys(void *data, const void *virt)
{
	const struct mock_frames *frames = data;
	uintptr_t offset = (uintptr_t)virt & (SLAB_BYTES - 1);
	const struct mock_slab *slab =
		(const void *)((const unsigned char *)virt - (offset ? offset : SLAB_BYTES));

	return frames->base + slab->number * SLAB_BYTES + offset;
}

static void *frame_virt(void *data, uint64_t phys, size_t bytes)
{
	struct mock_frames *frames = data;
	uint64_t offset = phys - frames->base, number = offset / SLAB_BYTES;
	struct mock_slab **slabs, *slab;

	offset %= SLAB_BYTES;
	if (phys < frames->base || number >= MOCK_SLABS_PER_PART * MOCK_SLAB_PARTS)
		return NULL;
	slabs = __atomic_load_n(&frames->parts[number / MOCK_SLABS_PER_PART], __ATOMIC_ACQUIRE);
	if (!slabs)
		return NULL;
	slab = __atomic_load_n(&slabs[number % MOCK_SLABS_PER_PART], __ATOMIC_ACQUIRE);
	/* The place of a header is no frame. */
	if (!slab || bytes != (size_t)1 << slab->shift || offset % bytes ||
	    (offset == 0) != is_large(slab->shift))
		return NULL;
	return (unsigned char *)slab + (offset ? offset : SLAB_BYTES);
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
