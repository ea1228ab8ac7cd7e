/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include "clock.h"
#include "io.h"
#include "latency.h"
#include "pattern.h"
#include "progress.h"
#include "wait.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* A request that is sent again as soon as it has ended. */
struct slot {
	struct bench *bench;
	struct nvme_io io;
	uint64_t begun;
	struct slot *next; /* free */
};

struct bench {
	const struct cli *cli;
	struct nvme_queue *queue;
	struct cli_range range;
	struct nvme_buffer memory;
	struct slot *slots, *free;
	uint32_t blocks_each;
	uint64_t spots; /* where a request can be */
	uint64_t count; /* of requests sent */
	uint64_t bytes, reads, writes;
	struct nvme_latency *latency;
	int code;
	struct nvme_failure *failure;
};

static void on_done(void *data, const struct nvme_result *result)
{
	struct slot *slot = data;
	struct bench *bench = slot->bench;

	slot->next = bench->free;
	bench->free = slot;
	if (result->code && !bench->code)
		bench->code = nvme_fail(bench->failure, result->code, "%s", result->text);
	if (result->code)
		return;
	nvme_latency_add(bench->latency, nvme_now() - slot->begun);
	bench->bytes += (uint64_t)bench->blocks_each * bench->range.ns->block_size;
	if (slot->io.opcode == NVME_IO_READ)
		bench->reads++;
	else
		bench->writes++;
}

static void send(struct bench *bench)
{
	const struct cli *cli = bench->cli;
	uint64_t chance = nvme_pattern(cli->seed.value, bench->count), spot;
	struct slot *slot = bench->free;
	int ret;

	spot = cli->sequential ? bench->count % bench->spots : (chance >> 8) % bench->spots;
	slot->io.opcode = chance % 100 < cli->read_percent ? NVME_IO_READ : NVME_IO_WRITE;
	slot->io.block = bench->range.block + spot * bench->blocks_each;
	slot->begun = nvme_now();
	bench->free = slot->next;
	ret = nvme_io_submit(bench->queue, &slot->io, on_done, slot, bench->failure);
	if (ret) {
		bench->code = ret;
		return;
	}
	bench->count++;
}

static int prepare(struct bench *bench, struct nvme_failure *failure)
{
	struct nvme *nvme = bench->queue->nvme;
	uint64_t size = bench->cli->block_size;
	uint32_t depth = bench->queue->requests.count, block_size;
	int ret;

	ret = cli_range_of(bench->cli, nvme, &bench->range, failure);
	if (ret)
		return ret;
	block_size = bench->range.ns->block_size;
	if (!size || size % block_size || size > bench->queue->max_transfer)
		return nvme_fail(failure, -EINVAL,
				 "--block-size: multiples of %u, at most %" PRIu64, block_size,
				 bench->queue->max_transfer);
	bench->blocks_each = (uint32_t)(size / block_size);
	bench->spots = bench->range.blocks / bench->blocks_each;
	if (!bench->spots)
		return nvme_fail(failure, -EINVAL, "the range is shorter than a request");
	bench->slots = calloc(depth, sizeof(*bench->slots));
	bench->latency = calloc(1, sizeof(*bench->latency));
	if (!bench->slots || !bench->latency)
		return nvme_fail(failure, -ENOMEM, "no memory for %u requests", depth);
	ret = nvme_buffer_new(&nvme->memory, &bench->memory, depth * size, failure);
	if (ret)
		return ret;
	for (uint32_t i = 0; i < depth; i++) {
		struct slot *slot = &bench->slots[i];

		slot->bench = bench;
		slot->io.ns = bench->range.ns;
		slot->io.blocks = bench->blocks_each;
		slot->io.buffer = (char *)bench->memory.address + i * size;
		slot->next = bench->free;
		bench->free = slot;
	}
	return 0;
}

static uint64_t measure(struct bench *bench)
{
	struct nvme_progress progress;
	uint64_t begun = nvme_now(), end = begun + bench->cli->seconds * NVME_SECOND;

	nvme_progress_begin(&progress, "moved", 0, bench->cli->quiet);
	while (!bench->code && !cli_stop && !bench->queue->nvme->wanted && nvme_now() < end) {
		while (bench->free && !bench->code)
			send(bench);
		nvme_wait(bench->queue);
		nvme_progress_show(&progress, bench->bytes);
	}
	nvme_wait_all(bench->queue);
	nvme_progress_end(&progress);
	return nvme_now() - begun;
}

static void report(const struct bench *bench, uint64_t nanoseconds)
{
	double seconds = (double)nanoseconds / (double)NVME_SECOND;
	const struct nvme_latency *latency = bench->latency;
	double micro = 1e-3;

	printf("%" PRIu64 " reads, %" PRIu64 " writes of %" PRIu64 " bytes in %.2f s\n",
	       bench->reads, bench->writes, bench->cli->block_size, seconds);
	printf("%.0f IOPS, %.1f MiB/s, queue depth %u, %s\n", (double)latency->total / seconds,
	       (double)bench->bytes / seconds / (1 << 20), bench->queue->requests.count,
	       nvme_interrupts_name(&bench->queue->nvme->interrupts));
	printf("latency in us: p50 %.1f, p99 %.1f, p99.9 %.1f, longest %.1f\n",
	       (double)nvme_latency_percentile(latency, 500) * micro,
	       (double)nvme_latency_percentile(latency, 990) * micro,
	       (double)nvme_latency_percentile(latency, 999) * micro,
	       (double)latency->longest * micro);
}

static int run(struct cli *cli, struct nvme *nvme, struct nvme_failure *failure)
{
	struct bench bench = { .cli = cli, .queue = nvme->queue[1], .failure = failure };
	uint64_t nanoseconds;
	int ret, code;

	ret = prepare(&bench, failure);
	if (!ret) {
		nanoseconds = measure(&bench);
		ret = bench.code;
		if (!ret && nvme->wanted)
			ret = nvme_fail(failure, -ESHUTDOWN,
					"the machine's owner wants the device back");
		else if (!ret)
			report(&bench, nanoseconds);
	}
	code = nvme_buffer_free(&bench.memory, ret ? NULL : failure);
	free(bench.slots);
	free(bench.latency);
	return ret ? ret : code;
}

static const struct argp_option options[] = {
	CLI_RANGE_OPTIONS,
	{ "block-size", 'S', "BYTES", 0, "Of a request (default 4096)", 1 },
	{ "seconds", 't', "COUNT", 0, "How long (default 10)", 1 },
	{ "read-percent", 'r', "COUNT", 0,
	  "Share of reads (default 100); the others overwrite data", 1 },
	{ "sequential", 'w', NULL, 0, "One block after the other (default random)", 1 },
	{ "seed", 's', "NUMBER", 0, "For the random places (default 0)", 1 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cli *cli = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		cli->block_size = 4096;
		cli->seconds = 10;
		cli->read_percent = 100;
		break;
	case 'S':
		cli->block_size = cli_parse_number(arg, UINT32_MAX, state);
		return 0;
	case 't':
		cli->seconds = cli_parse_number(arg, 1000000, state);
		return 0;
	case 'r':
		cli->read_percent = (unsigned int)cli_parse_number(arg, 100, state);
		return 0;
	case 'w':
		cli->sequential = true;
		return 0;
	case 's':
		cli->seed = (struct cli_number){ true, cli_parse_number(arg, UINT64_MAX, state) };
		return 0;
	}
	return cli_parse_range(key, arg, state);
}

static const struct argp argp = {
	options,
	parse,
	NULL,
	"Measures requests per second and their latency, by default of random reads in all of the "
	"namespace.",
	cli_common,
	NULL,
	NULL
};
const struct cli_command cli_bench = { "bench", &argp, run };
