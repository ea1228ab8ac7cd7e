/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PCI "/sys/bus/pci"

/* The answer is one line: "ok ..." or "failed ...". */
static bool read_answer(int fd, char *line, size_t size)
{
	size_t used = 0;

	while (used < size - 1) {
		ssize_t got = read(fd, line + used, 1);

		if (got < 0 && errno == EINTR)
			continue;
		if (got != 1 || line[used] == '\n')
			break;
		used++;
	}
	line[used] = '\0';
	return used;
}

bool ask_host(const char *what)
{
	char line[512];
	int fd = open("/dev/console", O_RDWR | O_CLOEXEC | O_NOCTTY), length;
	bool ok;

	if (fd < 0)
		return false;
	fflush(stdout);
	length = snprintf(line, sizeof(line), "\n@lab host %s\n", what);
	ok = write(fd, line, (size_t)length) == length && read_answer(fd, line, sizeof(line)) &&
	     !strncmp(line, "ok", 2);
	close(fd);
	if (!ok)
		printf("the host, asked for %s: %s\n", what, line);
	return ok;
}

bool write_sysfs(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t length = (ssize_t)strlen(text);
	bool ok = fd >= 0 && write(fd, text, (size_t)length) == length;

	if (!ok)
		printf("%s: %s: %s\n", path, text, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ok;
}

void driver_of(const char *device, char *driver, size_t size)
{
	char path[256], target[PATH_MAX];
	ssize_t length;

	driver[0] = '\0';
	snprintf(path, sizeof(path), PCI "/devices/%.63s/driver", device);
	length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return;
	target[length] = '\0';
	snprintf(driver, size, "%s", strrchr(target, '/') + 1);
}

bool unbind_driver(const char *device)
{
	char path[256];

	snprintf(path, sizeof(path), PCI "/devices/%.63s/driver/unbind", device);
	return write_sysfs(path, device);
}

bool bind_driver(const char *device, const char *driver)
{
	char path[256], now[64];

	snprintf(path, sizeof(path), PCI "/devices/%.63s/driver_override", device);
	if (!write_sysfs(path, driver) || !write_sysfs(PCI "/drivers_probe", device))
		return false;
	driver_of(device, now, sizeof(now));
	return !strcmp(now, driver);
}

bool is_there(const char *device)
{
	char path[256];

	snprintf(path, sizeof(path), PCI "/devices/%.63s", device);
	return !access(path, F_OK);
}

bool wait_there(const char *device, bool there, int seconds)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };

	for (int i = 0; i < seconds * 10 && is_there(device) != there; i++)
		nanosleep(&pause, NULL);
	return is_there(device) == there;
}
