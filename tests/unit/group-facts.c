/* SPDX-License-Identifier: BSD-2-Clause */
/* What is known of a group, and when: what it can reach, and whether its interrupts are isolated. */
static const char *backend;
#define BACKEND backend
#include "tests/unit/vfio-fixture.h"

#include "tests/unit/fault.h"

#include "tests/unit/fault-sweep.h"

#include <libiommu/backend.h>

#include <stdio.h>

#define ROOM 8

static struct libiommu_group *group_of(struct libiommu_ctx *from, const char *device)
{
	struct libiommu_group *group = NULL;

	OK(libiommu_group_of(from, device, &group, NULL));
	return group;
}

static struct libiommu_cap_answer msi_of(struct libiommu_ctx *from, const char *device)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_group *group = group_of(from, device);

	ck_assert_int_eq(libiommu_group_msi_isolated(group, &answer), 0);
	ck_assert_ptr_nonnull(answer.evidence);
	ck_assert_int_eq(answer.answer != LIBIOMMU_ANSWER_UNKNOWN, !!*answer.evidence);
	libiommu_group_unref(group);
	return answer;
}

/* @return how many; 0: not known */
static size_t windows_of(struct libiommu_ctx *from, const char *device,
			 struct libiommu_range windows[ROOM])
{
	struct libiommu_group *group = group_of(from, device);
	struct libiommu_error *err = NULL;
	size_t count = ROOM;
	int code = libiommu_group_windows(group, windows, &count, &err);

	if (code) {
		ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_NEEDS_ATTACH);
		libiommu_error_free(err);
		count = 0;
	}
	libiommu_group_unref(group);
	return count;
}

static void same_as_device(struct libiommu_device *device, const char *name)
{
	struct libiommu_range windows[ROOM], ranges[ROOM];
	size_t count = ROOM;

	OK(libiommu_device_iova_ranges(device, ranges, &count, NULL));
	ck_assert_uint_ge(count, 1);
	ck_assert_uint_eq(windows_of(ctx, name, windows), count);
	ck_assert_mem_eq(windows, ranges, count * sizeof(ranges[0]));
}

START_TEST(known_while_in_use)
{
	struct libiommu_range windows[ROOM];
	struct libiommu_device *device;
	struct libiommu_domain *domain;

	fake_kernel_reserve(kernel, 1, 0x100000, 0x1fffff, "reserved");
	ck_assert_uint_eq(windows_of(ctx, A, windows), 0);
	ck_assert_int_eq(msi_of(ctx, A).answer, LIBIOMMU_ANSWER_UNKNOWN);
	device = open_device(A);
	domain = new_domain();
	OK(libiommu_endpoint_attach(ep(device), domain, NULL));
	same_as_device(device, A);
	/* Interrupts have a place of their own. */
	ck_assert_uint_eq(windows_of(ctx, A, windows), 3);
	ck_assert_uint_eq(windows[0].last, 0xfffff);
	ck_assert_uint_eq(windows[1].start, 0x200000);
	ck_assert_int_eq(msi_of(ctx, A).answer, LIBIOMMU_ANSWER_YES);
	ck_assert_ptr_nonnull(strstr(msi_of(ctx, A).evidence, "allow_unsafe_interrupts"));
	/* Of others nothing is known. */
	ck_assert_uint_eq(windows_of(ctx, B, windows), 0);
	ck_assert_int_eq(msi_of(ctx, B).answer, LIBIOMMU_ANSWER_UNKNOWN);
	OK(libiommu_endpoint_detach(ep(device), 0, NULL));
	same_as_device(device, A);
	OK(libiommu_device_close(device, NULL));
	ck_assert_uint_eq(windows_of(ctx, A, windows), 0);
	ck_assert_int_eq(msi_of(ctx, A).answer, LIBIOMMU_ANSWER_UNKNOWN);
}
END_TEST

START_TEST(lent_without_isolation)
{
	struct libiommu_device *device;

	fake_kernel_set(kernel, FAKE_UNSAFE_MSI, 1);
	fake_kernel_set(kernel, FAKE_ALLOW_UNSAFE, 1);
	device = open_device(A);
	OK(libiommu_endpoint_attach(ep(device), new_domain(), NULL));
	/* The kernel has not looked, so it does not tell. */
	ck_assert_int_eq(msi_of(ctx, A).answer, LIBIOMMU_ANSWER_UNKNOWN);
}
END_TEST

START_TEST(kernel_without_ranges)
{
	struct libiommu_range windows[ROOM];
	struct libiommu_device *device;

	if (strcmp(backend, "vfio") != 0)
		return;
	fake_kernel_set(kernel, FAKE_NO_RANGES, 1);
	device = open_device(A);
	OK(libiommu_endpoint_attach(ep(device), new_domain(), NULL));
	ck_assert_uint_eq(windows_of(ctx, A, windows), 0);
	ck_assert_int_eq(msi_of(ctx, A).answer, LIBIOMMU_ANSWER_YES);
}
END_TEST

START_TEST(arguments)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct {
		struct libiommu_cap_answer answer;
		uint64_t later;
	} longer = { LIBIOMMU_CAP_ANSWER_INIT, 0 };
	struct libiommu_device *device = open_device(A);
	struct libiommu_range windows[ROOM];
	struct libiommu_group *group;
	size_t count = 0;

	OK(libiommu_endpoint_attach(ep(device), new_domain(), NULL));
	group = group_of(ctx, A);
	REFUSED(libiommu_group_windows(group, NULL, &count, &err), BUFFER_TOO_SMALL, "", "");
	ck_assert_uint_eq(count, 2);
	REFUSED(libiommu_group_windows(group, NULL, &count, &err), NULL_ARGUMENT, "", "");
	REFUSED(libiommu_group_windows(group, windows, NULL, &err), NULL_ARGUMENT, "", "");
	REFUSED(libiommu_group_windows(NULL, windows, &count, &err), NULL_ARGUMENT, "", "");
	OK(libiommu_group_windows(group, windows, &count, NULL));
	ck_assert_int_eq(libiommu_group_msi_isolated(group, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_group_msi_isolated(NULL, &answer), -EINVAL);
	answer.size = 4;
	ck_assert_int_eq(libiommu_group_msi_isolated(group, &answer), -EINVAL);
	/* A program that is newer than the library has a longer struct. */
	longer.answer.size = sizeof(longer);
	ck_assert_int_eq(libiommu_group_msi_isolated(group, &longer.answer), 0);
	ck_assert_uint_eq(longer.answer.size, sizeof(longer));
	ck_assert_int_eq(longer.answer.answer, LIBIOMMU_ANSWER_YES);
	libiommu_group_unref(group);
}
END_TEST

static struct libiommu_device *looked_at;

static int look(struct libiommu_error **err)
{
	struct libiommu_group *group = NULL;
	int code = libiommu_group_get(ctx, 1, &group, err);

	ck_assert(!code == !!group);
	libiommu_group_unref(group);
	return code;
}

static void reopen(struct libiommu_domain *domain)
{
	OK(libiommu_endpoint_detach(ep(looked_at), 0, NULL));
	OK(libiommu_device_close(looked_at, NULL));
	OK(libiommu_device_open(ctx, A, &looked_at, NULL));
	OK(libiommu_endpoint_attach(ep(looked_at), domain, NULL));
}

/* What a look has learnt may be kept until the device is closed. */
static int first_look(struct libiommu_error **err)
{
	const unsigned long at = fault.at;

	fault.at = 0;
	reopen(libiommu_endpoint_domain(ep(looked_at)));
	fault.calls = 0;
	fault.at = at;
	return look(err);
}

/* With every call failing in turn: the group with fewer facts, or a reason; nothing leaks. */
START_TEST(failures)
{
	struct failing with;

	fail_slots(&with, BACKEND);
	libiommu_ctx_free(ctx);
	OK(libiommu_ctx_new(&with.opts, &ctx, NULL));
	OK(libiommu_device_open(ctx, A, &looked_at, NULL));
	OK(libiommu_endpoint_attach(ep(looked_at), new_domain(), NULL));
	fail_in_turn(first_look, 20);
	fail_in_turn(look, 20);
	same_as_device(looked_at, A);
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(blocks, 0);
	ctx = NULL;
}
END_TEST

#if defined(WITH_MOCK)
static struct libiommu_ctx *new_mock(const char *personality, const char *words)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *mock = NULL;
	char text[256];

	snprintf(text, sizeof(text),
		 "personality %s\niommu i intel-vtd %s\n"
		 "device " A " iommu=i group=1 driver=vfio-pci\n"
		 "reserved " A " 0x100000-0x1fffff reserved\n",
		 personality, words);
	opts.backend = "mock";
	opts.config = text;
	OK(libiommu_ctx_new(&opts, &mock, NULL));
	return mock;
}

START_TEST(mock_tells_what_its_kernel_tells)
{
	static const char *const kernels[] = { "strict", "type1", "iommufd" };
	struct libiommu_range windows[ROOM];

	for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++) {
		struct libiommu_ctx *mock = new_mock(kernels[i], "");
		struct libiommu_device *device = NULL;
		struct libiommu_domain *domain = NULL;

		ck_assert_uint_eq(windows_of(mock, A, windows), 0);
		ck_assert_int_eq(msi_of(mock, A).answer, LIBIOMMU_ANSWER_UNKNOWN);
		OK(libiommu_device_open(mock, A, &device, NULL));
		OK(libiommu_domain_new(mock, NULL, &domain, NULL));
		OK(libiommu_endpoint_attach(ep(device), domain, NULL));
		ck_assert_uint_ge(windows_of(mock, A, windows), 2);
		ck_assert_uint_eq(windows[0].last, 0xfffff);
		ck_assert_int_eq(msi_of(mock, A).answer, LIBIOMMU_ANSWER_YES);
		libiommu_ctx_free(mock);
	}
}
END_TEST

START_TEST(bare_hardware_tells_all)
{
	struct libiommu_range windows[ROOM];
	struct libiommu_ctx *mock = new_mock("bare", "msi=unsafe");

	ck_assert_uint_ge(windows_of(mock, A, windows), 2);
	ck_assert_int_eq(msi_of(mock, A).answer, LIBIOMMU_ANSWER_NO);
	libiommu_ctx_free(mock);
	mock = new_mock("bare", "");
	ck_assert_int_eq(msi_of(mock, A).answer, LIBIOMMU_ANSWER_YES);
	libiommu_ctx_free(mock);
}
END_TEST
#endif

static void set_up_vfio(void)
{
	backend = "vfio";
	set_up();
}

static void set_up_iommufd(void)
{
	backend = "iommufd";
	set_up();
}

static void add_tests(Suite *suite, const char *name, void (*start)(void))
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, start, tear_down);
	tcase_add_test(tc, known_while_in_use);
	tcase_add_test(tc, lent_without_isolation);
	tcase_add_test(tc, kernel_without_ranges);
	tcase_add_test(tc, arguments);
	tcase_add_test(tc, failures);
	suite_add_tcase(suite, tc);
}

int main(void)
{
	Suite *suite = suite_create("group-facts");

	if (libiommu_backend_builtin("vfio"))
		add_tests(suite, "vfio", set_up_vfio);
	if (libiommu_backend_builtin("iommufd"))
		add_tests(suite, "iommufd", set_up_iommufd);
#if defined(WITH_MOCK)
	TCase *tc = tcase_create("mock");

	tcase_add_test(tc, mock_tells_what_its_kernel_tells);
	tcase_add_test(tc, bare_hardware_tells_all);
	suite_add_tcase(suite, tc);
#endif
	return run_suite(suite);
}
