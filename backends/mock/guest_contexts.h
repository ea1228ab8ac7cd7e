/* SPDX-License-Identifier: BSD-2-Clause */
/* The contexts of a stage 1: whose requests go through which of a guest's tables. */
#ifndef BACKENDS_MOCK_GUEST_CONTEXTS_H
#define BACKENDS_MOCK_GUEST_CONTEXTS_H

#include "backends/mock/profile.h"

#include <libiommu/nesting.h>

struct mock_machine;
struct mock_stage1;
struct mock_where;

#define BITS(word, high, low) (((word) >> (low)) & ((UINT64_C(2) << ((high) - (low))) - 1))
#define ADDRESS(word, high, low) \
	((word) & ((UINT64_C(2) << (high)) - 1) & ~((UINT64_C(1) << (low)) - 1))

/* What a stream table entry does with a request, as its Config says (Arm IHI 0070, 5.2). */
enum mock_ste {
	MOCK_STE_ABORT = 0, /* one that is not valid, too */
	MOCK_STE_BYPASS = 4,
	MOCK_STE_STAGE1 = 5
};

static inline unsigned int mock_ste_config(const struct libiommu_stage1_smmuv3 *data)
{
	return BITS(data->ste[0], 0, 0) ? (unsigned int)BITS(data->ste[0], 3, 1) : MOCK_STE_ABORT;
}

/* What the hardware has kept of one; under the stage 1's lock. */
struct mock_context {
	struct mock_context *next;
	uint32_t pasid;
	uint16_t asid;                 /* SMMUv3: of what was cached through it */
	bool read;                     /* the ASID was */
	struct libiommu_pgtable *view; /* NULL: not looked for, or not to be found */
};

/* What a context says. */
struct mock_shape {
	struct libiommu_pgtable_options options;
	uint64_t root;
	uint16_t asid;
};

/* Bits of a PASID that choose a context; 0: there is one for all requests. */
unsigned int mock_context_bits(const struct mock_hw *hw,
			       const struct libiommu_nested_options *opts);
/* Can the hardware have that many, and can they be the guest's? */
bool mock_context_allows(const struct mock_hw *hw, const struct libiommu_nested_options *opts);

/*
 * Which context a request has. 0 and its number, or the kind of fault.
 * @param[out] past stage 1 lets the request through as it is
 */
int mock_context_of(const struct mock_stage1 *stage1, uint32_t *pasid, bool *past,
		    struct mock_where *where);
/* The tables of a context; the gate is held. 0, or the kind of fault. */
int mock_context_view(struct mock_stage1 *stage1, uint32_t pasid, struct libiommu_pgtable **view,
		      struct mock_where *where);

/* What was read of one context, or of all, is read again; the gate is held for writing. */
void mock_context_forget(struct mock_stage1 *stage1, uint32_t pasid);
void mock_contexts_forget(struct mock_stage1 *stage1);
/* What is cached of a range through contexts with an ASID; the gate is held for writing. */
void mock_contexts_drop(struct mock_stage1 *stage1, uint16_t asid, struct libiommu_range range);
void mock_contexts_free(struct mock_machine *machine, struct mock_stage1 *stage1);

/* There is no such context, or none that is good. */
int mock_context_missing(struct mock_where *where);
/* 8 bytes of the guest's. */
int mock_context_fetch(struct mock_stage1 *stage1, uint64_t address, uint64_t *word,
		       struct mock_where *where);

#endif
