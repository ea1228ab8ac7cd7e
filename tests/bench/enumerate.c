// SPDX-License-Identifier: BSD-2-Clause
/* All groups of a large machine, read from its tree, beside bare loops over the same files. */
#include "bench.h"

#include <libiommu/mock.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PORTS 250u

struct size {
	unsigned int groups, devices;
};

static char root[64];
static int tree_fd;

/* Processor time, the kernel's as well: others may be at work on the machine. */
static double spent_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void drop_tree(void)
{
	nftw(root, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_folder(void)
{
	/* In memory, as /sys is. */
	strcpy(root, "/dev/shm/libiommu-bench-XXXXXX");
	if (!mkdtemp(root)) {
		strcpy(root, "/tmp/libiommu-bench-XXXXXX");
		must(mkdtemp(root) ? 0 : -errno, "a folder");
	}
	atexit(drop_tree);
	tree_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(tree_fd < 0, "the folder's descriptor");
}

/* Devices below many ports, dealt out to the groups in turn. */
static char *describe(struct size size)
{
	const size_t room = 128 + PORTS * 64 + (size_t)size.devices * 96;
	char *text = malloc(room), *end = text;

	must(text ? 0 : -1, "memory");
	end += sprintf(end, "iommu dmar0 intel-vtd\nhost-bridge 0000:00\n");
	for (unsigned int i = 0; i < PORTS; i++)
		end += sprintf(end,
			       "device 0000:00:%02x.%u type=root-port bus=%02x driver=pcieport\n",
			       i / 8, i % 8, i + 1);
	for (unsigned int i = 0; i < size.devices; i++) {
		unsigned int devfn = i / PORTS;

		end += sprintf(
			end,
			"device 0000:%02x:%02x.%u iommu=dmar0 group=%u driver=%s class=020000 "
			"id=8086:1592\n",
			i % PORTS + 1, devfn / 8, devfn % 8, i % size.groups,
			i % 3 ? "ice" : "vfio-pci");
	}
	return text;
}

static void write_tree(struct size size)
{
	struct libiommu_mock_machine *machine;
	char *text = describe(size);
	double start;

	must(libiommu_mock_machine_new(text, &machine, NULL), "a machine");
	free(text);
	start = spent_ms();
	must(libiommu_mock_write_sysfs(machine, NULL, tree_fd, NULL), "its tree");
	row("the mock writes it", spent_ms() - start, "ms", NULL, 0);
	libiommu_mock_machine_free(machine);
}

struct figures {
	size_t groups, members;
};

static struct figures read_all(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_passed passed = LIBIOMMU_PASSED_INIT;
	struct figures seen = { 0, 0 };
	struct libiommu_group *group;
	struct libiommu_ctx *ctx;
	uint32_t ids[8192];

	passed.sysfs = tree_fd;
	opts.backend = "vfio";
	opts.passed = &passed;
	seen.groups = sizeof(ids) / sizeof(ids[0]);
	must(libiommu_ctx_new(&opts, &ctx, NULL), "a context");
	must(libiommu_group_ids(ctx, ids, &seen.groups, NULL), "the groups");
	for (size_t i = 0; i < seen.groups; i++) {
		must(libiommu_group_get(ctx, ids[i], &group, NULL), "a group");
		seen.members += libiommu_group_member_count(group);
		libiommu_group_unref(group);
	}
	libiommu_ctx_free(ctx);
	return seen;
}

static void bare_file(int folder, const char *path)
{
	char text[4096];
	int fd = openat(folder, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	must(read(fd, text, sizeof(text)) < 0, path);
	close(fd);
}

static void bare_device(int folder, const char *name)
{
	static const char *const files[] = { "class", "vendor", "device" };
	char path[300], target[256];

	snprintf(path, sizeof(path), "%s/driver", name);
	must(readlinkat(folder, path, target, sizeof(target)) < 0, path);
	snprintf(path, sizeof(path), "%s/subsystem", name);
	must(readlinkat(folder, path, target, sizeof(target)) < 0, path);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", name, files[i]);
		bare_file(folder, path);
	}
}

static DIR *bare_folder(int folder, const char *path)
{
	DIR *list = fdopendir(openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	must(list ? 0 : -errno, path);
	return list;
}

static struct figures bare_loops(void)
{
	DIR *groups = bare_folder(tree_fd, "kernel/iommu_groups");
	struct figures seen = { 0, 0 };
	struct dirent *group, *device;

	while ((group = readdir(groups))) {
		int folder;
		DIR *devices;

		if (group->d_name[0] == '.')
			continue;
		seen.groups++;
		folder = openat(dirfd(groups), group->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		bare_file(folder, "type");
		bare_file(folder, "name");
		devices = bare_folder(folder, "devices");
		while ((device = readdir(devices))) {
			if (device->d_name[0] == '.')
				continue;
			seen.members++;
			bare_device(dirfd(devices), device->d_name);
		}
		closedir(devices);
		bare_file(folder, "reserved_regions");
		close(folder);
	}
	closedir(groups);
	return seen;
}

static double time_of(struct figures (*what)(void), struct size size)
{
	double start = spent_ms();
	struct figures seen = what();

	must(seen.groups != size.groups || seen.members != size.devices, "all of them");
	return spent_ms() - start;
}

static void compare(struct size size)
{
	double times[7], bare[7];
	char name[64];
	int count = REPETITIONS;

	/* In turns, so that both have the same neighbours. */
	for (int i = 0; i < count; i++) {
		times[i] = time_of(read_all, size);
		bare[i] = time_of(bare_loops, size);
	}
	snprintf(name, sizeof(name), "%u groups, %u devices", size.groups, size.devices);
	row(name, median(times, (size_t)count), "ms", "bare loops", median(bare, (size_t)count));
}

int main(int argc, char **argv)
{
	struct size size = { 4096, 10000 };

	tiny = argc == 2 && !strcmp(argv[1], "--tiny");
	if (tiny)
		size = (struct size){ 16, 40 };
	make_folder();
	write_tree(size);
	compare(size);
	return 0;
}
