/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups that a context has for itself, on type1 and on iommufd. */
static const char *backend;
#define BACKEND backend
#include "tests/unit/vfio-fixture.h"

#include "tests/unit/fault.h"

#include "tests/unit/fault-sweep.h"

#include <libiommu/backend.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define M2 "0000:00:05.2"

static struct libiommu_ctx *other;

static bool is_type1(void)
{
	return !strcmp(backend, "vfio");
}

static struct libiommu_group *group_of(struct libiommu_ctx *from, const char *device)
{
	struct libiommu_group *group = NULL;

	OK(libiommu_group_of(from, device, &group, NULL));
	return group;
}

static struct libiommu_group *claim(const char *device, size_t lent, size_t guarded)
{
	struct libiommu_claimed held = LIBIOMMU_CLAIMED_INIT;
	struct libiommu_group *group = group_of(ctx, device);

	ck_assert(!libiommu_group_claimed(group));
	OK(libiommu_group_claim(group, &held, NULL));
	ck_assert(libiommu_group_claimed(group));
	ck_assert_uint_eq(held.lent, lent);
	ck_assert_uint_eq(held.guarded, guarded);
	return group;
}

/* Another context gets nothing of it. */
static void closed_to_others(const char *device)
{
	struct libiommu_group *group = group_of(other, device);
	struct libiommu_device *stolen = NULL;
	struct libiommu_error *why = NULL;

	ck_assert(!libiommu_group_claimed(group));
	REFUSED(libiommu_device_open(other, device, &stolen, &err), DEVICE_BUSY, "", "");
	ck_assert(libiommu_group_claim(group, NULL, &why));
	/* iommufd says the same of another owner as of unsafe interrupts. */
	if (!libiommu_error_is_guess(why))
		ck_assert_int_eq(libiommu_error_reason(why), LIBIOMMU_REASON_DEVICE_BUSY);
	else
		ck_assert(!is_type1());
	libiommu_error_free(why);
	ck_assert(!libiommu_group_claimed(group));
	libiommu_group_unref(group);
}

static void open_to_others(const char *device)
{
	struct libiommu_device *free_again = NULL;

	OK(libiommu_device_open(other, device, &free_again, NULL));
	OK(libiommu_device_close(free_again, NULL));
}

START_TEST(for_one_context)
{
	struct libiommu_domain *domain = new_domain();
	struct libiommu_group *group = claim(A, 1, 0);
	struct libiommu_device *device;

	closed_to_others(A);
	open_to_others(B);
	for (int i = 0; i < 2; i++) {
		device = open_device(A);
		OK(libiommu_endpoint_attach(ep(device), domain, NULL));
		OK(map(domain, 0x100000, 0, 1));
		closed_to_others(A);
		ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
		OK(libiommu_domain_unmap_all(domain, NULL, NULL));
		OK(libiommu_endpoint_detach(ep(device), 0, NULL));
		closed_to_others(A);
		OK(libiommu_device_close(device, NULL));
		closed_to_others(A);
	}
	OK(libiommu_group_release(group, NULL));
	ck_assert(!libiommu_group_claimed(group));
	open_to_others(A);
	libiommu_group_unref(group);
}
END_TEST

START_TEST(once)
{
	struct libiommu_group *group = claim(A, 1, 0);
	struct libiommu_claimed held = LIBIOMMU_CLAIMED_INIT;
	struct {
		struct libiommu_claimed held;
		uint64_t later;
	} longer = { LIBIOMMU_CLAIMED_INIT, 0 };

	REFUSED(libiommu_group_claim(group, NULL, &err), GROUP_IN_USE, "group 1", "");
	OK(libiommu_group_release(group, NULL));
	longer.held.size = sizeof(longer);
	OK(libiommu_group_claim(group, &longer.held, NULL));
	ck_assert_uint_eq(longer.held.size, sizeof(longer));
	ck_assert_uint_eq(longer.held.lent, 1);
	OK(libiommu_group_release(group, NULL));
	REFUSED(libiommu_group_release(group, &err), GROUP_NOT_CLAIMED, "group 1", "");
	held.size = 4;
	REFUSED(libiommu_group_claim(group, &held, &err), BAD_OPTIONS, "", "");
	REFUSED(libiommu_group_claim(NULL, NULL, &err), NULL_ARGUMENT, "", "");
	REFUSED(libiommu_group_release(NULL, &err), NULL_ARGUMENT, "", "");
	ck_assert(!libiommu_group_claimed(NULL));
	libiommu_group_unref(claim(A, 1, 0));
	/* Without a snapshot it stays, and any other one ends it. */
	closed_to_others(A);
	OK(libiommu_group_release(group, NULL));
	open_to_others(A);
	libiommu_group_unref(group);
}
END_TEST

START_TEST(all_members)
{
	struct libiommu_device *before = open_device(M1), *device;
	struct libiommu_group *group = claim(M0, 3, 0);

	OK(libiommu_device_close(before, NULL));
	closed_to_others(M0);
	closed_to_others(M1);
	device = open_device(M2);
	/* It keeps what it has when the claim ends. */
	OK(libiommu_group_release(group, NULL));
	ck_assert(!libiommu_group_claimed(group));
	closed_to_others(M2);
	OK(libiommu_device_close(device, NULL));
	open_to_others(M0);
	open_to_others(M2);
	libiommu_group_unref(group);
}
END_TEST

START_TEST(not_to_be_had)
{
	struct libiommu_group *group = group_of(ctx, HALF);

	REFUSED(libiommu_group_claim(group, NULL, &err), GROUP_NOT_VIABLE, "group 4",
		"0000:00:1f.3 (i801_smbus)");
	fake_kernel_bind(kernel, "0000:00:1f.3", "");
	/* As it is now, not as it was. */
	OK(libiommu_group_claim(group, NULL, NULL));
	OK(libiommu_group_release(group, NULL));
	libiommu_group_unref(claim(HALF, 1, 2));
	OK(libiommu_group_release(group, NULL));
	fake_kernel_bind(kernel, HALF, "");
	REFUSED(libiommu_group_claim(group, NULL, &err), NOT_BOUND, "group 4", "");
	libiommu_group_unref(group);
	fake_kernel_reserve(kernel, 2, 0x100000, 0x1fffff, "direct");
	group = group_of(ctx, B);
	REFUSED(libiommu_group_claim(group, NULL, &err), DIRECT_REGION, "", "0x100000");
	libiommu_group_unref(group);
	fake_kernel_set(kernel, FAKE_UNSAFE_MSI, 1);
	group = group_of(ctx, A);
	REFUSED(libiommu_group_claim(group, NULL, &err), MSI_NOT_ISOLATED, "", "");
	fake_kernel_set(kernel, FAKE_ALLOW_UNSAFE, 1);
	OK(libiommu_group_claim(group, NULL, NULL));
	libiommu_group_unref(group);
}
END_TEST

START_TEST(hint_names_a_member)
{
	struct libiommu_group *group = group_of(ctx, OWNED);
	struct libiommu_error *err = NULL;

	fake_kernel_bind(kernel, OWNED, "");
	ck_assert_int_eq(libiommu_group_claim(group, NULL, &err), -ENODEV);
	ck_assert_ptr_nonnull(strstr(libiommu_error_hint(err), OWNED));
	libiommu_error_free(err);
	libiommu_group_unref(group);
}
END_TEST

START_TEST(tells_facts)
{
	struct libiommu_cap_answer msi = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_group *group = claim(A, 1, 0), *now = group_of(ctx, A);
	struct libiommu_range windows[8];
	size_t count = 8;

	/* The snapshot is older than the claim. */
	REFUSED(libiommu_group_windows(group, windows, &count, &err), NEEDS_ATTACH, "", "");
	OK(libiommu_group_windows(now, windows, &count, NULL));
	ck_assert_uint_ge(count, 1);
	ck_assert_int_eq(libiommu_group_msi_isolated(now, &msi), 0);
	ck_assert_int_eq(msi.answer, LIBIOMMU_ANSWER_YES);
	libiommu_group_unref(group);
	libiommu_group_unref(now);
}
END_TEST

/* What a device was doing ends with it, although its descriptor does not. */
START_TEST(close_leaves_it_quiet)
{
	struct libiommu_group *group = claim(A, 1, 0);
	struct libiommu_device *device = open_device(A);
	const size_t fds = fake_kernel_open_fds(kernel);
	unsigned int resets = fake_kernel_resets(kernel, A);
	struct libiommu_region *config = NULL;
	uint64_t command = 0;
	int event = eventfd(0, EFD_CLOEXEC);

	OK(libiommu_endpoint_attach(ep(device), new_domain(), NULL));
	OK(libiommu_interrupt_enable(device, LIBIOMMU_INTERRUPT_MSI, &event, 1, NULL));
	OK(libiommu_device_set_bus_master(device, true, NULL));
	OK(libiommu_endpoint_detach(ep(device), 0, NULL));
	OK(libiommu_device_close(device, NULL));
	ck_assert_uint_gt(fake_kernel_resets(kernel, A), resets);
	ck_assert_uint_le(fake_kernel_open_fds(kernel), fds);
	device = open_device(A);
	OK(libiommu_endpoint_attach(ep(device), new_domain(), NULL));
	OK(libiommu_region_open(device, LIBIOMMU_REGION_CONFIG, &config, NULL));
	OK(libiommu_region_read(config, 4, 2, &command, NULL));
	ck_assert_uint_eq(command & 4, 0);
	libiommu_region_close(config);
	close(event);
	libiommu_group_unref(group);
}
END_TEST

/* On type1 a claimed group has its container for itself, and never gives its descriptors up. */
START_TEST(apart_from_others)
{
	struct libiommu_device *a, *b;
	struct libiommu_domain *d = new_domain();
	struct libiommu_group *group;
	unsigned int resets;

	if (!is_type1())
		return;
	group = claim(A, 1, 0);
	a = open_device(A);
	b = open_device(B);
	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	ck_assert(!fake_kernel_together(kernel, A, B));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 1);
	resets = fake_kernel_resets(kernel, A);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	ck_assert_uint_eq(fake_kernel_resets(kernel, A), resets);
	OK(libiommu_endpoint_detach(ep(b), 0, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_group_release(group, NULL));
	libiommu_group_unref(group);
}
END_TEST

START_TEST(in_one_container)
{
	struct libiommu_device *a = open_device(A), *b = open_device(B);
	struct libiommu_domain *d = new_domain();
	struct libiommu_group *group = group_of(ctx, A);

	if (is_type1()) {
		OK(libiommu_endpoint_attach(ep(a), d, NULL));
		OK(libiommu_endpoint_attach(ep(b), d, NULL));
		ck_assert(fake_kernel_together(kernel, A, B));
		REFUSED(libiommu_group_claim(group, NULL, &err), GROUP_IN_USE, "group 1",
			"container");
		ck_assert(!libiommu_group_claimed(group));
		OK(libiommu_endpoint_detach(ep(b), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	}
	OK(libiommu_group_claim(group, NULL, NULL));
	libiommu_group_unref(group);
}
END_TEST

START_TEST(chooses_a_backend)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *automatic = NULL;
	struct libiommu_group *group;

	opts.sys = sys();
	fake_kernel_set(kernel, FAKE_NO_CDEV, is_type1());
	OK(libiommu_ctx_new(&opts, &automatic, NULL));
	ck_assert_ptr_null(libiommu_ctx_backend(automatic));
	group = group_of(automatic, A);
	OK(libiommu_group_claim(group, NULL, NULL));
	ck_assert_str_eq(libiommu_ctx_backend(automatic), backend);
	libiommu_ctx_free(automatic);
	open_to_others(B);
}
END_TEST

START_TEST(needs_paths)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_passed passed = LIBIOMMU_PASSED_INIT;
	struct libiommu_ctx *sealed = NULL;
	struct libiommu_group *group;

	passed.sysfs = sys()->open(sys()->data, "/sys", O_RDONLY | O_DIRECTORY);
	passed.container = passed.iommufd = -1;
	if (is_type1())
		passed.container = sys()->open(sys()->data, "/dev/vfio/vfio", O_RDWR);
	else
		passed.iommufd = sys()->open(sys()->data, "/dev/iommu", O_RDWR);
	opts.backend = backend;
	opts.sys = sys();
	opts.passed = &passed;
	OK(libiommu_ctx_new(&opts, &sealed, NULL));
	group = group_of(sealed, A);
	REFUSED(libiommu_group_claim(group, NULL, &err), NEEDS_PASSED_FD, "group 1", "");
	libiommu_ctx_free(sealed);
	sys()->close(sys()->data, passed.sysfs);
	sys()->close(sys()->data, is_type1() ? passed.container : passed.iommufd);
}
END_TEST

static int child_of(struct libiommu_group *group)
{
	struct libiommu_error *err = NULL;
	bool right = !libiommu_group_claimed(group);

	right &= libiommu_group_claim(group, NULL, &err) == -ECHILD;
	libiommu_error_free(err);
	err = NULL;
	right &= libiommu_group_release(group, &err) == -ECHILD;
	libiommu_error_free(err);
	libiommu_ctx_free(ctx);
	return !right;
}

START_TEST(in_a_child)
{
	struct libiommu_group *group = claim(M0, 3, 0);
	struct libiommu_device *device = open_device(M1);
	pid_t child = fork();
	int status;

	if (!child)
		_exit(child_of(group));
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	closed_to_others(M0);
	OK(libiommu_device_close(device, NULL));
	closed_to_others(M1);
	libiommu_group_unref(group);
}
END_TEST

static void scenario(void)
{
	struct libiommu_device *m0 = NULL, *m1 = NULL;
	struct libiommu_domain *domain = NULL;
	struct libiommu_group *group = NULL;

	STEP(libiommu_group_of(ctx, M0, &group, NULL));
	STEP(libiommu_group_claim(group, NULL, NULL));
	STEP(libiommu_device_open(ctx, M0, &m0, NULL));
	STEP(libiommu_domain_new(ctx, NULL, &domain, NULL));
	STEP(libiommu_endpoint_attach(ep(m0), domain, NULL));
	STEP(libiommu_device_open(ctx, M1, &m1, NULL));
	STEP(libiommu_endpoint_attach(ep(m1), domain, NULL));
	STEP(libiommu_endpoint_detach(ep(m0), 0, NULL));
	STEP(libiommu_device_close(m0, NULL));
	STEP(libiommu_group_release(group, NULL));
	STEP(libiommu_group_claim(group, NULL, NULL));
	/* M1 is attached: the context's end detaches it, or cannot. */
	STEP(libiommu_device_open(ctx, M0, &m0, NULL));
}

static void sweep(bool all)
{
	const struct sweep claims = {
		.backend = backend, .scenario = scenario, .over = kernel_is_empty, .least = 150
	};

	libiommu_ctx_free(other);
	other = NULL;
	run_sweep(&claims, all);
}

START_TEST(one_failure)
{
	sweep(false);
}
END_TEST

START_TEST(failures_from_then_on)
{
	sweep(true);
}
END_TEST

static void start(void)
{
	set_up();
	other = new_ctx();
}

static void stop(void)
{
	libiommu_ctx_free(other);
	other = NULL;
	tear_down();
}

static void start_vfio(void)
{
	backend = "vfio";
	start();
}

static void start_iommufd(void)
{
	backend = "iommufd";
	start();
}

static void add_tests(Suite *suite, const char *name, void (*setup)(void))
{
	const TTest *const tests[] = {
		for_one_context,
		once,
		all_members,
		not_to_be_had,
		hint_names_a_member,
		tells_facts,
		close_leaves_it_quiet,
		apart_from_others,
		in_one_container,
		needs_paths,
		in_a_child,
		chooses_a_backend,
		one_failure,
		failures_from_then_on,
	};
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, stop);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
}

int main(void)
{
	Suite *suite = suite_create("group-claim");

	if (libiommu_backend_builtin("vfio"))
		add_tests(suite, "vfio", start_vfio);
	if (libiommu_backend_builtin("iommufd"))
		add_tests(suite, "iommufd", start_iommufd);
	return run_suite(suite);
}
