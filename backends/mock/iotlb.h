/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IOMMU's cache of translations. It believes what it holds until it is told
 * otherwise, so that a forgotten invalidation shows.
 */
#ifndef BACKENDS_MOCK_IOTLB_H
#define BACKENDS_MOCK_IOTLB_H

#include <libiommu/pgtable.h>

#include <pthread.h>

#define MOCK_IOTLB_SETS 64
#define MOCK_IOTLB_WAYS 4

struct mock_iotlb_entry {
	uint64_t space; /* the tag; 0: the entry is empty */
	uint32_t pasid; /* of the requests that it is for; 0: without */
	bool dirty;     /* the leaf is known to have its dirty bit */
	uint64_t span;  /* of the first stage's leaf, where there are two; one piece of it is enough
			   to drop all */
	struct libiommu_pgtable_leaf leaf;
};

struct mock_iotlb {
	pthread_mutex_t lock;
	uint64_t hits;
	uint64_t misses;
	uint64_t invalidations;
	uint64_t sizes; /* of leaves that came in since all was dropped: bit n: 2^n bytes */
	unsigned char victim[MOCK_IOTLB_SETS];
	struct mock_iotlb_entry entry[MOCK_IOTLB_SETS * MOCK_IOTLB_WAYS];
};

int mock_iotlb_init(struct mock_iotlb *tlb);
void mock_iotlb_fini(struct mock_iotlb *tlb);

/* @return true and the entry that holds iova, with enough permission; counts hit or miss */
bool mock_iotlb_find(struct mock_iotlb *tlb, uint64_t space, uint32_t pasid, uint64_t iova,
		     uint32_t prot, struct mock_iotlb_entry *out);
void mock_iotlb_fill(struct mock_iotlb *tlb, const struct mock_iotlb_entry *entry);

/* Drop what touches start to last of a space, whoever brought it in. */
void mock_iotlb_drop(struct mock_iotlb *tlb, uint64_t space, uint64_t start, uint64_t last);
/* The same of what one PASID has brought in. */
void mock_iotlb_drop_of(struct mock_iotlb *tlb, uint64_t space, uint32_t pasid, uint64_t start,
			uint64_t last);
/* Drop what one PASID has brought in of a space. */
void mock_iotlb_drop_pasid(struct mock_iotlb *tlb, uint64_t space, uint32_t pasid);
/* Drop everything, of all spaces. */
void mock_iotlb_drop_all(struct mock_iotlb *tlb);

#endif
