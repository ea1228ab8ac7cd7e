/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/mock-rig.h"

#include <libiommu/mock.h>

static struct rig rig;
static struct mock_claim dev;
static struct mock_domain dom;

static void refused(const char *name, enum libiommu_reason reason, const char *word)
{
	ck_assert_int_eq(rig_try_device(&rig, &dev, name), -libiommu_reason_errno(reason));
	ck_assert_int_eq(rig.failure.reason, reason);
	ck_assert_str_eq(rig.failure.subject, name);
	ck_assert_msg(strstr(rig.failure.detail, word), "%s", rig.failure.detail);
}

START_TEST(opening_says_what_is_in_the_way)
{
	rig_open(&rig, NULL);
	refused("eth0", LIBIOMMU_REASON_BAD_NAME, "");
	refused("0000:00:09.0", LIBIOMMU_REASON_DEVICE_UNKNOWN, "");
	refused("0000:00:00.0", LIBIOMMU_REASON_NO_GROUP, "");
	refused("0000:00:02.0", LIBIOMMU_REASON_NOT_BOUND, "e1000e");
	refused("0000:00:1f.0", LIBIOMMU_REASON_NOT_BOUND, "no driver");
	refused("0000:00:1f.2", LIBIOMMU_REASON_GROUP_NOT_VIABLE, "0000:00:1f.3 (i801_smbus)");
	ck_assert_ptr_null(strstr(rig.failure.detail, "1f.0"));
	rig_device(&rig, &dev, "0000:01:00.0");
	mock->device_close(&dev, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(of_many_culprits_the_first_are_named)
{
	char text[2000] = "iommu u intel-vtd\n"
			  "device 0000:00:10.0 iommu=u group=1 driver=vfio-pci\n";
	size_t length = strlen(text);

	for (int i = 0; i < 20; i++)
		length += (size_t)snprintf(
			text + length, sizeof(text) - length,
			"device 0000:%02x:11.0 iommu=u group=1 driver=driver%d\n", i, i);
	rig_open(&rig, text);
	refused("0000:00:10.0", LIBIOMMU_REASON_GROUP_NOT_VIABLE, "(driver8), and others.");
	rig_close(&rig);
}
END_TEST

START_TEST(a_group_has_one_owner)
{
	struct libiommu_mock_machine *machine;
	struct mock_claim second;
	struct rig other;

	ck_assert_int_eq(libiommu_mock_machine_new(NULL, &machine, NULL), 0);
	ck_assert_int_eq(rig_open_object(&rig, NULL, machine), 0);
	ck_assert_int_eq(rig_open_object(&other, NULL, machine), 0);
	rig_device(&rig, &dev, "0000:00:05.0");
	ck_assert_int_eq(rig_try_device(&other, &second, "0000:00:05.1"), -EBUSY);
	ck_assert_int_eq(other.failure.reason, LIBIOMMU_REASON_DEVICE_BUSY);
	rig_device(&other, &second, "0000:00:04.0");
	mock->device_close(&dev, 0);
	rig_device(&other, &dev, "0000:00:05.1");
	mock->device_close(&dev, 0);
	mock->device_close(&second, 0);
	rig_close(&rig);
	rig_close(&other);
	libiommu_mock_machine_free(machine);
}
END_TEST

START_TEST(a_direct_region_that_firmware_gives_up_is_lent)
{
	rig_open(&rig, "iommu u intel-vtd\n"
		       "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci\n"
		       "device 0000:00:03.1 iommu=u group=1 driver=vfio-pci\n"
		       "device 0000:00:04.0 iommu=u group=2 driver=vfio-pci\n"
		       "reserved u 0x10000-0x1ffff direct-relaxable\n"
		       "reserved 0000:00:03.1 0x20000-0x2ffff direct\n");
	refused("0000:00:03.0", LIBIOMMU_REASON_DIRECT_REGION, "0x20000-0x2ffff");
	rig_device(&rig, &dev, "0000:00:04.0");
	mock->device_close(&dev, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(ranges_leave_out_what_is_reserved)
{
	static const struct libiommu_range expected[] = {
		{ 0x2000, 0xfedfffff },
		{ 0xfef00000, 0x7fffffefff },
	};
	struct libiommu_geometry geometry = { .count = 0 };

	rig_open(&rig, "personality bare\niommu u intel-vtd width=39\n"
		       "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci\n"
		       "device 0000:00:03.1 iommu=u group=1\n"
		       "reserved u 0-fff reserved\n"
		       "reserved 0000:00:03.1 0x1000-0x1fff direct\n"
		       "reserved u 0x0-0x1fff msi\n"
		       "reserved u 0xfed00000-0xfedfffff direct-relaxable\n"
		       "reserved u 0x7ffffff000-0xffffffffff reserved\n");
	rig_device(&rig, &dev, "0000:00:03.0");
	ck_assert_int_eq(mock->device_ranges(&dev, &geometry, &rig.failure), 0);
	ck_assert_uint_eq(geometry.count, 2);
	ck_assert_uint_eq(geometry.ranges[0].start, expected[0].start);
	ck_assert_uint_eq(geometry.ranges[0].last, expected[0].last);
	ck_assert_uint_eq(geometry.ranges[1].start, expected[1].start);
	ck_assert_uint_eq(geometry.ranges[1].last, expected[1].last);
	ck_assert_uint_eq(geometry.page_min, PAGE);
	libiommu_geometry_clear(&rig.env, &geometry);
	mock->device_close(&dev, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(type1_tells_ranges_after_the_first_attach)
{
	struct libiommu_geometry geometry = { .count = 0 };
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;

	rig_open(&rig, NULL);
	rig_device(&rig, &dev, "0000:00:03.0");
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	ck_assert_int_eq(mock->device_ranges(&dev, &geometry, &rig.failure), -ENOTCONN);
	mock->device_cap(&dev, LIBIOMMU_CAP_ADDRESS_BITS, &answer);
	ck_assert_int_eq(answer.answer, LIBIOMMU_ANSWER_UNKNOWN);
	ck_assert_int_eq(rig_attach(&rig, &dev, &dom, true, NULL, 0), 0);
	ck_assert_int_eq(rig_detach(&rig, &dev, &dom, true, 0), 0);
	ck_assert_int_eq(mock->device_ranges(&dev, &geometry, &rig.failure), 0);
	libiommu_geometry_clear(&rig.env, &geometry);
	mock->device_cap(&dev, LIBIOMMU_CAP_ADDRESS_BITS, &answer);
	ck_assert_int_eq(answer.answer, LIBIOMMU_ANSWER_YES);
	ck_assert_uint_eq(answer.value, 48);
	ck_assert_str_eq(answer.evidence, "mock profile intel-vtd");
	mock->device_close(&dev, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(every_capability_has_an_answer_and_evidence)
{
	rig_open(&rig, "personality type1\niommu u intel-vtd\n"
		       "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci\n");
	rig_device(&rig, &dev, "0000:00:03.0");
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	ck_assert_int_eq(rig_attach(&rig, &dev, &dom, true, NULL, 0), 0);
	for (int cap = LIBIOMMU_CAP_PAGE_SIZES; cap <= LIBIOMMU_CAP_ATS; cap++) {
		struct libiommu_cap_answer answer = { .size = sizeof(answer) };

		mock->device_cap(&dev, (enum libiommu_cap)cap, &answer);
		ck_assert_int_ne(answer.answer, LIBIOMMU_ANSWER_UNKNOWN);
		ck_assert_ptr_nonnull(strstr(answer.evidence, "mock "));
	}
	ck_assert_int_eq(rig_detach(&rig, &dev, &dom, true, 0), 0);
	mock->device_close(&dev, 0);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		opening_says_what_is_in_the_way,
		of_many_culprits_the_first_are_named,
		a_group_has_one_owner,
		a_direct_region_that_firmware_gives_up_is_lent,
		ranges_leave_out_what_is_reserved,
		type1_tells_ranges_after_the_first_attach,
		every_capability_has_an_answer_and_evidence,
	};

	return rig_run("mock-claims", tests, sizeof(tests) / sizeof(tests[0]));
}
