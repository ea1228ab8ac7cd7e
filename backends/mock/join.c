/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/join.h"

#include "backends/mock/foreign.h"

#include <errno.h>

bool mock_device_asks(const struct mock_device *dev)
{
	const struct mock_personality *who = dev->machine->personality;
	const struct mock_hw *hw = &dev->iommu->hw;

	return who->extras && dev->prq && hw->prq && (who->foreign || hw->linux_prq);
}

bool mock_device_nests(const struct mock_device *dev)
{
	const struct mock_personality *who = dev->machine->personality;
	const struct mock_hw *hw = &dev->iommu->hw;

	return who->extras && hw->parent_format && (who->foreign || hw->linux_nests);
}

int mock_domain_fits(const struct mock_domain *dom, const struct mock_device *dev,
		     struct libiommu_failure *failure)
{
	const struct mock_iommu *iommu = dev->iommu;

	if (dom->nest_parent && !iommu->hw.parent_format)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NESTING_UNSUPPORTED, dev->name,
				       "IOMMU %s has one stage.", iommu->name);
	if (dom->stage1 && dom->stage1->iommu != iommu)
		return libiommu_refuse(failure, LIBIOMMU_REASON_INCOMPATIBLE_IOMMU, dev->name,
				       "The domain was made for IOMMU %s.",
				       dom->stage1->iommu->name);
	if ((dom->queue || dom->type == LIBIOMMU_DOMAIN_SVA) && !mock_device_asks(dev))
		return libiommu_refuse(failure, LIBIOMMU_REASON_FAULTS_UNSUPPORTED, dev->name,
				       NULL);
	if (dom->shared && !mock_shared_fits(dom->shared, &iommu->hw))
		return libiommu_refuse(failure, LIBIOMMU_REASON_INCOMPATIBLE_IOMMU, dev->name,
				       "IOMMU %s does not walk such tables.", iommu->name);
	return 0;
}

static int fill_space(const struct mock_domain *dom, struct mock_space *space,
		      const struct libiommu_backend_attach *attach,
		      struct libiommu_failure *failure)
{
	for (size_t i = 0; i < attach->map_count; i++) {
		const struct libiommu_backend_map *map = &attach->maps[i];
		int error = mock_memory_check(dom->ctx->env->sys, dom->ctx->populate, map, failure);

		if (!error)
			error = mock_space_map(space, map, failure);
		if (error) {
			libiommu_refuse_subject_range(failure, map->iova,
						      map->iova + map->length - 1);
			return error;
		}
	}
	return 0;
}

void mock_plan_abort(struct mock_plan *plan)
{
	if (plan->enters)
		mock_space_empty(plan->space);
	if (plan->new_table)
		mock_space_drop_table(plan->space, plan->new_table);
	if (plan->new_space)
		mock_space_free(plan->space);
}

/* One of the domain's that one more may join. A claimed group has its own, so as to leave it. */
static struct mock_space *joinable(const struct mock_domain *dom)
{
	struct mock_space *space = dom->spaces;

	if (dom->ctx->machine->personality->vessels)
		while (space && space->groups && space->groups->claimed)
			space = space->in_domain;
	return space;
}

int mock_plan_make(struct mock_plan *plan, struct mock_domain *dom, struct mock_iommu *iommu,
		   struct mock_space *kept, const struct libiommu_backend_attach *attach,
		   struct libiommu_failure *failure)
{
	int error = 0;

	*plan = (struct mock_plan){ .dom = dom, .space = kept ? kept : joinable(dom) };
	if (!plan->space) {
		plan->space = mock_space_make(dom->ctx->machine);
		if (!plan->space)
			return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		plan->space->nest_parent = dom->nest_parent;
		plan->new_space = true;
	}
	plan->enters = kept || plan->new_space;
	if (!mock_space_table(plan->space, iommu)) {
		plan->new_table = mock_space_add_table(plan->space, iommu, failure);
		if (!plan->new_table)
			error = -ENOMEM;
	}
	if (!error && plan->enters)
		error = fill_space(dom, plan->space, attach, failure);
	else if (!error && plan->new_table)
		error = mock_table_fill(plan->space, plan->new_table, attach->maps,
					attach->map_count, failure);
	if (error)
		mock_plan_abort(plan);
	return error;
}

void mock_plan_commit(struct mock_plan *plan)
{
	struct mock_space **end = &plan->dom->spaces;

	if (!plan->enters)
		return;
	while (*end)
		end = &(*end)->in_domain;
	*end = plan->space;
	plan->space->in_domain = NULL;
}

void mock_domain_leave(struct mock_domain *dom, struct mock_space *space)
{
	struct mock_space **link = &dom->spaces;

	while (*link != space)
		link = &(*link)->in_domain;
	*link = space->in_domain;
	space->in_domain = NULL;
}

void mock_space_take(struct mock_space *space, const struct mock_iommu *iommu)
{
	space->users++;
	mock_space_table(space, iommu)->users++;
}

void mock_space_drop(struct mock_space *space, const struct mock_iommu *iommu,
		     struct mock_domain *dom)
{
	struct mock_table *table = mock_space_table(space, iommu);
	bool last = --space->users == 0;

	if (last) {
		mock_space_empty(space);
		if (dom)
			mock_domain_leave(dom, space);
	}
	if (--table->users == 0)
		mock_space_drop_table(space, table);
	if (last)
		mock_space_free(space);
}

struct mock_reach mock_domain_reach(struct mock_domain *dom, struct mock_space *space,
				    const struct mock_iommu *iommu)
{
	return (struct mock_reach){
		.space = space,
		.table = mock_space_table(space, iommu),
		.tag = dom->stage1 ? dom->stage1->tag : space->number,
		.dom = dom,
	};
}
