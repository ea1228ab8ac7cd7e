/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory for tables: the process' own, and tables that are kept for the next map. */
#include <stdlib.h>
#include <string.h>

#include "lib/pgtable/internal.h"

static void *process_alloc(void *data, size_t bytes)
{
	void *page = aligned_alloc(bytes, bytes);

	(void)data;
	return page ? memset(page, 0, bytes) : NULL;
}

static void process_free(void *data, void *virt, size_t bytes)
{
	(void)data;
	(void)bytes;
	free(virt);
}

static uint64_t process_phys(void *data, const void *virt)
{
	(void)data;
	return (uintptr_t)virt;
}

static void *process_virt(void *data, uint64_t phys, size_t bytes)
{
	(void)data;
	(void)bytes;
	return (void *)(uintptr_t)phys;
}

const struct libiommu_pgtable_memory libiommu_pgtable_process_memory = {
	.size = sizeof(struct libiommu_pgtable_memory),
	.alloc = process_alloc,
	.free = process_free,
	.phys = process_phys,
	.virt = process_virt,
};

/*
 * Process memory is given back by and by: to allocate and free thousands of
 * tables for each large mapping costs the C library many times what the entries
 * cost.
 */
static void *take_spare(struct libiommu_pgtable *pt)
{
	void *table;

	if (!pt->identity)
		return NULL;
	pthread_mutex_lock(&pt->spare_lock);
	table = pt->spare;
	if (table) {
		memcpy(&pt->spare, table, sizeof(pt->spare));
		pt->spare_left++;
	}
	pthread_mutex_unlock(&pt->spare_lock);
	return table;
}

static bool keep_spare(struct libiommu_pgtable *pt, void *table)
{
	bool kept;

	if (!pt->identity)
		return false;
	pthread_mutex_lock(&pt->spare_lock);
	kept = pt->spare_left != 0;
	if (kept) {
		memcpy(table, &pt->spare, sizeof(pt->spare));
		pt->spare = table;
		pt->spare_left--;
	}
	pthread_mutex_unlock(&pt->spare_lock);
	return kept;
}

/* Only tables of the usual size are kept: a root comes and goes once. */
void libiommu_pgtable_free_table(struct libiommu_pgtable *pt, void *table, size_t bytes)
{
	if (bytes != pt->desc.table_bytes || !keep_spare(pt, table))
		pt->memory.free(pt->memory.data, table, bytes);
}

void libiommu_pgtable_free_spares(struct libiommu_pgtable *pt)
{
	void *table;

	while ((table = take_spare(pt)))
		pt->memory.free(pt->memory.data, table, pt->desc.table_bytes);
}

/* Zeroed memory for a table, where the format's entries can point to it. */
enum libiommu_reason libiommu_pgtable_alloc_table(struct libiommu_pgtable *pt, size_t bytes,
						  uint64_t **table, uint64_t *phys)
{
	const struct libiommu_pgtable_memory *memory = &pt->memory;
	void *virt = bytes == pt->desc.table_bytes ? take_spare(pt) : NULL;

	if (virt)
		memset(virt, 0, bytes);
	else
		virt = memory->alloc(memory->data, bytes);
	if (!virt)
		return LIBIOMMU_REASON_NO_MEMORY;
	*phys = memory->phys(memory->data, virt);
	if (*phys > pt->phys_last || *phys & (bytes - 1)) {
		libiommu_pgtable_free_table(pt, virt, bytes);
		return LIBIOMMU_REASON_ADDRESS_WIDTH;
	}
	*table = virt;
	return LIBIOMMU_REASON_NONE;
}
