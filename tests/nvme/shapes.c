/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of every shape, through the device: offsets within a page, lengths, breaks between pages. */
#include "tests/nvme/rig.h"

#define PAGE   4096u
#define WINDOW (4u << 20)
#define MDTS   (UINT64_C(4) << 20) /* lists are chained above 2 MiB */

struct shape {
	struct rig rig;
	unsigned char *plain;  /* one mapping */
	unsigned char *broken; /* pages mapped one by one, all over the address space */
	uint64_t image;        /* seed of what the namespace holds */
	unsigned char *expected;
};

static void map_broken(struct shape *shape)
{
	const size_t pages = WINDOW / PAGE + 2;

	shape->broken = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shape->broken, MAP_FAILED);
	for (size_t i = 0; i < pages; i++) {
		/* Runs of one to three pages that follow each other. */
		uint64_t iova = UINT64_C(0x400000000) - (i / 3) * 0x10000 + i % 3 * PAGE;

		iova += (i % 9 == 4) * UINT64_C(0x100000000);
		ck_assert_int_eq(
			libiommu_domain_map(shape->rig.nvme->dom, iova,
					    libiommu_source_memory(shape->broken + i * PAGE), PAGE,
					    RIG_RW, NULL),
			0);
	}
}

static int64_t fill(void *data, void *buffer, uint64_t offset, uint64_t length,
		    struct nvme_failure *failure)
{
	const struct shape *shape = data;

	(void)failure;
	nvme_pattern_fill(shape->image, offset, buffer, length);
	return (int64_t)length;
}

static void start(struct shape *shape)
{
	struct nvme_transfer transfer = { .opcode = NVME_IO_WRITE, .move = fill };

	rig_init(&shape->rig, "strict", SPACES " mdts=10");
	shape->rig.options.polling = true;
	shape->rig.options.queue.depth = 4;
	shape->rig.options.queue.bounces = 0;
	rig_open(&shape->rig);
	ck_assert_uint_eq(shape->rig.nvme->max_transfer, MDTS);
	shape->plain = rig_memory(&shape->rig, WINDOW + 2 * PAGE, RIG_RW);
	map_broken(shape);
	shape->expected = rig_memory(&shape->rig, WINDOW, RIG_RW);
	shape->image = 99;
	transfer.queue = shape->rig.nvme->queue[1];
	transfer.ns = rig_namespace(&shape->rig, 1);
	transfer.blocks = WINDOW / 512;
	transfer.data = shape;
	ck_assert_int_eq(nvme_transfer_run(&transfer, NULL, &shape->rig.failure), 0);
}

/* Read to memory + offset: what belongs there arrives, and nothing beside it changes. */
static void try_read(struct shape *shape, unsigned char *memory, uint64_t offset, uint32_t blocks)
{
	size_t length = (size_t)blocks * 512, end = offset + length;
	size_t before = offset < 64 ? offset : 64;
	unsigned char untouched[64];
	uint64_t block = (offset * 7 + blocks) % 8;

	if ((block + blocks) * 512 > WINDOW)
		block = 0;
	memset(untouched, 0x5a, sizeof(untouched));
	memset(memory + offset - before, 0x5a, before);
	memset(memory + offset, 0, length);
	memset(memory + end, 0x5a, 64);
	rig_io(&shape->rig, NVME_IO_READ, 1, block, blocks, memory + offset);
	ck_assert_uint_eq(nvme_pattern_check(shape->image, block * 512, memory + offset, length),
			  length);
	ck_assert_mem_eq(memory + offset - before, untouched, before);
	ck_assert_mem_eq(memory + end, untouched, sizeof(untouched));
}

/* Write from memory + offset, and read it back to a place that is easy. */
static void try_write(struct shape *shape, unsigned char *memory, uint64_t offset, uint32_t blocks)
{
	size_t length = (size_t)blocks * 512;
	uint64_t block = WINDOW / 512 + offset;

	nvme_pattern_fill(offset, 0, shape->expected, length);
	memcpy(memory + offset, shape->expected, length);
	rig_io(&shape->rig, NVME_IO_WRITE, 1, block, blocks, memory + offset);
	memory = memory == shape->plain ? shape->broken : shape->plain;
	memset(memory, 0, length);
	rig_io(&shape->rig, NVME_IO_READ, 1, block, blocks, memory);
	ck_assert_mem_eq(memory, shape->expected, length);
}

START_TEST(every_offset)
{
	static const uint32_t lengths[] = { 1, 8, 9, 16, 17, 24 };
	struct shape shape;

	start(&shape);
	for (uint64_t offset = 0; offset < PAGE; offset += 4) {
		uint32_t to_border = (uint32_t)(PAGE - offset) / 512;

		for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
			try_read(&shape, _i ? shape.broken : shape.plain, offset, lengths[i]);
		if (to_border)
			try_read(&shape, _i ? shape.broken : shape.plain, offset, to_border);
		try_read(&shape, _i ? shape.broken : shape.plain, offset, to_border + 1);
		try_write(&shape, _i ? shape.broken : shape.plain, offset, 9);
	}
	rig_close(&shape.rig);
}
END_TEST

/* All lengths in steps, up to the most that the controller takes. */
START_TEST(every_length)
{
	static const uint64_t offsets[] = { 0, 4, 512, 2048, 3584, 4092 };
	unsigned char *memory;
	struct shape shape;

	start(&shape);
	memory = _i ? shape.broken : shape.plain;
	for (uint32_t blocks = 1; blocks <= MDTS / 512; blocks += blocks < 64 ? 1 : blocks / 8) {
		for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]);
		     i += blocks < 64 ? 1 : 4)
			try_read(&shape, memory, offsets[i], blocks);
	}
	/* A list that is full to the last entry, and one page more or less. */
	for (uint32_t pages = 511; pages <= 514; pages++) {
		try_read(&shape, memory, 0, pages * 8);
		try_read(&shape, memory, 4, pages * 8);
		try_write(&shape, memory, 4, pages * 8);
	}
	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
		try_read(&shape, memory, offsets[i], MDTS / 512);
	rig_close(&shape.rig);
}
END_TEST

START_TEST(words_only)
{
	struct nvme_io io = { .opcode = NVME_IO_READ, .blocks = 1 };
	struct shape shape;

	start(&shape);
	io.ns = rig_namespace(&shape.rig, 1);
	for (unsigned int offset = 1; offset < 8; offset++) {
		io.buffer = shape.plain + offset;
		ck_assert_int_eq(nvme_io_run(shape.rig.nvme->queue[1], &io, &shape.rig.failure),
				 offset % 4 ? -EINVAL : 0);
	}
	rig_close(&shape.rig);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nvme-shapes");
	TCase *tcase = tcase_create("shapes");

	tcase_set_timeout(tcase, 250);
	tcase_add_loop_test(tcase, every_offset, 0, 2);
	tcase_add_loop_test(tcase, every_length, 0, 2);
	tcase_add_test(tcase, words_only);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
