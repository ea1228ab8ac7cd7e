/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend "iommufd" on descriptors that somebody else has opened, and may have bound. */
#include "tests/unit/passed-fixture.h"

#include "backends/iommufd/uapi.h"

#include <unistd.h>

static int iommufd, cdev_a, cdev_b;

static void set_up_iommufd(void)
{
	set_up_passed();
	iommufd = open_own("/dev/iommu", O_RDWR);
	cdev_a = open_own("/dev/vfio/devices/vfio0", O_RDWR);
	cdev_b = open_own("/dev/vfio/devices/vfio1", O_RDWR);
}

/* Only what was opened here is open when the context is gone. */
static void tear_down_iommufd(void)
{
	libiommu_ctx_free(ctx);
	ctx = NULL;
	ck_assert_uint_eq(fake_kernel_open_fds(kernel), (iommufd >= 0) + (cdev_a >= 0) +
								(cdev_b >= 0) + (sysfs_fd >= 0) +
								(container_fd >= 0));
	close_own(&cdev_a);
	close_own(&cdev_b);
	close_own(&iommufd);
	tear_down_passed();
}

static int try_context(int fd, int sysfs, struct libiommu_ctx **out, struct libiommu_error **err)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_passed passed = LIBIOMMU_PASSED_INIT;

	passed.iommufd = fd;
	passed.sysfs = sysfs;
	opts.backend = "iommufd";
	opts.sys = &sealed_table;
	opts.passed = &passed;
	return libiommu_ctx_new(&opts, out, err);
}

static void context(int sysfs)
{
	libiommu_ctx_free(ctx);
	ctx = NULL;
	OK(try_context(iommufd, sysfs, &ctx, NULL));
}

static struct libiommu_device_options with_cdev(int fd)
{
	struct libiommu_device_options opts = LIBIOMMU_DEVICE_OPTIONS_INIT;

	opts.cdev = fd;
	opts.group_id = fd == cdev_a ? 1 : 2;
	return opts;
}

static struct libiommu_device *open_cdev(const char *name,
					 const struct libiommu_device_options *opts)
{
	struct libiommu_device *device = NULL;

	OK(libiommu_device_open_with(ctx, name, opts, &device, NULL));
	return device;
}

/* As a launcher does it. */
static uint32_t bind_own(int cdev)
{
	struct vfio_device_bind_iommufd bind = { .argsz = sizeof(bind), .iommufd = iommufd };

	OK(ask_own(cdev, VFIO_DEVICE_BIND_IOMMUFD, &bind));
	return bind.out_devid;
}

static uint32_t new_ioas(void)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };

	OK(ask_own(iommufd, IOMMU_IOAS_ALLOC, &alloc));
	return alloc.out_ioas_id;
}

static int map_own(uint32_t ioas, uint64_t iova, size_t page, size_t pages)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE |
			 IOMMU_IOAS_MAP_WRITEABLE,
		.ioas_id = ioas,
		.user_va = (uintptr_t)memory + page * PAGE,
		.length = pages * PAGE,
		.iova = iova,
	};

	return ask_own(iommufd, IOMMU_IOAS_MAP, &map);
}

START_TEST(contexts)
{
	struct libiommu_ctx *out = NULL;
	int pipes[2];

	OK(pipe(pipes));
	REFUSED(try_context(-1, -1, &out, &err), NEEDS_PASSED_FD, "/dev/iommu", "");
	REFUSED(try_context(-1, sysfs_fd, &out, &err), NEEDS_PASSED_FD, "/dev/iommu", "");
	REFUSED(try_context(1 << 20, -1, &out, &err), BAD_FD, "/dev/iommu", "");
	REFUSED(try_context(iommufd, 1 << 20, &out, &err), BAD_FD, "/sys", "");
	REFUSED(try_context(iommufd, iommufd, &out, &err), WRONG_FD, "/sys", "no directory");
	REFUSED(try_context(container_fd, -1, &out, &err), WRONG_FD, "/dev/iommu", "");
	REFUSED(try_context(pipes[0], -1, &out, &err), WRONG_FD, "/dev/iommu", "no iommufd");
	REFUSED(try_context(sysfs_fd, -1, &out, &err), WRONG_FD, "/dev/iommu", "no iommufd");
	ck_assert_ptr_null(out);
	close(pipes[0]);
	close(pipes[1]);
}
END_TEST

static void scenario(int sysfs, bool bound)
{
	struct libiommu_device_options opts = with_cdev(cdev_a);
	struct libiommu_device *a;
	struct libiommu_domain *d;
	struct libiommu_group *group = NULL;
	struct libiommu_range ranges[4];
	int fd = -1, fds[2];
	size_t count = 4;

	context(sysfs);
	if (sysfs < 0)
		REFUSED(libiommu_group_of(ctx, A, &group, &err), NEEDS_PASSED_FD, "/sys", "");
	opts.bound = bound;
	if (bound)
		opts.bound_id = bind_own(cdev_a);
	a = open_cdev(A, &opts);
	ck_assert_uint_eq(libiommu_device_group_id(a), 1);
	if (sysfs < 0)
		REFUSED(libiommu_device_iova_ranges(a, ranges, &count, &err), NEEDS_ATTACH, A, "");
	else
		OK(libiommu_device_iova_ranges(a, ranges, &count, NULL));
	d = new_domain();
	OK(map(d, 0x100000, 0, 2));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	count = 4;
	OK(libiommu_device_iova_ranges(a, ranges, &count, NULL));
	ck_assert_uint_eq(count, 2);
	OK(libiommu_device_kvm_fd(a, &fd, NULL));
	ck_assert_int_ge(fd, 0);
	OK(libiommu_device_hot_reset_fds(a, fds, &count, NULL));
	ck_assert_uint_eq(count, 0);
	OK(libiommu_domain_unmap(d, 0x100000, 2 * PAGE, NULL, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_domain_free(d, NULL));
	OK(libiommu_device_close(a, NULL));
}

START_TEST(nodes)
{
	scenario(-1, false);
}
END_TEST

START_TEST(nodes_and_sysfs)
{
	scenario(sysfs_fd, false);
}
END_TEST

START_TEST(bound_nodes)
{
	scenario(-1, true);
}
END_TEST

START_TEST(bound_nodes_and_sysfs)
{
	scenario(sysfs_fd, true);
}
END_TEST

START_TEST(wrong_nodes)
{
	struct libiommu_device_options opts = with_cdev(cdev_a);
	struct libiommu_device *device = NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), other;

	context(-1);
	REFUSED(libiommu_device_open(ctx, A, &device, &err), NEEDS_PASSED_FD, A, "");
	opts.cdev = -1;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), NEEDS_PASSED_FD, A, "");
	opts.cdev = 1 << 20;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), BAD_FD, A, "");
	opts.cdev = sysfs_fd;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "");
	opts.cdev = null;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "no node");
	opts.bound = true;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "no node");
	opts.cdev = container_fd;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "");
	opts.cdev = cdev_a;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "not bound");
	opts.bound_id = bind_own(cdev_a) + 100;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "id");
	/* Bound to another iommufd, whose ids mean nothing here. */
	other = open_own("/dev/iommu", O_RDWR);
	libiommu_ctx_free(ctx);
	ctx = NULL;
	OK(try_context(other, -1, &ctx, NULL));
	opts.bound_id -= 100;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), WRONG_FD, A, "");
	/* Who has bound it must say so. */
	opts.bound = false;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &device, &err), DEVICE_BUSY, A,
		"inferred");
	close_own(&other);
	close(null);
	ck_assert_ptr_null(device);
}
END_TEST

START_TEST(wrong_names)
{
	struct libiommu_device_options opts = with_cdev(cdev_a);
	struct libiommu_device *device = NULL;

	context(sysfs_fd);
	REFUSED(libiommu_device_open_with(ctx, "x/y", &opts, &device, &err), BAD_NAME, "x/y", "");
	REFUSED(libiommu_device_open_with(ctx, OWNED, &opts, &device, &err), NOT_BOUND, OWNED, "");
	ck_assert_ptr_null(device);
}
END_TEST

START_TEST(adopted)
{
	struct libiommu_device_options opts = with_cdev(cdev_a);
	const uint32_t ioas = new_ioas();
	struct libiommu_domain *d, *other = NULL;
	struct libiommu_device *a;
	uint64_t native = 0, bytes = 0;

	opts.bound = true;
	opts.bound_id = bind_own(cdev_a);
	OK(map_own(ioas, FOREIGN, 8, 2));
	context(-1);
	a = open_cdev(A, &opts);
	REFUSED(libiommu_domain_adopt(ctx, ioas + 1000, &other, &err), WRONG_FD, "", "");
	REFUSED(libiommu_domain_adopt(ctx, UINT64_MAX, &other, &err), WRONG_FD, "", "");
	REFUSED(libiommu_domain_adopt(ctx, UINT64_C(1) << 32 | ioas, &other, &err), WRONG_FD, "",
		"");
	REFUSED(libiommu_domain_adopt(ctx, opts.bound_id, &other, &err), WRONG_FD, "", "");
	OK(libiommu_domain_adopt(ctx, ioas, &d, NULL));
	REFUSED(libiommu_domain_adopt(ctx, ioas, &other, &err), DOMAIN_IN_USE, "", "");
	OK(libiommu_domain_native(new_domain(), &native, NULL));
	REFUSED(libiommu_domain_adopt(ctx, native, &other, &err), DOMAIN_IN_USE, "", "");
	OK(libiommu_domain_native(d, &native, NULL));
	ck_assert_uint_eq(native, ioas);
	OK(map(d, 0x100000, 0, 1));
	REFUSED(libiommu_domain_map(d, FOREIGN + PAGE, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		FOREIGN_MAPPING, "0x40001000-0x40001fff", "");
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(map(d, FOREIGN + 2 * PAGE, 1, 1));
	OK(map(d, FOREIGN - PAGE, 2, 1));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 4);
	OK(libiommu_domain_unmap(d, FOREIGN - PAGE, 4 * PAGE, &bytes, NULL));
	ck_assert_uint_eq(bytes, 2 * PAGE);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	ck_assert_int_eq(map_own(ioas, FOREIGN, 8, 1), -EEXIST);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_domain_free(d, NULL));
	/* The space is there, what was foreign is in it, and ours is gone. */
	ck_assert_int_eq(map_own(ioas, FOREIGN, 8, 1), -EEXIST);
	OK(map_own(ioas, 0x100000, 0, 1));
	OK(libiommu_domain_adopt(ctx, ioas, &d, NULL));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
}
END_TEST

/* What somebody else has mapped is in nobody's ledger, so it cannot be named. */
START_TEST(foreign_conflicts)
{
	const struct libiommu_device_options opts = with_cdev(cdev_a);
	const uint32_t ioas = new_ioas();
	struct libiommu_device *a;
	struct libiommu_domain *d;

	OK(map_own(ioas, FOREIGN, 8, 2));
	OK(map_own(ioas, 0xfee00000, 0, 1));
	context(sysfs_fd);
	a = open_cdev(A, &opts);
	OK(libiommu_domain_adopt(ctx, ioas, &d, NULL));
	REFUSED(libiommu_endpoint_attach(ep(a), d, &err), MAPPING_CONFLICT, A, "Nothing tells");
	OK(map(d, 0xfee08000, 1, 1));
	REFUSED(libiommu_endpoint_attach(ep(a), d, &err), MAPPING_CONFLICT, "0xfee08000",
		"inferred");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		contexts,    nodes,       nodes_and_sysfs, bound_nodes,       bound_nodes_and_sysfs,
		wrong_nodes, wrong_names, adopted,         foreign_conflicts,
	};

	return run_passed_with("passed-iommufd", tests, sizeof(tests) / sizeof(tests[0]),
			       set_up_iommufd, tear_down_iommufd);
}
