/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups on the backend "iommufd": what it costs to look at them, and whose they are. */
#include "tests/unit/iommufd-fixture.h"

#define M2   "0000:00:05.2"
#define LONG "vfio-with-a-name-that-is-as-long-as-names-of-drivers-are"

static size_t windows_of(const char *device, struct libiommu_range out[8])
{
	struct libiommu_group *group = NULL;
	size_t count = 8;

	OK(libiommu_group_of(ctx, device, &group, NULL));
	OK(libiommu_group_windows(group, out, &count, NULL));
	libiommu_group_unref(group);
	return count;
}

static unsigned int all_calls(void)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		sum += asked[i];
	return sum;
}

/* Who looks at a group in use again and again, as a monitor does, costs the kernel nothing. */
START_TEST(looks)
{
	struct libiommu_range first[8], again_[8];
	struct libiommu_group *group = NULL;
	struct libiommu_device *a;
	unsigned int before;
	size_t n, m = 8;

	again(NULL);
	a = open_device(A);
	n = windows_of(A, first);
	before = all_calls();
	OK(libiommu_device_iova_ranges(a, again_, &m, NULL));
	ck_assert_uint_eq(m, n);
	ck_assert_uint_eq(windows_of(A, again_), n);
	ck_assert_uint_eq(all_calls(), before);
	ck_assert_mem_eq(first, again_, n * sizeof(first[0]));
	OK(try_attach(a, new_domain(), NULL));
	before = all_calls();
	ck_assert_uint_eq(windows_of(A, again_), n);
	/* What is reserved for it may change, and is read each time. */
	fake_kernel_reserve(kernel, 1, 0x10000, 0x1ffff, "reserved");
	ck_assert_uint_eq(windows_of(A, again_), n + 1);
	ck_assert_uint_eq(all_calls(), before);
	/* The same of a group that is claimed; nothing is kept of a device that is closed. */
	OK(libiommu_group_of(ctx, B, &group, NULL));
	OK(libiommu_group_claim(group, NULL, NULL));
	n = windows_of(B, first);
	before = all_calls();
	ck_assert_uint_eq(windows_of(B, again_), n);
	ck_assert_uint_eq(all_calls(), before);
	OK(libiommu_group_release(group, NULL));
	libiommu_group_unref(group);
	fake_kernel_set(kernel, FAKE_ADDRESS_BITS, 48);
	open_device(B);
	ck_assert_uint_eq(windows_of(B, again_), n);
	ck_assert_uint_eq(first[n - 1].last, (1ull << 39) - 1);
	ck_assert_uint_eq(again_[n - 1].last, (1ull << 48) - 1);
}
END_TEST

/* What the kernel says of one node for two users, it says of much else. */
START_TEST(other_users)
{
	struct libiommu_ctx *mine = ctx, *other = new_ctx();
	struct libiommu_device *device = NULL;
	int group;

	open_device(A);
	ctx = other;
	REFUSED(libiommu_device_open(ctx, A, &device, &err), DEVICE_BUSY, A, "inferred");
	REFUSED(libiommu_device_open(ctx, A, &device, &err), DEVICE_BUSY, A,
		"/dev/vfio/devices/vfio0");
	group = sys()->open(sys()->data, "/dev/vfio/2", O_RDWR);
	ck_assert_int_ge(group, 0);
	REFUSED(libiommu_device_open(ctx, B, &device, &err), DEVICE_BUSY, B,
		"(/dev/vfio/2) is open elsewhere");
	OK(sys()->close(sys()->data, group));
	OK(libiommu_device_open(ctx, B, &device, NULL));
	ck_assert_int_eq(sys()->open(sys()->data, "/dev/vfio/2", O_RDWR), -EBUSY);
	/* Of one group all belong to one iommufd. */
	open_device(M0);
	ctx = mine;
	REFUSED(libiommu_device_open(ctx, M1, &device, &err), MSI_NOT_ISOLATED, M1, "inferred");
	fake_kernel_set(kernel, FAKE_ALLOW_UNSAFE, 1);
	fake_kernel_bind(kernel, M2, "vfio-other");
	REFUSED(libiommu_device_open(ctx, M1, &device, &err), DEVICE_BUSY, M1,
		"another iommufd, by one of " M0 " (vfio-pci), " M2 " (vfio-other).");
	libiommu_ctx_free(other);
}
END_TEST

/* Where no other member can have it, none is accused. */
START_TEST(unknown_owners)
{
	struct libiommu_device *device = NULL;

	fake_kernel_set(kernel, FAKE_ALLOW_UNSAFE, 1);
	again(NULL);
	answer(VFIO_DEVICE_BIND_IOMMUFD, -EPERM, 0, 2);
	REFUSED(libiommu_device_open(ctx, B, &device, &err), DEVICE_BUSY, B, "has another owner");
	REFUSED(libiommu_device_open(ctx, B, &device, &err), DEVICE_BUSY, B, "inferred");
	/* More than fit into a message. */
	fake_kernel_bind(kernel, M0, LONG "-a");
	fake_kernel_bind(kernel, M1, LONG "-b");
	answer(VFIO_DEVICE_BIND_IOMMUFD, -EPERM, 0, 1);
	REFUSED(libiommu_device_open(ctx, M2, &device, &err), DEVICE_BUSY, M2,
		"by one of " M0 " (" LONG "-a) and others.");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { looks, other_users, unknown_owners };

	return run("iommufd-groups", tests, sizeof(tests) / sizeof(tests[0]));
}
