/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/reclaim.h"

#include <sched.h>
#include <stdbool.h>

/*
 * Why this is safe. All accesses of epochs are sequentially consistent. A
 * lookup in epoch E read the global epoch as E after announcing E, so an
 * advance to E + 2 sees the announcement and is refused. An item retired in
 * epoch R is freed from R + 2 on; a lookup that still runs then is in R + 1 or
 * later, hence it read the global epoch after the item had been unlinked.
 */

#define LOOK_EVERY 16  /* items that are retired before a writer looks for lookups */
#define KEEP       256 /* items that wait for being used again; others are freed */

int reclaim_init(struct reclaim *r, void (*free)(void *data, struct reclaim_item *item), void *data)
{
	atomic_init(&r->epoch, 1);
	for (int i = 0; i < 3; i++)
		atomic_init(&r->anonymous[i], 0);
	r->slots = NULL;
	r->oldest = r->newest = NULL;
	r->waiting = r->unseen = 0;
	r->free = free;
	r->data = data;
	return lock_init(&r->lock);
}

static void free_chain(struct reclaim *r, struct reclaim_item *item)
{
	while (item) {
		struct reclaim_item *next = item->next;

		r->free(r->data, item);
		item = next;
	}
}

void reclaim_abandon(struct reclaim *r)
{
	free_chain(r, r->oldest);
}

void reclaim_destroy(struct reclaim *r)
{
	reclaim_abandon(r);
	lock_destroy(&r->lock);
}

void reclaim_add_slot(struct reclaim *r, struct reclaim_slot *slot)
{
	atomic_init(&slot->epoch, 0);
	lock_take(&r->lock);
	slot->prev = NULL;
	slot->next = r->slots;
	if (r->slots)
		r->slots->prev = slot;
	r->slots = slot;
	lock_release(&r->lock);
}

void reclaim_remove_slot(struct reclaim *r, struct reclaim_slot *slot)
{
	lock_take(&r->lock);
	if (slot->prev)
		slot->prev->next = slot->next;
	else
		r->slots = slot->next;
	if (slot->next)
		slot->next->prev = slot->prev;
	lock_release(&r->lock);
}

struct reclaim_guard reclaim_enter(struct reclaim *r, struct reclaim_slot *slot)
{
	uint64_t epoch = atomic_load(&r->epoch);

	for (;;) {
		_Atomic uint64_t *counter = &r->anonymous[epoch % 3];
		uint64_t now;

		if (slot)
			atomic_store(&slot->epoch, epoch);
		else
			atomic_fetch_add(counter, 1);
		now = atomic_load(&r->epoch);
		if (now == epoch)
			return (struct reclaim_guard){ slot, counter };
		if (!slot)
			atomic_fetch_sub(counter, 1);
		epoch = now;
	}
}

void reclaim_leave(struct reclaim_guard guard)
{
	if (guard.slot)
		atomic_store_explicit(&guard.slot->epoch, 0, memory_order_release);
	else
		atomic_fetch_sub_explicit(guard.counter, 1, memory_order_release);
}

/* Move to the next epoch unless a lookup of an earlier one is left. Lock held. */
static bool advance(struct reclaim *r)
{
	uint64_t epoch = atomic_load(&r->epoch);

	if (atomic_load(&r->anonymous[(epoch + 2) % 3])) /* those of epoch - 1 */
		return false;
	for (struct reclaim_slot *slot = r->slots; slot; slot = slot->next) {
		uint64_t seen = atomic_load(&slot->epoch);

		if (seen && seen != epoch)
			return false;
	}
	atomic_store(&r->epoch, epoch + 1);
	return true;
}

static bool ripe(const struct reclaim_item *item, uint64_t epoch)
{
	return item && item->epoch + 2 <= epoch;
}

static struct reclaim_item *take_oldest(struct reclaim *r)
{
	struct reclaim_item *item = r->oldest;

	r->oldest = item->next;
	r->waiting--;
	return item;
}

/* Unlink what is old enough, but for the last `keep`. Lock held. */
static struct reclaim_item *take_ripe(struct reclaim *r, size_t keep)
{
	uint64_t epoch = atomic_load(&r->epoch);
	struct reclaim_item *first = NULL, **end = &first;

	while (r->waiting > keep && ripe(r->oldest, epoch)) {
		*end = take_oldest(r);
		end = &(*end)->next;
	}
	*end = NULL;
	return first;
}

struct reclaim_item *reclaim_reuse(struct reclaim *r)
{
	struct reclaim_item *item = NULL;

	lock_take(&r->lock);
	if (ripe(r->oldest, atomic_load(&r->epoch)))
		item = take_oldest(r);
	lock_release(&r->lock);
	return item;
}

/* Look for lookups, and free what no one can see and is not kept. Lock held; it is released. */
static __attribute__((noinline)) void look(struct reclaim *r)
{
	struct reclaim_item *surplus;

	r->unseen = 0;
	advance(r);
	surplus = take_ripe(r, KEEP);
	lock_release(&r->lock);
	free_chain(r, surplus);
}

void reclaim_retire(struct reclaim *r, struct reclaim_item *items)
{
	struct reclaim_item *last = items;
	size_t count = 1;
	uint64_t epoch;

	if (!items)
		return;
	lock_take(&r->lock);
	epoch = atomic_load(&r->epoch);
	last->epoch = epoch;
	while (last->next) {
		last = last->next;
		last->epoch = epoch;
		count++;
	}
	if (r->oldest)
		r->newest->next = items;
	else
		r->oldest = items;
	r->newest = last;
	r->waiting += count;
	r->unseen += count;
	if (r->unseen >= LOOK_EVERY || r->waiting > KEEP)
		look(r);
	else
		lock_release(&r->lock);
}

void reclaim_synchronize(struct reclaim *r)
{
	struct reclaim_item *gone;
	uint64_t goal;

	lock_take(&r->lock);
	goal = atomic_load(&r->epoch) + 2;
	while (atomic_load(&r->epoch) < goal) {
		if (advance(r))
			continue;
		lock_release(&r->lock);
		sched_yield();
		lock_take(&r->lock);
	}
	gone = take_ripe(r, 0);
	lock_release(&r->lock);
	free_chain(r, gone);
}
