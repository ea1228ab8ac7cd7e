/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages about devices: those of the kernel and of udev, cut, changed, made up, and very long. */
#include "lib/monitor/uevent.h"
#include "tests/unit/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct libiommu_uevent event;

/* A string literal with NULs in it; the last NUL is the compiler's and counts. */
#define PARSE(text) libiommu_uevent_parse(text, sizeof(text), &event)

#define PATH "/devices/pci0000:00/0000:00:04.0"

START_TEST(the_kernels_form)
{
	ck_assert_int_eq(
		PARSE("bind@" PATH "\0ACTION=bind\0DEVPATH=" PATH
		      "\0SUBSYSTEM=pci\0DRIVER=vfio-pci\0PCI_ID=1AF4:1042\0EMPTY=\0SEQNUM=4711"),
		0);
	ck_assert(!event.udev);
	ck_assert_int_eq(event.action, LIBIOMMU_UEVENT_BIND);
	ck_assert_str_eq(event.devpath, PATH);
	ck_assert_str_eq(event.name, "0000:00:04.0");
	ck_assert_str_eq(event.subsystem, "pci");
	ck_assert_str_eq(event.driver, "vfio-pci");
	ck_assert_uint_eq(event.sequence, 4711);
}
END_TEST

START_TEST(what_may_be_missing)
{
	ck_assert_int_eq(PARSE("x@/a\0ACTION=x\0DEVPATH=/a\0SUBSYSTEM=platform"), 0);
	ck_assert_int_eq(event.action, LIBIOMMU_UEVENT_OTHER);
	ck_assert_str_eq(event.driver, "");
	ck_assert_uint_eq(event.sequence, 0);
	/* Keys that only begin or end like ours. */
	ck_assert_int_eq(PARSE("x@/a\0ACTIONS=y\0ACTION=x\0MY_DEVPATH=/b\0DEVPATH=/a\0SUBSYSTEM=p"),
			 0);
	ck_assert_str_eq(event.devpath, "/a");
}
END_TEST

START_TEST(actions)
{
	static const struct {
		const char *text;
		enum libiommu_uevent_action action;
	} known[] = { { "add", LIBIOMMU_UEVENT_ADD },       { "remove", LIBIOMMU_UEVENT_REMOVE },
		      { "bind", LIBIOMMU_UEVENT_BIND },     { "unbind", LIBIOMMU_UEVENT_UNBIND },
		      { "change", LIBIOMMU_UEVENT_CHANGE }, { "move", LIBIOMMU_UEVENT_CHANGE },
		      { "online", LIBIOMMU_UEVENT_CHANGE }, { "offline", LIBIOMMU_UEVENT_CHANGE },
		      { "adds", LIBIOMMU_UEVENT_OTHER },    { "ad", LIBIOMMU_UEVENT_OTHER } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		char text[128];
		int length =
			snprintf(text, sizeof(text), "%s@/a%cACTION=%s%cDEVPATH=/a%cSUBSYSTEM=pci",
				 known[i].text, 0, known[i].text, 0, 0);

		ck_assert_int_eq(libiommu_uevent_parse(text, (size_t)length + 1, &event), 0);
		ck_assert_int_eq(event.action, known[i].action);
	}
}
END_TEST

START_TEST(garbage)
{
	memset(&event, 0x5a, sizeof(event));
	ck_assert_int_eq(libiommu_uevent_parse("", 0, &event), -EBADMSG);
	ck_assert_int_eq(PARSE(""), -EBADMSG);
	ck_assert_int_eq(PARSE("add"), -EBADMSG);
	ck_assert_int_eq(PARSE("add@/a"), -EBADMSG);
	/* No action, no path, no subsystem. */
	ck_assert_int_eq(PARSE("add@/a\0DEVPATH=/a\0SUBSYSTEM=pci"), -EBADMSG);
	ck_assert_int_eq(PARSE("add@/a\0ACTION=add\0SUBSYSTEM=pci"), -EBADMSG);
	ck_assert_int_eq(PARSE("add@/a\0ACTION=add\0DEVPATH=/a"), -EBADMSG);
	ck_assert_int_eq(PARSE("@/a\0ACTION=\0DEVPATH=/a\0SUBSYSTEM=pci"), -EBADMSG);
	ck_assert_int_eq(PARSE("add@/a\0ACTION=add\0DEVPATH=/a\0SUBSYSTEM="), -EBADMSG);
	/* The head says something else. */
	ck_assert_int_eq(PARSE("add@/a\0ACTION=add\0DEVPATH=/b\0SUBSYSTEM=pci"), -EBADMSG);
	ck_assert_int_eq(PARSE("add@/a\0ACTION=remove\0DEVPATH=/a\0SUBSYSTEM=pci"), -EBADMSG);
	ck_assert_int_eq(PARSE("added@/a\0ACTION=add\0DEVPATH=/a\0SUBSYSTEM=pci"), -EBADMSG);
	/* Paths that name nothing. */
	ck_assert_int_eq(PARSE("add@a\0ACTION=add\0DEVPATH=a\0SUBSYSTEM=pci"), -EBADMSG);
	ck_assert_int_eq(PARSE("add@a/b\0ACTION=add\0DEVPATH=a/b\0SUBSYSTEM=pci"), -EBADMSG);
	ck_assert_int_eq(PARSE("add@/a/\0ACTION=add\0DEVPATH=/a/\0SUBSYSTEM=pci"), -EBADMSG);
	ck_assert_int_eq(PARSE("add@\0ACTION=add\0DEVPATH=\0SUBSYSTEM=pci"), -EBADMSG);
	/* No property, and one without a name. */
	ck_assert_int_eq(PARSE("add@/a\0ACTION=add\0DEVPATH=/a\0SUBSYSTEM=pci\0X"), -EBADMSG);
	ck_assert_int_eq(PARSE("add@/a\0ACTION=add\0DEVPATH=/a\0SUBSYSTEM=pci\0=X"), -EBADMSG);
	ck_assert_int_eq(PARSE("add@/a\0ACTION=add\0DEVPATH=/a\0SUBSYSTEM=pci\0"), -EBADMSG);
	/* Said twice. */
	ck_assert_int_eq(PARSE("add@/a\0ACTION=add\0DEVPATH=/a\0SUBSYSTEM=pci\0SUBSYSTEM=pci"),
			 -EBADMSG);
	/* Numbers. */
	ck_assert_int_eq(PARSE("a@/a\0ACTION=a\0DEVPATH=/a\0SUBSYSTEM=b\0SEQNUM="), -EBADMSG);
	ck_assert_int_eq(PARSE("a@/a\0ACTION=a\0DEVPATH=/a\0SUBSYSTEM=b\0SEQNUM=-1"), -EBADMSG);
	ck_assert_int_eq(PARSE("a@/a\0ACTION=a\0DEVPATH=/a\0SUBSYSTEM=b\0SEQNUM="
			       "18446744073709551616"),
			 -EBADMSG);
	/* Nothing of it was written. */
	for (size_t i = 0; i < sizeof(event); i++)
		ck_assert_uint_eq(((unsigned char *)&event)[i], 0x5a);
	ck_assert_int_eq(PARSE("a@/a\0ACTION=a\0DEVPATH=/a\0SUBSYSTEM=b\0SEQNUM="
			       "18446744073709551615"),
			 0);
	ck_assert_uint_eq(event.sequence, UINT64_MAX);
}
END_TEST

#define PROPERTIES "ACTION=add\0DEVPATH=" PATH "\0SUBSYSTEM=pci\0SEQNUM=7"

static size_t make_udev(unsigned char *out, uint32_t header, uint32_t start, uint32_t length)
{
	static const unsigned char magic[] = { 0xfe, 0xed, 0xca, 0xfe };

	memset(out, 0, start);
	memcpy(out, "libudev", 8);
	memcpy(out + 8, magic, 4);
	memcpy(out + 12, &header, 4);
	memcpy(out + 16, &start, 4);
	memcpy(out + 20, &length, 4);
	memcpy(out + start, PROPERTIES, sizeof(PROPERTIES));
	return start + sizeof(PROPERTIES);
}

START_TEST(udevs_form)
{
	const uint32_t all = sizeof(PROPERTIES);
	unsigned char bytes[512];
	size_t length = make_udev(bytes, 40, 40, all);

	ck_assert_int_eq(libiommu_uevent_parse(bytes, length, &event), 0);
	ck_assert(event.udev);
	ck_assert_int_eq(event.action, LIBIOMMU_UEVENT_ADD);
	ck_assert_str_eq(event.name, "0000:00:04.0");
	ck_assert_uint_eq(event.sequence, 7);
	/* A newer header may be longer. */
	length = make_udev(bytes, 48, 64, all);
	ck_assert_int_eq(libiommu_uevent_parse(bytes, length, &event), 0);
	/* One that is shorter, overlaps, or points behind the end. */
	length = make_udev(bytes, 39, 40, all);
	ck_assert_int_eq(libiommu_uevent_parse(bytes, length, &event), -EBADMSG);
	length = make_udev(bytes, 41, 40, all);
	ck_assert_int_eq(libiommu_uevent_parse(bytes, length, &event), -EBADMSG);
	length = make_udev(bytes, 40, 40, all + 1);
	ck_assert_int_eq(libiommu_uevent_parse(bytes, length, &event), -EBADMSG);
	length = make_udev(bytes, 40, 40, UINT32_MAX);
	ck_assert_int_eq(libiommu_uevent_parse(bytes, length, &event), -EBADMSG);
	length = make_udev(bytes, 40, 40, all);
	ck_assert_int_eq(libiommu_uevent_parse(bytes, 39, &event), -EBADMSG);
	memset(bytes + 16, 0xff, 4);
	ck_assert_int_eq(libiommu_uevent_parse(bytes, length, &event), -EBADMSG);
	length = make_udev(bytes, 40, 40, all);
	bytes[8] = 0xca;
	ck_assert_int_eq(libiommu_uevent_parse(bytes, length, &event), -EBADMSG);
	/* Cut in its last property. */
	length = make_udev(bytes, 40, 40, all - 1);
	ck_assert_int_eq(libiommu_uevent_parse(bytes, length, &event), -EBADMSG);
}
END_TEST

/* As systemd-udevd lays one out: hashes for filters behind the lengths, and properties of its own. */
START_TEST(a_node_of_systemds)
{
	static const char properties[] =
		"ACTION=add\0DEVPATH=" PATH "/0000:01:00.0/vfio-dev/vfio0\0SUBSYSTEM=vfio-dev\0"
		"DEVNAME=/dev/vfio/devices/vfio0\0MAJOR=511\0MINOR=0\0SEQNUM=2143\0"
		"USEC_INITIALIZED=48113907\0DEVLINKS=/dev/vfio/by-slot/4\0"
		"TAGS=:systemd:uaccess:\0CURRENT_TAGS=:systemd:uaccess:";
	static const unsigned char hashes[16] = { 0x5a, 0x81, 0x0e, 0xc7, 0,    0,    0,    0,
						  0x02, 0x40, 0x10, 0x08, 0x00, 0x92, 0x04, 0x01 };
	const uint32_t length = sizeof(properties);
	unsigned char bytes[512];
	char device[64];

	make_udev(bytes, 40, 40, length);
	memcpy(bytes + 24, hashes, sizeof(hashes));
	memcpy(bytes + 40, properties, length);
	ck_assert_int_eq(libiommu_uevent_parse(bytes, 40 + length, &event), 0);
	ck_assert(event.udev);
	ck_assert_int_eq(event.action, LIBIOMMU_UEVENT_ADD);
	ck_assert_str_eq(event.subsystem, "vfio-dev");
	ck_assert_str_eq(event.name, "vfio0");
	ck_assert_str_eq(event.driver, "");
	ck_assert_uint_eq(event.sequence, 2143);
	ck_assert(libiommu_uevent_parent(&event, 2, device, sizeof(device)));
	ck_assert_str_eq(device, "0000:01:00.0");
}
END_TEST

/* Copies that are exactly as long as what may be read, so that sanitizers see a step aside. */
START_TEST(every_fragment)
{
	static const char whole[] = "add@" PATH "\0" PROPERTIES;
	unsigned int good = 0;
	unsigned char udev[512];
	size_t length = make_udev(udev, 40, 40, sizeof(PROPERTIES));

	for (size_t cut = 1; cut <= sizeof(whole); cut++) {
		char *copy = malloc(cut);

		memcpy(copy, whole, cut);
		if (!libiommu_uevent_parse(copy, cut, &event)) {
			good++;
			ck_assert_str_eq(event.name, "0000:00:04.0");
			ck_assert_str_eq(event.subsystem, "pci");
		}
		free(copy);
	}
	/* The whole, and the one that ends before the number. */
	ck_assert_uint_eq(good, 2);
	for (size_t cut = 1; cut < length; cut++) {
		unsigned char *copy = malloc(cut);

		memcpy(copy, udev, cut);
		ck_assert_int_eq(libiommu_uevent_parse(copy, cut, &event), -EBADMSG);
		free(copy);
	}
}
END_TEST

START_TEST(a_megabyte)
{
	static const char start[] = "add@" PATH "\0" PROPERTIES;
	const size_t length = 1 << 20;
	char *text = malloc(length);

	memset(text, 'x', length);
	memcpy(text, start, sizeof(start));
	text[sizeof(start) + 3] = '=';
	text[length - 1] = '\0';
	ck_assert_int_eq(libiommu_uevent_parse(text, length, &event), 0);
	ck_assert_str_eq(event.name, "0000:00:04.0");
	text[length - 1] = 'x';
	ck_assert_int_eq(libiommu_uevent_parse(text, length, &event), -EBADMSG);
	memset(text, 'x', length);
	ck_assert_int_eq(libiommu_uevent_parse(text, length, &event), -EBADMSG);
	memset(text, 0, length);
	ck_assert_int_eq(libiommu_uevent_parse(text, length, &event), -EBADMSG);
	free(text);
}
END_TEST

START_TEST(parents)
{
	char out[16];

	ck_assert_int_eq(PARSE("a@/devices/0000:00:04.0/vfio-dev/vfio0\0ACTION=a\0"
			       "DEVPATH=/devices/0000:00:04.0/vfio-dev/vfio0\0SUBSYSTEM=vfio-dev"),
			 0);
	ck_assert(libiommu_uevent_parent(&event, 1, out, sizeof(out)));
	ck_assert_str_eq(out, "vfio-dev");
	ck_assert(libiommu_uevent_parent(&event, 2, out, sizeof(out)));
	ck_assert_str_eq(out, "0000:00:04.0");
	ck_assert(!libiommu_uevent_parent(&event, 2, out, 12));
	ck_assert(libiommu_uevent_parent(&event, 2, out, 13));
	ck_assert(libiommu_uevent_parent(&event, 3, out, sizeof(out)));
	ck_assert(!libiommu_uevent_parent(&event, 4, out, sizeof(out)));
	ck_assert_int_eq(PARSE("a@/a\0ACTION=a\0DEVPATH=/a\0SUBSYSTEM=b"), 0);
	ck_assert(!libiommu_uevent_parent(&event, 1, out, sizeof(out)));
	ck_assert(!libiommu_uevent_parent(&event, 2, out, sizeof(out)));
	ck_assert_int_eq(PARSE("a@/a//b\0ACTION=a\0DEVPATH=/a//b\0SUBSYSTEM=b"), 0);
	ck_assert(!libiommu_uevent_parent(&event, 1, out, sizeof(out)));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("monitor-uevent");
	TCase *tcase = tcase_create("monitor-uevent");

	tcase_add_test(tcase, the_kernels_form);
	tcase_add_test(tcase, what_may_be_missing);
	tcase_add_test(tcase, actions);
	tcase_add_test(tcase, garbage);
	tcase_add_test(tcase, udevs_form);
	tcase_add_test(tcase, a_node_of_systemds);
	tcase_add_test(tcase, every_fragment);
	tcase_add_test(tcase, a_megabyte);
	tcase_add_test(tcase, parents);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
