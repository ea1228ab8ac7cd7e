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

#define RETIRE_BATCH 32 /* items that may wait before a writer looks at the slots */

int reclaim_init(struct reclaim *r, void (*free)(void *data, struct reclaim_item *item), void *data)
{
	atomic_init(&r->epoch, 1);
	for (int i = 0; i < 3; i++)
		atomic_init(&r->anonymous[i], 0);
	r->slots = NULL;
	r->oldest = r->newest = NULL;
	r->waiting = 0;
	r->free = free;
	r->data = data;
	return -pthread_mutex_init(&r->lock, NULL);
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
	pthread_mutex_destroy(&r->lock);
}

void reclaim_add_slot(struct reclaim *r, struct reclaim_slot *slot)
{
	atomic_init(&slot->epoch, 0);
	pthread_mutex_lock(&r->lock);
	slot->prev = NULL;
	slot->next = r->slots;
	if (r->slots)
		r->slots->prev = slot;
	r->slots = slot;
	pthread_mutex_unlock(&r->lock);
}

void reclaim_remove_slot(struct reclaim *r, struct reclaim_slot *slot)
{
	pthread_mutex_lock(&r->lock);
	if (slot->prev)
		slot->prev->next = slot->next;
	else
		r->slots = slot->next;
	if (slot->next)
		slot->next->prev = slot->prev;
	pthread_mutex_unlock(&r->lock);
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

/* Unlink what is old enough. Lock held. */
static struct reclaim_item *take_ripe(struct reclaim *r)
{
	uint64_t epoch = atomic_load(&r->epoch);
	struct reclaim_item *first = r->oldest, **end = &first;

	while (*end && (*end)->epoch + 2 <= epoch) {
		r->waiting--;
		end = &(*end)->next;
	}
	r->oldest = *end;
	if (!r->oldest)
		r->newest = NULL;
	*end = NULL;
	return first;
}

void reclaim_retire(struct reclaim *r, struct reclaim_item *items)
{
	struct reclaim_item *ripe = NULL;

	pthread_mutex_lock(&r->lock);
	while (items) {
		struct reclaim_item *item = items;

		items = item->next;
		item->epoch = atomic_load(&r->epoch);
		item->next = NULL;
		if (r->newest)
			r->newest->next = item;
		else
			r->oldest = item;
		r->newest = item;
		r->waiting++;
	}
	if (r->waiting >= RETIRE_BATCH) {
		advance(r);
		ripe = take_ripe(r);
	}
	pthread_mutex_unlock(&r->lock);
	free_chain(r, ripe);
}

void reclaim_synchronize(struct reclaim *r)
{
	struct reclaim_item *ripe;
	uint64_t goal;

	pthread_mutex_lock(&r->lock);
	goal = atomic_load(&r->epoch) + 2;
	while (atomic_load(&r->epoch) < goal) {
		if (advance(r))
			continue;
		pthread_mutex_unlock(&r->lock);
		sched_yield();
		pthread_mutex_lock(&r->lock);
	}
	ripe = take_ripe(r);
	pthread_mutex_unlock(&r->lock);
	free_chain(r, ripe);
}
