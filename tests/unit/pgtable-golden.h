/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entries worked out by hand, once per format: what the engine must write, and
 * what it must read in tables that it has not made. Unlike pgtable-format.h it
 * computes nothing: each row is a number from a manual.
 *
 * Every table lies where it can be foretold: the n-th that is made, counted from
 * the root as 0, at TABLE(n).
 */
#ifndef LIBIOMMU_TESTS_UNIT_PGTABLE_GOLDEN_H
#define LIBIOMMU_TESTS_UNIT_PGTABLE_GOLDEN_H

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <libiommu/pgtable.h>

#include "tests/unit/run.h"

#define RO     LIBIOMMU_PROT_READ
#define WO     LIBIOMMU_PROT_WRITE
#define RW     (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)
#define U64(n) UINT64_C(n)

#define EMPTY  LIBIOMMU_PGTABLE_EMPTY
#define LEAF   LIBIOMMU_PGTABLE_LEAF
#define BROKEN LIBIOMMU_PGTABLE_BROKEN
#define LINK   LIBIOMMU_PGTABLE_TABLE

#define ROOM_BYTES  0x100000u /* of one table, and what it is aligned to */
#define ROOM_COUNT  8u
#define USUAL_ROOMS U64(0x1200000000)
#define PROCESS     U64(0) /* instead: process memory, wherever that is */

/* A leaf that is made. */
struct golden_leaf {
	uint64_t iova, phys;
	unsigned int shift; /* log2 of its bytes */
	uint32_t prot;
	unsigned int level;
	uint64_t entry;
};

/* A leaf of several entries that differ. */
struct golden_run {
	struct golden_leaf first;
	uint64_t last;
};

/* An entry that is found: `level` above the page at FOUND_IOVA, in whose place it is put. */
struct golden_found {
	const char *why;
	unsigned int level;
	uint64_t entry;
	enum libiommu_pgtable_entry kind; /* of this entry */
	bool mapped;
	uint32_t prot; /* of the walk's end; if it is mapped, as the rest */
	uint64_t phys; /* of the leaf */
	uint64_t length;
};

/* An entry that is found, and what hardware says to an access to the page at `iova`. */
struct golden_fault {
	const char *why;
	unsigned int level;
	uint64_t entry;
	uint32_t prot;
	enum libiommu_pgtable_fault fault;
};

static struct {
	unsigned char *memory;
	unsigned char *base;   /* the first room in it */
	unsigned char *object; /* the first allocation, which is no table */
	uint64_t phys;
	unsigned int tables;
	unsigned int visits; /* of tables by their physical address */
} rooms;
static struct libiommu_pgtable_memory room_memory;
static struct libiommu_pgtable_options golden_options;
static struct libiommu_pgtable_gather gather;
static struct libiommu_pgtable *pt;

static void *room_alloc(void *data, size_t bytes)
{
	(void)data;
	ck_assert_uint_le(bytes, ROOM_BYTES);
	if (!rooms.object) {
		rooms.object = aligned_alloc(64, (bytes + 63) / 64 * 64);
		ck_assert_ptr_nonnull(rooms.object);
		return memset(rooms.object, 0, bytes);
	}
	ck_assert_uint_lt(rooms.tables, ROOM_COUNT);
	return rooms.base + (size_t)rooms.tables++ * ROOM_BYTES;
}

static void room_free(void *data, void *virt, size_t bytes)
{
	(void)data;
	(void)bytes;
	if (virt == rooms.object)
		free(virt);
}

static uint64_t room_phys(void *data, const void *virt)
{
	(void)data;
	return rooms.phys + (uint64_t)((const unsigned char *)virt - rooms.base);
}

static void *room_virt(void *data, uint64_t phys, size_t bytes)
{
	uint64_t at = phys - rooms.phys;

	(void)data;
	rooms.visits++;
	if (at >= (uint64_t)rooms.tables * ROOM_BYTES || bytes > ROOM_BYTES - at % ROOM_BYTES)
		return NULL;
	return rooms.base + at;
}

/* A table whose own tables lie from `phys` upward. */
static void open_golden(const struct libiommu_pgtable_options *options, uint64_t phys)
{
	static const struct libiommu_pgtable_gather g = LIBIOMMU_PGTABLE_GATHER_INIT;

	memset(&rooms, 0, sizeof(rooms));
	rooms.phys = phys;
	if (phys != PROCESS) {
		/* Most of it is never touched, and so never there. */
		rooms.memory = calloc(ROOM_COUNT + 1, ROOM_BYTES);
		ck_assert_ptr_nonnull(rooms.memory);
		rooms.base = rooms.memory + (-(uintptr_t)rooms.memory & (ROOM_BYTES - 1));
	}
	room_memory = (struct libiommu_pgtable_memory){ .size = sizeof(room_memory),
							.alloc = room_alloc,
							.free = room_free,
							.phys = room_phys,
							.virt = room_virt };
	golden_options = *options;
	golden_options.memory = phys == PROCESS ? NULL : &room_memory;
	gather = g;
	ck_assert_int_eq(libiommu_pgtable_new(&golden_options, &pt, NULL), 0);
	if (phys != PROCESS)
		ck_assert_uint_eq(libiommu_pgtable_root(pt), phys);
}

static void close_golden(void)
{
	libiommu_pgtable_release(pt, &gather);
	libiommu_pgtable_free(pt);
	free(rooms.memory);
	pt = NULL;
}

static void golden_map(uint64_t iova, uint64_t phys, uint64_t length, uint32_t prot)
{
	ck_assert_int_eq(libiommu_pgtable_map(pt, iova, phys, length, prot, &gather, NULL), 0);
}

/* The step of a walk at one level, and the place of its entry. */
static struct libiommu_pgtable_step golden_step(uint64_t iova, unsigned int level, uint64_t **slot)
{
	struct libiommu_pgtable_walk w = LIBIOMMU_PGTABLE_WALK_INIT;
	unsigned int i;

	ck_assert_int_eq(libiommu_pgtable_walk(pt, iova, &w, NULL), 0);
	for (i = 0; i < w.steps && w.step[i].level != level; i++)
		;
	ck_assert_msg(i < w.steps, "the walk of 0x%" PRIx64 " does not reach level %u", iova,
		      level);
	*slot = rooms.phys == PROCESS
			? (uint64_t *)(uintptr_t)w.step[i].table
			: (uint64_t *)(void *)(rooms.base + (w.step[i].table - rooms.phys));
	*slot += w.step[i].index;
	return w.step[i];
}

static uint64_t golden_entry(uint64_t iova, unsigned int level)
{
	uint64_t *slot;
	struct libiommu_pgtable_step step = golden_step(iova, level, &slot);

	ck_assert_uint_eq(*slot, step.entry);
	return step.entry;
}

/* Make a leaf, and compare its first entry and its last. */
static inline void check_made_in(uint64_t where, const struct libiommu_pgtable_options *options,
				 const struct golden_leaf *row, uint64_t last, size_t i)
{
	uint64_t *slot, length = U64(1) << row->shift;
	struct libiommu_pgtable_leaf leaf;
	struct libiommu_pgtable_step step;

	open_golden(options, where);
	golden_map(row->iova, row->phys, length, row->prot);
	step = golden_step(row->iova, row->level, &slot);
	ck_assert_msg(step.entry == row->entry,
		      "row %zu: 0x%016" PRIx64 " instead of 0x%016" PRIx64, i, step.entry,
		      row->entry);
	ck_assert_int_eq(step.kind, LEAF);
	ck_assert_uint_eq(step.next, row->phys);
	ck_assert_uint_eq(golden_entry(row->iova + length - 1, row->level), last);
	ck_assert(libiommu_pgtable_translate(pt, row->iova + length - 1, &leaf));
	ck_assert_uint_eq(leaf.iova, row->iova);
	ck_assert_uint_eq(leaf.phys, row->phys);
	ck_assert_uint_eq(leaf.length, length);
	ck_assert_uint_eq(leaf.prot, row->prot);
	close_golden();
}

/* In process memory the way through the code is another. */
static inline void check_made(const struct libiommu_pgtable_options *options,
			      const struct golden_leaf *row, uint64_t last, size_t i)
{
	check_made_in(USUAL_ROOMS, options, row, last, i);
	if (!options->phys_bits || options->phys_bits >= 48)
		check_made_in(PROCESS, options, row, last, i);
}

static inline void check_leaves(const struct libiommu_pgtable_options *options,
				const struct golden_leaf *row, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		check_made(options, &row[i], row[i].entry, i);
}

static inline void check_runs(const struct libiommu_pgtable_options *options,
			      const struct golden_run *row, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		check_made(options, &row[i].first, row[i].last, i);
}

/* Does the entry hold the address of a table, which nothing but rooms has where the row says? */
static inline bool names_table(const struct golden_found *row)
{
	return row->kind == LINK || (row->kind == BROKEN && row->level > 1);
}

/* Put each entry into tables that lead to a page at `iova`, and look what is read there. */
static inline void check_found_in(uint64_t where, const struct libiommu_pgtable_options *options,
				  uint64_t iova, const struct golden_found *row, size_t count)
{
	struct libiommu_pgtable_leaf leaf, other;
	struct libiommu_pgtable_step step;
	uint64_t *slot, old, page;
	bool mapped, next;
	size_t i;

	open_golden(options, where);
	page = U64(1) << libiommu_pgtable_describe(pt)->granule;
	golden_map(iova, page, page, RW);
	for (i = 0; i < count; i++, row++) {
		if (where == PROCESS && names_table(row))
			continue;
		step = golden_step(iova, row->level, &slot);
		old = *slot;
		*slot = row->entry;
		step = golden_step(iova, row->level, &slot);
		mapped = libiommu_pgtable_translate(pt, iova, &leaf);
		next = libiommu_pgtable_next_leaf(pt, iova, iova, &other);
		*slot = old;
		ck_assert_msg(step.kind == row->kind, "%s: is read as %u", row->why, step.kind);
		ck_assert_msg(mapped == row->mapped && next == mapped, "%s: %d %d", row->why,
			      mapped, next);
		if (!mapped)
			continue;
		ck_assert_msg(leaf.prot == row->prot, "%s: allows %u", row->why, leaf.prot);
		ck_assert_msg(other.prot == leaf.prot && other.phys == leaf.phys &&
				      other.length == leaf.length,
			      "%s: a lookup and a search differ", row->why);
		ck_assert_msg(leaf.phys == row->phys, "%s: is at 0x%" PRIx64, row->why, leaf.phys);
		ck_assert_msg(leaf.length == row->length, "%s: has 0x%" PRIx64 " bytes", row->why,
			      leaf.length);
	}
	close_golden();
}

static inline void check_found(const struct libiommu_pgtable_options *options, uint64_t iova,
			       const struct golden_found *row, size_t count)
{
	check_found_in(USUAL_ROOMS, options, iova, row, count);
	if (!options->phys_bits || options->phys_bits >= 48)
		check_found_in(PROCESS, options, iova, row, count);
}

static inline void check_faults(const struct libiommu_pgtable_options *options, uint64_t iova,
				const struct golden_fault *row, size_t count)
{
	enum libiommu_pgtable_fault fault;
	unsigned int level;
	uint64_t *slot, old, page;
	size_t i;

	open_golden(options, USUAL_ROOMS);
	page = U64(1) << libiommu_pgtable_describe(pt)->granule;
	golden_map(iova, page, page, RW);
	for (i = 0; i < count; i++, row++) {
		golden_step(iova, row->level, &slot);
		old = *slot;
		*slot = row->entry;
		fault = libiommu_pgtable_access(pt, iova, row->prot, NULL, &level);
		*slot = old;
		ck_assert_msg(fault == row->fault, "%s: fault %u", row->why, fault);
	}
	close_golden();
}

/* What hardware's marks make of an entry: as it was, read, written. */
static inline void check_marked(const struct libiommu_pgtable_options *options, uint64_t iova,
				unsigned int level, uint64_t length, const uint64_t entries[3])
{
	struct libiommu_pgtable_leaf leaf;

	open_golden(options, USUAL_ROOMS);
	golden_map(iova, 0, length, RW);
	ck_assert_uint_eq(golden_entry(iova, level), entries[0]);
	ck_assert(libiommu_pgtable_mark(pt, iova, false));
	ck_assert_uint_eq(golden_entry(iova, level), entries[1]);
	ck_assert(libiommu_pgtable_translate(pt, iova, &leaf));
	ck_assert(leaf.accessed && !leaf.dirty);
	ck_assert_uint_eq(leaf.prot, RW);
	ck_assert(libiommu_pgtable_mark(pt, iova, true));
	ck_assert_uint_eq(golden_entry(iova, level), entries[2]);
	ck_assert(libiommu_pgtable_translate(pt, iova, &leaf));
	ck_assert(leaf.accessed && leaf.dirty);
	ck_assert_uint_eq(leaf.prot, RW);
	close_golden();
}

/* What the structures of the hardware must say about a table whose root is at USUAL_ROOMS. */
struct golden_root {
	enum libiommu_pgtable_format format;
	unsigned int levels, iova_bits, phys_bits;
	uint64_t pointer, control;
};

static inline void check_roots(const struct golden_root *row, size_t count)
{
	struct libiommu_pgtable_options options = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_pgtable_hardware h = LIBIOMMU_PGTABLE_HARDWARE_INIT;
	size_t i;

	for (i = 0; i < count; i++, row++) {
		options.format = row->format;
		options.levels = row->levels;
		options.iova_bits = row->iova_bits;
		options.phys_bits = row->phys_bits;
		open_golden(&options, USUAL_ROOMS);
		ck_assert_int_eq(libiommu_pgtable_hardware(pt, &h, NULL), 0);
		ck_assert_uint_eq(h.root, USUAL_ROOMS);
		ck_assert_msg(h.pointer == row->pointer && h.control == row->control,
			      "row %zu: 0x%" PRIx64 " and 0x%" PRIx64, i, h.pointer, h.control);
		close_golden();
	}
}

#define COUNT(rows)                       (sizeof(rows) / sizeof((rows)[0]))
#define CHECK_LEAVES(options, rows)       check_leaves((options), (rows), COUNT(rows))
#define CHECK_RUNS(options, rows)         check_runs((options), (rows), COUNT(rows))
#define CHECK_FAULTS(options, iova, rows) check_faults((options), (iova), (rows), COUNT(rows))
#define CHECK_FOUND(options, iova, rows)  check_found((options), (iova), (rows), COUNT(rows))

#endif
