/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/ledger.h"

static unsigned int class_of(uint64_t length)
{
	return 63u - (unsigned int)__builtin_clzll(length);
}

/* Order by space, start and IOVA, so that every node has a place of its own. */
static inline bool before(const struct ledger_node *node, uint32_t space, uint64_t source,
			  uint64_t iova)
{
	if (node->space != space)
		return node->space < space;
	if (node->source != source)
		return node->source < source;
	return node->iova < iova;
}

static struct ledger_node *follow(const struct ledger_node *node, int floor)
{
	return atomic_load_explicit(&node->next[node->iova_height + floor], memory_order_acquire);
}

/* As descend() of ledger.c, in the list of one class. */
static inline struct ledger_node *descend(const struct ledger *ledger, unsigned int class,
					  uint32_t space, uint64_t source, uint64_t iova,
					  const _Atomic(struct ledger_node *) **links)
{
	const _Atomic(struct ledger_node *) *tower = ledger->source_head[class];
	struct ledger_node *node = NULL;

	for (int floor = ledger_floors(&ledger->source_floors[class]) - 1; floor >= 0; floor--) {
		for (;;) {
			node = atomic_load_explicit(&tower[floor], memory_order_acquire);
			if (!node || !before(node, space, source, iova))
				break;
			tower = node->next + node->iova_height;
		}
		if (links)
			links[floor] = &tower[floor];
	}
	return node;
}

static _Atomic(struct ledger_node *) *writable(const _Atomic(struct ledger_node *) *link)
{
	return (_Atomic(struct ledger_node *) *)(uintptr_t)link;
}

void ledger_source_insert(struct ledger *ledger, struct ledger_node *node)
{
	const _Atomic(struct ledger_node *) *links[LEDGER_HEIGHT];
	unsigned int class = class_of(node->last - node->iova + 1);

	for (int floor = ledger_floors(&ledger->source_floors[class]); floor < node->source_height;
	     floor++)
		links[floor] = &ledger->source_head[class][floor];
	descend(ledger, class, node->space, node->source, node->iova, links);
	for (int floor = 0; floor < node->source_height; floor++) {
		_Atomic(struct ledger_node *) *link = writable(links[floor]);

		atomic_store_explicit(&node->next[node->iova_height + floor],
				      atomic_load_explicit(link, memory_order_relaxed),
				      memory_order_relaxed);
		atomic_store_explicit(link, node, memory_order_release);
	}
	ledger_raise_floors(&ledger->source_floors[class], node->source_height);
	atomic_fetch_or_explicit(&ledger->classes, UINT64_C(1) << class, memory_order_release);
}

void ledger_source_remove(struct ledger *ledger, struct ledger_node *node)
{
	const _Atomic(struct ledger_node *) *links[LEDGER_HEIGHT];
	unsigned int class = class_of(node->last - node->iova + 1);

	descend(ledger, class, node->space, node->source, node->iova, links);
	for (int floor = node->source_height - 1; floor >= 0; floor--)
		atomic_store_explicit(writable(links[floor]), follow(node, floor),
				      memory_order_release);
}

struct ledger_node *ledger_source_find(const struct ledger *ledger, uint32_t space, uint64_t source,
				       uint64_t from, uint64_t *iova)
{
	uint64_t classes = atomic_load_explicit(&ledger->classes, memory_order_acquire);
	struct ledger_node *best = NULL;

	while (classes) {
		unsigned int class = (unsigned int)__builtin_ctzll(classes);
		uint64_t reach = (UINT64_C(2) << class) - 1; /* class 63: wraps to UINT64_MAX */
		uint64_t start = source > reach ? source - reach : 0;
		struct ledger_node *node = descend(ledger, class, space, start, 0, NULL);

		classes &= classes - 1;
		for (; node && node->space == space && node->source <= source;
		     node = follow(node, 0)) {
			uint64_t at = node->iova + (source - node->source);

			if (node->source_last < source || at < from ||
			    ledger_state(node) != LEDGER_LIVE)
				continue;
			if (best && at >= *iova)
				continue;
			best = node;
			*iova = at;
		}
	}
	return best;
}
