/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/iotlb.h"

#include <string.h>

int mock_iotlb_init(struct mock_iotlb *tlb)
{
	memset(tlb, 0, sizeof(*tlb));
	return -pthread_mutex_init(&tlb->lock, NULL);
}

void mock_iotlb_fini(struct mock_iotlb *tlb)
{
	pthread_mutex_destroy(&tlb->lock);
}

static size_t set_of(uint64_t space, uint64_t iova, unsigned int shift)
{
	return ((iova >> shift) + space * 7) % MOCK_IOTLB_SETS;
}

static bool holds(const struct mock_iotlb_entry *entry, uint64_t space, uint32_t pasid,
		  uint64_t iova)
{
	return entry->space == space && entry->pasid == pasid &&
	       iova - entry->leaf.iova < entry->leaf.length;
}

static struct mock_iotlb_entry *lookup(struct mock_iotlb *tlb, uint64_t space, uint32_t pasid,
				       uint64_t iova)
{
	/* An entry sits in the set that its size chooses. */
	for (uint64_t sizes = tlb->sizes; sizes; sizes &= sizes - 1) {
		unsigned int shift = (unsigned int)__builtin_ctzll(sizes);
		struct mock_iotlb_entry *set =
			&tlb->entry[set_of(space, iova, shift) * MOCK_IOTLB_WAYS];

		for (size_t way = 0; way < MOCK_IOTLB_WAYS; way++) {
			if (holds(&set[way], space, pasid, iova))
				return &set[way];
		}
	}
	return NULL;
}

bool mock_iotlb_find(struct mock_iotlb *tlb, uint64_t space, uint32_t pasid, uint64_t iova,
		     uint32_t prot, struct mock_iotlb_entry *out)
{
	struct mock_iotlb_entry *entry;
	bool hit;

	pthread_mutex_lock(&tlb->lock);
	entry = lookup(tlb, space, pasid, iova);
	/* As hardware does, a cached refusal is checked against the tables once more. */
	hit = entry && (entry->leaf.prot & prot) == prot;
	if (hit) {
		*out = *entry;
		entry->dirty |= (prot & LIBIOMMU_PROT_WRITE) != 0;
		tlb->hits++;
	} else {
		if (entry)
			entry->space = 0;
		tlb->misses++;
	}
	pthread_mutex_unlock(&tlb->lock);
	return hit;
}

void mock_iotlb_fill(struct mock_iotlb *tlb, const struct mock_iotlb_entry *entry)
{
	unsigned int shift = (unsigned int)__builtin_ctzll(entry->leaf.length);
	size_t set = set_of(entry->space, entry->leaf.iova, shift), way;
	struct mock_iotlb_entry *present;

	pthread_mutex_lock(&tlb->lock);
	present = lookup(tlb, entry->space, entry->pasid, entry->leaf.iova);
	for (way = 0; way < MOCK_IOTLB_WAYS && tlb->entry[set * MOCK_IOTLB_WAYS + way].space; way++)
		;
	if (way == MOCK_IOTLB_WAYS)
		way = tlb->victim[set]++ % MOCK_IOTLB_WAYS;
	if (!present)
		present = &tlb->entry[set * MOCK_IOTLB_WAYS + way];
	*present = *entry;
	tlb->sizes |= entry->leaf.length;
	pthread_mutex_unlock(&tlb->lock);
}

static bool touches(const struct mock_iotlb_entry *entry, uint64_t start, uint64_t last)
{
	uint64_t first = entry->leaf.iova, size = entry->leaf.length;

	if (entry->span > size) {
		size = entry->span;
		first &= ~(size - 1);
	}
	return first <= last && first + size - 1 >= start;
}

void mock_iotlb_drop(struct mock_iotlb *tlb, uint64_t space, uint64_t start, uint64_t last)
{
	struct mock_iotlb_entry *entry = tlb->entry;

	pthread_mutex_lock(&tlb->lock);
	tlb->invalidations++;
	for (size_t i = 0; tlb->sizes && i < MOCK_IOTLB_SETS * MOCK_IOTLB_WAYS; i++) {
		if (entry[i].space == space && touches(&entry[i], start, last))
			entry[i].space = 0;
	}
	pthread_mutex_unlock(&tlb->lock);
}

void mock_iotlb_drop_of(struct mock_iotlb *tlb, uint64_t space, uint32_t pasid, uint64_t start,
			uint64_t last)
{
	struct mock_iotlb_entry *entry = tlb->entry;

	pthread_mutex_lock(&tlb->lock);
	tlb->invalidations++;
	for (size_t i = 0; tlb->sizes && i < MOCK_IOTLB_SETS * MOCK_IOTLB_WAYS; i++) {
		if (entry[i].space == space && entry[i].pasid == pasid &&
		    touches(&entry[i], start, last))
			entry[i].space = 0;
	}
	pthread_mutex_unlock(&tlb->lock);
}

void mock_iotlb_drop_pasid(struct mock_iotlb *tlb, uint64_t space, uint32_t pasid)
{
	mock_iotlb_drop_of(tlb, space, pasid, 0, UINT64_MAX);
}

void mock_iotlb_drop_all(struct mock_iotlb *tlb)
{
	struct mock_iotlb_entry *entry = tlb->entry;

	pthread_mutex_lock(&tlb->lock);
	tlb->invalidations++;
	tlb->sizes = 0;
	for (size_t i = 0; i < MOCK_IOTLB_SETS * MOCK_IOTLB_WAYS; i++)
		entry[i].space = 0;
	pthread_mutex_unlock(&tlb->lock);
}
