/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/ledger.h"

#include <stddef.h>
#include <string.h>

void ledger_init(struct ledger *ledger)
{
	memset(ledger, 0, sizeof(*ledger));
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

void ledger_heights(struct ledger *ledger, uint8_t *iova_height, uint8_t *source_height)
{
	uint64_t z = atomic_fetch_add_explicit(&ledger->serial, 1, memory_order_relaxed);

	z = (z + 1) * 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	*iova_height = height(z & UINT32_MAX);
	*source_height = height(z >> 32);
}

size_t ledger_node_size(uint8_t iova_height, uint8_t source_height)
{
	return sizeof(struct ledger_node) +
	       (size_t)(iova_height + source_height) * sizeof(struct ledger_node *);
}

/*
 * Go down to the first node that ends at or above iova. For writers, `links` become those that
 * lead there, floor by floor.
 */
static inline struct ledger_node *descend(const struct ledger *ledger, uint64_t iova, int floors,
					  const _Atomic(struct ledger_node *) **links)
{
	const _Atomic(struct ledger_node *) *tower = ledger->head;
	struct ledger_node *node = NULL;

	for (int floor = floors - 1; floor >= 0; floor--) {
		for (;;) {
			node = atomic_load_explicit(&tower[floor], memory_order_acquire);
			if (!node || node->last >= iova)
				break;
			tower = node->next;
		}
		if (links)
			links[floor] = &tower[floor];
	}
	return node;
}

struct ledger_node *ledger_at_or_above(const struct ledger *ledger, uint64_t iova)
{
	return descend(ledger, iova, ledger_floors(&ledger->floors), NULL);
}

struct ledger_node *ledger_seek(struct ledger *ledger, uint64_t iova, struct ledger_place *place)
{
	place->floors = ledger_floors(&ledger->floors);
	place->changes = ledger->changes;
	return descend(ledger, iova, place->floors, place->links);
}

struct ledger_node *ledger_before(const struct ledger *ledger, const struct ledger_place *place)
{
	uintptr_t link;

	if (!place->floors || place->links[0] == &ledger->head[0])
		return NULL;
	link = (uintptr_t)place->links[0];
	return (struct ledger_node *)(link - offsetof(struct ledger_node, next));
}

struct ledger_node *ledger_obstacle(struct ledger *ledger, uint64_t iova, uint64_t last,
				    uint64_t guard, struct ledger_place *place)
{
	struct ledger_node *node = ledger_seek(ledger, iova, place);
	struct ledger_node *before = ledger_before(ledger, place);

	if (node &&
	    (node->iova <= last || node->iova - last <= guard || node->iova - last <= node->guard))
		return node;
	if (before && (iova - before->last <= guard || iova - before->last <= before->guard))
		return before;
	return NULL;
}

/* descend() is shared with readers and takes the lists as const; writers own them. */
static _Atomic(struct ledger_node *) *writable(const _Atomic(struct ledger_node *) *link)
{
	return (_Atomic(struct ledger_node *) *)(uintptr_t)link;
}

/* A place that is not stale has links that can be followed, but maybe not to this node. */
static bool leads_to(const struct ledger *ledger, const struct ledger_place *place,
		     const struct ledger_node *node)
{
	return place->changes == ledger->changes &&
	       atomic_load_explicit(place->links[0], memory_order_relaxed) == node;
}

void ledger_insert(struct ledger *ledger, struct ledger_node *node, struct ledger_place *place)
{
	struct ledger_place scratch;

	if (!place)
		place = &scratch;
	if (place == &scratch || place->changes != ledger->changes)
		ledger_seek(ledger, node->iova, place);
	for (int floor = 0; floor < node->iova_height; floor++) {
		_Atomic(struct ledger_node *) *link = floor < place->floors
							      ? writable(place->links[floor])
							      : &ledger->head[floor];

		atomic_store_explicit(&node->next[floor],
				      atomic_load_explicit(link, memory_order_relaxed),
				      memory_order_relaxed);
		atomic_store_explicit(link, node, memory_order_release);
	}
	ledger_raise_floors(&ledger->floors, node->iova_height);
	ledger->changes++;
	ledger_source_insert(ledger, node);
}

void ledger_remove(struct ledger *ledger, struct ledger_node *node, struct ledger_place *place)
{
	struct ledger_place scratch;

	if (!place)
		place = &scratch;
	if (place == &scratch || !leads_to(ledger, place, node))
		ledger_seek(ledger, node->iova, place);
	/* The node's own links stay: readers on it still find their way. */
	for (int floor = node->iova_height - 1; floor >= 0; floor--)
		atomic_store_explicit(
			writable(place->links[floor]),
			atomic_load_explicit(&node->next[floor], memory_order_relaxed),
			memory_order_release);
	ledger_source_remove(ledger, node);
	atomic_fetch_add(&ledger->removals, 1);
	place->changes = ++ledger->changes;
	holes_add(&ledger->holes, ledger_taken_from(node), ledger_taken_to(node));
}
