/* SPDX-License-Identifier: BSD-2-Clause */
/* The topology's text, the rules one by one, and platforms that a program brings. */
#include "tests/unit/mock-rig.h"

#include <libiommu/mock_platform.h>

#define IOMMU "iommu u intel-vtd\n"
#define HOST  IOMMU "host-bridge 0000:00 iommu=u grouping=pci-acs\n"
#define RP    HOST "device 0000:00:01.0 type=root-port bus=01"
#define ACS   " acs=sv,rr,cr,uf\n"

static struct mock_machine *machine;

static void make(const char *text)
{
	struct libiommu_failure failure;
	int error;

	libiommu_failure_init(&failure);
	error = mock_machine_make(libiommu_allocator_default(), text, &machine, &failure);
	ck_assert_msg(!error, "%s: %s", text, failure.detail);
}

static int64_t group_of(const char *name)
{
	const struct mock_device *dev = mock_machine_device(machine, name);

	ck_assert_ptr_nonnull(dev);
	return dev->group ? (int64_t)dev->group->id : -1;
}

/* Is `name` with its root port's function 0000:00:01.0? */
static bool with_port(const char *text, const char *name)
{
	bool with;

	make(text);
	with = group_of(name) == group_of("0000:00:01.0");
	mock_machine_destroy(machine);
	return with;
}

static const struct {
	const char *text;
	const char *line;
	const char *word; /* in the message */
} wrong[] = {
	{ "host-bridge\n", "line 1", "0000:00" },
	{ "host-bridge 0000:00:00.0\n", "line 1", "0000:00" },
	{ "host-bridge 0000:00\nhost-bridge 0000:00\n", "line 2", "already" },
	{ "host-bridge 0000:00 iommu=u\n", "line 1", "\"u\"" },
	{ "host-bridge 0000:00 grouping=magic\n", "line 1", "magic" },
	{ "host-bridge 0000:00 speed=8\n", "line 1", "speed=8" },
	{ "host-bridge 0000:00 real-dma=0000:00:0e.0\n", "line 1", "0000:00:0e.0" },
	{ "host-bridge 0000:00 window=0x1000\n", "line 1", "0x1000" },
	{ "host-bridge 0000:00 window=0x2000-0x2fff window=0x1000-0x1fff\n", "line 1", "ascend" },
	{ "host-bridge 0000:00 window=0-fff window=2000-2fff window=4000-4fff window=6000-6fff "
	  "window=8000-8fff window=a000-afff window=c000-cfff window=e000-efff "
	  "window=10000-10fff\n",
	  "line 1", "at most" },
	{ "device 0000:00:01.0 type=root-port bus=01\n", "line 1", "No line above" },
	{ "device 0000:00:01.0 type=vf\n", "line 1", "No line above" },
	{ HOST "device 0000:00:01.0 type=hub\n", "line 3", "hub" },
	{ HOST "device 0000:00:01.0 type=root-port\n", "line 3", "bus=" },
	{ HOST "device 0000:00:01.0 bus=01\n", "line 3", "bus=" },
	{ HOST "device 0000:00:01.0 type=root-port bus=100\n", "line 3", "100" },
	{ HOST "device 0000:00:01.0 type=root-port bus=00\n", "line 3", "already" },
	{ HOST "device 0000:00:01.0 acs=sv,xx\n", "line 3", "xx" },
	{ HOST "device 0000:00:01.0 acs-cap=sv\n", "line 3", "acs=" },
	{ HOST "device 0000:00:01.0 acs-cap=sv acs=rr\n", "line 3", "acs=" },
	{ HOST "device 0000:00:01.0 quirk=strange\n", "line 3", "strange" },
	{ HOST "device 0000:00:01.0 dma-alias=1.0\n", "line 3", "1.0" },
	{ HOST "device 0000:00:01.0 dma-alias=20.0\n", "line 3", "20.0" },
	{ HOST "device 0000:00:01.0 dma-alias=01.8\n", "line 3", "01.8" },
	{ HOST "device 0000:00:01.0 dma-alias=01.1,\n", "line 3", "01.1," },
	{ HOST "device 0000:00:01.0 pe=70000\n", "line 3", "70000" },
	{ HOST "device 0000:00:01.0 stream=x\n", "line 3", "\"x\"" },
	{ HOST "device 0000:00:01.0 multifunction=2\n", "line 3", "neither" },
	{ HOST "device 0000:00:01.0 grouping=single\n", "line 3", "host bridge" },
	{ HOST "device 100000:00:01.0\n", "line 3", "0000:3b:00.0" },
	{ "platform\n", "line 1", "fe804000.usb" },
	{ "platform 0000/usb\n", "line 1", "fe804000.usb" },
	{ "platform a.name.that.is.long\n", "line 1", "fe804000.usb" },
	{ "platform usb type=endpoint\n", "line 1", "PCI" },
	{ "platform usb bus=01\n", "line 1", "PCI" },
	{ "iommu a intel-vtd\niommu b intel-vtd\nhost-bridge 0000:00 iommu=a grouping=pci-acs\n"
	  "device 0000:00:1f.0 multifunction=yes\ndevice 0000:00:1f.2 iommu=b\n",
	  "0000:00:1f.2", "behind IOMMU a" },
};

START_TEST(every_error_names_its_line)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct libiommu_mock_machine *none = NULL;
		struct libiommu_error *err = NULL;

		ck_assert_msg(libiommu_mock_machine_new(wrong[i].text, &none, &err) == -EINVAL,
			      "%s", wrong[i].text);
		ck_assert_ptr_null(none);
		ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_CONFIG_SYNTAX);
		ck_assert_str_eq(libiommu_error_subject(err), wrong[i].line);
		ck_assert_msg(strstr(libiommu_error_message(err), wrong[i].word), "%s: %s",
			      wrong[i].text, libiommu_error_message(err));
		libiommu_error_free(err);
	}
}
END_TEST

#define BELOW "device 0000:01:00.0\n"

START_TEST(a_port_isolates_by_what_it_could_turn_on)
{
	ck_assert(with_port(RP "\n" BELOW, "0000:01:00.0"));
	ck_assert(!with_port(RP ACS BELOW, "0000:01:00.0"));
	/* What is not in the capability is not missed, as long as there is one. */
	ck_assert(!with_port(RP " acs=rr,cr\n" BELOW, "0000:01:00.0"));
	ck_assert(!with_port(RP " acs=none\n" BELOW, "0000:01:00.0"));
	ck_assert(with_port(RP " acs-cap=sv,rr,cr,uf acs=sv,rr,cr\n" BELOW, "0000:01:00.0"));
	ck_assert(with_port(RP " acs-cap=sv acs=none\n" BELOW, "0000:01:00.0"));
	/* TB, EC and DT are not asked for. */
	ck_assert(!with_port(RP " acs-cap=sv,rr,cr,uf,tb,ec,dt acs=sv,rr,cr,uf\n" BELOW,
			     "0000:01:00.0"));
	ck_assert(!with_port(RP " quirk=isolated\n" BELOW, "0000:01:00.0"));
	ck_assert(with_port(RP " quirk=not-isolated" ACS BELOW, "0000:01:00.0"));
}
END_TEST

START_TEST(bridges_to_pci_can_be_special)
{
	static const char bridge[] = RP ACS "device 0000:01:00.0 type=pcie-pci-bridge bus=02%s\n"
					    "device 0000:02:00.0\ndevice 0000:02:01.0\n";
	static const struct {
		const char *quirk;
		bool with_bridge;
	} cases[] = {
		{ "", true },
		/* It keeps requester ids, but it still has no ACS. */
		{ " quirk=no-alias", true },
		{ " quirk=no-alias,isolated", false },
		{ " quirk=translation-root,isolated", false },
		{ " quirk=isolated", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text), bridge, cases[i].quirk);
		make(text);
		ck_assert_msg((group_of("0000:02:00.0") == group_of("0000:01:00.0")) ==
				      cases[i].with_bridge,
			      "%s", cases[i].quirk);
		ck_assert_int_ne(group_of("0000:02:00.0"), group_of("0000:00:01.0"));
		mock_machine_destroy(machine);
	}
}
END_TEST

/* Linux walks buses; in which order the text names devices is no matter. */
START_TEST(numbers_follow_enumeration)
{
	make(HOST "device 0000:00:1d.0 type=root-port bus=02" ACS "device 0000:02:00.0\n"
		  "device 0000:00:1c.0 type=root-port bus=05" ACS "device 0000:05:00.0\n"
		  "device 0000:00:00.0\n");
	ck_assert_int_eq(group_of("0000:00:00.0"), 0);
	ck_assert_int_eq(group_of("0000:00:1c.0"), 1);
	ck_assert_int_eq(group_of("0000:00:1d.0"), 2);
	ck_assert_int_eq(group_of("0000:05:00.0"), 3);
	ck_assert_int_eq(group_of("0000:02:00.0"), 4);
	mock_machine_destroy(machine);
}
END_TEST

START_TEST(written_groups_stand_beside_computed_ones)
{
	make(HOST "device 0000:00:00.0\n"
		  "device 0000:00:1f.0 multifunction=yes group=1\n"
		  "device 0000:00:1f.2\n"
		  "device 0000:00:02.0\n"
		  "device 0000:40:00.0 iommu=u group=0\n"
		  "device 0000:41:00.0 iommu=u\n");
	ck_assert_int_eq(group_of("0000:40:00.0"), 0);
	/* The numbers of the text are taken. */
	ck_assert_int_eq(group_of("0000:00:00.0"), 2);
	ck_assert_int_eq(group_of("0000:00:02.0"), 3);
	/* A group that is written is one to be found. */
	ck_assert_int_eq(group_of("0000:00:1f.2"), 1);
	/* Where no host bridge is, nothing is computed. */
	ck_assert_int_eq(group_of("0000:41:00.0"), -1);
	mock_machine_destroy(machine);
}
END_TEST

START_TEST(what_has_no_iommu_has_no_group)
{
	make("iommu u intel-vtd\niommu v intel-vtd\nhost-bridge 0000:00 grouping=pci-acs\n"
	     "device 0000:00:00.0\n"
	     "device 0000:00:01.0 type=root-port bus=01 iommu=v" ACS BELOW
	     "device 0000:00:02.0 type=root-port bus=02\n"
	     "device 0000:02:00.0\n");
	ck_assert_int_eq(group_of("0000:00:00.0"), -1);
	ck_assert_int_eq(group_of("0000:02:00.0"), -1);
	/* What a bridge has, all below it has. */
	ck_assert_str_eq(mock_machine_device(machine, "0000:01:00.0")->iommu->name, "v");
	ck_assert_int_eq(group_of("0000:01:00.0"), 1);
	mock_machine_destroy(machine);
}
END_TEST

#define USUAL                                         \
	"device 0000:00:01.0 type=root-port bus=01\n" \
	"device 0000:01:00.0 multifunction=yes\n"     \
	"device 0000:01:00.1\n"                       \
	"device 0000:00:02.0 type=root-port bus=02" ACS "device 0000:02:00.0\n"

static const char *const usual_names[] = {
	"0000:00:01.0", "0000:01:00.0", "0000:01:00.1", "0000:00:02.0", "0000:02:00.0", "p", "q"
};
#define USUAL_NAMES (sizeof(usual_names) / sizeof(usual_names[0]))

/* As a text with and one without grouping= has it. */
static void groups_behind(const char *profile, const char *word, int64_t groups[USUAL_NAMES])
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "iommu u %s\nhost-bridge 0000:00 iommu=u %s\n" USUAL
		 "platform p iommu=u stream=3 %s\nplatform q iommu=u stream=3 %s\n",
		 profile, word, word, word);
	make(text);
	for (size_t i = 0; i < USUAL_NAMES; i++)
		groups[i] = group_of(usual_names[i]);
	mock_machine_destroy(machine);
}

START_TEST(the_profile_says_how_unless_the_text_does)
{
	const struct mock_profile *profile;
	int64_t usual[USUAL_NAMES], said[USUAL_NAMES];

	for (size_t i = 0; (profile = mock_profile_at(i)); i++) {
		char word[64];

		snprintf(word, sizeof(word), "grouping=%s", profile->hw.grouping);
		groups_behind(profile->hw.profile, "", usual);
		groups_behind(profile->hw.profile, word, said);
		ck_assert_mem_eq(usual, said, sizeof(said));
		groups_behind(profile->hw.profile, "grouping=single", said);
		for (size_t n = 0; n < USUAL_NAMES; n++)
			ck_assert_int_eq(said[n], said[n < 5 ? 0 : 5]);
	}
	groups_behind("intel-vtd", "", usual);
	ck_assert(usual[0] == usual[1] && usual[1] == usual[2] && usual[3] != usual[4]);
	ck_assert_int_ne(usual[5], usual[6]);
	groups_behind("arm-smmuv2", "", usual);
	ck_assert(usual[0] == usual[1] && usual[3] != usual[4] && usual[5] == usual[6]);
	groups_behind("s390-zpci", "", usual);
	ck_assert(usual[0] != usual[1] && usual[1] != usual[2]);
	groups_behind("powernv-p7ioc", "", usual);
	ck_assert(usual[0] == -1 && usual[1] == usual[2] && usual[1] != usual[4]);
	ck_assert(usual[5] == -1 && usual[6] == -1);
}
END_TEST

/* It is the bridge's IOMMU that counts, whatever devices below it say. */
START_TEST(bridges_of_one_machine_may_differ)
{
	static const char machines[] = "iommu z s390-zpci\niommu u intel-vtd\n";
	char text[512];

	snprintf(text, sizeof(text),
		 "%shost-bridge 0000:00 iommu=u\nhost-bridge 0001:00 iommu=z\n"
		 "host-bridge 0002:00\n"
		 "device 0000:00:03.0 multifunction=yes\ndevice 0000:00:03.1\n"
		 "device 0001:00:03.0 multifunction=yes\ndevice 0001:00:03.1\n"
		 "device 0000:00:04.0 multifunction=yes iommu=z\ndevice 0000:00:04.1 iommu=z\n"
		 "device 0002:00:03.0 iommu=z\ndevice 0002:00:04.0 iommu=z\n",
		 machines);
	make(text);
	ck_assert_int_eq(group_of("0000:00:03.0"), group_of("0000:00:03.1"));
	ck_assert_int_ne(group_of("0001:00:03.0"), group_of("0001:00:03.1"));
	ck_assert_int_eq(group_of("0000:00:04.0"), group_of("0000:00:04.1"));
	/* This one says nothing. */
	ck_assert_int_eq(group_of("0002:00:03.0"), group_of("0002:00:04.0"));
	mock_machine_destroy(machine);
}
END_TEST

/* A platform that puts all with the same slot together, and asks another one for the rest. */
static int64_t by_slot(void *data, const struct libiommu_mock_function *function)
{
	const struct libiommu_mock_platform *other = libiommu_mock_platform_find("generic");
	unsigned int *calls = data;

	++*calls;
	if (function->name[8] == '1')
		return 100 + function->name[9] - '0';
	if (function->name[8] == '3')
		return LIBIOMMU_MOCK_GROUP_NONE;
	return other->device_group(other->data, function);
}

static size_t two_windows(void *data, const struct libiommu_mock_function *first,
			  struct libiommu_range *windows, size_t room)
{
	(void)data;
	ck_assert_uint_ge(room, 2);
	ck_assert_ptr_nonnull(first->iommu);
	windows[0] = (struct libiommu_range){ 0x100000, 0x1fffff };
	windows[1] = (struct libiommu_range){ 0x10000000, 0x1fffffff };
	return 2;
}

static unsigned int asked;

static struct libiommu_mock_platform mine(void)
{
	asked = 0;
	return (struct libiommu_mock_platform){ sizeof(struct libiommu_mock_platform), "mine",
						&asked, by_slot, two_windows };
}

START_TEST(a_program_brings_its_platform)
{
	struct libiommu_mock_platform platform = mine();
	struct libiommu_mock_machine *made;
	const struct libiommu_mock_function *any, *at = NULL;
	size_t seen = 0;

	ck_assert_int_eq(
		libiommu_mock_machine_new_with(IOMMU "host-bridge 0000:00 iommu=u grouping=mine\n"
						     "device 0000:00:10.0 driver=vfio-pci\n"
						     "device 0000:00:10.1 multifunction=no\n"
						     "device 0000:00:11.0\n"
						     "device 0000:00:02.0\n"
						     "device 0000:00:30.0\n",
					       &platform, 1, &made, NULL),
		0);
	machine = (struct mock_machine *)made;
	ck_assert_int_eq(group_of("0000:00:10.0"), 100);
	ck_assert_int_eq(group_of("0000:00:10.1"), 100);
	ck_assert_int_eq(group_of("0000:00:11.0"), 101);
	ck_assert_int_eq(group_of("0000:00:02.0"), 0);
	ck_assert_int_eq(group_of("0000:00:30.0"), -1);
	any = &mock_machine_device(machine, "0000:00:11.0")->function->seen;
	while ((at = libiommu_mock_function_next(any, at)))
		seen++;
	ck_assert_uint_eq(seen, 5);
	ck_assert_uint_eq(asked, 5);
	ck_assert_ptr_null(libiommu_mock_function_next(NULL, NULL));
	libiommu_mock_machine_free(made);
}
END_TEST

static int64_t always_300(void *data, const struct libiommu_mock_function *function)
{
	(void)data;
	(void)function;
	return 300;
}

/* What a program calls as a built-in one stands in its place, also where no line has grouping=. */
START_TEST(a_program_replaces_what_is_built_in)
{
	static const struct {
		const char *name;
		const char *text;
		const char *device;
	} rules[] = {
		{ "pci-acs",
		  IOMMU "host-bridge 0000:00 iommu=u\ndevice 0000:00:01.0\ndevice 0000:00:02.0\n",
		  "0000:00:02.0" },
		{ "pci-acs", HOST "device 0000:00:02.0\n", "0000:00:02.0" },
		{ "pci-acs", IOMMU "platform p iommu=u\n", "p" },
		{ "host-bridge", IOMMU "host-bridge 0000:00\ndevice 0000:00:02.0 iommu=u\n",
		  "0000:00:02.0" },
		{ "generic",
		  "iommu u s390-zpci\nhost-bridge 0000:00 iommu=u\ndevice 0000:00:02.0\n",
		  "0000:00:02.0" },
		{ "generic", "iommu u s390-zpci\nplatform p iommu=u\n", "p" },
		{ "stream", "iommu u arm-smmuv2\nplatform p iommu=u\n", "p" },
		{ "partitionable-endpoint",
		  "iommu u powernv-p7ioc\nhost-bridge 0000:00 iommu=u\ndevice 0000:00:02.0\n",
		  "0000:00:02.0" },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct libiommu_mock_platform platform = mine();
		struct libiommu_mock_machine *made;

		platform.name = rules[i].name;
		platform.device_group = always_300;
		ck_assert_int_eq(
			libiommu_mock_machine_new_with(rules[i].text, &platform, 1, &made, NULL),
			0);
		machine = (struct mock_machine *)made;
		ck_assert_msg(group_of(rules[i].device) == 300, "%s: %s", rules[i].name,
			      rules[i].text);
		libiommu_mock_machine_free(made);
		/* It is that machine's alone. */
		make(rules[i].text);
		ck_assert_int_ne(group_of(rules[i].device), 300);
		mock_machine_destroy(machine);
	}
}
END_TEST

START_TEST(windows_are_ranges_of_a_group)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_mock_platform platform = mine();
	struct libiommu_mock_machine *made;
	struct libiommu_range ranges[4];
	struct libiommu_device *dev;
	struct libiommu_ctx *ctx;
	size_t count = 4;

	ck_assert_int_eq(
		libiommu_mock_machine_new_with("personality bare\n" IOMMU
					       "host-bridge 0000:00 iommu=u grouping=mine\n"
					       "device 0000:00:10.0 driver=vfio-pci\n",
					       &platform, 1, &made, NULL),
		0);
	opts.backend = "mock";
	opts.backend_object = made;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:10.0", &dev, NULL), 0);
	ck_assert_int_eq(libiommu_device_iova_ranges(dev, ranges, &count, NULL), 0);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(ranges[0].start, 0x100000);
	ck_assert_uint_eq(ranges[0].last, 0x1fffff);
	ck_assert_uint_eq(ranges[1].start, 0x10000000);
	ck_assert_uint_eq(ranges[1].last, 0x1fffffff);
	libiommu_ctx_free(ctx);
	libiommu_mock_machine_free(made);
}
END_TEST

static int64_t too_large(void *data, const struct libiommu_mock_function *function)
{
	(void)data;
	(void)function;
	return INT64_C(1) << 32;
}

START_TEST(bad_platforms_are_refused)
{
	struct libiommu_mock_platform platform = mine();
	struct libiommu_mock_machine *made = NULL;
	struct libiommu_error *err;

	platform.device_group = NULL;
	ck_assert_int_eq(libiommu_mock_machine_new_with("", &platform, 1, &made, &err), -EINVAL);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_BAD_OPTIONS);
	libiommu_error_free(err);
	platform = mine();
	platform.size--;
	ck_assert_int_eq(libiommu_mock_machine_new_with("", &platform, 1, &made, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_mock_machine_new_with("", NULL, 1, &made, NULL), -EINVAL);
	platform = mine();
	platform.device_group = too_large;
	ck_assert_int_eq(
		libiommu_mock_machine_new_with(IOMMU "host-bridge 0000:00 iommu=u grouping=mine\n"
						     "device 0000:00:10.0\n",
					       &platform, 1, &made, &err),
		-EINVAL);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_CONFIG_SYNTAX);
	libiommu_error_free(err);
	ck_assert_ptr_null(made);
	ck_assert_ptr_null(libiommu_mock_platform_find("magic"));
	ck_assert_ptr_null(libiommu_mock_platform_find(NULL));
}
END_TEST

static long allocations, failing, live;

static void *counted_alloc(void *data, size_t length, size_t alignment)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();
	void *memory;

	(void)data;
	if (++allocations == failing)
		return NULL;
	memory = real->alloc(real->data, length, alignment);
	live += memory ? (long)length : 0;
	return memory;
}

static void counted_free(void *data, void *memory, size_t length)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();

	(void)data;
	live -= (long)length;
	real->free(real->data, memory, length);
}

START_TEST(every_allocation_may_fail)
{
	static const char text[] = RP ACS BELOW "device 0000:02:00.0 type=vf\nplatform p iommu=u\n";
	struct libiommu_mock_platform platform = mine();
	struct libiommu_allocator mem = *libiommu_allocator_default();
	struct libiommu_failure failure;
	int error = -ENOMEM;

	mem.alloc = counted_alloc;
	mem.free = counted_free;
	for (failing = 1; error; failing++) {
		allocations = 0;
		libiommu_failure_init(&failure);
		error = mock_machine_make_with(&mem, text, &platform, 1, &machine, &failure);
		ck_assert(!error || error == -ENOMEM);
		ck_assert(!error || live == 0);
	}
	ck_assert_int_gt(failing, 15);
	mock_machine_destroy(machine);
	ck_assert_int_eq(live, 0);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_error_names_its_line,
		a_port_isolates_by_what_it_could_turn_on,
		bridges_to_pci_can_be_special,
		numbers_follow_enumeration,
		written_groups_stand_beside_computed_ones,
		what_has_no_iommu_has_no_group,
		the_profile_says_how_unless_the_text_does,
		bridges_of_one_machine_may_differ,
		a_program_brings_its_platform,
		a_program_replaces_what_is_built_in,
		windows_are_ranges_of_a_group,
		bad_platforms_are_refused,
		every_allocation_may_fail,
	};

	return rig_run("mock-grouping", tests, sizeof(tests) / sizeof(tests[0]));
}
