/* SPDX-License-Identifier: BSD-2-Clause */
/* Trees that no kernel makes: the reader answers or refuses, and never hangs or grows. */
#include "tests/unit/sysfs-fixture.h"

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
	file("bus/platform/devices", "");
	REFUSED(libiommu_sysfs_group_of(&fs, "serial.1", &seen.group, &failure), DEVICE_UNKNOWN);
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
	/* Cut where the room ends it would still end in a name. */
	strcpy(target + 505, "/vfio-pci");
	symbolic(DEVICE "/driver", target);
	REFUSED(members(), SYSFS);
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

int main(void)
{
	const TTest *const tests[] = {
		healthy,           loops,     dangling_links, missing_files,
		folders_for_files, pipes,     garbage,        files_for_folders,
		long_texts,        odd_bytes, long_names,     two_groups
	};

	return run_tests("sysfs-hostile", tests, sizeof(tests) / sizeof(tests[0]));
}
