/* SPDX-License-Identifier: BSD-2-Clause */
/* A container that somebody else has set up and filled. */
#include "tests/unit/passed-fixture.h"

static struct libiommu_domain *adopt(void)
{
	struct libiommu_domain *domain = NULL;

	OK(libiommu_domain_adopt(ctx, 0, &domain, NULL));
	ck_assert_int_eq(libiommu_domain_type(domain), LIBIOMMU_DOMAIN_PAGING);
	return domain;
}

#define FOREIGN_IS_THERE() \
	ck_assert_int_eq(fake_kernel_map(kernel, A, FOREIGN, memory, PAGE), -EEXIST)

static void remove_foreign(void)
{
	OK(fake_kernel_unmap(kernel, A, FOREIGN, 2 * PAGE));
}

START_TEST(ours_beside_theirs)
{
	struct libiommu_cap_answer blocks = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_domain *d;
	struct libiommu_device *a;
	uint64_t bytes = 0, native;

	fill_container();
	seal(container_fd, -1);
	d = adopt();
	REFUSED(libiommu_domain_native(d, &native, &err), BACKEND_CAPABILITY, "", "");
	/* Before anything of ours is attached. */
	OK(map(d, 0x100000, 0, 1));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	REFUSED(libiommu_domain_map(d, FOREIGN + PAGE, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		FOREIGN_MAPPING, "0x40001000-0x40001fff", "");
	a = open_passed(A, 1, true);
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(map(d, FOREIGN + 2 * PAGE, 1, 1));
	OK(map(d, FOREIGN - PAGE, 2, 1));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 4);
	REFUSED(libiommu_domain_map(d, FOREIGN, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		FOREIGN_MAPPING, "0x40000000-0x40000fff", "");
	/* A range over all of it takes ours alone. */
	OK(libiommu_domain_unmap(d, FOREIGN - PAGE, 4 * PAGE, &bytes, NULL));
	ck_assert_uint_eq(bytes, 2 * PAGE);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	FOREIGN_IS_THERE();
	REFUSED(libiommu_domain_unmap(d, FOREIGN, PAGE, &bytes, &err), NOT_MAPPED, "", "");
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	/* Still in it, as it was found; so it is not blocked. */
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED, &blocks, NULL));
	ck_assert_int_eq(blocks.answer, LIBIOMMU_ANSWER_NO);
	ck_assert(!libiommu_device_isolated(a));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_domain_free(d, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	OK(libiommu_device_close(a, NULL));
	FOREIGN_IS_THERE();
	ck_assert(fake_kernel_together(kernel, A, A));
	remove_foreign();
}
END_TEST

static enum libiommu_answer isolated(const char *device)
{
	struct libiommu_cap_answer msi = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_group *group = NULL;

	OK(libiommu_group_of(ctx, device, &group, NULL));
	ck_assert_int_eq(libiommu_group_msi_isolated(group, &msi), 0);
	libiommu_group_unref(group);
	return msi.answer;
}

START_TEST(freed_as_a_whole)
{
	struct libiommu_domain *d;
	struct libiommu_device *a, *b;

	fill_container();
	open_group(2);
	seal(container_fd, sysfs_fd);
	a = open_passed(A, 1, true);
	b = open_passed(B, 2, false);
	d = adopt();
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	ck_assert(fake_kernel_together(kernel, A, B));
	/* Who has set the container up may have allowed unsafe interrupts then. */
	ck_assert_int_eq(isolated(A), LIBIOMMU_ANSWER_UNKNOWN);
	ck_assert_int_eq(isolated(B), LIBIOMMU_ANSWER_YES);
	OK(map(d, 0x100000, 0, 2));
	OK(map(d, 0x200000, 2, 2));
	libiommu_ctx_free(ctx);
	ctx = NULL;
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	FOREIGN_IS_THERE();
	ck_assert(!fake_kernel_together(kernel, A, B));
	remove_foreign();
}
END_TEST

START_TEST(joining)
{
	struct libiommu_domain *d;
	struct libiommu_device *b;

	fill_container();
	open_group(2);
	seal(container_fd, -1);
	d = adopt();
	b = open_passed(B, 2, false);
	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	ck_assert(fake_kernel_together(kernel, A, B));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 2);
	/* It cannot keep a container that is not ours to empty. */
	REFUSED(libiommu_endpoint_detach(ep(b), 0, &err), DEVICE_FD_IN_USE, B, "");
	OK(libiommu_endpoint_detach(ep(b), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 0);
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	OK(libiommu_endpoint_detach(ep(b), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	OK(libiommu_domain_free(d, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	remove_foreign();
}
END_TEST

START_TEST(kept_out)
{
	struct libiommu_domain *d;
	struct libiommu_device *b;

	fake_kernel_reserve(kernel, 2, FOREIGN, FOREIGN + 0xffff, "reserved");
	fill_container();
	open_group(2);
	seal(container_fd, -1);
	d = adopt();
	b = open_passed(B, 2, false);
	REFUSED(libiommu_endpoint_attach(ep(b), d, &err), INCOMPATIBLE_IOMMU, B, "container");
	ck_assert_uint_eq(fake_kernel_resets(kernel, B), 0);
	remove_foreign();
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
}
END_TEST

START_TEST(the_others_leave)
{
	struct libiommu_domain *d;
	struct libiommu_device *b;

	fill_container();
	open_group(2);
	seal(container_fd, -1);
	d = adopt();
	b = open_passed(B, 2, false);
	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	close_own(&group_fds[1]);
	ck_assert(!fake_kernel_together(kernel, A, B));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 2);
	/* The last one is out, and the kernel has dropped everything. */
	OK(libiommu_endpoint_detach(ep(b), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	OK(map(d, 0x200000, 1, 1));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 2);
	OK(libiommu_domain_unmap_all(d, NULL, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 0);
}
END_TEST

START_TEST(refused)
{
	struct libiommu_domain *d, *other = NULL, *plain;
	struct libiommu_device *a, *b;

	open_group(2);
	seal(container_fd, -1);
	REFUSED(libiommu_domain_adopt(ctx, 0, &other, &err), WRONG_FD, "/dev/vfio/vfio",
		"No group is in it");
	fill_container();
	REFUSED(libiommu_domain_adopt(ctx, 7, &other, &err), WRONG_FD, "", "number 0");
	REFUSED(libiommu_domain_adopt(ctx, 0, NULL, &err), NULL_ARGUMENT, "", "");
	REFUSED(libiommu_domain_adopt(NULL, 0, &other, &err), NULL_ARGUMENT, "", "");
	a = open_passed(A, 1, true);
	b = open_passed(B, 2, false);
	plain = new_domain();
	REFUSED(libiommu_endpoint_attach(ep(a), plain, &err), DEVICE_BUSY, A, "adopt");
	REFUSED(libiommu_endpoint_attach(ep(b), plain, &err), DEVICE_BUSY, B, "adopt");
	d = adopt();
	REFUSED(libiommu_domain_adopt(ctx, 0, &other, &err), DOMAIN_IN_USE, "/dev/vfio/vfio",
		"already");
	REFUSED(libiommu_endpoint_attach(ep(a), plain, &err), DEVICE_BUSY, A, "adopt");
	REFUSED(libiommu_endpoint_attach(ep(b), plain, &err), NEEDS_PASSED_FD, "/dev/vfio/vfio",
		"in use");
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	REFUSED(libiommu_domain_free(d, &err), DOMAIN_IN_USE, "", "");
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_domain_free(d, NULL));
	d = adopt();
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	seal(-1, sysfs_fd);
	REFUSED(libiommu_domain_adopt(ctx, 0, &other, &err), WRONG_FD, "/dev/vfio/vfio",
		"was passed");
	libiommu_ctx_free(ctx);
	ctx = new_ctx();
	REFUSED(libiommu_domain_adopt(ctx, 0, &other, &err), WRONG_FD, "/dev/vfio/vfio", "");
	ck_assert_ptr_null(other);
	remove_foreign();
}
END_TEST

START_TEST(kept_by_our_own)
{
	struct libiommu_domain *d, *other = NULL;
	struct libiommu_device *a;

	open_group(1);
	seal(container_fd, -1);
	a = open_passed(A, 1, false);
	d = new_domain();
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	REFUSED(libiommu_domain_adopt(ctx, 0, &other, &err), DOMAIN_IN_USE, "", "this context");
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	REFUSED(libiommu_domain_adopt(ctx, 0, &other, &err), DOMAIN_IN_USE, "", "");
}
END_TEST

/* A launcher may put groups into a container and leave the rest to others. */
START_TEST(not_set_up)
{
	struct libiommu_domain *d;
	struct libiommu_device *a;
	int32_t fd = container_fd;

	OK(ask_own(open_group(1), 0x3b68, &fd));
	seal(container_fd, -1);
	a = open_passed(A, 1, true);
	REFUSED(libiommu_device_iova_ranges(a, NULL, &(size_t){ 0 }, &err), NEEDS_ATTACH, A, "");
	d = adopt();
	REFUSED(libiommu_device_iova_ranges(a, NULL, &(size_t){ 0 }, &err), BUFFER_TOO_SMALL, A,
		"");
	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_domain_free(d, NULL));
	REFUSED(libiommu_device_iova_ranges(a, NULL, &(size_t){ 0 }, &err), NEEDS_ATTACH, A, "");
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 0);
	ck_assert(fake_kernel_together(kernel, A, A));
}
END_TEST

START_TEST(behind_our_back)
{
	struct libiommu_domain *d;

	fill_container();
	seal(container_fd, -1);
	d = adopt();
	OK(map(d, 0x100000, 0, 1));
	OK(fake_kernel_unmap(kernel, A, 0x100000, PAGE));
	REFUSED(libiommu_domain_unmap(d, 0x100000, PAGE, NULL, &err), LEDGER_MISMATCH, "0x100000",
		"");
	FOREIGN_IS_THERE();
	remove_foreign();
}
END_TEST

START_TEST(lost_for_a_moment)
{
	struct libiommu_domain *d;
	struct libiommu_device *a;

	/* The descriptor of ours in hand, the others' closed: everything stays. */
	fill_container();
	seal(container_fd, -1);
	a = open_passed(A, 1, true);
	close_own(&group_fds[1]);
	close_own(&container_fd);
	d = adopt();
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(map(d, 0x100000, 0, 1));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_device_close(a, NULL));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		ours_beside_theirs, freed_as_a_whole,  joining,         kept_out,
		the_others_leave,   refused,           kept_by_our_own, not_set_up,
		behind_our_back,    lost_for_a_moment,
	};

	return run_passed("passed-adopt", tests, sizeof(tests) / sizeof(tests[0]));
}
