/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/vfio.h"

#include <libiommu/endpoint.h>

#include <errno.h>

/* The ways in which a group gets at a domain's mappings. */
enum way {
	HOME,   /* it has always been in the container that the domain adopted */
	KEPT,   /* it has a vessel from before: the mappings are replayed there */
	JOINED, /* it shares one of the domain's vessels: the kernel replays */
	MADE    /* it gets a vessel of its own: the mappings are replayed there */
};

struct entry {
	struct vfio_ctx *ctx;
	struct vfio_device *device;
	struct vfio_group *group;
	struct vfio_domain *domain;
	struct vfio_vessel *vessel;
	enum way way;
	struct vfio_info info; /* HOME, JOINED: what the vessel tells now; else empty */
};

static int come_home(struct entry *entry, struct libiommu_failure *failure)
{
	entry->way = HOME;
	entry->vessel = entry->group->vessel;
	if (entry->vessel->adopter != entry->domain)
		return libiommu_vfio_refuse_unadopted(entry->device->dev.name, failure);
	return libiommu_vfio_info_read(entry->ctx, entry->vessel->fd, &entry->info, failure);
}

static int keep(struct entry *entry, struct libiommu_failure *failure)
{
	entry->way = KEPT;
	entry->vessel = entry->group->vessel;
	return entry->vessel->stale ? libiommu_vfio_vessel_empty(entry->ctx, entry->vessel, failure)
				    : 0;
}

static int make(struct entry *entry, struct libiommu_failure *failure)
{
	entry->way = MADE;
	return libiommu_vfio_vessel_new(entry->ctx, entry->domain, entry->group,
					entry->device->dev.name, &entry->vessel, failure);
}

/* There is no other vessel to be had. */
static int refuse_to_join(struct entry *entry, struct libiommu_failure *failure)
{
	const char *device = entry->device->dev.name;
	int rc = libiommu_vfio_diagnose_attach(entry->ctx, entry->group, device, -EINVAL,
					       "VFIO_GROUP_SET_CONTAINER", failure);

	if (!failure || failure->reason != LIBIOMMU_REASON_KERNEL_REFUSED)
		return rc;
	rc = libiommu_refuse(failure, LIBIOMMU_REASON_INCOMPATIBLE_IOMMU, device,
			     "It cannot share the container, and a second one was not passed.");
	return libiommu_vfiodev_guess(failure, rc);
}

static int join(struct entry *entry, struct libiommu_failure *failure)
{
	struct vfio_ctx *ctx = entry->ctx;
	int rc;

	entry->way = JOINED;
	rc = libiommu_vfio_set_container(ctx->sys, entry->group->fd, entry->vessel->fd);
	/* They cannot share a vessel; one of its own works, or tells exactly why not. */
	if (rc == -EINVAL)
		return libiommu_vfio_sealed(ctx) ? refuse_to_join(entry, failure)
						 : make(entry, failure);
	if (rc < 0)
		return libiommu_vfio_diagnose_attach(ctx, entry->group, entry->device->dev.name, rc,
						     "VFIO_GROUP_SET_CONTAINER", failure);
	rc = libiommu_vfio_info_read(ctx, entry->vessel->fd, &entry->info, failure);
	if (rc)
		libiommu_vfio_vessel_leave(ctx, entry->group);
	return rc;
}

static int enter(struct entry *entry, struct libiommu_failure *failure)
{
	if (entry->group->home)
		return come_home(entry, failure);
	if (entry->group->vessel)
		return keep(entry, failure);
	entry->vessel = libiommu_vfio_vessel_open(entry->ctx, entry->domain);
	return entry->vessel ? join(entry, failure) : make(entry, failure);
}

static void leave(struct entry *entry)
{
	switch (entry->way) {
	case HOME:
		break;
	case KEPT:
		if (libiommu_vfio_vessel_empty(entry->ctx, entry->vessel, NULL))
			entry->vessel->stale = true;
		break;
	case JOINED:
		libiommu_vfio_vessel_leave(entry->ctx, entry->group);
		break;
	case MADE:
		libiommu_vfio_vessel_leave(entry->ctx, entry->group);
		libiommu_vfio_vessel_free(entry->ctx, entry->vessel);
		break;
	}
	libiommu_vfio_info_clear(entry->ctx, &entry->info);
}

static int prepare(struct entry *entry, const struct libiommu_backend_attach *attach,
		   struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	const bool filled = entry->way == HOME || entry->way == JOINED;
	const struct vfio_info *info = filled ? &entry->info : &entry->vessel->info;
	/* Named exactly, which the kernel would not do. */
	int rc = libiommu_geometry_check(&info->geometry, attach->maps, attach->map_count, failure);

	if (!rc)
		rc = libiommu_vfio_domain_geometry(entry->domain, entry->vessel, info, geometry,
						   failure);
	if (!rc && !filled)
		rc = libiommu_vfio_vessel_replay(entry->ctx, entry->vessel, attach->maps,
						 attach->map_count, failure);
	/* It resets the device, so nothing may be refused behind it. */
	return rc ? rc : libiommu_vfio_device_take(entry->device, failure);
}

static void commit(struct entry *entry)
{
	const bool filled = entry->way == HOME || entry->way == JOINED;
	struct vfio_info old = { 0 };

	pthread_mutex_lock(&entry->ctx->lock);
	if (filled) {
		old = entry->vessel->info;
		entry->vessel->info = entry->info;
		entry->vessel->groups += entry->way == JOINED;
	}
	entry->group->vessel = entry->vessel;
	pthread_mutex_unlock(&entry->ctx->lock);
	if (!filled)
		libiommu_vfio_vessel_link(entry->vessel, entry->domain);
	libiommu_vfio_info_clear(entry->ctx, &old);
}

int libiommu_vfio_attach(void *device_data, void *domain_data,
			 const struct libiommu_backend_attach *attach,
			 struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct vfio_device *device = device_data;
	struct entry entry = {
		.ctx = device->ctx,
		.device = device,
		.group = device->group,
		.domain = domain_data,
	};
	int rc;

	if (!attach->first) {
		rc = libiommu_vfio_domain_geometry(entry.domain, NULL, NULL, geometry, failure);
		return rc ? rc : libiommu_vfio_device_take(device, failure);
	}
	rc = libiommu_vfio_group_ready(entry.ctx, entry.group, failure);
	if (!rc)
		rc = enter(&entry, failure);
	if (rc)
		return rc;
	rc = prepare(&entry, attach, geometry, failure);
	if (rc)
		leave(&entry);
	else
		commit(&entry);
	return rc;
}

/*
 * Others stay: what the vessel offers may have grown, but the old answer is right as well. Only when
 * it was adopted nobody may be left; the kernel has dropped everything then.
 */
static void leave_shared(struct vfio_ctx *ctx, struct vfio_group *group)
{
	struct vfio_vessel *vessel = group->vessel;
	struct vfio_info info, old = { 0 };
	int rc = libiommu_vfio_info_read(ctx, vessel->fd, &info, NULL);
	const bool dropped = rc == -EINVAL && vessel->groups == 1;

	pthread_mutex_lock(&ctx->lock);
	if (!rc || dropped) {
		old = vessel->info;
		vessel->info = info;
	}
	vessel->groups--;
	group->vessel = NULL;
	pthread_mutex_unlock(&ctx->lock);
	libiommu_vfio_info_clear(ctx, &old);
	if (dropped)
		libiommu_vfio_vessel_unlink(vessel);
}

int libiommu_vfio_detach(void *device_data, void *domain_data, bool last, uint32_t flags,
			 struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct vfio_device *device = device_data;
	struct vfio_group *group = device->group;
	struct vfio_vessel *vessel = group->vessel;
	int rc;

	if (last && !group->home && vessel->groups == 1 && !vessel->adopter) {
		rc = libiommu_vfio_vessel_empty(device->ctx, vessel, failure);
		if (rc)
			return rc;
		libiommu_vfio_vessel_unlink(vessel);
	} else if (last && !group->home) {
		if (!(flags & LIBIOMMU_DETACH_MAY_REOPEN))
			return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_FD_IN_USE,
					       device->dev.name, NULL);
		rc = libiommu_vfio_group_give_up(device->ctx, group, failure);
		if (rc)
			return rc;
		leave_shared(device->ctx, group);
	}
	/* Without memory it stays empty; the core then keeps the narrower one. */
	libiommu_vfio_domain_geometry(domain_data, NULL, NULL, geometry, NULL);
	return 0;
}

int libiommu_vfio_replace(void *const *devices, size_t count, void *from, void *to,
			  const struct libiommu_backend_attach *attach,
			  struct libiommu_geometry *from_geometry,
			  struct libiommu_geometry *to_geometry, struct libiommu_failure *failure)
{
	const struct vfio_device *device = devices[0];

	(void)count;
	(void)from;
	(void)to;
	(void)attach;
	(void)from_geometry;
	(void)to_geometry;
	return libiommu_refuse(failure, LIBIOMMU_REASON_REPLACE_UNSUPPORTED, device->dev.name,
			       NULL);
}
