/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend "iommufd" on descriptors that somebody else has opened. */
#include "tests/unit/iommufd-fixture.h"

#include <unistd.h>

static const unsigned char token[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
#define TOKEN "00112233-4455-6677-8899-aabbccddeeff"

static int own_iommufd, own_cdev, own_sysfs;

static int no_open(void *data, const char *path, int flags)
{
	(void)data;
	(void)flags;
	ck_abort_msg("a path is opened: %s", path);
	return -EACCES;
}

static int64_t no_readlink(void *data, const char *path, char *buffer, size_t length)
{
	(void)data;
	(void)buffer;
	(void)length;
	ck_abort_msg("a path is read: %s", path);
	return -EACCES;
}

static int open_own(const char *path)
{
	int fd = sys()->open(sys()->data, path, O_RDWR);

	ck_assert_msg(fd >= 0, "%s: %d", path, fd);
	return fd;
}

static int try_seal(int iommufd, int sysfs, struct libiommu_ctx **out, struct libiommu_error **err)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_passed passed = LIBIOMMU_PASSED_INIT;

	watch();
	table.open = no_open;
	table.readlink = no_readlink;
	passed.iommufd = iommufd;
	passed.sysfs = sysfs;
	opts.backend = BACKEND;
	opts.sys = &table;
	opts.passed = &passed;
	return libiommu_ctx_new(&opts, out, err);
}

static void seal(int sysfs)
{
	libiommu_ctx_free(ctx);
	ctx = NULL;
	own_iommufd = open_own("/dev/iommu");
	own_cdev = open_own("/dev/vfio/devices/vfio0");
	own_sysfs = open_own("/sys");
	OK(try_seal(own_iommufd, sysfs ? own_sysfs : -1, &ctx, NULL));
}

/* Only what was opened here is open when the context is gone. */
static void unseal(void)
{
	libiommu_ctx_free(ctx);
	ctx = NULL;
	ck_assert_uint_eq(fake_kernel_open_fds(kernel), 3);
	OK(sys()->close(sys()->data, own_iommufd));
	OK(sys()->close(sys()->data, own_cdev));
	OK(sys()->close(sys()->data, own_sysfs));
}

static struct libiommu_device_options with_cdev(int fd)
{
	struct libiommu_device_options opts = LIBIOMMU_DEVICE_OPTIONS_INIT;

	opts.cdev = fd;
	opts.group_id = 1;
	return opts;
}

START_TEST(contexts)
{
	struct libiommu_ctx *out = NULL;
	int pipes[2];

	OK(pipe(pipes));
	seal(0);
	REFUSED(try_seal(-1, -1, &out, &err), NEEDS_PASSED_FD, "/dev/iommu", "");
	REFUSED(try_seal(1 << 20, -1, &out, &err), BAD_FD, "/dev/iommu", "");
	REFUSED(try_seal(own_iommufd, 1 << 20, &out, &err), BAD_FD, "/sys", "");
	REFUSED(try_seal(own_iommufd, own_iommufd, &out, &err), WRONG_FD, "/sys", "no directory");
	REFUSED(try_seal(pipes[0], -1, &out, &err), WRONG_FD, "/dev/iommu", "no iommufd");
	REFUSED(try_seal(own_sysfs, -1, &out, &err), WRONG_FD, "/dev/iommu", "no iommufd");
	close(pipes[0]);
	close(pipes[1]);
	unseal();
}
END_TEST

static void scenario(int sysfs)
{
	struct libiommu_device_options opts;
	struct libiommu_device *a = NULL;
	struct libiommu_range ranges[4];
	struct libiommu_domain *d;
	size_t count = 4;

	seal(sysfs);
	opts = with_cdev(own_cdev);
	REFUSED(libiommu_device_open(ctx, A, &a, &err), NEEDS_PASSED_FD, A, "");
	OK(libiommu_device_open_with(ctx, A, &opts, &a, NULL));
	ck_assert_uint_eq(libiommu_device_group_id(a), 1);
	if (sysfs)
		OK(libiommu_device_iova_ranges(a, ranges, &count, NULL));
	else
		REFUSED(libiommu_device_iova_ranges(a, ranges, &count, &err), NEEDS_ATTACH, A, "");
	d = new_domain();
	OK(map(d, 0x100000, 0, 1));
	OK(try_attach(a, d, NULL));
	count = 4;
	OK(libiommu_device_iova_ranges(a, ranges, &count, NULL));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	unseal();
}

START_TEST(scenario_without_sysfs)
{
	scenario(0);
}
END_TEST

START_TEST(scenario_with_sysfs)
{
	scenario(1);
}
END_TEST

START_TEST(bound_devices)
{
	struct libiommu_device_options opts;
	struct libiommu_device *a = NULL;
	int other;
	uint32_t id = 0;

	seal(0);
	opts = with_cdev(own_cdev);
	opts.bound = true;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &a, &err), WRONG_FD, A, "not bound");
	other = open_own("/dev/iommu");
	OK(libiommu_iommufd_device_bind(sys(), own_cdev, own_iommufd, NULL, &id));
	opts.bound_id = id + 1;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &a, &err), WRONG_FD, A, "id");
	opts.bound_id = id;
	OK(libiommu_device_open_with(ctx, A, &opts, &a, NULL));
	OK(try_attach(a, new_domain(), NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_device_close(a, NULL));
	opts.bound = false;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &a, &err), DEVICE_BUSY, A, "inferred");
	OK(sys()->close(sys()->data, other));
	unseal();
}
END_TEST

START_TEST(wrong_devices)
{
	struct libiommu_device_options opts;
	struct libiommu_device *a = NULL;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	seal(1);
	opts = with_cdev(1 << 20);
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &a, &err), BAD_FD, A, "");
	opts.cdev = null;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &a, &err), WRONG_FD, A, "no node");
	opts.bound = true;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &a, &err), WRONG_FD, A, "no node");
	opts.bound = false;
	opts.cdev = own_cdev;
	REFUSED(libiommu_device_open_with(ctx, "x/y", &opts, &a, &err), BAD_NAME, "x/y", "");
	REFUSED(libiommu_device_open_with(ctx, OWNED, &opts, &a, &err), NOT_BOUND, OWNED, "");
	close(null);
	unseal();
}
END_TEST

START_TEST(tokens)
{
	struct libiommu_device_options opts = LIBIOMMU_DEVICE_OPTIONS_INIT;
	unsigned char other[16] = { 1 };
	struct libiommu_device *a = NULL;

	fake_kernel_token(kernel, A, TOKEN);
	REFUSED(libiommu_device_open(ctx, A, &a, &err), BAD_TOKEN, A, "None was passed");
	opts.vf_token = other;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &a, &err), BAD_TOKEN, A, "");
	REFUSED(libiommu_device_open_with(ctx, B, &opts, &a, &err), BAD_TOKEN, B, "takes none");
	opts.vf_token = token;
	OK(libiommu_device_open_with(ctx, A, &opts, &a, NULL));
}
END_TEST

/* An address space that somebody else has made, with two pages in it. */
#define FOREIGN 0x40000000ull

static uint32_t foreign_space(void)
{
	uint32_t id = 0;

	OK(libiommu_iommufd_ioas_alloc(sys(), own_iommufd, &id));
	OK(libiommu_iommufd_ioas_map(sys(), own_iommufd, id, IOMMU_IOAS_MAP_READABLE,
				     memory + 8 * PAGE, FOREIGN, 2 * PAGE));
	return id;
}

START_TEST(adoption)
{
	struct libiommu_domain *d = NULL, *e = NULL;
	struct libiommu_device_options opts;
	struct libiommu_device *a = NULL;
	uint64_t unmapped;
	uint32_t id;

	seal(1);
	opts = with_cdev(own_cdev);
	OK(libiommu_device_open_with(ctx, A, &opts, &a, NULL));
	id = foreign_space();
	REFUSED(libiommu_domain_adopt(ctx, id + 50, &d, &err), WRONG_FD, "", "no address space");
	REFUSED(libiommu_domain_adopt(ctx, UINT64_C(1) << 32 | id, &d, &err), WRONG_FD, "", "");
	OK(libiommu_domain_adopt(ctx, id, &d, NULL));
	ck_assert_uint_eq(native(d), id);
	REFUSED(libiommu_domain_adopt(ctx, id, &e, &err), DOMAIN_IN_USE, "", "");
	e = new_domain();
	REFUSED(libiommu_domain_adopt(ctx, native(e), &e, &err), DOMAIN_IN_USE, "", "");
	OK(try_attach(a, d, NULL));
	OK(map(d, 0x100000, 0, 1));
	REFUSED(libiommu_domain_map(d, FOREIGN + PAGE, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		FOREIGN_MAPPING, "0x40001000", "");
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_domain_free(d, NULL));
	/* It is there, with what was there before, and nothing more. */
	ck_assert_int_eq(
		libiommu_iommufd_ioas_unmap(sys(), own_iommufd, id, 0x100000, PAGE, &unmapped),
		-ENOENT);
	OK(libiommu_iommufd_ioas_unmap(sys(), own_iommufd, id, FOREIGN, 2 * PAGE, &unmapped));
	OK(libiommu_iommufd_destroy(sys(), own_iommufd, id));
	unseal();
}
END_TEST

/* What somebody else has mapped is in nobody's ledger, so it cannot be named. */
START_TEST(foreign_conflicts)
{
	struct libiommu_device_options opts;
	struct libiommu_device *a = NULL;
	struct libiommu_domain *d = NULL;
	uint32_t id;

	seal(1);
	opts = with_cdev(own_cdev);
	OK(libiommu_device_open_with(ctx, A, &opts, &a, NULL));
	id = foreign_space();
	OK(libiommu_iommufd_ioas_map(sys(), own_iommufd, id, IOMMU_IOAS_MAP_READABLE, memory,
				     0xfee00000, PAGE));
	OK(libiommu_domain_adopt(ctx, id, &d, NULL));
	REFUSED(try_attach(a, d, &err), MAPPING_CONFLICT, A, "Nothing tells");
	OK(map(d, 0xfee08000, 1, 1));
	REFUSED(try_attach(a, d, &err), MAPPING_CONFLICT, "0xfee08000", "inferred");
	unseal();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { contexts,      scenario_without_sysfs, scenario_with_sysfs,
				       bound_devices, wrong_devices,          tokens,
				       adoption,      foreign_conflicts };

	return run("iommufd-passed", tests, sizeof(tests) / sizeof(tests[0]));
}
