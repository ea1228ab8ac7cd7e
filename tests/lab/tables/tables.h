/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-tables: the page tables that the kernel wrote beside those that the engine writes for the
 * same memory. What the parts share.
 */
#ifndef LAB_TABLES_H
#define LAB_TABLES_H

#include <libiommu/libiommu.h>
#include <libiommu/pgtable.h>

#include <stdbool.h>
#include <stddef.h>

#define PAGE UINT64_C(4096)

/* One leaf and the way to it: entry[n] is of level n, 0 where the way does not go. */
struct row {
	uint64_t iova;
	uint64_t entry[LIBIOMMU_PGTABLE_MAX_LEVELS + 1];
};

struct rows {
	struct row *row;
	size_t count, room;
};

/* What of an entry is compared. */
struct format {
	const char *name;
	enum libiommu_pgtable_format engine;
	bool write_only;    /* can be expressed */
	uint64_t ignored;   /* bits of any entry: accessed, dirty, snoop, software */
	uint64_t permitted; /* bits that say what devices may do */
};

/* tables-dump.c */
const struct format *format_find(const char *name);
/* Ends the program when the kernel has no such file. */
void dump_kernel(const char *device, struct rows *out);
void dump_engine(const struct libiommu_pgtable *pt, struct rows *out);

enum verdict {
	SAME,
	SAME_IN_SMALLER_LEAVES, /* the kernel's */
	DIFFERENT
};
/* Prints the first difference that counts. */
enum verdict dump_compare(const struct format *format, const struct rows *kernel,
			  const struct rows *engine);

/* tables-memory.c */
enum memory_kind {
	MEMORY_ORDINARY,
	MEMORY_TRANSPARENT,
	MEMORY_HUGE,
	MEMORY_FILE,
	MEMORY_FILE_HUGE,
	MEMORY_GIGANTIC,
	MEMORY_KINDS
};

struct memory {
	const char *name;
	char *address;   /* NULL: there is none of this kind here */
	uint64_t length; /* bytes */
	uint64_t page;   /* bytes of one page of the kind */
	int fd;          /* -1: no file */
};

/* All kinds that the guest has, written to, so that each page is there. */
const struct memory *memory_kinds(void);
/* A random number below `sides`. */
uint64_t memory_dice(uint64_t *state, uint64_t sides);
/* Large pages, maybe with a bit of the next one, or a part of whatever there is. */
void memory_part(uint64_t *state, const struct memory *memory, bool large, uint64_t *offset,
		 uint64_t *length);
/* What devices see of it: by descriptor where there is a file. */
struct libiommu_source memory_source(const struct memory *memory, uint64_t offset);
/*
 * The page frames of a range as physically contiguous runs; the caller frees them. Ends the program
 * when the kernel does not tell.
 */
struct libiommu_pgtable_piece *memory_runs(const struct memory *memory, uint64_t offset,
					   uint64_t length, size_t *count);

#endif
