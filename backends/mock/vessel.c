/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which space a group uses. With vessels, as on VFIO type1: a group joins the
 * first space of the domain, or a new one; it keeps the emptied space when it
 * leaves alone, and comes back with it; a space that others use too it can
 * leave only without its devices' descriptors. A claimed group has one of its
 * own. Without vessels a domain has one space, and groups come and go.
 */
#include "backends/mock/join.h"
#include "backends/mock/queue.h"

#include <libiommu/endpoint.h>

#include <errno.h>

static void join_space(struct mock_group *group, struct mock_space *space)
{
	group->space = space;
	group->in_space = space->groups;
	space->groups = group;
	mock_space_take(space, group->iommu);
}

/* Leave a space for good; requests lead elsewhere. */
static void quit_space(struct mock_group *group, struct mock_domain *dom, struct mock_space *space)
{
	struct mock_group **link = &space->groups;

	while (*link != group)
		link = &(*link)->in_space;
	*link = group->in_space;
	group->in_space = NULL;
	if (group->space == space)
		group->space = NULL;
	mock_space_drop(space, group->iommu, dom);
}

int mock_group_settle(struct mock_group *group, struct mock_machine *machine,
		      struct libiommu_failure *failure)
{
	struct mock_space *space = mock_space_make(machine);

	if (!space)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	if (!mock_space_add_table(space, group->iommu, failure)) {
		mock_space_free(space);
		return -ENOMEM;
	}
	join_space(group, space);
	return 0;
}

void mock_group_abandon(struct mock_group *group)
{
	/* Kept spaces are in no domain and have this one group. */
	quit_space(group, NULL, group->space);
}

static void power_on(struct mock_claim *claim)
{
	pthread_mutex_lock(&claim->dev->lock);
	if (!claim->dev->fd)
		mock_device_power_on(claim->dev);
	pthread_mutex_unlock(&claim->dev->lock);
}

/* Behind `dev`, which is open and so stays where it is; NULL: from the first on. */
static struct mock_device *next_open(struct mock_machine *machine, struct mock_group *group,
				     struct mock_device *dev)
{
	pthread_mutex_lock(&machine->lock);
	dev = dev ? dev->in_group : group->devices;
	while (dev && !dev->open)
		dev = dev->in_group;
	pthread_mutex_unlock(&machine->lock);
	return dev;
}

/*
 * The descriptors of all its devices are given up, and with them what the devices were at. Devices may
 * be plugged in meanwhile, and device.lock is taken outside of machine.lock.
 */
static void give_up_devices(struct mock_machine *machine, struct mock_group *group)
{
	for (struct mock_device *dev = next_open(machine, group, NULL); dev;
	     dev = next_open(machine, group, dev)) {
		pthread_mutex_lock(&dev->lock);
		mock_device_silence(dev);
		dev->fd = false;
		pthread_mutex_unlock(&dev->lock);
	}
}

static int attach_group(struct mock_group *group, struct mock_domain *dom,
			const struct libiommu_backend_attach *attach,
			struct libiommu_failure *failure)
{
	struct mock_reach reach;
	struct mock_plan plan;
	int error = mock_plan_make(&plan, mock_domain_book(dom), group->iommu, group->space, attach,
				   failure);

	if (error)
		return error;
	mock_plan_commit(&plan);
	if (!group->space)
		join_space(group, plan.space);
	reach = mock_domain_reach(dom, plan.space, group->iommu);
	mock_group_reach(group, &reach);
	return 0;
}

/* A device that was pulled out before its descriptor was taken is not there to be had. */
static int check_there(struct mock_device *dev, struct libiommu_failure *failure)
{
	bool there;

	pthread_mutex_lock(&dev->lock);
	there = dev->fd || !mock_device_is_removed(dev);
	pthread_mutex_unlock(&dev->lock);
	if (there)
		return 0;
	return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_UNKNOWN, dev->name,
			       "It was removed.");
}

/* From now on it asks for pages in its own name, or nobody asks any more. */
static void set_attached(struct mock_device *dev, bool attached)
{
	pthread_rwlock_wrlock(&dev->iommu->gate);
	dev->attached = attached;
	pthread_rwlock_unlock(&dev->iommu->gate);
}

int mock_attach(struct mock_claim *claim, struct mock_domain *dom,
		const struct libiommu_backend_attach *attach, struct libiommu_geometry *geometry,
		struct libiommu_failure *failure)
{
	struct mock_machine *machine = claim->ctx->machine;
	struct mock_group *group = claim->dev->group;
	int error = check_there(claim->dev, failure);

	if (error)
		return error;
	pthread_mutex_lock(&machine->lock);
	if (machine->personality->vetting == MOCK_VETS_AT_ATTACH)
		error = mock_device_vet(claim->dev, failure);
	if (!error)
		error = mock_domain_fits(dom, claim->dev, failure);
	if (!error)
		error = mock_geometry(claim->ctx->env, dom, attach->first ? group : NULL, geometry,
				      failure);
	if (!error)
		__atomic_store_n(&claim->dev->handle, attach->handle, __ATOMIC_RELAXED);
	if (!error && attach->first) {
		error = libiommu_geometry_check(geometry, attach->maps, attach->map_count, failure);
		if (!error)
			error = attach_group(group, dom, attach, failure);
	}
	if (!error) {
		claim->lent = true;
		set_attached(claim->dev, true);
	}
	pthread_mutex_unlock(&machine->lock);
	if (!error)
		power_on(claim);
	return error;
}

static int detach_vessel(struct mock_claim *claim, struct mock_domain *dom, uint32_t flags,
			 struct libiommu_failure *failure)
{
	struct mock_group *group = claim->dev->group;
	struct mock_space *space = group->space;

	if (space->groups == group && !group->in_space) {
		mock_group_reach(group, NULL);
		mock_space_empty(space);
		mock_domain_leave(dom, space);
		return 0;
	}
	if (!(flags & LIBIOMMU_DETACH_MAY_REOPEN))
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_FD_IN_USE, claim->dev->name,
				       NULL);
	mock_group_reach(group, NULL);
	quit_space(group, dom, space);
	return 1;
}

int mock_detach(struct mock_claim *claim, struct mock_domain *dom, bool last, uint32_t flags,
		struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct mock_machine *machine = claim->ctx->machine;
	struct mock_group *group = claim->dev->group;
	int result = 0;

	pthread_mutex_lock(&machine->lock);
	if (last && machine->personality->vessels) {
		result = detach_vessel(claim, dom, flags, failure);
	} else if (last) {
		mock_group_reach(group, NULL);
		quit_space(group, mock_domain_book(dom), group->space);
	}
	if (result >= 0) {
		set_attached(claim->dev, false);
		mock_queue_abandon(dom->queue, &group->reach, claim->dev);
	}
	if (result >= 0 && mock_geometry(claim->ctx->env, dom, NULL, geometry, NULL))
		libiommu_geometry_clear(claim->ctx->env, geometry);
	pthread_mutex_unlock(&machine->lock);
	if (result > 0)
		give_up_devices(machine, group);
	return result < 0 ? result : 0;
}

static int replace_group(struct mock_group *group, struct mock_domain *from, struct mock_domain *to,
			 const struct libiommu_backend_attach *attach,
			 struct libiommu_failure *failure)
{
	struct mock_space *old = group->space;
	struct mock_reach reach;
	struct mock_plan plan;
	int error =
		mock_plan_make(&plan, mock_domain_book(to), group->iommu, NULL, attach, failure);

	if (error)
		return error;
	mock_plan_commit(&plan);
	reach = mock_domain_reach(to, plan.space, group->iommu);
	/* One store under the gate: a device sees the old domain or the new one. */
	mock_group_reach(group, &reach);
	/* Both may be the same space, of two nested domains on one parent. */
	mock_space_take(plan.space, group->iommu);
	quit_space(group, mock_domain_book(from), old);
	join_space(group, plan.space);
	mock_space_drop(plan.space, group->iommu, mock_domain_book(to));
	return 0;
}

/* Every one that moves, as if it were attached. */
static int check_fits(const struct mock_domain *dom, void *const *devices, size_t count,
		      struct libiommu_failure *failure)
{
	int error = 0;

	for (size_t i = 0; i < count && !error; i++) {
		const struct mock_claim *claim = devices[i];

		error = mock_domain_fits(dom, claim->dev, failure);
	}
	return error;
}

int mock_replace(void *const *devices, size_t count, struct mock_domain *from,
		 struct mock_domain *to, const struct libiommu_backend_attach *attach,
		 struct libiommu_geometry *from_geometry, struct libiommu_geometry *to_geometry,
		 struct libiommu_failure *failure)
{
	const struct mock_claim *claim = devices[0];
	struct mock_machine *machine = claim->ctx->machine;
	struct mock_group *group = claim->dev->group;
	int error;

	if (!machine->personality->replace)
		return libiommu_refuse(failure, LIBIOMMU_REASON_REPLACE_UNSUPPORTED,
				       claim->dev->name, NULL);
	pthread_mutex_lock(&machine->lock);
	error = check_fits(to, devices, count, failure);
	if (!error)
		error = mock_geometry(claim->ctx->env, to, group, to_geometry, failure);
	if (!error)
		error = libiommu_geometry_check(to_geometry, attach->maps, attach->map_count,
						failure);
	if (!error)
		error = replace_group(group, from, to, attach, failure);
	if (!error && mock_geometry(claim->ctx->env, from, NULL, from_geometry, NULL))
		libiommu_geometry_clear(claim->ctx->env, from_geometry);
	pthread_mutex_unlock(&machine->lock);
	return error;
}
