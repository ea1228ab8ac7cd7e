/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver that has gone mad: random registers, random queue memory, commands that are almost right.
 * Nothing crashes, nothing outside of what is mapped is touched, and after a reset all is well.
 * Arguments: seed, rounds.
 */
#include "tests/unit/mock-nvme-rig.h"

#include <libiommu/mock_nvme.h>

#define QUEUES   4
#define READONLY UINT64_C(0x90000000)
#define STEPS    600

static uint64_t seed = 1, rounds = 60, state;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t below(uint64_t limit)
{
	return next() % limit;
}

static bool once_in(unsigned int n)
{
	return below(n) == 0;
}

/* Mostly an address that means something. */
static uint64_t some_address(void)
{
	switch (below(8)) {
	case 0:
		return next();
	case 1:
		return READONLY + below(PAGE);
	case 2:
		return BASE + PAGES * PAGE - below(2 * PAGE);
	case 3:
		return BASE + below(PAGES * PAGE);
	default:
		return BASE + below(PAGES) * PAGE;
	}
}

static void random_register(void)
{
	static const uint64_t places[] = { 0x00, 0x0c, 0x10, 0x14, 0x1c, 0x24, 0x28, 0x30 };
	uint64_t offset = once_in(3) ? below(16384) : places[below(8)];
	unsigned int width = 1u << below(4);
	uint64_t value = once_in(2) ? next() : some_address();

	if (offset == 0x14 && !once_in(4))
		value = CC_ON | below(16) << 7 * once_in(4);
	offset -= offset % width;
	if (once_in(3))
		get(offset, width);
	else
		put(offset, width, value);
}

static void random_doorbell(void)
{
	put(0x1000 + 4 * below(2 * QUEUES + 2), 4, once_in(8) ? next() : below(20));
}

/* An entry of some queue, most of whose fields are right. */
static void random_command(struct queue *queue)
{
	static const uint8_t opcodes[] = { 0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 12 };
	struct sqe sqe = command(opcodes[below(sizeof(opcodes))], (uint32_t)below(4),
				 some_address(), some_address());

	if (once_in(12))
		sqe.dw[0] = (uint32_t)next();
	if (once_in(12))
		sqe.dw[1] = (uint32_t)next();
	for (unsigned int i = 10; i < 16; i++)
		sqe.dw[i] = once_in(8) ? (uint32_t)next() : (uint32_t)below(16);
	if (once_in(2))
		sqe.dw[10] |= (uint32_t)below(32) << 16;
	if (once_in(2))
		sqe.dw[11] |= (uint32_t)below(8) << 16;
	push(queue, &sqe);
	if (!once_in(4))
		ring_tail(queue);
}

static void random_answers(struct queue *queue)
{
	struct answer answer;
	unsigned int most = (unsigned int)below(8);

	while (most-- && peek(queue, &answer))
		;
	ring_head(queue);
}

static void random_trouble(void)
{
	struct libiommu_mock_nvme_error error = LIBIOMMU_MOCK_NVME_ERROR_INIT;

	switch (below(6)) {
	case 0:
		error.effect = (enum libiommu_mock_nvme_effect)(1 + below(4));
		error.admin = once_in(2);
		error.count = (uint32_t)below(3);
		error.skip = (uint32_t)below(3);
		error.block = below(64);
		error.blocks = below(8);
		ck_assert_int_eq(libiommu_mock_nvme_inject(ep, &error, NULL), 0);
		break;
	case 1:
		ck_assert_int_eq(libiommu_mock_nvme_clear(ep, NULL), 0);
		break;
	case 2:
		ck_assert_int_eq(libiommu_mock_nvme_delay(ep, (uint32_t)below(6), NULL), 0);
		break;
	case 3:
		ck_assert_int_eq(libiommu_mock_nvme_run(ep, below(4), NULL, NULL), 0);
		break;
	case 4:
		ck_assert_int_eq(libiommu_device_set_bus_master(dev, !once_in(4), NULL), 0);
		break;
	default:
		/* Noise in memory, the queues' too. */
		for (unsigned int i = 0; i < 64; i++)
			arena[below(PAGES * PAGE)] = (unsigned char)next();
	}
}

/* Reset, enable, and write and read some blocks. */
static void works_again(void)
{
	struct queue queue;
	uint64_t data;

	ck_assert_int_eq(libiommu_mock_nvme_clear(ep, NULL), 0);
	ck_assert_int_eq(libiommu_mock_nvme_delay(ep, 0, NULL), 0);
	ck_assert_int_eq(libiommu_device_set_bus_master(dev, true, NULL), 0);
	if (once_in(2))
		ck_assert_int_eq(libiommu_device_reset(dev, NULL), 0);
	else
		put(CC, 4, CC_OFF);
	ck_assert_uint_eq(get(CSTS, 4), 0);
	while (fault_at(NULL))
		;
	used = 0;
	enable();
	create(&queue, 1, 16);
	data = take(2 * PAGE);
	memset(host(data), (int)below(256), PAGE);
	ck_assert_uint_eq(run(&queue, io(1, 1, 3, 8, data, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, io(2, 1, 3, 8, data + PAGE, 0), NULL), 0);
	ck_assert_int_eq(memcmp(host(data), host(data + PAGE), PAGE), 0);
	ck_assert_int_eq(fault_at(NULL), 0);
}

static void one_round(struct queue *queues)
{
	enable();
	queues[0] = admin;
	for (unsigned int i = 1; i <= QUEUES; i++)
		create(&queues[i], i, 2 + (uint32_t)below(18));
	queues[0] = admin;
	for (unsigned int i = 0; i < STEPS; i++) {
		struct queue *queue = &queues[below(QUEUES + 1)];

		switch (below(12)) {
		case 0:
			random_register();
			break;
		case 1:
			random_doorbell();
			break;
		case 2:
			random_trouble();
			break;
		case 3:
		case 4:
			random_answers(queue);
			break;
		default:
			random_command(queue);
		}
	}
	works_again();
}

START_TEST(mad_drivers)
{
	struct queue queues[QUEUES + 1];
	unsigned char *outside, expected[PAGE];

	state = seed * UINT64_C(0x9e3779b97f4a7c15);
	start("ns=2M ns=1M,lba=4096 mdts=4");
	/* What may only be read, and a page beside the arena that the device has no way to. */
	outside = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(outside, 0x77, PAGE);
	memset(expected, 0x77, PAGE);
	ck_assert_int_eq(libiommu_domain_map(dom, READONLY, libiommu_source_memory(outside), PAGE,
					     LIBIOMMU_PROT_READ, NULL),
			 0);
	for (uint64_t round = 0; round < rounds; round++) {
		used = 0;
		one_round(queues);
		ck_assert_int_eq(memcmp(outside, expected, PAGE), 0);
		ck_assert_int_eq(libiommu_device_reset(dev, NULL), 0);
	}
	stop();
	munmap(outside, PAGE);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = { mad_drivers };

	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0) | 1;
	if (argc > 2)
		rounds = strtoull(argv[2], NULL, 0);
	return nvme_run_tests("mock-nvme-random", tests, sizeof(tests) / sizeof(tests[0]));
}
