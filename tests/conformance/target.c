// SPDX-License-Identifier: BSD-2-Clause
#include "target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target *target;

const struct kernel_calls calls_of_type1 = {
	.node = "/dev/vfio/vfio",
	.missing = LIBIOMMU_REASON_VFIO_MISSING,
	.map = 0x3b71,
	.unmap = 0x3b72,
	.attach = 0x3b71,
	.map_name = "VFIO_IOMMU_MAP_DMA",
	.unmap_name = "VFIO_IOMMU_UNMAP_DMA",
	.unsafe = "/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
	.containers = true,
};

const struct kernel_calls calls_of_iommufd = {
	.node = "/dev/iommu",
	.missing = LIBIOMMU_REASON_NO_UAPI,
	.map = 0x3b85,
	.unmap = 0x3b86,
	.attach = 0x3b77,
	.map_name = "IOMMU_IOAS_MAP",
	.unmap_name = "IOMMU_IOAS_UNMAP",
	.unsafe = "/sys/module/iommufd/parameters/allow_unsafe_interrupts",
};

const char settings_help[] =
	"  --backend NAME      mock, vfio, iommufd, fake-vfio, fake-iommufd\n"
	"  --config TEXT|@FILE machine of the mock; options of iommufd\n"
	"  --personality NAME  change the default machine: strict, type1, iommufd, bare\n"
	"  --profile NAME      change the default machine's first IOMMU: its profile\n"
	"  --width BITS        and its address width\n"
	"  --ram POLICY        change the default machine: packed, identity, scattered, runs\n"
	"  --device BDF        first two: each alone in its group; others: members of one group\n"
	"  --plugin PATH       a backend from a shared object, named as its file\n"
	"  --plugin-config TEXT what the plugin gets as its configuration\n"
	"  --half-bound BDF    a device whose group has another member with a kernel driver\n"
	"  --kernel-bound BDF  a device with a kernel driver\n";

struct target *target_find(const char *name)
{
#ifdef CONFORMANCE_MOCK
	if (strcmp(name, target_mock.name) == 0)
		return &target_mock;
#endif
	if (strcmp(name, target_vfio.name) == 0)
		return &target_vfio;
	if (strcmp(name, target_iommufd.name) == 0)
		return &target_iommufd;
#ifdef CONFORMANCE_FAKE
	if (strcmp(name, target_fake.name) == 0)
		return &target_fake;
	if (strcmp(name, target_fake_iommufd.name) == 0)
		return &target_fake_iommufd;
#endif
	return NULL;
}

void target_devices(struct target *t, const struct settings *settings)
{
	size_t i;

	if (settings->device_count) {
		t->alone_count = 0;
		t->member_count = 0;
	}
	for (i = 0; i < settings->device_count; i++) {
		if (i < 2)
			t->alone[t->alone_count++] = settings->devices[i];
		else if (t->member_count < TARGET_MEMBERS)
			t->member[t->member_count++] = settings->devices[i];
	}
	if (settings->half_bound)
		t->half_bound = settings->half_bound;
	if (settings->kernel_bound)
		t->kernel_bound = settings->kernel_bound;
}

void target_plugin(struct target *t, const struct settings *settings)
{
	static char name[64];
	const char *file;

	if (!settings->plugin)
		return;
	file = strrchr(settings->plugin, '/');
	file = file ? file + 1 : settings->plugin;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "."), file);
	t->backend = name;
	t->plugin = true;
}

void target_plugin_options(const struct settings *settings, struct libiommu_ctx_options *opts)
{
	if (!settings->plugin)
		return;
	opts->plugin = settings->plugin;
	opts->config = settings->plugin_config;
}

/* The text itself, or what is in the file behind an @. Lives until the program ends. */
static const char *text_or_file(const char *argument)
{
	static char text[65536];
	FILE *file;
	size_t length;

	if (argument[0] != '@')
		return argument;
	file = fopen(argument + 1, "r");
	if (!file) {
		perror(argument + 1);
		exit(2);
	}
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	return text;
}

int settings_option(struct settings *settings, int argc, char **argv)
{
	const char *value = argc > 1 ? argv[1] : NULL;

	if (!value)
		return 0;
	if (strcmp(argv[0], "--backend") == 0)
		settings->backend = value;
	else if (strcmp(argv[0], "--config") == 0)
		settings->config = text_or_file(value);
	else if (strcmp(argv[0], "--personality") == 0)
		settings->personality = value;
	else if (strcmp(argv[0], "--profile") == 0)
		settings->profile = value;
	else if (strcmp(argv[0], "--width") == 0)
		settings->width = value;
	else if (strcmp(argv[0], "--ram") == 0)
		settings->ram = value;
	else if (strcmp(argv[0], "--plugin") == 0)
		settings->plugin = value;
	else if (strcmp(argv[0], "--plugin-config") == 0)
		settings->plugin_config = value;
	else if (strcmp(argv[0], "--half-bound") == 0)
		settings->half_bound = value;
	else if (strcmp(argv[0], "--kernel-bound") == 0)
		settings->kernel_bound = value;
	else if (strcmp(argv[0], "--device") == 0 &&
		 settings->device_count < TARGET_ALONE + TARGET_MEMBERS)
		settings->devices[settings->device_count++] = value;
	else
		return 0;
	return 2;
}

/* What the file says of a row: itself, or "ROW as OTHER", which may skip some more. */
static bool find_row(FILE *file, const char *row, unsigned int *run, unsigned int *skipped)
{
	char line[256], name[64], other[64];
	unsigned int more;

	rewind(file);
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s", name) != 1 || strcmp(name, row) != 0)
			continue;
		if (sscanf(line, "%*s run=%u skipped=%u", run, skipped) == 2)
			return true;
		more = 0;
		if (sscanf(line, "%*s as %63s skipping=%u", other, &more) < 1 ||
		    strcmp(other, row) == 0 || !find_row(file, other, run, skipped) || more > *run)
			return false;
		*run -= more;
		*skipped += more;
		return true;
	}
	return false;
}

bool counts_expected(const char *path, const char *row, unsigned int run, unsigned int skipped)
{
	unsigned int want_run = 0, want_skipped = 0;
	FILE *file = fopen(path, "r");
	bool found;

	if (!file) {
		perror(path);
		return false;
	}
	found = find_row(file, row, &want_run, &want_skipped);
	fclose(file);
	if (!found)
		printf("FAIL row %s is not in %s: run=%u skipped=%u\n", row, path, run, skipped);
	else if (want_run == run && want_skipped == skipped)
		return true;
	else
		printf("FAIL row %s: run=%u skipped=%u, expected run=%u skipped=%u\n", row, run,
		       skipped, want_run, want_skipped);
	return false;
}
