/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct cli_command *const commands[] = { &cli_info, &cli_read, &cli_write, &cli_verify,
						      &cli_bench };

volatile sig_atomic_t cli_stop;

static void on_signal(int number)
{
	cli_stop = number;
}

/* A request may be under way when a signal comes: it ends first, then the program in order. */
static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	/* A reader of our output that is gone is an error of the write, told as such. */
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

struct chosen {
	struct cli *cli;
	const struct cli_command *command;
	int next; /* where its arguments begin */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct chosen *chosen = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
			if (!strcmp(arg, commands[i]->name))
				chosen->command = commands[i];
		}
		if (!chosen->command)
			argp_error(state, "no such command: %s", arg);
		chosen->next = state->next;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return EINVAL;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = chosen->cli;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const char help[] =
	"Drives an NVMe controller from user space, through libiommu."
	"\vCommands:\n"
	"  info    the controller, its namespaces, and how it is reached\n"
	"  read    blocks to a file or stdout\n"
	"  write   a file or stdin to blocks\n"
	"  verify  write random data and read it back\n"
	"  bench   measure\n"
	"`nvme COMMAND --help` shows the options of one. Options for all may stand before or "
	"behind "
	"the command.\n\n"
	"The controller must be bound to vfio-pci; with --backend mock it is part of a machine "
	"inside the program. write, verify and bench overwrite what is on the controller.\n\n"
	"Exit status: 0 done; 1 something failed; 2 the command line is wrong; 3 data is not what "
	"it should be; 4 the device was pulled out, or its owner wanted it back.";

static int run(struct cli *cli, const struct cli_command *command)
{
	struct nvme_failure failure = { .code = 0 }, closing = { .code = 0 };
	struct nvme *nvme;
	bool gone;
	int ret, code;

	if (nvme_open(&cli->open, &nvme, &failure)) {
		nvme_failure_print(&failure);
		return NVME_EXIT_FAILED;
	}
	ret = command->run(cli, nvme, &failure);
	if (ret < 0)
		nvme_failure_print(&failure);
	gone = nvme->state == NVME_STATE_GONE || nvme->wanted;
	code = nvme_close(nvme, &closing);
	if (code)
		nvme_failure_print(&closing);
	if (gone)
		return NVME_EXIT_GONE;
	return ret > 0 ? ret : ret || code ? NVME_EXIT_FAILED : NVME_EXIT_OK;
}

int cli_main(int argc, char **argv, void *backend_object)
{
	const struct argp argp = {
		NULL, parse, "COMMAND [OPTION...]", help, cli_common, NULL, NULL
	};
	struct cli cli = { .open = NVME_OPTIONS_INIT, .namespace_id = 1 };
	struct chosen chosen = { &cli, NULL, 0 };
	char name[32];
	int ret;

	argp_err_exit_status = NVME_EXIT_USAGE;
	cli.open.ctx.backend_object = backend_object;
	cli.open.queue.bounces = 0; /* all commands have memory of their own */
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &chosen))
		return NVME_EXIT_FAILED;
	snprintf(name, sizeof(name), "nvme %s", chosen.command->name);
	argv[chosen.next - 1] = name;
	if (argp_parse(chosen.command->argp, argc - chosen.next + 1, argv + chosen.next - 1, 0,
		       NULL, &cli))
		return NVME_EXIT_FAILED;
	if (!cli.open.ctx.config && !backend_object)
		cli.open.ctx.config = nvme_machine_default(cli.open.ctx.backend);
	catch_signals();
	ret = run(&cli, chosen.command);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "nvme: stdout: %s\n", strerror(errno));
		ret = ret ? ret : NVME_EXIT_FAILED;
	}
	free(cli.machine);
	return ret;
}
