/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/space.h"

#include "backends/mock/nested.h"
#include "backends/mock/queue.h"
#include "backends/mock/translation.h"

#include <errno.h>

struct mock_space *mock_space_make(struct mock_machine *machine)
{
	struct mock_space *space = mock_alloc(machine, sizeof(*space));

	if (!space)
		return NULL;
	space->machine = machine;
	space->number = ++machine->last_space;
	space->next = machine->spaces;
	if (space->next)
		space->next->prev = space;
	machine->spaces = space;
	machine->space_count++;
	return space;
}

static void uncharge(struct mock_space *space, uint64_t entries, uint64_t bytes)
{
	__atomic_fetch_sub(&space->entries, entries, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&space->locked, bytes, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&space->machine->locked, bytes, __ATOMIC_RELAXED);
}

void mock_space_free(struct mock_space *space)
{
	struct mock_machine *machine = space->machine;

	while (space->tables)
		mock_space_drop_table(space, space->tables);
	uncharge(space, space->entries, space->locked);
	if (space->prev)
		space->prev->next = space->next;
	else
		machine->spaces = space->next;
	if (space->next)
		space->next->prev = space->prev;
	machine->space_count--;
	mock_free(machine, space, sizeof(*space));
}

struct mock_table *mock_space_table(const struct mock_space *space, const struct mock_iommu *iommu)
{
	struct mock_table *table = space->tables;

	while (table && table->iommu != iommu)
		table = table->next;
	return table;
}

struct mock_table *mock_space_add_table(struct mock_space *space, struct mock_iommu *iommu,
					struct libiommu_failure *failure)
{
	struct libiommu_pgtable_memory memory = mock_frames_memory(&space->machine->frames);
	struct libiommu_pgtable_options opts =
		space->nest_parent ? mock_hw_parent_table(&iommu->hw) : mock_hw_table(&iommu->hw);
	struct mock_table *table = mock_alloc(space->machine, sizeof(*table));

	if (table) {
		table->machine = space->machine;
		table->iommu = iommu;
	}
	opts.memory = &memory;
	if (!table || mock_table_kind(table)->make(table, &opts)) {
		mock_free(space->machine, table, sizeof(*table));
		libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		return NULL;
	}
	table->next = space->tables;
	space->tables = table;
	return table;
}

void mock_space_drop_table(struct mock_space *space, struct mock_table *table)
{
	struct mock_table **link = &space->tables;

	while (*link != table)
		link = &(*link)->next;
	*link = table->next;
	mock_table_kind(table)->free(table);
	mock_free(space->machine, table, sizeof(*table));
}

/* After this no access that began before goes on, and none that begins finds the old entries. */
static void invalidate(struct mock_space *space, struct mock_table *table, uint64_t start,
		       uint64_t last)
{
	pthread_rwlock_wrlock(&table->iommu->gate);
	mock_iotlb_drop(&table->iommu->tlb, space->number, start, last);
	/* Nobody knows which addresses of theirs led there. */
	for (struct mock_stage1 *stage1 = space->stage1s; stage1; stage1 = stage1->next) {
		if (stage1->table == table)
			mock_stage1_drop(stage1);
	}
	pthread_rwlock_unlock(&table->iommu->gate);
}

static void drain(struct mock_table *table)
{
	pthread_rwlock_wrlock(&table->iommu->gate);
	pthread_rwlock_unlock(&table->iommu->gate);
}

static void set_reach(struct mock_iommu *iommu, struct mock_reach *at,
		      const struct mock_reach *reach, uint32_t pasid)
{
	pthread_rwlock_wrlock(&iommu->gate);
	if (at->space && mock_domain_pasids(at->dom))
		mock_iotlb_drop(&iommu->tlb, at->tag, 0, UINT64_MAX);
	else if (at->space)
		mock_iotlb_drop_pasid(&iommu->tlb, at->tag, pasid);
	/* Behind the gate the new domain is asked, whose queue may be the same. */
	if (at->space)
		mock_queue_abandon(at->dom->queue, at, NULL);
	*at = reach ? *reach : (struct mock_reach){ .space = NULL };
	pthread_rwlock_unlock(&iommu->gate);
}

void mock_group_reach(struct mock_group *group, const struct mock_reach *reach)
{
	set_reach(group->iommu, &group->reach, reach, 0);
}

void mock_pasid_reach(struct mock_pasid *pasid, const struct mock_reach *reach)
{
	set_reach(pasid->dev->iommu, &pasid->reach, reach, pasid->number);
}

/* 0: the format cannot express it and nobody helps. */
static uint32_t table_prot(const struct mock_space *space, const struct mock_table *table,
			   uint32_t prot)
{
	bool write_only = space->nest_parent ? libiommu_pgtable_describe(table->pt)->write_only
					     : table->iommu->hw.write_only;

	if (prot != LIBIOMMU_PROT_WRITE || write_only)
		return prot;
	return space->machine->personality->adds_read ? prot | LIBIOMMU_PROT_READ : 0;
}

static int refuse_table(struct libiommu_failure *failure, int error)
{
	switch (error) {
	case -EEXIST:
		return libiommu_refuse(failure, LIBIOMMU_REASON_FOREIGN_MAPPING, NULL, NULL);
	case -ERANGE:
		return libiommu_refuse(failure, LIBIOMMU_REASON_ADDRESS_WIDTH, NULL, NULL);
	case -EINVAL:
		return libiommu_refuse(failure, LIBIOMMU_REASON_OUTSIDE_APERTURE, NULL, NULL);
	default:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL,
				       "No memory for page tables.");
	}
}

static int table_map(struct mock_space *space, struct mock_table *table,
		     const struct libiommu_backend_map *map, const struct mock_pieces *pieces,
		     struct libiommu_failure *failure)
{
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;
	uint32_t prot = table_prot(space, table, map->prot);
	uint64_t granule = mock_hw_granule(&table->iommu->hw);
	int error;

	/* The process may have smaller pages than the machine: then this is not where it would be. */
	if ((map->iova | map->length | (uintptr_t)map->memory) & (granule - 1))
		return libiommu_refuse(failure, LIBIOMMU_REASON_MISALIGNED, NULL,
				       "For IOMMU %s memory must lie on multiples of %llu bytes.",
				       table->iommu->name, (unsigned long long)granule);
	if (!prot)
		return libiommu_refuse(failure, LIBIOMMU_REASON_PROT_UNSUPPORTED, NULL,
				       "IOMMU %s cannot express write without read.",
				       table->iommu->name);
	error = mock_table_kind(table)->map(table, map->iova, pieces->list, pieces->count, prot,
					    &gather);
	/* A device may have seen entries of an attempt that failed further on. */
	if (error)
		invalidate(space, table, map->iova, map->iova + map->length - 1);
	else if (gather.tables)
		drain(table);
	mock_table_release(table, &gather);
	return error ? refuse_table(failure, error) : 0;
}

static void table_unmap(struct mock_space *space, struct mock_table *table, uint64_t iova,
			uint64_t length)
{
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;

	mock_table_kind(table)->unmap(table, iova, length, &gather);
	if (__atomic_load_n(&space->machine->skip_invalidation, __ATOMIC_RELAXED))
		drain(table);
	else
		invalidate(space, table, iova, iova + length - 1);
	mock_table_release(table, &gather);
}

int mock_table_fill(struct mock_space *space, struct mock_table *table,
		    const struct libiommu_backend_map *maps, size_t count,
		    struct libiommu_failure *failure)
{
	struct mock_ram *ram = &space->machine->ram;

	for (size_t i = 0; i < count; i++) {
		uint64_t va = (uintptr_t)maps[i].memory;
		struct mock_pieces pieces;
		int error;

		/* The pages are pinned; a second pin tells where they are. */
		mock_pieces_init(&pieces, space->machine->mem);
		error = mock_ram_pin(ram, va, maps[i].length, &pieces, failure);
		if (!error) {
			error = table_map(space, table, &maps[i], &pieces, failure);
			mock_ram_unpin(ram, va, maps[i].length);
		}
		mock_pieces_fini(&pieces);
		if (error) {
			libiommu_refuse_subject_range(failure, maps[i].iova,
						      maps[i].iova + maps[i].length - 1);
			return error;
		}
	}
	return 0;
}

/* @return false and what is left when there is not enough */
static bool take(uint64_t *counter, uint64_t amount, uint64_t limit, uint64_t *left)
{
	uint64_t now = __atomic_load_n(counter, __ATOMIC_RELAXED);

	do {
		*left = now < limit ? limit - now : 0;
		if (amount > *left)
			return false;
	} while (!__atomic_compare_exchange_n(counter, &now, now + amount, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

static int charge(struct mock_space *space, uint64_t bytes, struct libiommu_failure *failure)
{
	struct mock_machine *machine = space->machine;
	uint64_t limit = machine->entry_limit ? machine->entry_limit : UINT64_MAX, left;
	int error;

	if (!take(&space->entries, 1, limit, &left)) {
		error = libiommu_refuse(failure, LIBIOMMU_REASON_ENTRY_LIMIT, NULL, NULL);
		libiommu_refuse_figures(failure, 1, left);
		return error;
	}
	if (!take(&machine->locked, bytes, machine->locked_limit, &left)) {
		__atomic_fetch_sub(&space->entries, 1, __ATOMIC_RELAXED);
		error = libiommu_refuse(failure, LIBIOMMU_REASON_LOCKED_MEMORY, NULL, NULL);
		libiommu_refuse_figures(failure, bytes, left);
		return error;
	}
	__atomic_fetch_add(&space->locked, bytes, __ATOMIC_RELAXED);
	return 0;
}

static int enter(struct mock_space *space, const struct libiommu_backend_map *map,
		 const struct mock_pieces *pieces, struct libiommu_failure *failure)
{
	struct mock_table *table, *undo;

	for (table = space->tables; table; table = table->next) {
		int error = table_map(space, table, map, pieces, failure);

		if (!error)
			continue;
		for (undo = space->tables; undo != table; undo = undo->next)
			table_unmap(space, undo, map->iova, map->length);
		return error;
	}
	return 0;
}

int mock_space_map(struct mock_space *space, const struct libiommu_backend_map *map,
		   struct libiommu_failure *failure)
{
	struct mock_ram *ram = &space->machine->ram;
	uint64_t va = (uintptr_t)map->memory;
	struct mock_pieces pieces;
	int error = charge(space, map->length, failure);

	if (error)
		return error;
	mock_pieces_init(&pieces, space->machine->mem);
	error = mock_ram_pin(ram, va, map->length, &pieces, failure);
	if (!error) {
		error = enter(space, map, &pieces, failure);
		if (error)
			mock_ram_unpin(ram, va, map->length);
	}
	mock_pieces_fini(&pieces);
	if (error)
		uncharge(space, 1, map->length);
	return error;
}

/* A mapping's memory is in one piece, so its first page tells of all. */
static bool mapped_memory(const struct mock_space *space, uint64_t iova, uint64_t *va)
{
	struct libiommu_pgtable_leaf leaf;
	unsigned char *host;

	if (!space->tables || !mock_table_translate(space->tables, iova, &leaf) ||
	    !mock_ram_host(&space->machine->ram, leaf.phys + (iova - leaf.iova), true, &host))
		return false;
	*va = (uintptr_t)host;
	return true;
}

int mock_space_unmap(struct mock_space *space, const struct libiommu_backend_map *maps,
		     size_t count, struct libiommu_failure *failure)
{
	uint64_t va[MOCK_UNMAP_BATCH], length = 0;

	for (size_t i = 0; i < count; i++) {
		if (!mapped_memory(space, maps[i].iova, &va[i])) {
			int error = libiommu_refuse(failure, LIBIOMMU_REASON_LEDGER_MISMATCH, NULL,
						    "The page table does not have it.");

			libiommu_refuse_subject_range(failure, maps[i].iova,
						      maps[i].iova + maps[i].length - 1);
			return error;
		}
		length += maps[i].length;
	}
	for (struct mock_table *table = space->tables; table; table = table->next)
		table_unmap(space, table, maps[0].iova, length);
	for (size_t i = 0; i < count; i++)
		mock_ram_unpin(&space->machine->ram, va[i], maps[i].length);
	uncharge(space, count, length);
	return 0;
}

static void unpin_all(struct mock_space *space, const struct mock_table *table)
{
	uint64_t last = mock_hw_iova_last(&table->iommu->hw), at = 0;
	struct libiommu_pgtable_leaf leaf;

	while (mock_table_kind(table)->next_leaf(table, at, last, &leaf)) {
		mock_ram_unpin_phys(&space->machine->ram, leaf.phys, leaf.length);
		at = leaf.iova + leaf.length;
		if (at == 0 || at > last)
			break;
	}
}

static void clear_range(struct mock_table *table, uint64_t start, uint64_t last)
{
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;

	mock_table_kind(table)->unmap(table, start, last - start + 1, &gather);
	mock_table_release(table, &gather);
}

static void clear(struct mock_table *table)
{
	const struct mock_hw *hw = &table->iommu->hw;

	for (size_t i = 0; i < hw->window_count; i++) {
		const struct libiommu_range *window = &hw->windows[i];
		uint64_t middle = window->start + (window->last - window->start) / 2 + 1;

		/* The length of the whole 64-bit space has no number. */
		if (window->last - window->start == UINT64_MAX) {
			clear_range(table, window->start, middle - 1);
			clear_range(table, middle, window->last);
		} else {
			clear_range(table, window->start, window->last);
		}
	}
}

void mock_space_empty(struct mock_space *space)
{
	/* All tables hold the same; the pins were taken once. */
	if (space->tables)
		unpin_all(space, space->tables);
	for (struct mock_table *table = space->tables; table; table = table->next)
		clear(table);
	uncharge(space, space->entries, space->locked);
}
