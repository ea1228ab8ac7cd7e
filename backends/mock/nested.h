/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two stages: tables of the user's, which lie where the parent maps them, in front of the parent's
 * table. The hardware caches where they lead, and believes that until it is told otherwise.
 */
#ifndef BACKENDS_MOCK_NESTED_H
#define BACKENDS_MOCK_NESTED_H

#include "backends/mock/front.h"
#include "backends/mock/guest_contexts.h"

/* Where a walk has ended that found nothing. */
struct mock_where {
	unsigned int stage; /* 0: there is one only */
	uint64_t inner;     /* with stage 2: what stage 1 has given */
	uint64_t span;      /* of stage 1's leaf; 0: there is none */
	const struct mock_domain
		*process; /* no walk: the address is one of the process'; else NULL */
};

#define MOCK_STAGE1_WORDS 4

struct mock_stage1 {
	struct mock_stage1 *next; /* of the parent's space; under machine.lock and iommu.gate */
	struct mock_space *space; /* the parent's */
	struct mock_table *table; /* of it, behind the IOMMU */
	struct mock_iommu *iommu;
	uint64_t tag; /* in the IOTLB */
	enum libiommu_stage1_type type;
	union {
		struct libiommu_stage1_vtd vtd;
		struct libiommu_stage1_smmuv3 smmuv3;
		struct libiommu_stage1_amd amd;
		struct libiommu_stage1_riscv riscv;
		struct libiommu_stage1_selftest selftest;
	} data;
	uint32_t cached[MOCK_STAGE1_WORDS]; /* by the test device; under iommu.gate */
	unsigned int context_bits;          /* of a PASID; 0: its requests are not the guest's */
	pthread_mutex_t lock;
	struct mock_context first; /* and the others that were asked for; under lock */
};

/* Is a device's own attachment also for its requests with PASIDs that have no domain? */
static inline bool mock_domain_pasids(const struct mock_domain *dom)
{
	return dom->stage1 && dom->stage1->context_bits;
}

extern const struct libiommu_backend_nesting mock_nesting;

/* What a walk of somebody else's tables has come to: 0, or the kind of fault. */
int mock_view_fault(enum libiommu_pgtable_fault fault);
/* Both stages; the gate is held. 0 and the leaf that both together give, or the kind of fault. */
int mock_stage1_walk(struct mock_stage1 *stage1, uint32_t pasid, uint64_t iova, uint32_t access,
		     struct libiommu_pgtable_leaf *leaf, struct mock_where *where);
/* How the hardware finds tables of the user's. */
struct libiommu_pgtable_memory mock_stage1_memory(struct mock_stage1 *stage1);
/* The parent's maps have changed: drop what leads through them. The gate is held for writing. */
void mock_stage1_drop(struct mock_stage1 *stage1);
void mock_nested_free(struct mock_domain *dom);

/* nested_data.c */
/* What the context at an address says, or the data alone. 0, or the kind of fault. */
int mock_stage1_shape(struct mock_stage1 *stage1, uint64_t context, struct mock_shape *shape,
		      struct mock_where *where);
/* May this hardware take such data? */
int mock_stage1_check(const struct mock_hw *hw, const struct libiommu_nested_options *opts,
		      struct libiommu_failure *failure);
/* Read 8 bytes at an address of the parent, as the hardware does. */
bool mock_stage1_read(struct mock_stage1 *stage1, uint64_t address, uint64_t *out);

/* nested_invalidate.c */
/* Commands in an interface's own form. */
struct mock_entries {
	uint32_t type;
	size_t bytes;     /* of one */
	const char *name; /* what one is that is right */
	/* 0, or there is no such command. */
	int (*carry_out)(struct mock_stage1 *stage1, const unsigned char *entry);
};

int mock_nested_invalidate(void *domain, const struct libiommu_invalidation *commands, size_t count,
			   size_t *done, struct libiommu_failure *failure);
int mock_nested_invalidate_raw(void *domain, uint32_t type, const void *entries, size_t length,
			       size_t count, size_t *done, struct libiommu_failure *failure);

/* nested_smmuv3.c */
extern const struct mock_entries mock_smmuv3_entries;

/* nested_selftest.c */
extern const struct mock_entries mock_selftest_entries;
/* Nothing, of another type. */
void mock_selftest_begin(struct mock_stage1 *stage1);
/* All words; the gate is held for writing. */
void mock_selftest_forget(struct mock_stage1 *stage1);

/* hw_info.c */
int mock_hw_info(const struct mock_hw *hw, struct libiommu_hw_info *out);

#endif
