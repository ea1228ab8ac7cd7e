/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in the queues: commands of 64 bytes, completions of 16. */
#ifndef NVME_COMMAND_H
#define NVME_COMMAND_H

#include <endian.h>
#include <stdint.h>

enum nvme_admin_opcode {
	NVME_ADMIN_DELETE_SQ = 0x00,
	NVME_ADMIN_CREATE_SQ = 0x01,
	NVME_ADMIN_DELETE_CQ = 0x04,
	NVME_ADMIN_CREATE_CQ = 0x05,
	NVME_ADMIN_IDENTIFY = 0x06,
	NVME_ADMIN_ABORT = 0x08,
	NVME_ADMIN_SET_FEATURES = 0x09
};

enum nvme_io_opcode { NVME_IO_FLUSH = 0x00, NVME_IO_WRITE = 0x01, NVME_IO_READ = 0x02 };

#define NVME_FEATURE_QUEUES 0x07u

/** Double words, little endian. */
struct nvme_command {
	uint32_t dw[16];
};

struct nvme_completion {
	uint32_t result;
	uint32_t reserved;
	uint16_t sq_head;
	uint16_t sq_id;
	uint16_t command_id;
	uint16_t status; /* bit 0: phase */
};

_Static_assert(sizeof(struct nvme_command) == 64, "an entry of a submission queue");
_Static_assert(sizeof(struct nvme_completion) == 16, "an entry of a completion queue");

static inline void nvme_command_set(struct nvme_command *command, unsigned int dw, uint32_t value)
{
	command->dw[dw] = htole32(value);
}

static inline void nvme_command_set64(struct nvme_command *command, unsigned int dw, uint64_t value)
{
	nvme_command_set(command, dw, (uint32_t)value);
	nvme_command_set(command, dw + 1, (uint32_t)(value >> 32));
}

static inline struct nvme_command nvme_command_make(unsigned int opcode, uint32_t namespace_id)
{
	struct nvme_command command = { .dw = { 0 } };

	nvme_command_set(&command, 0, opcode);
	nvme_command_set(&command, 1, namespace_id);
	return command;
}

static inline void nvme_command_set_prps(struct nvme_command *command, uint64_t prp1, uint64_t prp2)
{
	nvme_command_set64(command, 6, prp1);
	nvme_command_set64(command, 8, prp2);
}

#endif
