/* SPDX-License-Identifier: BSD-2-Clause */
/* Log pages, and the events that point to them. */
#include "backends/mock/model_nvme.h"

#include <string.h>

#define LOG_BYTES   512
#define ENTRY_BYTES 64
#define RETAIN      0x8000u
#define KELVIN      300

void nvme_log_error(struct nvme *nvme, const struct nvme_request *request, uint16_t status)
{
	const struct nvme_command *command = &request->command;
	bool io = request->sq->id != 0 && command->opcode != IO_FLUSH &&
		  command->opcode != IO_DATASET;

	memmove(&nvme->errors[1], &nvme->errors[0], sizeof(nvme->errors) - sizeof(nvme->errors[0]));
	nvme->errors[0] = (struct nvme_error_entry){
		.count = ++nvme->health.errors,
		.lba = io ? command->dw10 | (uint64_t)command->dw11 << 32 : 0,
		.nsid = command->nsid,
		.sq = request->sq->id,
		.id = command->id,
		.status = status,
	};
	if ((status & STATUS_TYPE) == STATUS_MEDIA)
		nvme->health.media_errors++;
}

static void error_log(const struct nvme *nvme, unsigned char *data)
{
	for (unsigned int i = 0; i < NVME_LOG; i++, data += ENTRY_BYTES) {
		const struct nvme_error_entry *entry = &nvme->errors[i];

		nvme_put(data, 8, entry->count);
		nvme_put(data + 8, 2, entry->sq);
		nvme_put(data + 10, 2, entry->id);
		nvme_put(data + 12, 2, (uint64_t)entry->status << 1);
		nvme_put(data + 14, 2, entry->count ? 0xffff : 0); /* no certain bit is to blame */
		nvme_put(data + 16, 8, entry->lba);
		nvme_put(data + 24, 4, entry->nsid);
	}
}

static uint64_t thousands(uint64_t sectors)
{
	return (sectors + 999) / 1000;
}

static void health_log(const struct nvme *nvme, unsigned char *data)
{
	const struct nvme_health *health = &nvme->health;

	nvme_put(data + 1, 2, KELVIN);
	data[3] = 100; /* percent spare */
	data[4] = 10;
	nvme_put(data + 32, 8, thousands(health->read_sectors));
	nvme_put(data + 48, 8, thousands(health->written_sectors));
	nvme_put(data + 64, 8, health->reads);
	nvme_put(data + 80, 8, health->writes);
	nvme_put(data + 160, 8, health->media_errors);
	nvme_put(data + 176, 8, health->errors);
}

static void deliver(struct nvme *nvme)
{
	unsigned int left = 0, i;

	for (i = 0; i < nvme->event_count; i++) {
		const struct nvme_event event = nvme->events[i];
		struct nvme_request *request = NULL;

		if (!(nvme->silenced_events >> event.type & 1))
			request = nvme_pop(&nvme->event_requests);
		if (!request) {
			nvme->events[left++] = event;
			continue;
		}
		nvme->event_request_count--;
		nvme->silenced_events |= UINT32_C(1) << event.type;
		request->result =
			event.type | (uint32_t)event.info << 8 | (uint32_t)event.page << 16;
		nvme_finish(nvme, request, STATUS_SUCCESS);
	}
	nvme->event_count = left;
}

int nvme_event_request(struct nvme *nvme, struct nvme_request *request)
{
	if (nvme->event_request_count == NVME_EVENTS)
		return STATUS_EVENT_LIMIT | STATUS_DNR;
	nvme->event_request_count++;
	nvme_push(&nvme->event_requests, request);
	deliver(nvme);
	return -1;
}

void nvme_event(struct nvme *nvme, unsigned int type, unsigned int info, unsigned int page)
{
	if (nvme->event_count == NVME_EVENTS)
		return;
	nvme->events[nvme->event_count++] =
		(struct nvme_event){ (uint8_t)type, (uint8_t)info, (uint8_t)page };
	deliver(nvme);
}

uint16_t nvme_get_log(struct nvme *nvme, const struct nvme_command *command)
{
	unsigned char data[LOG_BYTES] = { 0 };
	uint32_t page = command->dw10 & 0xff;
	uint64_t offset = command->dw12 | (uint64_t)command->dw13 << 32;
	uint64_t length =
		(((uint64_t)(command->dw11 & 0xffff) << 16 | command->dw10 >> 16) + 1) * 4;
	uint64_t size = sizeof(data);
	uint16_t status;

	switch (page) {
	case LOG_ERRORS:
		size = NVME_LOG * ENTRY_BYTES;
		error_log(nvme, data);
		break;
	case LOG_HEALTH:
		health_log(nvme, data);
		break;
	case LOG_FIRMWARE:
		data[0] = 1;
		memcpy(data + 8, "1.0     ", 8);
		break;
	default:
		return STATUS_BAD_LOG | STATUS_DNR;
	}
	if (offset >= size || offset % 4)
		return STATUS_BAD_FIELD | STATUS_DNR;
	if (length > size - offset)
		length = size - offset;
	status = nvme_transfer(nvme, command, data + offset, length, LIBIOMMU_PROT_WRITE);
	if (!status && page <= LOG_HEALTH && !(command->dw10 & RETAIN)) {
		nvme->silenced_events &= ~(UINT32_C(1) << (page - LOG_ERRORS));
		deliver(nvme);
	}
	return status;
}
