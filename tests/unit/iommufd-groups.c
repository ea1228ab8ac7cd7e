/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups on the backend "iommufd": what it costs to look at them, and whose they are. */
#include "backends/vfiodev/uapi_layout.h"
#include "tests/unit/iommufd-fixture.h"

#include <sys/wait.h>
#include <unistd.h>

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

static struct libiommu_device *first_one;

/* In the middle of a look the device goes, and another one gets its id. */
static int exchange(void *data, int fd, unsigned long request, void *argument)
{
	int rc = sys()->ioctl(data, fd, request, argument);

	if (request == IOMMU_IOAS_IOVA_RANGES && first_one) {
		OK(libiommu_device_close(first_one, NULL));
		first_one = NULL;
		open_device(B);
		fake_kernel_set(kernel, FAKE_ADDRESS_BITS, 48);
	}
	return rc;
}

START_TEST(nobody_elses_ranges)
{
	struct libiommu_range windows[8];
	size_t n;

	again(NULL);
	first_one = open_device(A);
	pass_on = exchange;
	n = windows_of(A, windows);
	ck_assert_ptr_null(first_one);
	ck_assert_uint_eq(windows[n - 1].last, (1ull << 39) - 1);
	n = windows_of(B, windows);
	ck_assert_uint_eq(windows[n - 1].last, (1ull << 48) - 1);
}
END_TEST

/* All devices of a group learn from one look. */
START_TEST(one_look_for_all)
{
	struct libiommu_device *m0, *m1;
	struct libiommu_range ranges[8];
	unsigned int before;
	size_t n = 8, m = 8;

	again(NULL);
	m0 = open_device(M0);
	m1 = open_device(M1);
	windows_of(M0, ranges);
	before = all_calls();
	OK(libiommu_device_iova_ranges(m0, ranges, &n, NULL));
	OK(libiommu_device_iova_ranges(m1, ranges, &m, NULL));
	ck_assert_uint_eq(all_calls(), before);
}
END_TEST

static void closed_to_others(const char *device)
{
	struct libiommu_ctx *other = new_ctx();
	struct libiommu_device *stolen = NULL;

	REFUSED(libiommu_device_open(other, device, &stolen, &err), DEVICE_BUSY, device, "");
	libiommu_ctx_free(other);
}

static bool bus_master(struct libiommu_device *device)
{
	struct libiommu_region *config = NULL;
	uint64_t command = 0;

	OK(libiommu_region_open(device, LIBIOMMU_REGION_CONFIG, &config, NULL));
	OK(libiommu_region_read(config, 4, 2, &command, NULL));
	libiommu_region_close(config);
	return command & 4;
}

/* A device that cannot be reset goes back to its claim without DMA all the same. */
START_TEST(back_without_a_reset)
{
	struct libiommu_group *group = NULL;
	struct libiommu_device *a;

	again(NULL);
	OK(libiommu_group_of(ctx, A, &group, NULL));
	OK(libiommu_group_claim(group, NULL, NULL));
	libiommu_group_unref(group);
	a = open_device(A);
	OK(libiommu_device_set_bus_master(a, true, NULL));
	ck_assert(bus_master(a));
	answer(VFIO_DEVICE_RESET, -EIO, 0, 1);
	OK(libiommu_device_close(a, NULL));
	a = open_device(A);
	ck_assert(!bus_master(a));
	OK(libiommu_device_close(a, NULL));
}
END_TEST

/* A PASID that the kernel keeps: only the end of the descriptor ends it, and the claim goes on. */
START_TEST(taken_again)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_endpoint *pasid = NULL;
	struct libiommu_domain *d = NULL;
	struct libiommu_group *group = NULL;
	struct libiommu_device *a;
	unsigned int objects;

	fake_kernel_set(kernel, FAKE_PASID_BITS, 4);
	again(NULL);
	OK(libiommu_group_of(ctx, A, &group, NULL));
	OK(libiommu_group_claim(group, NULL, NULL));
	libiommu_group_unref(group);
	a = open_device(A);
	objects = fake_kernel_objects(kernel, A);
	opts.pasid = true;
	OK(libiommu_domain_new(ctx, &opts, &d, NULL));
	OK(libiommu_pasid_open(a, 1, &pasid, NULL));
	OK(libiommu_endpoint_attach(pasid, d, NULL));
	answer(VFIO_DEVICE_DETACH_IOMMUFD_PT, -EPERM, 0, 1);
	OK(libiommu_endpoint_detach(pasid, 0, NULL));
	ck_assert_uint_ne(fake_kernel_table(kernel, A, 1), 0);
	OK(libiommu_pasid_close(pasid, NULL));
	OK(libiommu_device_close(a, NULL));
	ck_assert_uint_eq(fake_kernel_table(kernel, A, 1), 0);
	closed_to_others(A);
	a = open_device(A);
	OK(libiommu_domain_free(d, NULL));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects);
	OK(libiommu_device_close(a, NULL));
	closed_to_others(A);
}
END_TEST

/* A child's end asks the kernel for nothing, neither for the device nor for its claim. */
START_TEST(end_of_a_child)
{
	struct libiommu_group *group = NULL;
	int status = -1;
	pid_t child;

	again(NULL);
	OK(libiommu_group_of(ctx, A, &group, NULL));
	OK(libiommu_group_claim(group, NULL, NULL));
	libiommu_group_unref(group);
	open_device(A);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		memset(asked, 0, sizeof(asked));
		libiommu_ctx_free(ctx);
		_exit(all_calls() != 0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && !WEXITSTATUS(status));
}
END_TEST

static unsigned int looks_left;
static const char *changing, *driver_then;

/* A member changes its driver between the count of a claim and the claim. */
static int changing_open(void *data, const char *path, int flags)
{
	const char *end = strstr(path, "/iommu_groups/");

	if (end && strchr(end + 14, '/') == NULL && looks_left && !--looks_left)
		fake_kernel_bind(kernel, changing, driver_then);
	return sys()->open(data, path, flags);
}

static struct libiommu_group *about_to_change(const char *device, const char *before,
					      const char *then)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_group *group = NULL;

	changing = device;
	driver_then = then;
	fake_kernel_bind(kernel, device, before);
	libiommu_ctx_free(ctx);
	ctx = NULL;
	watch();
	table.open = changing_open;
	opts.backend = BACKEND;
	opts.sys = &table;
	OK(libiommu_ctx_new(&opts, &ctx, NULL));
	OK(libiommu_group_of(ctx, device, &group, NULL));
	looks_left = 2;
	return group;
}

START_TEST(drivers_change_meanwhile)
{
	struct libiommu_group *group = about_to_change(A, "vfio-pci", "");
	size_t fds = fake_kernel_open_fds(kernel);

	REFUSED(libiommu_group_claim(group, NULL, &err), NOT_BOUND, "group 1", "");
	ck_assert(!libiommu_group_claimed(group));
	ck_assert_uint_eq(fake_kernel_open_fds(kernel), fds);
	libiommu_group_unref(group);
	group = about_to_change(M1, "", "vfio-pci");
	fds = fake_kernel_open_fds(kernel);
	REFUSED(libiommu_group_claim(group, NULL, &err), DEVICE_BUSY, "0000:00:05", "while");
	ck_assert(!libiommu_group_claimed(group));
	ck_assert_uint_eq(fake_kernel_open_fds(kernel), fds);
	OK(libiommu_group_claim(group, NULL, NULL));
	libiommu_group_unref(group);
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
	const TTest *const tests[] = {
		looks,          nobody_elses_ranges, one_look_for_all,         back_without_a_reset,
		taken_again,    end_of_a_child,      drivers_change_meanwhile, other_users,
		unknown_owners,
	};

	return run("iommufd-groups", tests, sizeof(tests) / sizeof(tests[0]));
}
