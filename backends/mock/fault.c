/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/fault.h"

#include <string.h>

int mock_faults_init(struct mock_faults *faults)
{
	memset(faults, 0, sizeof(*faults));
	return -pthread_mutex_init(&faults->lock, NULL);
}

void mock_faults_fini(struct mock_faults *faults)
{
	pthread_mutex_destroy(&faults->lock);
}

void mock_faults_add(struct mock_faults *faults, const struct mock_fault_record *record)
{
	pthread_mutex_lock(&faults->lock);
	if (faults->count == MOCK_FAULTS) {
		faults->dropped++;
	} else {
		faults->ring[(faults->first + faults->count++) % MOCK_FAULTS] = *record;
		faults->recorded++;
	}
	pthread_mutex_unlock(&faults->lock);
}

bool mock_faults_take(struct mock_faults *faults, struct mock_fault_record *out)
{
	bool any;

	pthread_mutex_lock(&faults->lock);
	any = faults->count > 0;
	if (any) {
		*out = faults->ring[faults->first];
		faults->first = (faults->first + 1) % MOCK_FAULTS;
		faults->count--;
	}
	pthread_mutex_unlock(&faults->lock);
	return any;
}

void mock_faults_count(struct mock_faults *faults, uint64_t *recorded, uint64_t *dropped)
{
	pthread_mutex_lock(&faults->lock);
	*recorded = faults->recorded;
	*dropped = faults->dropped;
	pthread_mutex_unlock(&faults->lock);
}

const char *mock_fault_text(enum libiommu_mock_fault_kind kind)
{
	switch (kind) {
	case LIBIOMMU_MOCK_FAULT_BLOCKED:
		return "the device can reach no domain";
	case LIBIOMMU_MOCK_FAULT_NOT_MAPPED:
		return "nothing is mapped there";
	case LIBIOMMU_MOCK_FAULT_PERMISSION:
		return "the mapping forbids this access";
	case LIBIOMMU_MOCK_FAULT_APERTURE:
		return "the address is wider than the IOMMU translates";
	case LIBIOMMU_MOCK_FAULT_RESERVED:
		return "the address is in the interrupt window";
	case LIBIOMMU_MOCK_FAULT_BUS_MASTER:
		return "bus mastering is off";
	case LIBIOMMU_MOCK_FAULT_STALE:
		return "the translation was stale: an invalidation is missing";
	case LIBIOMMU_MOCK_FAULT_TABLE:
		return "an entry of the page table is broken";
	case LIBIOMMU_MOCK_FAULT_CONTEXT:
		return "stage 1 has no context for it";
	}
	return "unknown";
}
