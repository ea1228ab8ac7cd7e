/* SPDX-License-Identifier: BSD-2-Clause */
/* The program, run after run on one machine: what a run has written, the next one finds. */
#include "tests/nvme/rig.h"

#include "cli.h"

#include <fcntl.h>
#include <libiommu/mock_nvme.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

struct stage {
	struct rig rig;
	char input[64], output[64];
};

static void stage_open(struct stage *stage, int personality)
{
	rig_init(&stage->rig, rig_personalities[personality], SPACES);
	snprintf(stage->input, sizeof(stage->input), "/tmp/nvme-input-XXXXXX");
	snprintf(stage->output, sizeof(stage->output), "/tmp/nvme-output-XXXXXX");
	close(mkstemp(stage->input));
	close(mkstemp(stage->output));
}

static void stage_close(struct stage *stage)
{
	unlink(stage->input);
	unlink(stage->output);
	rig_empty(&stage->rig);
	libiommu_mock_machine_free(stage->rig.machine);
}

/* Run with these words; NULL ends them. @return the exit status */
static int nvme(struct stage *stage, ...)
{
	char *argv[32] = { "nvme", "--backend", "mock", "--quiet" };
	int argc = 4;
	va_list args;

	va_start(args, stage);
	while ((argv[argc] = va_arg(args, char *)))
		argc++;
	va_end(args);
	return cli_main(argc, argv, stage->rig.machine);
}

static void put_file(const char *path, uint64_t seed, size_t length)
{
	unsigned char *data = malloc(length + 8);
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(data);
	ck_assert_ptr_nonnull(file);
	nvme_pattern_fill(seed, 0, data, length / 8 * 8 + 8);
	ck_assert_uint_eq(fwrite(data, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
	free(data);
}

/* @return length of the file, whose first `same` bytes are of the pattern and the others zero */
static size_t check_file(const char *path, uint64_t seed, size_t same)
{
	size_t room = same + 65536, got;
	unsigned char *data = malloc(room), *expected = malloc(same + 8);
	FILE *file = fopen(path, "r");

	ck_assert(data && expected && file);
	got = fread(data, 1, room, file);
	fclose(file);
	nvme_pattern_fill(seed, 0, expected, same / 8 * 8 + 8);
	ck_assert_uint_ge(got, same);
	ck_assert_mem_eq(data, expected, same);
	for (size_t i = same; i < got; i++)
		ck_assert_uint_eq(data[i], 0);
	free(data);
	free(expected);
	return got;
}

START_TEST(file_there_and_back)
{
	struct stage stage;

	stage_open(&stage, _i / 2);
	put_file(stage.input, 11, 3 << 20);
	ck_assert_int_eq(nvme(&stage, "write", "-n", "2", "--offset", "8192", "--input",
			      stage.input, _i % 2 ? "--poll" : "--interrupt", NULL),
			 NVME_EXIT_OK);
	ck_assert_int_eq(nvme(&stage, "read", "-n", "2", "--lba", "2", "--bytes", "3M", "--output",
			      stage.output, _i % 2 ? "--poll" : "--interrupt", NULL),
			 NVME_EXIT_OK);
	ck_assert_uint_eq(check_file(stage.output, 11, 3 << 20), 3 << 20);
	/* Part of a block: as many bytes as were asked for. */
	ck_assert_int_eq(nvme(&stage, "read", "-n2", "-l2", "-b", "4099", "-O", stage.output, NULL),
			 NVME_EXIT_OK);
	ck_assert_uint_eq(check_file(stage.output, 11, 4099), 4099);
	/* The other namespace was left alone. */
	ck_assert_int_eq(nvme(&stage, "read", "--blocks", "100", "-O", stage.output, NULL),
			 NVME_EXIT_OK);
	ck_assert_uint_eq(check_file(stage.output, 11, 0), 51200);
	stage_close(&stage);
}
END_TEST

START_TEST(ends_of_input)
{
	struct stage stage;

	stage_open(&stage, _i);
	put_file(stage.input, 12, 1000);
	ck_assert_int_eq(nvme(&stage, "write", "-I", stage.input, NULL), NVME_EXIT_FAILED);
	ck_assert_int_eq(nvme(&stage, "write", "-I", stage.input, "--pad", NULL), NVME_EXIT_OK);
	ck_assert_int_eq(nvme(&stage, "read", "-c2", "-O", stage.output, NULL), NVME_EXIT_OK);
	ck_assert_uint_eq(check_file(stage.output, 12, 1000), 1024);
	/* Of a longer input the first blocks alone, because that was asked for. */
	put_file(stage.input, 13, 8192);
	ck_assert_int_eq(nvme(&stage, "write", "-I", stage.input, "-c", "8", NULL), NVME_EXIT_OK);
	ck_assert_int_eq(nvme(&stage, "read", "-c", "16", "-O", stage.output, NULL), NVME_EXIT_OK);
	ck_assert_uint_eq(check_file(stage.output, 13, 4096), 8192);
	/* What does not fit is no success, though the namespace is full. */
	ck_assert_int_eq(nvme(&stage, "write", "-I", stage.input, "-l", "131064", NULL),
			 NVME_EXIT_FAILED);
	put_file(stage.input, 14, 4096);
	ck_assert_int_eq(nvme(&stage, "write", "-I", stage.input, "-l", "131064", NULL),
			 NVME_EXIT_OK);
	ck_assert_int_eq(nvme(&stage, "read", "-l", "131064", "-O", stage.output, NULL),
			 NVME_EXIT_OK);
	ck_assert_uint_eq(check_file(stage.output, 14, 4096), 4096);
	ck_assert_int_eq(nvme(&stage, "read", "-l", "131064", "-c", "9", "-O", stage.output, NULL),
			 NVME_EXIT_FAILED);
	ck_assert_int_eq(nvme(&stage, "write", "-I", "/nonexistent", NULL), NVME_EXIT_FAILED);
	ck_assert_int_eq(nvme(&stage, "read", "-c1", "-O", "/nonexistent/x", NULL),
			 NVME_EXIT_FAILED);
	ck_assert_int_eq(nvme(&stage, "read", "-c1", "-O", "/dev/full", NULL), NVME_EXIT_FAILED);
	stage_close(&stage);
}
END_TEST

START_TEST(verify_sees_what_changed)
{
	struct libiommu_device *dev;
	struct libiommu_ctx *ctx;
	struct stage stage;

	stage_open(&stage, _i);
	ck_assert_int_eq(nvme(&stage, "verify", "--bytes", "4M", "--seed", "5", NULL),
			 NVME_EXIT_OK);
	ck_assert_int_eq(nvme(&stage, "verify", "--no-write", "--seed", "5", "-b4M", NULL),
			 NVME_EXIT_OK);
	/* A part of it, and the other namespace, where it is not. */
	ck_assert_int_eq(nvme(&stage, "verify", "-N", "-s5", "-l", "1000", "-c", "33", NULL),
			 NVME_EXIT_OK);
	ck_assert_int_eq(nvme(&stage, "verify", "-N", "-s5", "-n2", "-b4M", NULL),
			 NVME_EXIT_DIFFERENT);
	ck_assert_int_eq(nvme(&stage, "verify", "-N", "-s6", "-b4M", NULL), NVME_EXIT_DIFFERENT);
	/* One byte of it changes. */
	ck_assert_int_eq(libiommu_ctx_new(&stage.rig.options.ctx, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, DEVICE, &dev, NULL), 0);
	ck_assert_int_eq(
		libiommu_mock_nvme_write(libiommu_device_endpoint(dev), 1, 1000003, "?", 1, NULL),
		0);
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(nvme(&stage, "verify", "-N", "-s5", "-b4M", NULL), NVME_EXIT_DIFFERENT);
	ck_assert_int_eq(nvme(&stage, "verify", "-N", "-s5", "-c", "1953", NULL), NVME_EXIT_OK);
	ck_assert_int_eq(nvme(&stage, "verify", "-N", "-s5", "-c", "1954", NULL),
			 NVME_EXIT_DIFFERENT);
	stage_close(&stage);
}
END_TEST

START_TEST(errors_of_the_device)
{
	struct libiommu_mock_nvme_error error = LIBIOMMU_MOCK_NVME_ERROR_INIT;
	struct libiommu_device *dev;
	struct libiommu_ctx *ctx;
	struct stage stage;

	stage_open(&stage, _i);
	error.effect = LIBIOMMU_MOCK_NVME_MEDIA;
	error.count = 0;
	error.block = 50;
	error.blocks = 1;
	ck_assert_int_eq(libiommu_ctx_new(&stage.rig.options.ctx, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, DEVICE, &dev, NULL), 0);
	ck_assert_int_eq(libiommu_mock_nvme_inject(libiommu_device_endpoint(dev), &error, NULL), 0);
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(nvme(&stage, "verify", "-c", "50", NULL), NVME_EXIT_OK);
	ck_assert_int_eq(nvme(&stage, "verify", "-c", "51", NULL), NVME_EXIT_FAILED);
	ck_assert_int_eq(nvme(&stage, "read", "-l50", "-c1", "-O", stage.output, NULL),
			 NVME_EXIT_FAILED);
	ck_assert_int_eq(nvme(&stage, "bench", "-t1", "-c51", "-S", "512", "-w", NULL),
			 NVME_EXIT_FAILED);
	ck_assert_int_eq(nvme(&stage, "bench", "-t1", "-c50", "-S", "512", NULL), NVME_EXIT_OK);
	stage_close(&stage);
}
END_TEST

START_TEST(signal_ends_it_in_order)
{
	struct stage stage;

	stage_open(&stage, _i);
	cli_stop = SIGINT;
	ck_assert_int_eq(nvme(&stage, "verify", "-b1M", NULL), NVME_EXIT_FAILED);
	ck_assert_int_eq(nvme(&stage, "read", "-b1M", "-O", stage.output, NULL), NVME_EXIT_FAILED);
	ck_assert_int_eq(nvme(&stage, "write", "-I", "/dev/zero", NULL), NVME_EXIT_FAILED);
	cli_stop = 0;
	stage_close(&stage);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nvme-program");
	TCase *tcase = tcase_create("program");

	tcase_set_timeout(tcase, 100);
	tcase_add_loop_test(tcase, file_there_and_back, 0, 8);
	tcase_add_loop_test(tcase, ends_of_input, 0, 4);
	tcase_add_loop_test(tcase, verify_sees_what_changed, 0, 4);
	tcase_add_loop_test(tcase, errors_of_the_device, 0, 4);
	tcase_add_loop_test(tcase, signal_ends_it_in_order, 0, 4);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
