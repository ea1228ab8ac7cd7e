// SPDX-License-Identifier: BSD-2-Clause
/*
 * Fail the n-th: each scenario is run with its first, second, third... allocation or system call
 * failing, until a run meets no failure any more. The call that failed must say so with a reason
 * and leave everything as it was; the same call then succeeds; in the end nothing is left over.
 */
#include "sweep.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_FAILURES 20000

static unsigned int problems;

void sweep_problem(struct world *w, const char *format, ...)
{
	va_list args;

	printf("FAIL %s, failure %" PRIu64 " (%s), step %s: ", w->scenario, w->nth, w->hooks.what,
	       w->step);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	w->failed = true;
	problems++;
}

struct text {
	char bytes[16384];
	size_t length;
};

static int add_line(void *data, const char *line)
{
	struct text *text = data;
	int n = snprintf(text->bytes + text->length, sizeof(text->bytes) - text->length, "%s\n",
			 line);

	if (n > 0 && (size_t)n < sizeof(text->bytes) - text->length)
		text->length += (size_t)n;
	return 0;
}

/* Ledgers and attachments. Taken while nothing is made to fail. */
static void snapshot(struct world *w, struct text *text)
{
	char line[64];
	size_t i;

	text->length = 0;
	text->bytes[0] = '\0';
	for (i = 0; i < SWEEP_DOMAINS; i++) {
		snprintf(line, sizeof(line), "domain %p", (void *)w->dom[i]);
		add_line(text, line);
		if (w->dom[i])
			libiommu_domain_dump(w->dom[i], add_line, text, NULL);
	}
	for (i = 0; i < SWEEP_DEVICES; i++) {
		snprintf(line, sizeof(line), "device %p in %p", (void *)w->dev[i],
			 w->dev[i] ? (void *)libiommu_endpoint_domain(
					     libiommu_device_endpoint(w->dev[i]))
				   : NULL);
		add_line(text, line);
	}
	snprintf(line, sizeof(line), "context %p region %p reader %p group %p", (void *)w->ctx,
		 (void *)w->region, (void *)w->reader, (void *)w->group);
	add_line(text, line);
}

static void pause_failing(struct world *w)
{
	w->hooks.armed = false;
}

static void check_error(struct world *w, int ret, const struct libiommu_error *err)
{
	if (!err)
		sweep_problem(w, "%d without an error", ret);
	else if (libiommu_error_code(err) != ret)
		sweep_problem(w, "the error has %d, the function %d", libiommu_error_code(err),
			      ret);
	else if (libiommu_error_reason(err) == LIBIOMMU_REASON_NONE)
		sweep_problem(w, "an error without a reason");
	else if (!libiommu_error_message(err)[0])
		sweep_problem(w, "an error without a message");
	if (ret > 0)
		sweep_problem(w, "%d is no negative errno", ret);
}

/*
 * One step, and when it failed because of the injection the same once more.
 */
static bool run_step(struct world *w, const struct sweep_step *step)
{
	static struct text before, after;
	struct libiommu_error *err = NULL;
	uint64_t fired = w->hooks.fired;
	bool partial, armed = w->hooks.armed;
	int ret;

	w->step = step->name;
	pause_failing(w);
	snapshot(w, &before);
	w->hooks.armed = armed;
	ret = step->run(w, &err);
	if (ret == 0) {
		if (err)
			sweep_problem(w, "success with an error");
		return !w->failed;
	}
	armed = w->hooks.armed;
	pause_failing(w);
	if (ret == SWEEP_NOT_HERE) {
		w->hooks.armed = armed;
		return true;
	}
	check_error(w, ret, err);
	if (w->hooks.fired == fired)
		sweep_problem(w, "refused without a failure: %d %s (%s) %s %s", ret,
			      err ? libiommu_reason_name(libiommu_error_reason(err)) : "",
			      err ? libiommu_error_subject(err) : "",
			      err ? libiommu_error_message(err) : "",
			      err ? libiommu_error_kernel_call(err) : "");
	partial = libiommu_error_reason(err) == LIBIOMMU_REASON_PARTIAL;
	libiommu_error_free(err);
	snapshot(w, &after);
	if (!partial && strcmp(before.bytes, after.bytes) != 0)
		sweep_problem(w, "the state changed from\n%sto\n%s", before.bytes, after.bytes);
	if (w->failed)
		return false;
	err = NULL;
	ret = step->run(w, &err);
	if (ret && !(partial && step->may_be_done))
		sweep_problem(w, "fails once more: %d %s (%s) %s %s", ret,
			      err ? libiommu_reason_name(libiommu_error_reason(err)) : "",
			      err ? libiommu_error_subject(err) : "",
			      err ? libiommu_error_message(err) : "",
			      err ? libiommu_error_kernel_call(err) : "");
	libiommu_error_free(err);
	return !w->failed;
}

/* With everything unmapped nothing may be pinned. */
static void check_pins(struct world *w)
{
	uint64_t pages = 0;
	size_t i;

	if (!w->ctx)
		return;
	for (i = 0; i < SWEEP_DOMAINS; i++) {
		if (w->dom[i])
			libiommu_domain_unmap_all(w->dom[i], NULL, NULL);
	}
	if (target->pinned(w->ctx, &pages) && pages)
		sweep_problem(w, "%" PRIu64 " pages are still pinned", pages);
}

/* The end of a run; the injection may still hit here, and must be survived. */
static void teardown(struct world *w)
{
	char why[160];
	size_t below;

	w->step = "teardown";
	libiommu_reader_free(w->reader);
	libiommu_group_unref(w->group);
	libiommu_ctx_free(w->ctx);
	pause_failing(w);
	if (!hooks_clean(&w->hooks, why, sizeof(why)))
		sweep_problem(w, "%s", why);
	below = target->open_fds ? target->open_fds() : 0;
	if (below)
		sweep_problem(w, "%zu descriptors are open in the kernel below", below);
	hooks_finish(&w->hooks);
	target->end();
}

/* @return true when the failure was met */
static bool run_once(const struct sweep_scenario *scenario, uint32_t classes, uint64_t nth)
{
	static struct world w;
	const struct sweep_step *step;
	bool armed, met;
	char *whole;

	w = (struct world){ .scenario = scenario->name, .nth = nth, .step = "begin" };
	if (target->begin(NULL)) {
		sweep_problem(&w, "the target cannot begin");
		return false;
	}
	hooks_init(&w.hooks, target->sys());
	whole = mmap(NULL, SWEEP_MEMORY + target->page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	w.memory = whole + (-(uintptr_t)whole & (target->page - 1));
	w.file = memfd_create("sweep", MFD_CLOEXEC);
	if (whole == MAP_FAILED || w.file < 0 || ftruncate(w.file, SWEEP_MEMORY)) {
		perror("sweep");
		exit(2);
	}
	hooks_fail(&w.hooks, classes, nth, false);
	for (step = scenario->steps; step->name && run_step(&w, step); step++)
		;
	armed = w.hooks.armed;
	pause_failing(&w);
	check_pins(&w);
	w.hooks.armed = armed;
	teardown(&w);
	met = w.hooks.fired > 0;
	munmap(whole, SWEEP_MEMORY + target->page);
	close(w.file);
	return met && !w.failed;
}

static unsigned int sweep(const struct sweep_scenario *scenario, uint64_t first, uint64_t every)
{
	static const struct {
		uint32_t classes;
		const char *name;
	} kinds[] = { { HOOKS_FAIL_ALLOC, "allocations" }, { HOOKS_FAIL_SYS, "system calls" } };
	uint64_t nth, counts[2] = { 0, 0 };
	unsigned int before = problems;
	size_t k;

	for (k = 0; k < 2; k++) {
		for (nth = first; nth < MAX_FAILURES; nth += every) {
			if (!run_once(scenario, kinds[k].classes, nth))
				break;
			counts[k]++;
		}
		if (problems != before)
			break;
	}
	if (!counts[0] || !counts[1]) {
		printf("FAIL %s: no failure was met\n", scenario->name);
		problems++;
	}
	printf("%s: %" PRIu64 " %s and %" PRIu64 " %s failed in turn%s\n", scenario->name,
	       counts[0], kinds[0].name, counts[1], kinds[1].name,
	       problems == before ? "" : ": NOT survived");
	fflush(stdout);
	return problems - before;
}

static const char help[] = "Fails each allocation and each system call of each scenario in turn.\n"
			   "\n"
			   "%s"
			   "  --scenario NAME     only this one\n"
			   "  --every N           only every N-th failure, for slow machines\n"
			   "  --first N           and this one first\n"
			   "  --expect FILE       fail when the numbers of FILE's row are others\n"
			   "  --expect-row NAME   which row\n"
			   "\n"
			   "The last line is the result; the status is 0 when nothing failed.\n";

struct options {
	struct settings settings;
	const char *only;
	const char *expect;
	const char *row;
	uint64_t first;
	uint64_t every;
};

static bool has_value(struct options *options, const char *name, const char *value)
{
	if (strcmp(name, "--scenario") == 0)
		options->only = value;
	else if (strcmp(name, "--every") == 0)
		options->every = strtoull(value, NULL, 0);
	else if (strcmp(name, "--first") == 0)
		options->first = strtoull(value, NULL, 0);
	else if (strcmp(name, "--expect") == 0)
		options->expect = value;
	else if (strcmp(name, "--expect-row") == 0)
		options->row = value;
	else
		return false;
	return true;
}

/* @return -1 to go on, else the exit status */
static int parse(struct options *options, int argc, char **argv)
{
	int i, taken;

	for (i = 1; i < argc; i += taken) {
		if (strcmp(argv[i], "--help") == 0) {
			printf(help, settings_help);
			return 0;
		}
		if (i + 1 < argc && has_value(options, argv[i], argv[i + 1]))
			taken = 2;
		else
			taken = settings_option(&options->settings, argc - i, argv + i);
		if (!taken) {
			fprintf(stderr, "%s: unknown option; see --help\n", argv[i]);
			return 2;
		}
	}
	if (!options->first || !options->every) {
		fprintf(stderr, "--first and --every begin with 1\n");
		return 2;
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct options options = {
		.settings = { .backend = "mock" }, .row = "", .first = 1, .every = 1
	};
	unsigned int passed = 0, failed = 0, skipped = 0;
	const struct sweep_scenario *scenario;
	int status = parse(&options, argc, argv);

	if (status >= 0)
		return status;
	target = target_find(options.settings.backend);
	if (!target || !target->open(&options.settings)) {
		fprintf(stderr, "no target %s\n", options.settings.backend);
		return 2;
	}
	for (scenario = sweep_scenarios; scenario->name; scenario++) {
		if (options.only && strcmp(options.only, scenario->name) != 0)
			continue;
		if (target->alone_count < scenario->alone ||
		    target->member_count < scenario->members) {
			printf("skip %s: needs more devices\n", scenario->name);
			skipped++;
		} else if (sweep(scenario, options.first, options.every)) {
			failed++;
		} else {
			passed++;
		}
	}
	target->close();
	if (options.expect &&
	    !counts_expected(options.expect, options.row, passed + failed, skipped))
		failed++;
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed || !passed ? 1 : 0;
}
