/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * same --backend mock --against FILE: the steps on the mock, compared with what a kernel's were.
 * same --backend iommufd --against FILE: on the kernel's test devices and on the mock, compared with
 * each other, and with what the kernel's were when they were written down.
 */
#include "tests/same/same.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static char *fresh_memory(void)
{
	char *memory = mmap(NULL, SAME_PAGES * SAME_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	madvise(memory, SAME_PAGES * SAME_PAGE, MADV_NOHUGEPAGE);
	for (unsigned int page = 0; page < SAME_PAGES; page++)
		memset(memory + page * SAME_PAGE, (int)(page + 1), SAME_PAGE);
	return memory;
}

static void run(const char *scenario, void (*steps)(struct same *s), const struct same_world *world,
		struct same_log *log)
{
	struct same s = { .world = world, .log = log, .scenario = scenario };

	s.memory = fresh_memory();
	s.ctx = world->begin();
	if (!s.ctx)
		exit(1);
	steps(&s);
	libiommu_ctx_free(s.ctx);
	munmap(s.memory, SAME_PAGES * SAME_PAGE);
}

/* Ends the program when there is no such world here. */
static struct same_log *run_all(const struct same_world *world)
{
	struct same_log *log = same_log_new(world->name);

	run("maps", same_maps, world, log);
	run("attachments", same_attachments, world, log);
	run("pasids", same_pasids, world, log);
	run("stages", same_stages, world, log);
	run("faults", same_faults, world, log);
	return log;
}

static const char *option(int argc, char **argv, const char *name)
{
	for (int i = 1; i + 1 < argc; i += 2)
		if (!strcmp(argv[i], name))
			return argv[i + 1];
	fprintf(stderr, "%s is missing\n", name);
	exit(2);
}

static void add(struct same_result *sum, struct same_result more)
{
	sum->compared += more.compared;
	sum->differ += more.differ;
	sum->accepted += more.accepted;
}

int main(int argc, char **argv)
{
	const bool kernels = !strcmp(option(argc, argv, "--backend"), "iommufd");
	struct same_log *file = same_log_new("file"), *mock, *kernel;
	struct same_result sum = { 0 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!same_log_read(file, option(argc, argv, "--against")))
		return 1;
	mock = run_all(&same_mock);
	if (kernels) {
		kernel = run_all(&same_kernel);
		add(&sum, same_compare(kernel, file));
		add(&sum, same_compare(kernel, mock));
		free(kernel);
	} else {
		add(&sum, same_compare(file, mock));
	}
	free(mock);
	free(file);
	printf("info: %u steps, %u differ, %u accepted\n", sum.compared, sum.differ, sum.accepted);
	printf("%u passed, %u failed, %u skipped\n", sum.compared - sum.differ - sum.accepted,
	       sum.differ, sum.accepted);
	return sum.differ || !sum.compared;
}
