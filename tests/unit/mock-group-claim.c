/* SPDX-License-Identifier: BSD-2-Clause */
/* Claims on the mock, in every personality; and groups that change while they are claimed. */
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock_platform.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define A  "0000:00:03.0"
#define B  "0000:00:04.0"
#define M0 "0000:00:05.0"
#define M1 "0000:00:05.1"

static const char *const personalities[] = { "strict", "type1", "iommufd", "bare" };

static struct libiommu_mock_machine *machine;
static struct libiommu_ctx *ctx, *other;

#define OK(call) ck_assert_int_eq(call, 0)
#define REFUSED(call, why)                                                         \
	do {                                                                       \
		struct libiommu_error *err = NULL;                                 \
		ck_assert_int_lt(call, 0);                                         \
		ck_assert_str_eq(libiommu_reason_name(libiommu_error_reason(err)), \
				 libiommu_reason_name(LIBIOMMU_REASON_##why));     \
		libiommu_error_free(err);                                          \
	} while (0)

static struct libiommu_ctx *new_context(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *made = NULL;

	opts.backend = "mock";
	opts.backend_object = machine;
	OK(libiommu_ctx_new(&opts, &made, NULL));
	return made;
}

static void start(const char *personality, const char *iommu)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "personality %s\niommu i intel-vtd %s\n"
		 "host-bridge 0000:00 iommu=i grouping=pci-acs\n"
		 "device " A " driver=vfio-pci\n"
		 "device " B " driver=vfio-pci\n"
		 "device " M0 " driver=vfio-pci multifunction=yes\n"
		 "device " M1 " driver=none multifunction=yes\n",
		 personality, iommu);
	OK(libiommu_mock_machine_new(text, &machine, NULL));
	ctx = new_context();
	other = new_context();
}

static void stop(void)
{
	libiommu_ctx_free(ctx);
	libiommu_ctx_free(other);
	libiommu_mock_machine_free(machine);
}

static struct libiommu_group *group_of(struct libiommu_ctx *from, const char *device)
{
	struct libiommu_group *group = NULL;

	OK(libiommu_group_of(from, device, &group, NULL));
	return group;
}

static void claim_by(struct libiommu_ctx *from, const char *device)
{
	struct libiommu_group *group = group_of(from, device);

	OK(libiommu_group_claim(group, NULL, NULL));
	ck_assert(libiommu_group_claimed(group));
	libiommu_group_unref(group);
}

static void release_by(struct libiommu_ctx *from, const char *device)
{
	struct libiommu_group *group = group_of(from, device);

	OK(libiommu_group_release(group, NULL));
	ck_assert(!libiommu_group_claimed(group));
	libiommu_group_unref(group);
}

static void closed_to_others(const char *device)
{
	struct libiommu_group *group = group_of(other, device);
	struct libiommu_device *stolen = NULL;

	REFUSED(libiommu_device_open(other, device, &stolen, &err), DEVICE_BUSY);
	REFUSED(libiommu_group_claim(group, NULL, &err), DEVICE_BUSY);
	libiommu_group_unref(group);
}

START_TEST(for_one_context)
{
	struct libiommu_device *device = NULL;
	struct libiommu_domain *domain = NULL;

	start(personalities[_i], "");
	claim_by(ctx, A);
	closed_to_others(A);
	OK(libiommu_domain_new(ctx, NULL, &domain, NULL));
	for (int i = 0; i < 2; i++) {
		OK(libiommu_device_open(ctx, A, &device, NULL));
		OK(libiommu_endpoint_attach(libiommu_device_endpoint(device), domain, NULL));
		OK(libiommu_endpoint_detach(libiommu_device_endpoint(device), 0, NULL));
		OK(libiommu_device_close(device, NULL));
		closed_to_others(A);
	}
	release_by(ctx, A);
	claim_by(other, A);
	OK(libiommu_device_open(other, A, &device, NULL));
	release_by(other, A);
	/* It is open, and so nobody else's. */
	REFUSED(libiommu_device_open(ctx, A, &device, &err), DEVICE_BUSY);
	OK(libiommu_device_close(device, NULL));
	claim_by(ctx, A);
	stop();
}
END_TEST

START_TEST(ends_with_the_context)
{
	start(personalities[_i], "");
	claim_by(ctx, A);
	closed_to_others(A);
	libiommu_ctx_free(ctx);
	ctx = NULL;
	claim_by(other, A);
	stop();
}
END_TEST

START_TEST(counts)
{
	struct libiommu_claimed held = LIBIOMMU_CLAIMED_INIT;
	struct libiommu_group *group;

	start(personalities[_i], "");
	group = group_of(ctx, M0);
	OK(libiommu_group_claim(group, &held, NULL));
	ck_assert_uint_eq(held.lent, 1);
	ck_assert_uint_eq(held.guarded, 1);
	REFUSED(libiommu_group_claim(group, NULL, &err), GROUP_IN_USE);
	/* No device is open, and yet no driver that does DMA comes. */
	REFUSED(libiommu_mock_machine_bind(machine, M1, "e1000e", &err), DEVICE_BUSY);
	OK(libiommu_mock_machine_bind(machine, M1, "pci-stub", NULL));
	OK(libiommu_group_release(group, NULL));
	REFUSED(libiommu_group_release(group, &err), GROUP_NOT_CLAIMED);
	OK(libiommu_mock_machine_bind(machine, M1, "e1000e", NULL));
	stop();
}
END_TEST

START_TEST(vets_as_the_kernel)
{
	struct libiommu_group *group;

	start(personalities[_i], "msi=unsafe");
	group = group_of(ctx, A);
	if (!strcmp(personalities[_i], "bare"))
		OK(libiommu_group_claim(group, NULL, NULL));
	else
		REFUSED(libiommu_group_claim(group, NULL, &err), MSI_NOT_ISOLATED);
	stop();
}
END_TEST

START_TEST(blocked_and_not_bound)
{
	static const char more[] = "device 0000:00:05.2 driver=e1000e multifunction=yes\n"
				   "device 0000:00:07.0 driver=none\n";
	struct libiommu_error *why = NULL;
	struct libiommu_group *group;

	start(personalities[_i], "");
	OK(libiommu_mock_machine_plug(machine, more, NULL));
	group = group_of(ctx, M0);
	REFUSED(libiommu_group_claim(group, NULL, &err), GROUP_NOT_VIABLE);
	libiommu_group_unref(group);
	group = group_of(ctx, "0000:00:07.0");
	ck_assert_int_lt(libiommu_group_claim(group, NULL, &why), 0);
	ck_assert_int_eq(libiommu_error_reason(why), LIBIOMMU_REASON_NOT_BOUND);
	ck_assert_ptr_nonnull(strstr(libiommu_error_hint(why), "0000:00:07.0"));
	libiommu_error_free(why);
	OK(libiommu_mock_machine_unplug(machine, "0000:00:07.0", NULL));
	REFUSED(libiommu_group_claim(group, NULL, &err), GROUP_UNKNOWN);
	libiommu_group_unref(group);
	stop();
}
END_TEST

/* Where groups sit in containers, a claimed one has its own. */
START_TEST(apart_from_others)
{
	struct libiommu_device *a = NULL, *b = NULL;
	struct libiommu_domain *domain = NULL;
	struct libiommu_group *group;

	start(personalities[_i], "");
	OK(libiommu_device_open(ctx, A, &a, NULL));
	OK(libiommu_device_open(ctx, B, &b, NULL));
	OK(libiommu_domain_new(ctx, NULL, &domain, NULL));
	OK(libiommu_endpoint_attach(libiommu_device_endpoint(a), domain, NULL));
	OK(libiommu_endpoint_attach(libiommu_device_endpoint(b), domain, NULL));
	group = group_of(ctx, A);
	if (_i < 2) {
		REFUSED(libiommu_group_claim(group, NULL, &err), GROUP_IN_USE);
		OK(libiommu_endpoint_detach(libiommu_device_endpoint(a), LIBIOMMU_DETACH_MAY_REOPEN,
					    NULL));
		OK(libiommu_group_claim(group, NULL, NULL));
		OK(libiommu_endpoint_attach(libiommu_device_endpoint(a), domain, NULL));
		/* It need not give its device up to leave. */
		OK(libiommu_endpoint_detach(libiommu_device_endpoint(a), 0, NULL));
	} else {
		OK(libiommu_group_claim(group, NULL, NULL));
	}
	OK(libiommu_group_release(group, NULL));
	libiommu_group_unref(group);
	stop();
}
END_TEST

/* Nobody moves in with a claimed one: it could not leave without its devices any more. */
START_TEST(nobody_joins_it)
{
	struct libiommu_device *a = NULL, *b = NULL;
	struct libiommu_domain *domain = NULL;

	start(personalities[_i], "");
	claim_by(ctx, A);
	OK(libiommu_device_open(ctx, A, &a, NULL));
	OK(libiommu_device_open(ctx, B, &b, NULL));
	OK(libiommu_domain_new(ctx, NULL, &domain, NULL));
	OK(libiommu_endpoint_attach(libiommu_device_endpoint(a), domain, NULL));
	OK(libiommu_endpoint_attach(libiommu_device_endpoint(b), domain, NULL));
	OK(libiommu_endpoint_detach(libiommu_device_endpoint(a), 0, NULL));
	stop();
}
END_TEST

/* A claimed group without members is still somebody's, and its number is nobody else's. */
START_TEST(outlives_its_members)
{
	struct libiommu_group *group, *empty = NULL, *next;

	start(personalities[_i], "");
	group = group_of(ctx, A);
	OK(libiommu_group_claim(group, NULL, NULL));
	OK(libiommu_mock_machine_unplug(machine, A, NULL));
	OK(libiommu_group_get(ctx, libiommu_group_id(group), &empty, NULL));
	ck_assert_uint_eq(libiommu_group_member_count(empty), 0);
	libiommu_group_unref(empty);
	OK(libiommu_mock_machine_plug(machine, "device 0000:00:09.0 driver=vfio-pci\n", NULL));
	next = group_of(ctx, "0000:00:09.0");
	ck_assert_uint_ne(libiommu_group_id(next), libiommu_group_id(group));
	libiommu_group_unref(next);
	OK(libiommu_group_release(group, NULL));
	REFUSED(libiommu_group_get(ctx, libiommu_group_id(group), &empty, &err), GROUP_UNKNOWN);
	libiommu_group_unref(group);
	stop();
}
END_TEST

/* A kernel tells whom it has lent the group. */
START_TEST(its_owner_alone_knows)
{
	struct libiommu_device *a = NULL;
	struct libiommu_domain *domain = NULL;
	struct libiommu_group *mine, *theirs;
	struct libiommu_range ranges[8];
	size_t count = 8;

	start(personalities[_i], "");
	OK(libiommu_device_open(ctx, A, &a, NULL));
	OK(libiommu_domain_new(ctx, NULL, &domain, NULL));
	OK(libiommu_endpoint_attach(libiommu_device_endpoint(a), domain, NULL));
	mine = group_of(ctx, A);
	theirs = group_of(other, A);
	OK(libiommu_group_windows(mine, ranges, &count, NULL));
	count = 8;
	if (_i < 3)
		REFUSED(libiommu_group_windows(theirs, ranges, &count, &err), NEEDS_ATTACH);
	else
		OK(libiommu_group_windows(theirs, ranges, &count, NULL));
	libiommu_group_unref(mine);
	libiommu_group_unref(theirs);
	stop();
}
END_TEST

static unsigned long allocations, fail_at;

static void *fail_alloc(void *data, size_t length, size_t alignment)
{
	(void)data;
	return ++allocations == fail_at
		       ? NULL
		       : libiommu_allocator_default()->alloc(NULL, length, alignment);
}

START_TEST(without_memory)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_allocator allocator = *libiommu_allocator_default();
	struct libiommu_ctx *own = NULL;
	struct libiommu_group *group;
	unsigned long at = 0;
	char text[256];
	int code;

	snprintf(text, sizeof(text),
		 "personality %s\niommu i intel-vtd\n"
		 "device " A " iommu=i group=1 driver=vfio-pci\n",
		 personalities[_i]);
	allocator.alloc = fail_alloc;
	fail_at = 0;
	opts.backend = "mock";
	opts.config = text;
	opts.allocator = &allocator;
	OK(libiommu_ctx_new(&opts, &own, NULL));
	group = group_of(own, A);
	do {
		struct libiommu_error *err = NULL;

		allocations = 0;
		fail_at = ++at;
		code = libiommu_group_claim(group, NULL, &err);
		fail_at = 0;
		if (!code)
			break;
		ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_NO_MEMORY);
		libiommu_error_free(err);
		ck_assert(!libiommu_group_claimed(group));
	} while (at < 100);
	OK(code);
	/* With containers there are a space and its table as well. */
	ck_assert_uint_ge(at, _i < 2 ? 5 : 3);
	libiommu_ctx_free(own);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		for_one_context,       ends_with_the_context, counts,
		vets_as_the_kernel,    blocked_and_not_bound, apart_from_others,
		outlives_its_members,  without_memory,        nobody_joins_it,
		its_owner_alone_knows,
	};
	Suite *suite = suite_create("mock-group-claim");
	TCase *tc = tcase_create("mock-group-claim");

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_loop_test(tc, tests[i], 0, 4);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
