/* SPDX-License-Identifier: BSD-2-Clause */
/* Trees that somebody hostile made: what is told of them is what callers may rely on. */
#include "lib/sysfs.h"
#include "sysfs_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

struct told {
	struct libiommu_failure failure;
	uint32_t groups[16];
	size_t count;
	char member[LIBIOMMU_SYSFS_NAME];
};

/* A refusal has a reason, whose errno it is. */
static int judge(struct told *told, int rc)
{
	must(rc <= 0);
	if (rc) {
		must(told->failure.reason != LIBIOMMU_REASON_NONE);
		must(rc == -libiommu_reason_errno(told->failure.reason));
		must(strlen(told->failure.subject) < sizeof(told->failure.subject));
	}
	memset(&told->failure, 0, sizeof(told->failure));
	return rc;
}

static void must_print(const char *text)
{
	must(strlen(text) < LIBIOMMU_SYSFS_NAME);
	for (; *text; text++)
		must(*text >= 0x20 && *text <= 0x7e);
}

static int take_group(void *data, uint32_t id, struct libiommu_failure *failure)
{
	struct told *told = data;

	(void)failure;
	if (told->count < 16)
		told->groups[told->count++] = id;
	return 0;
}

static int take_member(void *data, const struct libiommu_group_member *member,
		       struct libiommu_failure *failure)
{
	struct told *told = data;

	(void)failure;
	must(libiommu_sysfs_name_valid(member->name));
	must_print(member->bus);
	must_print(member->driver);
	must(member->class_code <= 0xffffff && member->vendor <= 0xffff);
	must(member->bridge == (member->class_code >> 16 == 6) && member->device <= 0xffff);
	must(member->blocks == libiommu_sysfs_driver_blocks(member->driver));
	strcpy(told->member, member->name);
	return 0;
}

static int take_region(void *data, const struct libiommu_reserved *region,
		       struct libiommu_failure *failure)
{
	(void)data;
	(void)failure;
	must(region->range.start <= region->range.last);
	return 0;
}

static void read_group(const struct libiommu_sysfs *fs, uint32_t id, struct told *told)
{
	struct libiommu_sysfs_group group;
	char text[LIBIOMMU_SYSFS_NAME];

	if (judge(told, libiommu_sysfs_group_open(fs, id, &group, &told->failure)))
		return;
	libiommu_sysfs_group_text(&group, "type", text);
	must_print(text);
	libiommu_sysfs_group_text(&group, "name", text);
	must_print(text);
	judge(told, libiommu_sysfs_group_members(&group, take_member, told, &told->failure));
	judge(told, libiommu_sysfs_group_reserved(&group, take_region, told, &told->failure));
	libiommu_sysfs_group_close(&group);
}

static void read_device(const struct libiommu_sysfs *fs, const char *name, struct told *told)
{
	char node[LIBIOMMU_SYSFS_NAME];
	uint32_t id;

	if (!judge(told, libiommu_sysfs_group_of(fs, name, &id, &told->failure)))
		read_group(fs, id, told);
	if (!judge(told, libiommu_sysfs_vfio_node(fs, name, node, &told->failure)))
		must(!*node || (!strncmp(node, "vfio", 4) && !strchr(node, '/')));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tree tree;
	struct told told = { .count = 0 };
	struct libiommu_sysfs fs = { &tree.sys, NULL, tree_root() };

	tree_make(&tree, (const char *)data, size);
	judge(&told, libiommu_sysfs_groups(&fs, take_group, &told, &told.failure));
	for (size_t i = 0; i < told.count; i++)
		read_group(&fs, told.groups[i], &told);
	read_device(&fs, "0000:3b:00.0", &told);
	read_device(&fs, "fe804000.usb", &told);
	if (told.member[0])
		read_device(&fs, told.member, &told);
	must(!tree_open_fds(&tree));
	return 0;
}
