/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups and devices as they are read from a folder that looks like sysfs, or nearly so. */
#include "lib/sysfs.h"
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];
static struct libiommu_sysfs fs;
static struct libiommu_failure failure;

/* Like mkdir -p for everything but the last component. */
static void make_parents(char *path)
{
	for (char *at = path + strlen(root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		if (mkdir(path, 0700))
			ck_assert_int_eq(errno, EEXIST);
		*at = '/';
	}
}

static void file(const char *name, const char *text)
{
	char path[512];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_parents(path);
	out = fopen(path, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
}

static void symbolic(const char *name, const char *target)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_parents(path);
	ck_assert_int_eq(symlink(target, path), 0);
}

#define GROUP7 "kernel/iommu_groups/7"

static void device(const char *name, const char *group, const char *class, const char *driver)
{
	char path[256], target[256];

	snprintf(path, sizeof(path), "devices/%s/class", name);
	file(path, class);
	snprintf(path, sizeof(path), "devices/%s/vendor", name);
	file(path, "0x8086\n");
	snprintf(path, sizeof(path), "devices/%s/device", name);
	file(path, "garbage\n");
	snprintf(path, sizeof(path), "devices/%s/subsystem", name);
	symbolic(path, "../../bus/pci");
	snprintf(path, sizeof(path), "devices/%s/driver", name);
	snprintf(target, sizeof(target), "../../bus/pci/drivers/%s", driver);
	if (*driver)
		symbolic(path, target);
	snprintf(path, sizeof(path), "bus/pci/devices/%s", name);
	snprintf(target, sizeof(target), "../../../devices/%s", name);
	symbolic(path, target);
	if (!group)
		return;
	snprintf(path, sizeof(path), "devices/%s/iommu_group", name);
	snprintf(target, sizeof(target), "../../kernel/iommu_groups/%s", group);
	symbolic(path, target);
	snprintf(path, sizeof(path), "kernel/iommu_groups/%s/devices/%s", group, name);
	snprintf(target, sizeof(target), "../../../../devices/%s", name);
	symbolic(path, target);
}

static void set_up(void)
{
	strcpy(root, "/tmp/libiommu-sysfs-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	fs = (struct libiommu_sysfs){ libiommu_sys_default(), root, -1 };
	memset(&failure, 0, sizeof(failure));
}

/* The same through a descriptor, as a program has it that may open no paths. */
static void set_up_directory(void)
{
	set_up();
	fs.directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fs.directory, 0);
	fs.root = NULL;
}

static void tear_down(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	ck_assert_int_eq(system(command), 0);
	if (fs.directory >= 0)
		close(fs.directory);
}

static int count_id(void *data, uint32_t id, struct libiommu_failure *f)
{
	(void)f;
	*(uint64_t *)data += id;
	return id == 99 ? -ENODEV : 0;
}

START_TEST(groups)
{
	uint64_t sum = 0;

	ck_assert_int_eq(libiommu_sysfs_groups(&fs, count_id, &sum, &failure), 0);
	file("kernel/iommu_groups/7/type", "DMA\n");
	file("kernel/iommu_groups/4294967295/type", "DMA\n");
	file("kernel/iommu_groups/4294967296/type", "DMA\n");
	file("kernel/iommu_groups/8x/type", "DMA\n");
	file("kernel/iommu_groups/-1/type", "DMA\n");
	ck_assert_int_eq(libiommu_sysfs_groups(&fs, count_id, &sum, &failure), 0);
	ck_assert_uint_eq(sum, 7ull + UINT32_MAX);
	file("kernel/iommu_groups/99/type", "DMA\n");
	ck_assert_int_eq(libiommu_sysfs_groups(&fs, count_id, &sum, &failure), -ENODEV);
}
END_TEST

static int type_of(const struct libiommu_sysfs *tree, uint32_t id, char type[LIBIOMMU_SYSFS_NAME])
{
	struct libiommu_sysfs_group group;
	int rc = libiommu_sysfs_group_open(tree, id, &group, &failure);

	if (rc)
		return rc;
	libiommu_sysfs_group_text(&group, "type", type);
	libiommu_sysfs_group_close(&group);
	return 0;
}

START_TEST(types)
{
	char type[LIBIOMMU_SYSFS_NAME], text[128];

	ck_assert_int_eq(type_of(&fs, 7, type), -ENOENT);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_GROUP_UNKNOWN);
	file(GROUP7 "/name", "\n");
	ck_assert_int_eq(type_of(&fs, 7, type), 0);
	ck_assert_str_eq(type, "");
	file(GROUP7 "/type", "DMA-FQ\n");
	ck_assert_int_eq(type_of(&fs, 7, type), 0);
	ck_assert_str_eq(type, "DMA-FQ");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	file(GROUP7 "/type", text);
	ck_assert_int_eq(type_of(&fs, 7, type), 0);
	ck_assert_str_eq(type, "");
}
END_TEST

START_TEST(names)
{
	static const char *const good[] = {
		"0000:3b:00.0",       "0000:3B:1f.7", "10000:e1:00.0", "fd000000.ethernet",
		"arm-smmu-v3.0.auto", "ARMH0011:00",  "dprc.1",        "soc@0:dma"
	};
	static const char *const bad[] = { "",
					   ".",
					   "..",
					   "3b:00.0",
					   "0000:3b:00",
					   "0000:3b:00.8",
					   "0000:3b:00.0/x",
					   "a/b",
					   "a b",
					   "a\n",
					   "0000:3b:00.00",
					   "000000000:3b:00.0",
					   "::",
					   "\xff" };
	char name[128];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(libiommu_sysfs_name_valid(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!libiommu_sysfs_name_valid(bad[i]), "%s", bad[i]);
	memset(name, 'x', sizeof(name));
	name[LIBIOMMU_SYSFS_NAME] = '\0';
	ck_assert(!libiommu_sysfs_name_valid(name));
	name[LIBIOMMU_SYSFS_NAME - 1] = '\0';
	ck_assert(libiommu_sysfs_name_valid(name));
}
END_TEST

START_TEST(drivers)
{
	static const char *const harmless[] = {
		"", "vfio-pci", "vfio-platform", "mlx5_vfio_pci", "pci-stub", "pcieport"
	};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		ck_assert(!libiommu_sysfs_driver_blocks(harmless[i]));
	ck_assert(libiommu_sysfs_driver_blocks("nvme"));
	ck_assert(libiommu_sysfs_driver_blocks("lpc_ich"));
	ck_assert(!libiommu_sysfs_driver_is_vfio("pci-stub"));
}
END_TEST

static int group_of(const char *name, uint32_t *id)
{
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_group_of(&fs, name, id, &failure);
}

START_TEST(group_of_device)
{
	uint32_t id = 0;

	device("0000:3b:00.0", "7", "0x010802\n", "nvme");
	device("0000:3c:00.0", NULL, "0x010802\n", "nvme");
	device("0000:3d:00.0", NULL, "0x010802\n", "nvme");
	symbolic("devices/0000:3d:00.0/iommu_group", "../../kernel/iommu_groups/many");
	device("0000:3e:00.0", NULL, "0x010802\n", "nvme");
	file("devices/0000:3e:00.0/iommu_group", "no link\n");
	file("bus/platform/devices/serial.1/uevent", "");
	symbolic("bus/platform/devices/serial.1/iommu_group", "../../../../kernel/iommu_groups/12");
	ck_assert_int_eq(group_of("0000:3b:00.0", &id), 0);
	ck_assert_uint_eq(id, 7);
	ck_assert_int_eq(group_of("serial.1", &id), 0);
	ck_assert_uint_eq(id, 12);
	ck_assert_int_eq(group_of("0000:3c:00.0", &id), -ENODEV);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_NO_GROUP);
	ck_assert_int_eq(group_of("0000:3d:00.0", &id), -EIO);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_SYSFS);
	ck_assert_int_eq(group_of("0000:3e:00.0", &id), -EIO);
	ck_assert_int_eq(group_of("0000:3f:00.0", &id), -ENODEV);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_DEVICE_UNKNOWN);
	ck_assert_int_eq(group_of("serial.2", &id), -ENODEV);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_DEVICE_UNKNOWN);
	ck_assert_int_eq(group_of("../serial.1", &id), -EINVAL);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_BAD_NAME);
	/* A link that leads in a circle. */
	symbolic("bus/pci/devices/0000:40:00.0", "0000:40:00.0");
	ck_assert_int_eq(group_of("0000:40:00.0", &id), -EIO);
	ck_assert_int_eq(failure.kernel_errno, ELOOP);
}
END_TEST

static struct libiommu_group_member seen[8];
static char strings[8][2][LIBIOMMU_SYSFS_NAME];
static size_t seen_count;

static int see(void *data, const struct libiommu_group_member *member, struct libiommu_failure *f)
{
	size_t i = seen_count++;

	(void)data;
	(void)f;
	ck_assert_uint_lt(i, 8);
	strcpy(strings[i][0], member->name);
	strcpy(strings[i][1], member->driver);
	seen[i] = *member;
	seen[i].name = strings[i][0];
	seen[i].driver = strings[i][1];
	ck_assert_str_eq(member->bus, "pci");
	ck_assert_uint_eq(member->vendor, 0x8086);
	ck_assert_uint_eq(member->device, 0);
	return 0;
}

static const struct libiommu_group_member *member_named(const char *name)
{
	for (size_t i = 0; i < seen_count; i++)
		if (!strcmp(seen[i].name, name))
			return &seen[i];
	ck_abort_msg("%s was not seen", name);
	return NULL;
}

START_TEST(members)
{
	const struct libiommu_group_member *member;

	seen_count = 0;
	ck_assert_int_eq(libiommu_sysfs_members(&fs, 7, see, NULL, &failure), -ENOENT);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_GROUP_UNKNOWN);
	device("0000:00:1c.0", "7", "0x060400\n", "pcieport");
	device("0000:01:00.0", "7", "0x010802\n", "nvme");
	device("0000:01:00.1", "7", "0x12345678901234567890\n", "vfio-pci");
	device("0000:00:1f.0", "7", "0x060100\n", "lpc_ich");
	device("0000:00:1f.1", "7", "no number\n", "");
	ck_assert_int_eq(libiommu_sysfs_members(&fs, 7, see, NULL, &failure), 0);
	ck_assert_uint_eq(seen_count, 5);
	member = member_named("0000:00:1c.0");
	ck_assert(member->bridge && !member->blocks);
	member = member_named("0000:01:00.0");
	ck_assert(!member->bridge && member->blocks);
	ck_assert_str_eq(member->driver, "nvme");
	ck_assert_uint_eq(member->class_code, 0x010802);
	member = member_named("0000:01:00.1");
	ck_assert(!member->blocks && !member->class_code);
	member = member_named("0000:00:1f.0");
	ck_assert(member->bridge && member->blocks);
	member = member_named("0000:00:1f.1");
	ck_assert(!member->blocks && !member->driver[0]);
	symbolic(GROUP7 "/devices/bad name", "nowhere");
	seen_count = 0;
	ck_assert_int_eq(libiommu_sysfs_members(&fs, 7, see, NULL, &failure), -EIO);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_SYSFS);
}
END_TEST

static struct libiommu_reserved reserved[8];
static size_t reserved_count;

static int keep_reserved(void *data, const struct libiommu_reserved *r, struct libiommu_failure *f)
{
	(void)data;
	(void)f;
	ck_assert_uint_lt(reserved_count, 8);
	reserved[reserved_count++] = *r;
	return 0;
}

static int read_reserved(const char *text)
{
	if (text)
		file(GROUP7 "/reserved_regions", text);
	reserved_count = 0;
	return libiommu_sysfs_reserved(&fs, 7, keep_reserved, NULL, &failure);
}

START_TEST(reserved_regions)
{
	static const char *const bad[] = {
		"x\n",
		"0x1\n",
		"0x1 0x2\n",
		"0x1 0x2 \n",
		"0x2 0x1 msi\n",
		"1 2 msi\n",
		"0x 0x msi\n",
		"0x10000000000000001 0x2 msi\n",
		"\n0x0000000000001000 0x0000000000001fff msi\n",
		"0x1000  0x1fff msi\n",
	};
	char text[16384];

	ck_assert_int_eq(read_reserved(NULL), -ENOENT);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_GROUP_UNKNOWN);
	file(GROUP7 "/type", "DMA\n");
	ck_assert_int_eq(read_reserved(NULL), 0);
	ck_assert_int_eq(read_reserved(""), 0);
	ck_assert_uint_eq(reserved_count, 0);
	ck_assert_int_eq(read_reserved("0x0000000000000000 0x0000000000ffffff direct\n"
				       "0x0000000001000000 0x0000000001ffffff direct-relaxable\n"
				       "0x00000000fee00000 0x00000000feefffff msi\n"
				       "0x000000fd00000000 0x000000ffffffffff reserved\n"
				       "0xffffffffffff0000 0xffffffffffffffff dance\n"),
			 0);
	ck_assert_uint_eq(reserved_count, 5);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(reserved[i].type, LIBIOMMU_RESERVED_DIRECT + i);
	ck_assert_int_eq(reserved[2].type, LIBIOMMU_RESERVED_MSI);
	ck_assert_int_eq(reserved[3].type, LIBIOMMU_RESERVED_RESERVED);
	ck_assert_int_eq(reserved[4].type, LIBIOMMU_RESERVED_UNKNOWN);
	ck_assert_uint_eq(reserved[4].range.last, UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(read_reserved(bad[i]) == -EIO, "%s", bad[i]);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(read_reserved(text), -EIO);
}
END_TEST

/* A folder whose records are made up. */
static struct {
	const char *bytes;
	size_t length;
	bool again; /* the same for ever */
} folder;

static int64_t made_up(void *data, int fd, void *buffer, size_t length)
{
	size_t n = folder.length;

	(void)data;
	(void)fd;
	ck_assert_uint_le(n, length);
	memcpy(buffer, folder.bytes, n);
	if (!folder.again)
		folder.length = 0;
	return (int64_t)n;
}

static int list(const char *bytes, size_t length, bool again)
{
	struct libiommu_sys sys = *libiommu_sys_default();
	struct libiommu_sysfs made = { &sys, fs.root, fs.directory };
	uint64_t sum = 0;

	sys.getdents = made_up;
	folder.bytes = bytes;
	folder.length = length;
	folder.again = again;
	return libiommu_sysfs_groups(&made, count_id, &sum, &failure);
}

START_TEST(folders)
{
	/* inode, offset, length, type, name */
	char record[48] = { [16] = 24, [19] = '7', [40] = 24, [43] = '8' };

	file("kernel/iommu_groups/7/type", "DMA\n");
	ck_assert_int_eq(list(record, 48, false), 0);
	ck_assert_int_eq(list(record, 24, false), 0);
	ck_assert_int_eq(list(record, 24, true), -EIO);
	ck_assert_int_eq(list(record, 47, false), -EIO);
	ck_assert_int_eq(list(record, 19, false), -EIO);
	memset(record + 19, '7', 5);
	ck_assert_int_eq(list(record, 24, false), -EIO);
	memset(record + 20, 0, 4);
	record[16] = 0;
	ck_assert_int_eq(list(record, 24, false), -EIO);
	record[16] = 127;
	ck_assert_int_eq(list(record, 24, false), -EIO);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_SYSFS);
}
END_TEST

START_TEST(texts)
{
	char out[16];

	file("a", "hello\n");
	ck_assert_int_eq(libiommu_sysfs_read(&fs, "a", out, sizeof(out)), 5);
	ck_assert_str_eq(out, "hello");
	ck_assert_int_eq(libiommu_sysfs_read(&fs, "a", out, 6), -EIO);
	ck_assert_int_eq(libiommu_sysfs_read(&fs, "a", out, 7), 5);
	ck_assert_int_eq(libiommu_sysfs_read(&fs, "b", out, sizeof(out)), -ENOENT);
	symbolic("l", "x/");
	ck_assert_int_eq(libiommu_sysfs_link(&fs, "l", out, sizeof(out)), -EIO);
	symbolic("m", "x/0123456789abcdef");
	ck_assert_int_eq(libiommu_sysfs_link(&fs, "m", out, sizeof(out)), -EIO);
	symbolic("n", "plain");
	ck_assert_int_eq(libiommu_sysfs_link(&fs, "n", out, sizeof(out)), 5);
	ck_assert_int_eq(libiommu_sysfs_link(&fs, "a", out, sizeof(out)), -EINVAL);
}
END_TEST

START_TEST(without_a_tree)
{
	const struct libiommu_sysfs none = { libiommu_sys_default(), NULL, -1 };
	char text[LIBIOMMU_SYSFS_NAME];
	uint64_t sum = 0;
	uint32_t id;

	file("a", "hello\n");
	ck_assert_int_eq(libiommu_sysfs_read(&none, "a", text, sizeof(text)), -EBADF);
	ck_assert_int_eq(libiommu_sysfs_link(&none, "a", text, sizeof(text)), -EBADF);
	ck_assert_int_eq(libiommu_sysfs_groups(&none, count_id, &sum, &failure), -ENOENT);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_NEEDS_PASSED_FD);
	ck_assert_int_eq(libiommu_sysfs_group_of(&none, "0000:00:03.0", &id, &failure), -ENOENT);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_NEEDS_PASSED_FD);
	ck_assert_int_eq(type_of(&none, 7, text), -ENOENT);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_NEEDS_PASSED_FD);
	ck_assert_ptr_null(libiommu_sysfs_beside(&none, "/proc").root);
	ck_assert_str_eq(
		libiommu_sysfs_beside(&(struct libiommu_sysfs){ NULL, "/sys", -1 }, "/proc").root,
		"/proc");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { groups,           types,           names,
				       drivers,          group_of_device, members,
				       reserved_regions, folders,         texts,
				       without_a_tree };
	Suite *suite = suite_create("sysfs");
	TCase *path = tcase_create("path");
	TCase *directory = tcase_create("directory");

	tcase_add_checked_fixture(path, set_up, tear_down);
	tcase_add_checked_fixture(directory, set_up_directory, tear_down);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		tcase_add_test(path, tests[i]);
		tcase_add_test(directory, tests[i]);
	}
	suite_add_tcase(suite, path);
	suite_add_tcase(suite, directory);
	return run_suite(suite);
}
