/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/selftest/nth.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int counter = -1;
static unsigned int left;
static bool armed;

static bool set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, value, strlen(value)) == (ssize_t)strlen(value);

	if (fd >= 0)
		close(fd);
	return done;
}

bool nth_init(void)
{
	/* Allocations that may wait are spared unless one says so; and each failure would be told
	 * with a trace. */
	bool done = set("/sys/kernel/debug/failslab/ignore-gfp-wait", "N") &&
		    set("/sys/kernel/debug/failslab/verbose", "0") &&
		    set("/sys/kernel/debug/fail_iommufd/verbose", "0");

	counter = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	return done && counter >= 0;
}

void nth_arm(unsigned int n)
{
	left = n;
	armed = n;
}

bool nth_fired(void)
{
	return armed && !left;
}

static void put(unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	if (pwrite(counter, text, (size_t)length, 0) != length)
		perror("fail-nth");
}

void nth_enter(void)
{
	if (left)
		put(left);
}

void nth_leave(void)
{
	char text[16] = "";

	if (!left)
		return;
	if (pread(counter, text, sizeof(text) - 1, 0) < 0)
		perror("fail-nth");
	left = (unsigned int)strtoul(text, NULL, 10);
	put(0);
}
