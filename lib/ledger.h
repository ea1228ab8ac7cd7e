/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_LEDGER_H
#define LIB_LEDGER_H

#include "lib/holes.h"
#include "lib/reclaim.h"

#include <stdbool.h>

/*
 * The ledger: what a domain has mapped. Two kinds of skip list run through the
 * same nodes: one in order of IOVA, and one per size class in order of source.
 * One writer at a time (the domain's lock); readers walk without locks, inside
 * a reclaim guard. A reader takes only live nodes for real.
 *
 * Sources may overlap, so a lookup by source must find every node whose range
 * holds the address. All nodes of class n are between 2^n and 2^(n+1)-1 bytes
 * long: those that hold an address start less than 2^(n+1) below it, and a walk
 * over that stretch, once per class in use, finds them all.
 */

#define LEDGER_HEIGHT  12 /* enough for 4^12 nodes at one tower in four growing */
#define LEDGER_CLASSES 64

enum ledger_state {
	LEDGER_RESERVED = 1, /* blocks the range; nobody has been asked yet */
	LEDGER_MAPPING,      /* the backend is at it */
	LEDGER_LIVE,
	LEDGER_UNMAPPING,
};

/* What kind of memory a source number counts in: 0 is the process, others are files. */
#define LEDGER_SPACE_MEMORY 0u

struct ledger_node {
	struct reclaim_item item; /* first: a node is retired as its item */
	uint64_t source_last;     /* inclusive, as last */
	uint64_t guard;           /* bytes on both sides that others keep out of; never wraps */
	void *memory;             /* where the memory is in this process; NULL: file by fd */
	struct ledger_node *work; /* chain of one writer's work in hand */
	uint32_t prot;
	_Atomic uint32_t state; /* enum ledger_state */
	/* What searches look at, together in the cache. */
	uint32_t space;
	uint8_t iova_height, source_height;
	uint64_t source;
	uint64_t iova, last;
	_Atomic(struct ledger_node *) next[]; /* IOVA tower, then source tower */
};

struct ledger {
	_Atomic(struct ledger_node *) head[LEDGER_HEIGHT];
	_Atomic(struct ledger_node *) source_head[LEDGER_CLASSES][LEDGER_HEIGHT];
	_Atomic uint64_t classes;  /* bit n: class n has been used */
	_Atomic uint64_t removals; /* nodes unlinked so far; tells cursors that they are stale */
	_Atomic uint64_t serial;   /* nodes made so far; seeds tower heights */
	/* Floors in use; a search from a lower one finds the same, only later. */
	_Atomic int floors;
	_Atomic int source_floors[LEDGER_CLASSES];
	uint64_t changes; /* inserts and removals so far; tells writers that places are stale */
	_Atomic size_t live;
	struct holes holes;
};

void ledger_init(struct ledger *ledger);

/* Heights of the next node's towers; the node is ledger_node_size() bytes. */
void ledger_heights(struct ledger *ledger, uint8_t *iova_height, uint8_t *source_height);
size_t ledger_node_size(uint8_t iova_height, uint8_t source_height);

static inline enum ledger_state ledger_state(const struct ledger_node *node)
{
	return (enum ledger_state)atomic_load_explicit(&node->state, memory_order_acquire);
}

static inline void ledger_set_state(struct ledger_node *node, enum ledger_state state)
{
	atomic_store_explicit(&node->state, state, memory_order_release);
}

static inline struct ledger_node *ledger_next(const struct ledger_node *node)
{
	return atomic_load_explicit(&node->next[0], memory_order_acquire);
}

/* The height of a list. Readers may see an old one. */
static inline int ledger_floors(const _Atomic int *floors)
{
	return atomic_load_explicit(floors, memory_order_relaxed);
}

static inline void ledger_raise_floors(_Atomic int *floors, int height)
{
	if (ledger_floors(floors) < height)
		atomic_store_explicit(floors, height, memory_order_relaxed);
}

/* The ends of what a node takes from others: with its guards. */
static inline uint64_t ledger_taken_from(const struct ledger_node *node)
{
	return node->iova - node->guard;
}

static inline uint64_t ledger_taken_to(const struct ledger_node *node)
{
	return node->last + node->guard;
}

/* The lowest node, of any state, that ends at or above iova; NULL when there is none. */
struct ledger_node *ledger_at_or_above(const struct ledger *ledger, uint64_t iova);

/* Where a writer stands: the links toward the node that ledger_seek() returned. */
struct ledger_place {
	const _Atomic(struct ledger_node *) *links[LEDGER_HEIGHT];
	int floors;
	uint64_t changes;
};

/* As ledger_at_or_above(), for a writer that wants to insert or remove there. */
struct ledger_node *ledger_seek(struct ledger *ledger, uint64_t iova, struct ledger_place *place);

/* The node in front of the one that ledger_seek() returned; NULL: that was the first. */
struct ledger_node *ledger_before(const struct ledger *ledger, const struct ledger_place *place);

/*
 * The node that does not let a mapping with this guard lie from iova to last: it is in the way, or
 * nearer than the larger of both guards. NULL: there is none. Otherwise as ledger_seek().
 */
struct ledger_node *ledger_obstacle(struct ledger *ledger, uint64_t iova, uint64_t last,
				    uint64_t guard, struct ledger_place *place);

/*
 * Writers. The node overlaps no other. `place` is where ledger_seek() of the node's IOVA stood; NULL,
 * or one that other changes have made stale, is looked for again.
 */
void ledger_insert(struct ledger *ledger, struct ledger_node *node, struct ledger_place *place);
/*
 * Any place will do; one that leads to the node saves the search. Afterwards it leads to the node
 * behind.
 */
void ledger_remove(struct ledger *ledger, struct ledger_node *node, struct ledger_place *place);

/* ledger_source.c: the lists by source. */
void ledger_source_insert(struct ledger *ledger, struct ledger_node *node);
void ledger_source_remove(struct ledger *ledger, struct ledger_node *node);

/*
 * The live node that holds byte `source` of `space` at the lowest IOVA not
 * below `from`; NULL when there is none. *iova is where the byte is.
 */
struct ledger_node *ledger_source_find(const struct ledger *ledger, uint32_t space, uint64_t source,
				       uint64_t from, uint64_t *iova);

#endif
