/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/mock-rig.h"

#include <libiommu/mock.h>

#define IOMMU "iommu u intel-vtd\n"

static const struct {
	const char *text;
	const char *line;
	const char *word; /* in the message */
} wrong[] = {
	{ "nonsense\n", "line 1", "nonsense" },
	{ "# fine\n\npersonality\n", "line 3", "one name" },
	{ "personality windows", "line 1", "windows" },
	{ "personality bare\npersonality bare\n", "line 2", "before" },
	{ "ram\n", "line 1", "packed" },
	{ "ram sticky\n", "line 1", "packed" },
	{ "ram packed\nram packed\n", "line 2", "before" },
	{ "ram packed width=99\n", "line 1", "99" },
	{ "ram scattered seed=x\n", "line 1", "\"x\"" },
	{ "ram packed size=4G\n", "line 1", "size=4G" },
	{ "limit\n", "line 1", "entries" },
	{ "limit entries=0\n", "line 1", "\"0\"" },
	{ "limit entries=-1\n", "line 1", "-1" },
	{ "limit locked=64X\n", "line 1", "64X" },
	{ "limit locked=99999999999999T\n", "line 1", "99999999999999T" },
	{ "limit locked=M\n", "line 1", "\"M\"" },
	{ "limit pages=3\n", "line 1", "pages=3" },
	{ "iommu u\n", "line 1", "profile" },
	{ "iommu u sparc\n", "line 1", "sparc" },
	{ IOMMU IOMMU, "line 2", "already" },
	{ "iommu u intel-vtd width=40\n", "line 1", "40" },
	{ "iommu u intel-vtd width=56\n", "line 1", "56" },
	{ "iommu u intel-vtd-fs width=48\n", "line 1", "48" },
	{ "iommu u intel-vtd coherent=maybe\n", "line 1", "maybe" },
	{ "iommu u intel-vtd msi=no\n", "line 1", "unsafe" },
	{ "iommu u intel-vtd pages=8K\n", "line 1", "8K" },
	{ "iommu u intel-vtd phys=60\n", "line 1", "60" },
	{ "iommu u intel-vtd colour=red\n", "line 1", "colour" },
	{ "iommu abcdefghijklmnopqrstuvwxyzabcdefghij intel-vtd\n", "line 1", "too long" },
	{ "device\n", "line 1", "0000:3b:00.0" },
	{ "device 00:03.0\n", "line 1", "0000:3b:00.0" },
	{ "device 0000:00:03.8\n", "line 1", "0000:3b:00.0" },
	{ "device 0000:00:0A.0\n", "line 1", "0000:3b:00.0" },
	{ "device 0000:00:03.0\ndevice 0000:00:03.0\n", "line 2", "already" },
	{ "device 0000:00:03.0 iommu=u\n" IOMMU, "line 1", "\"u\"" },
	{ "device 0000:00:03.0 group=1\n", "line 1", "iommu=" },
	{ IOMMU "device 0000:00:03.0 iommu=u group=-3\n", "line 2", "-3" },
	{ IOMMU "iommu v intel-vtd\ndevice 0000:00:03.0 iommu=u group=1\n"
		"device 0000:00:04.0 iommu=v group=1\n",
	  "line 4", "another IOMMU" },
	{ "device 0000:00:03.0 driver=\n", "line 1", "driver" },
	{ "device 0000:00:03.0 class=zz\n", "line 1", "zz" },
	{ "device 0000:00:03.0 class=1000000\n", "line 1", "1000000" },
	{ "device 0000:00:03.0 id=8086\n", "line 1", "8086" },
	{ "device 0000:00:03.0 id=8086:12345\n", "line 1", "12345" },
	{ "device 0000:00:03.0 bridge=1\n", "line 1", "neither" },
	{ "device 0000:00:03.0 dma-mask=65\n", "line 1", "65" },
	{ "device 0000:00:03.0 reset=never\n", "line 1", "never" },
	{ "device 0000:00:03.0 fast\n", "line 1", "fast" },
	{ "reserved u 0x1000-0x1fff\n", "line 1", "a type" },
	{ "reserved u 0x1000-0x1fff msi\n", "line 1", "\"u\"" },
	{ IOMMU "reserved u 0x1000 msi\n", "line 2", "0x1000" },
	{ IOMMU "reserved u 0x1000-0x1ffe msi\n", "line 2", "whole pages" },
	{ IOMMU "reserved u 0x2000-0x1fff msi\n", "line 2", "whole pages" },
	{ IOMMU "reserved u 0x1000-0x1fff secret\n", "line 2", "secret" },
	{ "limit a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g\n", "line 1",
	  "32 words" },
	{ "device 0000:00:03.0 driver="
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaa",
	  "line 1", "longer" },
};

START_TEST(every_error_names_its_line)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct libiommu_mock_machine *machine = NULL;
		struct libiommu_error *err;

		ck_assert_int_eq(libiommu_mock_machine_new(wrong[i].text, &machine, &err), -EINVAL);
		ck_assert_ptr_null(machine);
		ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_CONFIG_SYNTAX);
		ck_assert_str_eq(libiommu_error_subject(err), wrong[i].line);
		ck_assert_msg(strstr(libiommu_error_message(err), wrong[i].word), "%s: %s",
			      wrong[i].text, libiommu_error_message(err));
		libiommu_error_free(err);
	}
}
END_TEST

START_TEST(an_unknown_model_has_a_reason_of_its_own)
{
	struct libiommu_mock_machine *machine;
	struct libiommu_error *err;

	ck_assert_int_eq(
		libiommu_mock_machine_new("\ndevice 0000:00:03.0 model=gpu\n", &machine, &err),
		-ENOENT);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_MODEL_UNKNOWN);
	ck_assert_str_eq(libiommu_error_subject(err), "line 2");
	libiommu_error_free(err);
	ck_assert_int_eq(libiommu_mock_machine_new(NULL, NULL, NULL), -EINVAL);
}
END_TEST

START_TEST(ram_must_fit_the_iommu)
{
	struct libiommu_mock_machine *machine;
	struct libiommu_error *err;

	ck_assert_int_eq(libiommu_mock_machine_new("ram packed width=40\n"
						   "iommu u intel-vtd phys=40\n",
						   &machine, &err),
			 -EINVAL);
	ck_assert_str_eq(libiommu_error_subject(err), "u");
	libiommu_error_free(err);
}
END_TEST

START_TEST(what_a_text_says_is_what_there_is)
{
	static const char text[] =
		"personality type1 # with a comment\r\n"
		"\tram runs width=40\n"
		"limit entries=10 locked=3M\n"
		"iommu u intel-vtd width=39 coherent=no msi=unsafe ad=no snoop=no pages=4K "
		"phys=46\n"
		"device 0000:00:03.0 iommu=u group=9 driver=vfio-pci model=edu dma-mask=32\n"
		"device 0000:00:04.0 iommu=u group=9 driver=none class=060400 id=8086:0001\n"
		"device 0000:00:05.0\n"
		"reserved u 0x1000-0x1fff reserved\n"
		"reserved 0000:00:03.0 0-fff direct-relaxable";
	const struct mock_device *edu, *bridge;
	struct mock_machine *machine;
	struct rig rig;

	rig_open(&rig, text);
	machine = rig.ctx.machine;
	ck_assert_str_eq(machine->personality->name, "type1");
	ck_assert_int_eq(machine->ram.policy, MOCK_RAM_RUNS);
	ck_assert_uint_eq(machine->entry_limit, 10);
	ck_assert_uint_eq(machine->locked_limit, 3 << 20);
	ck_assert_uint_eq(machine->iommus->hw.levels, 3);
	ck_assert_uint_eq(machine->iommus->hw.page_sizes, PAGE);
	ck_assert(!machine->iommus->hw.coherent && !machine->iommus->hw.msi_isolated);
	ck_assert(!machine->iommus->hw.accessed_dirty && !machine->iommus->hw.snoop_control);
	ck_assert_uint_eq(machine->iommus->reserved->what.range.start, 0x1000);
	edu = mock_machine_device(machine, "0000:00:03.0");
	bridge = mock_machine_device(machine, "0000:00:04.0");
	ck_assert_uint_eq(edu->vendor, 0x1234);
	ck_assert_uint_eq(edu->dma_mask, UINT32_MAX);
	ck_assert_int_eq(edu->reserved->what.type, LIBIOMMU_RESERVED_DIRECT_RELAXABLE);
	ck_assert_ptr_eq(edu->group, bridge->group);
	ck_assert(bridge->bridge);
	ck_assert_uint_eq(bridge->vendor, 0x8086);
	ck_assert_str_eq(bridge->driver, "");
	ck_assert_ptr_null(mock_machine_device(machine, "0000:00:05.0")->group);
	rig_close(&rig);
}
END_TEST

START_TEST(the_default_machine_reads_like_any_other)
{
	struct libiommu_mock_machine *machine;

	ck_assert_int_eq(libiommu_mock_machine_new(libiommu_mock_default_machine(), &machine, NULL),
			 0);
	libiommu_mock_machine_free(machine);
	ck_assert_int_eq(libiommu_mock_machine_new("", &machine, NULL), 0);
	libiommu_mock_machine_free(machine);
	libiommu_mock_machine_free(NULL);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		every_error_names_its_line,
		an_unknown_model_has_a_reason_of_its_own,
		ram_must_fit_the_iommu,
		what_a_text_says_is_what_there_is,
		the_default_machine_reads_like_any_other,
	};

	return rig_run("mock-parse", tests, sizeof(tests) / sizeof(tests[0]));
}
