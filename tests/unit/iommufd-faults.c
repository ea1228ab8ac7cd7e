/* SPDX-License-Identifier: BSD-2-Clause */
/* Page requests on the backend "iommufd": the kernel's rules of reading and answering, behind ours. */
#include "tests/unit/iommufd-stages.h"

static struct libiommu_fault_queue *queue;
static struct libiommu_device *a;
static struct libiommu_domain *d;

static void begin(void)
{
	start(NULL);
	queue = NULL;
	OK(libiommu_fault_queue_new(ctx, NULL, &queue, NULL));
	a = open_device(A);
	d = domain_with(true, false, queue);
	OK(try_attach(a, d, NULL));
}

static void ask(uint32_t pasid, uint32_t group, unsigned int count, uint64_t address)
{
	const struct fake_pages pages = { group, IOMMU_PGFAULT_PERM_READ, count, address };

	OK(fake_kernel_ask_pages(kernel, A, pasid, &pages));
}

static struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
static struct libiommu_page_request requests[16];

/* @return how many pages the next group has; 0: there is none */
static size_t next(void)
{
	const struct libiommu_fault_group fresh = LIBIOMMU_FAULT_GROUP_INIT;
	size_t count = 16;
	int code;

	group = fresh;
	code = libiommu_fault_queue_next(queue, &group, requests, &count, NULL);
	if (code == -EAGAIN)
		return 0;
	OK(code);
	ck_assert_uint_gt(count, 0);
	return count;
}

static int respond(uint64_t cookie, bool yes, struct libiommu_error **err)
{
	return libiommu_fault_queue_respond(
		queue, cookie, yes ? LIBIOMMU_FAULT_RESOLVED : LIBIOMMU_FAULT_REFUSED, err);
}

START_TEST(whole_groups)
{
	struct libiommu_endpoint *one;

	begin();
	ck_assert_int_ge(libiommu_fault_queue_fd(queue), 0);
	ck_assert_uint_eq(next(), 0);
	one = open_pasid(a, 9);
	OK(libiommu_endpoint_attach(one, d, NULL));
	ask(0, 4, 3, 0x1000);
	ask(9, 5, 1, 0x10000);
	ask(0, 6, 1, 0x20000);
	ck_assert_uint_eq(next(), 3);
	ck_assert_ptr_eq(group.device, a);
	ck_assert(!group.has_pasid && !group.pasid && group.number == 4);
	for (unsigned int i = 0; i < 3; i++) {
		ck_assert_uint_eq(requests[i].address, 0x1000 + i * PAGE);
		ck_assert_uint_eq(requests[i].access, LIBIOMMU_PROT_READ);
		ck_assert_uint_eq(requests[i].flags, 0);
	}
	OK(respond(group.cookie, true, NULL));
	ck_assert_uint_eq(next(), 1);
	ck_assert(group.has_pasid && group.pasid == 9 && group.number == 5);
	OK(respond(group.cookie, false, NULL));
	ck_assert_uint_eq(next(), 1);
	OK(respond(group.cookie, true, NULL));
	ck_assert_uint_eq(next(), 0);
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, true), 2);
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, false), 1);
}
END_TEST

/* In any order; and each once. */
START_TEST(answers)
{
	uint64_t first, second;

	begin();
	ask(0, 1, 1, 0x1000);
	ask(0, 2, 2, 0x2000);
	ck_assert_uint_eq(next(), 1);
	first = group.cookie;
	ck_assert_uint_eq(next(), 2);
	second = group.cookie;
	ck_assert_uint_ne(first, second);
	OK(respond(second, true, NULL));
	REFUSED(respond(second, true, &err), FAULT_UNKNOWN, "", "");
	OK(respond(first, true, NULL));
	REFUSED(respond(first + 1000, true, &err), FAULT_UNKNOWN, "", "");
	/* The kernel's cookie is the same again, ours is not. */
	ask(0, 3, 1, 0x3000);
	ck_assert_uint_eq(next(), 1);
	ck_assert(group.cookie != first && group.cookie != second);
	OK(respond(group.cookie, true, NULL));
}
END_TEST

static uint64_t before;

/* What a late answer must not meet: another group under the kernel's cookie of the first. */
static void ask_again(void)
{
	ask(0, 8, 1, 0x8000);
	ck_assert_uint_eq(next(), 1);
	REFUSED(respond(before, true, &err), FAULT_UNKNOWN, "", "");
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, true), 0);
	OK(respond(group.cookie, false, NULL));
}

/* Nor one that waits in the library for a larger array. */
static void ask_and_wait(uint32_t pasid)
{
	size_t none = 0;

	ask(pasid, 7, 1, 0x7000);
	REFUSED(libiommu_fault_queue_next(queue, &group, NULL, &none, &err), BUFFER_TOO_SMALL, "",
		"");
	REFUSED(respond(before, true, &err), FAULT_UNKNOWN, "", "");
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, true), 0);
	ck_assert_uint_eq(next(), 1);
	OK(respond(group.cookie, false, NULL));
}

START_TEST(detached)
{
	struct libiommu_endpoint *one;

	begin();
	ask(0, 1, 1, 0x1000);
	ask(0, 2, 1, 0x2000);
	ck_assert_uint_eq(next(), 1);
	before = group.cookie;
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, false), 2);
	ck_assert_uint_eq(next(), 0);
	REFUSED(respond(before, true, &err), FAULT_UNKNOWN, "", "");
	OK(try_attach(a, d, NULL));
	ask_again();
	ask(0, 3, 1, 0x3000);
	ck_assert_uint_eq(next(), 1);
	before = group.cookie;
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(try_attach(a, d, NULL));
	ask_and_wait(0);
	one = open_pasid(a, 3);
	OK(libiommu_endpoint_attach(one, d, NULL));
	ask(3, 4, 1, 0x4000);
	ck_assert_uint_eq(next(), 1);
	before = group.cookie;
	OK(libiommu_endpoint_detach(one, 0, NULL));
	OK(libiommu_endpoint_attach(one, d, NULL));
	ask_and_wait(3);
}
END_TEST

/* Who leaves takes nothing of the others along. */
START_TEST(others_stay)
{
	struct libiommu_endpoint *one;
	size_t none = 0;

	begin();
	one = open_pasid(a, 9);
	OK(libiommu_endpoint_attach(one, d, NULL));
	ask(9, 1, 1, 0x1000);
	ask(9, 2, 1, 0x2000);
	ck_assert_uint_eq(next(), 1);
	before = group.cookie;
	REFUSED(libiommu_fault_queue_next(queue, &group, NULL, &none, &err), BUFFER_TOO_SMALL, "",
		"");
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(respond(before, true, NULL));
	ck_assert_uint_eq(next(), 1);
	ck_assert_uint_eq(group.number, 2);
	OK(respond(group.cookie, true, NULL));
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, true), 2);
}
END_TEST

START_TEST(replaced)
{
	struct libiommu_endpoint *one;
	struct libiommu_domain *e;

	begin();
	e = domain_with(true, false, queue);
	one = open_pasid(a, 3);
	OK(libiommu_endpoint_attach(one, d, NULL));
	ask(3, 1, 1, 0x1000);
	ck_assert_uint_eq(next(), 1);
	before = group.cookie;
	OK(libiommu_endpoint_replace(one, e, 0, NULL));
	ask_and_wait(3);
	REFUSED(respond(before, true, &err), FAULT_UNKNOWN, "", "");
	ask(0, 2, 1, 0x2000);
	ck_assert_uint_eq(next(), 1);
	before = group.cookie;
	OK(libiommu_endpoint_replace(ep(a), e, 0, NULL));
	ask_and_wait(0);
	REFUSED(respond(before, true, &err), FAULT_UNKNOWN, "", "");
	ask_again();
}
END_TEST

static void look_only(void)
{
	size_t count = 0;

	REFUSED(libiommu_fault_queue_next(queue, &group, NULL, &count, &err), BUFFER_TOO_SMALL, "",
		"");
}

/* What another thread does meanwhile. */
enum meanwhile { NOTHING, TAKE, LOOK, WAYS };

static struct {
	bool armed;
	enum meanwhile way;
	uint32_t pasid;
} meanwhile;

/* As soon as the kernel has moved it the device asks again, though replace has not returned. */
static int ask_in_the_replace(void *data, int fd, unsigned long request, void *argument)
{
	const int rc = sys()->ioctl(data, fd, request, argument);

	if (!meanwhile.armed || request != VFIO_DEVICE_ATTACH_IOMMUFD_PT)
		return rc;
	OK(rc);
	meanwhile.armed = false;
	ask(meanwhile.pasid, 9, 3, 0x9000);
	if (meanwhile.way == TAKE)
		ck_assert_uint_eq(next(), 3);
	else if (meanwhile.way == LOOK)
		look_only();
	return rc;
}

/* @param pasid 0: the device itself */
static void ask_while_it_is_replaced(uint32_t pasid, enum meanwhile way, bool other_queue)
{
	struct libiommu_fault_queue *first;
	struct libiommu_endpoint *who;
	struct libiommu_domain *e;

	begin();
	first = queue;
	who = pasid ? open_pasid(a, pasid) : ep(a);
	if (pasid)
		OK(libiommu_endpoint_attach(who, d, NULL));
	ask(pasid, 1, 1, 0x1000);
	ask(pasid, 2, 2, 0x2000);
	ck_assert_uint_eq(next(), 1);
	before = group.cookie;
	if (way == LOOK)
		look_only();
	if (other_queue)
		OK(libiommu_fault_queue_new(ctx, NULL, &queue, NULL));
	e = domain_with(true, false, queue);
	meanwhile.armed = true;
	meanwhile.way = way;
	meanwhile.pasid = pasid;
	pass_on = ask_in_the_replace;
	OK(libiommu_endpoint_replace(who, e, 0, NULL));
	ck_assert(!meanwhile.armed);
	if (way != TAKE)
		ck_assert_uint_eq(next(), 3);
	ck_assert_uint_eq(group.number, 9);
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, false), 2);
	OK(respond(group.cookie, true, NULL));
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, true), 1);
	ck_assert_uint_eq(next(), 0);
	queue = first;
	ck_assert_uint_eq(next(), 0);
	REFUSED(respond(before, true, &err), FAULT_UNKNOWN, "", "");
}

START_TEST(the_new_domain_is_asked_during_the_replace)
{
	for (enum meanwhile way = NOTHING; way < WAYS; way++) {
		ask_while_it_is_replaced(0, way, false);
		ask_while_it_is_replaced(3, way, false);
		ask_while_it_is_replaced(0, way, true);
		ask_while_it_is_replaced(3, way, true);
	}
}
END_TEST

/* The kernel gives what fits; a group that does not stays, and one learns how large it is. */
static bool readable(void)
{
	return sys()->poll(sys()->data, libiommu_fault_queue_fd(queue)) == 1;
}

START_TEST(too_small)
{
	size_t count = 2;

	begin();
	ck_assert(!readable());
	ask(0, 1, 5, 0x1000);
	ck_assert(readable());
	REFUSED(libiommu_fault_queue_next(queue, &group, requests, &count, &err), BUFFER_TOO_SMALL,
		"", "5 pages");
	ck_assert_uint_eq(count, 5);
	/* As on the mock: the descriptor tells of others only. */
	ck_assert(!readable());
	ask(0, 2, 1, 0x9000);
	ck_assert(readable());
	ck_assert_uint_eq(next(), 5);
	OK(respond(group.cookie, true, NULL));
	ck_assert(readable());
	ck_assert_uint_eq(next(), 1);
	OK(respond(group.cookie, true, NULL));
	ck_assert(!readable());
	/* One that is waiting here goes with its device, too. */
	ask(0, 2, 5, 0x1000);
	count = 0;
	REFUSED(libiommu_fault_queue_next(queue, &group, NULL, &count, &err), BUFFER_TOO_SMALL, "",
		"");
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	ck_assert_uint_eq(next(), 0);
}
END_TEST

/* Others than Linux 7.2 say nothing where a group does not fit. */
static int64_t silent_read(void *data, int fd, void *buffer, size_t length)
{
	int64_t rc = sys()->read(data, fd, buffer, length);

	return rc == -EINVAL ? 0 : rc;
}

static int64_t broken_read(void *data, int fd, void *buffer, size_t length)
{
	(void)data;
	(void)fd;
	memset(buffer, 0, length);
	return (int64_t)length;
}

static int64_t broken_write(void *data, int fd, const void *buffer, size_t length)
{
	(void)data;
	(void)fd;
	(void)buffer;
	(void)length;
	return -EIO;
}

static void begin_with(const struct libiommu_sys *changed)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	start(NULL);
	libiommu_ctx_free(ctx);
	ctx = NULL;
	opts.backend = BACKEND;
	opts.sys = changed;
	OK(libiommu_ctx_new(&opts, &ctx, NULL));
	OK(libiommu_fault_queue_new(ctx, NULL, &queue, NULL));
	a = open_device(A);
	d = domain_with(true, false, queue);
	OK(try_attach(a, d, NULL));
}

START_TEST(silent_kernels)
{
	struct libiommu_sys changed = *sys();

	changed.read = silent_read;
	begin_with(&changed);
	ck_assert_uint_eq(next(), 0);
	ask(0, 1, 8, 0x1000);
	ask(0, 2, 1, 0x9000);
	ck_assert_uint_eq(next(), 8);
	ck_assert_uint_eq(next(), 1);
	ck_assert_uint_eq(next(), 0);
}
END_TEST

/* Garbage is told of, and what could not be answered can be answered again. */
START_TEST(broken_kernels)
{
	struct libiommu_sys changed = *sys();
	size_t count = 16;

	changed.read = broken_read;
	begin_with(&changed);
	REFUSED(libiommu_fault_queue_next(queue, &group, requests, &count, &err), KERNEL_REFUSED,
		"", "");
	ck_assert_uint_eq(count, 0);
	changed.read = sys()->read;
	changed.write = broken_write;
	begin_with(&changed);
	ask(0, 1, 1, 0x1000);
	ck_assert_uint_eq(next(), 1);
	REFUSED(respond(group.cookie, true, &err), KERNEL_REFUSED, "", "");
	REFUSED(respond(group.cookie, true, &err), KERNEL_REFUSED, "", "");
}
END_TEST

static struct iommu_hwpt_pgfault seen;
static unsigned int repeats, writes;

/* The first record again and again. */
static int64_t repeating_read(void *data, int fd, void *buffer, size_t length)
{
	int64_t rc;

	if (seen.cookie && repeats) {
		repeats--;
		memcpy(buffer, &seen, sizeof(seen));
		return sizeof(seen);
	}
	rc = sys()->read(data, fd, buffer, length);
	if (rc == sizeof(seen))
		memcpy(&seen, buffer, sizeof(seen));
	return rc;
}

static int64_t counting_write(void *data, int fd, const void *buffer, size_t length)
{
	writes++;
	return sys()->write(data, fd, buffer, length);
}

/*
 * A kernel that has answered by itself gives the cookie to the next group. And one that tells of a device
 * which is closed is not believed.
 */
START_TEST(odd_kernels)
{
	struct libiommu_sys changed = *sys();
	uint64_t first;

	changed.read = repeating_read;
	changed.write = counting_write;
	memset(&seen, 0, sizeof(seen));
	repeats = 1;
	writes = 0;
	begin_with(&changed);
	ask(0, 1, 1, 0x1000);
	ck_assert_uint_eq(next(), 1);
	first = group.cookie;
	ck_assert_uint_eq(next(), 1);
	ck_assert_uint_ne(group.cookie, first);
	REFUSED(respond(first, true, &err), FAULT_UNKNOWN, "", "");
	ck_assert_uint_eq(writes, 0);
	OK(respond(group.cookie, true, NULL));
	ck_assert_uint_eq(writes, 1);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_device_close(a, NULL));
	repeats = 1;
	ck_assert_uint_eq(next(), 0);
	ck_assert_uint_eq(repeats, 0);
}
END_TEST

START_TEST(refusals)
{
	struct libiommu_fault_queue_options opts = LIBIOMMU_FAULT_QUEUE_OPTIONS_INIT;
	struct libiommu_fault_queue *other = NULL;
	struct libiommu_domain *e;

	begin();
	opts.depth = 4;
	REFUSED(libiommu_fault_queue_new(ctx, &opts, &other, &err), BACKEND_CAPABILITY, "",
		"no bound");
	answer(IOMMU_FAULT_QUEUE_ALLOC, -EMFILE, 0, 1);
	REFUSED(libiommu_fault_queue_new(ctx, NULL, &other, &err), FD_LIMIT, "", "");
	REFUSED(libiommu_fault_queue_free(queue, &err), QUEUE_IN_USE, "", "");
	ck_assert_uint_eq(libiommu_fault_queue_overflows(queue), 0);
	/* Devices that ask for no pages are seen at the attach. */
	e = domain_with(true, false, queue);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	answer(VFIO_DEVICE_ATTACH_IOMMUFD_PT, -ENODEV, 0, 1);
	REFUSED(try_attach(a, e, &err), FAULTS_UNSUPPORTED, A, "inferred");
	OK(try_attach(a, e, NULL));
}
END_TEST

/* One queue for several devices and stages; it goes when nobody uses it. */
START_TEST(nested)
{
	const struct libiommu_stage1_vtd stage1 = { .root = 0x1000, .address_width = 48 };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_domain *parent, *n = NULL;
	unsigned int objects;

	begin();
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	objects = fake_kernel_objects(kernel, A);
	parent = domain_with(true, true, NULL);
	opts.data = &stage1;
	opts.data_length = sizeof(stage1);
	opts.faults = queue;
	OK(libiommu_domain_new_nested(a, parent, &opts, &n, NULL));
	OK(try_attach(a, n, NULL));
	ask(0, 1, 2, 0x1000);
	ck_assert_uint_eq(next(), 2);
	OK(respond(group.cookie, true, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_domain_free(n, NULL));
	OK(libiommu_domain_free(parent, NULL));
	OK(libiommu_domain_free(d, NULL));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects - 1);
	OK(libiommu_fault_queue_free(queue, NULL));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects - 2);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		whole_groups, answers,        detached,
		others_stay,  replaced,       the_new_domain_is_asked_during_the_replace,
		too_small,    silent_kernels, broken_kernels,
		odd_kernels,  refusals,       nested,
	};

	return run("iommufd-faults", tests, sizeof(tests) / sizeof(tests[0]));
}
