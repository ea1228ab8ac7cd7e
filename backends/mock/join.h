/* SPDX-License-Identifier: BSD-2-Clause */
/* Getting into a domain's address space, and out of it: for groups, PASIDs and nested domains. */
#ifndef BACKENDS_MOCK_JOIN_H
#define BACKENDS_MOCK_JOIN_H

#include "backends/mock/front.h"

/* What an attach is about to commit. machine.lock is held for all of this. */
struct mock_plan {
	struct mock_domain *dom;
	struct mock_space *space;
	struct mock_table *new_table; /* made for this */
	bool new_space;               /* made for this */
	bool enters;                  /* the space becomes one of the domain's */
};

/* Whose mappings count: a nested domain has its parent's. */
static inline struct mock_domain *mock_domain_book(struct mock_domain *dom)
{
	return dom->parent ? dom->parent : dom;
}

/* Can the domain serve what sits behind this IOMMU? */
int mock_domain_fits(const struct mock_domain *dom, const struct mock_device *dev,
		     struct libiommu_failure *failure);

/*
 * Choose the space of a domain that has maps and bring it to where one more can be let in.
 * `kept`: a space that the group has already. Nobody reaches it yet.
 */
int mock_plan_make(struct mock_plan *plan, struct mock_domain *dom, struct mock_iommu *iommu,
		   struct mock_space *kept, const struct libiommu_backend_attach *attach,
		   struct libiommu_failure *failure);
void mock_plan_abort(struct mock_plan *plan);
/* The space is one of the domain's. Cannot fail. */
void mock_plan_commit(struct mock_plan *plan);

/* A user more, behind the IOMMU; its table is there. */
void mock_space_take(struct mock_space *space, const struct mock_iommu *iommu);
/* A user less, whom nothing leads here any more. With the last one the space leaves its domain
 * (NULL: it is in none) and ends; a table goes with the last one of its IOMMU. */
void mock_space_drop(struct mock_space *space, const struct mock_iommu *iommu,
		     struct mock_domain *dom);
void mock_domain_leave(struct mock_domain *dom, struct mock_space *space);

/* What leads from an IOMMU into a domain whose maps are in `space`. */
struct mock_reach mock_domain_reach(struct mock_domain *dom, struct mock_space *space,
				    const struct mock_iommu *iommu);

#endif
