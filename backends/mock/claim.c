/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/front.h"

#include <string.h>

static int check_viable(const struct mock_device *dev, struct libiommu_failure *failure)
{
	int error = 0;

	for (const struct mock_device *other = dev->group->devices; other;
	     other = other->in_group) {
		if (!mock_device_is_gone(other) && mock_device_blocks(other))
			error = libiommu_refuse_blocked(failure, dev->name, other->name,
							other->driver);
	}
	return error;
}

static const struct mock_reserved *find_direct(const struct mock_reserved *list)
{
	while (list && list->what.type != LIBIOMMU_RESERVED_DIRECT)
		list = list->next;
	return list;
}

static int check_direct(const struct mock_group *group, struct libiommu_failure *failure)
{
	const struct mock_reserved *direct = find_direct(group->iommu->reserved);
	const struct mock_device *dev = group->devices;

	for (; dev && !direct; dev = dev->in_group) {
		if (!mock_device_is_gone(dev))
			direct = find_direct(dev->reserved);
	}
	if (!direct)
		return 0;
	return libiommu_refuse(failure, LIBIOMMU_REASON_DIRECT_REGION, group->devices->name,
			       "It is 0x%llx-0x%llx.", (unsigned long long)direct->what.range.start,
			       (unsigned long long)direct->what.range.last);
}

int mock_device_vet(const struct mock_device *dev, struct libiommu_failure *failure)
{
	const struct mock_hw *hw = &dev->iommu->hw;

	if (hw->linux_has_no_paging)
		return libiommu_refuse(
			failure, LIBIOMMU_REASON_VFIO_API, dev->name,
			"Linux has no domains for IOMMU %s (%s) that type1 or iommufd "
			"could map.",
			dev->iommu->name, hw->profile);
	if (hw->linux_hides_coherency)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NOT_COHERENT, dev->name,
				       "The driver of IOMMU %s (%s) does not say that it snoops.",
				       dev->iommu->name, hw->profile);
	if (!hw->coherent)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NOT_COHERENT, dev->name,
				       "IOMMU %s does not snoop.", dev->iommu->name);
	if (!hw->msi_isolated)
		return libiommu_refuse(failure, LIBIOMMU_REASON_MSI_NOT_ISOLATED, dev->name,
				       "IOMMU %s does not remap interrupts.", dev->iommu->name);
	return check_direct(dev->group, failure);
}

static int check_owner(const struct mock_claim *claim, const struct mock_device *dev,
		       struct libiommu_failure *failure)
{
	const struct mock_group *group = dev->group;

	/* Its last user may have closed it since its name was looked up. */
	if (mock_device_is_gone(dev) || (mock_device_is_removed(dev) && !dev->open))
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_UNKNOWN, dev->name, NULL);
	if (group->owner && group->owner != claim->ctx)
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, dev->name,
				       "Another context holds group %u.", group->id);
	if (dev->open)
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, dev->name, NULL);
	return check_viable(dev, failure);
}

static int check_lent(const struct mock_claim *claim, const struct mock_device *dev,
		      struct libiommu_failure *failure)
{
	int error = check_owner(claim, dev, failure);

	if (!error && dev->machine->personality->vetting == MOCK_VETS_AT_OPEN)
		error = mock_device_vet(dev, failure);
	return error;
}

static int check_driver(const struct mock_device *dev, struct libiommu_failure *failure)
{
	if (strcmp(dev->driver, "vfio-pci") == 0)
		return 0;
	return libiommu_refuse(failure, LIBIOMMU_REASON_NOT_BOUND, dev->name,
			       dev->driver[0] ? "Its driver is %s." : "It has no driver.",
			       dev->driver);
}

static void take(struct mock_claim *claim, struct mock_device *dev)
{
	claim->dev = dev;
	dev->open = true;
	dev->group->owner = claim->ctx;
	dev->group->open_devices++;
}

int mock_claim_open(struct mock_claim *claim, const char *name, uint32_t *group,
		    struct libiommu_failure *failure)
{
	struct mock_machine *machine = claim->ctx->machine;
	struct mock_device *dev;
	int error = mock_device_look_up(machine, name, &dev, failure);

	if (error)
		return error;
	*group = dev->group->id;
	pthread_mutex_lock(&machine->lock);
	error = check_driver(dev, failure);
	if (!error)
		error = check_lent(claim, dev, failure);
	if (!error)
		take(claim, dev);
	pthread_mutex_unlock(&machine->lock);
	if (error)
		return error;
	pthread_mutex_lock(&dev->lock);
	dev->sys = claim->ctx->env->sys;
	if (machine->personality->fd_before_attach)
		mock_device_power_on(dev);
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

void mock_claim_close(struct mock_claim *claim)
{
	struct mock_machine *machine = claim->ctx->machine;
	struct mock_device *dev = claim->dev;
	struct mock_group *group = dev->group;

	pthread_mutex_lock(&dev->lock);
	mock_device_silence(dev);
	dev->fd = false;
	pthread_mutex_unlock(&dev->lock);
	pthread_mutex_lock(&machine->lock);
	dev->open = false;
	if (mock_device_is_removed(dev))
		mock_device_forget(dev);
	if (--group->open_devices == 0 && !group->claimed) {
		if (group->space)
			mock_group_abandon(group);
		group->owner = NULL;
	}
	pthread_mutex_unlock(&machine->lock);
}

bool mock_claim_told(struct mock_claim *claim)
{
	struct mock_machine *machine = claim->ctx->machine;
	bool told;

	pthread_mutex_lock(&machine->lock);
	told = machine->personality->ranges_before_attach || claim->lent ||
	       (machine->personality->vessels && claim->dev->group->space);
	pthread_mutex_unlock(&machine->lock);
	return told;
}
