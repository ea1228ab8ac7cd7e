/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine's memory and descriptors run out: each step fails as it should, and works after it. */
#include "tests/unit/mock-nvme-rig.h"

#include <libiommu/mock_nvme.h>

#include <sys/eventfd.h>
#include <unistd.h>

static long calls, failing, live, open_fds;

static bool fails(void)
{
	return failing && ++calls == failing;
}

static void *counted_alloc(void *data, size_t length, size_t alignment)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();
	void *memory = NULL;

	(void)data;
	if (!fails())
		memory = real->alloc(real->data, length, alignment);
	live += memory ? (long)length : 0;
	return memory;
}

static void counted_free(void *data, void *memory, size_t length)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();

	(void)data;
	live -= memory ? (long)length : 0;
	real->free(real->data, memory, length);
}

static int counted_dup(void *data, int fd)
{
	int own = fails() ? -EMFILE : libiommu_sys_default()->dup(NULL, fd);

	(void)data;
	open_fds += own >= 0;
	return own;
}

static int counted_close(void *data, int fd)
{
	(void)data;
	open_fds--;
	return libiommu_sys_default()->close(NULL, fd);
}

static void setup(void)
{
	static struct libiommu_allocator allocator;
	static struct libiommu_sys sys;

	allocator = *libiommu_allocator_default();
	allocator.alloc = counted_alloc;
	allocator.free = counted_free;
	sys = *libiommu_sys_default();
	sys.dup = counted_dup;
	sys.close = counted_close;
	rig_allocator = &allocator;
	rig_sys = &sys;
	failing = live = open_fds = 0;
}

static void teardown(void)
{
	ck_assert_int_eq(live, 0);
	ck_assert_int_eq(open_fds, 0);
}

/* The n-th call from now on fails. */
static void arm(long n)
{
	calls = 0;
	failing = n;
}

/* @return whether there was an n-th call */
static bool disarm(void)
{
	bool happened = calls >= failing;

	failing = 0;
	return happened;
}

START_TEST(machines_that_cannot_be_made)
{
	long n = 0;
	int error;

	do {
		arm(++n);
		error = try_context("strict", "ns=64M ns=16M,lba=4096");
		if (error) {
			ck_assert_int_eq(error, -ENOMEM);
			ck_assert_int_eq(live, 0);
			munmap(arena, PAGES * PAGE);
		}
	} while (disarm());
	ck_assert_int_eq(error, 0);
	/* The context, the machine, an IOMMU, two devices, two namespaces are in it at least. */
	ck_assert_int_gt(n, 7);
	stop();
}
END_TEST

START_TEST(queues_that_cannot_be_made)
{
	struct queue queue;

	start("");
	queue_init(&admin, 0, 16);
	put(AQA, 4, 15 << 16 | 15);
	put(ASQ, 8, admin.sq_iova);
	put(ACQ, 8, admin.cq_iova);
	arm(1);
	put(CC, 4, CC_ON);
	ck_assert(disarm());
	ck_assert_uint_eq(get(CSTS, 4), CSTS_CFS);
	put(CC, 4, CC_OFF);
	enable();
	queue_init(&queue, 1, 16);
	ck_assert_uint_eq(create_cq(&queue, 3, 0), 0);
	arm(1);
	ck_assert_uint_eq(create_sq(&queue, 1), 0x006);
	ck_assert(disarm());
	/* It does not count as a user of the other one. */
	ck_assert_uint_eq(admin_run(4, 0, 0, 1, 0, NULL), 0);
	ck_assert_uint_eq(create_cq(&queue, 3, 0), 0);
	ck_assert_uint_eq(create_sq(&queue, 1), 0);
	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), 0);
	stop();
}
END_TEST

START_TEST(blocks_that_cannot_be_kept)
{
	struct queue queue;
	uint64_t data;

	start("");
	enable();
	create(&queue, 1, 16);
	data = take(PAGE);
	/* First its table, then the chunk. */
	for (long n = 1; n <= 2; n++) {
		memset(host(data), 7, PAGE);
		arm(n);
		ck_assert_uint_eq(run(&queue, io(1, 1, 0, 8, data, 0), NULL), 0x081);
		ck_assert(disarm());
		ck_assert_uint_eq(run(&queue, io(2, 1, 0, 8, data, 0), NULL), 0);
		ck_assert_uint_eq(*(unsigned char *)host(data), 0);
	}
	arm(1);
	ck_assert_int_eq(libiommu_mock_nvme_write(ep, 1, 0, "x", 1, NULL), -ENOMEM);
	ck_assert(disarm());
	memset(host(data), 7, PAGE);
	ck_assert_uint_eq(run(&queue, io(1, 1, 0, 8, data, 0), NULL), 0);
	stop();
}
END_TEST

START_TEST(errors_that_cannot_be_noted)
{
	struct libiommu_mock_nvme_error error = LIBIOMMU_MOCK_NVME_ERROR_INIT;

	start("");
	enable();
	error.admin = true;
	arm(1);
	ck_assert_int_eq(libiommu_mock_nvme_inject(ep, &error, NULL), -ENOMEM);
	ck_assert(disarm());
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), 0);
	/* One that nobody meets goes with the machine. */
	ck_assert_int_eq(libiommu_mock_nvme_inject(ep, &error, NULL), 0);
	stop();
}
END_TEST

START_TEST(events_that_cannot_be_held)
{
	int fds[3], code;
	uint64_t count;
	long n = 0;

	start("");
	enable();
	for (unsigned int i = 0; i < 3; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ck_assert_int_eq(libiommu_interrupt_enable(dev, LIBIOMMU_INTERRUPT_MSIX, fds, 1, NULL), 0);
	do {
		arm(++n);
		code = libiommu_interrupt_enable(dev, LIBIOMMU_INTERRUPT_MSIX, fds, 3, NULL);
		if (code) {
			ck_assert(code == -ENOMEM || code == -EMFILE);
			/* What was enabled before still is. */
			ck_assert_int_eq(open_fds, 1);
			ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), 0);
			ck_assert_int_eq(read(fds[0], &count, sizeof(count)), sizeof(count));
		}
	} while (disarm());
	ck_assert_int_eq(code, 0);
	ck_assert_int_ge(n, 5);
	ck_assert_int_eq(open_fds, 3);
	stop();
	for (unsigned int i = 0; i < 3; i++)
		close(fds[i]);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		machines_that_cannot_be_made, queues_that_cannot_be_made,
		blocks_that_cannot_be_kept,   errors_that_cannot_be_noted,
		events_that_cannot_be_held,
	};
	Suite *suite = suite_create("mock-nvme-failures");
	TCase *tcase = tcase_create("mock-nvme-failures");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, teardown);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
