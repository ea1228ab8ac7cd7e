/* SPDX-License-Identifier: BSD-2-Clause */
/* A group that a context has for itself, as the kernel of the personality would give it. */
#include "backends/mock/front.h"

#include "lib/sysfs.h"

#include <errno.h>
#include <stdio.h>

struct mock_group_claim {
	struct mock_ctx *ctx;
	struct mock_group *group;
};

/* @return the first member that can be opened, or NULL with a refusal */
static const struct mock_device *look(const struct mock_group *group, const char *subject,
				      struct libiommu_claimed *held,
				      struct libiommu_failure *failure)
{
	const struct mock_device *lent = NULL, *any = NULL;
	bool blocked = false;

	held->lent = held->guarded = 0;
	for (const struct mock_device *dev = group->devices; dev; dev = dev->in_group) {
		if (mock_device_is_gone(dev))
			continue;
		any = any ? any : dev;
		if (mock_device_blocks(dev)) {
			libiommu_refuse_blocked(failure, subject, dev->name, dev->driver);
			blocked = true;
		}
		if (!libiommu_sysfs_driver_is_vfio(dev->driver)) {
			held->guarded++;
			continue;
		}
		lent = lent ? lent : dev;
		held->lent++;
	}
	if (blocked)
		return NULL;
	if (!lent) {
		/* Whom the hint is to name. */
		if (failure && any)
			snprintf(failure->culprit, sizeof(failure->culprit), "%s", any->name);
		libiommu_refuse(failure, LIBIOMMU_REASON_NOT_BOUND, subject,
				"No member of the group is.");
	}
	return lent;
}

static int take(struct mock_ctx *ctx, struct mock_group *group, const char *subject,
		struct libiommu_claimed *held, struct libiommu_failure *failure)
{
	const struct mock_personality *who = ctx->machine->personality;
	const struct mock_device *member = look(group, subject, held, failure);
	int error = 0;

	if (!member)
		return -EIO;
	if (group->owner && group->owner != ctx)
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, subject,
				       "Another context has it.");
	if (who->vetting != MOCK_VETS_NEVER)
		error = mock_device_vet(member, failure);
	if (!error && who->vessels && group->space &&
	    (group->space->groups != group || group->in_space))
		error = libiommu_refuse(failure, LIBIOMMU_REASON_GROUP_IN_USE, subject,
					"It shares a container with other groups.");
	if (!error && who->vessels && !group->space)
		error = mock_group_settle(group, ctx->machine, failure);
	if (error)
		return error;
	group->owner = ctx;
	group->claimed = true;
	return 0;
}

static int claim(void *ctx_data, void *claim_data, uint32_t id, struct libiommu_claimed *held,
		 struct libiommu_failure *failure)
{
	struct mock_group_claim *claim = claim_data;
	struct mock_ctx *ctx = ctx_data;
	struct mock_group *group;
	char subject[24];
	int error;

	snprintf(subject, sizeof(subject), "group %u", id);
	pthread_mutex_lock(&ctx->machine->lock);
	group = mock_machine_group(ctx->machine, id);
	error = group ? take(ctx, group, subject, held, failure)
		      : libiommu_refuse(failure, LIBIOMMU_REASON_GROUP_UNKNOWN, subject, NULL);
	pthread_mutex_unlock(&ctx->machine->lock);
	if (error)
		return error;
	claim->ctx = ctx;
	claim->group = group;
	return 0;
}

static void release(void *claim_data, uint32_t flags)
{
	struct mock_group_claim *claim = claim_data;
	struct mock_machine *machine = claim->ctx->machine;
	struct mock_group *group = claim->group;

	/* A child's machine is a copy, whose locks may be held by threads that it has not. */
	if (flags & LIBIOMMU_CLOSE_FORKED)
		return;
	pthread_mutex_lock(&machine->lock);
	group->claimed = false;
	if (!group->open_devices) {
		if (group->space)
			mock_group_abandon(group);
		group->owner = NULL;
	}
	pthread_mutex_unlock(&machine->lock);
}

const struct libiommu_backend_claims mock_claims = {
	.size = sizeof(struct libiommu_backend_claims),
	.claim_size = sizeof(struct mock_group_claim),
	.claim = claim,
	.release = release,
};
