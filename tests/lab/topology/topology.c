/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-topology [FILE]: the groups that the kernel has made, beside those that the mock makes from what the
 * devices say of themselves. FILE, without its comments, has to say the same of them.
 */
#include "facts.h"

#include "../tally.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS      "/sys/kernel/iommu_groups"
#define DEVICES_MAX 128
#define NAMES_MAX   2048
#define TEXT_MAX    512

static struct facts all[DEVICES_MAX];
static size_t count;

/* Members of a group, sorted, each with a blank behind it. */
struct names {
	char text[NAMES_MAX];
};

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void join(char (*names)[32], size_t n, struct names *out)
{
	size_t used = 0;

	qsort(names, n, sizeof(*names), by_name);
	out->text[0] = '\0';
	for (size_t i = 0; i < n && used < sizeof(out->text) - 34; i++)
		used += (size_t)sprintf(out->text + used, "%s ", names[i]);
}

static bool kernel_members(const char *id, struct names *out)
{
	char names[DEVICES_MAX][32], path[512];
	struct dirent *entry;
	size_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), GROUPS "/%.32s/devices", id);
	dir = opendir(path);
	while (dir && n < DEVICES_MAX && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			snprintf(names[n++], sizeof(names[0]), "%.31s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	join(names, n, out);
	return n;
}

static bool mock_members(struct libiommu_ctx *ctx, const char *device, uint32_t *id,
			 struct names *out)
{
	struct libiommu_group *group;
	char names[DEVICES_MAX][32];
	size_t n = 0;

	if (libiommu_group_of(ctx, device, &group, NULL))
		return false;
	for (size_t i = 0; i < libiommu_group_member_count(group) && i < DEVICES_MAX; i++) {
		struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;

		if (!libiommu_group_member(group, i, &member))
			snprintf(names[n++], sizeof(names[0]), "%.31s", member.name);
	}
	*id = libiommu_group_id(group);
	libiommu_group_unref(group);
	join(names, n, out);
	return n;
}

/* One case for each group of the kernel: its members, and its number. */
static size_t compare_groups(struct libiommu_ctx *ctx)
{
	struct dirent *entry;
	DIR *dir = opendir(GROUPS);
	size_t groups = 0;

	while (dir && (entry = readdir(dir))) {
		struct names kernel, mock = { "" };
		char first[32], what[NAMES_MAX + 32];
		uint32_t id = UINT32_MAX;

		if (entry->d_name[0] == '.')
			continue;
		groups++;
		snprintf(what, sizeof(what), "group %.16s has members", entry->d_name);
		if (!kernel_members(entry->d_name, &kernel)) {
			tally(false, what);
			continue;
		}
		snprintf(first, sizeof(first), "%.*s", (int)strcspn(kernel.text, " "), kernel.text);
		mock_members(ctx, first, &id, &mock);
		snprintf(what, sizeof(what), "group %.16s: %s", entry->d_name, kernel.text);
		if (!tally(!strcmp(kernel.text, mock.text) &&
				   id == strtoul(entry->d_name, NULL, 10),
			   what))
			printf("    the mock: group %u: %s\n", id, mock.text);
	}
	if (dir)
		closedir(dir);
	return groups;
}

/* What the kernel put nowhere belongs nowhere. */
static void compare_lone(struct libiommu_ctx *ctx)
{
	for (size_t i = 0; i < count; i++) {
		struct libiommu_group *group = NULL;
		struct libiommu_error *err = NULL;
		char path[512], what[64];
		DIR *dir;

		snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.15s/iommu_group", all[i].name);
		dir = opendir(path);
		if (dir) {
			closedir(dir);
			continue;
		}
		snprintf(what, sizeof(what), "%.15s has no group", all[i].name);
		libiommu_group_of(ctx, all[i].name, &group, &err);
		tally(libiommu_error_reason(err) == LIBIOMMU_REASON_NO_GROUP, what);
		libiommu_error_free(err);
		libiommu_group_unref(group);
	}
}

/* The next line that is no comment. */
static bool next_line(FILE *in, char line[TEXT_MAX])
{
	while (fgets(line, TEXT_MAX, in)) {
		if (line[0] != '#')
			return true;
	}
	line[0] = '\0';
	return false;
}

/* What the unit tests know of this machine is then what this kernel does. */
static void compare_text(const char *path, char *text)
{
	FILE *known = fopen(path, "r"), *seen = fmemopen(text, strlen(text), "r");
	char expected[TEXT_MAX], line[TEXT_MAX], what[512];
	bool same = known && seen, more = same;

	while (more) {
		more = next_line(known, expected);
		more |= next_line(seen, line);
		if (strcmp(expected, line) == 0)
			continue;
		printf("    the file: %s\n    here:     %s\n", expected, line);
		same = false;
	}
	if (known)
		fclose(known);
	if (seen)
		fclose(seen);
	snprintf(what, sizeof(what), "the devices are those of %.400s", path);
	tally(same, what);
}

static struct libiommu_ctx *make_mock(const char *path)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err = NULL;
	struct libiommu_ctx *ctx = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int rc;

	if (!out || !tally((count = facts_read(all, DEVICES_MAX)) > 0, "the devices are read"))
		return NULL;
	facts_write(all, count, out);
	fclose(out);
	fputs(text, stdout);
	if (path)
		compare_text(path, text);
	opts.backend = "mock";
	opts.config = text;
	rc = libiommu_ctx_new(&opts, &ctx, &err);
	tally_call(rc, err, "the mock takes what they say");
	free(text);
	return rc ? NULL : ctx;
}

int main(int argc, char **argv)
{
	struct libiommu_ctx *ctx = make_mock(argc > 1 ? argv[1] : NULL);
	size_t groups, mocked = 0;

	if (!ctx)
		return tally_end();
	groups = compare_groups(ctx);
	compare_lone(ctx);
	libiommu_group_ids(ctx, NULL, &mocked, NULL);
	tally(groups == mocked, "both have as many groups");
	printf("info: %zu devices in %zu groups\n", count, groups);
	libiommu_ctx_free(ctx);
	return tally_end();
}
