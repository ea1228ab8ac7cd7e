/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver at work: every personality, by polling and by interrupts. */
#include "tests/nvme/rig.h"

#include <stdlib.h>

#define WAYS 8 /* four personalities, polling or not */
#define MIB  (UINT64_C(1) << 20)

static void open_way(struct rig *rig, int way, const char *words)
{
	rig_init(rig, rig_personalities[way / 2], words);
	rig->options.polling = way % 2;
	rig_open(rig);
}

START_TEST(identity)
{
	struct rig rig;

	open_way(&rig, _i, SPACES);
	ck_assert_uint_eq(rig.nvme->namespace_count, 2);
	ck_assert_uint_eq(rig_namespace(&rig, 1)->block_size, 512);
	ck_assert_uint_eq(rig_namespace(&rig, 1)->blocks, 64 * MIB / 512);
	ck_assert_uint_eq(rig_namespace(&rig, 2)->block_size, 4096);
	ck_assert_uint_eq(rig_namespace(&rig, 2)->blocks, 16 * MIB / 4096);
	ck_assert_ptr_null(nvme_namespace_get(rig.nvme, 3, &rig.failure));
	ck_assert_uint_gt(strlen(rig.nvme->identity.model), 0);
	ck_assert_int_eq(rig.nvme->interrupts.on, !(_i % 2));
	ck_assert_str_eq(nvme_interrupts_name(&rig.nvme->interrupts), _i % 2 ? "polling" : "MSI-X");
	rig_close(&rig);
}
END_TEST

/* A namespace of each block size, one block and many, and its end. */
START_TEST(reads_what_was_written)
{
	unsigned char *to, *from;
	struct rig rig;

	open_way(&rig, _i, SPACES);
	to = rig_memory(&rig, MIB, RIG_RW);
	from = rig_memory(&rig, MIB, RIG_RW);
	for (uint32_t id = 1; id <= 2; id++) {
		const struct nvme_namespace *ns = rig_namespace(&rig, id);

		for (uint32_t blocks = 1; blocks <= 64; blocks *= 4) {
			uint64_t block = ns->blocks - blocks;
			size_t length = (size_t)blocks * ns->block_size;

			nvme_pattern_fill(id, block, to, length);
			rig_io(&rig, NVME_IO_WRITE, id, block, blocks, to);
			memset(from, 0xdd, length);
			rig_io(&rig, NVME_IO_READ, id, block, blocks, from);
			ck_assert_mem_eq(from, to, length);
		}
		rig_io(&rig, NVME_IO_FLUSH, id, 0, 0, NULL);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(refuses_what_is_not_there)
{
	struct nvme_io io = { NVME_IO_READ, NULL, 0, 1, NULL };
	struct rig rig;

	open_way(&rig, _i, SPACES);
	io.ns = rig_namespace(&rig, 1);
	io.buffer = rig_memory(&rig, MIB, RIG_RW);
	io.block = io.ns->blocks;
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), -EINVAL);
	io.block = io.ns->blocks - 1;
	io.blocks = 2;
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), -EINVAL);
	io.block = UINT64_MAX;
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), -EINVAL);
	io.block = 0;
	io.blocks = 0;
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), -EINVAL);
	io.blocks = (uint32_t)(rig.nvme->max_transfer / 512) + 1;
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), -E2BIG);
	rig_close(&rig);
}
END_TEST

struct moved {
	uint64_t seed;
	uint64_t total;
};

static int64_t fill(void *data, void *buffer, uint64_t offset, uint64_t length,
		    struct nvme_failure *failure)
{
	struct moved *moved = data;

	(void)failure;
	nvme_pattern_fill(moved->seed, offset, buffer, length);
	moved->total += length;
	return (int64_t)length;
}

static int64_t compare(void *data, void *buffer, uint64_t offset, uint64_t length,
		       struct nvme_failure *failure)
{
	struct moved *moved = data;

	(void)failure;
	ck_assert_uint_eq(offset, moved->total); /* in order */
	ck_assert_uint_eq(nvme_pattern_check(moved->seed, offset, buffer, length), length);
	moved->total += length;
	return 0;
}

START_TEST(sixty_four_mib)
{
	struct nvme_transfer transfer = { .opcode = NVME_IO_WRITE, .move = fill };
	struct moved moved = { .seed = (uint64_t)_i + 1 };
	struct rig rig;
	uint64_t done;

	open_way(&rig, _i, SPACES);
	transfer.queue = rig.nvme->queue[1];
	transfer.ns = rig_namespace(&rig, 1);
	transfer.blocks = transfer.ns->blocks;
	transfer.data = &moved;
	ck_assert_int_eq(nvme_transfer_run(&transfer, &done, &rig.failure), 0);
	ck_assert_uint_eq(done, 64 * MIB);
	transfer.opcode = NVME_IO_READ;
	transfer.move = compare;
	moved.total = 0;
	ck_assert_int_eq(nvme_transfer_run(&transfer, &done, &rig.failure), 0);
	ck_assert_uint_eq(done, 64 * MIB);
	ck_assert_uint_eq(moved.total, 64 * MIB);
	rig_close(&rig);
}
END_TEST

/* Memory that nobody mapped is copied, and no more of it at a time than there is room for. */
START_TEST(bounces)
{
	unsigned char *to = malloc(64 * 1024), *from = malloc(64 * 1024);
	const struct nvme_queue_options none = { .depth = 4 };
	struct nvme_io io = { .opcode = NVME_IO_READ, .blocks = 1, .buffer = from };
	struct libiommu_mock_stats stats = LIBIOMMU_MOCK_STATS_INIT;
	uint64_t pinned;
	struct rig rig;

	open_way(&rig, _i, SPACES);
	ck_assert_int_eq(libiommu_mock_stats(rig.nvme->ctx, &stats), 0);
	pinned = stats.pinned_pages;
	nvme_pattern_fill(7, 0, to, 64 * 1024);
	memset(from, 0, 64 * 1024);
	rig_io(&rig, NVME_IO_WRITE, 1, 40, 127, to + 3);
	rig_io(&rig, NVME_IO_READ, 1, 40, 127, from + 5);
	ck_assert_mem_eq(from + 5, to + 3, 127 * 512);
	ck_assert_int_eq(libiommu_mock_stats(rig.nvme->ctx, &stats), 0);
	ck_assert_uint_eq(stats.pinned_pages, pinned);
	io.ns = rig_namespace(&rig, 1);
	for (unsigned int i = 0; i < rig.options.queue.bounces; i++)
		ck_assert_int_eq(nvme_io_submit(rig.nvme->queue[1], &io, NULL, NULL, &rig.failure),
				 0);
	ck_assert_int_eq(nvme_io_submit(rig.nvme->queue[1], &io, NULL, NULL, &rig.failure),
			 -EAGAIN);
	nvme_wait_all(rig.nvme->queue[1]);
	ck_assert_int_eq(nvme_admin_create_queue(rig.nvme, 2, &none, &rig.failure), 0);
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[2], &io, &rig.failure), -EFAULT);
	free(to);
	free(from);
	rig_close(&rig);
}
END_TEST

/* Memory from elsewhere, wherever it begins: registered, it is used as it is. */
START_TEST(registered)
{
	const struct nvme_queue_options none = { .depth = 4 };
	unsigned char *memory = malloc(3 << 20), *to = memory + 12, *from = memory + 2000012;
	struct nvme_io io = { .opcode = NVME_IO_WRITE, .blocks = 1000 };
	struct libiommu_error *err;
	struct rig rig;

	open_way(&rig, _i, SPACES);
	ck_assert_int_eq(nvme_admin_create_queue(rig.nvme, 2, &none, &rig.failure), 0);
	to -= (uintptr_t)to % 4;
	from -= (uintptr_t)from % 4;
	ck_assert_int_eq(libiommu_dma_register(rig.nvme->dom, to, 512000, RIG_RW, &err), 0);
	ck_assert_int_eq(libiommu_dma_register(rig.nvme->dom, from, 512000, RIG_RW, &err), 0);
	nvme_pattern_fill(3, 0, to, 512000);
	io.ns = rig_namespace(&rig, 1);
	io.buffer = to;
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[2], &io, &rig.failure), 0);
	io.opcode = NVME_IO_READ;
	io.buffer = from;
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[2], &io, &rig.failure), 0);
	ck_assert_mem_eq(from, to, 512000);
	ck_assert_int_eq(libiommu_dma_unregister(rig.nvme->dom, from, 512000, NULL, &err), 0);
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[2], &io, &rig.failure), -EFAULT);
	ck_assert_int_eq(libiommu_dma_unregister(rig.nvme->dom, to, 512000, NULL, &err), 0);
	free(memory);
	rig_close(&rig);
}
END_TEST

/* What the device may only read it is not told to write. */
START_TEST(protection)
{
	struct nvme_io io = { .opcode = NVME_IO_READ, .blocks = 1 };
	unsigned char *memory;
	struct rig rig;

	open_way(&rig, _i, SPACES);
	memory = rig_memory(&rig, 4096, LIBIOMMU_PROT_READ);
	io.ns = rig_namespace(&rig, 1);
	io.buffer = memory;
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), -EACCES);
	io.opcode = NVME_IO_WRITE;
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), 0);
	rig_close(&rig);
}
END_TEST

static void count_done(void *data, const struct nvme_result *result)
{
	unsigned int *count = data;

	ck_assert_int_eq(result->code, 0);
	++*count;
}

/* Every depth, always full, until both queues have wrapped. */
START_TEST(every_depth)
{
	struct nvme_queue_options opts = { .max_transfer = 4096 };
	struct nvme_io io = { .opcode = NVME_IO_READ, .blocks = 1 };
	struct rig rig;

	open_way(&rig, _i, SPACES);
	io.ns = rig_namespace(&rig, 1);
	io.buffer = rig_memory(&rig, 4096, RIG_RW);
	/* By interrupts only some of the large ones. */
	for (opts.depth = 1; opts.depth <= 1024; opts.depth += _i || opts.depth < 64 ? 1 : 31) {
		unsigned int total = opts.depth <= 64 ? 5 * opts.depth : opts.depth + 3;
		unsigned int sent = 0, ended = 0;
		struct nvme_queue *queue;

		ck_assert_msg(!nvme_admin_create_queue(rig.nvme, 2, &opts, &rig.failure), "%s",
			      rig.failure.text);
		queue = rig.nvme->queue[2];
		while (sent < total) {
			io.block = sent % 1000;
			while (!nvme_io_submit(queue, &io, count_done, &ended, &rig.failure))
				sent++;
			ck_assert_int_eq(rig.failure.code, -EAGAIN);
			ck_assert_uint_eq(sent - ended, opts.depth);
			nvme_wait(queue);
		}
		nvme_wait_all(queue);
		ck_assert_uint_eq(sent, ended);
		/* As many as were sent have gone through, modulo the size. */
		ck_assert_uint_eq(queue->tail, sent % (opts.depth + 1));
		ck_assert_uint_eq(queue->head, sent % (opts.depth + 1));
		ck_assert_int_eq(nvme_admin_delete_queue(rig.nvme, 2, &rig.failure), 0);
	}
	opts.depth = rig.nvme->entries_max;
	ck_assert_int_eq(nvme_admin_create_queue(rig.nvme, 2, &opts, &rig.failure), -EINVAL);
	rig_close(&rig);
}
END_TEST

/* Several queues with vectors of their own, more doorbell stride, requests in all of them. */
START_TEST(several_queues)
{
	struct nvme_io io = { .opcode = NVME_IO_READ, .blocks = 8 };
	unsigned int ended = 0;
	struct rig rig;

	rig_init(&rig, rig_personalities[_i / 2], SPACES " queues=8 stride=1 vectors=3");
	rig.options.polling = _i % 2;
	rig.options.queues = 8;
	rig_open(&rig);
	io.ns = rig_namespace(&rig, 2);
	io.buffer = rig_memory(&rig, 32768, RIG_RW);
	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int id = 1; id <= 8; id++)
			ck_assert_int_eq(nvme_io_submit(rig.nvme->queue[id], &io, count_done,
							&ended, &rig.failure),
					 0);
		for (unsigned int id = 8; id >= 1; id--)
			nvme_wait_all(rig.nvme->queue[id]);
	}
	ck_assert_uint_eq(ended, 400);
	rig_close(&rig);
	rig_init(&rig, rig_personalities[_i / 2], SPACES " queues=2");
	rig.options.queues = 3;
	ck_assert_int_eq(nvme_open(&rig.options, &rig.nvme, &rig.failure), -EINVAL);
	ck_assert_ptr_nonnull(strstr(rig.failure.text, "has 2"));
	rig_empty(&rig);
	libiommu_mock_machine_free(rig.machine);
}
END_TEST

/* Requests that the controller holds back end nevertheless. */
START_TEST(late_completions)
{
	struct nvme_io io = { .opcode = NVME_IO_READ, .blocks = 1 };
	unsigned int ended = 0;
	struct rig rig;

	rig_init(&rig, rig_personalities[_i / 2], SPACES " delay=5");
	rig.options.polling = _i % 2;
	rig_open(&rig);
	io.ns = rig_namespace(&rig, 1);
	io.buffer = rig_memory(&rig, 4096, RIG_RW);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_int_eq(
			nvme_io_submit(rig.nvme->queue[1], &io, count_done, &ended, &rig.failure),
			0);
	nvme_wait_all(rig.nvme->queue[1]);
	ck_assert_uint_eq(ended, 3);
	rig_close(&rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nvme-driver");
	TCase *tcase = tcase_create("driver");

	tcase_set_timeout(tcase, 250);
	tcase_add_loop_test(tcase, identity, 0, WAYS);
	tcase_add_loop_test(tcase, reads_what_was_written, 0, WAYS);
	tcase_add_loop_test(tcase, refuses_what_is_not_there, 0, WAYS);
	tcase_add_loop_test(tcase, sixty_four_mib, 0, WAYS);
	tcase_add_loop_test(tcase, bounces, 0, WAYS);
	tcase_add_loop_test(tcase, registered, 0, WAYS);
	tcase_add_loop_test(tcase, protection, 0, WAYS);
	tcase_add_loop_test(tcase, every_depth, 0, 2);
	tcase_add_loop_test(tcase, several_queues, 0, WAYS);
	tcase_add_loop_test(tcase, late_completions, 0, WAYS);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
