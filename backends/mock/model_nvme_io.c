/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the I/O queues. */
#include "backends/mock/model_nvme.h"

#define DATASET_BYTES   16
#define DATASET_RANGES  256
#define DATASET_DISCARD 0x4u

struct span {
	struct nvme_namespace *ns;
	uint64_t offset; /* bytes */
	uint64_t length;
};

static uint16_t span_of(struct nvme_namespace *ns, uint64_t block, uint64_t count, struct span *out)
{
	if (count > ns->blocks || block > ns->blocks - count)
		return STATUS_LBA_RANGE | STATUS_DNR;
	*out = (struct span){ ns, block << ns->shift, count << ns->shift };
	return STATUS_SUCCESS;
}

static uint16_t command_span(struct nvme_namespace *ns, const struct nvme_command *command,
			     struct span *out)
{
	return span_of(ns, command->dw10 | (uint64_t)command->dw11 << 32,
		       (uint64_t)(command->dw12 & 0xffff) + 1, out);
}

/* One piece of memory against the pieces of the namespace that lie behind it. */
static uint16_t move_piece(struct nvme *nvme, struct span *span, uint64_t address, uint64_t length,
			   bool write)
{
	while (length) {
		uint64_t piece;
		unsigned char *bytes =
			nvme_namespace_at(nvme, span->ns, span->offset, write, &piece);

		if (!bytes)
			return STATUS_CAPACITY;
		if (piece > length)
			piece = length;
		if (!nvme_dma(nvme, address, bytes, piece,
			      write ? LIBIOMMU_PROT_READ : LIBIOMMU_PROT_WRITE))
			return STATUS_DATA_TRANSFER;
		span->offset += piece;
		address += piece;
		length -= piece;
	}
	return STATUS_SUCCESS;
}

static void count_transfer(struct nvme *nvme, uint64_t bytes, bool write)
{
	struct nvme_health *health = &nvme->health;

	if (write) {
		health->writes++;
		health->written_sectors += bytes >> 9;
	} else {
		health->reads++;
		health->read_sectors += bytes >> 9;
	}
}

static uint16_t read_write(struct nvme *nvme, struct nvme_namespace *ns,
			   const struct nvme_command *command, bool write)
{
	struct nvme_walk walk = { .nvme = nvme, .command = command };
	struct span span;
	uint64_t address, length;
	uint16_t status = command_span(ns, command, &span);

	if (status)
		return status;
	if (nvme->options.mdts && span.length > UINT64_C(4096) << nvme->options.mdts)
		return STATUS_BAD_FIELD | STATUS_DNR;
	walk.left = span.length;
	while (walk.left && !status) {
		status = nvme_walk_next(&walk, &address, &length);
		if (!status)
			status = move_piece(nvme, &span, address, length, write);
	}
	if (!status)
		count_transfer(nvme, span.length, write);
	return status;
}

static uint16_t write_zeroes(struct nvme *nvme, struct nvme_namespace *ns,
			     const struct nvme_command *command)
{
	struct span span;
	uint16_t status = command_span(ns, command, &span);

	if (!status)
		nvme_namespace_zero(nvme, ns, span.offset, span.length);
	return status;
}

/* All ranges are looked at before the first one is given back. */
static uint16_t dataset(struct nvme *nvme, struct nvme_namespace *ns,
			const struct nvme_command *command)
{
	unsigned char ranges[DATASET_RANGES * DATASET_BYTES];
	unsigned int count = (command->dw10 & 0xff) + 1;
	uint16_t status;

	status = nvme_transfer(nvme, command, ranges, count * DATASET_BYTES, LIBIOMMU_PROT_READ);
	for (unsigned int pass = 0; pass < 2 && !status; pass++) {
		for (unsigned int i = 0; i < count && !status; i++) {
			const unsigned char *range = ranges + i * DATASET_BYTES;
			struct span span;

			status = span_of(ns, nvme_get(range + 8, 8), nvme_get(range + 4, 4), &span);
			if (!status && pass && (command->dw11 & DATASET_DISCARD))
				nvme_namespace_zero(nvme, ns, span.offset, span.length);
		}
	}
	return status;
}

uint16_t nvme_io(struct nvme *nvme, struct nvme_request *request)
{
	const struct nvme_command *command = &request->command;
	struct nvme_namespace *ns = nvme_namespace_find(nvme, command->nsid);

	if (command->flags & 0xc3)
		return STATUS_BAD_FIELD | STATUS_DNR;
	if (!ns && !(command->opcode == IO_FLUSH && command->nsid == NSID_ALL))
		return STATUS_BAD_NAMESPACE | STATUS_DNR;
	switch (command->opcode) {
	case IO_FLUSH:
		return STATUS_SUCCESS;
	case IO_WRITE:
		return read_write(nvme, ns, command, true);
	case IO_READ:
		return read_write(nvme, ns, command, false);
	case IO_WRITE_ZEROES:
		return write_zeroes(nvme, ns, command);
	case IO_DATASET:
		return dataset(nvme, ns, command);
	default:
		return STATUS_BAD_OPCODE | STATUS_DNR;
	}
}
