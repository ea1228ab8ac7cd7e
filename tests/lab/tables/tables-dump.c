// SPDX-License-Identifier: BSD-2-Clause
#include "tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BITS(high, low) ((UINT64_MAX >> (63 - (high))) & (UINT64_MAX << (low)))
#define ADDRESS         BITS(51, 12)

/* VT-d specification 9.8 and 9.7, Intel SDM volume 3, 4.5. */
static const struct format formats[] = {
	{ "vtd-ss", LIBIOMMU_PGTABLE_VTD_SS, true,
	  BITS(8, 8) | BITS(9, 9) | BITS(10, 10) | BITS(11, 11) | BITS(60, 52) | BITS(63, 63),
	  BITS(2, 0) },
	{ "x86-64", LIBIOMMU_PGTABLE_X86_64, false,
	  BITS(5, 5) | BITS(6, 6) | BITS(11, 9) | BITS(62, 52), BITS(2, 0) | BITS(63, 63) },
};

const struct format *format_find(const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

static struct row *add_row(struct rows *rows)
{
	if (rows->count == rows->room) {
		rows->room = rows->room ? 2 * rows->room : 1024;
		rows->row = realloc(rows->row, rows->room * sizeof(*rows->row));
		if (!rows->row)
			abort();
	}
	memset(&rows->row[rows->count], 0, sizeof(*rows->row));
	return &rows->row[rows->count++];
}

/* "0x00000000fffe0 |\t0x...\t0x...": the frame number, then the entries of levels 5 to 1. */
static bool parse(const char *line, struct rows *out)
{
	struct row *row;
	char *end;
	uint64_t pfn = strtoull(line, &end, 16);

	if (end == line || strncmp(line, "0x", 2) || strncmp(end, " |", 2))
		return false;
	end += 2;
	row = add_row(out);
	row->iova = pfn << 12;
	for (unsigned int level = 5; level >= 1; level--)
		row->entry[level] = strtoull(end, &end, 16);
	return true;
}

void dump_kernel(const char *device, struct rows *out)
{
	char path[128], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/iommu/intel/%s/domain_translation_struct",
		 device);
	file = fopen(path, "re");
	if (!file) {
		perror(path);
		exit(2);
	}
	out->count = 0;
	while (fgets(line, sizeof(line), file))
		parse(line, out);
	fclose(file);
}

void dump_engine(const struct libiommu_pgtable *pt, struct rows *out)
{
	uint64_t at = 0, last = libiommu_pgtable_describe(pt)->iova_last;
	struct libiommu_pgtable_leaf leaf;

	out->count = 0;
	while (libiommu_pgtable_next_leaf(pt, at, last, &leaf)) {
		struct libiommu_pgtable_walk walk = LIBIOMMU_PGTABLE_WALK_INIT;
		struct row *row = add_row(out);

		row->iova = leaf.iova;
		if (libiommu_pgtable_walk(pt, leaf.iova, &walk, NULL))
			abort();
		for (unsigned int i = 0; i < walk.steps; i++)
			row->entry[walk.step[i].level] = walk.step[i].entry;
		at = leaf.iova + leaf.length;
		if (!at || at > last)
			break;
	}
}

static unsigned int leaf_level(const struct row *row)
{
	unsigned int level = 1;

	while (level < 5 && !row->entry[level])
		level++;
	return level;
}

static uint64_t leaf_length(const struct row *row)
{
	return PAGE << (9 * (leaf_level(row) - 1));
}

static bool same_row(const struct format *format, const struct row *a, const struct row *b)
{
	unsigned int leaf = leaf_level(a);

	if (a->iova != b->iova || leaf != leaf_level(b))
		return false;
	for (unsigned int level = leaf; level <= 5; level++) {
		uint64_t differ = (a->entry[level] ^ b->entry[level]) & ~format->ignored;

		/* Each side has its tables where it likes. */
		if (level > leaf)
			differ &= ~ADDRESS;
		if (differ)
			return false;
	}
	return true;
}

static void print_row(const char *who, const struct row *row)
{
	printf("%s: 0x%" PRIx64, who, row->iova);
	for (unsigned int level = 5; level >= 1; level--)
		printf(" %016" PRIx64, row->entry[level]);
	printf("\n");
}

/* Does a leaf of `outer` hold all that the leaf `inner` translates, with the same result? */
static bool covers(const struct format *format, const struct row *outer, const struct row *inner)
{
	uint64_t o = outer->entry[leaf_level(outer)], i = inner->entry[leaf_level(inner)];

	return leaf_length(outer) > leaf_length(inner) && inner->iova >= outer->iova &&
	       inner->iova - outer->iova <= leaf_length(outer) - leaf_length(inner) &&
	       (o & ADDRESS) + (inner->iova - outer->iova) == (i & ADDRESS) &&
	       !((o ^ i) & format->permitted);
}

enum verdict dump_compare(const struct format *format, const struct rows *kernel,
			  const struct rows *engine)
{
	enum verdict verdict = SAME;
	size_t k = 0, e = 0;

	while (k < kernel->count && e < engine->count) {
		const struct row *outer = &engine->row[e];
		uint64_t left = leaf_length(outer);

		if (same_row(format, &kernel->row[k], outer)) {
			k++, e++;
			continue;
		}
		while (left && k < kernel->count && covers(format, outer, &kernel->row[k]))
			left -= leaf_length(&kernel->row[k++]);
		if (left)
			break;
		verdict = SAME_IN_SMALLER_LEAVES;
		e++;
	}
	if (k == kernel->count && e == engine->count)
		return verdict;
	printf("%zu leaves in the kernel's table, %zu in the engine's\n", kernel->count,
	       engine->count);
	if (k < kernel->count)
		print_row("kernel", &kernel->row[k]);
	if (e < engine->count)
		print_row("engine", &engine->row[e]);
	return DIFFERENT;
}
