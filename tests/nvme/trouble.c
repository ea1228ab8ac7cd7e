/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes wrong on the device's side, and what the caller hears of it. */
#include "tests/nvme/rig.h"

#include "status.h"

#include <libiommu/mock_nvme.h>

#define MS      (UINT64_C(1000) * 1000)
#define PENDING 8

struct ends {
	unsigned int count;
	int code[64];
	uint16_t status;
	char text[512];
};

static void on_end(void *data, const struct nvme_result *result)
{
	struct ends *ends = data;

	ck_assert_uint_lt(ends->count, 64);
	ends->code[ends->count++] = result->code;
	ends->status = result->status;
	snprintf(ends->text, sizeof(ends->text), "%s", result->text);
}

static struct libiommu_endpoint *endpoint(struct rig *rig)
{
	return libiommu_device_endpoint(rig->nvme->dev);
}

static void inject(struct rig *rig, struct libiommu_mock_nvme_error error)
{
	ck_assert_int_eq(libiommu_mock_nvme_inject(endpoint(rig), &error, NULL), 0);
}

/* Do something with the device's back side while no driver has it. */
static void behind(struct rig *rig, void (*act)(struct libiommu_endpoint *ep, const void *data),
		   const void *data)
{
	struct libiommu_device *dev;
	struct libiommu_ctx *ctx;

	ck_assert_int_eq(libiommu_ctx_new(&rig->options.ctx, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, DEVICE, &dev, NULL), 0);
	act(libiommu_device_endpoint(dev), data);
	libiommu_ctx_free(ctx);
}

static void start(struct rig *rig, int way, const char *words)
{
	rig_init(rig, rig_personalities[way / 2], words);
	rig->options.polling = way % 2;
	rig_open(rig);
}

static void submit(struct rig *rig, struct ends *ends, unsigned int count, void *buffer)
{
	struct nvme_io io = { NVME_IO_READ, rig_namespace(rig, 1), 0, 8, buffer };

	for (unsigned int i = 0; i < count; i++) {
		io.block = i * 8;
		ck_assert_int_eq(
			nvme_io_submit(rig->nvme->queue[1], &io, on_end, ends, &rig->failure), 0);
	}
}

START_TEST(each_status)
{
	static const uint16_t statuses[] = {
		NVME_STATUS(0, 0x01), NVME_STATUS(0, 0x02), NVME_STATUS(0, 0x04),
		NVME_STATUS(0, 0x06), NVME_STATUS(0, 0x0b), NVME_STATUS(0, 0x13),
		NVME_STATUS(0, 0x20), NVME_STATUS(0, 0x80), NVME_STATUS(1, 0x82),
		NVME_STATUS(2, 0x80), NVME_STATUS(2, 0x81), NVME_STATUS(3, 0x71),
	};
	struct libiommu_mock_nvme_error error = LIBIOMMU_MOCK_NVME_ERROR_INIT;
	struct ends ends;
	char number[16];
	struct rig rig;
	void *buffer;

	start(&rig, _i, SPACES);
	buffer = rig_memory(&rig, 65536, RIG_RW);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		error.status = statuses[i];
		error.skip = 1;
		inject(&rig, error);
		ends = (struct ends){ .count = 0 };
		submit(&rig, &ends, 3, buffer);
		nvme_wait_all(rig.nvme->queue[1]);
		ck_assert_uint_eq(ends.count, 3);
		ck_assert_int_eq(ends.code[0], 0);
		ck_assert_int_eq(ends.code[1], nvme_status_errno(statuses[i]));
		ck_assert_int_lt(ends.code[1], 0);
		ck_assert_int_eq(ends.code[2], 0);
		inject(&rig, error);
		submit(&rig, &ends, 2, buffer);
		nvme_wait_all(rig.nvme->queue[1]);
		ck_assert_uint_eq(ends.status, statuses[i]);
		snprintf(number, sizeof(number), "(%02xh/%02xh)", statuses[i] >> 8,
			 statuses[i] & 0xff);
		ck_assert_ptr_nonnull(strstr(ends.text, number));
		ck_assert_ptr_nonnull(strstr(ends.text, "read, namespace 1, block 8: "));
		ck_assert_ptr_nonnull(strstr(ends.text, nvme_status_text(statuses[i])));
		ck_assert_ptr_null(strstr(ends.text, "unknown"));
	}
	ck_assert_str_eq(nvme_status_text(NVME_STATUS(7, 0xff)), "unknown status");
	ck_assert_int_eq(nvme_status_errno(NVME_STATUS(7, 0xff)), -EIO);
	rig_close(&rig);
}
END_TEST

static int64_t take(void *data, void *buffer, uint64_t offset, uint64_t length,
		    struct nvme_failure *failure)
{
	(void)buffer;
	(void)failure;
	*(uint64_t *)data = offset + length;
	return 0;
}

/* A long transfer ends at the bad block; what stands before it has arrived. */
START_TEST(bad_block)
{
	struct libiommu_mock_nvme_error error = LIBIOMMU_MOCK_NVME_ERROR_INIT;
	uint64_t arrived = 0, done;
	struct nvme_transfer transfer = {
		.opcode = NVME_IO_READ, .piece = 8192, .move = take, .data = &arrived
	};
	struct nvme_io io = { .opcode = NVME_IO_READ, .block = 1000, .blocks = 1 };
	struct rig rig;

	start(&rig, _i, SPACES);
	error.effect = LIBIOMMU_MOCK_NVME_MEDIA;
	error.count = 0;
	error.block = 1001;
	error.blocks = 1;
	inject(&rig, error);
	transfer.queue = rig.nvme->queue[1];
	transfer.ns = io.ns = rig_namespace(&rig, 1);
	transfer.blocks = transfer.ns->blocks;
	ck_assert_int_eq(nvme_transfer_run(&transfer, &done, &rig.failure), -EIO);
	ck_assert_ptr_nonnull(strstr(rig.failure.text, "block 992: unrecovered read error"));
	ck_assert_uint_eq(done, 992 * 512);
	ck_assert_uint_eq(arrived, done);
	io.buffer = rig_memory(&rig, 4096, RIG_RW);
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), 0);
	io.block++;
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), -EIO);
	rig_close(&rig);
}
END_TEST

/* One request never ends: it times out, the others are told that the controller was stopped. */
START_TEST(hang)
{
	struct libiommu_mock_nvme_error error = LIBIOMMU_MOCK_NVME_ERROR_INIT;
	struct ends ends = { .count = 0 };
	struct nvme_io io = { .opcode = NVME_IO_READ, .blocks = 1 };
	unsigned int late = 0;
	struct rig rig;

	rig_init(&rig, rig_personalities[_i / 2], SPACES);
	rig.options.polling = _i % 2;
	rig.options.timeout = 60 * MS;
	rig_open(&rig);
	io.ns = rig_namespace(&rig, 1);
	io.buffer = rig_memory(&rig, 65536, RIG_RW);
	error.effect = LIBIOMMU_MOCK_NVME_HANG;
	error.skip = 2;
	inject(&rig, error);
	submit(&rig, &ends, 5, io.buffer);
	nvme_wait_all(rig.nvme->queue[1]);
	ck_assert_uint_eq(ends.count, 5);
	for (unsigned int i = 0; i < 5; i++) {
		late += ends.code[i] == -ETIMEDOUT;
		ck_assert(!ends.code[i] || ends.code[i] == -ETIMEDOUT);
	}
	ck_assert_uint_eq(late, 1);
	ck_assert_ptr_nonnull(strstr(ends.text, "no answer within 60 ms"));
	ck_assert_int_eq(rig.nvme->state, NVME_STATE_BROKEN);
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), -ESHUTDOWN);
	ck_assert_ptr_nonnull(strstr(rig.failure.text, "no answer within"));
	rig_close(&rig);
}
END_TEST

/* The controller stops with requests under way, some of which were not even fetched. */
START_TEST(fatal)
{
	struct libiommu_mock_nvme_error error = LIBIOMMU_MOCK_NVME_ERROR_INIT;
	struct ends ends = { .count = 0 };
	struct rig rig;

	start(&rig, _i, SPACES);
	error.effect = LIBIOMMU_MOCK_NVME_FATAL;
	error.skip = 3;
	inject(&rig, error);
	submit(&rig, &ends, PENDING, rig_memory(&rig, 65536, RIG_RW));
	rig.nvme->next_look = _i % 3 ? 0 : UINT64_MAX; /* at once, or after the completions */
	nvme_queue_ring(rig.nvme->queue[1]);
	nvme_reap(rig.nvme->queue[_i % 3 ? 0 : 1]);
	rig.nvme->next_look = 0;
	nvme_wait_all(rig.nvme->queue[1]);
	ck_assert_uint_eq(ends.count, PENDING);
	for (unsigned int i = 0; i < PENDING; i++)
		ck_assert_int_eq(ends.code[i], i < 3 ? 0 : -EIO);
	ck_assert_ptr_nonnull(strstr(ends.text, "CSTS.CFS"));
	ck_assert_ptr_nonnull(strstr(ends.text, "queue 1 has commands at IOVA"));
	ck_assert_int_eq(rig.nvme->state, NVME_STATE_BROKEN);
	rig_close(&rig);
}
END_TEST

/* And while nobody asks anything of it. */
START_TEST(fatal_when_idle)
{
	struct ends ends = { .count = 0 };
	struct rig rig;
	void *buffer;

	start(&rig, _i, SPACES);
	buffer = rig_memory(&rig, 65536, RIG_RW);
	ck_assert_int_eq(libiommu_mock_nvme_fatal(endpoint(&rig), NULL), 0);
	submit(&rig, &ends, 1, buffer);
	nvme_wait_all(rig.nvme->queue[1]);
	ck_assert_int_eq(ends.code[0], -EIO);
	rig_close(&rig);
	/* A reset is all that it needed. */
	start(&rig, _i, SPACES);
	ck_assert_int_eq(libiommu_mock_nvme_fatal(endpoint(&rig), NULL), 0);
	ck_assert_int_eq(nvme_close(rig.nvme, &rig.failure), -EIO);
	rig_open(&rig);
	rig_close(&rig);
}
END_TEST

static void never_ready(struct libiommu_endpoint *ep, const void *data)
{
	ck_assert_int_eq(libiommu_mock_nvme_never_ready(ep, *(const bool *)data, NULL), 0);
}

START_TEST(not_ready)
{
	bool never = true;
	struct rig rig;

	rig_init(&rig, rig_personalities[_i / 2], SPACES " timeout=1");
	rig.options.polling = _i % 2;
	behind(&rig, never_ready, &never);
	ck_assert_int_eq(nvme_open(&rig.options, &rig.nvme, &rig.failure), -ETIMEDOUT);
	ck_assert_str_eq(rig.failure.text, "the controller did not start within 500 ms");
	rig_empty(&rig);
	never = false;
	behind(&rig, never_ready, &never);
	rig_open(&rig);
	rig_close(&rig);
	/* Not at once, but in time. */
	start(&rig, _i, SPACES " ready=20");
	rig_close(&rig);
}
END_TEST

static void inject_behind(struct libiommu_endpoint *ep, const void *error)
{
	ck_assert_int_eq(libiommu_mock_nvme_clear(ep, NULL), 0);
	ck_assert_int_eq(libiommu_mock_nvme_inject(ep, error, NULL), 0);
}

/* Each admin command of the way up and down fails in turn, in each way. */
START_TEST(admin_commands_fail)
{
	static const enum libiommu_mock_nvme_effect effects[] = { LIBIOMMU_MOCK_NVME_STATUS,
								  LIBIOMMU_MOCK_NVME_FATAL,
								  LIBIOMMU_MOCK_NVME_HANG };
	struct libiommu_mock_nvme_error error = LIBIOMMU_MOCK_NVME_ERROR_INIT;
	unsigned int refused = 0;
	struct rig rig;
	int up, down;

	rig_init(&rig, rig_personalities[_i / 6], SPACES);
	rig.options.polling = _i / 3 % 2;
	rig.options.timeout = 20 * MS;
	error.effect = effects[_i % 3];
	error.admin = true;
	do {
		behind(&rig, inject_behind, &error);
		down = 0;
		up = nvme_open(&rig.options, &rig.nvme, &rig.failure);
		if (!up)
			down = nvme_close(rig.nvme, &rig.failure);
		ck_assert(up <= 0 && down <= 0);
		if (up || down) {
			refused++;
			ck_assert_uint_gt(strlen(rig.failure.text), 0);
		}
		rig_empty(&rig);
		ck_assert_uint_lt(++error.skip, 100);
	} while (up || down);
	/* Identify four times, number of queues, two queues made and deleted. */
	ck_assert_uint_eq(refused, 9);
	libiommu_mock_machine_free(rig.machine);
}
END_TEST

struct owner {
	struct rig *rig;
	uint64_t done;
};

static int64_t ask_on_the_way(void *data, void *buffer, uint64_t offset, uint64_t length,
			      struct nvme_failure *failure)
{
	struct owner *owner = data;

	(void)buffer;
	(void)failure;
	owner->done = offset + length;
	if (offset == 1 << 20)
		ck_assert_int_eq(libiommu_mock_device_request(endpoint(owner->rig), NULL), 0);
	return 0;
}

/* In the middle of a transfer the machine's owner wants the device back. */
START_TEST(owner_wants_it)
{
	struct nvme_transfer transfer = { .opcode = NVME_IO_READ, .move = ask_on_the_way };
	struct owner owner;
	struct rig rig;
	uint64_t done;

	start(&rig, _i, SPACES " delay=1000000");
	ck_assert_int_ge(rig.nvme->interrupts.request, 0);
	ck_assert(!rig.nvme->wanted);
	owner.rig = &rig;
	transfer.queue = rig.nvme->queue[1];
	transfer.ns = rig_namespace(&rig, 1);
	transfer.blocks = transfer.ns->blocks;
	transfer.data = &owner;
	ck_assert_int_eq(nvme_transfer_run(&transfer, &done, &rig.failure), -ESHUTDOWN);
	ck_assert_ptr_nonnull(strstr(rig.failure.text, "owner wants the device back"));
	ck_assert(rig.nvme->wanted);
	/* What was under way has ended well. */
	ck_assert_int_eq(rig.nvme->state, NVME_STATE_RUNNING);
	ck_assert_uint_ge(done, 1 << 20);
	ck_assert_uint_lt(done, 64 << 20);
	ck_assert_uint_eq(owner.done, done);
	rig_close(&rig);
}
END_TEST

static int64_t pull_on_the_way(void *data, void *buffer, uint64_t offset, uint64_t length,
			       struct nvme_failure *failure)
{
	struct owner *owner = data;

	(void)buffer;
	(void)failure;
	owner->done = offset + length;
	if (offset == 1 << 20)
		ck_assert_int_eq(libiommu_mock_device_remove(endpoint(owner->rig), NULL), 0);
	return 0;
}

/* The device is pulled out with requests under way: each ends once, with an error. */
START_TEST(pulled_out)
{
	struct nvme_io io = { .opcode = NVME_IO_READ, .blocks = 1 };
	struct ends ends = { .count = 0 };
	struct rig rig;

	start(&rig, _i, SPACES " delay=1000000");
	io.ns = rig_namespace(&rig, 1);
	io.buffer = rig_memory(&rig, 65536, RIG_RW);
	submit(&rig, &ends, PENDING, io.buffer);
	nvme_queue_ring(rig.nvme->queue[1]);
	submit(&rig, &ends, 2, io.buffer); /* of which it was not told yet */
	ck_assert_int_eq(libiommu_mock_device_remove(endpoint(&rig), NULL), 0);
	nvme_wait_all(rig.nvme->queue[1]);
	ck_assert_uint_eq(ends.count, PENDING + 2);
	for (unsigned int i = 0; i < ends.count; i++)
		ck_assert_int_eq(ends.code[i], -ENODEV);
	ck_assert_ptr_nonnull(strstr(ends.text, "the device is gone"));
	ck_assert_int_eq(rig.nvme->state, NVME_STATE_GONE);
	ck_assert_int_eq(nvme_io_run(rig.nvme->queue[1], &io, &rig.failure), -ENODEV);
	rig_close(&rig);
}
END_TEST

START_TEST(pulled_out_of_a_transfer)
{
	struct nvme_transfer transfer = { .opcode = NVME_IO_READ, .move = pull_on_the_way };
	struct owner owner;
	struct rig rig;
	uint64_t done;

	start(&rig, _i, SPACES " delay=3");
	owner.rig = &rig;
	transfer.queue = rig.nvme->queue[1];
	transfer.ns = rig_namespace(&rig, 1);
	transfer.blocks = transfer.ns->blocks;
	transfer.data = &owner;
	ck_assert_int_eq(nvme_transfer_run(&transfer, &done, &rig.failure), -ENODEV);
	ck_assert_ptr_nonnull(strstr(rig.failure.text, "the device is gone"));
	ck_assert_uint_gt(done, 1 << 20);
	ck_assert_uint_eq(owner.done, done);
	rig_close(&rig);
}
END_TEST

/* Nobody notices before the end: all is given back nevertheless. */
START_TEST(pulled_out_when_idle)
{
	struct rig rig;

	start(&rig, _i, SPACES);
	ck_assert_int_eq(libiommu_mock_device_remove(endpoint(&rig), NULL), 0);
	rig_no_fault(&rig);
	ck_assert_int_eq(nvme_close(rig.nvme, &rig.failure), -ENODEV);
	rig_empty(&rig);
	ck_assert_int_eq(nvme_open(&rig.options, &rig.nvme, &rig.failure), -ENODEV);
	ck_assert_ptr_nonnull(strstr(rig.failure.text, "[device-unknown]"));
	rig_empty(&rig);
	libiommu_mock_machine_free(rig.machine);
}
END_TEST

struct stingy {
	struct libiommu_allocator table;
	long left;
};

static void *stingy_alloc(void *data, size_t length, size_t alignment)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();
	struct stingy *stingy = data;

	return stingy->left-- > 0 ? real->alloc(real->data, length, alignment) : NULL;
}

static void stingy_free(void *data, void *memory, size_t length)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();

	(void)data;
	real->free(real->data, memory, length);
}

/* libiommu finds no memory, at each place in turn. */
START_TEST(no_memory)
{
	struct stingy stingy = { { sizeof(stingy.table), &stingy, stingy_alloc, stingy_free }, 0 };
	struct nvme_transfer transfer = { .opcode = NVME_IO_READ, .move = take, .blocks = 64 };
	uint64_t arrived;
	struct rig rig;
	int ret;

	rig_init(&rig, rig_personalities[_i / 2], SPACES);
	rig.options.polling = _i % 2;
	rig.options.ctx.allocator = &stingy.table;
	for (long n = 0;; n++) {
		stingy.left = n;
		ret = nvme_open(&rig.options, &rig.nvme, &rig.failure);
		if (!ret) {
			transfer.queue = rig.nvme->queue[1];
			transfer.ns = rig_namespace(&rig, 1);
			transfer.data = &arrived;
			ret = nvme_transfer_run(&transfer, NULL, &rig.failure);
			ck_assert_int_eq(nvme_close(rig.nvme, &rig.failure), 0);
		}
		if (ret)
			ck_assert_msg(ret == -ENOMEM, "%ld: %s", n, rig.failure.text);
		rig_empty(&rig);
		if (!ret)
			break;
		ck_assert_int_lt(n, 5000);
	}
	libiommu_mock_machine_free(rig.machine);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nvme-trouble");
	TCase *tcase = tcase_create("trouble");

	tcase_set_timeout(tcase, 250);
	tcase_add_loop_test(tcase, each_status, 0, 8);
	tcase_add_loop_test(tcase, bad_block, 0, 8);
	tcase_add_loop_test(tcase, hang, 0, 8);
	tcase_add_loop_test(tcase, fatal, 0, 8);
	tcase_add_loop_test(tcase, fatal_when_idle, 0, 8);
	tcase_add_loop_test(tcase, not_ready, 0, 8);
	tcase_add_loop_test(tcase, admin_commands_fail, 0, 24);
	tcase_add_loop_test(tcase, owner_wants_it, 0, 8);
	tcase_add_loop_test(tcase, pulled_out, 0, 8);
	tcase_add_loop_test(tcase, pulled_out_of_a_transfer, 0, 8);
	tcase_add_loop_test(tcase, pulled_out_when_idle, 0, 8);
	tcase_add_loop_test(tcase, no_memory, 0, 8);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
