/* SPDX-License-Identifier: BSD-2-Clause */
/* What a backend needs that stands in front of another one. */
#include "lib/registry.h"

#include <string.h>

const struct libiommu_backend *libiommu_backend_builtin(const char *name)
{
	for (size_t i = 0; name && libiommu_builtin_backends[i]; i++)
		if (!strcmp(libiommu_builtin_backends[i]->name, name))
			return libiommu_builtin_backends[i];
	return NULL;
}

int libiommu_backend_complete(const struct libiommu_backend_env *env,
			      const struct libiommu_backend *table,
			      const struct libiommu_backend **out, struct libiommu_failure *failure)
{
	const struct libiommu_allocator *memory = env->allocator;
	struct candidate *made;
	int code;

	if (!table)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BACKEND_UNKNOWN, NULL, NULL);
	made = memory->alloc(memory->data, sizeof(*made), _Alignof(struct candidate));
	if (!made)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	code = registry_adapt(table, made, failure);
	if (code) {
		memory->free(memory->data, made, sizeof(*made));
		return code;
	}
	made->table.regions = &made->regions;
	made->table.handover = &made->handover;
	made->table.pasids = &made->pasids;
	made->table.nesting = &made->nesting;
	made->table.faults = &made->faults;
	made->table.claims = &made->claims;
	*out = &made->table;
	return 0;
}

void libiommu_backend_complete_free(const struct libiommu_backend_env *env,
				    const struct libiommu_backend *table)
{
	if (table)
		env->allocator->free(env->allocator->data, (void *)(uintptr_t)table,
				     sizeof(struct candidate));
}
