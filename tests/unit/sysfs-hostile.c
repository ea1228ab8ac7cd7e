/* SPDX-License-Identifier: BSD-2-Clause */
/* Trees that no kernel makes: the reader answers or refuses, and never hangs or grows. */
#include "lib/sysfs.h"
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP  "kernel/iommu_groups/7"
#define MEMBER GROUP "/devices/0000:3b:00.0"
#define DEVICE "devices/0000:3b:00.0"
#define BUS    "bus/pci/devices/0000:3b:00.0"

static char root[64];
static int tree_fd;
static struct libiommu_sys table;
static struct libiommu_sysfs fs;
static struct libiommu_failure failure;

static void make_parents(const char *path)
{
	char part[512];

	for (size_t i = 0; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdirat(tree_fd, part, 0700))
			ck_assert_int_eq(errno, EEXIST);
	}
}

static void folder(const char *path)
{
	make_parents(path);
	ck_assert_int_eq(mkdirat(tree_fd, path, 0700), 0);
}

static void bytes(const char *path, const void *content, size_t length)
{
	int fd;

	make_parents(path);
	fd = openat(tree_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, length), (ssize_t)length);
	close(fd);
}

static void file(const char *path, const char *text)
{
	bytes(path, text, strlen(text));
}

static void symbolic(const char *path, const char *target)
{
	make_parents(path);
	unlinkat(tree_fd, path, 0);
	ck_assert_int_eq(symlinkat(target, tree_fd, path), 0);
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* A group of one device, without fault so far. */
static void set_up(void)
{
	strcpy(root, "/dev/shm/libiommu-hostile-XXXXXX");
	if (!mkdtemp(root)) {
		strcpy(root, "/tmp/libiommu-hostile-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(root));
	}
	tree_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(tree_fd, 0);
	table = *libiommu_sys_default();
	fs = (struct libiommu_sysfs){ &table, NULL, tree_fd };
	memset(&failure, 0, sizeof(failure));
	file(GROUP "/type", "DMA\n");
	file(GROUP "/reserved_regions", "0x00000000fee00000 0x00000000feefffff msi\n");
	file(DEVICE "/class", "0x010802\n");
	file(DEVICE "/vendor", "0x8086\n");
	file(DEVICE "/device", "0x0a54\n");
	symbolic(DEVICE "/driver", "../../bus/pci/drivers/vfio-pci");
	symbolic(DEVICE "/subsystem", "../../bus/pci");
	symbolic(DEVICE "/iommu_group", "../../" GROUP);
	symbolic(MEMBER, "../../../../" DEVICE);
	symbolic(BUS, "../../../" DEVICE);
}

static void tear_down(void)
{
	ck_assert_int_eq(nftw(root, drop, 16, FTW_DEPTH | FTW_PHYS), 0);
	close(tree_fd);
}

struct seen {
	size_t members, regions, groups;
	struct libiommu_group_member member;
	char name[LIBIOMMU_SYSFS_NAME], bus[LIBIOMMU_SYSFS_NAME], driver[LIBIOMMU_SYSFS_NAME];
	struct libiommu_reserved region;
	uint32_t group;
};

static struct seen seen;

static int see_member(void *data, const struct libiommu_group_member *member,
		      struct libiommu_failure *f)
{
	(void)data;
	(void)f;
	seen.members++;
	seen.member = *member;
	strcpy(seen.name, member->name);
	strcpy(seen.bus, member->bus);
	strcpy(seen.driver, member->driver);
	return 0;
}

static int see_region(void *data, const struct libiommu_reserved *region,
		      struct libiommu_failure *f)
{
	(void)data;
	(void)f;
	seen.regions++;
	seen.region = *region;
	return 0;
}

static int see_group(void *data, uint32_t id, struct libiommu_failure *f)
{
	(void)data;
	(void)f;
	seen.groups++;
	seen.group = id;
	return 0;
}

static int members(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_members(&fs, 7, see_member, NULL, &failure);
}

static int regions(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_reserved(&fs, 7, see_region, NULL, &failure);
}

static int groups(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_groups(&fs, see_group, NULL, &failure);
}

static const char *type(void)
{
	static char text[LIBIOMMU_SYSFS_NAME];
	struct libiommu_sysfs_group group;

	ck_assert_int_eq(libiommu_sysfs_group_open(&fs, 7, &group, &failure), 0);
	libiommu_sysfs_group_text(&group, "type", text);
	libiommu_sysfs_group_close(&group);
	return text;
}

static int group_of(void)
{
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_group_of(&fs, "0000:3b:00.0", &seen.group, &failure);
}

static int node(char out[LIBIOMMU_SYSFS_NAME])
{
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_vfio_node(&fs, "0000:3b:00.0", out, &failure);
}

#define REFUSED(call, why)                                                             \
	do {                                                                           \
		ck_assert_int_eq(call, -libiommu_reason_errno(LIBIOMMU_REASON_##why)); \
		ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_##why);               \
	} while (0)

START_TEST(healthy)
{
	ck_assert_int_eq(groups(), 0);
	ck_assert_uint_eq(seen.groups, 1);
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.members, 1);
	ck_assert_uint_eq(seen.member.class_code, 0x010802);
	ck_assert_int_eq(regions(), 0);
	ck_assert_uint_eq(seen.regions, 1);
	ck_assert_int_eq(group_of(), 0);
	ck_assert_uint_eq(seen.group, 7);
	ck_assert_str_eq(type(), "DMA");
}
END_TEST

START_TEST(loops)
{
	char out[LIBIOMMU_SYSFS_NAME];

	symbolic(DEVICE "/driver", "driver");
	ck_assert_int_eq(members(), 0); /* it is not followed */
	symbolic(GROUP "/type", "type");
	ck_assert_str_eq(type(), "");
	symbolic(GROUP "/reserved_regions", "reserved_regions");
	REFUSED(regions(), SYSFS);
	symbolic(MEMBER, "0000:3b:00.0");
	REFUSED(members(), SYSFS);
	ck_assert_int_eq(failure.kernel_errno, ELOOP);
	symbolic(BUS, "0000:3b:00.0");
	REFUSED(group_of(), SYSFS);
	symbolic(BUS, "../../../" DEVICE);
	symbolic(DEVICE "/vfio-dev", "vfio-dev");
	REFUSED(node(out), SYSFS);
	symbolic("kernel/iommu_groups/8", "8");
	REFUSED(libiommu_sysfs_members(&fs, 8, see_member, NULL, &failure), SYSFS);
	ck_assert_int_eq(renameat(tree_fd, "kernel/iommu_groups", tree_fd, "kernel/old"), 0);
	symbolic("kernel/iommu_groups", "iommu_groups");
	REFUSED(groups(), SYSFS);
}
END_TEST

START_TEST(dangling_links)
{
	symbolic(GROUP "/devices/0000:3c:00.0", "../../../../devices/gone");
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.members, 1);
	ck_assert_str_eq(seen.name, "0000:3b:00.0");
	symbolic(DEVICE "/iommu_group", "../../kernel/iommu_groups/4711");
	ck_assert_int_eq(group_of(), 0);
	REFUSED(libiommu_sysfs_members(&fs, seen.group, see_member, NULL, &failure), GROUP_UNKNOWN);
	symbolic(BUS, "../../../devices/gone");
	REFUSED(group_of(), NO_GROUP);
	ck_assert_int_eq(unlinkat(tree_fd, BUS, 0), 0);
	REFUSED(group_of(), DEVICE_UNKNOWN);
}
END_TEST

START_TEST(missing_files)
{
	static const char *const files[] = { "class", "vendor", "device", "subsystem", "driver" };
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), DEVICE "/%s", files[i]);
		ck_assert_int_eq(unlinkat(tree_fd, path, 0), 0);
	}
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.members, 1);
	ck_assert(!seen.bus[0] && !seen.driver[0] && !seen.member.class_code);
	ck_assert_int_eq(unlinkat(tree_fd, GROUP "/type", 0), 0);
	ck_assert_str_eq(type(), "");
	ck_assert_int_eq(unlinkat(tree_fd, GROUP "/reserved_regions", 0), 0);
	ck_assert_int_eq(regions(), 0);
	ck_assert_int_eq(unlinkat(tree_fd, MEMBER, 0), 0);
	ck_assert_int_eq(members(), 0);
	ck_assert_int_eq(unlinkat(tree_fd, GROUP "/devices", AT_REMOVEDIR), 0);
	REFUSED(members(), GROUP_UNKNOWN);
}
END_TEST

static void instead(const char *path)
{
	ck_assert_int_eq(unlinkat(tree_fd, path, 0), 0);
	folder(path);
}

START_TEST(folders_for_files)
{
	char out[LIBIOMMU_SYSFS_NAME] = "x";

	instead(GROUP "/type");
	ck_assert_str_eq(type(), "");
	instead(DEVICE "/class");
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.member.class_code, 0);
	instead(GROUP "/reserved_regions");
	REFUSED(regions(), SYSFS);
	instead(DEVICE "/driver");
	REFUSED(members(), SYSFS);
	instead(DEVICE "/iommu_group");
	REFUSED(group_of(), SYSFS);
	folder(DEVICE "/vfio-dev/vfio3/dev");
	REFUSED(node(out), SYSFS);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(files_for_folders)
{
	char out[LIBIOMMU_SYSFS_NAME];

	file(DEVICE "/vfio-dev", "");
	REFUSED(node(out), SYSFS);
	file(GROUP "/devices/serial.1", "");
	REFUSED(members(), SYSFS);
	file("kernel/iommu_groups/8", "");
	REFUSED(libiommu_sysfs_members(&fs, 8, see_member, NULL, &failure), GROUP_UNKNOWN);
	file("kernel/iommu_groups/9/devices", "");
	REFUSED(libiommu_sysfs_members(&fs, 9, see_member, NULL, &failure), SYSFS);
	ck_assert_int_eq(renameat(tree_fd, "kernel/iommu_groups", tree_fd, "kernel/old"), 0);
	file("kernel/iommu_groups", "");
	REFUSED(groups(), SYSFS);
}
END_TEST

/* Nobody writes into them, and nobody must wait for that. */
START_TEST(pipes)
{
	static const char *const paths[] = { GROUP "/type", GROUP "/reserved_regions",
					     DEVICE "/class" };

	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(unlinkat(tree_fd, paths[i], 0), 0);
		ck_assert_int_eq(mkfifoat(tree_fd, paths[i], 0600), 0);
	}
	ck_assert_str_eq(type(), "");
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.member.class_code, 0);
	REFUSED(regions(), SYSFS);
}
END_TEST

START_TEST(garbage)
{
	static const struct {
		const char *text;
		uint32_t value;
	} classes[] = {
		{ "", 0 },
		{ "\n", 0 },
		{ "0x010802", 0x010802 }, /* no newline */
		{ "010802\n", 0 },
		{ "0x\n", 0 },
		{ "0x010802 \n", 0 },
		{ "0x010802\n\n", 0 },
		{ "0x1ffffffff\n", 0 },
		{ "0xff010802\n", 0x010802 },
		{ "-1\n", 0 },
	};
	static const char *const types[] = { "", "\n", "\x1b[2J\n", "DMA\x7f\n", "D\nMA\n" };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		file(DEVICE "/class", classes[i].text);
		ck_assert_int_eq(members(), 0);
		ck_assert_msg(seen.member.class_code == classes[i].value, "%zu", i);
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		file(GROUP "/type", types[i]);
		ck_assert_msg(!type()[0], "%zu", i);
	}
	file(GROUP "/type", "DMA-FQ");
	ck_assert_str_eq(type(), "DMA-FQ");
	bytes(GROUP "/type", "DMA\0FQ\n", 7);
	ck_assert_str_eq(type(), "");
	bytes(DEVICE "/class", "0x01\0802\n", 9);
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.member.class_code, 0);
	bytes(GROUP "/reserved_regions", "0x1000 0x1fff ms\0i\n", 19);
	REFUSED(regions(), SYSFS);
	file(GROUP "/reserved_regions", "0x1000 0x1fff msi");
	ck_assert_int_eq(regions(), 0);
	ck_assert_int_eq(seen.region.type, LIBIOMMU_RESERVED_MSI);
}
END_TEST

#define MIB (1u << 20)

START_TEST(long_texts)
{
	static char text[MIB];

	memset(text, 'x', sizeof(text));
	bytes(GROUP "/type", text, sizeof(text));
	ck_assert_str_eq(type(), "");
	bytes(DEVICE "/class", text, sizeof(text));
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.member.class_code, 0);
	bytes(GROUP "/reserved_regions", text, sizeof(text));
	REFUSED(regions(), SYSFS);
	memcpy(text, "0x1000 0x1fff ", 14);
	bytes(GROUP "/reserved_regions", text, sizeof(text));
	REFUSED(regions(), SYSFS);
	ck_assert_uint_eq(seen.regions, 0);
	/* A page of a kernel holds at most so much, if every line is good. */
	for (size_t i = 0; i + 18 <= sizeof(text); i += 18)
		memcpy(text + i, "0x1000 0x1fff msi\n", 18);
	bytes(GROUP "/reserved_regions", text, 18 * 3600);
	ck_assert_int_eq(regions(), 0);
	ck_assert_uint_eq(seen.regions, 3600);
	bytes(GROUP "/reserved_regions", text, MIB / 18 * 18);
	REFUSED(regions(), SYSFS);
	ck_assert_uint_lt(seen.regions, 5000);
}
END_TEST

/* Every byte that can stand in a name. */
START_TEST(odd_bytes)
{
	char path[128], target[64];

	for (int byte = 1; byte < 256; byte++) {
		bool good = byte >= 0x20 && byte <= 0x7e && byte != '/';

		snprintf(target, sizeof(target), "../x%cy", byte);
		symbolic(DEVICE "/driver", target);
		if (good || byte == '/') {
			ck_assert_int_eq(members(), 0);
			ck_assert_str_eq(seen.driver, byte == '/' ? "y" : target + 3);
			continue;
		}
		REFUSED(members(), SYSFS);
		symbolic(DEVICE "/driver", "../vfio-pci");
		snprintf(path, sizeof(path), GROUP "/devices/0000%c3c:00.0", byte);
		symbolic(path, "nowhere");
		REFUSED(members(), SYSFS);
		for (const char *at = failure.subject; *at; at++)
			ck_assert_msg(*at >= 0x20 && *at <= 0x7e, "byte %d", byte);
		ck_assert_int_eq(unlinkat(tree_fd, path, 0), 0);
		snprintf(path, sizeof(path), "kernel/iommu_groups/7%c", byte);
		folder(path);
		ck_assert_int_eq(groups(), 0);
		ck_assert_uint_eq(seen.groups, 1);
		ck_assert_int_eq(unlinkat(tree_fd, path, AT_REMOVEDIR), 0);
	}
	folder("kernel/iommu_groups/07");
	folder("kernel/iommu_groups/0");
	ck_assert_int_eq(groups(), 0);
	ck_assert_uint_eq(seen.groups, 2);
}
END_TEST

START_TEST(long_names)
{
	char name[256], target[3000], path[512];

	memset(name, 'x', sizeof(name));
	name[255] = '\0';
	memset(target, 'y', sizeof(target));
	target[sizeof(target) - 1] = '\0';
	symbolic(DEVICE "/driver", name);
	REFUSED(members(), SYSFS);
	symbolic(DEVICE "/driver", target);
	REFUSED(members(), SYSFS);
	symbolic(DEVICE "/iommu_group", target);
	REFUSED(group_of(), SYSFS);
	symbolic(DEVICE "/driver", "a/");
	REFUSED(members(), SYSFS);
	symbolic(DEVICE "/driver", "a");
	snprintf(path, sizeof(path), "kernel/iommu_groups/%s", name);
	folder(path);
	ck_assert_int_eq(groups(), 0);
	ck_assert_uint_eq(seen.groups, 1);
	snprintf(path, sizeof(path), GROUP "/devices/%s", name);
	folder(path);
	REFUSED(members(), SYSFS);
}
END_TEST

/* Each group lists what it lists; the device's own link tells which one is meant. */
START_TEST(two_groups)
{
	symbolic("kernel/iommu_groups/8/devices/0000:3b:00.0", "../../../../" DEVICE);
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.members, 1);
	seen.members = 0;
	ck_assert_int_eq(libiommu_sysfs_members(&fs, 8, see_member, NULL, &failure), 0);
	ck_assert_uint_eq(seen.members, 1);
	ck_assert_int_eq(group_of(), 0);
	ck_assert_uint_eq(seen.group, 7);
}
END_TEST

/* A list of names that is made up: numbers from 0 on. */
static unsigned int made, made_limit;
static const char *made_prefix; /* a whole name: always the same */

static int64_t make_list(void *data, int fd, void *buffer, size_t length)
{
	char *record = buffer;
	size_t used = 0;

	(void)data;
	(void)fd;
	for (; made < made_limit && length - used >= 64; made++) {
		const uint16_t size = 64;

		memset(record + used, 0, 64);
		memcpy(record + used + 16, &size, sizeof(size));
		if (strlen(made_prefix) > 6)
			snprintf(record + used + 19, 64 - 19, "%s", made_prefix);
		else
			snprintf(record + used + 19, 64 - 19, "%s%u", made_prefix, made);
		used += 64;
	}
	return (int64_t)used;
}

static void make_entries(const char *prefix, unsigned int count)
{
	table.getdents = make_list;
	made = 0;
	made_limit = count;
	made_prefix = prefix;
}

START_TEST(many_entries)
{
	char path[64];

	make_entries("", 100000);
	ck_assert_int_eq(groups(), 0);
	ck_assert_uint_eq(seen.groups, 100000);
	make_entries("", UINT32_MAX);
	REFUSED(groups(), SYSFS);
	ck_assert_uint_lt(made, 200000);
	make_entries("0000:3b:00.0", 10000);
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.members, 10000);
	make_entries("gone.", 100000);
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.members, 0);
	table.getdents = libiommu_sys_default()->getdents;
	for (unsigned int i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), "kernel/iommu_groups/%u", 100 + i);
		folder(path);
	}
	ck_assert_int_eq(groups(), 0);
	ck_assert_uint_eq(seen.groups, 3001);
}
END_TEST

/* Calls of below are made up to the one that finds nothing any more. */
static int calls_left;

static bool over(void)
{
	return calls_left-- <= 0;
}

static int gone_openat(void *data, int directory, const char *path, int flags)
{
	return over() ? -ENOENT : libiommu_sys_default()->openat(data, directory, path, flags);
}

static int64_t gone_readlinkat(void *data, int directory, const char *path, char *buffer,
			       size_t length)
{
	return over() ? -ENOENT
		      : libiommu_sys_default()->readlinkat(data, directory, path, buffer, length);
}

static int64_t gone_getdents(void *data, int fd, void *buffer, size_t length)
{
	return over() ? -ENOENT : libiommu_sys_default()->getdents(data, fd, buffer, length);
}

/* So the kernel says it of files that were open. */
static int64_t gone_pread(void *data, int fd, void *buffer, size_t length, uint64_t offset)
{
	return over() ? -ENODEV : libiommu_sys_default()->pread(data, fd, buffer, length, offset);
}

/* From any call on the group is not there: it is unknown, or has lost a member, never anything else. */
START_TEST(vanishing)
{
	int rc, whole = 0;

	table.openat = gone_openat;
	table.readlinkat = gone_readlinkat;
	table.getdents = gone_getdents;
	table.pread = gone_pread;
	for (int calls = 0; !whole; calls++) {
		calls_left = calls;
		rc = members();
		ck_assert_msg(!rc || failure.reason == LIBIOMMU_REASON_GROUP_UNKNOWN,
			      "%d: %d, reason %d", calls, rc, failure.reason);
		whole = calls_left > 0;
	}
	ck_assert_uint_eq(seen.members, 1);
	whole = 0;
	for (int calls = 0; !whole; calls++) {
		calls_left = calls;
		rc = regions();
		ck_assert_msg(!rc || failure.reason == LIBIOMMU_REASON_GROUP_UNKNOWN, "%d: %d",
			      calls, rc);
		whole = calls_left > 0;
	}
	ck_assert_uint_eq(seen.regions, 1);
	calls_left = 0;
	ck_assert_int_eq(groups(), 0);
	REFUSED(group_of(), DEVICE_UNKNOWN);
}
END_TEST

START_TEST(nodes)
{
	static const char *const no_nodes[] = { "vfio", "vfio-1", "vfio01", "vfio3x", "tty0" };
	char path[128], out[LIBIOMMU_SYSFS_NAME];

	for (size_t i = 0; i < sizeof(no_nodes) / sizeof(no_nodes[0]); i++) {
		snprintf(path, sizeof(path), DEVICE "/vfio-dev/%s/dev", no_nodes[i]);
		file(path, "511:0\n");
		ck_assert_int_eq(node(out), 0);
		ck_assert_str_eq(out, "");
	}
	file(DEVICE "/vfio-dev/vfio3/dev", "511:3\n");
	ck_assert_int_eq(node(out), 0);
	ck_assert_str_eq(out, "vfio3");
	ck_assert_int_eq(libiommu_sysfs_vfio_node(&fs, "../../" DEVICE, out, &failure), -EINVAL);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_BAD_NAME);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		healthy,    loops,      dangling_links,    missing_files, folders_for_files,
		pipes,      garbage,    files_for_folders, long_texts,    odd_bytes,
		long_names, two_groups, many_entries,      vanishing,     nodes
	};
	Suite *suite = suite_create("sysfs-hostile");
	TCase *tcase = tcase_create("sysfs-hostile");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
