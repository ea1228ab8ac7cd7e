/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_RECLAIM_H
#define LIB_RECLAIM_H

#include "lib/lock.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Freed memory waits until every lookup that may see it has ended. Lookups
 * announce the epoch in which they run, in a slot of their own (readers) or in
 * shared counters (everybody else). The epoch moves on when no lookup of an
 * earlier one is left; what was retired two epochs ago is freed, or used again.
 */

struct reclaim_slot {
	_Atomic uint64_t epoch; /* 0: not reading */
	struct reclaim_slot *next, *prev;
};

struct reclaim_item {
	struct reclaim_item *next;
	uint64_t epoch;
};

struct reclaim {
	_Atomic uint64_t epoch;
	_Atomic uint64_t anonymous[3]; /* lookups without a slot, by epoch modulo 3 */
	struct lock lock;
	struct reclaim_slot *slots;
	struct reclaim_item *oldest, *newest;
	size_t waiting;
	size_t unseen; /* retired since a writer looked for lookups */
	void (*free)(void *data, struct reclaim_item *item);
	void *data;
};

/* Where a lookup announced itself. */
struct reclaim_guard {
	struct reclaim_slot *slot;
	_Atomic uint64_t *counter;
};

int reclaim_init(struct reclaim *r, void (*free)(void *data, struct reclaim_item *item),
		 void *data);
/* Nobody reads any more; frees everything that waits. */
void reclaim_destroy(struct reclaim *r);
/* The same in a forked child, where a thread that is not here may hold the lock. */
void reclaim_abandon(struct reclaim *r);

void reclaim_add_slot(struct reclaim *r, struct reclaim_slot *slot);
void reclaim_remove_slot(struct reclaim *r, struct reclaim_slot *slot);

/* Begin a lookup; slot may be NULL. Lookups of one slot do not nest. */
struct reclaim_guard reclaim_enter(struct reclaim *r, struct reclaim_slot *slot);
void reclaim_leave(struct reclaim_guard guard);

/* An item that no lookup can see any more, to be used again; NULL: there is none. */
struct reclaim_item *reclaim_reuse(struct reclaim *r);

/* Hand over items (a chain through next) that no new lookup can reach. */
void reclaim_retire(struct reclaim *r, struct reclaim_item *items);

/* Wait for the lookups that run now, then free what waits. */
void reclaim_synchronize(struct reclaim *r);

#endif
