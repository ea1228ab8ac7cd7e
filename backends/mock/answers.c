/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/answers.h"

#include <string.h>

int mock_answers_init(struct mock_answers *answers)
{
	memset(answers, 0, sizeof(*answers));
	return -pthread_mutex_init(&answers->lock, NULL);
}

void mock_answers_fini(struct mock_answers *answers)
{
	pthread_mutex_destroy(&answers->lock);
}

uint64_t mock_answers_ticket(struct mock_answers *answers)
{
	uint64_t ticket;

	pthread_mutex_lock(&answers->lock);
	ticket = ++answers->tickets;
	pthread_mutex_unlock(&answers->lock);
	return ticket;
}

uint64_t mock_answers_tickets(struct mock_answers *answers)
{
	uint64_t tickets;

	pthread_mutex_lock(&answers->lock);
	tickets = answers->tickets;
	pthread_mutex_unlock(&answers->lock);
	return tickets;
}

void mock_answers_put(struct mock_answers *answers, uint64_t ticket,
		      enum libiommu_fault_answer answer)
{
	pthread_mutex_lock(&answers->lock);
	answers->ring[answers->next].ticket = ticket;
	answers->ring[answers->next].answer = answer;
	answers->next = (answers->next + 1) % MOCK_ANSWERS;
	pthread_mutex_unlock(&answers->lock);
}

bool mock_answers_take(struct mock_answers *answers, uint64_t ticket,
		       enum libiommu_fault_answer *out)
{
	bool found = false;

	pthread_mutex_lock(&answers->lock);
	for (size_t i = 0; i < MOCK_ANSWERS && !found; i++) {
		found = answers->ring[i].ticket == ticket;
		if (found) {
			*out = answers->ring[i].answer;
			answers->ring[i].ticket = 0;
		}
	}
	pthread_mutex_unlock(&answers->lock);
	return found;
}
