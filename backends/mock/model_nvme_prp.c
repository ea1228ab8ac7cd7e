/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's memory, as physical region pages describe it. */
#include "backends/mock/config.h"
#include "backends/mock/dma.h"
#include "backends/mock/model_nvme.h"

static bool may_start(struct nvme *nvme, uint64_t address, uint32_t access)
{
	struct mock_fault_record fault;

	if (mock_config_command(nvme->dev) & MOCK_COMMAND_MASTER)
		return true;
	mock_dma_record(mock_itself(nvme->dev), address, access, LIBIOMMU_MOCK_FAULT_BUS_MASTER,
			&fault);
	return false;
}

bool nvme_dma(struct nvme *nvme, uint64_t address, void *buffer, uint64_t length, uint32_t access)
{
	struct mock_fault_record fault;

	address &= nvme->dev->dma_mask;
	return may_start(nvme, address, access) &&
	       mock_dma_transfer(mock_itself(nvme->dev), address, buffer, length, access, &fault) ==
		       0;
}

bool nvme_dma_publish(struct nvme *nvme, uint64_t address, uint32_t value)
{
	struct mock_fault_record fault;

	address &= nvme->dev->dma_mask;
	return may_start(nvme, address, LIBIOMMU_PROT_WRITE) &&
	       mock_dma_store(mock_itself(nvme->dev), address, value, &fault) == 0;
}

/* The first page, which alone may begin in the middle. */
static uint16_t walk_first(struct nvme_walk *walk, uint64_t *address, uint64_t *length)
{
	uint64_t page = nvme_page(walk->nvme), at = walk->command->prp[0];

	if (at % 4)
		return STATUS_PRP_OFFSET | STATUS_DNR;
	walk->begun = true;
	*address = at;
	*length = page - at % page;
	return STATUS_SUCCESS;
}

static uint16_t read_entry(struct nvme_walk *walk, uint64_t *entry)
{
	unsigned char bytes[8];

	if (!nvme_dma(walk->nvme, walk->list, bytes, sizeof(bytes), LIBIOMMU_PROT_READ))
		return STATUS_DATA_TRANSFER;
	*entry = nvme_get(bytes, sizeof(bytes));
	return STATUS_SUCCESS;
}

static uint16_t walk_list(struct nvme_walk *walk, uint64_t *entry)
{
	uint64_t page = nvme_page(walk->nvme);
	uint16_t status;

	if (!walk->list && walk->command->prp[1] % 8)
		return STATUS_PRP_OFFSET | STATUS_DNR;
	if (!walk->list)
		walk->list = walk->command->prp[1];
	status = read_entry(walk, entry);
	/* The last place of a page leads to the next list, if one entry is not enough. */
	if (!status && walk->list % page == page - 8 && walk->left > page) {
		if (*entry % page)
			return STATUS_PRP_OFFSET | STATUS_DNR;
		walk->list = *entry;
		status = read_entry(walk, entry);
	}
	walk->list += 8;
	return status;
}

uint16_t nvme_walk_next(struct nvme_walk *walk, uint64_t *address, uint64_t *length)
{
	uint64_t page = nvme_page(walk->nvme);
	uint16_t status = STATUS_SUCCESS;

	*length = page;
	if (!walk->begun) {
		status = walk_first(walk, address, length);
	} else {
		if (!walk->list && walk->left <= page)
			*address = walk->command->prp[1];
		else
			status = walk_list(walk, address);
		if (!status && *address % page)
			status = STATUS_PRP_OFFSET | STATUS_DNR;
	}
	if (status)
		return status;
	if (*length > walk->left)
		*length = walk->left;
	walk->left -= *length;
	return STATUS_SUCCESS;
}

uint16_t nvme_transfer(struct nvme *nvme, const struct nvme_command *command, void *buffer,
		       uint64_t length, uint32_t access)
{
	struct nvme_walk walk = { .nvme = nvme, .command = command, .left = length };
	unsigned char *bytes = buffer;
	uint64_t address, piece;

	while (walk.left) {
		uint16_t status = nvme_walk_next(&walk, &address, &piece);

		if (status)
			return status;
		if (!nvme_dma(nvme, address, bytes, piece, access))
			return STATUS_DATA_TRANSFER;
		bytes += piece;
	}
	return STATUS_SUCCESS;
}
