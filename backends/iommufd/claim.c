/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A claim binds every member that a VFIO driver has. Who opens such a device takes the descriptor
 * over and gives it back at the end, bound all the time, so that no other iommufd can come between.
 */
#include "backends/iommufd/iommufd.h"

#include <libiommu/region.h>

#include <stdio.h>
#include <string.h>

#define PCI_COMMAND            0x04
#define PCI_COMMAND_BUS_MASTER 0x04u

/* A member. Its descriptor is negative while a device of this context has it, or nobody. */
struct iommufd_hold {
	char name[LIBIOMMU_SYSFS_NAME];
	int fd;
	uint32_t id;
	struct iommufd_aperture aperture;
};

/* In the context's list, which changes one at a time with opens and closes, and under its lock. */
struct iommufd_claim {
	struct iommufd_ctx *ctx;
	struct iommufd_claim *next;
	uint32_t group;
	struct iommufd_hold *holds;
	size_t count, room;
};

static struct iommufd_hold *find(const struct iommufd_ctx *ctx, uint32_t group, const char *name)
{
	const struct iommufd_claim *claim = ctx->claims;

	while (claim && claim->group != group)
		claim = claim->next;
	for (size_t i = 0; claim && i < claim->count; i++)
		if (!strcmp(claim->holds[i].name, name))
			return &claim->holds[i];
	return NULL;
}

static bool is_open(const struct iommufd_ctx *ctx, const char *name)
{
	for (const struct iommufd_device *device = ctx->devices; device; device = device->next)
		if (!strcmp(device->dev.name, name))
			return true;
	return false;
}

static int bind_member(struct iommufd_claim *claim, const char *name,
		       struct libiommu_failure *failure)
{
	struct iommufd_hold *hold = &claim->holds[claim->count];
	int rc;

	snprintf(hold->name, sizeof(hold->name), "%s", name);
	hold->fd = -1;
	/* It is bound, and stays so until it is closed. */
	rc = is_open(claim->ctx, name) ? 0
				       : libiommu_iommufd_take(claim->ctx, name, claim->group,
							       &hold->fd, &hold->id, failure);
	claim->count += !rc;
	return rc;
}

static int visit_member(void *data, const struct libiommu_group_member *member,
			struct libiommu_failure *failure)
{
	struct iommufd_claim *claim = data;

	if (!libiommu_sysfs_driver_is_vfio(member->driver))
		return 0;
	/* One more came since they were counted; the group was claimed by then. */
	if (claim->count == claim->room)
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, member->name,
				       "Its driver came while the group was being claimed.");
	return bind_member(claim, member->name, failure);
}

static void drop(struct iommufd_claim *claim, uint32_t flags)
{
	struct iommufd_ctx *ctx = claim->ctx;

	for (size_t i = 0; i < claim->count; i++)
		if (claim->holds[i].fd >= 0)
			libiommu_iommufd_untake(ctx, claim->holds[i].fd, claim->holds[i].id, flags);
	libiommu_iommufd_free(ctx, claim->holds, claim->room * sizeof(*claim->holds));
}

static int claim(void *ctx_data, void *claim_data, uint32_t id, struct libiommu_claimed *held,
		 struct libiommu_failure *failure)
{
	struct iommufd_claim *claim = claim_data;
	char member[LIBIOMMU_SYSFS_NAME];
	struct iommufd_ctx *ctx = ctx_data;
	int rc;

	if (ctx->passed)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_PASSED_FD, NULL,
				       "A claim opens the devices itself.");
	if (ctx->transport->open)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL,
				       "Its devices do not come through VFIO.");
	rc = libiommu_vfiodev_count(&ctx->sysfs, id, held, member, failure);
	if (rc)
		return rc;
	claim->ctx = ctx;
	claim->group = id;
	claim->room = held->lent;
	claim->holds = libiommu_iommufd_alloc(ctx, claim->room * sizeof(*claim->holds));
	if (!claim->holds)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	rc = libiommu_sysfs_members(&ctx->sysfs, id, visit_member, claim, failure);
	/* They may have lost their driver since. */
	if (!rc && !claim->count)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_NOT_BOUND, NULL, NULL);
	held->lent = claim->count;
	if (rc) {
		drop(claim, 0);
		return rc;
	}
	pthread_mutex_lock(&ctx->lock);
	claim->next = ctx->claims;
	ctx->claims = claim;
	pthread_mutex_unlock(&ctx->lock);
	return 0;
}

static void release(void *claim_data, uint32_t flags)
{
	struct iommufd_claim *claim = claim_data;
	struct iommufd_ctx *ctx = claim->ctx;
	struct iommufd_claim **link = &ctx->claims;
	const bool locks = !(flags & LIBIOMMU_CLOSE_FORKED);

	/* In a forked child another thread of the parent may hold it for ever. */
	if (locks)
		pthread_mutex_lock(&ctx->lock);
	while (*link != claim)
		link = &(*link)->next;
	*link = claim->next;
	if (locks)
		pthread_mutex_unlock(&ctx->lock);
	drop(claim, flags);
}

static void set(struct iommufd_ctx *ctx, struct iommufd_hold *hold, int fd, uint32_t id)
{
	pthread_mutex_lock(&ctx->lock);
	hold->fd = fd;
	hold->id = id;
	pthread_mutex_unlock(&ctx->lock);
}

bool libiommu_iommufd_hand_over(struct iommufd_ctx *ctx, uint32_t group, const char *name, int *fd,
				uint32_t *id)
{
	struct iommufd_hold *hold = find(ctx, group, name);

	if (!hold || hold->fd < 0)
		return false;
	*fd = hold->fd;
	*id = hold->id;
	set(ctx, hold, -1, 0);
	return true;
}

/*
 * What the end of a descriptor would do: no DMA, no interrupts, and a reset where the device can. It
 * is in no address space by now, so nothing depends on what is refused here.
 */
static void quieten(struct iommufd_device *device)
{
	const struct libiommu_backend_regions *slots = &libiommu_vfiodev_regions;
	uint64_t command;

	for (size_t kind = 0; kind < sizeof(device->dev.vectors) / sizeof(device->dev.vectors[0]);
	     kind++)
		slots->interrupt_set(device, (enum libiommu_interrupt_kind)kind, NULL, 0, NULL);
	slots->reset(device, NULL);
	if (!slots->read(device, LIBIOMMU_REGION_CONFIG, PCI_COMMAND, 2, &command, NULL))
		slots->write(device, LIBIOMMU_REGION_CONFIG, PCI_COMMAND, 2,
			     command & ~(uint64_t)PCI_COMMAND_BUS_MASTER, NULL);
}

bool libiommu_iommufd_give_back(struct iommufd_device *device)
{
	struct iommufd_hold *hold = find(device->ctx, device->group, device->dev.name);

	if (!hold || device->pasids || libiommu_iommufd_quit(device, NULL))
		return false;
	quieten(device);
	set(device->ctx, hold, device->dev.fd, device->id);
	return true;
}

void libiommu_iommufd_take_again(struct iommufd_ctx *ctx, uint32_t group, const char *name)
{
	struct iommufd_hold *hold = find(ctx, group, name);
	uint32_t id = 0;
	int fd;

	if (hold && !libiommu_iommufd_take(ctx, name, group, &fd, &id, NULL))
		set(ctx, hold, fd, id);
}

struct iommufd_aperture *libiommu_iommufd_held(const struct iommufd_ctx *ctx, uint32_t group,
					       uint32_t *id)
{
	const struct iommufd_claim *claim = ctx->claims;

	while (claim && claim->group != group)
		claim = claim->next;
	for (size_t i = 0; claim && i < claim->count; i++) {
		if (claim->holds[i].fd < 0)
			continue;
		*id = claim->holds[i].id;
		return &claim->holds[i].aperture;
	}
	return NULL;
}

const struct libiommu_backend_claims libiommu_iommufd_claims = {
	.size = sizeof(struct libiommu_backend_claims),
	.claim_size = sizeof(struct iommufd_claim),
	.claim = claim,
	.release = release,
};
