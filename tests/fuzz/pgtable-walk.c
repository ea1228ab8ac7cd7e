/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lookups over tables that somebody hostile wrote. The input says format, shape
 * and root, then which words of an otherwise empty memory hold what. Whatever
 * that is, lookups end, stay inside the memory, and agree with each other.
 */
#include <stdlib.h>
#include <string.h>

#include <libiommu/pgtable.h>

#define MEMORY (UINT64_C(1) << 20)
#define BASE   UINT64_C(0x10000000)
#define BUDGET 12
#define SCANS  6

struct header {
	uint8_t format, levels, iova_bits, phys_bits, flags, attributes;
	uint16_t root; /* in units of 64 bytes */
	uint64_t iova[2];
};

/* Exactly as large as what may be read: AddressSanitizer sees a step aside. */
static unsigned char *memory;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void *lend(void *data, uint64_t phys, size_t bytes)
{
	(void)data;
	if (phys < BASE || phys - BASE > MEMORY - bytes || phys % 8)
		return NULL;
	return memory + (phys - BASE);
}

static void check_leaf(const struct libiommu_pgtable_desc *desc, uint64_t iova,
		       const struct libiommu_pgtable_leaf *leaf)
{
	must(leaf->length && !(leaf->length & (leaf->length - 1)));
	must(leaf->length >> desc->granule);
	must(!(leaf->iova & (leaf->length - 1)) && !(leaf->phys & (leaf->length - 1)));
	must(iova - leaf->iova < leaf->length);
	must(leaf->prot <= (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE));
	must(leaf->phys >> desc->phys_bits == 0);
}

static void look_up(const struct libiommu_pgtable *pt, uint64_t iova)
{
	const struct libiommu_pgtable_desc *desc = libiommu_pgtable_describe(pt);
	struct libiommu_pgtable_walk walk = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_pgtable_leaf leaf, same;
	enum libiommu_pgtable_fault fault;
	unsigned int level;
	bool there;

	iova &= desc->iova_last;
	must(!libiommu_pgtable_walk(pt, iova, &walk, NULL));
	must(walk.steps && walk.steps <= desc->levels);
	there = libiommu_pgtable_translate(pt, iova, &leaf);
	fault = libiommu_pgtable_access(pt, iova, 0, &same, &level);
	must(there == (fault == LIBIOMMU_PGTABLE_FAULT_NONE));
	must(level == walk.step[walk.steps - 1].level);
	must(there == (walk.step[walk.steps - 1].kind == LIBIOMMU_PGTABLE_LEAF));
	if (!there)
		return;
	check_leaf(desc, iova, &leaf);
	must(leaf.iova == same.iova && leaf.phys == same.phys && leaf.prot == same.prot);
	must(libiommu_pgtable_next_leaf(pt, iova, iova, &same) && leaf.iova == same.iova);
}

static void search(const struct libiommu_pgtable *pt, uint64_t from)
{
	const struct libiommu_pgtable_desc *desc = libiommu_pgtable_describe(pt);
	enum libiommu_pgtable_found found;
	struct libiommu_pgtable_leaf leaf;
	uint64_t at = from & desc->iova_last, before;
	unsigned int i;

	for (i = 0; i < SCANS; i++) {
		before = at;
		found = libiommu_pgtable_scan(pt, &at, desc->iova_last, BUDGET, &leaf);
		if (found == LIBIOMMU_PGTABLE_FOUND_NONE)
			return;
		if (found == LIBIOMMU_PGTABLE_FOUND_LEAF) {
			must(leaf.iova + (leaf.length - 1) >= before);
			check_leaf(desc, leaf.iova, &leaf);
			at = leaf.iova + leaf.length;
		}
		if (at <= before)
			return;
	}
}

static void read_marks(struct libiommu_pgtable *pt, uint64_t from)
{
	const struct libiommu_pgtable_desc *desc = libiommu_pgtable_describe(pt);
	uint64_t bitmap[4] = { 0 }, length = UINT64_C(64) << desc->granule;

	from &= desc->iova_last & ~(length - 1);
	if (desc->iova_last - from >= length - 1)
		(void)libiommu_pgtable_read_marks(pt, from, length, LIBIOMMU_PGTABLE_KEEP_MARKS,
						  desc->granule, bitmap, NULL, NULL);
	must(!bitmap[1] && !bitmap[2] && !bitmap[3]);
}

static struct libiommu_pgtable *open_view(const struct header *header)
{
	const struct libiommu_pgtable_memory lent = { .size = sizeof(lent), .virt = lend };
	struct libiommu_pgtable_options opts = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_pgtable *pt;

	opts.format = (enum libiommu_pgtable_format)(header->format % 24);
	opts.levels = header->levels % 8;
	opts.iova_bits = header->iova_bits % 65;
	opts.phys_bits = header->phys_bits % 57;
	opts.flags = header->flags % 2;
	opts.attributes = header->attributes % 16;
	opts.memory = &lent;
	if (libiommu_pgtable_view(&opts, BASE + (uint64_t)header->root * 64, &pt, NULL))
		return NULL;
	return pt;
}

/* Or zero where they were: to clear the whole memory would take longer than to look at it. */
static void write_records(const uint8_t *data, size_t size, bool values)
{
	const size_t bytes = sizeof(uint32_t) + sizeof(uint64_t);
	uint32_t word;
	uint64_t value = 0;

	for (; size >= bytes; size -= bytes, data += bytes) {
		memcpy(&word, data, sizeof(word));
		if (values)
			memcpy(&value, data + sizeof(word), sizeof(value));
		memcpy(memory + word % (MEMORY / 8) * 8, &value, sizeof(value));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct libiommu_pgtable *pt;
	struct header header;

	if (!memory)
		memory = calloc(1, MEMORY);
	must(memory);
	if (size < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	write_records(data + sizeof(header), size - sizeof(header), true);
	pt = open_view(&header);
	if (pt) {
		look_up(pt, header.iova[0]);
		look_up(pt, header.iova[1]);
		look_up(pt, 0);
		look_up(pt, UINT64_MAX);
		search(pt, header.iova[0]);
		search(pt, 0);
		read_marks(pt, header.iova[1]);
		libiommu_pgtable_free(pt);
	}
	write_records(data + sizeof(header), size - sizeof(header), false);
	return 0;
}
