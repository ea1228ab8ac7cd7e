/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading and writing: PRPs of every form, queues that wrap, the other I/O commands. */
#include "tests/unit/mock-nvme-rig.h"

#define READ  2
#define WRITE 1

static struct queue queue;

static void begin(const char *options, uint32_t entries)
{
	start(options);
	enable();
	create(&queue, 1, entries);
}

static void fill(uint64_t iova, size_t length, unsigned int seed)
{
	unsigned char *bytes = host(iova);

	for (size_t i = 0; i < length; i++) {
		seed = seed * 1103515245u + 12345u;
		bytes[i] = (unsigned char)(seed >> 16);
	}
}

/*
 * `pages` IOVAs of separate pages of one range, which starts `offset` bytes into the first one.
 * Every second page is left out, so that what is moved must follow the list.
 */
static void scatter(uint64_t base, uint64_t offset, size_t pages, uint64_t *out)
{
	for (size_t i = 0; i < pages; i++)
		out[i] = base + 2 * i * PAGE + (i ? 0 : offset);
}

/* PRPs for the pages; lists go to `lists` and on, `skip` entries into the first page of them. */
static void make_prps(const uint64_t *pages, size_t count, uint64_t lists, size_t skip,
		      uint64_t prp[2])
{
	uint64_t *entry = (uint64_t *)host(lists) + skip;

	prp[0] = pages[0];
	prp[1] = 0;
	if (count == 2)
		prp[1] = pages[1];
	if (count <= 2)
		return;
	prp[1] = lists + skip * 8;
	for (size_t i = 1; i < count; i++, entry++) {
		uint64_t at = lists + (uint64_t)((char *)entry - (char *)host(lists));

		if (at % PAGE == PAGE - 8 && i + 1 < count) {
			*entry = at + 8;
			entry++;
		}
		*entry = pages[i];
	}
}

static void copy_out(const uint64_t *pages, size_t length, unsigned char *to)
{
	for (size_t i = 0; length; i++) {
		size_t piece = (size_t)(PAGE - pages[i] % PAGE);

		piece = piece < length ? piece : length;
		memcpy(to, host(pages[i]), piece);
		to += piece;
		length -= piece;
	}
}

/* Write a range of one form and read it back in another. */
static void there_and_back(uint64_t offset, size_t length, size_t skip)
{
	size_t count = (size_t)((offset + length + PAGE - 1) / PAGE);
	uint64_t from = take(2 * count * PAGE), to = take(2 * (count + 1) * PAGE);
	uint64_t lists = take(3 * PAGE), prp[2];
	unsigned char *sent = malloc(length), *got = malloc(length);
	uint64_t *pages = calloc(count + 1, sizeof(*pages));

	fill(from, 2 * count * PAGE, (unsigned int)(offset + length));
	scatter(from, offset, count, pages);
	make_prps(pages, count, lists, skip, prp);
	copy_out(pages, length, sent);
	ck_assert_uint_eq(
		run(&queue, io(WRITE, 1, 7, (uint32_t)(length / 512), prp[0], prp[1]), NULL), 0);
	scatter(to, PAGE - 4, (length + PAGE - 4 + PAGE - 1) / PAGE, pages);
	make_prps(pages, (length + PAGE - 4 + PAGE - 1) / PAGE, lists, 0, prp);
	ck_assert_uint_eq(
		run(&queue, io(READ, 1, 7, (uint32_t)(length / 512), prp[0], prp[1]), NULL), 0);
	copy_out(pages, length, got);
	ck_assert_int_eq(memcmp(sent, got, length), 0);
	ck_assert_int_eq(fault_at(NULL), 0);
	free(pages);
	free(sent);
	free(got);
}

START_TEST(prps_of_every_form)
{
	static const uint64_t offsets[] = { 0, 4, 508, 512, 2048, 3584, 4092 };
	static const size_t lengths[] = { 512, 1024, 4096, 4608, 8192, 8704, 12288, 65536, 524288 };

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		for (size_t j = 0; j < sizeof(lengths) / sizeof(lengths[0]); j++) {
			begin("", 16);
			there_and_back(offsets[i], lengths[j], 0);
			stop();
		}
	}
}
END_TEST

START_TEST(lists_go_on_in_another_page)
{
	/* So many places are left in the first page of the list. */
	static const size_t places[] = { 1, 2, 3, 7, 8, 9 };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		begin("", 16);
		there_and_back(0, 9 * PAGE, 512 - places[i]);
		stop();
	}
}
END_TEST

START_TEST(a_list_of_several_pages)
{
	uint64_t data, lists, *list;
	struct sqe sqe;

	begin("mdts=12 ns=64M,lba=4096", 16);
	data = take(2 * PAGE);
	lists = take(4 * PAGE);
	list = host(lists);
	/* 1024 pages behind the first: 511, a link, 511, a link, 2. All are one page of memory. */
	for (size_t i = 0; i < 1026; i++)
		list[i] = data + PAGE;
	list[511] = lists + PAGE;
	list[1023] = lists + 2 * PAGE;
	fill(data, 2 * PAGE, 5);
	ck_assert_uint_eq(run(&queue, io(WRITE, 1, 0, 1025, data, lists), NULL), 0);
	memset(host(data), 0, PAGE);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 1024, 1, data, 0), NULL), 0);
	ck_assert_int_eq(memcmp(host(data), host(data + PAGE), PAGE), 0);
	/* A link must lead to the beginning of a page, an entry too. */
	list[511] = lists + PAGE + 8;
	sqe = io(WRITE, 1, 0, 1025, data, lists);
	ck_assert_uint_eq(run(&queue, sqe, NULL), 0x013 | DNR);
	list[511] = lists + PAGE;
	list[3] += 4;
	ck_assert_uint_eq(run(&queue, sqe, NULL), 0x013 | DNR);
	stop();
}
END_TEST

START_TEST(prps_that_are_refused)
{
	uint64_t data;

	begin("", 16);
	data = take(4 * PAGE);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 0, 1, data + 2, 0), NULL), 0x013 | DNR);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 0, 16, data, data + 512), NULL), 0x013 | DNR);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 0, 32, data, data + 4), NULL), 0x013 | DNR);
	/* What is not needed is not looked at. */
	ck_assert_uint_eq(run(&queue, io(READ, 1, 0, 8, data, 3), NULL), 0);
	ck_assert_int_eq(fault_at(NULL), 0);
	stop();
}
END_TEST

START_TEST(pages_of_64_kib)
{
	uint64_t data;

	start("");
	used = 0;
	queue_init(&admin, 0, 16);
	/* Both of 64 KiB: IOVAs need not be where memory is aligned. */
	admin.sq_iova = BASE;
	admin.cq_iova = BASE + 65536;
	used = 2 * 65536;
	memset(arena, 0, used);
	admin.sq = host(admin.sq_iova);
	admin.cq = host(admin.cq_iova);
	put(AQA, 4, 15 << 16 | 15);
	put(ASQ, 8, admin.sq_iova);
	put(ACQ, 8, admin.cq_iova);
	put(CC, 4, CC_ON | 4 << 7);
	queue = (struct queue){ .id = 1, .size = 16, .phase = 1 };
	queue.sq_iova = take(65536);
	queue.cq_iova = take(65536);
	queue.sq = host(queue.sq_iova);
	queue.cq = host(queue.cq_iova);
	ck_assert_uint_eq(create_cq(&queue, 1, 0), 0);
	ck_assert_uint_eq(create_sq(&queue, 1), 0);
	data = take(3 * 65536);
	fill(data, 3 * 65536, 9);
	/* 64 KiB from the middle of a page: the first one's rest, and a second one. */
	ck_assert_uint_eq(run(&queue, io(WRITE, 1, 0, 128, data + 4096, data + 65536), NULL), 0);
	memcpy(host(data + 131072), host(data + 4096), 61440);
	memcpy((char *)host(data + 131072) + 61440, host(data + 65536), 4096);
	memset(host(data), 0, 65536);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 0, 128, data, 0), NULL), 0);
	ck_assert_int_eq(memcmp(host(data), host(data + 131072), 65536), 0);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 0, 256, data, data + 4096), NULL), 0x013 | DNR);
	stop();
}
END_TEST

START_TEST(blocks_and_namespaces)
{
	uint64_t data;

	begin("ns=1M ns=1M,lba=4096", 16);
	data = take(2 * PAGE);
	memset(host(data), 0x11, PAGE);
	memset(host(data + PAGE), 0x22, PAGE);
	ck_assert_uint_eq(run(&queue, io(WRITE, 1, 2047, 1, data, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, io(WRITE, 2, 255, 1, data + PAGE, 0), NULL), 0);
	memset(host(data), 0x33, 2 * PAGE);
	/* Blocks that were never written are zeros. */
	ck_assert_uint_eq(run(&queue, io(READ, 1, 2046, 2, data, 0), NULL), 0);
	ck_assert_uint_eq(((unsigned char *)host(data))[0], 0);
	ck_assert_uint_eq(((unsigned char *)host(data))[511], 0);
	ck_assert_uint_eq(((unsigned char *)host(data))[512], 0x11);
	ck_assert_uint_eq(((unsigned char *)host(data))[1023], 0x11);
	ck_assert_uint_eq(((unsigned char *)host(data))[1024], 0x33);
	ck_assert_uint_eq(run(&queue, io(READ, 2, 255, 1, data, 0), NULL), 0);
	ck_assert_uint_eq(((unsigned char *)host(data))[4095], 0x22);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 2047, 2, data, 0), NULL), 0x080 | DNR);
	ck_assert_uint_eq(run(&queue, io(WRITE, 2, 256, 1, data, 0), NULL), 0x080 | DNR);
	ck_assert_uint_eq(run(&queue, io(WRITE, 1, UINT64_MAX, 2, data, 0), NULL), 0x080 | DNR);
	ck_assert_uint_eq(run(&queue, io(READ, 0, 0, 1, data, 0), NULL), 0x00b | DNR);
	ck_assert_uint_eq(run(&queue, io(READ, 3, 0, 1, data, 0), NULL), 0x00b | DNR);
	ck_assert_uint_eq(run(&queue, io(READ, UINT32_MAX, 0, 1, data, 0), NULL), 0x00b | DNR);
	ck_assert_uint_eq(run(&queue, io(0x7f, 1, 0, 1, data, 0), NULL), 0x001 | DNR);
	/* 512 KiB at once, not more. */
	ck_assert_uint_eq(run(&queue, io(READ, 1, 0, 1025, data, data), NULL), 0x002 | DNR);
	stop();
}
END_TEST

/* A namespace of 2048 blocks that are all the same, and a page. */
static uint64_t begin_full(void)
{
	uint64_t data;

	begin("ns=1M", 16);
	data = take(PAGE);
	memset(host(data), 0x44, PAGE);
	for (unsigned int i = 0; i < 256; i++)
		ck_assert_uint_eq(run(&queue, io(WRITE, 1, 8 * i, 8, data, 0), NULL), 0);
	return data;
}

START_TEST(flush_and_write_zeroes)
{
	uint64_t data = begin_full(), identity = take(PAGE);
	unsigned char *bytes = host(data);

	ck_assert_uint_eq(run(&queue, command(0, 1, 0, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, command(0, UINT32_MAX, 0, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, command(0, 2, 0, 0), NULL), 0x00b | DNR);
	ck_assert_uint_eq(admin_run(6, 1, identity, 0, 0, NULL), 0);
	ck_assert_uint_eq(*(uint32_t *)((char *)host(identity) + 16), 2048);
	/* Parts of chunks, and a whole one, which is given back. */
	ck_assert_uint_eq(run(&queue, io(8, 1, 1, 1, 0, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 0, 3, data, 0), NULL), 0);
	ck_assert_uint_eq(bytes[511], 0x44);
	ck_assert_uint_eq(bytes[512], 0);
	ck_assert_uint_eq(bytes[1023], 0);
	ck_assert_uint_eq(bytes[1024], 0x44);
	ck_assert_uint_eq(run(&queue, io(8, 1, 127, 130, 0, 0), NULL), 0);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 126, 2, data, 0), NULL), 0);
	ck_assert_uint_eq(bytes[511], 0x44);
	ck_assert_uint_eq(bytes[512], 0);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 256, 2, data, 0), NULL), 0);
	ck_assert_uint_eq(bytes[511], 0);
	ck_assert_uint_eq(bytes[512], 0x44);
	ck_assert_uint_eq(admin_run(6, 1, identity, 0, 0, NULL), 0);
	ck_assert_uint_eq(*(uint32_t *)((char *)host(identity) + 16), 2048 - 128);
	ck_assert_uint_eq(run(&queue, io(8, 1, 2040, 9, 0, 0), NULL), 0x080 | DNR);
	stop();
}
END_TEST

START_TEST(deallocate)
{
	uint64_t data = begin_full(), ranges = take(PAGE), *range = host(ranges);
	unsigned char *bytes = host(data);
	struct sqe sqe;

	/* Two ranges, and one that does not fit: then none is done. */
	range[0] = UINT64_C(1) << 32;
	range[1] = 1000;
	range[2] = UINT64_C(2) << 32;
	range[3] = 2047;
	sqe = command(9, 1, ranges, 0);
	sqe.dw[10] = 1;
	sqe.dw[11] = 4;
	ck_assert_uint_eq(run(&queue, sqe, NULL), 0x080 | DNR);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 1000, 1, data, 0), NULL), 0);
	ck_assert_uint_eq(bytes[0], 0x44);
	range[3] = 2046;
	sqe.dw[11] = 0;
	ck_assert_uint_eq(run(&queue, sqe, NULL), 0);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 1000, 1, data, 0), NULL), 0);
	ck_assert_uint_eq(bytes[0], 0x44);
	sqe.dw[11] = 4;
	ck_assert_uint_eq(run(&queue, sqe, NULL), 0);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 1000, 2, data, 0), NULL), 0);
	ck_assert_uint_eq(bytes[511], 0);
	ck_assert_uint_eq(bytes[512], 0x44);
	ck_assert_uint_eq(run(&queue, io(READ, 1, 2045, 3, data, 0), NULL), 0);
	ck_assert_uint_eq(bytes[511], 0x44);
	ck_assert_uint_eq(bytes[512], 0);
	ck_assert_uint_eq(bytes[1535], 0);
	stop();
}
END_TEST

/* Batches of every size go around a queue; answers come in order and with the right phase. */
START_TEST(queues_wrap)
{
	static const uint32_t sizes[] = { 2, 3, 16, 100, 1024 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint32_t batch = 1;
		uint16_t expected = 0;
		uint64_t data;

		begin("", sizes[i]);
		data = take(PAGE);
		for (unsigned int round = 0; round < 40; round++) {
			struct answer answer;

			for (uint32_t n = 0; n < batch; n++) {
				struct sqe sqe = io(READ, 1, n, 1, data, 0);

				push(&queue, &sqe);
			}
			ring_tail(&queue);
			for (uint32_t n = 0; n < batch; n++) {
				ck_assert(peek(&queue, &answer));
				ck_assert_uint_eq(answer.id, expected++);
				ck_assert_uint_eq(answer.status, 0);
			}
			ck_assert(!peek(&queue, &answer));
			ring_head(&queue);
			batch = batch % (sizes[i] - 1) + 1;
		}
		stop();
	}
}
END_TEST

/* A completion queue that is full holds answers back, and nothing is lost. */
START_TEST(a_full_completion_queue)
{
	struct queue many = { 0 };
	struct answer answer;
	unsigned int got = 0;

	start("");
	enable();
	queue_init(&queue, 1, 4);
	queue_init(&many, 1, 32);
	ck_assert_uint_eq(create_cq(&queue, 1, 0), 0);
	ck_assert_uint_eq(create_sq(&many, 1), 0);
	for (unsigned int i = 0; i < 31; i++) {
		struct sqe sqe = command(0, 1, 0, 0);

		push(&many, &sqe);
	}
	ring_tail(&many);
	/* A second load waits in the submission queue, since the controller has no room either. */
	for (unsigned int i = 0; i < 20; i++) {
		struct sqe sqe = command(0, 1, 0, 0);

		push(&many, &sqe);
	}
	ring_tail(&many);
	ck_assert_uint_eq(queue.cq[4 * 3 + 3], 0);
	while (peek(&queue, &answer)) {
		ck_assert_uint_eq(answer.id, got++);
		if (got % 3 == 0)
			ring_head(&queue);
	}
	ck_assert_uint_eq(got, 51);
	ck_assert_uint_eq(answer.sq_head, 51 - 32);
	stop();
}
END_TEST

/* Two submission queues share a completion queue; one is deleted, the other goes on. */
START_TEST(queues_share_answers)
{
	struct queue second;
	struct answer answer;
	struct sqe sqe = command(0, 1, 0, 0);

	begin("", 16);
	queue_init(&second, 2, 8);
	ck_assert_uint_eq(create_sq(&second, 1), 0);
	push(&second, &sqe);
	ring_tail(&second);
	ck_assert(poll_answer(&queue, &answer));
	ck_assert_uint_eq(answer.sq, 2);
	ck_assert_uint_eq(answer.sq_head, 1);
	ck_assert_uint_eq(run(&queue, sqe, NULL), 0);
	ck_assert_uint_eq(admin_run(0, 0, 0, 2, 0, NULL), 0);
	ck_assert_uint_eq(admin_run(4, 0, 0, 1, 0, NULL), 0x10c | DNR);
	ck_assert_uint_eq(run(&queue, sqe, NULL), 0);
	stop();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		prps_of_every_form,
		lists_go_on_in_another_page,
		a_list_of_several_pages,
		prps_that_are_refused,
		pages_of_64_kib,
		blocks_and_namespaces,
		flush_and_write_zeroes,
		deallocate,
		queues_wrap,
		a_full_completion_queue,
		queues_share_answers,
	};

	return nvme_run_tests("mock-nvme-io", tests, sizeof(tests) / sizeof(tests[0]));
}
