/* SPDX-License-Identifier: BSD-2-Clause */
/* What the controller and its namespaces say about themselves. */
#include "backends/mock/model_nvme.h"

#include <stdio.h>
#include <string.h>

#define PAGE 4096

#define CNS_NAMESPACE   0
#define CNS_CONTROLLER  1
#define CNS_ACTIVE      2
#define CNS_DESCRIPTORS 3

#define ID_EUI64 1
#define ID_UUID  3

/* Text is padded with blanks and has no end. */
static void put_text(unsigned char *at, size_t length, const char *text)
{
	memset(at, ' ', length);
	memcpy(at, text, strnlen(text, length));
}

static void controller(const struct nvme *nvme, unsigned char *data)
{
	char name[64];

	nvme_put(data, 2, nvme->dev->vendor);
	nvme_put(data + 2, 2, 0x1af4);
	snprintf(name, sizeof(name), "MOCK%s", nvme->dev->name);
	put_text(data + 4, 20, name);
	put_text(data + 24, 40, "libiommu mock NVMe controller");
	put_text(data + 64, 8, "1.0");
	data[72] = 6; /* commands that are best fetched in one go: 2^6 */
	data[77] = (unsigned char)nvme->options.mdts;
	nvme_put(data + 80, 4, VERSION_1_4);
	data[111] = 1; /* an I/O controller */
	data[258] = 3; /* aborts at a time, less one */
	data[259] = NVME_EVENTS - 1;
	data[260] = 0x03; /* one firmware, which cannot be replaced */
	data[261] = 0x04; /* logs are read from any offset */
	data[262] = NVME_LOG - 1;
	nvme_put(data + 266, 2, 343); /* kelvin */
	nvme_put(data + 268, 2, 373);
	data[512] = SQE_SHIFT << 4 | SQE_SHIFT;
	data[513] = CQE_SHIFT << 4 | CQE_SHIFT;
	nvme_put(data + 516, 4, nvme->namespace_count);
	nvme_put(data + 520, 2, 0x000c); /* write zeroes, dataset management */
	data[525] = 0x07;                /* a cache; one flush is for all namespaces */
	snprintf(name, sizeof(name), "nqn.2024-01.org.libiommu:mock:%s", nvme->dev->name);
	memcpy(data + 768, name, strlen(name));
	nvme_put(data + 2048, 2, 2500); /* hundredths of a watt */
}

static void put_eui64(const struct nvme *nvme, uint32_t nsid, unsigned char *at)
{
	unsigned int bus = 0, slot = 0, function = 0;

	sscanf(nvme->dev->name, "%*x:%x:%x.%x", &bus, &slot, &function);
	at[0] = 0x02; /* made up here */
	at[3] = (unsigned char)bus;
	at[4] = (unsigned char)(slot << 3 | function);
	nvme_put(at + 5, 3, (nsid & 0xff) << 16);
}

static uint16_t namespace(struct nvme *nvme, uint32_t nsid, unsigned char *data)
{
	const struct nvme_namespace *ns = nvme_namespace_find(nvme, nsid);

	if (!ns)
		return STATUS_BAD_NAMESPACE | STATUS_DNR;
	nvme_put(data, 8, ns->blocks);
	nvme_put(data + 8, 8, ns->blocks);
	nvme_put(data + 16, 8, ns->allocated >> ns->shift);
	data[24] = 0x01;            /* thin */
	data[25] = 1;               /* formats, less one */
	data[26] = ns->shift == 12; /* the one in use */
	data[33] = 0x01;            /* what is deallocated reads as zeros */
	put_eui64(nvme, nsid, data + 120);
	data[128 + 2] = 9;
	data[132 + 2] = 12;
	return STATUS_SUCCESS;
}

static uint16_t active(const struct nvme *nvme, uint32_t after, unsigned char *data)
{
	unsigned char *at = data;

	if (after >= NSID_ALL - 1)
		return STATUS_BAD_NAMESPACE | STATUS_DNR;
	for (uint32_t nsid = after + 1; nsid <= nvme->namespace_count; nsid++, at += 4)
		nvme_put(at, 4, nsid);
	return STATUS_SUCCESS;
}

static uint16_t descriptors(struct nvme *nvme, uint32_t nsid, unsigned char *data)
{
	if (!nvme_namespace_find(nvme, nsid))
		return STATUS_BAD_NAMESPACE | STATUS_DNR;
	data[0] = ID_EUI64;
	data[1] = 8;
	put_eui64(nvme, nsid, data + 4);
	data[12] = ID_UUID;
	data[13] = 16;
	put_eui64(nvme, nsid, data + 16);
	data[16 + 6] = 0x40; /* a random one, as the form has it */
	data[16 + 8] = 0x80;
	nvme_put(data + 16 + 12, 4, nsid);
	return STATUS_SUCCESS;
}

uint16_t nvme_identify(struct nvme *nvme, const struct nvme_command *command)
{
	unsigned char data[PAGE] = { 0 };
	uint16_t status = STATUS_SUCCESS;

	switch (command->dw10 & 0xff) {
	case CNS_NAMESPACE:
		status = namespace(nvme, command->nsid, data);
		break;
	case CNS_CONTROLLER:
		controller(nvme, data);
		break;
	case CNS_ACTIVE:
		status = active(nvme, command->nsid, data);
		break;
	case CNS_DESCRIPTORS:
		status = descriptors(nvme, command->nsid, data);
		break;
	default:
		status = STATUS_BAD_FIELD | STATUS_DNR;
	}
	if (status)
		return status;
	return nvme_transfer(nvme, command, data, sizeof(data), LIBIOMMU_PROT_WRITE);
}
