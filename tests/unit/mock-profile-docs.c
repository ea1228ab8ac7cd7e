/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * docs/profiles.md is made of the profiles and of what a device behind each of them answers.
 * With --write this prints the page; without, it says whether the file is that page.
 */
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock.h>

#include "backends/mock/translation.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROFILES 16

/* One answer for each number; the_page_has_all_capabilities() says when there are more. */
#define CAPS (LIBIOMMU_CAP_NESTING + 1)

static FILE *page;

static __attribute__((format(printf, 1, 2))) void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(page, format, args);
	va_end(args);
}

static void say_size(unsigned int shift)
{
	static const char units[] = "BKMGTPE";

	say("%u%c", 1u << shift % 10, units[shift / 10]);
}

/* In order; three powers of two and more in a row are one range. */
static void say_sizes(uint64_t sizes)
{
	const char *comma = "";

	for (unsigned int i = 0, end; i < 64; i = end + 1, comma = ", ") {
		while (i < 64 && !(sizes >> i & 1))
			i++;
		for (end = i; end < 63 && sizes >> (end + 1) & 1;)
			end++;
		if (i == 64)
			break;
		if (end < i + 2)
			end = i;
		say("%s", comma);
		say_size(i);
		if (end == i)
			continue;
		say(" to ");
		say_size(end);
	}
}

static const char *kind_of(const struct mock_hw *hw)
{
	const char *own = mock_hw_translation(hw)->format;

	return own ? own : libiommu_pgtable_format_name(hw->format);
}

static void say_forms(const struct mock_profile *profile)
{
	for (size_t i = 0; i < MOCK_FORMS && profile->forms[i].width; i++) {
		const struct mock_form *form = &profile->forms[i];
		struct mock_wish wish = { .width = form->width,
					  .stage = form->stage,
					  .granule = form->page_sizes & -form->page_sizes };
		struct mock_hw hw = profile->hw;

		if (form->least && form->width > hw.phys_width)
			hw.phys_width = hw.phys_most;
		if (mock_profile_shape(profile, &wish, &hw))
			abort();
		say("| `%s` | %s | %s | ", hw.profile,
		    !form->stage       ? ""
		    : form->stage == 1 ? "1"
				       : "2",
		    kind_of(&hw));
		if (form->least)
			say("%u to ", form->least);
		say("%u | ", form->width);
		say_sizes(hw.page_sizes);
		say(" | %s |\n", hw.write_only ? "yes" : "no");
	}
}

static void say_range(const struct libiommu_range *range)
{
	say("0x%llx-0x%llx", (unsigned long long)range->start, (unsigned long long)range->last);
}

/* As the first form of the profile has it. */
static void say_space(const struct mock_profile *profile)
{
	struct mock_wish wish = { .width = 0 };
	struct mock_hw hw = profile->hw;

	if (mock_profile_shape(profile, &wish, &hw))
		abort();
	say("| `%s` | ", hw.profile);
	for (size_t i = 0; i < hw.window_count; i++) {
		say("%s", i ? ", " : "");
		say_range(&hw.windows[i]);
	}
	say(" | ");
	for (size_t i = 0; i < hw.hole_count; i++) {
		say("%s", i ? ", " : "");
		say_range(&hw.holes[i].what.range);
		say(hw.holes[i].what.type == LIBIOMMU_RESERVED_MSI ? " (interrupts%s)"
								   : " (reserved%s)",
		    hw.holes[i].translated ? ", by word alone" : "");
	}
	say(" | %u | %s |\n", hw.phys_width, hw.grouping);
}

/* What a device with PASIDs and page requests answers behind it once it is attached. */
static void ask(const char *personality, const char *line, struct libiommu_cap_answer *answers)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *ctx = NULL;
	struct libiommu_domain *dom;
	struct libiommu_device *dev;
	char text[200];

	snprintf(text, sizeof(text),
		 "personality %s\niommu u %s\n"
		 "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci pasid=20 prq=yes\n",
		 personality, line);
	opts.backend = "mock";
	opts.config = text;
	if (libiommu_ctx_new(&opts, &ctx, NULL) ||
	    libiommu_device_open(ctx, "0000:00:03.0", &dev, NULL) ||
	    libiommu_domain_new(ctx, NULL, &dom, NULL) ||
	    libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, NULL))
		abort();
	for (int cap = LIBIOMMU_CAP_PAGE_SIZES; cap < CAPS; cap++) {
		answers[cap] = (struct libiommu_cap_answer)LIBIOMMU_CAP_ANSWER_INIT;
		if (libiommu_device_cap(dev, (enum libiommu_cap)cap, &answers[cap], NULL))
			abort();
	}
	libiommu_ctx_free(ctx);
}

static void say_answer(enum libiommu_cap cap, const struct libiommu_cap_answer *answer)
{
	static const char *const words[] = { [LIBIOMMU_ANSWER_UNKNOWN] = "unknown",
					     [LIBIOMMU_ANSWER_NO] = "no",
					     [LIBIOMMU_ANSWER_YES] = "yes" };

	say(" | ");
	if (answer->answer != LIBIOMMU_ANSWER_YES || !answer->value)
		say("%s", words[answer->answer]);
	else if (cap == LIBIOMMU_CAP_PAGE_SIZES)
		say_sizes(answer->value);
	else
		say("%llu", (unsigned long long)answer->value);
}

struct column {
	char line[48];
	struct libiommu_cap_answer answers[CAPS];
};

static size_t ask_all(struct column *columns)
{
	const struct mock_profile *profile;
	size_t count = 0;

	for (size_t i = 0; (profile = mock_profile_at(i)); i++) {
		snprintf(columns[count++].line, sizeof(columns->line), "%s", profile->hw.profile);
		if (profile->hw.has_legacy)
			snprintf(columns[count++].line, sizeof(columns->line), "%s mode=legacy",
				 profile->hw.profile);
		if (count > PROFILES - 2)
			abort();
	}
	for (size_t i = 0; i < count; i++)
		ask("bare", columns[i].line, columns[i].answers);
	return count;
}

/* Has a profile a say in it? Else all have the same answer. */
static bool hardware_decides(int cap, const struct column *columns, size_t count)
{
	static const char from[] = "mock profile ";

	for (size_t i = 0; i < count; i++) {
		if (strncmp(columns[i].answers[cap].evidence, from, sizeof(from) - 1) == 0)
			return true;
		if (columns[i].answers[cap].answer != columns[0].answers[cap].answer)
			abort();
	}
	return false;
}

/* In no personality either. */
static void say_never(const struct column *columns, size_t count)
{
	static const char *const personalities[] = { "strict", "type1", "iommufd", "bare" };
	static struct libiommu_cap_answer answers[4][CAPS];
	const char *comma = "";

	for (size_t i = 0; i < 4; i++)
		ask(personalities[i], columns[0].line, answers[i]);
	for (int cap = LIBIOMMU_CAP_PAGE_SIZES; cap < CAPS; cap++) {
		bool never = !hardware_decides(cap, columns, count);

		for (size_t i = 0; i < 4; i++)
			never &= answers[i][cap].answer == LIBIOMMU_ANSWER_NO;
		if (!never)
			continue;
		say("%s%s", comma, libiommu_cap_name((enum libiommu_cap)cap));
		comma = ", ";
	}
}

static void say_caps(void)
{
	static struct column columns[PROFILES];
	size_t count = ask_all(columns);

	say("| capability");
	for (size_t i = 0; i < count; i++)
		say(" | `%s`", columns[i].line);
	say(" |\n|---");
	for (size_t i = 0; i < count; i++)
		say("|---");
	say("|\n");
	for (int cap = LIBIOMMU_CAP_PAGE_SIZES; cap < CAPS; cap++) {
		if (!hardware_decides(cap, columns, count))
			continue;
		say("| %s", libiommu_cap_name((enum libiommu_cap)cap));
		for (size_t i = 0; i < count; i++)
			say_answer((enum libiommu_cap)cap, &columns[i].answers[cap]);
		say(" |\n");
	}
	say("\nAll other capabilities are the personality's, the same behind each profile "
	    "([mock.md](mock.md)). The mock never has: ");
	say_never(columns, count);
	say(".\n");
}

static void say_hardware(const struct mock_hw *hw, const char *mode)
{
	const char *comma = "";

	say("| `%s%s` | ", hw->profile, mode);
	if (hw->pasid_bits)
		say("%u", hw->pasid_bits);
	else
		say("no");
	say(" | %s | ", !hw->prq ? "no" : hw->linux_prq ? "yes" : "yes, not through Linux");
	for (enum libiommu_pgtable_format format =
		     libiommu_pgtable_format_next(LIBIOMMU_PGTABLE_NO_FORMAT);
	     format; format = libiommu_pgtable_format_next(format)) {
		if (hw->stage1_formats >> format & 1) {
			say("%s%s", comma, libiommu_pgtable_format_name(format));
			comma = ", ";
		}
	}
	if (hw->stage1_words)
		say("%scached words", comma);
	if (hw->parent_format)
		say(" on %s%s", libiommu_pgtable_format_name(hw->parent_format),
		    hw->linux_nests ? "" : ", not through Linux");
	say(" | %s |\n", hw->accessed_dirty ? "yes" : hw->can_mark ? "with `ad=yes`" : "no");
}

/* Without that no personality but `bare` can open a device behind it. */
static const char *lent(const struct mock_hw *hw)
{
	if (hw->linux_hides_coherency)
		return "no, its driver does not say that DMA is coherent";
	if (hw->linux_has_no_paging)
		return "no, there are no domains to map in";
	return "yes";
}

static void say_profiles(const struct mock_profile *const *profiles, size_t count)
{
	say("\n## Real hardware, and what is odd about it\n\n"
	    "The conformance suite runs behind each of them in `strict` and in `bare`. What Linux "
	    "does "
	    "not lend to user\nspace cannot be opened in `strict`, so there it is `bare` alone.\n\n"
	    "| profile | is | lent by Linux | oddity |\n|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++)
		say("| `%s` | %s | %s | %s |\n", profiles[i]->hw.profile, profiles[i]->hw.name,
		    lent(&profiles[i]->hw), profiles[i]->hw.oddity);
}

static void write_page(void)
{
	const struct mock_profile *profiles[PROFILES];
	size_t count = 0;

	while (count < PROFILES && (profiles[count] = mock_profile_at(count)))
		count++;
	say("# Hardware of the mock\n\n"
	    "What each profile of an `iommu` line is; [mock.md](mock.md) has the options.\n"
	    "This page is made from the profiles by `unit-mock-profile-docs --write`.\n");
	say_profiles(profiles, count);
	say("\n## Page tables\n\nThe first line of a profile is what it has without options. A "
	    "width is that "
	    "of an IOVA.\n\n"
	    "| profile | stage | table | width | leaves | write without read |\n"
	    "|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++)
		say_forms(profiles[i]);
	say("\n## Addresses and groups\n\nBy word alone: the hardware would translate it, or finds "
	    "nothing "
	    "there. Groups are\nthose of Linux: what `grouping=` is where a line says nothing "
	    "([groups.md](groups.md#the-platforms)).\n\n"
	    "| profile | translates | but not | physical bits | groups |\n"
	    "|---|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++)
		say_space(profiles[i]);
	say("\n## More than one address space\n\n"
	    "| profile | PASID bits | page requests | nesting | sets accessed and dirty bits |\n"
	    "|---|---|---|---|---|\n");
	for (size_t i = 0; i < count; i++) {
		struct mock_hw hw = profiles[i]->hw;

		say_hardware(&hw, "");
		if (!hw.has_legacy)
			continue;
		mock_hw_make_legacy(&hw);
		say_hardware(&hw, " mode=legacy");
	}
	say("\n## Capabilities\n\n"
	    "What `libiommu_device_cap()` answers in personality `bare` after an attach, where the "
	    "hardware decides, for a\ndevice that sends PASIDs of 20 bits and page requests. "
	    "`iommufd` is whether Linux would lend the device.\n\n");
	say_caps();
}

static char *make_page(void)
{
	char *text = NULL;
	size_t size;

	page = open_memstream(&text, &size);
	write_page();
	fclose(page);
	return text;
}

START_TEST(the_page_has_all_capabilities)
{
	for (int cap = LIBIOMMU_CAP_PAGE_SIZES; cap < CAPS; cap++)
		ck_assert_ptr_nonnull(libiommu_cap_name((enum libiommu_cap)cap));
	ck_assert_ptr_null(libiommu_cap_name((enum libiommu_cap)CAPS));
}
END_TEST

START_TEST(the_page_is_fresh)
{
	static char was[65536];
	FILE *file = fopen(DOCS "/profiles.md", "r");
	char *now = make_page();

	ck_assert_ptr_nonnull(file);
	was[fread(was, 1, sizeof(was) - 1, file)] = '\0';
	fclose(file);
	ck_assert_msg(
		strcmp(was, now) == 0,
		"docs/profiles.md is old: run unit-mock-profile-docs --write >docs/profiles.md");
	free(now);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite;
	TCase *tcase;

	if (argc > 1 && strcmp(argv[1], "--write") == 0) {
		page = stdout;
		write_page();
		return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	suite = suite_create("mock-profile-docs");
	tcase = tcase_create("mock-profile-docs");
	tcase_add_test(tcase, the_page_has_all_capabilities);
	tcase_add_test(tcase, the_page_is_fresh);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
