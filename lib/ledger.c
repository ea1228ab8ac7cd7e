/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/ledger.h"

#include <stddef.h>
#include <string.h>

const struct ledger_node ledger_end = { .last = UINT64_MAX };

/* Links lead to nodes that writers may change; this one they never do. */
static struct ledger_node *end_node(void)
{
	return (struct ledger_node *)(uintptr_t)&ledger_end;
}

void ledger_init(struct ledger *ledger)
{
	memset(ledger, 0, sizeof(*ledger));
	for (int floor = 0; floor < LEDGER_HEIGHT; floor++)
		atomic_init(&ledger->head[floor].next, end_node());
	atomic_init(&ledger->floors, 1);
	ledger_source_init(&ledger->sources);
}

/* One tower in four grows a floor; splitmix64 of a counter gives the dice. */
static uint8_t height(uint64_t dice)
{
	uint8_t h = 1;

	while (h < LEDGER_HEIGHT && (dice & 3) == 0) {
		h++;
		dice >>= 2;
	}
	return h;
}

uint8_t ledger_height(struct ledger *ledger)
{
	uint64_t z = atomic_fetch_add_explicit(&ledger->serial, 1, memory_order_relaxed);

	z = (z + 1) * 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return height(z ^ (z >> 31));
}

size_t ledger_node_size(uint8_t height)
{
	return sizeof(struct ledger_node) + height * sizeof(struct ledger_floor);
}

static inline struct ledger_node *next_of(const struct ledger_floor *tower, size_t floor)
{
	return atomic_load_explicit(&tower[floor].next, memory_order_acquire);
}

/*
 * Go down to the first node that ends at or above iova; ledger_end does. For writers `towers`
 * become those in front of it, floor by floor.
 */
static inline struct ledger_node *descend(const struct ledger *ledger, uint64_t iova,
					  const struct ledger_floor **towers)
{
	size_t floor = atomic_load_explicit(&ledger->floors, memory_order_relaxed);
	const struct ledger_floor *tower = ledger->head;
	struct ledger_node *node;

	do {
		floor--;
		while ((node = next_of(tower, floor))->last < iova)
			tower = node->tower;
		if (towers)
			towers[floor] = tower;
	} while (floor);
	return node;
}

struct ledger_node *ledger_at_or_above(const struct ledger *ledger, uint64_t iova)
{
	return ledger_or_null(descend(ledger, iova, NULL));
}

/* By itself: where more is done with the node than to return it, each step costs one more. */
static __attribute__((noinline, nonnull)) struct ledger_node *seek(
	const struct ledger *ledger, uint64_t iova, const struct ledger_floor **towers)
{
	return descend(ledger, iova, towers);
}

struct ledger_node *ledger_seek(struct ledger *ledger, uint64_t iova, struct ledger_place *place)
{
	return ledger_or_null(seek(ledger, iova, place->towers));
}

struct ledger_node *ledger_before(const struct ledger *ledger, const struct ledger_place *place)
{
	uintptr_t tower = (uintptr_t)place->towers[0];

	if (place->towers[0] == ledger->head)
		return NULL;
	return (struct ledger_node *)(tower - offsetof(struct ledger_node, tower));
}

struct ledger_node *ledger_obstacle(struct ledger *ledger, uint64_t iova, uint64_t last,
				    uint64_t guard, struct ledger_place *place)
{
	struct ledger_node *node = seek(ledger, iova, place->towers);
	struct ledger_node *before = ledger_before(ledger, place);

	if (node != &ledger_end &&
	    (node->iova <= last || node->iova - last <= guard || node->iova - last <= node->guard))
		return node;
	if (before && (iova - before->last <= guard || iova - before->last <= before->guard))
		return before;
	return NULL;
}

/* Searches are shared with readers and take towers as const; writers own them. */
static inline struct ledger_floor *writable(const struct ledger_floor *tower)
{
	return (struct ledger_floor *)(uintptr_t)tower;
}

static inline void link_floor(struct ledger_floor *tower, struct ledger_node *node, size_t floor)
{
	struct ledger_node *next = atomic_load_explicit(&tower[floor].next, memory_order_relaxed);

	node->tower[floor].before = tower;
	atomic_store_explicit(&node->tower[floor].next, next, memory_order_relaxed);
	atomic_store_explicit(&tower[floor].next, node, memory_order_release);
	if (next != &ledger_end)
		next->tower[floor].before = node->tower;
}

static inline void unlink_floor(struct ledger_node *node, size_t floor)
{
	struct ledger_floor *before = node->tower[floor].before;
	struct ledger_node *next =
		atomic_load_explicit(&node->tower[floor].next, memory_order_relaxed);

	atomic_store_explicit(&before[floor].next, next, memory_order_release);
	if (next != &ledger_end)
		next->tower[floor].before = before;
}

void ledger_insert(struct ledger *ledger, struct ledger_node *node,
		   const struct ledger_place *place)
{
	size_t height = node->height;
	struct ledger_place found;

	if (!place) {
		ledger_seek(ledger, node->iova, &found);
		place = &found;
	}
	link_floor(writable(place->towers[0]), node, 0);
	if (height > 1) {
		size_t floors = atomic_load_explicit(&ledger->floors, memory_order_relaxed);

		for (size_t floor = 1; floor < height; floor++)
			link_floor(floor < floors ? writable(place->towers[floor]) : ledger->head,
				   node, floor);
		if (floors < height)
			atomic_store_explicit(&ledger->floors, height, memory_order_relaxed);
	}
	ledger_source_insert(&ledger->sources, node);
}

void ledger_remove(struct ledger *ledger, struct ledger_node *node)
{
	/* The node's own links stay: readers on it still find their way. */
	for (size_t floor = node->height - 1u; floor; floor--)
		unlink_floor(node, floor);
	unlink_floor(node, 0);
	ledger_source_remove(&ledger->sources, node);
	atomic_fetch_add(&ledger->removals, 1);
	holes_add(&ledger->holes, ledger_taken_from(node), ledger_taken_to(node));
}
