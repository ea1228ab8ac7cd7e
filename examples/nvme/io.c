/* SPDX-License-Identifier: BSD-2-Clause */
#include "io.h"

#include "controller.h"
#include "wait.h"

#include <errno.h>
#include <stdio.h>

#define BLOCKS_MAX 65536

static int check(const struct nvme_io *io, struct nvme_failure *failure)
{
	const struct nvme_namespace *ns = io->ns;

	if (io->opcode == NVME_IO_FLUSH)
		return 0;
	if (ns->metadata_size)
		return nvme_fail(failure, -EOPNOTSUPP, "namespace %u has metadata in its blocks",
				 ns->id);
	if (!io->blocks || io->blocks > BLOCKS_MAX || io->block >= ns->blocks ||
	    io->blocks > ns->blocks - io->block)
		return nvme_fail(failure, -EINVAL,
				 "block %llu and %u in all: namespace %u has %llu blocks",
				 (unsigned long long)io->block, io->blocks, ns->id,
				 (unsigned long long)ns->blocks);
	return 0;
}

int nvme_io_submit(struct nvme_queue *queue, const struct nvme_io *io, nvme_done_fn done,
		   void *data, struct nvme_failure *failure)
{
	struct nvme_command command = nvme_command_make(io->opcode, io->ns->id);
	struct nvme_request_memory memory = {
		.address = io->buffer,
		.length = (uint64_t)io->blocks * io->ns->block_size,
		.device_writes = io->opcode == NVME_IO_READ,
	};
	int ret = check(io, failure);

	if (ret)
		return ret;
	if (io->opcode != NVME_IO_FLUSH) {
		nvme_command_set64(&command, 10, io->block);
		nvme_command_set(&command, 12, io->blocks - 1);
	}
	return nvme_submit(queue, &command, io->opcode == NVME_IO_FLUSH ? NULL : &memory, 0, done,
			   data, failure);
}

struct outcome {
	bool over;
	int code;
	struct nvme_failure *failure;
};

static void done(void *data, const struct nvme_result *result)
{
	struct outcome *outcome = data;

	outcome->over = true;
	outcome->code = result->code;
	if (result->code)
		nvme_fail(outcome->failure, result->code, "%s", result->text);
}

int nvme_io_run(struct nvme_queue *queue, const struct nvme_io *io, struct nvme_failure *failure)
{
	struct outcome outcome = { .failure = failure };
	int ret;

	do {
		ret = nvme_io_submit(queue, io, done, &outcome, failure);
	} while (ret == -EAGAIN && nvme_wait(queue));
	if (ret)
		return ret;
	while (!outcome.over)
		nvme_wait(queue);
	return outcome.code;
}
