/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/ram.h"

#include <errno.h>
#include <string.h>

/* Below it firmware would sit; a physical address of 0 reads like a bug. */
#define BASE_SHIFT 24
#define RUN_SHIFT  21
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

/* Slots are numbered from the base upward. */
static uint64_t base_slot(const struct mock_ram *ram)
{
	return UINT64_C(1) << (BASE_SHIFT - ram->shift - ram->order);
}

static unsigned int slot_bits(const struct mock_ram *ram)
{
	return ram->width - ram->shift - ram->order;
}

static uint64_t slot_mask(const struct mock_ram *ram)
{
	return (UINT64_C(1) << slot_bits(ram)) - 1;
}

static uint64_t unit_mask(const struct mock_ram *ram)
{
	return (UINT64_C(1) << ram->order) - 1;
}

/* A shift of at least half the width undoes itself. */
static uint64_t fold(const struct mock_ram *ram, uint64_t value)
{
	return value ^ (value >> ((slot_bits(ram) + 1) / 2));
}

/* Walking on while the result is below the base keeps it a permutation of the rest. */
static uint64_t scatter(const struct mock_ram *ram, uint64_t slot)
{
	do {
		for (int i = 0; i < 2; i++)
			slot = fold(ram, slot * ram->multiplier[i] & slot_mask(ram));
	} while (slot < base_slot(ram));
	return slot;
}

static uint64_t gather(const struct mock_ram *ram, uint64_t slot)
{
	do {
		for (int i = 1; i >= 0; i--)
			slot = fold(ram, slot) * ram->inverse[i] & slot_mask(ram);
	} while (slot < base_slot(ram));
	return slot;
}

static unsigned int log2_of(uint64_t size)
{
	return (unsigned int)__builtin_ctzll(size ? size : MOCK_PAGE);
}

/* A slot is what is in one piece: a page of the CPU or a run. Where all is in place, a unit. */
static void choose_order(struct mock_ram *ram, const struct mock_ram_options *opts)
{
	unsigned int piece = log2_of(opts->page);

	ram->shift = log2_of(opts->least);
	if (opts->policy == MOCK_RAM_RUNS && piece < RUN_SHIFT)
		piece = RUN_SHIFT;
	ram->order = opts->policy == MOCK_RAM_IDENTITY ? 0 : piece - ram->shift;
}

int mock_ram_init(struct mock_ram *ram, const struct libiommu_allocator *mem,
		  const struct mock_ram_options *opts)
{
	uint64_t seed = opts->seed;

	memset(ram, 0, sizeof(*ram));
	ram->mem = mem;
	ram->policy = opts->policy;
	ram->width = opts->width ? opts->width : mock_ram_usual_width(opts->policy);
	choose_order(ram, opts);
	ram->slot_limit = slot_mask(ram) + 1 - base_slot(ram);
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

static uint64_t frame_of(const struct mock_ram *ram, uint64_t slot, uint64_t unit)
{
	switch (ram->policy) {
	case MOCK_RAM_IDENTITY:
		return unit;
	case MOCK_RAM_SCATTERED:
		slot = scatter(ram, base_slot(ram) + slot);
		break;
	case MOCK_RAM_PACKED:
	case MOCK_RAM_RUNS:
		slot += base_slot(ram);
		break;
	}
	return slot << ram->order | (unit & unit_mask(ram));
}

/* The slot of a frame and the unit that it holds or held last; NO_SLOT: never used. */
static uint64_t slot_of(const struct mock_ram *ram, uint64_t frame, uint64_t *unit)
{
	uint64_t slot = frame >> ram->order;

	*unit = frame;
	if (ram->policy == MOCK_RAM_IDENTITY)
		return hash_find(ram, frame);
	if (slot < base_slot(ram) || slot > slot_mask(ram))
		return NO_SLOT;
	if (ram->policy == MOCK_RAM_SCATTERED)
		slot = gather(ram, slot);
	slot -= base_slot(ram);
	if (slot >= ram->room)
		return NO_SLOT;
	*unit = ram->slots[slot].block << ram->order | (frame & unit_mask(ram));
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

static bool pieces_add(struct mock_pieces *pieces, uint64_t phys, uint64_t length)
{
	struct libiommu_pgtable_piece *last =
		pieces->count ? &pieces->list[pieces->count - 1] : NULL;

	if (last && last->phys + last->length == phys) {
		last->length += length;
		return true;
	}
	if (pieces->count == pieces->room && !pieces_grow(pieces))
		return false;
	pieces->list[pieces->count++] = (struct libiommu_pgtable_piece){ phys, length };
	return true;
}

static void unpin_unit(struct mock_ram *ram, uint64_t slot, uint64_t unit)
{
	ram->pins[slot << ram->order | (unit & unit_mask(ram))]--;
	ram->pinned--;
	if (--ram->slots[slot].pins == 0)
		give_slot(ram, slot);
}

static void unpin_locked(struct mock_ram *ram, uint64_t unit, uint64_t count)
{
	for (; count; count--, unit++) {
		uint64_t slot = hash_find(ram, unit >> ram->order);

		if (slot != NO_SLOT)
			unpin_unit(ram, slot, unit);
	}
}

static bool pin_unit(struct mock_ram *ram, uint64_t unit, struct mock_pieces *pieces)
{
	uint64_t slot = hash_find(ram, unit >> ram->order);

	if (ram->policy == MOCK_RAM_IDENTITY && unit > slot_mask(ram))
		return false;
	if (slot == NO_SLOT)
		slot = take_slot(ram, unit >> ram->order);
	if (slot == NO_SLOT)
		return false;
	ram->pins[slot << ram->order | (unit & unit_mask(ram))]++;
	ram->slots[slot].pins++;
	ram->pinned++;
	if (pieces_add(pieces, frame_of(ram, slot, unit) << ram->shift, mock_ram_unit(ram)))
		return true;
	unpin_unit(ram, slot, unit);
	return false;
}

int mock_ram_pin(struct mock_ram *ram, uint64_t va, uint64_t length, struct mock_pieces *pieces,
		 struct libiommu_failure *failure)
{
	uint64_t unit = va >> ram->shift, count = length >> ram->shift, done = 0;

	pthread_mutex_lock(&ram->lock);
	while (done < count && pin_unit(ram, unit + done, pieces))
		done++;
	if (done < count)
		unpin_locked(ram, unit, done);
	pthread_mutex_unlock(&ram->lock);
	if (done < count)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL,
				       "No frame of the machine's RAM for a page.");
	return 0;
}

void mock_ram_unpin(struct mock_ram *ram, uint64_t va, uint64_t length)
{
	pthread_mutex_lock(&ram->lock);
	unpin_locked(ram, va >> ram->shift, length >> ram->shift);
	pthread_mutex_unlock(&ram->lock);
}

void mock_ram_unpin_phys(struct mock_ram *ram, uint64_t phys, uint64_t length)
{
	pthread_mutex_lock(&ram->lock);
	for (uint64_t frame = phys >> ram->shift; length; length -= mock_ram_unit(ram), frame++) {
		uint64_t unit, slot = slot_of(ram, frame, &unit);

		if (slot != NO_SLOT)
			unpin_unit(ram, slot, unit);
	}
	pthread_mutex_unlock(&ram->lock);
}

bool mock_ram_host(struct mock_ram *ram, uint64_t phys, bool pinned, unsigned char **host)
{
	uint64_t unit, slot;
	bool there;

	pthread_mutex_lock(&ram->lock);
	slot = slot_of(ram, phys >> ram->shift, &unit);
	if (ram->policy == MOCK_RAM_IDENTITY && !pinned)
		there = true;
	else if (slot == NO_SLOT)
		there = false;
	else
		there = !pinned || ram->pins[slot << ram->order | (unit & unit_mask(ram))];
	pthread_mutex_unlock(&ram->lock);
	*host = (unsigned char *)(uintptr_t)(unit << ram->shift |
					     (phys & (mock_ram_unit(ram) - 1)));
	return there;
}

uint64_t mock_ram_pinned(struct mock_ram *ram)
{
	uint64_t pinned;

	pthread_mutex_lock(&ram->lock);
	pinned = ((ram->pinned << ram->shift) + MOCK_PAGE - 1) >> MOCK_PAGE_SHIFT;
	pthread_mutex_unlock(&ram->lock);
	return pinned;
}
