/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of a guest's tables a request is for. SMMUv3 has one context descriptor, or a table of them by
 * substream, in one or two levels (Arm IHI 0070, 5.2 to 5.4); AMD has a table of GCR3s by PASID, in up to
 * three levels (AMD 48882, 2.2.2.1 and the guest CR3 table of 2.2.6). All of it is the guest's memory,
 * read through the parent. What was found is kept, as the hardware keeps it.
 */
#include "backends/mock/nested.h"

#define CD_SHIFT 6 /* a context descriptor has 64 bytes */

#define DTE_GIOV 54 /* requests without a PASID have the first context; else they pass stage 1 by */

/* S1DSS: what becomes of requests without a substream, where there are substreams. */
#define DSS_BYPASS 1
#define DSS_FIRST  2

int mock_context_missing(struct mock_where *where)
{
	where->stage = 1;
	return LIBIOMMU_MOCK_FAULT_CONTEXT;
}

int mock_context_fetch(struct mock_stage1 *stage1, uint64_t address, uint64_t *word,
		       struct mock_where *where)
{
	if (mock_stage1_read(stage1, address, word))
		return 0;
	where->stage = 2;
	where->inner = address;
	return LIBIOMMU_MOCK_FAULT_NOT_MAPPED;
}

/* AMD's smallest table has 512: of a domain for PASIDs of the host the first one alone is meant. */
unsigned int mock_context_bits(const struct mock_hw *hw, const struct libiommu_nested_options *opts)
{
	const struct libiommu_stage1_smmuv3 *smmuv3 = opts->data;
	const struct libiommu_stage1_amd *amd = opts->data;
	unsigned int levels;

	if (!hw->pasid_bits)
		return 0;
	switch (opts->type) {
	case LIBIOMMU_STAGE1_SMMUV3:
		return mock_ste_config(smmuv3) == MOCK_STE_STAGE1
			       ? (unsigned int)BITS(smmuv3->ste[0], 63, 59)
			       : 0;
	case LIBIOMMU_STAGE1_AMD:
		levels = (unsigned int)BITS(amd->dte[0], 57, 56);
		return opts->pasid && !levels ? 0 : 9 * (levels + 1);
	default:
		return 0;
	}
}

bool mock_context_allows(const struct mock_hw *hw, const struct libiommu_nested_options *opts)
{
	const unsigned int bits = mock_context_bits(hw, opts);

	/* The hardware has one table of contexts, the host's or the guest's. */
	if (bits && opts->pasid)
		return false;
	return opts->type != LIBIOMMU_STAGE1_SMMUV3 || bits <= hw->pasid_bits;
}

int mock_context_of(const struct mock_stage1 *stage1, uint32_t *pasid, bool *past,
		    struct mock_where *where)
{
	uint64_t rule;

	*past = false;
	if (stage1->type == LIBIOMMU_STAGE1_SMMUV3 &&
	    mock_ste_config(&stage1->data.smmuv3) != MOCK_STE_STAGE1) {
		*past = mock_ste_config(&stage1->data.smmuv3) == MOCK_STE_BYPASS;
		return *past ? 0 : mock_context_missing(where);
	}
	if (stage1->type == LIBIOMMU_STAGE1_AMD)
		*past = !*pasid && !(stage1->data.amd.dte[0] >> DTE_GIOV & 1);
	/* One domain, one context, whoever is attached to it. */
	if (!stage1->context_bits)
		*pasid = 0;
	if (!stage1->context_bits || *pasid || stage1->type != LIBIOMMU_STAGE1_SMMUV3)
		return 0;
	rule = BITS(stage1->data.smmuv3.ste[1], 1, 0);
	*past = rule == DSS_BYPASS;
	return rule == DSS_BYPASS || rule == DSS_FIRST ? 0 : mock_context_missing(where);
}

/* The bits below a table's size are taken for zero. */
static uint64_t align(uint64_t table, unsigned int shift)
{
	return table & ~((UINT64_C(1) << shift) - 1);
}

static int find_smmuv3(struct mock_stage1 *stage1, uint32_t pasid, uint64_t *context,
		       struct mock_where *where)
{
	const uint64_t *ste = stage1->data.smmuv3.ste;
	const unsigned int bits = stage1->context_bits, format = BITS(ste[0], 5, 4),
			   leaf = format == 1 ? 6 : 10;
	uint64_t table = ADDRESS(ste[0], 51, 6), descriptor;
	unsigned int top = bits > leaf ? bits - leaf + 3 : 0;
	int error;

	if (!bits || format == 0 || format == 3) {
		*context = align(table, bits + CD_SHIFT) + ((uint64_t)pasid << CD_SHIFT);
		return 0;
	}
	error = mock_context_fetch(stage1, align(table, top) + (pasid >> leaf) * 8, &descriptor,
				   where);
	if (error)
		return error;
	if (!(descriptor & 1))
		return mock_context_missing(where);
	*context = align(ADDRESS(descriptor, 51, 12), leaf + CD_SHIFT) +
		   ((uint64_t)(pasid & ((1u << leaf) - 1)) << CD_SHIFT);
	return 0;
}

static int find_amd(struct mock_stage1 *stage1, uint32_t pasid, uint64_t *context,
		    struct mock_where *where)
{
	const uint64_t *dte = stage1->data.amd.dte;
	uint64_t table = BITS(dte[0], 60, 58) << 12 | BITS(dte[1], 31, 16) << 15 |
			 BITS(dte[1], 63, 43) << 31;
	unsigned int shift = 9 * (unsigned int)BITS(dte[0], 57, 56);

	for (;; shift -= 9) {
		const uint64_t entry = table + (pasid >> shift & 511) * 8;
		int error;

		*context = entry;
		if (!shift)
			return 0;
		error = mock_context_fetch(stage1, entry, &table, where);
		if (error)
			return error;
		if (!(table & 1))
			return mock_context_missing(where);
		table = ADDRESS(table, 51, 12);
	}
}

/* Where a context is; those that have none say all in their data. */
static int find(struct mock_stage1 *stage1, uint32_t pasid, uint64_t *context,
		struct mock_where *where)
{
	*context = 0;
	switch (stage1->type) {
	case LIBIOMMU_STAGE1_SMMUV3:
		return find_smmuv3(stage1, pasid, context, where);
	case LIBIOMMU_STAGE1_AMD:
		return find_amd(stage1, pasid, context, where);
	default:
		return 0;
	}
}

/* What has come in through one context; the only one is of all requests. */
static void drop_cached(struct mock_stage1 *stage1, const struct mock_context *context,
			struct libiommu_range range)
{
	struct mock_iotlb *tlb = &stage1->iommu->tlb;

	if (stage1->context_bits)
		mock_iotlb_drop_of(tlb, stage1->tag, context->pasid, range.start, range.last);
	else
		mock_iotlb_drop(tlb, stage1->tag, range.start, range.last);
}

static int make_view(struct mock_stage1 *stage1, struct mock_context *context,
		     struct mock_where *where)
{
	struct mock_shape shape = { .options = LIBIOMMU_PGTABLE_OPTIONS_INIT };
	const struct libiommu_pgtable_memory memory = mock_stage1_memory(stage1);
	const struct libiommu_range everything = { 0, UINT64_MAX };
	struct libiommu_error *err = NULL;
	enum libiommu_reason reason;
	uint64_t address;
	int kind = find(stage1, context->pasid, &address, where);

	if (!kind)
		kind = mock_stage1_shape(stage1, address, &shape, where);
	if (kind)
		return kind;
	/* What is cached under another ASID is found no more. */
	if (context->read && context->asid != shape.asid)
		drop_cached(stage1, context, everything);
	context->asid = shape.asid;
	context->read = true;
	shape.options.memory = &memory;
	if (!libiommu_pgtable_view(&shape.options, shape.root, &context->view, &err))
		return 0;
	context->view = NULL;
	reason = libiommu_error_reason(err);
	libiommu_error_free(err);
	if (reason == LIBIOMMU_REASON_MISALIGNED || reason == LIBIOMMU_REASON_BAD_OPTIONS)
		return mock_context_missing(where);
	where->stage = 2;
	where->inner = shape.root;
	return LIBIOMMU_MOCK_FAULT_NOT_MAPPED;
}

static struct mock_context *known(struct mock_stage1 *stage1, uint32_t pasid)
{
	struct mock_context *context = &stage1->first;

	while (context && context->pasid != pasid)
		context = context->next;
	return context;
}

/* NULL: there is no memory for it. */
static struct mock_context *look_up(struct mock_stage1 *stage1, uint32_t pasid)
{
	struct mock_context *context = known(stage1, pasid);

	if (context)
		return context;
	context = mock_alloc(stage1->space->machine, sizeof(*context));
	if (context) {
		context->pasid = pasid;
		context->next = stage1->first.next;
		stage1->first.next = context;
	}
	return context;
}

int mock_context_view(struct mock_stage1 *stage1, uint32_t pasid, struct libiommu_pgtable **view,
		      struct mock_where *where)
{
	struct mock_context *context;
	int kind = 0;

	if (pasid >> stage1->context_bits)
		return mock_context_missing(where);
	pthread_mutex_lock(&stage1->lock);
	context = look_up(stage1, pasid);
	if (!context) {
		where->stage = 2;
		kind = LIBIOMMU_MOCK_FAULT_NOT_MAPPED;
	} else if (!context->view) {
		kind = make_view(stage1, context, where);
	}
	*view = context ? context->view : NULL;
	pthread_mutex_unlock(&stage1->lock);
	return kind;
}

static void drop_view(struct mock_context *context)
{
	libiommu_pgtable_free(context->view);
	context->view = NULL;
}

void mock_context_forget(struct mock_stage1 *stage1, uint32_t pasid)
{
	struct mock_context *context;

	pthread_mutex_lock(&stage1->lock);
	context = known(stage1, pasid);
	if (context)
		drop_view(context);
	pthread_mutex_unlock(&stage1->lock);
}

void mock_contexts_forget(struct mock_stage1 *stage1)
{
	pthread_mutex_lock(&stage1->lock);
	for (struct mock_context *context = &stage1->first; context; context = context->next)
		drop_view(context);
	pthread_mutex_unlock(&stage1->lock);
}

void mock_contexts_drop(struct mock_stage1 *stage1, uint16_t asid, struct libiommu_range range)
{
	pthread_mutex_lock(&stage1->lock);
	for (struct mock_context *context = &stage1->first; context; context = context->next) {
		if (context->read && context->asid == asid)
			drop_cached(stage1, context, range);
	}
	pthread_mutex_unlock(&stage1->lock);
}

void mock_contexts_free(struct mock_machine *machine, struct mock_stage1 *stage1)
{
	struct mock_context *context = stage1->first.next;

	drop_view(&stage1->first);
	while (context) {
		struct mock_context *next = context->next;

		drop_view(context);
		mock_free(machine, context, sizeof(*context));
		context = next;
	}
}
