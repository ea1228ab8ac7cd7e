/* SPDX-License-Identifier: BSD-2-Clause */
/* The IOMMUs' record of refused accesses. */
#ifndef BACKENDS_MOCK_FAULT_H
#define BACKENDS_MOCK_FAULT_H

#include <libiommu/mock.h>

#include <pthread.h>

#define MOCK_FAULTS 256

struct mock_fault_record {
	char device[16];
	uint32_t pasid;
	uint64_t iova;
	uint32_t access;
	unsigned int stage; /* as in struct libiommu_mock_fault */
	uint64_t inner;
	enum libiommu_mock_fault_kind kind;
};

struct mock_faults {
	pthread_mutex_t lock;
	size_t first;
	size_t count;
	uint64_t recorded;
	uint64_t dropped;
	struct mock_fault_record ring[MOCK_FAULTS];
};

int mock_faults_init(struct mock_faults *faults);
void mock_faults_fini(struct mock_faults *faults);

/* When the ring is full the oldest stay and this one is counted only. */
void mock_faults_add(struct mock_faults *faults, const struct mock_fault_record *record);
/* @return false when there is none */
bool mock_faults_take(struct mock_faults *faults, struct mock_fault_record *out);
void mock_faults_count(struct mock_faults *faults, uint64_t *recorded, uint64_t *dropped);

/* A few words for a message. */
const char *mock_fault_text(enum libiommu_mock_fault_kind kind);

#endif
