/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the administrator's queue: which there are; queues; aborts. */
#include "backends/mock/model_nvme.h"

/* Queues of other entries than the controller has cannot be made. */
static uint16_t check_new_queue(const struct nvme *nvme, const struct nvme_command *command,
				uint32_t size)
{
	uint32_t page = nvme_page(nvme);

	if (size < 2 || size > nvme->options.entries)
		return STATUS_BAD_QUEUE_SIZE | STATUS_DNR;
	if (!(command->dw11 & QUEUE_CONTIGUOUS) || CC_SQES(nvme->cc) != SQE_SHIFT ||
	    CC_CQES(nvme->cc) != CQE_SHIFT)
		return STATUS_BAD_FIELD | STATUS_DNR;
	if (command->prp[0] % page)
		return STATUS_PRP_OFFSET | STATUS_DNR;
	return STATUS_SUCCESS;
}

static uint16_t create_cq(struct nvme *nvme, const struct nvme_command *command)
{
	uint32_t id = command->dw10 & 0xffff, size = (command->dw10 >> 16) + 1;
	uint32_t vector = command->dw11 >> 16;
	uint16_t status;

	if (id == 0 || id > nvme->options.queues || nvme->cqs[id].made)
		return STATUS_BAD_QUEUE | STATUS_DNR;
	status = check_new_queue(nvme, command, size);
	if (status)
		return status;
	if (vector >= nvme->options.vectors)
		return STATUS_BAD_VECTOR | STATUS_DNR;
	status = nvme_cq_make(nvme, id, command->prp[0], size);
	if (status)
		return status;
	nvme->cqs[id].interrupts = (command->dw11 & QUEUE_INTERRUPTS) != 0;
	nvme->cqs[id].vector = (uint16_t)vector;
	nvme->io_queues++;
	return STATUS_SUCCESS;
}

static uint16_t create_sq(struct nvme *nvme, const struct nvme_command *command)
{
	uint32_t id = command->dw10 & 0xffff, size = (command->dw10 >> 16) + 1;
	uint32_t cq = command->dw11 >> 16;
	uint16_t status;

	if (cq == 0 || cq > nvme->options.queues || !nvme->cqs[cq].made)
		return STATUS_CQ_INVALID | STATUS_DNR;
	if (id == 0 || id > nvme->options.queues || nvme->sqs[id].made)
		return STATUS_BAD_QUEUE | STATUS_DNR;
	status = check_new_queue(nvme, command, size);
	if (!status)
		status = nvme_sq_make(nvme, id, cq, command->prp[0], size);
	if (!status)
		nvme->io_queues++;
	return status;
}

static uint16_t delete_cq(struct nvme *nvme, const struct nvme_command *command)
{
	uint32_t id = command->dw10 & 0xffff;

	if (id == 0 || id > nvme->options.queues || !nvme->cqs[id].made)
		return STATUS_BAD_QUEUE | STATUS_DNR;
	if (nvme->cqs[id].users)
		return STATUS_QUEUE_DELETION | STATUS_DNR;
	nvme_cq_drop(nvme, id);
	nvme->io_queues--;
	return STATUS_SUCCESS;
}

static uint16_t delete_sq(struct nvme *nvme, const struct nvme_command *command)
{
	uint32_t id = command->dw10 & 0xffff;

	if (id == 0 || id > nvme->options.queues || !nvme->sqs[id].made)
		return STATUS_BAD_QUEUE | STATUS_DNR;
	nvme_abandon(nvme, &nvme->sqs[id], STATUS_SQ_DELETED);
	nvme_sq_drop(nvme, id);
	nvme->io_queues--;
	return STATUS_SUCCESS;
}

/* What is held can be called back; what is stuck cannot. */
static uint16_t abort_command(struct nvme *nvme, struct nvme_request *request)
{
	uint32_t sq = request->command.dw10 & 0xffff, id = request->command.dw10 >> 16;
	struct nvme_request *found;

	request->result = 1;
	if (sq > nvme->options.queues || !nvme->sqs[sq].made)
		return STATUS_BAD_FIELD | STATUS_DNR;
	found = nvme_take(&nvme->held, sq, id);
	if (!found) {
		found = nvme_take(&nvme->event_requests, sq, id);
		if (found)
			nvme->event_request_count--;
	}
	if (!found)
		return STATUS_SUCCESS;
	nvme_finish(nvme, found, STATUS_ABORTED);
	request->result = 0;
	return STATUS_SUCCESS;
}

uint16_t nvme_admin(struct nvme *nvme, struct nvme_request *request)
{
	const struct nvme_command *command = &request->command;

	/* No fused commands, no scatter-gather lists. */
	if (command->flags & 0xc3)
		return STATUS_BAD_FIELD | STATUS_DNR;
	switch (command->opcode) {
	case ADMIN_DELETE_SQ:
		return delete_sq(nvme, command);
	case ADMIN_CREATE_SQ:
		return create_sq(nvme, command);
	case ADMIN_GET_LOG:
		return nvme_get_log(nvme, command);
	case ADMIN_DELETE_CQ:
		return delete_cq(nvme, command);
	case ADMIN_CREATE_CQ:
		return create_cq(nvme, command);
	case ADMIN_IDENTIFY:
		return nvme_identify(nvme, command);
	case ADMIN_ABORT:
		return abort_command(nvme, request);
	case ADMIN_SET_FEATURES:
		return nvme_set_feature(nvme, request);
	case ADMIN_GET_FEATURES:
		return nvme_get_feature(nvme, request);
	default:
		return STATUS_BAD_OPCODE | STATUS_DNR;
	}
}
