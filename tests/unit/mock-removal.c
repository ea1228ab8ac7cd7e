/* SPDX-License-Identifier: BSD-2-Clause */
/* A device that is pulled out while it is used: what each call answers, on every personality. */
#include "tests/unit/mock-nvme-rig.h"

#include <libiommu/mock_nvme.h>

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define READ 2

static const char *const personalities[] = { "strict", "type1", "iommufd", "bare" };

#define PERSONALITIES (int)(sizeof(personalities) / sizeof(personalities[0]))

static struct queue queue;

static bool fired(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count);
}

static void is(struct libiommu_error *err, enum libiommu_reason reason)
{
	ck_assert_int_eq(libiommu_error_reason(err), reason);
	ck_assert_str_eq(libiommu_error_subject(err), NAME);
	libiommu_error_free(err);
}

static uint64_t pinned(void)
{
	struct libiommu_mock_stats stats = LIBIOMMU_MOCK_STATS_INIT;

	ck_assert_int_eq(libiommu_mock_stats(ctx, &stats), 0);
	return stats.pinned_pages;
}

/* Give the device back: what its user does then, each step works. */
static void give_back(void)
{
	struct libiommu_error *err;
	struct libiommu_group *group;
	uint32_t ids[4];
	size_t count = 4;

	libiommu_region_close(bar);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, NULL), 0);
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	ck_assert_int_eq(libiommu_domain_free(dom, NULL), 0);
	ck_assert_uint_eq(pinned(), 0);
	/* Now the machine does not know it any more, nor its group. */
	ck_assert_int_eq(libiommu_device_open(ctx, NAME, &dev, &err), -ENODEV);
	is(err, LIBIOMMU_REASON_DEVICE_UNKNOWN);
	ck_assert_int_eq(libiommu_group_of(ctx, NAME, &group, &err), -ENODEV);
	is(err, LIBIOMMU_REASON_DEVICE_UNKNOWN);
	ck_assert_int_eq(libiommu_group_get(ctx, 1, &group, &err), -ENOENT);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_GROUP_UNKNOWN);
	libiommu_error_free(err);
	ck_assert_int_eq(libiommu_group_ids(ctx, ids, &count, NULL), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(ids[0], 2);
	stop();
}

/* Eight reads are in the controller when it goes. */
static void pull_out(uint64_t *data)
{
	enable();
	create(&queue, 1, 16);
	*data = take(PAGE);
	memset(host(*data), 0x5a, PAGE);
	ck_assert_int_eq(libiommu_mock_nvme_delay(ep, UINT32_MAX, NULL), 0);
	for (unsigned int i = 0; i < 8; i++) {
		struct sqe sqe = io(READ, 1, i, 8, *data, 0);

		push(&queue, &sqe);
	}
	ring_tail(&queue);
	ck_assert_int_eq(libiommu_mock_device_remove(ep, NULL), 0);
}

START_TEST(registers_are_ones_and_nothing_moves)
{
	struct libiommu_region *space;
	struct libiommu_error *err;
	struct answer answer;
	uint64_t data, value;
	unsigned char byte;
	size_t done = 7;

	start_with(personalities[_i], "");
	ck_assert_int_eq(libiommu_region_open(dev, LIBIOMMU_REGION_CONFIG, &space, NULL), 0);
	pull_out(&data);
	ck_assert_uint_eq(get(CSTS, 4), UINT32_MAX);
	ck_assert_uint_eq(get(CAP, 8), UINT64_MAX);
	ck_assert_uint_eq(get(CSTS, 2), 0xffff);
	ck_assert_uint_eq(get(CSTS, 1), 0xff);
	ck_assert_int_eq(libiommu_region_read(space, 0, 4, &value, NULL), 0);
	ck_assert_uint_eq(value, UINT32_MAX);
	put(CC, 4, CC_OFF);
	ring_tail(&queue);
	ck_assert_int_eq(libiommu_region_write(space, 4, 2, 0, NULL), 0);
	ck_assert_int_eq(libiommu_device_set_bus_master(dev, true, NULL), 0);
	/* What was in flight never ends. */
	ck_assert_int_eq(libiommu_mock_nvme_run(ep, 8, &done, NULL), 0);
	ck_assert_uint_eq(done, 0);
	ck_assert(!peek(&queue, &answer));
	ck_assert_uint_eq(*(unsigned char *)host(data), 0x5a);
	ck_assert_int_eq(fault_at(NULL), 0);
	ck_assert_int_eq(libiommu_mock_dma_write(ep, data, &byte, 1, &err), -EIO);
	is(err, LIBIOMMU_REASON_DEVICE_IO);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, data, &byte, 1, NULL), -EIO);
	ck_assert_int_eq(libiommu_mock_dma_cas(ep, data, 8, &value, 1, NULL), -EIO);
	ck_assert_uint_eq(*(unsigned char *)host(data), 0x5a);
	ck_assert_int_eq(fault_at(NULL), 0);
	ck_assert_int_eq(libiommu_device_reset(dev, &err), -EIO);
	is(err, LIBIOMMU_REASON_DEVICE_IO);
	/* The bytes that it had can still be looked at. */
	ck_assert_int_eq(libiommu_mock_nvme_read(ep, 1, 0, &byte, 1, NULL), 0);
	libiommu_region_close(space);
	give_back();
}
END_TEST

START_TEST(the_kernels_part_goes_on)
{
	int request = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int other = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct libiommu_cap_answer cap = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_region *again;
	struct libiommu_device *second;
	struct libiommu_group *group;
	struct libiommu_error *err;
	uint64_t data;

	start_with(personalities[_i], "");
	ck_assert_int_eq(
		libiommu_interrupt_enable(dev, LIBIOMMU_INTERRUPT_REQUEST, &request, 1, NULL), 0);
	ck_assert_int_eq(libiommu_interrupt_enable(dev, LIBIOMMU_INTERRUPT_INTX, &other, 1, NULL),
			 0);
	pull_out(&data);
	ck_assert(fired(request));
	fired(other);
	ck_assert_int_eq(libiommu_interrupt_unmask(dev, NULL), 0);
	ck_assert(!fired(other));
	ck_assert_int_eq(libiommu_interrupt_disable(dev, LIBIOMMU_INTERRUPT_INTX, NULL), 0);
	ck_assert_int_eq(libiommu_interrupt_enable(dev, LIBIOMMU_INTERRUPT_MSIX, &other, 1, NULL),
			 0);
	ck_assert_int_eq(libiommu_region_open(dev, LIBIOMMU_REGION_BAR0, &again, NULL), 0);
	ck_assert_uint_eq(libiommu_region_size(again), 16384);
	libiommu_region_close(again);
	ck_assert_int_eq(libiommu_domain_unmap(dom, BASE, PAGES * PAGE, NULL, NULL), 0);
	ck_assert_int_eq(
		libiommu_domain_map(dom, BASE, libiommu_source_memory(arena), PAGE, RW, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	ck_assert_uint_eq(pinned(), 1);
	ck_assert_int_eq(libiommu_device_cap(dev, LIBIOMMU_CAP_REPLACE, &cap, NULL), 0);
	/* Until it is closed it is listed, and it is its user's. */
	ck_assert_int_eq(libiommu_group_of(ctx, NAME, &group, NULL), 0);
	ck_assert_uint_eq(libiommu_group_member_count(group), 1);
	libiommu_group_unref(group);
	ck_assert_int_eq(libiommu_device_open(ctx, NAME, &second, &err), -EBUSY);
	is(err, LIBIOMMU_REASON_DEVICE_BUSY);
	give_back();
	close(request);
	close(other);
}
END_TEST

START_TEST(a_context_ends_with_it)
{
	uint64_t data;

	start_with(personalities[_i], "");
	pull_out(&data);
	stop();
}
END_TEST

/* On type1 the descriptor comes with the attach, and there is none to be had any more. */
START_TEST(gone_before_it_was_attached)
{
	bool late = _i < 2;
	struct libiommu_error *err;

	start_with(personalities[_i], "");
	libiommu_region_close(bar);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, NULL), 0);
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, NAME, &dev, NULL), 0);
	ep = libiommu_device_endpoint(dev);
	ck_assert_int_eq(libiommu_mock_device_remove(ep, NULL), 0);
	if (late) {
		ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, &err), -ENODEV);
		is(err, LIBIOMMU_REASON_DEVICE_UNKNOWN);
		ck_assert_ptr_null(libiommu_endpoint_domain(ep));
		ck_assert_uint_eq(pinned(), 0);
	} else {
		ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	}
	stop();
}
END_TEST

START_TEST(the_rest_of_the_group_stays)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_device *second;
	struct libiommu_group *group;
	unsigned char byte = 1;

	opts.backend = "mock";
	opts.config = "iommu u intel-vtd\n"
		      "device " NAME " iommu=u group=1 driver=vfio-pci model=nvme\n"
		      "device 0000:01:00.1 iommu=u group=1 driver=vfio-pci model=edu\n";
	arena = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, NAME, &dev, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:01:00.1", &second, NULL), 0);
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, NULL), 0);
	ck_assert_int_eq(
		libiommu_domain_map(dom, BASE, libiommu_source_memory(arena), PAGE, RW, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(second), dom, NULL), 0);
	ck_assert_int_eq(libiommu_mock_device_remove(libiommu_device_endpoint(dev), NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_detach(libiommu_device_endpoint(dev), 0, NULL), 0);
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	ck_assert_int_eq(
		libiommu_mock_dma_write(libiommu_device_endpoint(second), BASE, &byte, 1, NULL), 0);
	ck_assert_int_eq(libiommu_group_get(ctx, 1, &group, NULL), 0);
	ck_assert_uint_eq(libiommu_group_member_count(group), 1);
	libiommu_group_unref(group);
	stop();
}
END_TEST

static void *submit(void *unused)
{
	(void)unused;
	/* Ends when it sees ones: the device is pulled out below. */
	while (get(CSTS, 4) != UINT32_MAX) {
		struct sqe sqe = command(0, 1, 0, 0);
		struct answer answer;

		push(&queue, &sqe);
		ring_tail(&queue);
		poll_answer(&queue, &answer);
	}
	return NULL;
}

START_TEST(pulled_out_by_another_thread)
{
	pthread_t thread;

	start_with(personalities[_i], "");
	enable();
	create(&queue, 1, 16);
	ck_assert_int_eq(pthread_create(&thread, NULL, submit, NULL), 0);
	usleep(20000);
	ck_assert_int_eq(libiommu_mock_device_remove(ep, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(fault_at(NULL), 0);
	give_back();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-removal");
	TCase *tcase = tcase_create("mock-removal");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, registers_are_ones_and_nothing_moves, 0, PERSONALITIES);
	tcase_add_loop_test(tcase, the_kernels_part_goes_on, 0, PERSONALITIES);
	tcase_add_loop_test(tcase, a_context_ends_with_it, 0, PERSONALITIES);
	tcase_add_loop_test(tcase, gone_before_it_was_attached, 0, PERSONALITIES);
	tcase_add_test(tcase, the_rest_of_the_group_stays);
	tcase_add_loop_test(tcase, pulled_out_by_another_thread, 0, PERSONALITIES);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
