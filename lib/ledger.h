/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_LEDGER_H
#define LIB_LEDGER_H

#include "lib/holes.h"
#include "lib/ledger_source.h"
#include "lib/reclaim.h"

#include <stdbool.h>

/*
 * The ledger: what a domain has mapped. The same nodes are in a skip list in order of IOVA, and in
 * an index by source (ledger_source.h). One writer at a time (the domain's lock); readers walk
 * without locks, inside a reclaim guard. A reader takes only live nodes for real.
 */

#define LEDGER_HEIGHT 12 /* enough for 4^12 nodes at one tower in four growing */

enum ledger_state {
	LEDGER_RESERVED = 1, /* blocks the range; nobody has been asked yet */
	LEDGER_MAPPING,      /* the backend is at it */
	LEDGER_LIVE,
	LEDGER_UNMAPPING,
};

/* What kind of memory a source number counts in: 0 is the process, others are files. */
#define LEDGER_SPACE_MEMORY 0u

/* What a tower has on one floor. */
struct ledger_floor {
	_Atomic(struct ledger_node *) next; /* never NULL: ledger_end is behind the last node */
	struct ledger_floor *before;        /* the tower in front; the writer's */
};

struct ledger_node {
	struct reclaim_item item; /* first: a node is retired as its item */
	struct ledger_node *work; /* chain of one writer's work in hand */
	void *memory;             /* where the memory is in this process; NULL: file by fd */
	uint64_t guard;           /* bytes on both sides that others keep out of; never wraps */
	struct ledger_link by_source;
	uint64_t source;
	uint32_t space;
	uint32_t prot;
	_Atomic uint32_t state; /* enum ledger_state */
	uint8_t height;         /* of the tower; stays when the node is used again */
	/* What searches by IOVA look at, side by side. */
	uint64_t iova, last;
	struct ledger_floor tower[];
};

extern const struct ledger_node ledger_end;

struct ledger {
	struct ledger_floor head[LEDGER_HEIGHT];
	_Atomic size_t floors; /* in use; a search from a lower one finds the same, only later */
	_Atomic uint64_t removals; /* nodes unlinked so far; tells cursors that they are stale */
	_Atomic uint64_t serial;   /* nodes made so far; seeds tower heights */
	_Atomic size_t live;
	size_t guarded; /* nodes with guards; the writer's */
	struct holes holes;
	struct ledger_sources sources;
};

void ledger_init(struct ledger *ledger);

/* The height of the next node's tower; the node is ledger_node_size() bytes. */
uint8_t ledger_height(struct ledger *ledger);
size_t ledger_node_size(uint8_t height);

static inline enum ledger_state ledger_state(const struct ledger_node *node)
{
	return (enum ledger_state)atomic_load_explicit(&node->state, memory_order_acquire);
}

static inline void ledger_set_state(struct ledger_node *node, enum ledger_state state)
{
	atomic_store_explicit(&node->state, state, memory_order_release);
}

/* NULL for what stands behind the last node. */
static inline struct ledger_node *ledger_or_null(struct ledger_node *node)
{
	return node == &ledger_end ? NULL : node;
}

static inline struct ledger_node *ledger_next(const struct ledger_node *node)
{
	return ledger_or_null(atomic_load_explicit(&node->tower[0].next, memory_order_acquire));
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

/* Where a writer stands: in front of the node that ledger_seek() returned. */
struct ledger_place {
	struct ledger_floor tower[LEDGER_HEIGHT]; /* as a node that came here would have it, but for
						     `next` */
};

/* As ledger_at_or_above(), for a writer that may want to insert there. */
struct ledger_node *ledger_seek(const struct ledger *ledger, uint64_t iova,
				struct ledger_place *place);
/* The same, but ledger_end where there is none. */
struct ledger_node *ledger_descend(const struct ledger *ledger, uint64_t iova,
				   struct ledger_place *place);

/* The node in front of the one that ledger_seek() returned; NULL: that was the first. */
struct ledger_node *ledger_before(const struct ledger *ledger, const struct ledger_place *place);

/* ledger_obstacle() of a place that has been found, with the node behind it. */
struct ledger_node *ledger_obstacle_near(const struct ledger *ledger, struct ledger_node *node,
					 uint64_t iova, uint64_t last, uint64_t guard,
					 const struct ledger_place *place);

/*
 * The node that does not let a mapping with this guard lie from iova to last: it is in the way, or
 * nearer than the larger of both guards. NULL: there is none. Otherwise as ledger_seek().
 */
static inline struct ledger_node *ledger_obstacle(const struct ledger *ledger, uint64_t iova,
						  uint64_t last, uint64_t guard,
						  struct ledger_place *place)
{
	struct ledger_node *node = ledger_descend(ledger, iova, place);

	if (node->iova > last && !guard && !ledger->guarded)
		return NULL;
	return ledger_obstacle_near(ledger, node, iova, last, guard, place);
}

/* Writers. The node overlaps no other; place is where ledger_seek() of its IOVA stands right now. */
void ledger_insert(struct ledger *ledger, struct ledger_node *node,
		   const struct ledger_place *place);
void ledger_remove(struct ledger *ledger, struct ledger_node *node);

#endif
