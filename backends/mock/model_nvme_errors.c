/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors on demand: which commands go wrong. */
#include "backends/mock/model_nvme.h"

bool nvme_error_add(struct nvme *nvme, const struct libiommu_mock_nvme_error *what)
{
	struct nvme_error *error = mock_alloc(nvme->dev->machine, sizeof(*error));
	struct nvme_error **end = &nvme->demanded;

	if (!error)
		return false;
	error->what = *what;
	while (*end)
		end = &(*end)->next;
	*end = error;
	return true;
}

void nvme_errors_free(struct nvme *nvme)
{
	while (nvme->demanded) {
		struct nvme_error *error = nvme->demanded;

		nvme->demanded = error->next;
		mock_free(nvme->dev->machine, error, sizeof(*error));
	}
}

static bool has_blocks(const struct nvme_command *command)
{
	return command->opcode == IO_READ || command->opcode == IO_WRITE ||
	       command->opcode == IO_WRITE_ZEROES;
}

static bool touches(const struct nvme_command *command, uint64_t block, uint64_t blocks)
{
	uint64_t first = command->dw10 | (uint64_t)command->dw11 << 32;
	uint64_t count = (uint64_t)(command->dw12 & 0xffff) + 1;

	return first < block ? block - first < count : first - block < blocks;
}

static bool fits(const struct libiommu_mock_nvme_error *what, const struct nvme_request *request)
{
	const struct nvme_command *command = &request->command;
	bool admin = request->sq->id == 0, blocks = !admin && has_blocks(command);

	if (what->admin != admin || (what->opcode >= 0 && what->opcode != command->opcode) ||
	    (what->nsid && what->nsid != command->nsid))
		return false;
	if (what->effect == LIBIOMMU_MOCK_NVME_MEDIA && !blocks)
		return false;
	return !what->blocks || (blocks && touches(command, what->block, what->blocks));
}

static int effect_of(const struct libiommu_mock_nvme_error *what,
		     const struct nvme_command *command)
{
	switch (what->effect) {
	case LIBIOMMU_MOCK_NVME_MEDIA:
		return command->opcode == IO_READ ? STATUS_UNRECOVERED_READ : STATUS_WRITE_FAULT;
	case LIBIOMMU_MOCK_NVME_HANG:
		return NVME_HANGS;
	case LIBIOMMU_MOCK_NVME_FATAL:
		return NVME_STOPS;
	default:
		return (int)what->status;
	}
}

int nvme_error_of(struct nvme *nvme, const struct nvme_request *request)
{
	for (struct nvme_error **link = &nvme->demanded; *link; link = &(*link)->next) {
		struct nvme_error *error = *link;
		int effect;

		if (!fits(&error->what, request))
			continue;
		if (error->what.skip) {
			error->what.skip--;
			continue;
		}
		effect = effect_of(&error->what, &request->command);
		if (error->what.count && --error->what.count == 0) {
			*link = error->next;
			mock_free(nvme->dev->machine, error, sizeof(*error));
		}
		return effect;
	}
	return 0;
}
