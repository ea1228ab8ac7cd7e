/* SPDX-License-Identifier: BSD-2-Clause */
/* The built-in platforms: which group a function belongs to. docs/groups.md has the rules. */
#ifndef BACKENDS_MOCK_GROUPING_H
#define BACKENDS_MOCK_GROUPING_H

#include "backends/mock/topology.h"

/* NULL when there is none of this name. */
const struct libiommu_mock_platform *mock_grouping_find(const char *name);

/* grouping_acs.c: as Linux groups PCI functions on most platforms */
int64_t mock_group_by_acs(void *data, const struct libiommu_mock_function *function);

/* Do PASIDs of this function, or of what stands in no topology (NULL), stay apart on their way? */
bool mock_function_isolates_pasids(const struct mock_function *function);

#endif
