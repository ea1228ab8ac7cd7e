// SPDX-License-Identifier: BSD-2-Clause
/* The program; tests/bench/run makes a table of what it says, a row per line, tabs between. */
#include "bench.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Caches are of one processor; the threads that come later go where they like. */
static void stay_here(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*run)(void);
	} parts[] = {
		{ "promises", promises },
		{ "times", times },
		{ "any", any },
		{ "lookups", lookups },
	};

	if (argc == 5 && !strcmp(argv[1], "count"))
		return !count(argv[2], strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
	tiny = argc == 3 && !strcmp(argv[2], "--tiny");
	for (size_t i = 0; argc >= 2 && i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(argv[1], parts[i].name) != 0)
			continue;
		if (parts[i].run != promises)
			stay_here();
		return !parts[i].run();
	}
	fprintf(stderr,
		"usage: %s promises|times|any|lookups [--tiny] | count "
		"map|unmap|any|floor_map|floor_unmap LIVE CALLS\n",
		argv[0]);
	return 2;
}
