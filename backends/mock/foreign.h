/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains that no kernel offers: the process' own address space, and tables of other agents. */
#ifndef BACKENDS_MOCK_FOREIGN_H
#define BACKENDS_MOCK_FOREIGN_H

#include "backends/mock/nested.h"

struct mock_shared {
	enum libiommu_pgtable_format format;
	struct libiommu_pgtable_memory memory;
	struct libiommu_pgtable *view;
};

/* shared.c */
int mock_shared_make(struct mock_domain *dom, const struct libiommu_shared_options *opts,
		     struct libiommu_failure *failure);
void mock_shared_free(struct mock_domain *dom);
bool mock_shared_fits(const struct mock_shared *shared, const struct mock_hw *hw);
/* 0 and the leaf, or the kind of fault. */
int mock_shared_walk(const struct mock_shared *shared, uint64_t iova, uint32_t access,
		     struct libiommu_pgtable_leaf *leaf);
/* Where the owner's memory has an address that a leaf led to; NULL: nowhere. */
unsigned char *mock_shared_host(const struct mock_shared *shared, uint64_t phys);
void mock_shared_invalidate(struct mock_domain *dom, const struct libiommu_invalidation *command);

/* sva.c */
/* Asks for the page when it is not there. 0, or the kind of fault. */
int mock_sva_find(const struct mock_domain *dom, uint64_t address);
/* Copy within one page, whatever the process does to it meanwhile. 0, or the kind of fault. */
int mock_sva_copy(const struct mock_domain *dom, uint64_t address, void *buffer, size_t length,
		  bool write);
/* May the page be written, and is it there? For what is no copy. 0, or the kind of fault. */
int mock_sva_hold(const struct mock_domain *dom, uint64_t address);

#endif
