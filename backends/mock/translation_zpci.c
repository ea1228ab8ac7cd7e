/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables of PCI functions on s390: region tables over segment tables over page tables. An
 * entry that says nothing is marked invalid. Tables stay until the domain goes, as in Linux.
 */
#include "backends/mock/translation.h"

#include "lib/error.h"

#include <errno.h>

#define PAGE_SHIFT     12
#define ZPCI_PAGE      (UINT64_C(1) << PAGE_SHIFT)
#define PAGE_BITS      8  /* of an address, in a page table */
#define TABLE_BITS     11 /* in all others */
#define TABLE_INVALID  UINT64_C(0x20)
#define REGION_LENGTH  UINT64_C(3)
#define REGION_THIRD   3u /* the level of such a table, which says so in its entries */
#define REGION_TYPE(n) ((uint64_t)((n)-REGION_THIRD + 1) << 2)
#define REGION_MASK    (~UINT64_C(0x3fff))
#define SEGMENT_MASK   (~UINT64_C(0x7ff))
#define PAGE_INVALID   UINT64_C(0x400)
#define PAGE_PROTECTED UINT64_C(0x200)

struct zpci {
	struct libiommu_pgtable_memory memory;
	unsigned int levels;
	uint64_t *root;
	size_t pages; /* atomic; tables, in 2 KiB */
};

static size_t table_bytes(unsigned int level)
{
	return sizeof(uint64_t) << (level == 1 ? PAGE_BITS : TABLE_BITS);
}

static unsigned int level_shift(unsigned int level)
{
	return level == 1 ? PAGE_SHIFT : PAGE_SHIFT + PAGE_BITS + TABLE_BITS * (level - 2);
}

static unsigned int index_of(unsigned int level, uint64_t iova)
{
	unsigned int bits = level == 1 ? PAGE_BITS : TABLE_BITS;

	return (unsigned int)(iova >> level_shift(level)) & ((1u << bits) - 1);
}

/* Of an entry in a table of this level. */
static uint64_t flags_of(unsigned int level)
{
	return level < REGION_THIRD ? 0 : REGION_TYPE(level) | REGION_LENGTH;
}

static bool is_empty(unsigned int level, uint64_t entry)
{
	return entry & (level == 1 ? PAGE_INVALID : TABLE_INVALID);
}

static uint64_t address_of(unsigned int level, uint64_t entry)
{
	return entry & (level == 1 ? ~(ZPCI_PAGE - 1) : level == 2 ? SEGMENT_MASK : REGION_MASK);
}

static uint64_t *new_table(struct zpci *zpci, unsigned int level)
{
	size_t bytes = table_bytes(level);
	uint64_t *table = zpci->memory.alloc(zpci->memory.data, bytes);
	uint64_t empty = level == 1 ? PAGE_INVALID : TABLE_INVALID | flags_of(level);

	for (size_t i = 0; table && i < bytes / sizeof(*table); i++)
		table[i] = mock_entry_raw(empty);
	if (table)
		__atomic_fetch_add(&zpci->pages, bytes >> 11, __ATOMIC_RELAXED);
	return table;
}

static void drop_table(struct zpci *zpci, uint64_t *table, unsigned int level)
{
	__atomic_fetch_sub(&zpci->pages, table_bytes(level) >> 11, __ATOMIC_RELAXED);
	zpci->memory.free(zpci->memory.data, table, table_bytes(level));
}

/* The table that an entry of a level above the first leads to. */
static uint64_t *below(const struct zpci *zpci, unsigned int level, uint64_t entry)
{
	return zpci->memory.virt(zpci->memory.data, address_of(level, entry),
				 table_bytes(level - 1));
}

static void free_tree(struct zpci *zpci, uint64_t *table, unsigned int level)
{
	for (size_t i = 0; level > 1 && i < table_bytes(level) / sizeof(*table); i++) {
		uint64_t entry = mock_entry_load(&table[i]);

		if (!is_empty(level, entry))
			free_tree(zpci, below(zpci, level, entry), level - 1);
	}
	drop_table(zpci, table, level);
}

static int zpci_make(struct mock_table *table, const struct libiommu_pgtable_options *opts)
{
	struct zpci *zpci = mock_alloc(table->machine, sizeof(*zpci));

	if (!zpci)
		return -ENOMEM;
	zpci->memory = *opts->memory;
	zpci->levels = table->iommu->hw.levels;
	zpci->root = new_table(zpci, zpci->levels);
	if (!zpci->root) {
		mock_free(table->machine, zpci, sizeof(*zpci));
		return -ENOMEM;
	}
	table->own = zpci;
	return 0;
}

static void zpci_free(struct mock_table *table)
{
	struct zpci *zpci = table->own;

	free_tree(zpci, zpci->root, zpci->levels);
	mock_free(table->machine, zpci, sizeof(*zpci));
}

/* Of two threads that bring the same table, one's stays. */
static uint64_t *install(struct zpci *zpci, unsigned int level, uint64_t *entry)
{
	uint64_t old = __atomic_load_n(entry, __ATOMIC_ACQUIRE);
	uint64_t *table = new_table(zpci, level - 1);
	uint64_t value;

	if (!table)
		return NULL;
	value = zpci->memory.phys(zpci->memory.data, table) | flags_of(level);
	if (is_empty(level, mock_entry_load(&old)) &&
	    __atomic_compare_exchange_n(entry, &old, mock_entry_raw(value), false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return table;
	drop_table(zpci, table, level - 1);
	return below(zpci, level, mock_entry_load(&old));
}

/* The entry of a page; NULL: there is no table for it, or (when it is to be made) no memory. */
static uint64_t *page_entry(struct zpci *zpci, uint64_t iova, bool make)
{
	uint64_t *table = zpci->root;

	for (unsigned int level = zpci->levels; level > 1 && table; level--) {
		uint64_t *entry = &table[index_of(level, iova)];
		uint64_t value = mock_entry_load(entry);

		if (!is_empty(level, value))
			table = below(zpci, level, value);
		else
			table = make ? install(zpci, level, entry) : NULL;
	}
	return table ? &table[index_of(1, iova)] : NULL;
}

/* How many bytes from here have no table, 0: there is one. */
static uint64_t nothing_below(const struct zpci *zpci, uint64_t iova)
{
	const uint64_t *table = zpci->root;

	for (unsigned int level = zpci->levels; level > 1; level--) {
		uint64_t entry = mock_entry_load(&table[index_of(level, iova)]);
		uint64_t bytes = UINT64_C(1) << level_shift(level);

		if (is_empty(level, entry))
			return bytes - (iova & (bytes - 1));
		table = below(zpci, level, entry);
	}
	return 0;
}

static void zpci_unmap(struct mock_table *table, uint64_t iova, uint64_t length,
		       struct libiommu_pgtable_gather *gather)
{
	uint64_t step = ZPCI_PAGE << PAGE_BITS;

	(void)gather;
	while (length) {
		uint64_t *entry = page_entry(table->own, iova, false);
		uint64_t chunk =
			entry ? step - (iova & (step - 1)) : nothing_below(table->own, iova);

		if (chunk > length)
			chunk = length;
		for (uint64_t i = 0; entry && i < chunk >> PAGE_SHIFT; i++)
			mock_entry_store(&entry[i], PAGE_INVALID);
		iova += chunk;
		length -= chunk;
	}
}

static int zpci_map(struct mock_table *table, uint64_t iova,
		    const struct libiommu_pgtable_piece *pieces, size_t count, uint32_t prot,
		    struct libiommu_pgtable_gather *gather)
{
	uint64_t bits = prot & LIBIOMMU_PROT_WRITE ? 0 : PAGE_PROTECTED, at = iova;

	for (size_t i = 0; i < count; i++) {
		for (uint64_t done = 0; done < pieces[i].length; done += ZPCI_PAGE) {
			uint64_t *entry = page_entry(table->own, at, true);

			if (!entry) {
				zpci_unmap(table, iova, at - iova, gather);
				return -ENOMEM;
			}
			mock_entry_store(entry, (pieces[i].phys + done) | bits);
			at += ZPCI_PAGE;
		}
	}
	return 0;
}

static bool zpci_translate(const struct mock_table *table, uint64_t iova,
			   struct libiommu_pgtable_leaf *leaf)
{
	const uint64_t *entry = page_entry(table->own, iova, false);
	uint64_t value = entry ? mock_entry_load(entry) : PAGE_INVALID;

	if (is_empty(1, value))
		return false;
	*leaf = (struct libiommu_pgtable_leaf){
		.iova = iova & ~(ZPCI_PAGE - 1),
		.length = ZPCI_PAGE,
		.phys = address_of(1, value),
		.prot = LIBIOMMU_PROT_READ | (value & PAGE_PROTECTED ? 0 : LIBIOMMU_PROT_WRITE),
	};
	return true;
}

static bool zpci_next_leaf(const struct mock_table *table, uint64_t iova, uint64_t last,
			   struct libiommu_pgtable_leaf *leaf)
{
	iova &= ~(ZPCI_PAGE - 1);
	while (iova <= last) {
		uint64_t skip = nothing_below(table->own, iova);

		if (!skip && zpci_translate(table, iova, leaf))
			return true;
		skip = skip ? skip : ZPCI_PAGE;
		if (iova + skip < iova)
			return false;
		iova += skip;
	}
	return false;
}

static int zpci_walk(const struct mock_table *table, uint64_t iova,
		     struct libiommu_pgtable_walk *out, struct libiommu_error **err)
{
	const struct zpci *zpci = table->own;
	const uint64_t *at = zpci->root;

	if (iova > mock_hw_iova_last(&table->iommu->hw))
		return libiommu_error_set(err, LIBIOMMU_REASON_OUTSIDE_APERTURE, "", NULL);
	for (unsigned int level = zpci->levels; level; level--) {
		struct libiommu_pgtable_step *step = &out->step[out->steps++];
		unsigned int index = index_of(level, iova);

		*step = (struct libiommu_pgtable_step){
			.level = level,
			.index = index,
			.table = zpci->memory.phys(zpci->memory.data, at),
			.entry = mock_entry_load(&at[index]),
		};
		if (is_empty(level, step->entry))
			return 0;
		step->kind = level > 1 ? LIBIOMMU_PGTABLE_TABLE : LIBIOMMU_PGTABLE_LEAF;
		step->next = address_of(level, step->entry);
		if (level > 1)
			at = below(zpci, level, step->entry);
	}
	return 0;
}

static size_t zpci_pages(const struct mock_table *table)
{
	const struct zpci *zpci = table->own;

	return (__atomic_load_n(&zpci->pages, __ATOMIC_RELAXED) + 1) / 2;
}

const struct mock_translation mock_translation_zpci = {
	.format = "zpci",
	.make = zpci_make,
	.free = zpci_free,
	.map = zpci_map,
	.unmap = zpci_unmap,
	.translate = zpci_translate,
	.next_leaf = zpci_next_leaf,
	.walk = zpci_walk,
	.pages = zpci_pages,
};
