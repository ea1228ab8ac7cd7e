/* SPDX-License-Identifier: BSD-2-Clause */
/* What each kernel interface allows and tells; docs/mock.md has the same table. */
#include "tests/unit/mock-rig.h"

#include <libiommu/mock.h>

#define NO      LIBIOMMU_ANSWER_NO
#define YES     LIBIOMMU_ANSWER_YES
#define UNKNOWN LIBIOMMU_ANSWER_UNKNOWN

#define KINDS 4
static const char *const kinds[KINDS] = { "strict", "type1", "iommufd", "bare" };
enum { STRICT, TYPE1, IOMMUFD, BARE };

static struct rig rig;
static struct mock_claim a, b, c, c1;
static struct mock_domain dom, other;

static void start(const char *personality, const char *iommu, const char *more)
{
	char text[800];

	snprintf(text, sizeof(text),
		 "personality %s\niommu u %s\n"
		 "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci model=edu\n"
		 "device 0000:00:04.0 iommu=u group=2 driver=vfio-pci model=edu\n"
		 "device 0000:00:05.0 iommu=u group=3 driver=vfio-pci model=edu\n"
		 "device 0000:00:05.1 iommu=u group=3 driver=vfio-pci model=edu\n%s",
		 personality, iommu, more);
	rig_open(&rig, text);
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	rig_domain(&rig, &other, LIBIOMMU_DOMAIN_PAGING);
}

static void stop(void)
{
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_uint_eq(rig.ctx.machine->locked, 0);
	rig_close(&rig);
}

static struct libiommu_cap_answer ask(struct mock_claim *claim, enum libiommu_cap cap)
{
	struct libiommu_cap_answer answer = { .size = sizeof(answer) };

	mock->device_cap(claim, cap, &answer);
	return answer;
}

static const struct {
	enum libiommu_cap cap;
	enum libiommu_answer before[KINDS];
	enum libiommu_answer after[KINDS]; /* the first attach */
} answers[] = {
	{ LIBIOMMU_CAP_PAGE_SIZES,
	  { UNKNOWN, UNKNOWN, UNKNOWN, YES },
	  { UNKNOWN, YES, UNKNOWN, YES } },
	{ LIBIOMMU_CAP_ADDRESS_BITS, { UNKNOWN, UNKNOWN, UNKNOWN, YES }, { YES, YES, YES, YES } },
	{ LIBIOMMU_CAP_ENTRY_LIMIT, { YES, YES, NO, NO }, { YES, YES, NO, NO } },
	{ LIBIOMMU_CAP_REPLACE, { NO, NO, YES, YES }, { NO, NO, YES, YES } },
	{ LIBIOMMU_CAP_REPLACE_HITLESS, { NO, NO, UNKNOWN, YES }, { NO, NO, UNKNOWN, YES } },
	{ LIBIOMMU_CAP_STATE_SURVIVES_DETACH, { NO, NO, YES, YES }, { NO, NO, YES, YES } },
	{ LIBIOMMU_CAP_SHARES_PINS, { NO, NO, YES, YES }, { NO, NO, YES, YES } },
	{ LIBIOMMU_CAP_REPROTECT, { NO, NO, NO, NO }, { NO, NO, NO, NO } },
	{ LIBIOMMU_CAP_FILE_MAPPINGS, { NO, NO, NO, NO }, { NO, NO, NO, NO } },
	{ LIBIOMMU_CAP_FD_BEFORE_ATTACH, { NO, NO, YES, YES }, { NO, NO, YES, YES } },
	{ LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED, { YES, YES, YES, YES }, { YES, YES, YES, YES } },
	{ LIBIOMMU_CAP_ISOLATES_OUTSIDE_APERTURE, { YES, YES, YES, YES }, { YES, YES, YES, YES } },
	{ LIBIOMMU_CAP_CACHE_COHERENCY, { UNKNOWN, UNKNOWN, YES, YES }, { YES, YES, YES, YES } },
	{ LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY,
	  { UNKNOWN, UNKNOWN, UNKNOWN, YES },
	  { UNKNOWN, YES, UNKNOWN, YES } },
	{ LIBIOMMU_CAP_WRITE_ONLY, { YES, YES, YES, YES }, { YES, YES, YES, YES } },
	{ LIBIOMMU_CAP_READ_ONLY, { YES, YES, YES, YES }, { YES, YES, YES, YES } },
	{ LIBIOMMU_CAP_P2P, { NO, NO, NO, NO }, { NO, NO, NO, NO } },
	{ LIBIOMMU_CAP_IOMMUFD, { YES, YES, YES, YES }, { YES, YES, YES, YES } },
	{ LIBIOMMU_CAP_DIRTY_TRACKING, { NO, NO, NO, NO }, { NO, NO, NO, NO } },
	{ LIBIOMMU_CAP_PASIDS, { NO, NO, NO, NO }, { NO, NO, NO, NO } },
	{ LIBIOMMU_CAP_ATS, { NO, NO, NO, NO }, { NO, NO, NO, NO } },
};

static void check_answers(size_t kind, bool after)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct libiommu_cap_answer answer = ask(&a, answers[i].cap);

		ck_assert_msg(answer.answer == (after ? answers[i].after : answers[i].before)[kind],
			      "%s: %s: %d", kinds[kind], libiommu_cap_name(answers[i].cap),
			      (int)answer.answer);
		if (answer.answer != UNKNOWN)
			ck_assert_ptr_nonnull(strstr(answer.evidence, "mock "));
		if (answer.answer != YES)
			ck_assert_uint_eq(answer.value, 0);
	}
}

START_TEST(capabilities_are_as_in_the_table)
{
	/* A capability without a row would go unnoticed. */
	ck_assert_uint_eq(sizeof(answers) / sizeof(answers[0]), LIBIOMMU_CAP_ATS);
	for (size_t kind = 0; kind < KINDS; kind++) {
		start(kinds[kind], "intel-vtd", "");
		rig_device(&rig, &a, "0000:00:03.0");
		check_answers(kind, false);
		ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, NULL, 0), 0);
		check_answers(kind, true);
		ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
		/* Never less known. */
		check_answers(kind, true);
		mock->device_close(&a, 0);
		stop();
	}
}
END_TEST

/* How far a restriction goes: what the answer of one personality allows beyond another's. */
static int freedom(enum libiommu_cap cap, enum libiommu_answer answer)
{
	if (cap == LIBIOMMU_CAP_ENTRY_LIMIT)
		return answer == NO;
	return answer == YES;
}

START_TEST(strict_promises_only_what_both_kernels_do)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		enum libiommu_cap cap = answers[i].cap;

		for (int after = 0; after < 2; after++) {
			const enum libiommu_answer *row =
				after ? answers[i].after : answers[i].before;
			int both = freedom(cap, row[TYPE1]) && freedom(cap, row[IOMMUFD]);

			ck_assert_int_eq(freedom(cap, row[STRICT]), both);
		}
	}
}
END_TEST

static void refused(const char *personality, const char *iommu, const char *more,
		    enum libiommu_reason reason, bool at_open)
{
	start(personality, iommu, more);
	if (at_open) {
		ck_assert_int_eq(rig_try_device(&rig, &a, "0000:00:03.0"),
				 -libiommu_reason_errno(reason));
		ck_assert_int_eq(rig.failure.reason, reason);
		ck_assert_str_eq(rig.failure.subject, "0000:00:03.0");
		/* Its group is free, another one unconcerned where the IOMMU is not the cause. */
		ck_assert_ptr_null(mock_machine_group(rig.ctx.machine, 1)->owner);
	} else {
		rig_device(&rig, &a, "0000:00:03.0");
		ck_assert_int_eq(ask(&a, LIBIOMMU_CAP_IOMMUFD).answer, NO);
		ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, NULL, 0),
				 -libiommu_reason_errno(reason));
		ck_assert_int_eq(rig.failure.reason, reason);
		mock->device_close(&a, 0);
	}
	stop();
}

START_TEST(hardware_is_refused_when_its_kernel_sees_it)
{
	static const char direct[] = "reserved 0000:00:03.0 0x10000-0x1ffff direct\n";

	for (size_t kind = 0; kind < BARE; kind++) {
		bool at_open = kind != TYPE1;

		refused(kinds[kind], "intel-vtd coherent=no", "", LIBIOMMU_REASON_NOT_COHERENT,
			at_open);
		refused(kinds[kind], "intel-vtd msi=unsafe", "", LIBIOMMU_REASON_MSI_NOT_ISOLATED,
			at_open);
		refused(kinds[kind], "intel-vtd", direct, LIBIOMMU_REASON_DIRECT_REGION, at_open);
	}
	start("bare", "intel-vtd coherent=no msi=unsafe", direct);
	rig_device(&rig, &a, "0000:00:03.0");
	ck_assert_int_eq(ask(&a, LIBIOMMU_CAP_IOMMUFD).answer, NO);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, NULL, 0), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	mock->device_close(&a, 0);
	stop();
}
END_TEST

START_TEST(iommufd_tells_ranges_after_an_attach_for_ever)
{
	struct libiommu_geometry geometry = { .count = 0 };

	start("iommufd", "intel-vtd width=39", "");
	rig_device(&rig, &c, "0000:00:05.0");
	rig_device(&rig, &c1, "0000:00:05.1");
	ck_assert(c.dev->fd);
	ck_assert_int_eq(mock->device_ranges(&c, &geometry, &rig.failure), -ENOTCONN);
	ck_assert_int_eq(rig_attach(&rig, &c, &dom, true, NULL, 0), 0);
	/* Each device is asked for itself. */
	ck_assert_int_eq(mock->device_ranges(&c1, &geometry, &rig.failure), -ENOTCONN);
	ck_assert_int_eq(rig_detach(&rig, &c, &dom, true, 0), 0);
	ck_assert_int_eq(mock->device_ranges(&c, &geometry, &rig.failure), 0);
	ck_assert_uint_eq(geometry.page_sizes, 0);
	ck_assert_uint_eq(geometry.page_min, PAGE);
	ck_assert_uint_eq(geometry.count, 2);
	ck_assert_uint_eq(geometry.ranges[1].last, (UINT64_C(1) << 39) - 1);
	libiommu_geometry_clear(&rig.env, &geometry);
	mock->device_close(&c1, 0);
	mock->device_close(&c, 0);
	stop();
}
END_TEST

START_TEST(iommufd_charges_a_domain_once_and_lets_groups_go)
{
	struct libiommu_backend_map map;

	start("iommufd", "intel-vtd", "limit locked=12K\n");
	rig_device(&rig, &a, "0000:00:03.0");
	rig_device(&rig, &b, "0000:00:04.0");
	map = rig_map_of(&rig, 0, 2);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), 0);
	ck_assert_int_eq(rig_attach(&rig, &b, &dom, true, &map, 1), 0);
	ck_assert_uint_eq(rig_pins(&rig), 2);
	ck_assert_uint_eq(rig.ctx.machine->locked, 2 * PAGE);
	ck_assert_uint_eq(rig.ctx.machine->space_count, 1);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	ck_assert(a.dev->fd);
	ck_assert_int_eq(rig_reads(&b, map.iova), 0);
	ck_assert_int_eq(rig_reads(&a, map.iova), LIBIOMMU_MOCK_FAULT_BLOCKED);
	/* Another domain is another charge, beyond the limit here. */
	ck_assert_int_eq(rig_attach(&rig, &a, &other, true, &map, 1), -ENOMEM);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_LOCKED_MEMORY);
	ck_assert_int_eq(rig_detach(&rig, &b, &dom, true, 0), 0);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_int_eq(rig_attach(&rig, &a, &other, true, &map, 1), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &other, true, 0), 0);
	mock->device_close(&a, 0);
	mock->device_close(&b, 0);
	stop();
}
END_TEST

START_TEST(iommufd_moves_a_group_whole_or_not_at_all)
{
	struct libiommu_geometry from = { .count = 0 }, to = { .count = 0 };
	struct libiommu_backend_attach attach = { sizeof(attach), true, NULL, 0, NULL };
	struct libiommu_backend_map map, there, high;
	void *devices[] = { &c, &c1 };

	start("iommufd", "intel-vtd width=39", "");
	rig_device(&rig, &c, "0000:00:05.0");
	rig_device(&rig, &c1, "0000:00:05.1");
	map = rig_map_of(&rig, 0, 1);
	there = high = rig_map_of(&rig, 8, 1);
	high.iova = UINT64_C(1) << 39;
	ck_assert_int_eq(rig_attach(&rig, &c, &dom, true, &map, 1), 0);
	ck_assert_int_eq(rig_attach(&rig, &c1, &dom, false, NULL, 0), 0);
	attach.maps = &high;
	attach.map_count = 1;
	ck_assert_int_eq(mock->replace(devices, 2, &dom, &other, &attach, &from, &to, &rig.failure),
			 -EADDRINUSE);
	libiommu_geometry_clear(&rig.env, &to);
	ck_assert_int_eq(rig_reads(&c, map.iova) | rig_reads(&c1, map.iova), 0);
	attach.maps = &there;
	ck_assert_int_eq(mock->replace(devices, 2, &dom, &other, &attach, &from, &to, &rig.failure),
			 0);
	libiommu_geometry_clear(&rig.env, &from);
	libiommu_geometry_clear(&rig.env, &to);
	ck_assert_int_eq(rig_reads(&c, there.iova) | rig_reads(&c1, there.iova), 0);
	ck_assert_int_eq(rig_reads(&c, map.iova), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_int_eq(rig_reads(&c1, map.iova), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_uint_eq(rig_pins(&rig), 1);
	ck_assert_int_eq(rig_detach(&rig, &c1, &other, false, 0), 0);
	ck_assert_int_eq(rig_reads(&c1, there.iova), 0);
	ck_assert_int_eq(rig_detach(&rig, &c, &other, true, 0), 0);
	mock->device_close(&c1, 0);
	mock->device_close(&c, 0);
	stop();
}
END_TEST

START_TEST(kernels_add_read_and_know_no_identity)
{
	struct libiommu_backend_map map;
	struct mock_domain identity;

	for (size_t kind = 0; kind < KINDS; kind++) {
		bool bare = kind == BARE;

		start(kinds[kind], "intel-vtd-fs", "");
		rig_device(&rig, &a, "0000:00:03.0");
		map = rig_map_of(&rig, 0, 1);
		map.prot = LIBIOMMU_PROT_WRITE;
		ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), bare ? -EOPNOTSUPP : 0);
		if (!bare) {
			ck_assert_int_eq(rig_reads(&a, map.iova), 0);
			ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
		}
		ck_assert_int_eq(ask(&a, LIBIOMMU_CAP_WRITE_ONLY).answer, NO);
		memset(&identity, 0, sizeof(identity));
		ck_assert_int_eq(mock->domain_new(&rig.ctx, &identity, LIBIOMMU_DOMAIN_IDENTITY,
						  &rig.failure),
				 bare ? 0 : -EOPNOTSUPP);
		mock->device_close(&a, 0);
		stop();
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		capabilities_are_as_in_the_table,
		strict_promises_only_what_both_kernels_do,
		hardware_is_refused_when_its_kernel_sees_it,
		iommufd_tells_ranges_after_an_attach_for_ever,
		iommufd_charges_a_domain_once_and_lets_groups_go,
		iommufd_moves_a_group_whole_or_not_at_all,
		kernels_add_read_and_know_no_identity,
	};

	return rig_run("mock-personality", tests, sizeof(tests) / sizeof(tests[0]));
}
