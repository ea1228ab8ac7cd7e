/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include "progress.h"
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct input {
	struct nvme *nvme;
	int fd;
	uint64_t left; /* bytes that may be taken */
	uint32_t block_size;
	bool pad;
	struct nvme_progress progress;
};

/* @return bytes; less than length at the end of the input */
static int64_t read_all(struct input *input, char *to, uint64_t length,
			struct nvme_failure *failure)
{
	uint64_t got = 0;
	ssize_t n;
	int ret;

	while (got < length) {
		ret = cli_wait_for(input->nvme, input->fd, POLLIN, failure);
		if (ret)
			return ret;
		n = read(input->fd, to + got, length - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nvme_fail(failure, -errno, "input: %s", strerror(errno));
		if (!n)
			break;
		got += (uint64_t)n;
	}
	return (int64_t)got;
}

static int64_t put(void *data, void *buffer, uint64_t offset, uint64_t length,
		   struct nvme_failure *failure)
{
	struct input *input = data;
	uint64_t wanted = length < input->left ? length : input->left, rest;
	int64_t got = read_all(input, buffer, wanted, failure);

	if (got <= 0)
		return got;
	input->left -= (uint64_t)got;
	rest = (uint64_t)got % input->block_size;
	if (!rest)
		return got;
	if (!input->pad)
		return nvme_fail(
			failure, -EINVAL,
			"the input ends %llu bytes into a block of %u; --pad fills it with zeros",
			(unsigned long long)rest, input->block_size);
	memset((char *)buffer + got, 0, input->block_size - rest);
	(void)offset;
	return got + (int64_t)(input->block_size - rest);
}

static void show(void *data, uint64_t done)
{
	struct input *input = data;

	nvme_progress_show(&input->progress, done);
}

/* The namespace is full: was that all of the input? */
static int check_end(struct input *input, struct nvme_failure *failure)
{
	char byte;
	int64_t got = read_all(input, &byte, 1, failure);

	return got <= 0 ? (int)got
			: nvme_fail(failure, -ENOSPC,
				    "the input goes on beyond the namespace's end");
}

static int copy(struct cli *cli, struct nvme *nvme, struct input *input,
		const struct cli_range *range, struct nvme_failure *failure)
{
	struct nvme_transfer transfer = { .queue = nvme->queue[1], .opcode = NVME_IO_WRITE };
	struct nvme_io flush = { .opcode = NVME_IO_FLUSH, .ns = range->ns };
	bool limited = cli->blocks.given || cli->bytes.given;
	uint64_t done;
	int ret;

	transfer.ns = range->ns;
	transfer.block = range->block;
	transfer.blocks = range->blocks;
	transfer.move = put;
	transfer.progress = show;
	transfer.data = input;
	ret = nvme_transfer_run(&transfer, &done, failure);
	if (!ret)
		ret = nvme_io_run(transfer.queue, &flush, failure);
	if (!ret && !limited && done == range->blocks * range->ns->block_size)
		ret = check_end(input, failure);
	return ret;
}

static int run(struct cli *cli, struct nvme *nvme, struct nvme_failure *failure)
{
	struct input input = { .nvme = nvme, .fd = STDIN_FILENO, .pad = cli->pad };
	struct cli_range range;
	int ret;

	ret = cli_range_of(cli, nvme, &range, failure);
	if (ret)
		return ret;
	if (cli->file)
		input.fd = open(cli->file, O_RDONLY | O_CLOEXEC);
	if (input.fd < 0)
		return nvme_fail(failure, -errno, "%s: %s", cli->file, strerror(errno));
	input.left = range.bytes;
	input.block_size = range.ns->block_size;
	nvme_progress_begin(&input.progress, "written", 0, cli->quiet);
	ret = copy(cli, nvme, &input, &range, failure);
	nvme_progress_end(&input.progress);
	if (cli->file)
		close(input.fd);
	return ret;
}

static const struct argp_option options[] = {
	CLI_RANGE_OPTIONS,
	{ "input", 'I', "FILE", 0, "Where from (default stdin)", 1 },
	{ "pad", 'p', NULL, 0, "Fill the last block with zeros", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli *cli = state->input;

	switch (key) {
	case 'I':
		cli->file = arg;
		return 0;
	case 'p':
		cli->pad = true;
		return 0;
	}
	return cli_parse_range(key, arg, state);
}

static const struct argp argp = {
	options,
	parse,
	NULL,
	"Writes a file or stdin to blocks, then flushes. Without --blocks or --bytes: all of the "
	"input, which must fit.",
	cli_common,
	NULL,
	NULL
};
const struct cli_command cli_write = { "write", &argp, run };
