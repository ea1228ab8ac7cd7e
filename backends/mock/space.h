/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces: what VFIO calls a container and iommufd an IOAS. A space has
 * one page table per IOMMU that its groups sit behind, all with the same
 * mappings. The tables are the only record of them.
 */
#ifndef BACKENDS_MOCK_SPACE_H
#define BACKENDS_MOCK_SPACE_H

#include "backends/mock/machine.h"

struct mock_table {
	struct mock_table *next;
	struct mock_machine *machine;
	struct mock_iommu *iommu;
	struct libiommu_pgtable *pt; /* NULL: the hardware has no tree of the engine's */
	void *own;                   /* of hardware that has something else */
	unsigned int users;          /* groups, PASIDs and nested domains behind this IOMMU */
};

struct mock_space {
	struct mock_machine *machine;
	struct mock_space *next; /* of the machine; under machine.lock */
	struct mock_space *prev;
	uint64_t number; /* tag in IOTLBs */
	/* These change while nothing is mapped or unmapped here. */
	bool nest_parent;
	unsigned int users; /* of all tables */
	struct mock_table *tables;
	struct mock_group *groups;
	struct mock_pasid *pasids;   /* by in_space */
	struct mock_stage1 *stage1s; /* that lead here; to change them needs iommu.gate, too */
	struct mock_space *in_domain;
	uint64_t entries; /* atomic; mappings */
	uint64_t locked;  /* atomic; bytes charged for them */
};

/* A space without tables. machine.lock is held. @return NULL: no memory */
struct mock_space *mock_space_make(struct mock_machine *machine);
/* Frees tables and counts, unpins nothing; see mock_space_empty(). machine.lock is held. */
void mock_space_free(struct mock_space *space);

struct mock_table *mock_space_table(const struct mock_space *space, const struct mock_iommu *iommu);
struct mock_table *mock_space_add_table(struct mock_space *space, struct mock_iommu *iommu,
					struct libiommu_failure *failure);
void mock_space_drop_table(struct mock_space *space, struct mock_table *table);

/* Bring a table that came late to what the space has already pinned. */
int mock_table_fill(struct mock_space *space, struct mock_table *table,
		    const struct libiommu_backend_map *maps, size_t count,
		    struct libiommu_failure *failure);

/* Charge, pin and enter one mapping into every table. All or nothing. */
int mock_space_map(struct mock_space *space, const struct libiommu_backend_map *map,
		   struct libiommu_failure *failure);
/* Remove one stretch of at most MOCK_UNMAP_BATCH mappings and give back what they pinned. */
#define MOCK_UNMAP_BATCH 64
int mock_space_unmap(struct mock_space *space, const struct libiommu_backend_map *maps,
		     size_t count, struct libiommu_failure *failure);
/* Remove everything. No device reaches the space. */
void mock_space_empty(struct mock_space *space);

/* What requests lead to from now on; NULL: nothing. Accesses of before have ended on return, and what was
 * asked before is refused. */
void mock_group_reach(struct mock_group *group, const struct mock_reach *reach);
void mock_pasid_reach(struct mock_pasid *pasid, const struct mock_reach *reach);

/*
 * Is the memory there, and may it be used this way? Asks the kernel through
 * sys->madvise; `populate` false: the kernel cannot look at permissions.
 */
int mock_memory_check(const struct libiommu_sys *sys, bool populate,
		      const struct libiommu_backend_map *map, struct libiommu_failure *failure);
bool mock_memory_can_populate(const struct libiommu_sys *sys, const void *page);

#endif
