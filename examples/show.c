/* SPDX-License-Identifier: BSD-2-Clause */
#include "show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COLUMNS 100
#define INDENT  14 /* of texts behind a label */

static const char *bold = "", *dim = "", *red = "", *green = "", *plain = "";

void show_start(void)
{
	const char *no_color = getenv("NO_COLOR");

	if (!isatty(STDOUT_FILENO) || (no_color && *no_color))
		return;
	bold = "\033[1m";
	dim = "\033[2m";
	red = "\033[31m";
	green = "\033[32m";
	plain = "\033[0m";
}

void show_step(const char *title)
{
	static unsigned int number;

	printf("\n%s%u. %s%s\n", bold, ++number, title, plain);
}

void show_line(const char *label, const char *format, ...)
{
	va_list args;

	printf("   %s%-*s%s", green, INDENT - 3, label, plain);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/* Words up to the right margin, the following lines below the first one. */
static void show_text(FILE *out, const char *text)
{
	size_t column = INDENT;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column > INDENT && column + 1 + word > COLUMNS) {
			fprintf(out, "\n%*s", INDENT, "");
			column = INDENT;
		} else if (column > INDENT) {
			putc(' ', out);
			column++;
		}
		fprintf(out, "%.*s", (int)word, text);
		column += word;
		text += word + strspn(text + word, " ");
	}
	putc('\n', out);
}

/* The message, what the kernel said, the hint. */
static void show_reason(FILE *out, const struct libiommu_error *err)
{
	const char *hint = libiommu_error_hint(err);
	int code = libiommu_error_kernel_errno(err);

	fprintf(out, "%*s", INDENT, "");
	show_text(out, libiommu_error_message(err));
	if (code)
		fprintf(out, "%*s%s: %s\n", INDENT, "", libiommu_error_kernel_call(err),
			strerror(code));
	if (*hint) {
		fprintf(out, "   %-*s", INDENT - 3, "what helps");
		show_text(out, hint);
	}
}

void show_refusal(const struct libiommu_error *err)
{
	show_line("refused", "%s", libiommu_reason_name(libiommu_error_reason(err)));
	show_reason(stdout, err);
}

int show_failure(const char *what, int code, struct libiommu_error *err)
{
	fflush(stdout);
	if (!err) {
		fprintf(stderr, "   %s%-*s%s%s: %s\n", red, INDENT - 3, "failed", plain, what,
			strerror(-code));
		return code;
	}
	fprintf(stderr, "   %s%-*s%s%s: %s\n", red, INDENT - 3, "failed", plain, what,
		libiommu_reason_name(libiommu_error_reason(err)));
	show_reason(stderr, err);
	libiommu_error_free(err);
	return code;
}

int show_wrong(const char *what)
{
	fflush(stdout);
	fprintf(stderr, "   %s%-*s%s%s\n", red, INDENT - 3, "wrong", plain, what);
	return -EIO;
}

void show_group_header(void)
{
	printf("   %sgroup  device        id         class   driver%s\n", dim, plain);
}

static const char *reserved_name(enum libiommu_reserved_type type)
{
	switch (type) {
	case LIBIOMMU_RESERVED_DIRECT:
		return "1:1";
	case LIBIOMMU_RESERVED_DIRECT_RELAXABLE:
		return "1:1 until lent";
	case LIBIOMMU_RESERVED_RESERVED:
		return "reserved";
	case LIBIOMMU_RESERVED_MSI:
		return "interrupts";
	default:
		return "reserved for something unknown";
	}
}

static void show_fact(const char *label, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void show_fact(const char *label, const char *format, ...)
{
	va_list args;

	printf("          %s%-12s  ", dim, label);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("%s\n", plain);
}

/* What is known of the group as a whole; what is not known is left out. */
static void show_group_facts(const struct libiommu_group *group)
{
	struct libiommu_cap_answer msi = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_reserved reserved;
	struct libiommu_range windows[16];
	size_t count = sizeof(windows) / sizeof(windows[0]);

	if (*libiommu_group_name(group))
		show_fact("name", "%s", libiommu_group_name(group));
	if (*libiommu_group_type(group))
		show_fact("type", "%s", libiommu_group_type(group));
	for (size_t i = 0; !libiommu_group_reserved(group, i, &reserved); i++)
		show_fact(i ? "" : "reserved", "%#" PRIx64 "-%#" PRIx64 "  %s",
			  reserved.range.start, reserved.range.last, reserved_name(reserved.type));
	if (!libiommu_group_windows(group, windows, &count, NULL))
		for (size_t i = 0; i < count; i++)
			show_fact(i ? "" : "reaches", "%#" PRIx64 "-%#" PRIx64, windows[i].start,
				  windows[i].last);
	if (!libiommu_group_msi_isolated(group, &msi) && msi.answer != LIBIOMMU_ANSWER_UNKNOWN)
		show_fact("interrupts", "%s (%s)",
			  msi.answer == LIBIOMMU_ANSWER_YES ? "isolated" : "not isolated",
			  msi.evidence);
}

static void show_blockers(const struct libiommu_group *group)
{
	struct libiommu_blocker blocker = LIBIOMMU_BLOCKER_INIT;

	for (size_t i = 0; !libiommu_group_blocker(group, i, &blocker); i++) {
		show_fact("in the way", "%s", blocker.sentence);
		show_fact("", "%s", blocker.hint);
	}
}

void show_group(const struct libiommu_group *group)
{
	for (size_t i = 0; i < libiommu_group_member_count(group); i++) {
		struct libiommu_group_member m = LIBIOMMU_GROUP_MEMBER_INIT;
		char number[16] = "";

		if (libiommu_group_member(group, i, &m))
			return;
		if (!i)
			snprintf(number, sizeof(number), "%" PRIu32, libiommu_group_id(group));
		printf("   %5s  %-12s  %04" PRIx32 ":%04" PRIx32 "  %06" PRIx32 "  %-10s  ", number,
		       m.name, m.vendor, m.device, m.class_code, *m.driver ? m.driver : "-");
		printf("%s%s%s\n", m.blocks ? red : dim, libiommu_member_state_text(m.state),
		       plain);
	}
	show_group_facts(group);
	show_blockers(group);
}

void show_walk(const struct libiommu_pgtable_walk *walk)
{
	static const char *const kinds[] = {
		[LIBIOMMU_PGTABLE_EMPTY] = "nothing",
		[LIBIOMMU_PGTABLE_TABLE] = "table",
		[LIBIOMMU_PGTABLE_LEAF] = "memory",
		[LIBIOMMU_PGTABLE_BROKEN] = "broken",
	};

	for (unsigned int i = 0; i < walk->steps; i++) {
		const struct libiommu_pgtable_step *step = &walk->step[i];
		char label[16];

		snprintf(label, sizeof(label), "level %u", step->level);
		show_line(label,
			  "table %#012" PRIx64 "  entry %3u = 0x%016" PRIx64 "  -> %-6s %#" PRIx64,
			  step->table, step->index, step->entry, kinds[step->kind], step->next);
	}
}

void show_fault(const struct libiommu_mock_fault *fault)
{
	static const char *const kinds[] = {
		[LIBIOMMU_MOCK_FAULT_BLOCKED] = "the device has no domain",
		[LIBIOMMU_MOCK_FAULT_NOT_MAPPED] = "nothing is mapped there",
		[LIBIOMMU_MOCK_FAULT_PERMISSION] = "the mapping forbids it",
		[LIBIOMMU_MOCK_FAULT_APERTURE] = "wider than the IOMMU translates",
		[LIBIOMMU_MOCK_FAULT_RESERVED] = "a reserved window",
		[LIBIOMMU_MOCK_FAULT_BUS_MASTER] = "the device may not start requests",
		[LIBIOMMU_MOCK_FAULT_STALE] = "an invalidation was missing",
		[LIBIOMMU_MOCK_FAULT_TABLE] = "an entry of the table is broken",
		[LIBIOMMU_MOCK_FAULT_CONTEXT] = "stage 1 has no tables for it",
	};

	show_line("fault", "%s may not %s %#" PRIx64 ": %s", fault->device,
		  fault->access & LIBIOMMU_PROT_WRITE ? "write" : "read", fault->iova,
		  kinds[fault->kind]);
}
