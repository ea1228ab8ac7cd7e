/* SPDX-License-Identifier: BSD-2-Clause */
#include "interrupts.h"

#include "controller.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int make_event(struct nvme_failure *failure)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	return fd < 0 ? nvme_fail(failure, -errno, "eventfd: %s", strerror(errno)) : fd;
}

static void close_event(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void nvme_interrupts_init(struct nvme_interrupts *interrupts)
{
	*interrupts = (struct nvme_interrupts){ .request = -1 };
	for (unsigned int i = 0; i < NVME_VECTORS_MAX; i++)
		interrupts->event[i] = -1;
}

int nvme_interrupts_open(struct nvme *nvme, struct nvme_failure *failure)
{
	struct nvme_interrupts *interrupts = &nvme->interrupts;
	struct libiommu_error *err;
	unsigned int count = 0;
	int ret;

	ret = libiommu_interrupt_count(nvme->dev, LIBIOMMU_INTERRUPT_REQUEST, &count, &err);
	if (ret)
		return nvme_fail_iommu(failure, ret, "interrupts", err);
	if (!count)
		return 0;
	interrupts->request = make_event(failure);
	if (interrupts->request < 0)
		return interrupts->request;
	ret = libiommu_interrupt_enable(nvme->dev, LIBIOMMU_INTERRUPT_REQUEST, &interrupts->request,
					1, &err);
	if (ret) {
		close_event(&interrupts->request);
		return nvme_fail_iommu(failure, ret, "interrupts", err);
	}
	return 0;
}

int nvme_interrupts_enable(struct nvme *nvme, unsigned int wanted, struct nvme_failure *failure)
{
	static const enum libiommu_interrupt_kind kinds[] = { LIBIOMMU_INTERRUPT_MSIX,
							      LIBIOMMU_INTERRUPT_MSI,
							      LIBIOMMU_INTERRUPT_INTX };
	struct nvme_interrupts *interrupts = &nvme->interrupts;
	struct libiommu_error *err;
	unsigned int count = 0;
	int ret;

	for (unsigned int i = 0; i < 3 && !count; i++) {
		interrupts->kind = kinds[i];
		ret = libiommu_interrupt_count(nvme->dev, kinds[i], &count, &err);
		if (ret)
			return nvme_fail_iommu(failure, ret, "interrupts", err);
	}
	if (!count)
		return nvme_fail(failure, -ENODEV, "the device has no interrupts; poll instead");
	if (count > wanted)
		count = wanted;
	if (count > NVME_VECTORS_MAX)
		count = NVME_VECTORS_MAX;
	for (unsigned int i = 0; i < count; i++) {
		interrupts->event[i] = make_event(failure);
		if (interrupts->event[i] < 0)
			return interrupts->event[i];
	}
	ret = libiommu_interrupt_enable(nvme->dev, interrupts->kind, interrupts->event, count,
					&err);
	if (ret)
		return nvme_fail_iommu(failure, ret, "interrupts", err);
	interrupts->count = count;
	interrupts->on = true;
	return 0;
}

/* Refusals mean that the device is not there any more. */
void nvme_interrupts_close(struct nvme *nvme)
{
	struct nvme_interrupts *interrupts = &nvme->interrupts;

	if (interrupts->on)
		libiommu_interrupt_disable(nvme->dev, interrupts->kind, NULL);
	if (interrupts->request >= 0)
		libiommu_interrupt_disable(nvme->dev, LIBIOMMU_INTERRUPT_REQUEST, NULL);
	interrupts->on = false;
	for (unsigned int i = 0; i < NVME_VECTORS_MAX; i++)
		close_event(&interrupts->event[i]);
	close_event(&interrupts->request);
}

int nvme_interrupts_event(const struct nvme_interrupts *interrupts, unsigned int queue)
{
	return interrupts->on ? interrupts->event[queue % interrupts->count] : -1;
}

static bool take(int fd)
{
	uint64_t count;

	return fd >= 0 && read(fd, &count, sizeof(count)) == sizeof(count);
}

void nvme_interrupts_take(const struct nvme_interrupts *interrupts, unsigned int queue)
{
	take(nvme_interrupts_event(interrupts, queue));
}

void nvme_interrupts_rearm(struct nvme *nvme, unsigned int queue)
{
	(void)queue;
	if (nvme->interrupts.on && nvme->interrupts.kind == LIBIOMMU_INTERRUPT_INTX)
		libiommu_interrupt_unmask(nvme->dev, NULL);
}

bool nvme_interrupts_wanted_back(const struct nvme_interrupts *interrupts)
{
	return take(interrupts->request);
}

const char *nvme_interrupts_name(const struct nvme_interrupts *interrupts)
{
	if (!interrupts->on)
		return "polling";
	return interrupts->kind == LIBIOMMU_INTERRUPT_MSIX  ? "MSI-X"
	       : interrupts->kind == LIBIOMMU_INTERRUPT_MSI ? "MSI"
							    : "INTx";
}
