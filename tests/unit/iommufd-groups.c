/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups on the backend "iommufd": whose they are. */
#include "tests/unit/iommufd-fixture.h"

#define M2   "0000:00:05.2"
#define LONG "vfio-with-a-name-that-is-as-long-as-names-of-drivers-are"

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
	const TTest *const tests[] = { other_users, unknown_owners };

	return run("iommufd-groups", tests, sizeof(tests) / sizeof(tests[0]));
}
