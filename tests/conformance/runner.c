// SPDX-License-Identifier: BSD-2-Clause
#include "runner.h"
#include "helpers.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_CASES 600

struct entry {
	const char *suite;
	const struct conformance_case *it;
};

struct registry {
	struct entry entries[MAX_CASES];
	size_t count;
};

struct counts {
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
};

struct options {
	struct settings settings;
	bool list;
	bool fork;
	const char *pattern;
	const char *expect;
	const char *expect_row;
};

unsigned long random_seed = 1;
unsigned long random_rounds = 2000;
unsigned long many_mappings = 200000;

/* Written by the case, perhaps in a child. */
static char *skipped_because;
static size_t skip_room = 256;

static const char help[] =
	"Runs cases of the contract against a backend.\n"
	"\n"
	"%s"
	"  --list              show the cases, each with its rule, and run nothing\n"
	"  --case PATTERN      only cases whose name matches; * and ? as in a shell\n"
	"  --expect FILE       fail when the numbers of FILE's row are others\n"
	"  --expect-row NAME   which row\n"
	"  --seed N            of the random cases\n"
	"  --rounds N          steps of each random case\n"
	"  --many N            mappings where there is no limit of them\n"
	"  --fork              a process for each case\n"
	"\n"
	"The last line is the result; the status is 0 when nothing failed.\n";

void add_cases(struct registry *registry, const char *suite,
	       const struct conformance_case *const *cases, size_t count)
{
	size_t i;

	for (i = 0; i < count && registry->count < MAX_CASES; i++)
		registry->entries[registry->count++] = (struct entry){ suite, cases[i] };
}

void note_skip(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(skipped_because, skip_room, format, args);
	va_end(args);
	if (!skipped_because[0])
		strcpy(skipped_because, "no reason given");
}

static bool has_value(struct options *options, const char *name, const char *value)
{
	if (strcmp(name, "--case") == 0)
		options->pattern = value;
	else if (strcmp(name, "--expect") == 0)
		options->expect = value;
	else if (strcmp(name, "--expect-row") == 0)
		options->expect_row = value;
	else if (strcmp(name, "--seed") == 0)
		random_seed = strtoul(value, NULL, 0);
	else if (strcmp(name, "--rounds") == 0)
		random_rounds = strtoul(value, NULL, 0);
	else if (strcmp(name, "--many") == 0)
		many_mappings = strtoul(value, NULL, 0);
	else
		return false;
	return true;
}

/* @return -1 to go on, else the exit status */
static int parse(struct options *options, int argc, char **argv)
{
	int i, taken;

	for (i = 1; i < argc; i += taken) {
		taken = 1;
		if (strcmp(argv[i], "--help") == 0) {
			printf(help, settings_help);
			return 0;
		}
		if (strcmp(argv[i], "--list") == 0) {
			options->list = true;
		} else if (strcmp(argv[i], "--fork") == 0) {
			options->fork = true;
		} else if (i + 1 < argc && has_value(options, argv[i], argv[i + 1])) {
			taken = 2;
		} else {
			taken = settings_option(&options->settings, argc - i, argv + i);
			if (!taken) {
				fprintf(stderr, "%s: unknown option; see --help\n", argv[i]);
				return 2;
			}
		}
	}
	if (!options->expect != !options->expect_row) {
		fprintf(stderr, "--expect and --expect-row go together\n");
		return 2;
	}
	return -1;
}

static bool selected(const struct options *options, const struct entry *entry)
{
	return !options->pattern || fnmatch(options->pattern, entry->it->name, 0) == 0;
}

static void list(const struct options *options, const struct registry *registry)
{
	size_t i;

	for (i = 0; i < registry->count; i++) {
		if (selected(options, &registry->entries[i]))
			printf("%-10s %-36s %s\n", registry->entries[i].suite,
			       registry->entries[i].it->name, registry->entries[i].it->rule);
	}
}

static void print_failures(const struct conformance_case *it, SRunner *runner)
{
	TestResult **results = srunner_failures(runner);
	int i;

	for (i = 0; i < srunner_ntests_failed(runner); i++)
		printf("FAIL %s: %s\n     %s:%d: %s\n", it->name, it->rule, tr_lfile(results[i]),
		       tr_lno(results[i]), tr_msg(results[i]));
	free(results);
}

static void run_case(const struct options *options, const struct entry *entry,
		     struct counts *counts)
{
	const struct conformance_case *it = entry->it;
	Suite *suite = suite_create(entry->suite);
	TCase *tcase = tcase_create(it->name);
	SRunner *runner;

	tcase_add_checked_fixture(tcase, bench_setup, bench_teardown);
	tcase_set_timeout(tcase, 0);
	tcase_add_test(tcase, &it->test);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, options->fork ? CK_FORK : CK_NOFORK);
	skipped_because[0] = '\0';
	srunner_run_all(runner, CK_SILENT);
	if (srunner_ntests_failed(runner)) {
		counts->failed++;
		print_failures(it, runner);
	} else if (skipped_because[0]) {
		counts->skipped++;
		printf("skip %s: %s\n", it->name, skipped_because);
	} else {
		counts->passed++;
	}
	fflush(stdout);
	srunner_free(runner);
}

static struct counts run_all(const struct options *options, const struct registry *registry)
{
	struct counts all = { 0 }, suite = { 0 };
	const struct entry *entry;
	size_t i;

	for (i = 0; i < registry->count; i++) {
		entry = &registry->entries[i];
		if (selected(options, entry))
			run_case(options, entry, &suite);
		if (i + 1 < registry->count &&
		    strcmp(registry->entries[i + 1].suite, entry->suite) == 0)
			continue;
		if (suite.passed + suite.failed + suite.skipped)
			printf("%s: %u passed, %u failed, %u skipped\n", entry->suite, suite.passed,
			       suite.failed, suite.skipped);
		fflush(stdout);
		all.passed += suite.passed;
		all.failed += suite.failed;
		all.skipped += suite.skipped;
		suite = (struct counts){ 0 };
	}
	return all;
}

int run_program(int argc, char **argv, const suite_fn *suites, size_t count)
{
	static struct registry registry;
	struct options options = { .settings = { .backend = "mock" } };
	struct counts counts;
	size_t i;
	int status;

	for (i = 0; i < count; i++)
		suites[i](&registry);
	status = parse(&options, argc, argv);
	if (status >= 0)
		return status;
	if (options.list) {
		list(&options, &registry);
		return 0;
	}
	target = target_find(options.settings.backend);
	if (!target) {
		fprintf(stderr, "no target %s\n", options.settings.backend);
		return 2;
	}
	if (!target->open(&options.settings))
		return 2;
	skipped_because =
		mmap(NULL, skip_room, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (skipped_because == MAP_FAILED)
		return 2;
	counts = run_all(&options, &registry);
	target->close();
	if (options.expect && !counts_expected(options.expect, options.expect_row,
					       counts.passed + counts.failed, counts.skipped))
		counts.failed++;
	printf("%u passed, %u failed, %u skipped\n", counts.passed, counts.failed, counts.skipped);
	munmap(skipped_because, skip_room);
	return counts.failed || !counts.passed ? 1 : 0;
}
