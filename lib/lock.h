/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_LOCK_H
#define LIB_LOCK_H

#include <pthread.h>
#include <stdatomic.h>

/*
 * A lock that is nearly always free and held for a few instructions: a map and an unmap take
 * several, and taking a free one must not cost a call. Who has to wait waits in a mutex of POSIX.
 */
struct lock {
	_Atomic int state; /* enum lock_state */
	pthread_mutex_t waiting;
	pthread_cond_t released; /* for those who want the lock */
	pthread_cond_t woken;    /* for those who wait for something else */
};

enum lock_state {
	LOCK_FREE,
	LOCK_HELD,
	LOCK_WANTED, /* held, and somebody may wait for it */
};

/* @return 0, or a negative errno */
int lock_init(struct lock *lock);
void lock_destroy(struct lock *lock);

/* The lock is held: give it up, wait for lock_wake(), and take it again. May return early. */
void lock_wait(struct lock *lock);
/* Wake all that are in lock_wait(). Who changes what they wait for without the lock takes it here. */
void lock_wake(struct lock *lock);

void lock_take_slowly(struct lock *lock);
void lock_hand_over(struct lock *lock);

static inline void lock_take(struct lock *lock)
{
	int state = LOCK_FREE;

	if (!atomic_compare_exchange_strong_explicit(&lock->state, &state, LOCK_HELD,
						     memory_order_acquire, memory_order_relaxed))
		lock_take_slowly(lock);
}

static inline void lock_release(struct lock *lock)
{
	if (atomic_exchange_explicit(&lock->state, LOCK_FREE, memory_order_release) == LOCK_WANTED)
		lock_hand_over(lock);
}

#endif
