/* SPDX-License-Identifier: BSD-2-Clause */
/* What a machine writes as its /sys is read back by the code that reads the real one. */
#include "tests/unit/mock-sysfs-rig.h"

#include "backends/mock/profile.h"
#include "lib/sysfs.h"

#include <libiommu/monitor.h>

static struct dirent **entries;
static int entry_count;

static void set_up(void)
{
	make_folder();
}

static void tear_down(void)
{
	drop_folder();
}

/* Every link leads somewhere, and files hold something. @return how many entries there are */
static size_t check_links(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *folder = fdopendir(fd);
	struct dirent *entry;
	size_t count = 0;
	struct stat st;

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		count++;
		ck_assert_msg(!fstatat(fd, entry->d_name, &st, 0), "%s/%s", name, entry->d_name);
		if (entry->d_type == DT_DIR)
			count += check_links(fd, entry->d_name);
		else if (entry->d_type == DT_REG)
			ck_assert_msg(st.st_size > 0, "%s/%s", name, entry->d_name);
	}
	closedir(folder);
	return count;
}

static const char *read_topology(const char *name)
{
	static char text[16384];
	char path[512];
	size_t length;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", TOPOLOGIES, name);
	in = fopen(path, "r");
	ck_assert_msg(in, "%s", path);
	length = fread(text, 1, sizeof(text) - 1, in);
	fclose(in);
	text[length] = '\0';
	return text;
}

START_TEST(topologies)
{
	start(read_topology(entries[_i]->d_name));
	write_tree();
	ck_assert_uint_gt(same_machine(), 0);
	ck_assert_uint_gt(check_links(tree_fd, "."), 20);
	stop();
}
END_TEST

static struct libiommu_monitor_source listen_now(void)
{
	struct libiommu_monitor_source voice;

	ck_assert_int_eq(libiommu_mock_monitor_source(machine, 0, &voice, NULL), 0);
	return voice;
}

/* All that a listener has not heard yet is about folders of the tree. @return how many messages */
static size_t check_paths(struct libiommu_monitor_source *voice)
{
	static char text[3 * 4096];
	struct libiommu_monitor_sender sender;
	size_t count = 0;
	int64_t length;

	while ((length = voice->receive(voice->data, text, sizeof(text), &sender))) {
		const char *path = NULL;

		ck_assert_int_gt(length, 0);
		for (int64_t at = 0; at < length; at += (int64_t)strlen(text + at) + 1) {
			if (!strncmp(text + at, "DEVPATH=/", 9))
				path = text + at + 9;
		}
		ck_assert_ptr_nonnull(path);
		ck_assert_str_eq(strchr(text, '@') + 2, path);
		ck_assert_msg(exists(path), "%s", text);
		count++;
	}
	return count;
}

static size_t rebind_all(const char *folder)
{
	int fd = openat(tree_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *devices = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t count = 0;

	while (devices && (entry = readdir(devices))) {
		if (entry->d_name[0] == '.')
			continue;
		ck_assert_int_eq(
			libiommu_mock_machine_bind(machine, entry->d_name, "new-driver", NULL), 0);
		count++;
	}
	if (devices)
		closedir(devices);
	return count;
}

/* What the machine says of a device leads to its folder. */
START_TEST(paths_of_messages)
{
	struct libiommu_monitor_source voice;
	size_t devices;

	start(read_topology(entries[_i]->d_name));
	write_tree();
	voice = listen_now();
	devices = rebind_all("bus/pci/devices") + rebind_all("bus/platform/devices");
	ck_assert_uint_gt(devices, 1);
	ck_assert_uint_ge(check_paths(&voice), devices);
	voice.close(voice.data);
	stop();
}
END_TEST

/* Whatever the hardware keeps back is in the file as well. */
START_TEST(profiles)
{
	const struct mock_profile *profile;
	char text[256];
	size_t count = 0;

	for (; (profile = mock_profile_at(count)); count++) {
		snprintf(text, sizeof(text),
			 "iommu u %s\ndevice 0000:00:03.0 iommu=u group=5 driver=vfio-pci\n",
			 profile->hw.profile);
		start(text);
		write_tree();
		ck_assert_uint_eq(same_machine(), 1);
		stop();
	}
	ck_assert_uint_gt(count, 5);
}
END_TEST

#define ACS " acs=sv,rr,cr,uf\n"

static const char mixed[] =
	"personality %s\n"
	"iommu dmar0 intel-vtd\n"
	"iommu dmar1 intel-vtd width=39\n"
	"host-bridge 0000:00 iommu=dmar0 grouping=pci-acs\n"
	"device 0000:00:01.0 type=root-port bus=01 driver=pcieport id=8086:1901" ACS
	"device 0000:01:00.0 type=upstream-port bus=02 driver=pcieport\n"
	"device 0000:02:00.0 type=downstream-port bus=03 driver=pcieport\n"
	"device 0000:03:00.0 driver=vfio-pci model=nvme\n"
	"device 0000:00:0e.0 type=rc-endpoint driver=vmd class=010400\n"
	"host-bridge 10000:e0 iommu=dmar0 grouping=pci-acs real-dma=0000:00:0e.0\n"
	"device 10000:e0:06.0 type=root-port bus=e1\n"
	"device 10000:e1:00.0 driver=nvme class=010802\n"
	"device 0000:00:1f.0 class=060100 driver=lpc_ich multifunction=yes\n"
	"device 0000:00:1f.3 class=0c0500 driver=vfio-pci\n"
	"device 0000:80:00.0 iommu=dmar1 group=77 driver=vfio-pci model=edu\n"
	"device 0000:81:00.0\n"
	"platform fe804000.usb iommu=dmar1 driver=dwc2\n"
	"reserved dmar0 0x1000000-0x1ffffff direct-relaxable\n"
	"reserved dmar0 0xfd00000000-0xffffffffff reserved\n"
	"reserved 0000:80:00.0 0x2000-0x2fff direct\n";

static void start_mixed(const char *personality)
{
	char text[sizeof(mixed) + 16];

	snprintf(text, sizeof(text), mixed, personality);
	start(text);
	write_tree();
}

START_TEST(mixture)
{
	start_mixed("iommufd");
	ck_assert_uint_ge(same_machine(), 6);
	check_links(tree_fd, ".");
	stop();
}
END_TEST

#define PORT "devices/pci0000:00/0000:00:01.0"
#define NVME PORT "/0000:01:00.0/0000:02:00.0/0000:03:00.0"
#define VMD  "devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0"

START_TEST(places)
{
	static const char *const links[][2] = {
		{ "bus/pci/devices/0000:03:00.0", "../../../" NVME },
		{ "bus/pci/devices/10000:e1:00.0", "../../../" VMD },
		{ "bus/pci/devices/0000:81:00.0", "../../../devices/pci0000:81/0000:81:00.0" },
		{ "bus/platform/devices/fe804000.usb", "../../../devices/platform/fe804000.usb" },
		{ "bus/pci/drivers/vfio-pci/0000:03:00.0", "../../../../" NVME },
		{ "bus/platform/drivers/dwc2/fe804000.usb",
		  "../../../../devices/platform/fe804000.usb" },
		{ PORT "/driver", "../../../bus/pci/drivers/pcieport" },
		{ PORT "/subsystem", "../../../bus/pci" },
		{ PORT "/iommu", "../../virtual/iommu/dmar0" },
		{ "devices/pci0000:80/0000:80:00.0/iommu_group",
		  "../../../kernel/iommu_groups/77" },
		{ "kernel/iommu_groups/77/devices/0000:80:00.0",
		  "../../../../devices/pci0000:80/0000:80:00.0" },
		{ "class/iommu/dmar1", "../../devices/virtual/iommu/dmar1" },
		{ "devices/virtual/iommu/dmar1/devices/0000:80:00.0",
		  "../../../../pci0000:80/0000:80:00.0" },
		{ "devices/virtual/iommu/dmar1/subsystem", "../../../../class/iommu" },
	};

	start_mixed("iommufd");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		ck_assert_str_eq(link_of(links[i][0]), links[i][1]);
	ck_assert(!exists("devices/pci0000:81/0000:81:00.0/iommu_group"));
	ck_assert(!exists("devices/pci0000:81/0000:81:00.0/driver"));
	ck_assert(!exists("devices/platform/fe804000.usb/class"));
	stop();
}
END_TEST

START_TEST(texts)
{
	start_mixed("iommufd");
	ck_assert_str_eq(text_of(PORT "/class"), "0x060400\n");
	ck_assert_str_eq(text_of(PORT "/vendor"), "0x8086\n");
	ck_assert_str_eq(text_of(PORT "/device"), "0x1901\n");
	ck_assert_str_eq(text_of(PORT "/numa_node"), "-1\n");
	ck_assert_str_eq(text_of(NVME "/modalias"),
			 "pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02\n");
	ck_assert_str_eq(text_of(NVME "/uevent"),
			 "DRIVER=vfio-pci\nPCI_CLASS=10802\nPCI_ID=1B36:0010\n"
			 "PCI_SUBSYS_ID=1AF4:1100\nPCI_SLOT_NAME=0000:03:00.0\n"
			 "MODALIAS=pci:v00001B36d00000010sv00001AF4sd00001100bc01sc08i02\n");
	ck_assert_int_eq(memcmp(text_of(NVME "/resource"),
				"0x0000000380000000 0x0000000380003fff 0x0000000000140204\n"
				"0x0000000000000000 0x0000000000000000 0x0000000000000000\n",
				114),
			 0);
	ck_assert_uint_eq(strlen(text_of(NVME "/resource")), 13 * 57);
	ck_assert_str_eq(text_of("kernel/iommu_groups/77/type"), "DMA\n");
	ck_assert_str_eq(text_of("kernel/iommu_groups/77/reserved_regions"),
			 "0x0000000000002000 0x0000000000002fff direct\n"
			 "0x00000000fee00000 0x00000000feefffff msi\n");
	ck_assert(!exists("kernel/iommu_groups/77/name"));
	stop();
}
END_TEST

START_TEST(configuration_space)
{
	const unsigned char *config;

	start_mixed("iommufd");
	config = (const unsigned char *)text_of(PORT "/config");
	ck_assert_mem_eq(config, "\x86\x80\x01\x19", 4);
	ck_assert_mem_eq(config + 9, "\x00\x04\x06", 3);
	ck_assert_uint_eq(config[14], 1);
	ck_assert_mem_eq(config + 0x18, "\x00\x01\x03", 3);
	config = (const unsigned char *)text_of(NVME "/config");
	ck_assert_mem_eq(config, "\x36\x1b\x10\x00", 4);
	ck_assert_uint_eq(config[14], 0);
	ck_assert_mem_eq(config + 0x2c, "\xf4\x1a\x00\x11", 4);
	config = (const unsigned char *)text_of("devices/pci0000:00/0000:00:1f.0/config");
	ck_assert_uint_eq(config[14], 0x80);
	stop();
}
END_TEST

static void node_is(const char *device, const char *expected)
{
	const struct libiommu_sysfs fs = { libiommu_sys_default(), NULL, tree_fd };
	char node[LIBIOMMU_SYSFS_NAME];

	ck_assert_int_eq(libiommu_sysfs_vfio_node(&fs, device, node, NULL), 0);
	ck_assert_str_eq(node, expected);
}

/* Containers know no nodes of single devices. */
START_TEST(nodes)
{
	static const char *const containers[] = { "strict", "type1" };

	start_mixed("iommufd");
	node_is("0000:03:00.0", "vfio3");
	ck_assert_str_eq(text_of(NVME "/vfio-dev/vfio3/dev"), "511:3\n");
	node_is("0000:00:1f.0", "");
	stop();
	for (size_t i = 0; i < 2; i++) {
		start_mixed(containers[i]);
		node_is("0000:03:00.0", "");
		ck_assert(exists(NVME "/vfio-dev/vfio3"));
		stop();
	}
	start_mixed("bare");
	node_is("0000:03:00.0", "vfio3");
	stop();
}
END_TEST

/* A bridge is no exception, whatever the machine's text calls it. */
START_TEST(bridges_block)
{
	struct libiommu_group *group;

	start_mixed("strict");
	ck_assert_int_eq(libiommu_group_of(mock, "0000:00:1f.3", &group, NULL), 0);
	ck_assert_uint_eq(libiommu_group_member_count(group), 2);
	ck_assert(!libiommu_group_viable(group));
	libiommu_group_unref(group);
	ck_assert_int_eq(libiommu_group_of(mock, "0000:00:01.0", &group, NULL), 0);
	ck_assert(libiommu_group_viable(group));
	libiommu_group_unref(group);
	stop();
}
END_TEST

#define BASE                                             \
	"iommu u intel-vtd\n"                            \
	"host-bridge 0000:00 iommu=u grouping=pci-acs\n" \
	"device 0000:00:01.0 type=root-port bus=01" ACS  \
	"device 0000:00:03.0 type=root-port bus=03" ACS  \
	"device 0000:03:00.0 vfs=4,256,2 driver=vfio-pci model=edu\n"

static void set_vfs(unsigned int count)
{
	struct libiommu_monitor_source voice = listen_now();

	ck_assert_int_eq(libiommu_mock_machine_set_vfs(machine, "0000:03:00.0", count,
						       "driver=vfio-pci", NULL),
			 0);
	/* What goes is in the tree of before, what comes in the new one. */
	if (count)
		write_tree();
	ck_assert_uint_gt(check_paths(&voice), 0);
	voice.close(voice.data);
	write_tree();
	same_machine();
	check_links(tree_fd, ".");
}

START_TEST(virtual_functions)
{
	const char *pf = "devices/pci0000:00/0000:00:03.0/0000:03:00.0";
	char path[256];

	start(BASE);
	write_tree();
	ck_assert_uint_eq(same_machine(), 3);
	set_vfs(3);
	ck_assert_uint_eq(same_machine(), 6);
	ck_assert_str_eq(link_of("bus/pci/devices/0000:04:00.4"),
			 "../../../devices/pci0000:00/0000:00:03.0/0000:04:00.4");
	snprintf(path, sizeof(path), "%s/virtfn2", pf);
	ck_assert_str_eq(link_of(path), "../0000:04:00.4");
	ck_assert_str_eq(link_of("bus/pci/devices/0000:04:00.4/physfn"), "../0000:03:00.0");
	snprintf(path, sizeof(path), "%s/sriov_numvfs", pf);
	ck_assert_str_eq(text_of(path), "3\n");
	set_vfs(0);
	ck_assert(!exists("bus/pci/devices/0000:04:00.4"));
	ck_assert_str_eq(text_of(path), "0\n");
	snprintf(path, sizeof(path), "%s/sriov_totalvfs", pf);
	ck_assert_str_eq(text_of(path), "4\n");
	ck_assert_uint_eq(same_machine(), 3);
	stop();
}
END_TEST

static void plug(const char *text)
{
	struct libiommu_monitor_source voice = listen_now();

	ck_assert_int_eq(libiommu_mock_machine_plug(machine, text, NULL), 0);
	write_tree();
	ck_assert_uint_gt(check_paths(&voice), 0);
	voice.close(voice.data);
	same_machine();
	check_links(tree_fd, ".");
}

static void unplug(const char *name)
{
	struct libiommu_monitor_source voice = listen_now();

	ck_assert_int_eq(libiommu_mock_machine_unplug(machine, name, NULL), 0);
	/* The tree still is as it was. */
	ck_assert_uint_gt(check_paths(&voice), 0);
	voice.close(voice.data);
	write_tree();
	same_machine();
	check_links(tree_fd, ".");
}

START_TEST(hot_plug)
{
	struct libiommu_device *dev;

	start(BASE);
	write_tree();
	plug("device 0000:01:00.0 type=upstream-port bus=02\n"
	     "device 0000:02:00.0 type=downstream-port bus=05\n"
	     "device 0000:05:00.0 driver=vfio-pci model=edu\n");
	ck_assert(exists("devices/pci0000:00/0000:00:01.0/0000:01:00.0/0000:02:00.0/0000:05:00.0"));
	ck_assert_int_eq(libiommu_device_open(mock, "0000:05:00.0", &dev, NULL), 0);
	/* It is open: the bridges above it do not wait. */
	unplug("0000:01:00.0");
	ck_assert(exists("devices/pci0000:00/0000:00:01.0/0000:05:00.0"));
	ck_assert(!exists("bus/pci/devices/0000:02:00.0"));
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	write_tree();
	same_machine();
	ck_assert(!exists("bus/pci/devices/0000:05:00.0"));
	plug("device 0000:01:00.0 driver=vfio-pci\n");
	unplug("0000:00:01.0");
	unplug("0000:00:03.0");
	ck_assert_uint_eq(same_machine(), 0);
	stop();
}
END_TEST

/* Bridges above a VMD's devices go as well. */
START_TEST(hidden_host)
{
	struct libiommu_device *dev;

	start("iommu u intel-vtd\n"
	      "host-bridge 0000:00 iommu=u grouping=pci-acs\n"
	      "device 0000:00:0e.0 type=rc-endpoint\n"
	      "host-bridge 10000:e0 iommu=u grouping=generic real-dma=0000:00:0e.0\n"
	      "device 10000:e0:06.0 driver=vfio-pci model=edu\n");
	write_tree();
	ck_assert(exists("devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/class"));
	ck_assert_int_eq(libiommu_device_open(mock, "10000:e0:06.0", &dev, NULL), 0);
	unplug("0000:00:0e.0");
	ck_assert(exists("devices/pci10000:e0/10000:e0:06.0/class"));
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	stop();
}
END_TEST

START_TEST(endpoints)
{
	start("iommu ioda intel-vtd\n"
	      "host-bridge 0001:00 iommu=ioda grouping=partitionable-endpoint\n"
	      "device 0001:00:00.0 type=root-port bus=01\n"
	      "device 0001:01:00.0 pe=253 driver=vfio-pci\n");
	write_tree();
	ck_assert_uint_eq(same_machine(), 1);
	ck_assert_str_eq(text_of("kernel/iommu_groups/0/name"), "domain1-pefd\n");
	ck_assert(!exists("bus/pci/devices/0001:00:00.0/iommu_group"));
	stop();
}
END_TEST

/* A machine that nobody shares is found by its context. */
START_TEST(own_machine)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *reader;

	opts.backend = "mock";
	ck_assert_int_eq(libiommu_ctx_new(&opts, &mock, NULL), 0);
	machine = libiommu_mock_machine_of(mock);
	ck_assert_ptr_nonnull(machine);
	write_tree();
	ck_assert_uint_gt(same_machine(), 0);
	reader = open_reader();
	ck_assert_ptr_null(libiommu_mock_machine_of(reader));
	ck_assert_ptr_null(libiommu_mock_machine_of(NULL));
	libiommu_ctx_free(reader);
	libiommu_ctx_free(mock);
}
END_TEST

static int is_topology(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".txt") == 0;
}

int main(void)
{
	const TTest *const tests[] = { mixture,       places,   texts,       configuration_space,
				       nodes,         hot_plug, endpoints,   virtual_functions,
				       bridges_block, profiles, hidden_host, own_machine };
	Suite *suite = suite_create("mock-sysfs");
	TCase *tcase = tcase_create("mock-sysfs");
	int failed;

	entry_count = scandir(TOPOLOGIES, &entries, is_topology, alphasort);
	if (entry_count < 20)
		return EXIT_FAILURE;
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, topologies, 0, entry_count);
	tcase_add_loop_test(tcase, paths_of_messages, 0, entry_count);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	failed = run_suite(suite);
	for (int i = 0; i < entry_count; i++)
		free(entries[i]);
	free(entries);
	return failed;
}
