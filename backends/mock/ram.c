/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/ram.h"

#include <errno.h>
#include <string.h>

/* Below it firmware would sit; a physical address of 0 reads like a bug. */
#define BASE_FRAME UINT64_C(0x1000)
#define RUN_ORDER  9
#define NO_SLOT    UINT64_MAX

unsigned int mock_ram_usual_width(enum mock_ram_policy policy)
{
	return policy == MOCK_RAM_IDENTITY ? 47 : 36;
}

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Inverse of an odd number modulo 2^64; each step doubles the correct bits. */
static uint64_t invert_odd(uint64_t value)
{
	uint64_t inverse = value;

	for (int i = 0; i < 5; i++)
		inverse *= 2 - value * inverse;
	return inverse;
}

static uint64_t frame_mask(const struct mock_ram *ram)
{
	return (UINT64_C(1) << (ram->width - MOCK_PAGE_SHIFT)) - 1;
}

/* A shift of at least half the width undoes itself. */
static uint64_t fold(const struct mock_ram *ram, uint64_t value)
{
	return value ^ (value >> ((ram->width - MOCK_PAGE_SHIFT + 1) / 2));
}

/* Walking on while the result is below the base keeps it a permutation of the rest. */
static uint64_t scatter(const struct mock_ram *ram, uint64_t frame)
{
	do {
		for (int i = 0; i < 2; i++)
			frame = fold(ram, frame * ram->multiplier[i] & frame_mask(ram));
	} while (frame < BASE_FRAME);
	return frame;
}

static uint64_t gather(const struct mock_ram *ram, uint64_t frame)
{
	do {
		for (int i = 1; i >= 0; i--)
			frame = fold(ram, frame) * ram->inverse[i] & frame_mask(ram);
	} while (frame < BASE_FRAME);
	return frame;
}

int mock_ram_init(struct mock_ram *ram, const struct libiommu_allocator *mem,
		  const struct mock_ram_options *opts)
{
	uint64_t seed = opts->seed;

	memset(ram, 0, sizeof(*ram));
	ram->mem = mem;
	ram->policy = opts->policy;
	ram->width = opts->width ? opts->width : mock_ram_usual_width(opts->policy);
	ram->order = opts->policy == MOCK_RAM_RUNS ? RUN_ORDER : 0;
	ram->slot_limit = (frame_mask(ram) + 1 - BASE_FRAME) >> ram->order;
	if (ram->slot_limit > UINT32_MAX - 1 || opts->policy == MOCK_RAM_IDENTITY)
		ram->slot_limit = UINT32_MAX - 1;
	for (int i = 0; i < 2; i++) {
		ram->multiplier[i] = next_random(&seed) | 1;
		ram->inverse[i] = invert_odd(ram->multiplier[i]);
	}
	return -pthread_mutex_init(&ram->lock, NULL);
}

static void free_array(const struct libiommu_allocator *mem, void *array, size_t bytes)
{
	if (array)
		mem->free(mem->data, array, bytes);
}

static size_t pins_bytes(const struct mock_ram *ram, size_t room)
{
	return (room << ram->order) * sizeof(*ram->pins);
}

void mock_ram_fini(struct mock_ram *ram)
{
	free_array(ram->mem, ram->slots, ram->room * sizeof(*ram->slots));
	free_array(ram->mem, ram->pins, pins_bytes(ram, ram->room));
	free_array(ram->mem, ram->busy, ram->room / 8);
	free_array(ram->mem, ram->hash, 2 * ram->room * sizeof(*ram->hash));
	pthread_mutex_destroy(&ram->lock);
}

static size_t hash_home(const struct mock_ram *ram, uint64_t block)
{
	return (block * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (2 * ram->room - 1);
}

static uint64_t hash_find(const struct mock_ram *ram, uint64_t block)
{
	size_t mask = 2 * ram->room - 1;

	if (!ram->room)
		return NO_SLOT;
	for (size_t at = hash_home(ram, block); ram->hash[at]; at = (at + 1) & mask) {
		if (ram->slots[ram->hash[at] - 1].block == block)
			return ram->hash[at] - 1;
	}
	return NO_SLOT;
}

static void hash_insert(struct mock_ram *ram, size_t slot)
{
	size_t mask = 2 * ram->room - 1;
	size_t at = hash_home(ram, ram->slots[slot].block);

	while (ram->hash[at])
		at = (at + 1) & mask;
	ram->hash[at] = (uint32_t)slot + 1;
}

/* Entries behind the hole move up, so that no tombstones are needed. */
static void hash_remove(struct mock_ram *ram, size_t slot)
{
	size_t mask = 2 * ram->room - 1;
	size_t hole = hash_home(ram, ram->slots[slot].block);

	while (ram->hash[hole] != slot + 1)
		hole = (hole + 1) & mask;
	for (size_t at = (hole + 1) & mask; ram->hash[at]; at = (at + 1) & mask) {
		size_t home = hash_home(ram, ram->slots[ram->hash[at] - 1].block);

		if (((at - home) & mask) >= ((at - hole) & mask)) {
			ram->hash[hole] = ram->hash[at];
			hole = at;
		}
	}
	ram->hash[hole] = 0;
}

static bool grow(struct mock_ram *ram)
{
	const struct libiommu_allocator *mem = ram->mem;
	size_t old = ram->room, room = old ? 2 * old : (ram->order ? 64 : 1024);
	struct mock_slot *slots = mem->alloc(mem->data, room * sizeof(*slots), sizeof(uint64_t));
	uint32_t *pins = mem->alloc(mem->data, pins_bytes(ram, room), sizeof(uint64_t));
	uint64_t *busy = mem->alloc(mem->data, room / 8, sizeof(uint64_t));
	uint32_t *hash = mem->alloc(mem->data, 2 * room * sizeof(*hash), sizeof(uint64_t));

	if (!slots || !pins || !busy || !hash) {
		free_array(mem, slots, room * sizeof(*slots));
		free_array(mem, pins, pins_bytes(ram, room));
		free_array(mem, busy, room / 8);
		free_array(mem, hash, 2 * room * sizeof(*hash));
		return false;
	}
	if (old) {
		memcpy(slots, ram->slots, old * sizeof(*slots));
		memcpy(pins, ram->pins, pins_bytes(ram, old));
		memcpy(busy, ram->busy, old / 8);
	}
	free_array(mem, ram->slots, old * sizeof(*slots));
	free_array(mem, ram->pins, pins_bytes(ram, old));
	free_array(mem, ram->busy, old / 8);
	free_array(mem, ram->hash, 2 * old * sizeof(*hash));
	ram->slots = slots;
	ram->pins = pins;
	ram->busy = busy;
	ram->hash = hash;
	ram->room = room;
	for (size_t slot = 0; slot < old; slot++)
		hash_insert(ram, slot);
	return true;
}

static uint64_t take_slot(struct mock_ram *ram, uint64_t block)
{
	size_t word = ram->lowest_word, slot;

	if (ram->used >= ram->slot_limit)
		return NO_SLOT;
	if (ram->used == ram->room && !grow(ram))
		return NO_SLOT;
	while (ram->busy[word] == UINT64_MAX)
		word++;
	ram->lowest_word = word;
	slot = word * 64 + (size_t)__builtin_ctzll(~ram->busy[word]);
	ram->busy[word] |= UINT64_C(1) << (slot % 64);
	ram->slots[slot].block = block;
	ram->used++;
	hash_insert(ram, slot);
	return slot;
}

static void give_slot(struct mock_ram *ram, size_t slot)
{
	hash_remove(ram, slot);
	ram->busy[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
	if (slot / 64 < ram->lowest_word)
		ram->lowest_word = slot / 64;
	ram->used--;
}

static uint64_t page_mask(const struct mock_ram *ram)
{
	return (UINT64_C(1) << ram->order) - 1;
}

static uint64_t frame_of(const struct mock_ram *ram, uint64_t slot, uint64_t page)
{
	switch (ram->policy) {
	case MOCK_RAM_IDENTITY:
		return page;
	case MOCK_RAM_SCATTERED:
		return scatter(ram, BASE_FRAME + slot);
	case MOCK_RAM_PACKED:
	case MOCK_RAM_RUNS:
		break;
	}
	return BASE_FRAME + (slot << ram->order | (page & page_mask(ram)));
}

/* The slot of a frame and the page that it holds or held last; NO_SLOT: never used. */
static uint64_t slot_of(const struct mock_ram *ram, uint64_t frame, uint64_t *page)
{
	uint64_t slot;

	*page = frame;
	if (ram->policy == MOCK_RAM_IDENTITY)
		return hash_find(ram, frame);
	if (frame < BASE_FRAME || frame > frame_mask(ram))
		return NO_SLOT;
	if (ram->policy == MOCK_RAM_SCATTERED)
		frame = gather(ram, frame);
	frame -= BASE_FRAME;
	slot = frame >> ram->order;
	if (slot >= ram->room)
		return NO_SLOT;
	*page = ram->slots[slot].block << ram->order | (frame & page_mask(ram));
	return slot;
}

void mock_pieces_init(struct mock_pieces *pieces, const struct libiommu_allocator *mem)
{
	pieces->mem = mem;
	pieces->list = pieces->few;
	pieces->count = 0;
	pieces->room = sizeof(pieces->few) / sizeof(pieces->few[0]);
}

void mock_pieces_fini(struct mock_pieces *pieces)
{
	if (pieces->list != pieces->few)
		pieces->mem->free(pieces->mem->data, pieces->list,
				  pieces->room * sizeof(*pieces->list));
}

static bool pieces_grow(struct mock_pieces *pieces)
{
	size_t bytes = pieces->room * sizeof(*pieces->list);
	struct libiommu_pgtable_piece *list =
		pieces->mem->alloc(pieces->mem->data, 2 * bytes, sizeof(uint64_t));

	if (!list)
		return false;
	memcpy(list, pieces->list, bytes);
	mock_pieces_fini(pieces);
	pieces->list = list;
	pieces->room *= 2;
	return true;
}

static bool pieces_add(struct mock_pieces *pieces, uint64_t phys)
{
	struct libiommu_pgtable_piece *last =
		pieces->count ? &pieces->list[pieces->count - 1] : NULL;

	if (last && last->phys + last->length == phys) {
		last->length += MOCK_PAGE;
		return true;
	}
	if (pieces->count == pieces->room && !pieces_grow(pieces))
		return false;
	pieces->list[pieces->count++] = (struct libiommu_pgtable_piece){ phys, MOCK_PAGE };
	return true;
}

static void unpin_page(struct mock_ram *ram, uint64_t slot, uint64_t page)
{
	ram->pins[slot << ram->order | (page & page_mask(ram))]--;
	ram->pinned--;
	if (--ram->slots[slot].pins == 0)
		give_slot(ram, slot);
}

static void unpin_locked(struct mock_ram *ram, uint64_t page, uint64_t count)
{
	for (; count; count--, page++) {
		uint64_t slot = hash_find(ram, page >> ram->order);

		if (slot != NO_SLOT)
			unpin_page(ram, slot, page);
	}
}

static bool pin_page(struct mock_ram *ram, uint64_t page, struct mock_pieces *pieces)
{
	uint64_t slot = hash_find(ram, page >> ram->order);

	if (ram->policy == MOCK_RAM_IDENTITY && page > frame_mask(ram))
		return false;
	if (slot == NO_SLOT)
		slot = take_slot(ram, page >> ram->order);
	if (slot == NO_SLOT)
		return false;
	ram->pins[slot << ram->order | (page & page_mask(ram))]++;
	ram->slots[slot].pins++;
	ram->pinned++;
	if (pieces_add(pieces, frame_of(ram, slot, page) << MOCK_PAGE_SHIFT))
		return true;
	unpin_page(ram, slot, page);
	return false;
}

int mock_ram_pin(struct mock_ram *ram, uint64_t va, uint64_t length, struct mock_pieces *pieces,
		 struct libiommu_failure *failure)
{
	uint64_t page = va >> MOCK_PAGE_SHIFT, count = length >> MOCK_PAGE_SHIFT, done = 0;

	pthread_mutex_lock(&ram->lock);
	while (done < count && pin_page(ram, page + done, pieces))
		done++;
	if (done < count)
		unpin_locked(ram, page, done);
	pthread_mutex_unlock(&ram->lock);
	if (done < count)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL,
				       "No frame of the machine's RAM for a page.");
	return 0;
}

void mock_ram_unpin(struct mock_ram *ram, uint64_t va, uint64_t length)
{
	pthread_mutex_lock(&ram->lock);
	unpin_locked(ram, va >> MOCK_PAGE_SHIFT, length >> MOCK_PAGE_SHIFT);
	pthread_mutex_unlock(&ram->lock);
}

void mock_ram_unpin_phys(struct mock_ram *ram, uint64_t phys, uint64_t length)
{
	pthread_mutex_lock(&ram->lock);
	for (uint64_t frame = phys >> MOCK_PAGE_SHIFT; length; length -= MOCK_PAGE, frame++) {
		uint64_t page, slot = slot_of(ram, frame, &page);

		if (slot != NO_SLOT)
			unpin_page(ram, slot, page);
	}
	pthread_mutex_unlock(&ram->lock);
}

bool mock_ram_host(struct mock_ram *ram, uint64_t phys, bool pinned, unsigned char **host)
{
	uint64_t page, slot;
	bool there;

	pthread_mutex_lock(&ram->lock);
	slot = slot_of(ram, phys >> MOCK_PAGE_SHIFT, &page);
	if (ram->policy == MOCK_RAM_IDENTITY && !pinned)
		there = true;
	else if (slot == NO_SLOT)
		there = false;
	else
		there = !pinned || ram->pins[slot << ram->order | (page & page_mask(ram))];
	pthread_mutex_unlock(&ram->lock);
	*host = (unsigned char *)(uintptr_t)(page << MOCK_PAGE_SHIFT | (phys & (MOCK_PAGE - 1)));
	return there;
}

uint64_t mock_ram_pinned(struct mock_ram *ram)
{
	uint64_t pinned;

	pthread_mutex_lock(&ram->lock);
	pinned = ram->pinned;
	pthread_mutex_unlock(&ram->lock);
	return pinned;
}
