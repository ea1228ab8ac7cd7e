/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes wrong: refused accesses, errors on demand, events, logs. */
#include "tests/unit/mock-nvme-rig.h"

#include <libiommu/mock_nvme.h>

#define READ     2
#define WRITE    1
#define NOWHERE  UINT64_C(0x90000000)
#define READONLY UINT64_C(0x80000000)

static struct queue queue;

static void begin(const char *options)
{
	start(options);
	enable();
	create(&queue, 1, 16);
}

/* The status of a command, and the kind of fault that it met. */
static void meets(struct sqe sqe, unsigned int status, int kind, uint64_t iova)
{
	uint64_t at = 0;

	ck_assert_uint_eq(run(&queue, sqe, NULL), status);
	ck_assert_int_eq(fault_at(&at), kind);
	ck_assert_uint_eq(at, iova);
	ck_assert_int_eq(fault_at(NULL), 0);
}

START_TEST(data_that_cannot_be_reached)
{
	uint64_t data, lists, *list;

	begin("");
	data = take(2 * PAGE);
	lists = take(PAGE);
	list = host(lists);
	ck_assert_int_eq(libiommu_domain_map(dom, READONLY, libiommu_source_memory(arena), PAGE,
					     LIBIOMMU_PROT_READ, NULL),
			 0);
	meets(io(READ, 1, 0, 1, NOWHERE, 0), 0x004, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, NOWHERE);
	meets(io(WRITE, 1, 0, 16, data, NOWHERE), 0x004, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, NOWHERE);
	meets(io(READ, 1, 0, 1, READONLY, 0), 0x004, LIBIOMMU_MOCK_FAULT_PERMISSION, READONLY);
	meets(io(WRITE, 1, 0, 1, READONLY, 0), 0, 0, 0);
	meets(io(READ, 1, 0, 24, data, NOWHERE + 8), 0x004, LIBIOMMU_MOCK_FAULT_NOT_MAPPED,
	      NOWHERE + 8);
	/* One page too few in the list: the next entry is 0. */
	list[0] = data + PAGE;
	meets(io(WRITE, 1, 0, 24, data, lists), 0x004, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 0);
	meets(io(WRITE, 1, 0, 1, UINT64_C(0xfee00000), 0), 0x004, LIBIOMMU_MOCK_FAULT_RESERVED,
	      UINT64_C(0xfee00000));
	meets(io(WRITE, 1, 0, 1, UINT64_C(1) << 60, 0), 0x004, LIBIOMMU_MOCK_FAULT_APERTURE,
	      UINT64_C(1) << 60);
	/* The controller goes on. */
	meets(io(WRITE, 1, 0, 1, data, 0), 0, 0, 0);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY);
	stop();
}
END_TEST

START_TEST(queues_that_cannot_be_reached)
{
	struct sqe sqe = command(0, 1, 0, 0);
	struct answer answer;
	uint64_t at = 0;

	begin("");
	/* The entry cannot be fetched: the memory of the queue is gone. */
	ck_assert_int_eq(libiommu_domain_unmap_all(dom, NULL, NULL), 0);
	push(&queue, &sqe);
	ring_tail(&queue);
	ck_assert(!peek(&queue, &answer));
	ck_assert_int_eq(fault_at(&at), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_uint_eq(at, queue.sq_iova);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY | CSTS_CFS);
	/* It hears nothing until it is reset. */
	put(0x1000, 4, 1);
	ck_assert_int_eq(fault_at(NULL), 0);
	put(CC, 4, CC_OFF);
	ck_assert_uint_eq(get(CSTS, 4), 0);
	stop();
	/* The answer cannot be written. */
	start("");
	enable();
	queue_init(&queue, 1, 16);
	queue.cq_iova = NOWHERE;
	ck_assert_uint_eq(create_cq(&queue, 3, 1), 0);
	ck_assert_uint_eq(create_sq(&queue, 1), 0);
	push(&queue, &sqe);
	ring_tail(&queue);
	ck_assert_int_eq(fault_at(&at), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_uint_eq(at, NOWHERE);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY | CSTS_CFS);
	stop();
}
END_TEST

START_TEST(devices_that_may_not)
{
	begin("");
	ck_assert_int_eq(libiommu_device_set_bus_master(dev, false, NULL), 0);
	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), NO_ANSWER);
	ck_assert_int_eq(fault_at(NULL), LIBIOMMU_MOCK_FAULT_BUS_MASTER);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY | CSTS_CFS);
	stop();
	start_with("bare", "");
	enable();
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, NULL), 0);
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), NO_ANSWER);
	ck_assert_int_eq(fault_at(NULL), LIBIOMMU_MOCK_FAULT_BLOCKED);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY | CSTS_CFS);
	stop();
	/* Addresses are cut to what the device can give. */
	begin("dma-mask=32");
	ck_assert_uint_eq(run(&queue, io(READ, 1, 0, 1, take(PAGE) | UINT64_C(7) << 32, 0), NULL),
			  0);
	stop();
}
END_TEST

static struct libiommu_mock_nvme_error wrong(enum libiommu_mock_nvme_effect effect)
{
	struct libiommu_mock_nvme_error error = LIBIOMMU_MOCK_NVME_ERROR_INIT;

	error.effect = effect;
	return error;
}

static void demand(const struct libiommu_mock_nvme_error *error)
{
	ck_assert_int_eq(libiommu_mock_nvme_inject(ep, error, NULL), 0);
}

START_TEST(statuses_on_demand)
{
	struct libiommu_mock_nvme_error error = wrong(LIBIOMMU_MOCK_NVME_STATUS);
	uint64_t data;

	begin("ns=1M ns=1M");
	data = take(PAGE);
	/* Of writes in the second namespace the third and the fourth. */
	error.status = 0x4081;
	error.opcode = WRITE;
	error.nsid = 2;
	error.skip = 2;
	error.count = 2;
	demand(&error);
	ck_assert_uint_eq(run(&queue, io(WRITE, 2, 0, 1, data, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, io(WRITE, 2, 0, 1, data, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, io(READ, 2, 0, 1, data, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, io(WRITE, 1, 0, 1, data, 0), NULL), 0);
	memset(host(data), 9, PAGE);
	ck_assert_uint_eq(run(&queue, io(WRITE, 2, 0, 1, data, 0), NULL), 0x4081);
	ck_assert_uint_eq(run(&queue, io(WRITE, 2, 0, 1, data, 0), NULL), 0x4081);
	ck_assert_uint_eq(run(&queue, io(READ, 2, 0, 1, data, 0), NULL), 0);
	ck_assert_uint_eq(*(unsigned char *)host(data), 0);
	ck_assert_uint_eq(run(&queue, io(WRITE, 2, 0, 1, data, 0), NULL), 0);
	/* Any, until it is cleared; the administrator's are others. */
	error = wrong(LIBIOMMU_MOCK_NVME_STATUS);
	error.count = 0;
	demand(&error);
	for (unsigned int i = 0; i < 5; i++)
		ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), 0x006);
	ck_assert_uint_eq(admin_run(6, 0, data, 1, 0, NULL), 0);
	error.admin = true;
	error.opcode = 6;
	demand(&error);
	ck_assert_uint_eq(admin_run(6, 0, data, 1, 0, NULL), 0x006);
	ck_assert_uint_eq(admin_run(10, 0, 0, 6, 0, NULL), 0);
	ck_assert_int_eq(libiommu_mock_nvme_clear(ep, NULL), 0);
	ck_assert_uint_eq(admin_run(6, 0, data, 1, 0, NULL), 0);
	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), 0);
	stop();
}
END_TEST

START_TEST(blocks_that_are_bad)
{
	struct libiommu_mock_nvme_error error = wrong(LIBIOMMU_MOCK_NVME_MEDIA);
	uint64_t data;

	begin("");
	data = take(PAGE);
	error.count = 0;
	error.block = 100;
	error.blocks = 2;
	demand(&error);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 96, 4, data, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 96, 5, data, 0), NULL), 0x281);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 101, 1, data, 0), NULL), 0x281);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 102, 1, data, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, io(WRITE, 1, 100, 1, data, 0), NULL), 0x280);
	ck_assert_uint_eq(run(&queue, io(8, 1, 90, 20, 0, 0), NULL), 0x280);
	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), 0);
	stop();
}
END_TEST

START_TEST(commands_that_never_end)
{
	struct libiommu_mock_nvme_error error = wrong(LIBIOMMU_MOCK_NVME_HANG);
	struct answer answer;
	uint32_t result;

	begin("");
	demand(&error);
	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), NO_ANSWER);
	/* Neither looking nor aborting helps, and the others go on. */
	get(CSTS, 4);
	ck_assert_uint_eq(admin_run(8, 0, 0, 1, 0, &result), 0);
	ck_assert_uint_eq(result, 1);
	push(&queue, &(struct sqe){ { 0, 1 } });
	ring_tail(&queue);
	ck_assert(poll_answer(&queue, &answer));
	ck_assert_uint_eq(answer.id, 1);
	ck_assert(!peek(&queue, &answer));
	ck_assert_uint_eq(admin_run(0, 0, 0, 1, 0, NULL), 0);
	ck_assert(poll_answer(&queue, &answer));
	ck_assert_uint_eq(answer.id, 0);
	ck_assert_uint_eq(answer.status, 0x008);
	/* A command that hangs when the controller is reset is heard of no more. */
	put(CC, 4, CC_OFF);
	enable();
	create(&queue, 1, 16);
	demand(&error);
	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), NO_ANSWER);
	put(CC, 4, CC_OFF);
	ck_assert_uint_eq(get(CSTS, 4), 0);
	ck_assert(!peek(&queue, &answer));
	stop();
}
END_TEST

START_TEST(controllers_that_stop)
{
	struct libiommu_mock_nvme_error error = wrong(LIBIOMMU_MOCK_NVME_FATAL);

	begin("");
	error.skip = 1;
	demand(&error);
	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), NO_ANSWER);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY | CSTS_CFS);
	put(CC, 4, CC_OFF);
	enable();
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), 0);
	ck_assert_int_eq(libiommu_mock_nvme_fatal(ep, NULL), 0);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY | CSTS_CFS);
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), NO_ANSWER);
	ck_assert_int_eq(libiommu_mock_nvme_never_ready(ep, true, NULL), 0);
	put(CC, 4, CC_OFF);
	ck_assert_uint_eq(get(CSTS, 4), 0);
	put(CC, 4, CC_ON);
	for (unsigned int i = 0; i < 100; i++)
		ck_assert_uint_eq(get(CSTS, 4), 0);
	ck_assert_int_eq(libiommu_device_reset(dev, NULL), 0);
	put(CC, 4, CC_OFF);
	ck_assert_int_eq(libiommu_mock_nvme_never_ready(ep, false, NULL), 0);
	enable();
	stop();
}
END_TEST

START_TEST(logs_tell_of_errors)
{
	uint64_t page;
	unsigned char *log;

	begin("");
	page = take(PAGE);
	log = host(page);
	ck_assert_uint_eq(admin_run(2, UINT32_MAX, page, 1 | 63u << 16, 0, NULL), 0);
	ck_assert_uint_eq(log[0], 0);
	ck_assert_uint_eq(run(&queue, io(READ, 1, UINT64_C(0x123456789), 1, page, 0), NULL),
			  0x080 | DNR);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 0, 8, page, 0), NULL), 0);
	ck_assert_uint_eq(admin_run(0x80, 0, 0, 0, 0, NULL), 0x001 | DNR);
	/* The newest first. */
	ck_assert_uint_eq(admin_run(2, UINT32_MAX, page, 1 | 63u << 16, 0, NULL), 0);
	ck_assert_uint_eq(log[0], 2);
	ck_assert_uint_eq(log[8], 0);
	ck_assert_uint_eq(log[12] | log[13] << 8, (0x001 | DNR) << 1 & 0xffff);
	ck_assert_uint_eq(log[64], 1);
	ck_assert_uint_eq(log[72], 1);
	ck_assert_uint_eq(log[64 + 16], 0x89);
	ck_assert_uint_eq(log[64 + 20], 1);
	ck_assert_uint_eq(log[64 + 24], 1);
	ck_assert_uint_eq(log[128], 0);
	ck_assert_uint_eq(admin_run(2, UINT32_MAX, page, 2 | 127u << 16, 0, NULL), 0);
	ck_assert_uint_eq(log[1] | log[2] << 8, 300);
	ck_assert_uint_eq(log[32], 1);
	ck_assert_uint_eq(log[64], 1);
	ck_assert_uint_eq(log[80], 0);
	ck_assert_uint_eq(log[176], 2);
	/* A part of it, from the middle. */
	memset(log, 0x77, PAGE);
	struct sqe sqe = command(2, UINT32_MAX, page, 0);
	sqe.dw[10] = 2 | 1 << 16;
	sqe.dw[12] = 64;
	ck_assert_uint_eq(run(&admin, sqe, NULL), 0);
	ck_assert_uint_eq(log[0], 1);
	ck_assert_uint_eq(log[7], 0);
	ck_assert_uint_eq(log[8], 0x77);
	sqe.dw[12] = 512;
	ck_assert_uint_eq(run(&admin, sqe, NULL), 0x002 | DNR);
	ck_assert_uint_eq(admin_run(2, UINT32_MAX, page, 3 | 127u << 16, 0, NULL), 0);
	ck_assert_int_eq(memcmp(log + 8, "1.0     ", 8), 0);
	ck_assert_uint_eq(admin_run(2, UINT32_MAX, page, 0xc0 | 127u << 16, 0, NULL), 0x109 | DNR);
	stop();
}
END_TEST

/* A wrong doorbell is an event; the next one of its kind comes once the log was read. */
START_TEST(events_come_when_they_are_asked_for)
{
	struct answer answer;
	uint64_t page;

	begin("");
	page = take(PAGE);
	ck_assert_uint_eq(run(&admin, command(12, 0, 0, 0), NULL), NO_ANSWER);
	put(0x1000 + 8 * 5, 4, 1);
	ck_assert(poll_answer(&admin, &answer));
	ck_assert_uint_eq(answer.status, 0);
	ck_assert_uint_eq(answer.result, 1 << 16);
	ck_assert_uint_eq(run(&admin, command(12, 0, 0, 0), NULL), NO_ANSWER);
	put(0x1000 + 8, 4, 16);
	ck_assert(!peek(&admin, &answer));
	/* Read and kept; then read. */
	ck_assert_uint_eq(admin_run(2, 0, page, 1 | 1 << 15 | 15u << 16, 0, NULL), 0);
	ck_assert(!peek(&admin, &answer));
	push(&admin, &(struct sqe){ { 2, 0, 0, 0, 0, 0, (uint32_t)page, 0, 0, 0, 1 | 15u << 16 } });
	ring_tail(&admin);
	ck_assert(poll_answer(&admin, &answer));
	ck_assert_uint_eq(answer.result, 1 << 16 | 1 << 8);
	ck_assert(poll_answer(&admin, &answer));
	ck_assert_uint_eq(answer.result, 0);
	/* Past what was posted, too. */
	ck_assert_uint_eq(admin_run(2, 0, page, 1 | 15u << 16, 0, NULL), 0);
	ck_assert_uint_eq(run(&admin, command(12, 0, 0, 0), NULL), NO_ANSWER);
	put(0x1000 + 12, 4, 3);
	ck_assert(poll_answer(&admin, &answer));
	ck_assert_uint_eq(answer.result, 1 << 16 | 1 << 8);
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_uint_eq(run(&admin, command(12, 0, 0, 0), NULL), NO_ANSWER);
	ck_assert_uint_eq(run(&admin, command(12, 0, 0, 0), NULL), 0x105 | DNR);
	/* One of them is taken back. */
	push(&admin, &(struct sqe){ { 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, (admin.next_id - 2u) << 16 } });
	ring_tail(&admin);
	ck_assert(poll_answer(&admin, &answer));
	ck_assert_uint_eq(answer.status, 0x007);
	ck_assert(poll_answer(&admin, &answer));
	ck_assert_uint_eq(answer.result, 0);
	stop();
}
END_TEST

START_TEST(what_the_door_refuses)
{
	struct libiommu_mock_nvme_error error = LIBIOMMU_MOCK_NVME_ERROR_INIT;
	struct libiommu_device *other;
	struct libiommu_error *err;
	unsigned char bytes[4] = { 1, 2, 3, 4 }, got[4];

	begin("ns=1M,lba=4096");
	ck_assert_int_eq(libiommu_mock_nvme_write(ep, 1, (1 << 20) - 4, bytes, 4, NULL), 0);
	ck_assert_int_eq(libiommu_mock_nvme_read(ep, 1, (1 << 20) - 4, got, 4, NULL), 0);
	ck_assert_int_eq(memcmp(bytes, got, 4), 0);
	ck_assert_int_eq(libiommu_mock_nvme_read(ep, 1, 1 << 19, got, 4, NULL), 0);
	ck_assert_uint_eq(got[0], 0);
	ck_assert_int_eq(libiommu_mock_nvme_read(ep, 1, (1 << 20) - 3, got, 4, &err), -EINVAL);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_REGION_RANGE);
	libiommu_error_free(err);
	ck_assert_int_eq(libiommu_mock_nvme_write(ep, 2, 0, bytes, 4, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_mock_nvme_read(ep, 0, 0, got, 4, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_mock_nvme_read(ep, 1, 0, NULL, 4, NULL), -EINVAL);
	error.status = 0;
	ck_assert_int_eq(libiommu_mock_nvme_inject(ep, &error, &err), -EINVAL);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_BAD_OPTIONS);
	libiommu_error_free(err);
	error.status = 6;
	error.opcode = 256;
	ck_assert_int_eq(libiommu_mock_nvme_inject(ep, &error, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_mock_nvme_inject(ep, NULL, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_mock_nvme_clear(NULL, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:02:00.0", &other, NULL), 0);
	ck_assert_int_eq(libiommu_mock_nvme_clear(libiommu_device_endpoint(other), &err), -EINVAL);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_WRONG_MODEL);
	ck_assert_str_eq(libiommu_error_subject(err), "0000:02:00.0");
	libiommu_error_free(err);
	stop();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		data_that_cannot_be_reached,
		queues_that_cannot_be_reached,
		devices_that_may_not,
		statuses_on_demand,
		blocks_that_are_bad,
		commands_that_never_end,
		controllers_that_stop,
		logs_tell_of_errors,
		events_come_when_they_are_asked_for,
		what_the_door_refuses,
	};

	return nvme_run_tests("mock-nvme-errors", tests, sizeof(tests) / sizeof(tests[0]));
}
