/* SPDX-License-Identifier: BSD-2-Clause */
#include "identify.h"

#include "admin.h"
#include "controller.h"

#include <errno.h>
#include <string.h>

#define IDENTIFY_SIZE 4096

enum { WHAT_NAMESPACE = 0, WHAT_CONTROLLER = 1, WHAT_ACTIVE = 2 };

static uint64_t number(const unsigned char *at, unsigned int bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | at[bytes];
	return value;
}

/* ASCII that blanks fill up, and nothing that would disturb a terminal. */
static void copy_text(char *out, const unsigned char *from, size_t length)
{
	while (length && (from[length - 1] == ' ' || from[length - 1] == '\0'))
		length--;
	for (size_t i = 0; i < length; i++)
		out[i] = from[i] >= ' ' && from[i] <= '~' ? (char)from[i] : '?';
	out[length] = '\0';
}

/* The page is valid until the next one. */
static int identify(struct nvme *nvme, uint32_t what, uint32_t id, struct nvme_buffer *page,
		    struct nvme_failure *failure)
{
	struct nvme_command command = nvme_command_make(NVME_ADMIN_IDENTIFY, id);
	struct nvme_request_memory memory = { .length = IDENTIFY_SIZE, .device_writes = true };
	int ret;

	ret = nvme_buffer_new(&nvme->memory, page, IDENTIFY_SIZE, failure);
	if (ret)
		return ret;
	memory.address = page->address;
	nvme_command_set(&command, 10, what);
	ret = nvme_admin(nvme, &command, &memory, NULL, failure);
	if (ret)
		nvme_buffer_free(page, NULL);
	return ret;
}

int nvme_identify_controller(struct nvme *nvme, struct nvme_failure *failure)
{
	struct nvme_identity *out = &nvme->identity;
	struct nvme_buffer page;
	const unsigned char *data;
	int ret;

	ret = identify(nvme, WHAT_CONTROLLER, 0, &page, failure);
	if (ret)
		return ret;
	data = page.address;
	out->vendor = (uint16_t)number(data, 2);
	copy_text(out->serial, data + 4, 20);
	copy_text(out->model, data + 24, 40);
	copy_text(out->firmware, data + 64, 8);
	out->max_transfer_log2 = data[77];
	out->shutdown_us = (uint32_t)number(data + 88, 4);
	out->namespaces = (uint32_t)number(data + 516, 4);
	out->volatile_cache = data[525] & 1;
	/* Sizes of entries that it demands must be those that the driver was built for. */
	if ((data[512] & 15) > 6 || (data[513] & 15) > 4)
		ret = nvme_fail(failure, -EOPNOTSUPP, "the controller wants larger queue entries");
	if (ret) {
		nvme_buffer_free(&page, NULL);
		return ret;
	}
	return nvme_buffer_free(&page, failure);
}

int nvme_identify_active(struct nvme *nvme, uint32_t after, uint32_t *ids,
			 struct nvme_failure *failure)
{
	struct nvme_buffer page;
	int ret;

	ret = identify(nvme, WHAT_ACTIVE, after, &page, failure);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < IDENTIFY_SIZE / 4; i++)
		ids[i] = (uint32_t)number((unsigned char *)page.address + i * 4, 4);
	return nvme_buffer_free(&page, failure);
}

int nvme_identify_namespace(struct nvme *nvme, uint32_t id, struct nvme_namespace *out,
			    struct nvme_failure *failure)
{
	struct nvme_buffer page;
	const unsigned char *data;
	unsigned int format, shift;
	int ret;

	ret = identify(nvme, WHAT_NAMESPACE, id, &page, failure);
	if (ret)
		return ret;
	data = page.address;
	format = data[26] & 15;
	if (data[25] > 15)
		format |= data[26] >> 1 & 0x30;
	shift = data[128 + format * 4 + 2];
	*out = (struct nvme_namespace){ .id = id, .blocks = number(data, 8) };
	if (out->blocks && (shift < 9 || shift > 16)) {
		nvme_buffer_free(&page, NULL);
		return nvme_fail(failure, -EOPNOTSUPP, "namespace %u has blocks of 2^%u bytes", id,
				 shift);
	}
	out->block_size = out->blocks ? 1u << shift : 0;
	out->metadata_size = (uint32_t)number(data + 128 + format * 4, 2);
	return nvme_buffer_free(&page, failure);
}
