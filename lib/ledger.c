/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/ledger.h"

#include <stddef.h>
#include <string.h>

const struct ledger_node ledger_end = { .iova = UINT64_MAX, .last = UINT64_MAX };

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

/* What is so many bytes above the ground of a tower. Compilers would shift a number each time. */
static inline struct ledger_floor *above(const struct ledger_floor *tower, size_t offset)
{
	return (struct ledger_floor *)((uintptr_t)tower + offset);
}

static inline struct ledger_node *next_of(const struct ledger_floor *tower, size_t offset)
{
	return atomic_load_explicit(&above(tower, offset)->next, memory_order_acquire);
}

/*
 * Go down to the first node that ends at or above iova; ledger_end does. Writers learn which towers
 * are in front of it, floor by floor.
 */
static inline struct ledger_node *descend(const struct ledger *ledger, uint64_t iova,
					  struct ledger_floor *place)
{
	size_t floors = atomic_load_explicit(&ledger->floors, memory_order_relaxed);
	size_t offset = floors * sizeof(struct ledger_floor);
	const struct ledger_floor *tower = ledger->head;
	struct ledger_node *node;

	do {
		offset -= sizeof(struct ledger_floor);
		node = next_of(tower, offset);
		while (node->last < iova) {
			tower = node->tower;
			node = next_of(tower, offset);
		}
		if (place) /* readers search here, too; writers own the towers */
			above(place, offset)->before = above(tower, 0);
	} while (offset);
	return node;
}

struct ledger_node *ledger_at_or_above(const struct ledger *ledger, uint64_t iova)
{
	return ledger_or_null(descend(ledger, iova, NULL));
}

/* By itself: where more is done with the node than to return it, each step costs one more. */
__attribute__((noinline, nonnull)) struct ledger_node *ledger_descend(const struct ledger *ledger,
								      uint64_t iova,
								      struct ledger_place *place)
{
	return descend(ledger, iova, place->tower);
}

struct ledger_node *ledger_seek(const struct ledger *ledger, uint64_t iova,
				struct ledger_place *place)
{
	return ledger_or_null(ledger_descend(ledger, iova, place));
}

struct ledger_node *ledger_before(const struct ledger *ledger, const struct ledger_place *place)
{
	uintptr_t tower = (uintptr_t)place->tower[0].before;

	if (place->tower[0].before == ledger->head)
		return NULL;
	return (struct ledger_node *)(tower - offsetof(struct ledger_node, tower));
}

struct ledger_node *ledger_obstacle_near(const struct ledger *ledger, struct ledger_node *node,
					 uint64_t iova, uint64_t last, uint64_t guard,
					 const struct ledger_place *place)
{
	struct ledger_node *before = ledger_before(ledger, place);

	if (node != &ledger_end &&
	    (node->iova <= last || node->iova - last <= guard || node->iova - last <= node->guard))
		return node;
	if (before && (iova - before->last <= guard || iova - before->last <= before->guard))
		return before;
	return NULL;
}

static inline void link_floor(struct ledger_floor *before, struct ledger_node *node, size_t floor)
{
	struct ledger_node *next = atomic_load_explicit(&before[floor].next, memory_order_relaxed);

	node->tower[floor].before = before;
	atomic_store_explicit(&node->tower[floor].next, next, memory_order_relaxed);
	atomic_store_explicit(&before[floor].next, node, memory_order_release);
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

/* The floors above the ground, which three nodes in four have not. */
static __attribute__((noinline)) void insert_above(struct ledger *ledger, struct ledger_node *node,
						   const struct ledger_place *place)
{
	size_t floors = atomic_load_explicit(&ledger->floors, memory_order_relaxed);
	size_t height = node->height;

	for (size_t floor = 1; floor < height; floor++)
		link_floor(floor < floors ? place->tower[floor].before : ledger->head, node, floor);
	if (floors < height)
		atomic_store_explicit(&ledger->floors, height, memory_order_relaxed);
	ledger_source_insert(&ledger->sources, node);
}

void ledger_insert(struct ledger *ledger, struct ledger_node *node,
		   const struct ledger_place *place)
{
	if (node->guard)
		ledger->guarded++;
	link_floor(place->tower[0].before, node, 0);
	/* The last act of both, so that neither needs a frame. */
	if (node->height > 1)
		insert_above(ledger, node, place);
	else
		ledger_source_insert(&ledger->sources, node);
}

static inline void remove_from_ground(struct ledger *ledger, struct ledger_node *node)
{
	unlink_floor(node, 0);
	if (node->guard)
		ledger->guarded--;
	ledger_source_remove(&ledger->sources, &node->by_source);
	atomic_fetch_add(&ledger->removals, 1);
	if (ledger_taken_from(node) < ledger->holes.full_below)
		holes_add(&ledger->holes, ledger_taken_from(node), ledger_taken_to(node));
}

static __attribute__((noinline)) void remove_tall(struct ledger *ledger, struct ledger_node *node)
{
	for (size_t floor = node->height - 1u; floor; floor--)
		unlink_floor(node, floor);
	remove_from_ground(ledger, node);
}

/* The node's own links stay: readers on it still find their way. */
void ledger_remove(struct ledger *ledger, struct ledger_node *node)
{
	if (node->height > 1)
		remove_tall(ledger, node);
	else
		remove_from_ground(ledger, node);
}
