/* SPDX-License-Identifier: BSD-2-Clause */
/* The controller: registers, starting and stopping, the administrator's commands. */
#include "tests/unit/mock-nvme-rig.h"

static uint32_t word(uint64_t iova, unsigned int offset)
{
	uint32_t value;

	memcpy(&value, (unsigned char *)host(iova) + offset, sizeof(value));
	return value;
}

START_TEST(registers_after_power_on)
{
	uint64_t cap, config;
	struct libiommu_region *space;

	start("");
	ck_assert_uint_eq(libiommu_region_size(bar), 16384);
	cap = get(CAP, 8);
	ck_assert_uint_eq(cap & 0xffff, 2047);
	ck_assert_uint_eq(cap >> 16 & 1, 1);
	ck_assert_uint_eq(cap >> 24 & 0xff, 15);
	ck_assert_uint_eq(cap >> 32 & 15, 0);
	ck_assert_uint_eq(cap >> 37 & 1, 1);
	ck_assert_uint_eq(cap >> 48 & 15, 0);
	ck_assert_uint_eq(cap >> 52 & 15, 4);
	ck_assert_uint_eq(get(VS, 4), 0x10400);
	ck_assert_uint_eq(get(CC, 4), 0);
	ck_assert_uint_eq(get(CSTS, 4), 0);
	/* Narrow reads get their part; the table of MSI-X is not the driver's. */
	ck_assert_uint_eq(get(VS + 1, 1), 4);
	ck_assert_uint_eq(get(VS + 2, 2), 1);
	ck_assert_uint_eq(get(0x2000, 4), UINT32_MAX);
	ck_assert_int_eq(libiommu_region_open(dev, LIBIOMMU_REGION_CONFIG, &space, NULL), 0);
	ck_assert_int_eq(libiommu_region_read(space, 0, 4, &config, NULL), 0);
	ck_assert_uint_eq(config, 0x00101b36);
	ck_assert_int_eq(libiommu_region_read(space, 8, 4, &config, NULL), 0);
	ck_assert_uint_eq(config >> 8, 0x010802);
	ck_assert_int_eq(libiommu_region_read(space, 0x10, 4, &config, NULL), 0);
	ck_assert_uint_eq(config & 15, 4);
	ck_assert_int_eq(libiommu_region_write(space, 0x10, 4, UINT32_MAX, NULL), 0);
	ck_assert_int_eq(libiommu_region_write(space, 0x14, 4, UINT32_MAX, NULL), 0);
	ck_assert_int_eq(libiommu_region_read(space, 0x10, 8, &config, NULL), 0);
	ck_assert_uint_eq(config, UINT64_C(0xffffffffffffc004));
	ck_assert_int_eq(libiommu_region_read(space, 0x34, 1, &config, NULL), 0);
	ck_assert_int_eq(libiommu_region_read(space, config, 4, &config, NULL), 0);
	ck_assert_uint_eq(config, 64 << 16 | 0x11);
	stop();
}
END_TEST

START_TEST(options_of_the_line)
{
	struct queue queue;
	uint32_t result;

	start("queues=3 vectors=2 entries=64 mdts=2 timeout=4 stride=1");
	ck_assert_uint_eq(get(CAP, 8) & 0xffff, 63);
	ck_assert_uint_eq(get(CAP, 8) >> 24 & 0xff, 4);
	ck_assert_uint_eq(get(CAP, 8) >> 32 & 15, 1);
	queue_init(&admin, 0, 8);
	put(AQA, 4, 7 << 16 | 7);
	put(ASQ, 8, admin.sq_iova);
	put(ACQ, 8, admin.cq_iova);
	put(CC, 4, CC_ON);
	/* The doorbells lie 8 bytes apart now; what lies between them is nothing. */
	admin.sq[0] = 9;
	admin.sq[10] = 7;
	put(0x1004, 4, 1);
	ck_assert_uint_eq(admin.cq[3], 0);
	put(0x1000, 4, 1);
	ck_assert_uint_eq(admin.cq[3], 1 << 16);
	ck_assert_uint_eq(admin.cq[0], 2 << 16 | 2);
	stop();
	start("queues=3 vectors=2");
	enable();
	ck_assert_uint_eq(admin_run(9, 0, 0, 7, 0xfffeu << 16 | 0xfffe, &result), 0);
	ck_assert_uint_eq(result, 2 << 16 | 2);
	queue_init(&queue, 4, 16);
	ck_assert_uint_eq(create_cq(&queue, 1, 0), 0x101 | DNR);
	queue.id = 3;
	ck_assert_uint_eq(create_cq(&queue, 1, 2), 0x108 | DNR);
	ck_assert_uint_eq(create_cq(&queue, 1, 1), 0);
	stop();
}
END_TEST

static void refused_line(const char *options)
{
	char text[200];
	struct libiommu_mock_machine *machine;
	struct libiommu_error *err;

	snprintf(text, sizeof(text), "\ndevice " NAME " %s\n", options);
	ck_assert_int_eq(libiommu_mock_machine_new(text, &machine, &err), -EINVAL);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_CONFIG_SYNTAX);
	ck_assert_str_eq(libiommu_error_subject(err), "line 2");
	libiommu_error_free(err);
}

START_TEST(lines_that_are_refused)
{
	refused_line("model=nvme ns=0");
	refused_line("model=nvme ns=4097");
	refused_line("model=nvme ns=512,lba=4096");
	refused_line("model=nvme ns=64M,lba=1024");
	refused_line("model=nvme ns=17T");
	refused_line("model=nvme queues=0");
	refused_line("model=nvme queues=256");
	refused_line("model=nvme stride=4");
	refused_line("model=nvme entries=1");
	refused_line("model=nvme ns=");
	refused_line("model=nvme delay=x");
	refused_line("model=nvme colour=red");
	refused_line("model=edu ns=64M");
	refused_line("ns=64M");
}
END_TEST

START_TEST(sixteen_namespaces)
{
	char text[300] = "device " NAME " model=nvme";
	struct libiommu_mock_machine *machine;
	struct libiommu_error *err;

	for (unsigned int i = 0; i < 16; i++)
		strcat(text, " ns=1M");
	ck_assert_int_eq(libiommu_mock_machine_new(text, &machine, NULL), 0);
	libiommu_mock_machine_free(machine);
	strcat(text, " ns=1M");
	ck_assert_int_eq(libiommu_mock_machine_new(text, &machine, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(libiommu_error_message(err), "at most 16 namespaces"));
	libiommu_error_free(err);
}
END_TEST

START_TEST(starting_and_stopping)
{
	start("");
	enable();
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), 0);
	/* What the queues hang on stays as it is while they work. */
	put(ASQ, 8, 0);
	put(AQA, 4, 0);
	put(CC, 4, CC_ON | 0x80);
	ck_assert_uint_eq(get(ASQ, 8), admin.sq_iova);
	ck_assert_uint_eq(get(ACQ, 8), admin.cq_iova);
	ck_assert_uint_eq(get(AQA, 4), 15 << 16 | 15);
	ck_assert_uint_eq(get(CC, 4), CC_ON);
	put(0x0c, 4, 0x81);
	put(0x10, 4, 0x01);
	ck_assert_uint_eq(get(0x0c, 4), 0x80);
	ck_assert_uint_eq(get(0x10, 4), 0x80);
	/* Accesses that are too narrow are lost. */
	put(CC, 2, 0);
	put(CC, 1, 0);
	ck_assert_uint_eq(get(CC, 4), CC_ON);
	put(CC, 4, CC_OFF);
	ck_assert_uint_eq(get(CSTS, 4), 0);
	/* A stopped controller does not listen, and forgets no address. */
	admin.sq[16 * admin.tail] = 6;
	put(0x1000, 4, admin.tail + 1);
	ck_assert_uint_eq(admin.cq[4 * admin.head + 3], 0);
	ck_assert_uint_eq(get(ASQ, 8), admin.sq_iova);
	enable();
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), 0);
	ck_assert_uint_eq(get(0x0c, 4), 0);
	/* A shutdown is done at once; nothing is heard until the next start. */
	put(CC, 4, CC_ON | 1 << 14);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY | 8);
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), NO_ANSWER);
	put(CC, 4, CC_OFF);
	enable();
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), 0);
	ck_assert_int_eq(libiommu_device_reset(dev, NULL), 0);
	ck_assert_uint_eq(get(CC, 4), 0);
	ck_assert_uint_eq(get(ASQ, 8), 0);
	stop();
}
END_TEST

static void cannot_start(uint32_t aqa, uint64_t asq, uint64_t acq, uint32_t cc)
{
	put(AQA, 4, aqa);
	put(ASQ, 8, asq);
	put(ACQ, 8, acq);
	put(CC, 4, cc);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_CFS);
	put(CC, 4, 0);
	ck_assert_uint_eq(get(CSTS, 4), 0);
}

START_TEST(what_it_cannot_start_with)
{
	start("");
	cannot_start(0x0007, BASE, BASE + PAGE, CC_ON);
	cannot_start(0x70000, BASE, BASE + PAGE, CC_ON);
	cannot_start(0x70007, BASE + 8, BASE + PAGE, CC_ON);
	cannot_start(0x70007, BASE, BASE + 8, CC_ON);
	cannot_start(0x70007, BASE, BASE + PAGE, CC_ON | 1 << 7); /* not of its 8 KiB pages */
	cannot_start(0x70007, BASE, BASE, CC_ON | 5 << 7);
	cannot_start(0x70007, BASE, BASE, CC_ON | 1 << 4);
	cannot_start(0x70007, BASE, BASE, CC_ON | 1 << 11);
	enable();
	stop();
}
END_TEST

START_TEST(getting_ready_takes_looks)
{
	start("ready=3");
	queue_init(&admin, 0, 16);
	put(AQA, 4, 15 << 16 | 15);
	put(ASQ, 8, admin.sq_iova);
	put(ACQ, 8, admin.cq_iova);
	put(CC, 4, CC_ON);
	ck_assert_uint_eq(get(CSTS, 4), 0);
	ck_assert_uint_eq(admin_run(6, 0, take(PAGE), 1, 0, NULL), NO_ANSWER);
	ck_assert_uint_eq(get(CSTS, 4), 0);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY);
	put(CC, 4, CC_OFF);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY);
	ck_assert_uint_eq(get(CSTS, 4), 0);
	stop();
}
END_TEST

START_TEST(identify)
{
	uint64_t page;

	start("ns=64M ns=16M,lba=4096");
	enable();
	page = take(PAGE);
	ck_assert_uint_eq(admin_run(6, 0, page, 1, 0, NULL), 0);
	ck_assert_uint_eq(word(page, 0), 0x1af41b36);
	ck_assert_int_eq(memcmp((char *)host(page) + 4, "MOCK0000:01:00.0    ", 20), 0);
	ck_assert_uint_eq(((unsigned char *)host(page))[77], 7);
	ck_assert_uint_eq(word(page, 80), 0x10400);
	ck_assert_uint_eq(word(page, 512) & 0xffff, 0x4466);
	ck_assert_uint_eq(word(page, 516), 2);
	ck_assert_uint_eq(admin_run(6, 1, page, 0, 0, NULL), 0);
	ck_assert_uint_eq(word(page, 0), 131072);
	ck_assert_uint_eq(word(page, 16), 0);
	ck_assert_uint_eq(((unsigned char *)host(page))[26], 0);
	ck_assert_uint_eq(word(page, 128) >> 16 & 0xff, 9);
	ck_assert_uint_eq(admin_run(6, 2, page, 0, 0, NULL), 0);
	ck_assert_uint_eq(word(page, 0), 4096);
	ck_assert_uint_eq(((unsigned char *)host(page))[26], 1);
	ck_assert_uint_eq(word(page, 132) >> 16 & 0xff, 12);
	ck_assert_uint_eq(admin_run(6, 0, page, 2, 0, NULL), 0);
	ck_assert_uint_eq(word(page, 0), 1);
	ck_assert_uint_eq(word(page, 4), 2);
	ck_assert_uint_eq(word(page, 8), 0);
	ck_assert_uint_eq(admin_run(6, 1, page, 2, 0, NULL), 0);
	ck_assert_uint_eq(word(page, 0), 2);
	ck_assert_uint_eq(word(page, 4), 0);
	ck_assert_uint_eq(admin_run(6, 2, page, 3, 0, NULL), 0);
	ck_assert_uint_eq(word(page, 0), 8 << 8 | 1);
	ck_assert_uint_eq(word(page, 12), 16 << 8 | 3);
	ck_assert_uint_eq(word(page, 32), 0);
	ck_assert_uint_eq(admin_run(6, 0, page, 0, 0, NULL), 0x00b | DNR);
	ck_assert_uint_eq(admin_run(6, 3, page, 0, 0, NULL), 0x00b | DNR);
	ck_assert_uint_eq(admin_run(6, 3, page, 3, 0, NULL), 0x00b | DNR);
	ck_assert_uint_eq(admin_run(6, UINT32_MAX - 1, page, 2, 0, NULL), 0x00b | DNR);
	ck_assert_uint_eq(admin_run(6, 0, page, 0x77, 0, NULL), 0x002 | DNR);
	/* 4 KiB that begin in the middle of a page need a second one. */
	ck_assert_uint_eq(admin_run(6, 0, page + 4, 1, 0, NULL), 0x004);
	ck_assert_int_eq(fault_at(NULL), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	stop();
}
END_TEST

START_TEST(queues_that_are_refused)
{
	struct queue queue, other;

	start("entries=64");
	enable();
	queue_init(&queue, 1, 64);
	queue_init(&other, 2, 65);
	ck_assert_uint_eq(create_sq(&queue, 1), 0x100 | DNR);
	ck_assert_uint_eq(create_sq(&queue, 0), 0x100 | DNR);
	ck_assert_uint_eq(create_cq(&other, 1, 0), 0x102 | DNR);
	other.size = 1;
	ck_assert_uint_eq(create_cq(&other, 1, 0), 0x102 | DNR);
	ck_assert_uint_eq(create_cq(&queue, 0, 0), 0x002 | DNR);
	queue.cq_iova += 16;
	ck_assert_uint_eq(create_cq(&queue, 1, 0), 0x013 | DNR);
	queue.cq_iova -= 16;
	ck_assert_uint_eq(create_cq(&queue, 3, 65), 0x108 | DNR);
	queue.id = 0;
	ck_assert_uint_eq(create_cq(&queue, 1, 0), 0x101 | DNR);
	queue.id = 1;
	ck_assert_uint_eq(create_cq(&queue, 1, 0), 0);
	ck_assert_uint_eq(create_cq(&queue, 1, 0), 0x101 | DNR);
	queue.id = 0;
	ck_assert_uint_eq(create_sq(&queue, 1), 0x101 | DNR);
	queue.id = 7;
	queue.sq_iova += 64;
	ck_assert_uint_eq(create_sq(&queue, 1), 0x013 | DNR);
	queue.sq_iova -= 64;
	ck_assert_uint_eq(create_sq(&queue, 1), 0);
	ck_assert_uint_eq(create_sq(&queue, 1), 0x101 | DNR);
	/* The completion queue goes last. */
	ck_assert_uint_eq(admin_run(4, 0, 0, 1, 0, NULL), 0x10c | DNR);
	ck_assert_uint_eq(admin_run(4, 0, 0, 0, 0, NULL), 0x101 | DNR);
	ck_assert_uint_eq(admin_run(4, 0, 0, 9, 0, NULL), 0x101 | DNR);
	ck_assert_uint_eq(admin_run(0, 0, 0, 0, 0, NULL), 0x101 | DNR);
	ck_assert_uint_eq(admin_run(0, 0, 0, 1, 0, NULL), 0x101 | DNR);
	ck_assert_uint_eq(admin_run(0, 0, 0, 7, 0, NULL), 0);
	ck_assert_uint_eq(admin_run(0, 0, 0, 7, 0, NULL), 0x101 | DNR);
	ck_assert_uint_eq(admin_run(4, 0, 0, 1, 0, NULL), 0);
	/* A host that did not say how long entries are has no queues. */
	put(CC, 4, 0);
	queue_init(&admin, 0, 16);
	put(ASQ, 8, admin.sq_iova);
	put(ACQ, 8, admin.cq_iova);
	put(CC, 4, 1);
	queue.id = 1;
	ck_assert_uint_eq(create_cq(&queue, 1, 0), 0x002 | DNR);
	stop();
}
END_TEST

START_TEST(features)
{
	struct queue queue;
	uint32_t result;

	start("queues=8");
	enable();
	ck_assert_uint_eq(admin_run(10, 0, 0, 6, 0, &result), 0);
	ck_assert_uint_eq(result, 1);
	ck_assert_uint_eq(admin_run(9, 0, 0, 6, 0, NULL), 0);
	ck_assert_uint_eq(admin_run(10, 0, 0, 6, 0, &result), 0);
	ck_assert_uint_eq(result, 0);
	ck_assert_uint_eq(admin_run(10, 0, 0, 6 | 1 << 8, 0, &result), 0);
	ck_assert_uint_eq(result, 1);
	ck_assert_uint_eq(admin_run(10, 0, 0, 6 | 3 << 8, 0, &result), 0);
	ck_assert_uint_eq(result, 4);
	ck_assert_uint_eq(admin_run(9, 0, 0, 1, 0x02010003, NULL), 0);
	ck_assert_uint_eq(admin_run(10, 0, 0, 1, 0, &result), 0);
	ck_assert_uint_eq(result, 0x02010003);
	ck_assert_uint_eq(admin_run(10, 0, 0, 7, 0, &result), 0);
	ck_assert_uint_eq(result, 7 << 16 | 7);
	ck_assert_uint_eq(admin_run(10, 0, 0, 9, 3, &result), 0);
	ck_assert_uint_eq(result, 3);
	ck_assert_uint_eq(admin_run(10, 0, 0, 9, 9, NULL), 0x002 | DNR);
	ck_assert_uint_eq(admin_run(9, 0, 0, 9, 9, NULL), 0x002 | DNR);
	ck_assert_uint_eq(admin_run(9, 0, 0, 9, 8, NULL), 0);
	ck_assert_uint_eq(admin_run(9, 0, 0, 2, 1, NULL), 0x002 | DNR);
	ck_assert_uint_eq(admin_run(9, 0, 0, 7, 0xffff, NULL), 0x002 | DNR);
	ck_assert_uint_eq(admin_run(9, 0, 0, 3, 0, NULL), 0x002 | DNR);
	ck_assert_uint_eq(admin_run(10, 0, 0, 0x50, 0, NULL), 0x002 | DNR);
	ck_assert_uint_eq(admin_run(10, 0, 0, 6 | 4 << 8, 0, NULL), 0x002 | DNR);
	ck_assert_uint_eq(admin_run(9, 0, 0, 6 | 1u << 31, 0, NULL), 0x10d | DNR);
	ck_assert_uint_eq(admin_run(9, 1, 0, 6, 0, NULL), 0x10f | DNR);
	create(&queue, 1, 16);
	ck_assert_uint_eq(admin_run(9, 0, 0, 7, 0, NULL), 0x00c | DNR);
	stop();
}
END_TEST

START_TEST(commands_that_there_are_not)
{
	struct sqe sqe = command(6, 0, 0, 0);

	start("");
	enable();
	ck_assert_uint_eq(admin_run(0x80, 0, 0, 0, 0, NULL), 0x001 | DNR);
	sqe.dw[0] |= 1 << 8;
	ck_assert_uint_eq(run(&admin, sqe, NULL), 0x002 | DNR);
	sqe.dw[0] = 6 | 1 << 14;
	ck_assert_uint_eq(run(&admin, sqe, NULL), 0x002 | DNR);
	stop();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		registers_after_power_on,    options_of_the_line,
		lines_that_are_refused,      sixteen_namespaces,
		starting_and_stopping,       what_it_cannot_start_with,
		getting_ready_takes_looks,   identify,
		queues_that_are_refused,     features,
		commands_that_there_are_not,
	};

	return nvme_run_tests("mock-nvme", tests, sizeof(tests) / sizeof(tests[0]));
}
