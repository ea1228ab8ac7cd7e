/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers to page requests that no access waits for: the last ones of a machine. */
#ifndef BACKENDS_MOCK_ANSWERS_H
#define BACKENDS_MOCK_ANSWERS_H

#include <libiommu/fault_queue.h>

#include <pthread.h>

#define MOCK_ANSWERS 256

struct mock_answers {
	pthread_mutex_t lock;
	uint64_t tickets; /* given */
	size_t next;
	struct {
		uint64_t ticket; /* 0: none */
		enum libiommu_fault_answer answer;
	} ring[MOCK_ANSWERS];
};

int mock_answers_init(struct mock_answers *answers);
void mock_answers_fini(struct mock_answers *answers);

/* A number that no group of the machine has had. */
uint64_t mock_answers_ticket(struct mock_answers *answers);
/* @return how many tickets were given */
uint64_t mock_answers_tickets(struct mock_answers *answers);
void mock_answers_put(struct mock_answers *answers, uint64_t ticket,
		      enum libiommu_fault_answer answer);
/* Take it. @return false when it is not there yet, or not any more */
bool mock_answers_take(struct mock_answers *answers, uint64_t ticket,
		       enum libiommu_fault_answer *out);

#endif
