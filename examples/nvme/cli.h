/* SPDX-License-Identifier: BSD-2-Clause */
/* The program's commands and what its command line says. */
#ifndef NVME_CLI_H
#define NVME_CLI_H

#include "open.h"

#include <argp.h>
#include <signal.h>

/* How the program ends; --help says the same. */
enum nvme_exit {
	NVME_EXIT_OK,
	NVME_EXIT_FAILED,
	NVME_EXIT_USAGE,
	NVME_EXIT_DIFFERENT, /* data is not what it should be */
	NVME_EXIT_GONE       /* the device was pulled out, or its owner wanted it back */
};

/** A number that was given or not. */
struct cli_number {
	bool given;
	uint64_t value;
};

struct cli {
	struct nvme_options open;
	char *machine; /* text of --machine; owned */
	bool quiet;
	uint32_t namespace_id;
	struct cli_number lba, blocks, offset, bytes; /* where; how much */
	const char *file;                             /* NULL: stdin, stdout */
	bool pad;
	struct cli_number seed;
	bool no_write;
	uint64_t block_size; /* of the bench's requests */
	uint64_t seconds;
	unsigned int read_percent;
	bool sequential;
};

struct cli_command {
	const char *name;
	const struct argp *argp;
	/** @return 0, a negative errno with its failure, or enum nvme_exit */
	int (*run)(struct cli *cli, struct nvme *nvme, struct nvme_failure *failure);
};

extern const struct cli_command cli_info, cli_read, cli_write, cli_verify, cli_bench;

/** Options that every command has; the children of their argps. */
extern const struct argp_child cli_common[];

/** "64M", "0x1000", "17"; ends the program with the usage when it is none. */
uint64_t cli_parse_number(const char *text, uint64_t last, struct argp_state *state);

/** Options for ranges: shared by commands. @return as a parser of argp */
error_t cli_parse_range(int key, char *arg, struct argp_state *state);

enum { CLI_LBA = 'l', CLI_BLOCKS = 'c', CLI_OFFSET = 'o', CLI_BYTES = 'b' };
#define CLI_RANGE_OPTIONS                                                                     \
	{ "lba", CLI_LBA, "LBA", 0, "First block (default 0)", 1 },                           \
		{ "offset", CLI_OFFSET, "BYTES", 0, "Instead of --lba: where, in bytes", 1 }, \
		{ "blocks", CLI_BLOCKS, "COUNT", 0, "How many blocks", 1 },                   \
	{                                                                                     \
		"bytes", CLI_BYTES, "BYTES", 0, "Instead of --blocks: how many bytes", 1      \
	}

/** A range of a namespace. */
struct cli_range {
	const struct nvme_namespace *ns;
	uint64_t block;
	uint64_t blocks;
	uint64_t bytes; /**< at most the blocks' */
};

/** What the options say; without a length: to the namespace's end. */
int cli_range_of(const struct cli *cli, const struct nvme *nvme, struct cli_range *out,
		 struct nvme_failure *failure);

/**
 * The whole program. @param backend_object for the backend: tests share a machine between runs
 * @return enum nvme_exit
 */
int cli_main(int argc, char **argv, void *backend_object);

/**
 * Wait until a descriptor can be read or written (POLLIN, POLLOUT).
 * @return 0; -EINTR, -ESHUTDOWN when the program or the device is wanted elsewhere
 */
int cli_wait_for(struct nvme *nvme, int fd, short events, struct nvme_failure *failure);

/** Somebody wants the program to end. */
extern volatile sig_atomic_t cli_stop;

#endif
