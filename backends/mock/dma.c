/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/dma.h"

#include "backends/mock/foreign.h"
#include "backends/mock/queue.h"
#include "backends/mock/translation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define READ_WRITE (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

static void record(struct mock_requester from, uint64_t iova, uint32_t access, int kind,
		   const struct mock_where *where, struct mock_fault_record *fault)
{
	*fault = (struct mock_fault_record){
		.pasid = from.pasid,
		.iova = iova,
		.access = access,
		.kind = (enum libiommu_mock_fault_kind)kind,
		.stage = where->stage,
		.inner = where->stage == 2 ? where->inner : 0,
	};
	snprintf(fault->device, sizeof(fault->device), "%s", from.dev->name);
	mock_faults_add(&from.dev->machine->faults, fault);
}

void mock_dma_record(struct mock_requester from, uint64_t iova, uint32_t access,
		     enum libiommu_mock_fault_kind kind, struct mock_fault_record *fault)
{
	const struct mock_where nowhere = { .stage = 0 };

	record(from, iova, access, (int)kind, &nowhere, fault);
}

/* Through the tables. 0 and the leaf, or the kind of fault. */
static int walk(const struct mock_reach *reach, uint32_t pasid, uint64_t iova, uint32_t access,
		struct libiommu_pgtable_leaf *leaf, struct mock_where *where)
{
	if (reach->dom->stage1)
		return mock_stage1_walk(reach->dom->stage1, pasid, iova, access, leaf, where);
	if (reach->dom->shared)
		return mock_shared_walk(reach->dom->shared, iova, access, leaf);
	if (!mock_table_translate(reach->table, iova, leaf))
		return LIBIOMMU_MOCK_FAULT_NOT_MAPPED;
	return (leaf->prot & access) == access ? 0 : LIBIOMMU_MOCK_FAULT_PERMISSION;
}

/* Of a walk of two stages the parent's table has its marks already. */
static void mark(struct mock_iommu *iommu, const struct mock_reach *reach, uint64_t iova,
		 bool write)
{
	if (iommu->hw.accessed_dirty && reach->dom->type == LIBIOMMU_DOMAIN_PAGING)
		mock_table_mark(reach->table, iova, write);
}

/* The first write through what a read has brought into the cache. */
static void mark_written(struct mock_requester from, const struct mock_reach *reach, uint64_t iova)
{
	struct libiommu_pgtable_leaf leaf;
	struct mock_where where = { .stage = 0 };

	if (reach->dom->stage1)
		walk(reach, from.pasid, iova, LIBIOMMU_PROT_WRITE, &leaf, &where);
	else
		mark(from.dev->iommu, reach, iova, true);
}

/* Does the cache lead elsewhere than the tables? Looked at where a bug is planted only. */
static bool is_stale(const struct mock_iotlb_entry *entry, const struct mock_reach *reach,
		     uint64_t iova, uint32_t access)
{
	struct libiommu_pgtable_leaf now;
	struct mock_where where = { .stage = 0 };

	return walk(reach, entry->pasid, iova, access, &now, &where) != 0 ||
	       now.phys + (iova - now.iova) != entry->leaf.phys + (iova - entry->leaf.iova);
}

/* Through the cache, or through the tables and into the cache. 0, or the kind of fault. */
static int translate(struct mock_requester from, const struct mock_reach *reach, uint64_t iova,
		     uint32_t access, uint64_t *phys, struct mock_where *where)
{
	struct mock_iommu *iommu = from.dev->iommu;
	struct mock_iotlb_entry entry = { .space = reach->tag, .pasid = from.pasid };
	bool write = (access & LIBIOMMU_PROT_WRITE) != 0;
	struct mock_fault_record stale;

	if (!mock_iotlb_find(&iommu->tlb, reach->tag, from.pasid, iova, access, &entry)) {
		int kind = walk(reach, from.pasid, iova, access, &entry.leaf, where);

		if (kind)
			return kind;
		mark(iommu, reach, iova, write);
		entry.dirty = write;
		entry.span = where->span;
		mock_iotlb_fill(&iommu->tlb, &entry);
	} else {
		if (__atomic_load_n(&from.dev->machine->skip_invalidation, __ATOMIC_RELAXED) &&
		    is_stale(&entry, reach, iova, access))
			mock_dma_record(from, iova, access, LIBIOMMU_MOCK_FAULT_STALE, &stale);
		if (write && !entry.dirty)
			mark_written(from, reach, iova);
	}
	*phys = entry.leaf.phys + (iova - entry.leaf.iova);
	return 0;
}

/* Where the process has what a translation gave. */
static bool find_host(const struct mock_reach *reach, struct mock_machine *machine, uint64_t phys,
		      unsigned char **host)
{
	if (!reach->dom->shared)
		return mock_ram_host(&machine->ram, phys, false, host);
	*host = mock_shared_host(reach->dom->shared, phys);
	return *host != NULL;
}

/* Where an address leads; the gate is held. 0, or the kind of fault. */
static int resolve(struct mock_requester from, const struct mock_reach *reach, uint64_t iova,
		   uint32_t access, unsigned char **host, struct mock_where *where)
{
	struct mock_machine *machine = from.dev->machine;
	const struct mock_hw *hw = &from.dev->iommu->hw;
	uint64_t phys = iova;
	int kind;

	if (!reach || !reach->space || reach->dom->type == LIBIOMMU_DOMAIN_BLOCKED)
		return LIBIOMMU_MOCK_FAULT_BLOCKED;
	if (mock_hw_hole(hw, iova))
		return LIBIOMMU_MOCK_FAULT_RESERVED;
	if (reach->dom->type == LIBIOMMU_DOMAIN_IDENTITY)
		return mock_ram_host(&machine->ram, phys, true, host)
			       ? 0
			       : LIBIOMMU_MOCK_FAULT_NOT_MAPPED;
	if (!reach->dom->stage1 && !reach->dom->shared && !mock_hw_reaches(hw, iova))
		return LIBIOMMU_MOCK_FAULT_APERTURE;
	if (reach->dom->type == LIBIOMMU_DOMAIN_SVA) {
		where->process = reach->dom;
		*host = (unsigned char *)(uintptr_t)iova;
		return mock_sva_find(reach->dom, iova);
	}
	kind = translate(from, reach, iova, access, &phys, where);
	if (!kind && !find_host(reach, machine, phys, host))
		kind = LIBIOMMU_MOCK_FAULT_NOT_MAPPED;
	return kind;
}

/* Ask for a page that is missing, where somebody can bring it. NULL: nobody is asked. */
static struct mock_asked *ask(struct mock_requester from, const struct mock_reach *reach,
			      uint64_t iova, uint32_t access, int kind,
			      const struct mock_where *where)
{
	const struct libiommu_page_request request = { .address = iova & ~(MOCK_PAGE - 1),
						       .access = access };
	struct mock_queue *queue = mock_queue_of(from, reach);
	uint64_t ticket;

	if ((kind != LIBIOMMU_MOCK_FAULT_NOT_MAPPED && kind != LIBIOMMU_MOCK_FAULT_PERMISSION) ||
	    where->stage == 2 || !queue)
		return NULL;
	return mock_queue_ask(queue, from, &request, 1, 0, true, &ticket);
}

/* Until the address leads somewhere, or never will. 0, and the gate is held; or the kind of fault. */
static int enter(struct mock_requester from, uint64_t iova, uint32_t access, unsigned char **host,
		 struct mock_where *where)
{
	pthread_rwlock_t *gate = &from.dev->iommu->gate;

	for (;;) {
		const struct mock_reach *reach;
		struct mock_queue *queue = NULL;
		struct mock_asked *asked;
		int kind;

		*where = (struct mock_where){ .stage = 0 };
		pthread_rwlock_rdlock(gate);
		reach = mock_pasid_find(from.dev, from.pasid);
		kind = resolve(from, reach, iova, access, host, where);
		if (!kind)
			return 0;
		asked = ask(from, reach, iova, access, kind, where);
		if (asked)
			queue = reach->dom->queue;
		pthread_rwlock_unlock(gate);
		if (!asked || mock_queue_wait(queue, asked) != LIBIOMMU_FAULT_RESOLVED ||
		    mock_device_is_removed(from.dev))
			return kind;
	}
}

static void leave(struct mock_requester from)
{
	pthread_rwlock_unlock(&from.dev->iommu->gate);
}

/* The gate is held. 0, or the kind of fault. */
static int copy(const struct mock_where *where, unsigned char *host, unsigned char *bytes,
		size_t length, uint32_t access)
{
	bool write = access != LIBIOMMU_PROT_READ;

	if (where->process)
		return mock_sva_copy(where->process, (uintptr_t)host, bytes, length, write);
	memcpy(write ? host : bytes, write ? bytes : host, length);
	return 0;
}

int mock_dma_transfer(struct mock_requester from, uint64_t iova, void *buffer, uint64_t length,
		      uint32_t access, struct mock_fault_record *fault)
{
	uint64_t unit = mock_ram_unit(&from.dev->machine->ram);
	unsigned char *bytes = buffer, *host;
	struct mock_where where;

	while (length) {
		uint64_t chunk = unit - iova % unit;
		int kind;

		if (chunk > length)
			chunk = length;
		kind = enter(from, iova, access, &host, &where);
		if (!kind) {
			kind = copy(&where, host, bytes, chunk, access);
			leave(from);
		}
		if (kind) {
			record(from, iova, access, kind, &where, fault);
			return -EFAULT;
		}
		bytes += chunk;
		iova += chunk;
		length -= chunk;
	}
	return 0;
}

/* As enter(), for an access that is no copy. */
static int enter_exactly(struct mock_requester from, uint64_t iova, uint32_t access,
			 unsigned char **host, struct mock_where *where)
{
	int kind = enter(from, iova, access, host, where);

	if (kind || !where->process)
		return kind;
	kind = mock_sva_hold(where->process, iova);
	if (kind)
		leave(from);
	return kind;
}

int mock_dma_store(struct mock_requester from, uint64_t iova, uint32_t value,
		   struct mock_fault_record *fault)
{
	struct mock_where where;
	unsigned char *host;
	int kind = enter_exactly(from, iova, LIBIOMMU_PROT_WRITE, &host, &where);

	if (!kind) {
		__atomic_store_n((uint32_t *)(void *)host, value, __ATOMIC_RELEASE);
		leave(from);
		return 0;
	}
	record(from, iova, LIBIOMMU_PROT_WRITE, kind, &where, fault);
	return -EFAULT;
}

static uint64_t swap(void *host, unsigned int width, uint64_t expected, uint64_t desired)
{
	if (width == 4) {
		uint32_t found = (uint32_t)expected;

		__atomic_compare_exchange_n((uint32_t *)host, &found, (uint32_t)desired, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		return found;
	}
	__atomic_compare_exchange_n((uint64_t *)host, &expected, desired, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return expected;
}

int mock_dma_swap(struct mock_requester from, uint64_t iova, unsigned int width, uint64_t expected,
		  uint64_t desired, uint64_t *found, struct mock_fault_record *fault)
{
	struct mock_where where;
	unsigned char *host;
	int kind = enter_exactly(from, iova, READ_WRITE, &host, &where);

	if (!kind) {
		*found = swap(host, width, expected, desired);
		leave(from);
		return 0;
	}
	record(from, iova, READ_WRITE, kind, &where, fault);
	return -EFAULT;
}
