/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/nested.h"

#include "backends/mock/join.h"

#include <string.h>

/* Where the process has a page of the parent that the hardware may read. */
static unsigned char *parent_page(struct mock_stage1 *stage1, uint64_t address)
{
	struct libiommu_pgtable_leaf leaf;
	unsigned char *host;

	if (!libiommu_pgtable_translate(stage1->table->pt, address, &leaf) ||
	    !(leaf.prot & LIBIOMMU_PROT_READ) ||
	    !mock_ram_host(&stage1->space->machine->ram, leaf.phys + (address - leaf.iova), true,
			   &host))
		return NULL;
	return host;
}

/* A table that is larger than a page must lie in one piece in the process, too. */
static void *find_table(void *data, uint64_t phys, size_t bytes)
{
	unsigned char *first = parent_page(data, phys);

	for (size_t at = MOCK_PAGE; first && at < bytes; at += MOCK_PAGE) {
		if (parent_page(data, phys + at) != first + at)
			return NULL;
	}
	return first;
}

bool mock_stage1_read(struct mock_stage1 *stage1, uint64_t address, uint64_t *out)
{
	const unsigned char *host = address % 8 ? NULL : parent_page(stage1, address);

	if (!host)
		return false;
	*out = __atomic_load_n((const uint64_t *)(const void *)host, __ATOMIC_RELAXED);
	return true;
}

struct libiommu_pgtable_memory mock_stage1_memory(struct mock_stage1 *stage1)
{
	return (struct libiommu_pgtable_memory){ .size = sizeof(struct libiommu_pgtable_memory),
						 .data = stage1,
						 .virt = find_table };
}

int mock_view_fault(enum libiommu_pgtable_fault fault)
{
	switch (fault) {
	case LIBIOMMU_PGTABLE_FAULT_NONE:
		return 0;
	case LIBIOMMU_PGTABLE_FAULT_ADDRESS:
		return LIBIOMMU_MOCK_FAULT_APERTURE;
	case LIBIOMMU_PGTABLE_FAULT_PROTECTION:
		return LIBIOMMU_MOCK_FAULT_PERMISSION;
	case LIBIOMMU_PGTABLE_FAULT_RESERVED:
	case LIBIOMMU_PGTABLE_FAULT_WIDTH:
		return LIBIOMMU_MOCK_FAULT_TABLE;
	default:
		return LIBIOMMU_MOCK_FAULT_NOT_MAPPED;
	}
}

/* What both leaves allow, as far as the smaller one reaches. */
static void combine(const struct libiommu_pgtable_leaf *first,
		    const struct libiommu_pgtable_leaf *second, uint64_t iova, uint64_t inner,
		    struct libiommu_pgtable_leaf *out)
{
	uint64_t length = first->length < second->length ? first->length : second->length;
	uint64_t offset = iova & (length - 1);

	*out = (struct libiommu_pgtable_leaf){
		.iova = iova - offset,
		.length = length,
		.phys = second->phys + (inner - second->iova) - offset,
		.prot = first->prot & second->prot,
	};
}

/* 0 and the leaf, or the kind of fault. */
static int walk_first(struct mock_stage1 *stage1, uint32_t pasid, uint64_t iova, uint32_t access,
		      struct libiommu_pgtable_leaf *leaf, struct mock_where *where)
{
	enum libiommu_pgtable_fault fault;
	struct libiommu_pgtable *view;
	int kind = mock_context_view(stage1, pasid, &view, where);

	if (kind)
		return kind;
	fault = libiommu_pgtable_access(view, iova, access, leaf, NULL);
	/* A table that cannot be reached is missing in the parent. */
	where->stage = fault != LIBIOMMU_PGTABLE_FAULT_UNREACHABLE ? 1 : 2;
	return mock_view_fault(fault);
}

static int walk_second(struct mock_stage1 *stage1, uint32_t access,
		       struct libiommu_pgtable_leaf *leaf, struct mock_where *where)
{
	bool write = (access & LIBIOMMU_PROT_WRITE) != 0;

	where->stage = 2;
	if (!libiommu_pgtable_translate(stage1->table->pt, where->inner, leaf))
		return LIBIOMMU_MOCK_FAULT_NOT_MAPPED;
	if ((leaf->prot & access) != access)
		return LIBIOMMU_MOCK_FAULT_PERMISSION;
	if (stage1->iommu->hw.accessed_dirty)
		libiommu_pgtable_mark(stage1->table->pt, where->inner, write);
	return 0;
}

int mock_stage1_walk(struct mock_stage1 *stage1, uint32_t pasid, uint64_t iova, uint32_t access,
		     struct libiommu_pgtable_leaf *leaf, struct mock_where *where)
{
	struct libiommu_pgtable_leaf first, second;
	bool past;
	int kind = mock_context_of(stage1, &pasid, &past, where);

	if (!kind && past) {
		where->inner = iova;
		return walk_second(stage1, access, leaf, where);
	}
	if (!kind)
		kind = walk_first(stage1, pasid, iova, access, &first, where);
	if (kind)
		return kind;
	where->inner = first.phys + (iova - first.iova);
	where->span = first.length;
	kind = walk_second(stage1, access, &second, where);
	if (!kind)
		combine(&first, &second, iova, where->inner, leaf);
	return kind;
}

void mock_stage1_drop(struct mock_stage1 *stage1)
{
	mock_iotlb_drop(&stage1->iommu->tlb, stage1->tag, 0, UINT64_MAX);
	mock_contexts_forget(stage1);
}

static int slot_hw_info(void *device, struct libiommu_hw_info *out,
			struct libiommu_failure *failure)
{
	const struct mock_claim *claim = device;
	const struct mock_personality *who = claim->ctx->machine->personality;

	if (!who->extras)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL,
				       "Personality %s does not tell.", who->name);
	return mock_hw_info(&claim->dev->iommu->hw, out);
}

/* A parent of another kind of IOMMU is nothing for this one's first stage. */
static int check_parent(const struct mock_domain *parent, const struct mock_device *dev,
			struct libiommu_failure *failure)
{
	const struct mock_hw *hw = &dev->iommu->hw;

	for (const struct mock_space *space = parent->spaces; space; space = space->in_domain) {
		for (const struct mock_table *table = space->tables; table; table = table->next) {
			if (table->iommu->hw.parent_format != hw->parent_format)
				return libiommu_refuse(failure, LIBIOMMU_REASON_INCOMPATIBLE_IOMMU,
						       dev->name, "The parent is behind %s.",
						       table->iommu->name);
		}
	}
	return mock_domain_fits(parent, dev, failure);
}

static struct mock_stage1 *make_stage1(struct mock_machine *machine,
				       const struct libiommu_nested_options *opts)
{
	struct mock_stage1 *stage1 = mock_alloc(machine, sizeof(*stage1));

	if (!stage1)
		return NULL;
	if (pthread_mutex_init(&stage1->lock, NULL)) {
		mock_free(machine, stage1, sizeof(*stage1));
		return NULL;
	}
	stage1->type = opts->type;
	memcpy(&stage1->data, opts->data, opts->data_length);
	mock_selftest_begin(stage1);
	return stage1;
}

static void free_stage1(struct mock_machine *machine, struct mock_stage1 *stage1)
{
	mock_contexts_free(machine, stage1);
	pthread_mutex_destroy(&stage1->lock);
	mock_free(machine, stage1, sizeof(*stage1));
}

/* Into the parent's space. */
static int enter(struct mock_stage1 *stage1, struct mock_domain *parent,
		 const struct mock_device *dev, const struct libiommu_backend_attach *attach,
		 struct libiommu_failure *failure)
{
	struct mock_plan plan;
	int error = mock_plan_make(&plan, parent, dev->iommu, NULL, attach, failure);

	if (error)
		return error;
	mock_plan_commit(&plan);
	mock_space_take(plan.space, dev->iommu);
	stage1->space = plan.space;
	stage1->iommu = dev->iommu;
	stage1->table = mock_space_table(plan.space, dev->iommu);
	stage1->tag = ++dev->machine->last_space;
	pthread_rwlock_wrlock(&dev->iommu->gate);
	stage1->next = plan.space->stage1s;
	plan.space->stage1s = stage1;
	pthread_rwlock_unlock(&dev->iommu->gate);
	return 0;
}

static int slot_domain_new(void *device, void *above, void *domain,
			   const struct libiommu_nested_options *opts, void *faults,
			   const struct libiommu_backend_attach *attach,
			   struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct mock_domain *parent = above, *dom = domain;
	struct mock_claim *claim = device;
	struct mock_machine *machine = claim->ctx->machine;
	struct mock_stage1 *stage1;
	int error;

	if (!mock_device_nests(claim->dev))
		return libiommu_refuse(failure, LIBIOMMU_REASON_NESTING_UNSUPPORTED,
				       claim->dev->name,
				       "Personality %s has no stage 1 for IOMMU %s.",
				       machine->personality->name, claim->dev->iommu->name);
	error = mock_stage1_check(&claim->dev->iommu->hw, opts, failure);
	if (error)
		return error;
	stage1 = make_stage1(machine, opts);
	if (!stage1)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	pthread_mutex_lock(&machine->lock);
	error = check_parent(parent, claim->dev, failure);
	if (!error)
		error = mock_geometry(claim->ctx->env, parent, claim->dev->group, geometry,
				      failure);
	if (!error)
		error = libiommu_geometry_check(geometry, attach->maps, attach->map_count, failure);
	if (!error)
		error = enter(stage1, parent, claim->dev, attach, failure);
	pthread_mutex_unlock(&machine->lock);
	if (error) {
		free_stage1(machine, stage1);
		return error;
	}
	dom->ctx = claim->ctx;
	dom->type = LIBIOMMU_DOMAIN_NESTED;
	dom->parent = parent;
	stage1->context_bits = mock_context_bits(&claim->dev->iommu->hw, opts);
	dom->stage1 = stage1;
	dom->queue = faults;
	return 0;
}

void mock_nested_free(struct mock_domain *dom)
{
	struct mock_machine *machine = dom->ctx->machine;
	struct mock_stage1 *stage1 = dom->stage1, **link = &stage1->space->stage1s;

	pthread_mutex_lock(&machine->lock);
	pthread_rwlock_wrlock(&stage1->iommu->gate);
	while (*link != stage1)
		link = &(*link)->next;
	*link = stage1->next;
	mock_stage1_drop(stage1);
	pthread_rwlock_unlock(&stage1->iommu->gate);
	mock_space_drop(stage1->space, stage1->iommu, dom->parent);
	pthread_mutex_unlock(&machine->lock);
	free_stage1(machine, stage1);
}

const struct libiommu_backend_nesting mock_nesting = {
	.size = sizeof(mock_nesting),
	.hw_info = slot_hw_info,
	.domain_new = slot_domain_new,
	.invalidate = mock_nested_invalidate,
	.invalidate_raw = mock_nested_invalidate_raw,
};
