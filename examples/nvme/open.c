/* SPDX-License-Identifier: BSD-2-Clause */
#include "open.h"

#include "admin.h"
#include "clock.h"
#include "find.h"
#include "namespace.h"
#include "wait.h"

#include <errno.h>
#include <stdlib.h>

#define COMMAND_TIMEOUT (30 * NVME_SECOND)

/* The device's way into a domain of its own. */
static int attach(struct nvme *nvme, const struct nvme_options *opts, struct nvme_failure *failure)
{
	char name[64];
	struct libiommu_error *err;
	int ret;

	ret = libiommu_ctx_new(&opts->ctx, &nvme->ctx, &err);
	if (ret)
		return nvme_fail_iommu(failure, ret, "libiommu", err);
	ret = nvme_find_device(nvme->ctx, opts->device, name, sizeof(name), failure);
	if (ret)
		return ret;
	ret = libiommu_device_open(nvme->ctx, name, &nvme->dev, &err);
	if (ret)
		return nvme_fail_iommu(failure, ret, "device", err);
	ret = libiommu_domain_new(nvme->ctx, NULL, &nvme->dom, &err);
	if (ret)
		return nvme_fail_iommu(failure, ret, "domain", err);
	ret = libiommu_endpoint_attach(libiommu_device_endpoint(nvme->dev), nvme->dom, &err);
	if (ret)
		return nvme_fail_iommu(failure, ret, "attach", err);
	return nvme_memory_open(&nvme->memory, nvme->dom, failure);
}

static int make_queues(struct nvme *nvme, const struct nvme_options *opts,
		       struct nvme_failure *failure)
{
	unsigned int wanted = opts->queues ? opts->queues : 1, count = wanted;
	int ret;

	if (wanted >= NVME_QUEUES_MAX)
		return nvme_fail(failure, -EINVAL, "%u queues: there can be %d", wanted,
				 NVME_QUEUES_MAX - 1);
	ret = nvme_admin_queue_count(nvme, &count, failure);
	if (!ret && count < wanted)
		ret = nvme_fail(failure, -EINVAL, "%u queues: the controller has %u", wanted,
				count);
	for (uint16_t id = 1; !ret && id <= wanted; id++)
		ret = nvme_admin_create_queue(nvme, id, &opts->queue, failure);
	return ret;
}

static int start(struct nvme *nvme, const struct nvme_options *opts, struct nvme_failure *failure)
{
	unsigned int vectors = 1 + (opts->queues ? opts->queues : 1);
	struct libiommu_error *err;
	int ret;

	ret = nvme_registers_open(&nvme->regs, nvme->dev, failure);
	if (ret)
		return ret;
	ret = libiommu_device_set_bus_master(nvme->dev, true, &err);
	if (ret)
		return nvme_fail_iommu(failure, ret, "bus master", err);
	ret = nvme_interrupts_open(nvme, failure);
	if (!ret && !opts->polling)
		ret = nvme_interrupts_enable(nvme, vectors, failure);
	if (!ret)
		ret = nvme_controller_start(nvme, failure);
	if (!ret)
		ret = nvme_namespaces_find(nvme, failure);
	if (!ret)
		ret = make_queues(nvme, opts, failure);
	return ret;
}

int nvme_open(const struct nvme_options *opts, struct nvme **out, struct nvme_failure *failure)
{
	struct nvme *nvme = calloc(1, sizeof(*nvme));
	int ret;

	if (!nvme)
		return nvme_fail(failure, -ENOMEM, "no memory for a controller");
	nvme_interrupts_init(&nvme->interrupts);
	nvme->regs.lost = true;
	nvme->command_timeout = opts->timeout ? opts->timeout : COMMAND_TIMEOUT;
	ret = attach(nvme, opts, failure);
	if (!ret)
		ret = start(nvme, opts, failure);
	if (ret) {
		nvme_close(nvme, NULL);
		return ret;
	}
	*out = nvme;
	return 0;
}

/* The first failure is the one to tell. */
static void keep(int *ret, int code, struct nvme_failure *failure, const struct nvme_failure *newer)
{
	if (code && !*ret) {
		*ret = code;
		if (failure)
			*failure = *newer;
	}
}

static int stop(struct nvme *nvme, struct nvme_failure *failure)
{
	struct nvme_failure newer;
	int ret = 0;

	for (uint16_t id = 1; id < NVME_QUEUES_MAX; id++)
		keep(&ret, nvme_admin_delete_queue(nvme, id, &newer), failure, &newer);
	keep(&ret, nvme_controller_shut_down(nvme, &newer), failure, &newer);
	/* One that never got up may be half on its way. */
	if (nvme->queue[0] && nvme->state != NVME_STATE_GONE)
		nvme_controller_halt(nvme);
	keep(&ret, nvme_queue_free(nvme->queue[0], &newer), failure, &newer);
	nvme_interrupts_close(nvme);
	libiommu_device_set_bus_master(nvme->dev, false, NULL);
	nvme_registers_close(&nvme->regs);
	return ret;
}

int nvme_close(struct nvme *nvme, struct nvme_failure *failure)
{
	int ret = 0;

	if (!nvme)
		return 0;
	if (nvme->dev)
		ret = stop(nvme, failure);
	nvme_namespaces_forget(nvme);
	nvme_memory_close(&nvme->memory);
	/* Detaches, unmaps and closes what is left, in the right order. */
	libiommu_ctx_free(nvme->ctx);
	free(nvme);
	return ret;
}
