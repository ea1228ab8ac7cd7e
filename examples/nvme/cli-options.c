/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include "clock.h"
#include "machine.h"
#include "namespace.h"
#include "wait.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_CONFIG = 256, KEY_MACHINE, KEY_POLL, KEY_INTERRUPT, KEY_TIMEOUT };

static const struct argp_option common_options[] = {
	{ "backend", 'B', "NAME", 0, "libiommu's backend: auto (default), iommufd, vfio, mock", 2 },
	{ "device", 'd', "BDF", 0,
	  "The controller, such as 0000:3b:00.0; bound to vfio-pci. Default: the only one there is",
	  2 },
	{ "config", KEY_CONFIG, "TEXT", 0, "Text for the backend: the mock's machine", 2 },
	{ "machine", KEY_MACHINE, "FILE", 0, "The same from a file", 2 },
	{ "namespace", 'n', "ID", 0, "Namespace (default 1)", 2 },
	{ "queue-depth", 'q', "COUNT", 0, "Requests at a time (default 64)", 2 },
	{ "poll", KEY_POLL, NULL, 0, "Poll for completions", 2 },
	{ "interrupt", KEY_INTERRUPT, NULL, 0, "Wait for interrupts (default)", 2 },
	{ "timeout", KEY_TIMEOUT, "MS", 0, "For one command, in milliseconds (default 30000)", 2 },
	{ "quiet", 'Q', NULL, 0, "No progress", 2 },
	{ 0 },
};

uint64_t cli_parse_number(const char *text, uint64_t last, struct argp_state *state)
{
	static const char units[] = "KMGT";
	unsigned long long value;
	const char *unit;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (end != text && *end && !end[1] && (unit = strchr(units, *end))) {
		for (const char *u = units; u <= unit; u++) {
			if (value > UINT64_MAX / 1024)
				errno = ERANGE;
			value *= 1024;
		}
		end++;
	}
	if (errno || end == text || *end || *text == '-' || value > last)
		argp_error(state, "not a number from 0 to %llu: %s", (unsigned long long)last,
			   text);
	return value;
}

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	struct cli *cli = state->input;
	struct nvme_failure failure;

	switch (key) {
	case 'B':
		cli->open.ctx.backend = arg;
		break;
	case 'd':
		cli->open.device = arg;
		break;
	case KEY_CONFIG:
		cli->open.ctx.config = arg;
		break;
	case KEY_MACHINE:
		free(cli->machine);
		cli->machine = NULL;
		if (nvme_machine_read(arg, &cli->machine, &failure))
			argp_failure(state, NVME_EXIT_FAILED, 0, "%s", failure.text);
		cli->open.ctx.config = cli->machine;
		break;
	case 'n':
		cli->namespace_id = (uint32_t)cli_parse_number(arg, 0xfffffffe, state);
		break;
	case 'q':
		cli->open.queue.depth = (uint32_t)cli_parse_number(arg, 65535, state);
		break;
	case KEY_POLL:
	case KEY_INTERRUPT:
		cli->open.polling = key == KEY_POLL;
		break;
	case KEY_TIMEOUT:
		cli->open.timeout = cli_parse_number(arg, 3600 * 1000, state) * NVME_MILLISECOND;
		break;
	case 'Q':
		cli->quiet = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp common_argp = {
	common_options, parse_common, NULL, NULL, NULL, NULL, NULL
};
const struct argp_child cli_common[] = { { &common_argp, 0, NULL, 2 }, { 0 } };

error_t cli_parse_range(int key, char *arg, struct argp_state *state)
{
	struct cli *cli = state->input;
	struct cli_number number;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = cli;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is this: %s", arg);
		return EINVAL;
	case CLI_LBA:
	case CLI_BLOCKS:
	case CLI_OFFSET:
	case CLI_BYTES:
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	number.given = true;
	number.value = cli_parse_number(arg, UINT64_MAX, state);
	*(key == CLI_LBA      ? &cli->lba
	  : key == CLI_BLOCKS ? &cli->blocks
	  : key == CLI_OFFSET ? &cli->offset
			      : &cli->bytes) = number;
	if (cli->lba.given && cli->offset.given)
		argp_error(state, "--lba and --offset say the same");
	if (cli->blocks.given && cli->bytes.given)
		argp_error(state, "--blocks and --bytes say the same");
	return 0;
}

int cli_range_of(const struct cli *cli, const struct nvme *nvme, struct cli_range *out,
		 struct nvme_failure *failure)
{
	const struct nvme_namespace *ns = nvme_namespace_get(nvme, cli->namespace_id, failure);
	uint64_t left;

	if (!ns)
		return -ENXIO;
	out->ns = ns;
	out->block = cli->lba.value;
	if (cli->offset.given) {
		if (cli->offset.value % ns->block_size)
			return nvme_fail(failure, -EINVAL,
					 "--offset: namespace %u has blocks of %u bytes", ns->id,
					 ns->block_size);
		out->block = cli->offset.value / ns->block_size;
	}
	left = out->block < ns->blocks ? ns->blocks - out->block : 0;
	out->blocks = cli->blocks.given ? cli->blocks.value : left;
	if (cli->bytes.given)
		out->blocks =
			cli->bytes.value / ns->block_size + !!(cli->bytes.value % ns->block_size);
	if (out->blocks > left || (!left && out->block > ns->blocks))
		return nvme_fail(failure, -EINVAL,
				 "namespace %u ends at block %llu (%u bytes each)", ns->id,
				 (unsigned long long)ns->blocks, ns->block_size);
	out->bytes = cli->bytes.given ? cli->bytes.value : out->blocks * ns->block_size;
	return 0;
}

int cli_wait_for(struct nvme *nvme, int fd, short events, struct nvme_failure *failure)
{
	struct pollfd fds[2] = { { .fd = fd, .events = events },
				 { .fd = nvme->interrupts.request, .events = POLLIN } };

	for (;;) {
		if (cli_stop)
			return nvme_fail(failure, -EINTR, "interrupted");
		if (nvme->wanted)
			return nvme_fail(failure, -ESHUTDOWN,
					 "the machine's owner wants the device back");
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return nvme_fail(failure, -errno, "poll: %s", strerror(errno));
		if (fds[1].revents)
			nvme_look_for_owner(nvme);
		else if (fds[0].revents)
			return 0;
	}
}
