/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend "vfio" on descriptors that somebody else has opened. */
#include "tests/unit/passed-fixture.h"

#include <unistd.h>

static const unsigned char token[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
#define TOKEN "00112233-4455-6677-8899-aabbccddeeff"

START_TEST(contexts)
{
	struct libiommu_ctx *out = NULL;
	int pipes[2];

	OK(pipe(pipes));
	open_group(1);
	REFUSED(try_seal(&sealed_table, -1, -1, &out, &err), NEEDS_PASSED_FD, "/dev/vfio/vfio", "");
	REFUSED(try_seal(&sealed_table, 1 << 20, -1, &out, &err), BAD_FD, "/dev/vfio/vfio", "");
	REFUSED(try_seal(&sealed_table, container_fd, 1 << 20, &out, &err), BAD_FD, "/sys", "");
	REFUSED(try_seal(&sealed_table, pipes[0], -1, &out, &err), WRONG_FD, "/dev/vfio/vfio",
		"no container");
	REFUSED(try_seal(&sealed_table, group_fds[1], -1, &out, &err), WRONG_FD, "/dev/vfio/vfio",
		"");
	REFUSED(try_seal(&sealed_table, sysfs_fd, -1, &out, &err), WRONG_FD, "/dev/vfio/vfio", "");
	REFUSED(try_seal(&sealed_table, -1, container_fd, &out, &err), WRONG_FD, "/sys",
		"no directory");
	fake_kernel_set(kernel, FAKE_NO_TYPE1, 1);
	REFUSED(try_seal(&sealed_table, container_fd, -1, &out, &err), VFIO_API, "/dev/vfio/vfio",
		"");
	fake_kernel_set(kernel, FAKE_NO_TYPE1, 0);
	ck_assert_ptr_null(out);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

START_TEST(groups_without_sysfs)
{
	struct libiommu_group *group = NULL;
	uint32_t ids[8];
	size_t count = 8;

	seal(container_fd, -1);
	REFUSED(libiommu_group_ids(ctx, ids, &count, &err), NEEDS_PASSED_FD, "/sys", "");
	REFUSED(libiommu_group_of(ctx, A, &group, &err), NEEDS_PASSED_FD, "/sys", "");
	seal(-1, sysfs_fd);
	count = 8;
	OK(libiommu_group_ids(ctx, ids, &count, NULL));
	ck_assert_uint_eq(count, 5);
	OK(libiommu_group_of(ctx, A, &group, NULL));
	ck_assert_uint_eq(libiommu_group_id(group), 1);
	libiommu_group_unref(group);
}
END_TEST

static void scenario(int sysfs)
{
	struct libiommu_device *a, *b;
	struct libiommu_domain *d;
	struct libiommu_region *bar;
	uint64_t value = 0;

	open_group(1);
	open_group(2);
	seal(container_fd, sysfs);
	a = open_passed(A, 1, false);
	b = open_passed(B, 2, false);
	ck_assert_uint_eq(libiommu_device_group_id(a), 1);
	/* Nobody else's descriptors are needed any more. */
	close_own(&container_fd);
	close_own(&group_fds[2]);
	d = new_domain();
	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	ck_assert(fake_kernel_together(kernel, A, B));
	OK(map(d, 0x200000, 1, 1));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 2);
	OK(libiommu_region_open(a, LIBIOMMU_REGION_BAR0, &bar, NULL));
	OK(libiommu_region_read(bar, 0, 4, &value, NULL));
	ck_assert_uint_eq(value, 0x010000ed);
	libiommu_region_close(bar);
	REFUSED(libiommu_endpoint_detach(ep(b), 0, &err), DEVICE_FD_IN_USE, B, "");
	OK(libiommu_endpoint_detach(ep(b), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	ck_assert(!fake_kernel_together(kernel, A, B));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	OK(libiommu_endpoint_detach(ep(a), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	OK(libiommu_endpoint_detach(ep(b), 0, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 0);
	OK(libiommu_device_close(b, NULL));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_device_close(a, NULL));
	/* The descriptor that is left keeps the group open, but it is nowhere. */
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 0);
	ck_assert(!fake_kernel_together(kernel, A, A));
	OK(libiommu_domain_free(d, NULL));
}

START_TEST(scenario_without_sysfs)
{
	scenario(-1);
}
END_TEST

START_TEST(scenario_with_sysfs)
{
	scenario(sysfs_fd);
}
END_TEST

START_TEST(wrong_groups)
{
	struct libiommu_device_options opts;
	struct libiommu_device *device = NULL;
	int32_t fd = container_fd;

	open_group(1);
	seal(container_fd, sysfs_fd);
	REFUSED(libiommu_device_open(ctx, A, &device, &err), NEEDS_PASSED_FD, A, "");
	opts = with_group(1, false);
	opts.group = -1;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), NEEDS_PASSED_FD, A, "");
	opts.group = 1 << 20;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), BAD_FD, A, "");
	opts.group = container_fd;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "no group");
	opts.group = memfd_create("no group", MFD_CLOEXEC);
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "no group");
	close(opts.group);
	opts = with_group(1, false);
	opts.cdev = container_fd;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "group");
	opts.cdev = -1;
	opts.bound = true;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "");
	opts = with_group(1, true);
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A,
		"in no container");
	opts.in_container = false;
	opts.group_id = 2;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A,
		"in group 1, not in 2");
	opts.group_id = 1;
	REFUSED(libiommu_device_open_with(ctx, "a b", &opts, &device, &err), BAD_NAME, "a b", "");
	fake_kernel_bind(kernel, A, "");
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), NOT_BOUND, A, "");
	fake_kernel_bind(kernel, A, "vfio-pci");
	OK(ask_own(group_fds[1], 0x3b68, &fd));
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A,
		"in a container already");
	opts.size = 3;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), BAD_OPTIONS, "", "");
	opts.size = sizeof(opts);
	REFUSED(libiommu_device_open_with(ctx, NULL, &opts, &device, &err), NULL_ARGUMENT, "", "");
	REFUSED(libiommu_device_open_with(NULL, A, &opts, &device, &err), NULL_ARGUMENT, "", "");
	ck_assert_ptr_null(device);
}
END_TEST

START_TEST(viability)
{
	struct libiommu_device_options opts;
	struct libiommu_device *device = NULL;

	open_group(4);
	opts = with_group(4, false);
	seal(container_fd, -1);
	REFUSED(libiommu_device_open_with(ctx, HALF, &opts, &device, &err), GROUP_NOT_VIABLE, HALF,
		"kernel says so of group 4.");
	seal(container_fd, sysfs_fd);
	REFUSED(libiommu_device_open_with(ctx, HALF, &opts, &device, &err), GROUP_NOT_VIABLE, HALF,
		"0000:00:1f.3 (i801_smbus)");
	fake_kernel_bind(kernel, "0000:00:1f.3", "");
	OK(libiommu_device_open_with(ctx, HALF, &opts, &device, NULL));
}
END_TEST

START_TEST(no_container)
{
	struct libiommu_device_options opts;
	struct libiommu_device *device = NULL;

	open_group(1);
	seal(-1, sysfs_fd);
	opts = with_group(1, false);
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), NEEDS_PASSED_FD,
		"/dev/vfio/vfio", "");
}
END_TEST

START_TEST(one_domain_at_a_time)
{
	struct libiommu_device *a, *b;
	struct libiommu_domain *d, *e;

	open_group(1);
	open_group(2);
	seal(container_fd, -1);
	a = open_passed(A, 1, false);
	b = open_passed(B, 2, false);
	d = new_domain();
	e = new_domain();
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	REFUSED(libiommu_endpoint_attach(ep(b), e, &err), NEEDS_PASSED_FD, "/dev/vfio/vfio",
		"in use");
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	/* A detached group must not reach what another one uses. */
	REFUSED(libiommu_endpoint_attach(ep(b), e, &err), NEEDS_PASSED_FD, "/dev/vfio/vfio", "");
	OK(libiommu_endpoint_attach(ep(a), e, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_device_close(a, NULL));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
}
END_TEST

/* Whoever has passed the container may map there as well. */
START_TEST(shared_container)
{
	struct libiommu_cap_answer blocks = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_device *a;
	struct libiommu_domain *d;

	open_group(1);
	seal(container_fd, -1);
	a = open_passed(A, 1, false);
	d = new_domain();
	for (unsigned int i = 0; i < 100; i++)
		OK(map(d, 0x100000 + i * (i % 3 ? 1 : 16) * PAGE, i % 8, 1));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(fake_kernel_map(kernel, A, FOREIGN, memory + 8 * PAGE, 2 * PAGE));
	OK(map(d, FOREIGN - PAGE, 1, 1));
	OK(map(d, FOREIGN + 2 * PAGE, 2, 1));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 103);
	REFUSED(libiommu_domain_map(d, FOREIGN, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		FOREIGN_MAPPING, "0x40000000", "");
	OK(libiommu_domain_unmap(d, 0x100000, PAGE, NULL, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED, &blocks, NULL));
	ck_assert_int_eq(blocks.answer, LIBIOMMU_ANSWER_NO);
	ck_assert(!libiommu_device_isolated(a));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 102);
	OK(libiommu_domain_unmap_all(d, NULL, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(fake_kernel_unmap(kernel, A, FOREIGN, 2 * PAGE));
}
END_TEST

/* A mapping of theirs that is in the way of one of ours refuses the attach, and nothing more. */
START_TEST(shared_container_conflicts)
{
	struct libiommu_device *a;
	struct libiommu_domain *d;

	open_group(1);
	seal(container_fd, -1);
	a = open_passed(A, 1, false);
	d = new_domain();
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(map(d, 0x100000, 0, 1));
	OK(map(d, FOREIGN, 1, 1));
	OK(fake_kernel_map(kernel, A, FOREIGN, memory + 8 * PAGE, 2 * PAGE));
	REFUSED(libiommu_endpoint_attach(ep(a), d, &err), FOREIGN_MAPPING, "0x40000000", "");
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	OK(fake_kernel_unmap(kernel, A, FOREIGN, 2 * PAGE));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
}
END_TEST

START_TEST(incompatible)
{
	struct libiommu_device *a, *b;
	struct libiommu_domain *d;

	open_group(1);
	open_group(2);
	fake_kernel_reserve(kernel, 2, 0x100000, 0x1fffff, "reserved");
	seal(container_fd, sysfs_fd);
	a = open_passed(A, 1, false);
	b = open_passed(B, 2, false);
	d = new_domain();
	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	REFUSED(libiommu_endpoint_attach(ep(b), d, &err), INCOMPATIBLE_IOMMU, B, "second one");
	OK(libiommu_domain_unmap_all(d, NULL, NULL));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
}
END_TEST

START_TEST(paths_and_a_group)
{
	struct libiommu_device_options opts;
	struct libiommu_device *device = NULL;
	struct libiommu_domain *d;

	/* Paths may be opened, but the group's was opened elsewhere. */
	open_group(1);
	opts = with_group(1, true);
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), NEEDS_PASSED_FD,
		"/dev/vfio/vfio", "");
	opts.in_container = false;
	OK(libiommu_device_open_with(ctx, A, &opts, &device, NULL));
	d = new_domain();
	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_endpoint_attach(ep(device), d, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	OK(libiommu_endpoint_detach(ep(device), 0, NULL));
	OK(libiommu_device_close(device, NULL));
	ck_assert(!fake_kernel_together(kernel, A, A));
}
END_TEST

START_TEST(two_devices_of_a_group)
{
	struct libiommu_device *first, *second;
	struct libiommu_domain *d;

	open_group(3);
	seal(container_fd, sysfs_fd);
	first = open_passed(M0, 3, false);
	d = new_domain();
	OK(libiommu_endpoint_attach(ep(first), d, NULL));
	second = open_passed(M1, 3, false);
	OK(libiommu_endpoint_attach(ep(second), d, NULL));
	OK(libiommu_endpoint_detach(ep(first), 0, NULL));
	OK(libiommu_endpoint_detach(ep(second), 0, NULL));
	OK(libiommu_device_close(first, NULL));
	OK(libiommu_endpoint_attach(ep(second), d, NULL));
}
END_TEST

START_TEST(tokens)
{
	struct libiommu_device_options opts = LIBIOMMU_DEVICE_OPTIONS_INIT;
	unsigned char wrong[16] = { 1 };
	struct libiommu_device *device;
	struct libiommu_domain *d = new_domain();

	fake_kernel_token(kernel, A, TOKEN);
	device = open_device(A);
	REFUSED(libiommu_endpoint_attach(ep(device), d, &err), BAD_TOKEN, A, "None was passed");
	OK(libiommu_device_close(device, NULL));
	opts.vf_token = wrong;
	OK(libiommu_device_open_with(ctx, A, &opts, &device, NULL));
	REFUSED(libiommu_endpoint_attach(ep(device), d, &err), BAD_TOKEN, A, "");
	OK(libiommu_device_close(device, NULL));
	opts.vf_token = token;
	OK(libiommu_device_open_with(ctx, A, &opts, &device, NULL));
	OK(libiommu_endpoint_attach(ep(device), d, NULL));
	OK(libiommu_endpoint_detach(ep(device), 0, NULL));
	OK(libiommu_device_close(device, NULL));
	OK(libiommu_device_open_with(ctx, B, &opts, &device, NULL));
	REFUSED(libiommu_endpoint_attach(ep(device), d, &err), BAD_TOKEN, B, "neither");
	OK(libiommu_device_close(device, NULL));
	opts.cdev = container_fd;
	REFUSED(libiommu_device_open_with(ctx, B, &opts, &device, &err), WRONG_FD, B, "");
}
END_TEST

START_TEST(kvm)
{
	struct libiommu_device *a, *b;
	uint32_t status[2] = { 8, 0 };
	int fd = -1, other = -1;

	open_group(1);
	seal(container_fd, -1);
	a = open_passed(A, 1, false);
	OK(libiommu_device_kvm_fd(a, &fd, NULL));
	ck_assert_int_ne(fd, group_fds[1]);
	OK(ask_own(fd, 0x3b67, status));
	REFUSED(libiommu_device_kvm_fd(a, NULL, &err), NULL_ARGUMENT, "", "");
	REFUSED(libiommu_device_kvm_fd(NULL, &fd, &err), NULL_ARGUMENT, "", "");
	libiommu_ctx_free(ctx);
	ctx = new_ctx();
	b = open_device(B);
	OK(libiommu_device_kvm_fd(b, &other, NULL));
	OK(ask_own(other, 0x3b67, status));
}
END_TEST

START_TEST(hot_reset)
{
	struct libiommu_device *a = open_device(A), *b = open_device(B);
	struct libiommu_domain *d = new_domain();
	int fds[4] = { -1, -1, -1, -1 }, kvm_a, kvm_b;
	size_t count = 4;

	OK(libiommu_device_kvm_fd(a, &kvm_a, NULL));
	OK(libiommu_device_kvm_fd(b, &kvm_b, NULL));
	REFUSED(libiommu_device_hot_reset_fds(a, fds, &count, &err), NEEDS_ATTACH, A, "");
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	count = 4;
	OK(libiommu_device_hot_reset_fds(a, fds, &count, NULL));
	ck_assert_uint_eq(count, 2);
	ck_assert((fds[0] == kvm_a && fds[1] == kvm_b) || (fds[0] == kvm_b && fds[1] == kvm_a));
	ck_assert_int_eq(fds[2], -1);
	count = 1;
	REFUSED(libiommu_device_hot_reset_fds(a, fds, &count, &err), BUFFER_TOO_SMALL, A, "");
	ck_assert_uint_eq(count, 2);
	REFUSED(libiommu_device_hot_reset_fds(a, NULL, &count, &err), NULL_ARGUMENT, "", "");
	REFUSED(libiommu_device_hot_reset_fds(a, fds, NULL, &err), NULL_ARGUMENT, "", "");
	fake_kernel_set(kernel, FAKE_BUS_PADDING, 100);
	count = 4;
	OK(libiommu_device_hot_reset_fds(a, fds, &count, NULL));
	ck_assert_uint_eq(count, 2);
	fake_kernel_set(kernel, FAKE_NO_BUS_RESET, 1);
	REFUSED(libiommu_device_hot_reset_fds(a, fds, &count, &err), RESET_UNSUPPORTED, A, "bus");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		contexts,
		groups_without_sysfs,
		scenario_without_sysfs,
		scenario_with_sysfs,
		wrong_groups,
		viability,
		no_container,
		one_domain_at_a_time,
		shared_container,
		shared_container_conflicts,
		incompatible,
		paths_and_a_group,
		two_devices_of_a_group,
		tokens,
		kvm,
		hot_reset,
	};

	return run_passed("passed-vfio", tests, sizeof(tests) / sizeof(tests[0]));
}
