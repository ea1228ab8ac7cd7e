/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/foreign.h"

int mock_shared_make(struct mock_domain *dom, const struct libiommu_shared_options *opts,
		     struct libiommu_failure *failure)
{
	struct mock_shared *shared = mock_alloc(dom->ctx->machine, sizeof(*shared));

	/* The core has looked at it: only memory can be missing. */
	if (!shared || libiommu_pgtable_view(opts->table, opts->root, &shared->view, NULL)) {
		mock_free(dom->ctx->machine, shared, sizeof(*shared));
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	shared->format = opts->table->format;
	shared->memory = *opts->table->memory;
	dom->shared = shared;
	return 0;
}

void mock_shared_free(struct mock_domain *dom)
{
	libiommu_pgtable_free(dom->shared->view);
	mock_free(dom->ctx->machine, dom->shared, sizeof(*dom->shared));
}

bool mock_shared_fits(const struct mock_shared *shared, const struct mock_hw *hw)
{
	return shared->format == hw->format || shared->format == hw->parent_format ||
	       hw->stage1_formats & 1u << shared->format;
}

int mock_shared_walk(const struct mock_shared *shared, uint64_t iova, uint32_t access,
		     struct libiommu_pgtable_leaf *leaf)
{
	return mock_view_fault(libiommu_pgtable_access(shared->view, iova, access, leaf, NULL));
}

unsigned char *mock_shared_host(const struct mock_shared *shared, uint64_t phys)
{
	unsigned char *page =
		shared->memory.virt(shared->memory.data, phys & ~(MOCK_PAGE - 1), MOCK_PAGE);

	return page ? page + phys % MOCK_PAGE : NULL;
}

void mock_shared_invalidate(struct mock_domain *dom, const struct libiommu_invalidation *command)
{
	struct mock_machine *machine = dom->ctx->machine;
	const struct mock_space *space;

	/* Nobody keeps an attach or a detach from coming meanwhile. */
	pthread_mutex_lock(&machine->lock);
	space = dom->spaces;
	for (struct mock_table *table = space ? space->tables : NULL; table; table = table->next) {
		struct mock_iommu *iommu = table->iommu;

		pthread_rwlock_wrlock(&iommu->gate);
		if (command->kind == LIBIOMMU_INVALIDATE_PASID)
			mock_iotlb_drop_pasid(&iommu->tlb, space->number, command->pasid);
		else if (command->kind == LIBIOMMU_INVALIDATE_RANGE)
			mock_iotlb_drop(&iommu->tlb, space->number, command->range.start,
					command->range.last);
		else
			mock_iotlb_drop(&iommu->tlb, space->number, 0, UINT64_MAX);
		pthread_rwlock_unlock(&iommu->gate);
	}
	pthread_mutex_unlock(&machine->lock);
}
