/* SPDX-License-Identifier: BSD-2-Clause */
/* The PASID tables of devices, and who may use them. */
#include "backends/mock/foreign.h"
#include "backends/mock/grouping.h"
#include "backends/mock/join.h"

#include <errno.h>

/* Nobody of the group can be told from another by what its requests carry. */
static bool is_alone(const struct mock_device *dev)
{
	for (const struct mock_device *other = dev->group->devices; other;
	     other = other->in_group) {
		if (other != dev && !other->bridge && !mock_device_is_gone(other))
			return false;
	}
	return true;
}

int mock_pasid_width(struct mock_device *dev, unsigned int *bits, struct libiommu_failure *failure)
{
	const struct mock_machine *machine = dev->machine;
	unsigned int theirs = dev->iommu->hw.pasid_bits;
	bool isolated;

	if (!machine->personality->extras)
		return libiommu_refuse(failure, LIBIOMMU_REASON_PASID_UNSUPPORTED, dev->name,
				       "Personality %s has none.", machine->personality->name);
	if (!dev->pasid_bits || !theirs)
		return libiommu_refuse(failure, LIBIOMMU_REASON_PASID_UNSUPPORTED, dev->name,
				       dev->pasid_bits ? "Its IOMMU has none."
						       : "The device sends none.");
	pthread_mutex_lock(&dev->machine->lock);
	isolated = is_alone(dev) && mock_function_isolates_pasids(dev->function);
	pthread_mutex_unlock(&dev->machine->lock);
	if (!isolated)
		return libiommu_refuse(failure, LIBIOMMU_REASON_PASID_NOT_ISOLATED, dev->name,
				       NULL);
	*bits = dev->pasid_bits < theirs ? dev->pasid_bits : theirs;
	return 0;
}

const struct mock_reach *mock_pasid_find(const struct mock_device *dev, uint32_t number)
{
	const struct mock_reach *itself = &dev->group->reach;
	const struct mock_pasid *pasid = dev->pasids;

	if (!number)
		return itself;
	while (pasid && pasid->number != number)
		pasid = pasid->next;
	if (pasid)
		return &pasid->reach;
	/* The device's own tables may be for those, too. */
	return itself->space && mock_domain_pasids(itself->dom) ? itself : NULL;
}

static struct mock_pasid *entry(struct mock_device *dev, uint32_t number)
{
	struct mock_pasid *pasid = dev->pasids;

	while (pasid->number != number)
		pasid = pasid->next;
	return pasid;
}

/* The entry is one of the device's table, or is one no more. */
static void enter_table(struct mock_pasid *pasid)
{
	struct mock_device *dev = pasid->dev;

	pthread_rwlock_wrlock(&dev->iommu->gate);
	pasid->next = dev->pasids;
	dev->pasids = pasid;
	pthread_rwlock_unlock(&dev->iommu->gate);
}

static void leave_table(struct mock_pasid *pasid)
{
	struct mock_device *dev = pasid->dev;
	struct mock_pasid **link = &dev->pasids;

	pthread_rwlock_wrlock(&dev->iommu->gate);
	while (*link != pasid)
		link = &(*link)->next;
	*link = pasid->next;
	pthread_rwlock_unlock(&dev->iommu->gate);
}

static void join_space(struct mock_pasid *pasid, struct mock_space *space)
{
	pasid->in_space = space->pasids;
	space->pasids = pasid;
	mock_space_take(space, pasid->dev->iommu);
}

static void quit_space(struct mock_pasid *pasid, struct mock_space *space, struct mock_domain *dom)
{
	struct mock_pasid **link = &space->pasids;

	while (*link != pasid)
		link = &(*link)->in_space;
	*link = pasid->in_space;
	mock_space_drop(space, pasid->dev->iommu, mock_domain_book(dom));
}

/* What the domain can translate with this device, and its space with room for it. */
static int prepare(struct mock_claim *claim, struct mock_domain *dom,
		   const struct libiommu_backend_attach *attach, struct mock_plan *plan,
		   struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct mock_device *dev = claim->dev;
	int error = mock_domain_fits(dom, dev, failure);

	if (!error)
		error = mock_geometry(claim->ctx->env, dom, dev->group, geometry, failure);
	if (!error)
		error = libiommu_geometry_check(geometry, attach->maps, attach->map_count, failure);
	if (!error)
		error = mock_plan_make(plan, mock_domain_book(dom), dev->iommu, NULL, attach,
				       failure);
	return error;
}

static int slot_width(void *device, unsigned int *bits, struct libiommu_failure *failure)
{
	struct mock_claim *claim = device;

	return mock_pasid_width(claim->dev, bits, failure);
}

static int attach_entry(struct mock_claim *claim, struct mock_pasid *pasid, struct mock_domain *dom,
			const struct libiommu_backend_attach *attach,
			struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct mock_plan plan;
	int error = prepare(claim, dom, attach, &plan, geometry, failure);

	if (error)
		return error;
	mock_plan_commit(&plan);
	join_space(pasid, plan.space);
	pasid->reach = mock_domain_reach(dom, plan.space, claim->dev->iommu);
	__atomic_store_n(&claim->dev->handle, attach->handle, __ATOMIC_RELAXED);
	enter_table(pasid);
	return 0;
}

static int slot_attach(void *device, uint32_t number, void *domain,
		       const struct libiommu_backend_attach *attach,
		       struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct mock_claim *claim = device;
	struct mock_machine *machine = claim->ctx->machine;
	struct mock_pasid *pasid = mock_alloc(machine, sizeof(*pasid));
	int error;

	if (!pasid)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	pasid->dev = claim->dev;
	pasid->number = number;
	pthread_mutex_lock(&machine->lock);
	error = attach_entry(claim, pasid, domain, attach, geometry, failure);
	pthread_mutex_unlock(&machine->lock);
	if (error)
		mock_free(machine, pasid, sizeof(*pasid));
	return error;
}

static void slot_detach(void *device, uint32_t number, void *domain,
			struct libiommu_geometry *geometry)
{
	struct mock_claim *claim = device;
	struct mock_machine *machine = claim->ctx->machine;
	struct mock_space *space;
	struct mock_pasid *pasid;

	pthread_mutex_lock(&machine->lock);
	pasid = entry(claim->dev, number);
	space = pasid->reach.space;
	mock_pasid_reach(pasid, NULL);
	leave_table(pasid);
	quit_space(pasid, space, domain);
	if (mock_geometry(claim->ctx->env, domain, NULL, geometry, NULL))
		libiommu_geometry_clear(claim->ctx->env, geometry);
	pthread_mutex_unlock(&machine->lock);
	mock_free(machine, pasid, sizeof(*pasid));
}

static void move_entry(struct mock_pasid *pasid, struct mock_domain *from, struct mock_domain *to,
		       struct mock_plan *plan)
{
	const struct mock_iommu *iommu = pasid->dev->iommu;
	struct mock_space *old = pasid->reach.space;
	struct mock_reach reach;

	mock_plan_commit(plan);
	reach = mock_domain_reach(to, plan->space, iommu);
	mock_pasid_reach(pasid, &reach);
	/* Both may be the same space, of two nested domains on one parent. */
	mock_space_take(plan->space, iommu);
	quit_space(pasid, old, from);
	join_space(pasid, plan->space);
	mock_space_drop(plan->space, iommu, mock_domain_book(to));
}

static int slot_replace(void *device, uint32_t number, void *from, void *to,
			const struct libiommu_backend_attach *attach,
			struct libiommu_geometry *from_geometry,
			struct libiommu_geometry *to_geometry, struct libiommu_failure *failure)
{
	struct mock_claim *claim = device;
	struct mock_machine *machine = claim->ctx->machine;
	struct mock_plan plan;
	int error;

	pthread_mutex_lock(&machine->lock);
	error = prepare(claim, to, attach, &plan, to_geometry, failure);
	if (!error) {
		move_entry(entry(claim->dev, number), from, to, &plan);
		if (mock_geometry(claim->ctx->env, from, NULL, from_geometry, NULL))
			libiommu_geometry_clear(claim->ctx->env, from_geometry);
	}
	pthread_mutex_unlock(&machine->lock);
	return error;
}

const struct libiommu_backend_pasids mock_pasids = {
	.size = sizeof(mock_pasids),
	.width = slot_width,
	.attach = slot_attach,
	.detach = slot_detach,
	.replace = slot_replace,
};

int mock_domain_new_with(struct mock_ctx *ctx, struct mock_domain *dom,
			 const struct libiommu_backend_wishes *wishes,
			 struct libiommu_failure *failure)
{
	const struct mock_personality *who = ctx->machine->personality;
	enum libiommu_domain_type type = wishes->type;

	if ((type == LIBIOMMU_DOMAIN_IDENTITY && !who->identity) ||
	    ((type == LIBIOMMU_DOMAIN_SVA || type == LIBIOMMU_DOMAIN_SHARED) && !who->foreign))
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_UAPI, NULL, NULL);
	if (wishes->pasid && !who->extras)
		return libiommu_refuse(failure, LIBIOMMU_REASON_PASID_UNSUPPORTED, NULL,
				       "Personality %s has none.", who->name);
	if ((wishes->nest_parent || wishes->faults) && !who->extras)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL,
				       "Personality %s has no such domains.", who->name);
	dom->ctx = ctx;
	dom->type = type;
	dom->nest_parent = wishes->nest_parent;
	dom->queue = wishes->faults;
	return wishes->shared ? mock_shared_make(dom, wishes->shared, failure) : 0;
}
