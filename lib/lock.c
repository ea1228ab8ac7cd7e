/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/lock.h"

/*
 * Why nobody is forgotten. Who waits has said so in the state while it holds the mutex, and lets go
 * of the mutex only by falling asleep. Who releases sees that, and signals with the mutex: after the
 * other one sleeps. What has once been said stays until a release, so that the second of two that
 * wait is signalled, too.
 */

int lock_init(struct lock *lock)
{
	int code;

	atomic_init(&lock->state, LOCK_FREE);
	code = pthread_mutex_init(&lock->waiting, NULL);
	if (code)
		return -code;
	code = pthread_cond_init(&lock->released, NULL);
	if (code)
		goto no_released;
	code = pthread_cond_init(&lock->woken, NULL);
	if (!code)
		return 0;
	pthread_cond_destroy(&lock->released);
no_released:
	pthread_mutex_destroy(&lock->waiting);
	return -code;
}

void lock_destroy(struct lock *lock)
{
	pthread_cond_destroy(&lock->woken);
	pthread_cond_destroy(&lock->released);
	pthread_mutex_destroy(&lock->waiting);
}

/* The mutex is held. */
static void take(struct lock *lock)
{
	while (atomic_exchange_explicit(&lock->state, LOCK_WANTED, memory_order_acquire) !=
	       LOCK_FREE)
		pthread_cond_wait(&lock->released, &lock->waiting);
}

void lock_take_slowly(struct lock *lock)
{
	pthread_mutex_lock(&lock->waiting);
	take(lock);
	pthread_mutex_unlock(&lock->waiting);
}

void lock_hand_over(struct lock *lock)
{
	pthread_mutex_lock(&lock->waiting);
	pthread_cond_signal(&lock->released);
	pthread_mutex_unlock(&lock->waiting);
}

void lock_wait(struct lock *lock)
{
	pthread_mutex_lock(&lock->waiting);
	if (atomic_exchange_explicit(&lock->state, LOCK_FREE, memory_order_release) == LOCK_WANTED)
		pthread_cond_signal(&lock->released);
	pthread_cond_wait(&lock->woken, &lock->waiting);
	take(lock);
	pthread_mutex_unlock(&lock->waiting);
}

void lock_wake(struct lock *lock)
{
	pthread_mutex_lock(&lock->waiting);
	pthread_cond_broadcast(&lock->woken);
	pthread_mutex_unlock(&lock->waiting);
}
