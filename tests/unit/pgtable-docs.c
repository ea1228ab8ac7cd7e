/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of formats in docs/pgtable.md says what the descriptions say. When
 * it does not, this prints the lines that belong there.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <libiommu/pgtable.h>

#include "tests/unit/run.h"

#define ROW_MAX  400
#define PAGE_MAX 65536

struct text {
	char line[ROW_MAX];
	size_t used;
};

static __attribute__((format(printf, 2, 3))) void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->line + t->used, sizeof(t->line) - t->used, format, args);
	va_end(args);
	ck_assert(n >= 0 && t->used + (size_t)n < sizeof(t->line));
	t->used += (size_t)n;
}

static void add_size(struct text *t, unsigned int shift, const char *mark)
{
	static const char units[] = "BKMGTPE";

	add(t, "%u%c%s", 1u << shift % 10, units[shift / 10], mark);
}

/* Sizes in order; three powers of two and more in a row are one range. */
static void add_sizes(struct text *t, uint64_t sizes, uint64_t runs)
{
	const char *comma = "", *mark;
	unsigned int i, end;

	for (i = 0; i < 64; i = end + 1, comma = ", ") {
		while (i < 64 && !(sizes >> i & 1))
			i++;
		for (end = i; end < 63 && sizes >> (end + 1) & 1;)
			end++;
		if (i == 64)
			break;
		if (end < i + 2)
			end = i;
		mark = runs >> i & 1 ? "\\*" : "";
		add(t, "%s", comma);
		add_size(t, i, end == i ? mark : "");
		if (end == i)
			continue;
		add(t, " to ");
		add_size(t, end, "");
	}
}

static const char *yes(bool value)
{
	return value ? "yes" : "no";
}

/* | name | levels | IOVA bits | physical bits | leaves | R only | W only | */
static void make_row(struct text *t, enum libiommu_pgtable_format format)
{
	struct libiommu_pgtable_options options = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_pgtable_desc desc, usual;
	unsigned int level;
	struct text bits = { "", 0 };
	const char *comma = "";

	options.format = format;
	ck_assert_int_eq(libiommu_pgtable_format_describe(&options, &usual, NULL), 0);
	add(t, "| `%s` | ", usual.name);
	for (level = 1; level <= LIBIOMMU_PGTABLE_MAX_LEVELS; level++) {
		options.levels = level;
		if (libiommu_pgtable_format_describe(&options, &desc, NULL))
			continue;
		add(t, desc.levels == usual.levels ? "%s**%u**" : "%s%u", comma, level);
		if (desc.max_levels == desc.levels || !bits.used)
			add(&bits, "%s%u", comma, desc.iova_bits);
		comma = ", ";
		if (desc.max_levels == desc.levels)
			usual.leaf_sizes |= desc.leaf_sizes;
	}
	if (usual.max_levels > usual.levels)
		bits.used = (size_t)snprintf(bits.line, sizeof(bits.line), "%u", usual.iova_bits);
	add(t, " | %s | %u | ", bits.line, usual.phys_bits);
	add_sizes(t, usual.leaf_sizes, usual.run_sizes);
	add(t, " | %s | %s |\n", yes(usual.read_only), yes(usual.write_only));
}

static char page[PAGE_MAX];

static void read_page(void)
{
	FILE *file = fopen(DOCS "/pgtable.md", "r");
	size_t n;

	ck_assert_ptr_nonnull(file);
	n = fread(page, 1, sizeof(page) - 1, file);
	ck_assert(n && feof(file));
	page[n] = '\0';
	fclose(file);
}

START_TEST(every_format)
{
	enum libiommu_pgtable_format format = LIBIOMMU_PGTABLE_NO_FORMAT;
	unsigned int found = 0, wrong = 0;

	read_page();
	while ((format = libiommu_pgtable_format_next(format))) {
		struct text t = { "", 0 };

		make_row(&t, format);
		found++;
		if (strstr(page, t.line))
			continue;
		wrong++;
		fputs(t.line, stderr);
	}
	ck_assert_uint_ge(found, 12);
	ck_assert_msg(!wrong, "docs/pgtable.md lacks the %u lines above", wrong);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pgtable docs");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, every_format);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
