/* SPDX-License-Identifier: BSD-2-Clause */
/* Features. Most of them are kept and change nothing; the number of queues is fixed. */
#include "backends/mock/model_nvme.h"

#include <string.h>

#define ARBITRATION   0x01
#define POWER         0x02
#define TEMPERATURE   0x04
#define RECOVERY      0x05
#define WRITE_CACHE   0x06
#define QUEUES        0x07
#define COALESCING    0x08
#define VECTOR        0x09
#define ATOMICITY     0x0a
#define EVENTS_WANTED 0x0b

#define SELECT_CURRENT 0
#define SELECT_CAPABLE 3
#define CAN_CHANGE     0x4
#define SAVE           0x80000000u

static const uint32_t defaults[NVME_FEATURES] = {
	[TEMPERATURE] = 343,
	[WRITE_CACHE] = 1,
};

void nvme_features_reset(struct nvme *nvme)
{
	memcpy(nvme->features, defaults, sizeof(defaults));
}

static bool is_known(uint32_t feature)
{
	return feature < NVME_FEATURES && feature != 0 && feature != 3;
}

static uint32_t queue_count(const struct nvme *nvme)
{
	uint32_t pairs = nvme->options.queues - 1;

	return pairs << 16 | pairs;
}

static uint16_t set_queues(struct nvme *nvme, struct nvme_request *request)
{
	uint32_t wanted = request->command.dw11;

	if (nvme->io_queues)
		return STATUS_SEQUENCE | STATUS_DNR;
	if ((wanted & 0xffff) == 0xffff || wanted >> 16 == 0xffff)
		return STATUS_BAD_FIELD | STATUS_DNR;
	request->result = queue_count(nvme);
	return STATUS_SUCCESS;
}

uint16_t nvme_set_feature(struct nvme *nvme, struct nvme_request *request)
{
	const struct nvme_command *command = &request->command;
	uint32_t feature = command->dw10 & 0xff;

	if (!is_known(feature))
		return STATUS_BAD_FIELD | STATUS_DNR;
	if (command->dw10 & SAVE)
		return STATUS_NOT_SAVEABLE | STATUS_DNR;
	if (command->nsid && command->nsid != NSID_ALL)
		return STATUS_NOT_OF_NAMESPACE | STATUS_DNR;
	switch (feature) {
	case QUEUES:
		return set_queues(nvme, request);
	case POWER:
		/* There is one state. */
		if (command->dw11 & 0x1f)
			return STATUS_BAD_FIELD | STATUS_DNR;
		break;
	case VECTOR:
		if ((command->dw11 & 0xffff) >= nvme->options.vectors)
			return STATUS_BAD_FIELD | STATUS_DNR;
		return STATUS_SUCCESS;
	default:
		break;
	}
	nvme->features[feature] = command->dw11;
	return STATUS_SUCCESS;
}

uint16_t nvme_get_feature(struct nvme *nvme, struct nvme_request *request)
{
	const struct nvme_command *command = &request->command;
	uint32_t feature = command->dw10 & 0xff, select = command->dw10 >> 8 & 7;

	if (!is_known(feature) || select > SELECT_CAPABLE)
		return STATUS_BAD_FIELD | STATUS_DNR;
	if (feature == VECTOR && (command->dw11 & 0xffff) >= nvme->options.vectors)
		return STATUS_BAD_FIELD | STATUS_DNR;
	if (select == SELECT_CAPABLE)
		request->result = CAN_CHANGE;
	else if (feature == QUEUES)
		request->result = queue_count(nvme);
	else if (feature == VECTOR)
		request->result = command->dw11 & 0xffff;
	else
		request->result =
			select == SELECT_CURRENT ? nvme->features[feature] : defaults[feature];
	return STATUS_SUCCESS;
}
