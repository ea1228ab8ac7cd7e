/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic bugs of drivers, one at a time. Each is found by the mock: the fault says where the
 * device went and what it wanted, and the driver's message has the same address. Without the bug
 * the same steps make no fault.
 */
#include "tests/nvme/rig.h"

#include "plant.h"

#include <libiommu/mock_nvme.h>

#define PAGE 4096u

enum nvme_bug nvme_planted;

static void start(struct rig *rig, int way, enum nvme_bug bug)
{
	rig_init(rig, rig_personalities[way / 2], SPACES);
	rig->options.polling = way % 2;
	rig->options.queue.bounces = 0;
	rig_open(rig);
	nvme_planted = bug;
}

static void finish(struct rig *rig)
{
	nvme_planted = NVME_BUG_NONE;
	rig_close(rig);
}

/* The oldest fault is this one, and the driver's message names a range with its address. */
static void expect_fault(struct rig *rig, uint64_t first, uint64_t last, uint32_t access,
			 enum libiommu_mock_fault_kind kind)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;
	const char *at = rig->failure.text;
	unsigned long long start, end;
	bool named = false;

	ck_assert_int_eq(libiommu_mock_fault_next(rig->nvme->ctx, &fault), 0);
	ck_assert_str_eq(fault.device, DEVICE);
	ck_assert_msg(fault.iova >= first && fault.iova <= last, "fault at %#" PRIx64, fault.iova);
	ck_assert_uint_eq(fault.access, access);
	ck_assert_int_eq(fault.kind, kind);
	for (; (at = strstr(at, "0x")); at++) {
		if (sscanf(at, "%llx-%llx", &start, &end) == 2 && fault.iova >= start &&
		    fault.iova <= end)
			named = true;
	}
	ck_assert_msg(named, "no %#" PRIx64 " in: %s", fault.iova, rig->failure.text);
	while (!libiommu_mock_fault_next(rig->nvme->ctx, &fault))
		ck_assert_int_eq(fault.kind, kind);
}

static int64_t move(void *data, void *buffer, uint64_t offset, uint64_t length,
		    struct nvme_failure *failure)
{
	(void)data;
	(void)buffer;
	(void)offset;
	(void)failure;
	return (int64_t)length;
}

static uint64_t iova_of(struct rig *rig, const void *address)
{
	uint64_t iova;

	ck_assert_int_eq(libiommu_dma_lookup(rig->nvme->dom, NULL, address, 0, &iova, NULL), 0);
	return iova;
}

static int read_one(struct rig *rig, void *buffer, uint32_t blocks)
{
	const struct nvme_io io = { NVME_IO_READ, rig_namespace(rig, 1), 0, blocks, buffer };

	return nvme_io_run(rig->nvme->queue[1], &io, &rig->failure);
}

START_TEST(unmapped_too_early)
{
	static const enum nvme_io_opcode opcodes[] = { NVME_IO_READ, NVME_IO_WRITE };
	struct nvme_transfer transfer = { .move = move, .blocks = 1000 };
	struct rig rig;

	for (unsigned int i = 0; i < 4; i++) {
		bool planted = i < 2;

		start(&rig, _i, planted ? NVME_BUG_UNMAP_EARLY : NVME_BUG_NONE);
		transfer.opcode = opcodes[i % 2];
		transfer.queue = rig.nvme->queue[1];
		transfer.ns = rig_namespace(&rig, 1);
		ck_assert_int_eq(nvme_transfer_run(&transfer, NULL, &rig.failure),
				 planted ? -EFAULT : 0);
		if (planted)
			expect_fault(&rig, 1, UINT64_MAX,
				     transfer.opcode == NVME_IO_READ ? LIBIOMMU_PROT_WRITE
								     : LIBIOMMU_PROT_READ,
				     LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
		finish(&rig);
	}
}
END_TEST

/*
 * The offset in the first page is forgotten, so a page too few is put into the list. What stands
 * behind is the address of an earlier request, whose memory has gone.
 */
START_TEST(page_short)
{
	for (unsigned int i = 0; i < 2; i++) {
		bool planted = !i;
		unsigned char *earlier, *memory;
		uint64_t stale;
		struct rig rig;

		start(&rig, _i, planted ? NVME_BUG_PRP_SHORT : NVME_BUG_NONE);
		earlier = rig_memory(&rig, 8 * PAGE, RIG_RW);
		memory = rig_memory(&rig, 8 * PAGE, RIG_RW);
		ck_assert_int_eq(read_one(&rig, earlier, 8 * PAGE / 512), 0);
		stale = iova_of(&rig, earlier);
		ck_assert_int_eq(libiommu_domain_unmap(rig.nvme->dom, stale, 8 * PAGE, NULL, NULL),
				 0);
		ck_assert_int_eq(read_one(&rig, memory + 512, 5 * PAGE / 512),
				 planted ? -EFAULT : 0);
		/* The sixth page of the data is the fifth of the list. */
		if (planted)
			expect_fault(&rig, stale + 5 * PAGE, stale + 6 * PAGE - 1,
				     LIBIOMMU_PROT_WRITE, LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
		finish(&rig);
	}
}
END_TEST

START_TEST(queue_freed)
{
	for (unsigned int i = 0; i < 2; i++) {
		bool planted = !i;
		struct nvme_queue_options opts = { .depth = 8 };
		struct nvme_io io = { .opcode = NVME_IO_READ, .blocks = 1 };
		uint64_t queue;
		struct rig rig;

		start(&rig, _i, planted ? NVME_BUG_QUEUE_FREED : NVME_BUG_NONE);
		ck_assert_int_eq(nvme_admin_create_queue(rig.nvme, 2, &opts, &rig.failure), 0);
		queue = rig.nvme->queue[2]->sq_memory.iova;
		io.ns = rig_namespace(&rig, 1);
		io.buffer = rig_memory(&rig, PAGE, RIG_RW);
		ck_assert_int_eq(nvme_io_submit(rig.nvme->queue[2], &io, NULL, NULL, &rig.failure),
				 0);
		ck_assert_int_eq(nvme_admin_delete_queue(rig.nvme, 2, &rig.failure),
				 planted ? -EIO : 0);
		if (planted)
			expect_fault(&rig, queue, queue + 63, LIBIOMMU_PROT_READ,
				     LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
		finish(&rig);
	}
}
END_TEST

/* The same with a request that is under way: the completion has nowhere to go. */
START_TEST(queue_freed_before_completion)
{
	for (unsigned int i = 0; i < 2; i++) {
		bool planted = !i;
		struct nvme_queue_options opts = { .depth = 8 };
		struct nvme_io io = { .opcode = NVME_IO_READ, .blocks = 1 };
		uint64_t queue;
		struct rig rig;

		start(&rig, _i, planted ? NVME_BUG_QUEUE_FREED : NVME_BUG_NONE);
		ck_assert_int_eq(libiommu_mock_nvme_delay(libiommu_device_endpoint(rig.nvme->dev),
							  UINT32_MAX, NULL),
				 0);
		ck_assert_int_eq(nvme_admin_create_queue(rig.nvme, 2, &opts, &rig.failure), 0);
		queue = rig.nvme->queue[2]->cq_memory.iova;
		io.ns = rig_namespace(&rig, 1);
		io.buffer = rig_memory(&rig, PAGE, RIG_RW);
		ck_assert_int_eq(nvme_io_submit(rig.nvme->queue[2], &io, NULL, NULL, &rig.failure),
				 0);
		nvme_queue_ring(rig.nvme->queue[2]);
		ck_assert_int_eq(nvme_admin_delete_queue(rig.nvme, 2, &rig.failure),
				 planted ? -EIO : 0);
		if (planted)
			expect_fault(&rig, queue, queue + 15, LIBIOMMU_PROT_WRITE,
				     LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
		finish(&rig);
	}
}
END_TEST

START_TEST(read_only_mapping)
{
	for (unsigned int i = 0; i < 2; i++) {
		bool planted = !i;
		unsigned char *memory;
		uint64_t iova;
		struct rig rig;

		start(&rig, _i, planted ? NVME_BUG_NO_PROT_CHECK : NVME_BUG_NONE);
		memory = rig_memory(&rig, 2 * PAGE, LIBIOMMU_PROT_READ);
		iova = iova_of(&rig, memory);
		ck_assert_int_eq(read_one(&rig, memory, 16), planted ? -EFAULT : -EACCES);
		if (planted)
			expect_fault(&rig, iova, iova, LIBIOMMU_PROT_WRITE,
				     LIBIOMMU_MOCK_FAULT_PERMISSION);
		finish(&rig);
	}
}
END_TEST

START_TEST(stale_address)
{
	for (unsigned int i = 0; i < 2; i++) {
		bool planted = !i;
		unsigned char *memory;
		uint64_t iova;
		struct rig rig;

		start(&rig, _i, planted ? NVME_BUG_STALE_ADDRESS : NVME_BUG_NONE);
		memory = rig_memory(&rig, PAGE, RIG_RW);
		iova = iova_of(&rig, memory);
		ck_assert_int_eq(read_one(&rig, memory, 1), 0);
		ck_assert_int_eq(libiommu_domain_unmap(rig.nvme->dom, iova, PAGE, NULL, NULL), 0);
		ck_assert_int_eq(read_one(&rig, memory, 1), -EFAULT);
		if (planted) {
			expect_fault(&rig, iova, iova, LIBIOMMU_PROT_WRITE,
				     LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
			ck_assert_ptr_nonnull(strstr(rig.failure.text, "(00h/04h)"));
		}
		finish(&rig);
	}
}
END_TEST

/* The device wrote through a translation that had gone; the driver has no way to know. */
static void expect_stale(struct rig *rig, bool stale, uint64_t iova)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;

	ck_assert_int_eq(libiommu_mock_fault_next(rig->nvme->ctx, &fault), stale ? 0 : -EAGAIN);
	if (!stale)
		return;
	ck_assert_int_eq(fault.kind, LIBIOMMU_MOCK_FAULT_STALE);
	ck_assert_uint_eq(fault.access, LIBIOMMU_PROT_WRITE);
	ck_assert_uint_eq(fault.iova, iova);
	ck_assert_int_eq(libiommu_mock_fault_next(rig->nvme->ctx, &fault), -EAGAIN);
}

/*
 * The kernel forgets to invalidate: memory that was unmapped is reached still, and data for new memory
 * at the same IOVA lands in what has got the old one's frame. Hardware says nothing; the mock does.
 */
START_TEST(missing_invalidation)
{
	for (unsigned int i = 0; i < 2; i++) {
		bool planted = !i;
		unsigned char *old, *new, *other, expected[512];
		struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;
		uint64_t iova;
		struct rig rig;

		start(&rig, _i, NVME_BUG_NONE);
		ck_assert_int_eq(libiommu_mock_skip_invalidation(rig.nvme->ctx, planted), 0);
		memset(expected, 0x77, sizeof(expected));
		old = rig_memory(&rig, PAGE, RIG_RW);
		iova = iova_of(&rig, old);
		memcpy(old, expected, sizeof(expected));
		rig_io(&rig, NVME_IO_WRITE, 1, 0, 1, old);
		memset(old, 0, PAGE);
		ck_assert_int_eq(read_one(&rig, old, 1), 0);
		ck_assert_mem_eq(old, expected, sizeof(expected));
		ck_assert_int_eq(libiommu_domain_unmap(rig.nvme->dom, iova, PAGE, NULL, NULL), 0);
		other = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			     0);
		ck_assert_ptr_ne(other, MAP_FAILED);
		ck_assert_int_eq(libiommu_domain_map(rig.nvme->dom, 0x40000000,
						     libiommu_source_memory(other), PAGE, RIG_RW,
						     NULL),
				 0);
		new = rig_memory(&rig, PAGE, RIG_RW);
		ck_assert_uint_eq(iova_of(&rig, new), iova);
		ck_assert_int_eq(read_one(&rig, new, 1), 0);
		ck_assert_int_eq(!memcmp(new, expected, sizeof(expected)), !planted);
		ck_assert_int_eq(!memcmp(other, expected, sizeof(expected)), planted);
		expect_stale(&rig, planted, iova);
		/* Where nothing is mapped now, the device is still let through. */
		ck_assert_int_eq(libiommu_domain_unmap(rig.nvme->dom, iova, PAGE, NULL, NULL), 0);
		ck_assert_int_eq(libiommu_mock_dma_read(libiommu_device_endpoint(rig.nvme->dev),
							iova, expected, 1, NULL),
				 planted ? 0 : -EFAULT);
		ck_assert_int_eq(libiommu_mock_fault_next(rig.nvme->ctx, &fault), 0);
		ck_assert_int_eq(fault.kind, planted ? LIBIOMMU_MOCK_FAULT_STALE
						     : LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
		ck_assert_int_eq(libiommu_mock_skip_invalidation(rig.nvme->ctx, false), 0);
		finish(&rig);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nvme-bugs");
	TCase *tcase = tcase_create("bugs");

	tcase_set_timeout(tcase, 100);
	tcase_add_loop_test(tcase, unmapped_too_early, 0, 8);
	tcase_add_loop_test(tcase, page_short, 0, 8);
	tcase_add_loop_test(tcase, queue_freed, 0, 8);
	tcase_add_loop_test(tcase, queue_freed_before_completion, 0, 8);
	tcase_add_loop_test(tcase, read_only_mapping, 0, 8);
	tcase_add_loop_test(tcase, stale_address, 0, 8);
	tcase_add_loop_test(tcase, missing_invalidation, 0, 8);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
