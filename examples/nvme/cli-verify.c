/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include "pattern.h"
#include "progress.h"
#include "transfer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

struct check {
	uint64_t seed;
	const struct cli_range *range;
	uint64_t wrong; /* blocks that differ */
	struct nvme_progress progress;
};

/* The pattern belongs to places in the namespace, so that parts can be checked alone. */
static uint64_t place(const struct check *check, uint64_t offset)
{
	return check->range->block * check->range->ns->block_size + offset;
}

static int64_t fill(void *data, void *buffer, uint64_t offset, uint64_t length,
		    struct nvme_failure *failure)
{
	const struct check *check = data;

	if (cli_stop)
		return nvme_fail(failure, -EINTR, "interrupted");
	nvme_pattern_fill(check->seed, place(check, offset), buffer, length);
	return (int64_t)length;
}

static int64_t compare(void *data, void *buffer, uint64_t offset, uint64_t length,
		       struct nvme_failure *failure)
{
	struct check *check = data;
	uint32_t size = check->range->ns->block_size;

	if (cli_stop)
		return nvme_fail(failure, -EINTR, "interrupted");
	for (uint64_t i = 0; i < length; i += size) {
		const unsigned char *block = (unsigned char *)buffer + i;
		uint64_t at = place(check, offset + i);
		size_t first = nvme_pattern_check(check->seed, at, block, size);

		if (first == size)
			continue;
		if (!check->wrong++)
			printf("block %" PRIu64 " differs from byte %zu on\n", at / size, first);
	}
	return 0;
}

static void show(void *data, uint64_t done)
{
	struct check *check = data;

	nvme_progress_show(&check->progress, done);
}

static int pass(struct cli *cli, struct nvme *nvme, struct check *check, enum nvme_io_opcode opcode,
		struct nvme_failure *failure)
{
	bool write = opcode == NVME_IO_WRITE;
	struct nvme_transfer transfer = {
		.queue = nvme->queue[1],
		.ns = check->range->ns,
		.opcode = opcode,
		.block = check->range->block,
		.blocks = check->range->blocks,
		.move = write ? fill : compare,
		.progress = show,
		.data = check,
	};
	struct nvme_io flush = { .opcode = NVME_IO_FLUSH, .ns = check->range->ns };
	int ret;

	nvme_progress_begin(&check->progress, write ? "written" : "compared", check->range->bytes,
			    cli->quiet);
	ret = nvme_transfer_run(&transfer, NULL, failure);
	nvme_progress_end(&check->progress);
	return ret || !write ? ret : nvme_io_run(transfer.queue, &flush, failure);
}

static int run(struct cli *cli, struct nvme *nvme, struct nvme_failure *failure)
{
	struct cli_range range;
	struct check check = { .seed = cli->seed.value, .range = &range };
	int ret;

	ret = cli_range_of(cli, nvme, &range, failure);
	if (ret)
		return ret;
	if (range.bytes % range.ns->block_size)
		return nvme_fail(failure, -EINVAL, "--bytes: namespace %u has blocks of %u bytes",
				 range.ns->id, range.ns->block_size);
	if (!cli->seed.given && getrandom(&check.seed, sizeof(check.seed), 0) < 0)
		return nvme_fail(failure, -errno, "random seed: %s", strerror(errno));
	printf("seed %#" PRIx64 "\n", check.seed);
	if (!cli->no_write) {
		ret = pass(cli, nvme, &check, NVME_IO_WRITE, failure);
		if (ret)
			return ret;
	}
	ret = pass(cli, nvme, &check, NVME_IO_READ, failure);
	if (ret)
		return ret;
	if (check.wrong) {
		printf("%" PRIu64 " of %" PRIu64 " blocks differ\n", check.wrong, range.blocks);
		return NVME_EXIT_DIFFERENT;
	}
	printf("%" PRIu64 " bytes are as they should be\n", range.bytes);
	return 0;
}

static const struct argp_option options[] = {
	CLI_RANGE_OPTIONS,
	{ "seed", 's', "NUMBER", 0, "What the data is made from (default random)", 1 },
	{ "no-write", 'N', NULL, 0, "Only read, and compare with what --seed gives", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli *cli = state->input;

	switch (key) {
	case 's':
		cli->seed = (struct cli_number){ true, cli_parse_number(arg, UINT64_MAX, state) };
		return 0;
	case 'N':
		cli->no_write = true;
		return 0;
	case ARGP_KEY_END:
		if (cli->no_write && !cli->seed.given)
			argp_error(state, "--no-write needs the --seed that was written with");
		return 0;
	}
	return cli_parse_range(key, arg, state);
}

static const struct argp argp = {
	options,
	parse,
	NULL,
	"Writes random data, reads it back and compares. The seed is printed: with it the same "
	"data can be checked again. Without --blocks or --bytes: up to the namespace's end.",
	cli_common,
	NULL,
	NULL
};
const struct cli_command cli_verify = { "verify", &argp, run };
