/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include "progress.h"
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

struct output {
	struct nvme *nvme;
	int fd;
	uint64_t left; /* bytes that are wanted */
	struct nvme_progress progress;
};

static int64_t take(void *data, void *buffer, uint64_t offset, uint64_t length,
		    struct nvme_failure *failure)
{
	struct output *output = data;
	const char *from = buffer;
	ssize_t n;
	int ret;

	(void)offset;
	if (length > output->left)
		length = output->left;
	while (length) {
		ret = cli_wait_for(output->nvme, output->fd, POLLOUT, failure);
		if (ret)
			return ret;
		n = write(output->fd, from, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return nvme_fail(failure, -errno, "output: %s", strerror(errno));
		from += n;
		length -= (uint64_t)n;
		output->left -= (uint64_t)n;
	}
	return 0;
}

static void show(void *data, uint64_t done)
{
	struct output *output = data;

	nvme_progress_show(&output->progress, done);
}

static int run(struct cli *cli, struct nvme *nvme, struct nvme_failure *failure)
{
	struct nvme_transfer transfer = { .queue = nvme->queue[1], .opcode = NVME_IO_READ };
	struct output output = { .nvme = nvme, .fd = STDOUT_FILENO };
	struct cli_range range;
	int ret;

	ret = cli_range_of(cli, nvme, &range, failure);
	if (ret)
		return ret;
	if (cli->file)
		output.fd = open(cli->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (output.fd < 0)
		return nvme_fail(failure, -errno, "%s: %s", cli->file, strerror(errno));
	output.left = range.bytes;
	transfer.ns = range.ns;
	transfer.block = range.block;
	transfer.blocks = range.blocks;
	transfer.move = take;
	transfer.progress = show;
	transfer.data = &output;
	nvme_progress_begin(&output.progress, "read", range.bytes, cli->quiet);
	ret = nvme_transfer_run(&transfer, NULL, failure);
	nvme_progress_end(&output.progress);
	/* Some file systems tell only now that there was no room. */
	if (cli->file && close(output.fd) && !ret)
		ret = nvme_fail(failure, -errno, "%s: %s", cli->file, strerror(errno));
	return ret;
}

static const struct argp_option options[] = {
	CLI_RANGE_OPTIONS,
	{ "output", 'O', "FILE", 0, "Where to (default stdout)", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli *cli = state->input;

	if (key != 'O')
		return cli_parse_range(key, arg, state);
	cli->file = arg;
	return 0;
}

static const struct argp argp = {
	options,
	parse,
	NULL,
	"Reads blocks to a file or stdout. Without --blocks or --bytes: up to the namespace's end.",
	cli_common,
	NULL,
	NULL
};
const struct cli_command cli_read = { "read", &argp, run };
