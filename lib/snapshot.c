/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/object.h"

/* The domain is excluded: every node is live and stays. */

int snapshot_take(struct libiommu_domain *dom, struct libiommu_backend_map **maps, size_t *count,
		  struct libiommu_failure *f)
{
	struct ledger_node *node;
	size_t n = 0;

	*count = atomic_load(&dom->ledger.live);
	*maps = NULL;
	if (!*count)
		return 0;
	*maps = ctx_alloc(dom->ctx, *count * sizeof(**maps));
	if (!*maps)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	for (node = ledger_at_or_above(&dom->ledger, 0); node && n < *count;
	     node = ledger_next(node))
		(*maps)[n++] = node_as_map(node);
	return 0;
}

void snapshot_release(struct libiommu_domain *dom, struct libiommu_backend_map *maps, size_t count)
{
	ctx_release(dom->ctx, maps, count * sizeof(*maps));
}
