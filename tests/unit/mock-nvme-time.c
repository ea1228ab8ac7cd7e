/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands that take their time, and interrupts. */
#include "tests/unit/mock-nvme-rig.h"

#include <libiommu/mock_nvme.h>

#include <sys/eventfd.h>
#include <unistd.h>

#define READ  2
#define WRITE 1

static struct queue queue;

static void begin(const char *options)
{
	start(options);
	enable();
	create(&queue, 1, 16);
}

static void send(struct sqe sqe)
{
	push(&queue, &sqe);
	ring_tail(&queue);
}

START_TEST(commands_wait_for_others)
{
	struct answer answer;
	uint64_t data;

	begin("delay=2");
	data = take(PAGE);
	send(io(READ, 1, 0, 1, data, 0));
	send(io(READ, 1, 0, 1, data, 0));
	ck_assert(!peek(&queue, &answer));
	send(io(READ, 1, 0, 1, data, 0));
	ck_assert(poll_answer(&queue, &answer));
	ck_assert_uint_eq(answer.id, 0);
	ck_assert_uint_eq(answer.sq_head, 3);
	ck_assert(!peek(&queue, &answer));
	/* A doorbell is no look at the controller; a register is. */
	get(0x1000, 4);
	ck_assert(!peek(&queue, &answer));
	get(CSTS, 4);
	ck_assert(poll_answer(&queue, &answer));
	ck_assert_uint_eq(answer.id, 1);
	ck_assert(poll_answer(&queue, &answer));
	ck_assert_uint_eq(answer.id, 2);
	/* The administrator's do not wait. */
	ck_assert_uint_eq(admin_run(6, 0, data, 1, 0, NULL), 0);
	stop();
}
END_TEST

START_TEST(commands_wait_to_be_let_go)
{
	struct answer answer;
	size_t done;

	begin("");
	ck_assert_int_eq(libiommu_mock_nvme_delay(ep, UINT32_MAX, NULL), 0);
	for (unsigned int i = 0; i < 15; i++)
		send(command(0, 1, 0, 0));
	ck_assert(!peek(&queue, &answer));
	ck_assert_int_eq(libiommu_mock_nvme_run(ep, 4, &done, NULL), 0);
	ck_assert_uint_eq(done, 4);
	for (unsigned int i = 0; i < 4; i++)
		ck_assert(poll_answer(&queue, &answer));
	ck_assert(!peek(&queue, &answer));
	ck_assert_int_eq(libiommu_mock_nvme_run(ep, SIZE_MAX, &done, NULL), 0);
	ck_assert_uint_eq(done, 11);
	while (poll_answer(&queue, &answer))
		;
	ck_assert_uint_eq(answer.id, 14);
	ck_assert_int_eq(libiommu_mock_nvme_delay(ep, 0, NULL), 0);
	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), 0);
	stop();
}
END_TEST

/* What is delayed uses its addresses late: a buffer that was unmapped too early is seen. */
START_TEST(late_commands_use_what_is_left)
{
	struct answer answer;
	uint64_t data, at = 0;
	unsigned char *memory;

	begin("delay=4294967295");
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	data = UINT64_C(0x80000000);
	ck_assert_int_eq(
		libiommu_domain_map(dom, data, libiommu_source_memory(memory), PAGE, RW, NULL), 0);
	send(io(READ, 1, 0, 1, data, 0));
	ck_assert_int_eq(libiommu_domain_unmap(dom, data, PAGE, NULL, NULL), 0);
	ck_assert_int_eq(libiommu_mock_nvme_run(ep, 1, NULL, NULL), 0);
	ck_assert(poll_answer(&queue, &answer));
	ck_assert_uint_eq(answer.status, 0x004);
	ck_assert_int_eq(fault_at(&at), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_uint_eq(at, data);
	munmap(memory, PAGE);
	/* And the queue itself. */
	send(command(0, 1, 0, 0));
	ck_assert_int_eq(libiommu_domain_unmap_all(dom, NULL, NULL), 0);
	ck_assert_int_eq(libiommu_mock_nvme_run(ep, 1, NULL, NULL), 0);
	ck_assert_int_eq(fault_at(&at), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_uint_eq(at, queue.cq_iova + 16);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY | CSTS_CFS);
	stop();
}
END_TEST

START_TEST(late_commands_can_be_called_back)
{
	struct answer answer;
	uint32_t result;

	begin("delay=100");
	for (unsigned int i = 0; i < 3; i++)
		send(command(0, 1, 0, 0));
	push(&admin, &(struct sqe){ { 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 << 16 | 1 } });
	ring_tail(&admin);
	ck_assert(poll_answer(&queue, &answer));
	ck_assert_uint_eq(answer.id, 1);
	ck_assert_uint_eq(answer.status, 0x007);
	ck_assert(poll_answer(&admin, &answer));
	ck_assert_uint_eq(answer.result, 0);
	/* It is not there any more; and a queue that never was. */
	ck_assert_uint_eq(admin_run(8, 0, 0, 1 << 16 | 1, 0, &result), 0);
	ck_assert_uint_eq(result, 1);
	ck_assert_uint_eq(admin_run(8, 0, 0, 1 << 16 | 9, 0, &result), 0x002 | DNR);
	/* Deleting the queue ends the rest. */
	ck_assert_uint_eq(admin_run(0, 0, 0, 1, 0, NULL), 0);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert(poll_answer(&queue, &answer));
		ck_assert_uint_eq(answer.id, 2 * i);
		ck_assert_uint_eq(answer.status, 0x008);
	}
	ck_assert_uint_eq(admin_run(4, 0, 0, 1, 0, NULL), 0);
	stop();
}
END_TEST

/* A queue goes while answers wait for room in the other one, which other queues use as well. */
START_TEST(answers_without_room_go_with_their_queue)
{
	struct queue small, one, two;
	struct answer answer;

	start("delay=100");
	enable();
	queue_init(&small, 1, 2);
	queue_init(&one, 1, 16);
	queue_init(&two, 2, 16);
	ck_assert_uint_eq(create_cq(&small, 1, 0), 0);
	ck_assert_uint_eq(create_sq(&one, 1), 0);
	ck_assert_uint_eq(create_sq(&two, 1), 0);
	for (unsigned int i = 0; i < 5; i++) {
		push(&one, &(struct sqe){ { 0, 1 } });
		push(&two, &(struct sqe){ { 0, 1 } });
		ring_tail(&one);
		ring_tail(&two);
	}
	get(CSTS, 4);
	ck_assert_uint_eq(admin_run(0, 0, 0, 1, 0, NULL), 0);
	ck_assert(poll_answer(&small, &answer));
	ck_assert_uint_eq(answer.sq, 1);
	for (unsigned int i = 0; i < 5; i++) {
		ck_assert(poll_answer(&small, &answer));
		ck_assert_uint_eq(answer.sq, 2);
		ck_assert_uint_eq(answer.id, i);
	}
	ck_assert(!peek(&small, &answer));
	stop();
}
END_TEST

static uint64_t events(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static void listen_to(enum libiommu_interrupt_kind kind, int *fds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ck_assert_int_eq(libiommu_interrupt_enable(dev, kind, fds, count, NULL), 0);
}

static void hang_up(int *fds, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		close(fds[i]);
}

START_TEST(each_queue_has_its_vector)
{
	struct queue second, silent;
	unsigned int count;
	int fds[4];

	start("queues=7");
	ck_assert_int_eq(libiommu_interrupt_count(dev, LIBIOMMU_INTERRUPT_MSIX, &count, NULL), 0);
	ck_assert_uint_eq(count, 8);
	ck_assert_int_eq(libiommu_interrupt_count(dev, LIBIOMMU_INTERRUPT_MSI, &count, NULL), 0);
	ck_assert_uint_eq(count, 0);
	listen_to(LIBIOMMU_INTERRUPT_MSIX, fds, 4);
	enable();
	create(&queue, 1, 16);
	ck_assert_uint_eq(events(fds[0]), 2);
	queue_init(&second, 2, 16);
	ck_assert_uint_eq(create_cq(&second, 3, 3), 0);
	ck_assert_uint_eq(create_sq(&second, 2), 0);
	queue_init(&silent, 3, 16);
	ck_assert_uint_eq(create_cq(&silent, 1, 2), 0);
	ck_assert_uint_eq(create_sq(&silent, 3), 0);
	events(fds[0]);
	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), 0);
	ck_assert_uint_eq(events(fds[1]), 1);
	ck_assert_uint_eq(run(&second, command(0, 1, 0, 0), NULL), 0);
	ck_assert_uint_eq(events(fds[3]), 1);
	ck_assert_uint_eq(run(&silent, command(0, 1, 0, 0), NULL), 0);
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_uint_eq(events(fds[i]), 0);
	/* One message for several answers, and a vector that nobody listens to. */
	queue.next_id = 100;
	for (unsigned int i = 0; i < 3; i++)
		push(&queue, &(struct sqe){ { 0, 1 } });
	ring_tail(&queue);
	ck_assert_uint_ge(events(fds[1]), 1);
	ck_assert_int_eq(libiommu_interrupt_enable(dev, LIBIOMMU_INTERRUPT_MSIX, fds, 1, NULL), 0);
	ck_assert_uint_eq(run(&second, command(0, 1, 0, 0), NULL), 0);
	ck_assert_uint_eq(events(fds[3]), 0);
	ck_assert_int_eq(libiommu_interrupt_disable(dev, LIBIOMMU_INTERRUPT_MSIX, NULL), 0);
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), 0);
	ck_assert_uint_eq(events(fds[0]), 0);
	stop();
	hang_up(fds, 4);
}
END_TEST

START_TEST(the_kernel_shows_what_is_on)
{
	struct libiommu_region *space;
	uint64_t value;
	int fds[2], bad[2];

	start("");
	ck_assert_int_eq(libiommu_region_open(dev, LIBIOMMU_REGION_CONFIG, &space, NULL), 0);
	listen_to(LIBIOMMU_INTERRUPT_MSIX, fds, 2);
	ck_assert_int_eq(libiommu_region_read(space, 0x62, 2, &value, NULL), 0);
	ck_assert_uint_eq(value, 0x8000 | 64);
	/* One that is refused leaves the others as they were. */
	bad[0] = fds[0];
	bad[1] = 9999;
	ck_assert_int_eq(libiommu_interrupt_enable(dev, LIBIOMMU_INTERRUPT_MSIX, bad, 2, NULL),
			 -EBADF);
	enable();
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), 0);
	ck_assert_uint_eq(events(fds[0]), 1);
	ck_assert_int_eq(libiommu_interrupt_disable(dev, LIBIOMMU_INTERRUPT_MSIX, NULL), 0);
	ck_assert_int_eq(libiommu_region_read(space, 0x62, 2, &value, NULL), 0);
	ck_assert_uint_eq(value, 64);
	stop();
	hang_up(fds, 2);
}
END_TEST

START_TEST(the_line_is_up_while_answers_wait)
{
	struct answer answer;
	int fd;

	begin("");
	listen_to(LIBIOMMU_INTERRUPT_INTX, &fd, 1);
	put(0x0c, 4, UINT32_MAX);
	send(command(0, 1, 0, 0));
	ck_assert_uint_eq(events(fd), 0);
	put(0x10, 4, 2);
	ck_assert_uint_eq(events(fd), 1);
	ck_assert_int_eq(libiommu_interrupt_unmask(dev, NULL), 0);
	ck_assert_uint_eq(events(fd), 1);
	ck_assert(poll_answer(&queue, &answer));
	ck_assert_int_eq(libiommu_interrupt_unmask(dev, NULL), 0);
	ck_assert_uint_eq(events(fd), 0);
	stop();
	hang_up(&fd, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		commands_wait_for_others,
		commands_wait_to_be_let_go,
		late_commands_use_what_is_left,
		late_commands_can_be_called_back,
		answers_without_room_go_with_their_queue,
		each_queue_has_its_vector,
		the_kernel_shows_what_is_on,
		the_line_is_up_while_answers_wait,
	};

	return nvme_run_tests("mock-nvme-time", tests, sizeof(tests) / sizeof(tests[0]));
}
