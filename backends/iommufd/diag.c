/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

#include "lib/geometry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

int libiommu_iommufd_diagnose(struct libiommu_failure *failure, int error, const char *call,
			      const char *subject)
{
	int rc = libiommu_vfiodev_diagnose(failure, error, call, subject);

	if (error != -ENOTTY)
		return rc;
	return libiommu_refuse(failure, LIBIOMMU_REASON_NO_UAPI, subject, "It does not know %s.",
			       call);
}

int libiommu_iommufd_diagnose_open(struct iommufd_ctx *ctx, struct libiommu_failure *failure,
				   int error)
{
	const struct libiommu_sysfs proc = libiommu_sysfs_beside(&ctx->sysfs, "/proc");
	static const char path[] = "/dev/iommu";
	char release[64];

	libiommu_refuse_kernel(failure, error, "open", path);
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
		if (libiommu_sysfs_read(&proc, "sys/kernel/osrelease", release, sizeof(release)) <=
		    0)
			strcpy(release, "This kernel");
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_UAPI, path,
				       "%s has no iommufd; Linux 6.2 and later can have it "
				       "(CONFIG_IOMMUFD, module iommufd).",
				       release);
	case -ENODEV:
	case -ENXIO:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_UAPI, path,
				       "The node is there, the module iommufd is not.");
	case -EACCES:
	case -EPERM:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_PERMISSION, path, NULL);
	default:
		return libiommu_iommufd_diagnose(failure, error, "open", path);
	}
}

/* The kernel says the same of a node that another program has bound and of much else. */
static int diagnose_invalid_bind(const struct iommufd_ctx *ctx, const char *device,
				 const struct libiommu_device_options *opts,
				 struct libiommu_failure *failure)
{
	char node[LIBIOMMU_SYSFS_NAME] = "";
	int rc;

	libiommu_sysfs_vfio_node(&ctx->sysfs, device, node, NULL);
	if (opts && opts->vf_token)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_BAD_TOKEN, device,
				     "The device takes none, or this kernel takes none here.");
	else if (node[0])
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, device,
				     "Its node is /dev/vfio/devices/%s, and nothing else explains "
				     "the refusal.",
				     node);
	else
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, device,
				     "Nothing else explains the refusal.");
	return libiommu_vfiodev_guess(failure, rc);
}

/* Members that somebody else may have the group by. */
struct lent {
	const char *device;
	char names[128]; /* whole ones */
	size_t used;
	bool more;
};

static int name_lent(void *data, const struct libiommu_group_member *member,
		     struct libiommu_failure *failure)
{
	struct lent *lent = data;
	const size_t room = sizeof(lent->names) - lent->used;
	int length;

	(void)failure;
	if (!strcmp(member->name, lent->device) || !libiommu_sysfs_driver_is_vfio(member->driver))
		return 0;
	length = snprintf(lent->names + lent->used, room, "%s%s (%s)", lent->used ? ", " : "",
			  member->name, member->driver);
	if (length > 0 && (size_t)length < room)
		lent->used += (size_t)length;
	else
		lent->more = true;
	lent->names[lent->used] = '\0';
	return 0;
}

/* The kernel does not tell who has it, and sysfs shows no more than who lends it. */
static int refuse_owned(const struct iommufd_ctx *ctx, uint32_t group, const char *device,
			struct libiommu_failure *failure)
{
	struct lent lent = { .device = device };
	int rc;

	libiommu_sysfs_members(&ctx->sysfs, group, name_lent, &lent, NULL);
	if (lent.used)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, device,
				     "Its group is in another iommufd, by one of %s%s.", lent.names,
				     lent.more ? " and others" : "");
	else
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, device,
				     "Its group has another owner.");
	return libiommu_vfiodev_guess(failure, rc);
}

int libiommu_iommufd_diagnose_bind(struct iommufd_ctx *ctx, uint32_t group, const char *device,
				   const struct libiommu_device_options *opts, int error,
				   struct libiommu_failure *failure)
{
	const char *call = ctx->transport->bind_call;
	int direct, rc = libiommu_iommufd_diagnose(failure, error, call, device);

	if (error == -EINVAL || error == -EPERM) {
		direct = libiommu_vfiodev_refuse_direct(&ctx->sysfs, group, device, failure);
		if (direct)
			return direct;
	}
	switch (error) {
	case -EINVAL:
		return diagnose_invalid_bind(ctx, device, opts, failure);
	case -EPERM:
		if (libiommu_vfiodev_blocked(&ctx->sysfs, group))
			return libiommu_vfiodev_guess(
				failure, libiommu_vfiodev_refuse_viability(&ctx->sysfs, group,
									   device, failure));
		rc = libiommu_vfiodev_refuse_interrupts(&ctx->sysfs, LIBIOMMU_IOMMUFD_UNSAFE,
							device, error, failure);
		if (!failure || failure->reason == LIBIOMMU_REASON_MSI_NOT_ISOLATED)
			return rc;
		/* They are allowed: what is left is another owner. */
		return refuse_owned(ctx, group, device, failure);
	case -EBUSY:
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, device,
				       "Its group (/dev/vfio/%" PRIu32
				       ") is open elsewhere, or has another owner.",
				       group);
	case -EACCES:
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_TOKEN, device,
				       opts && opts->vf_token ? NULL : "None was passed.");
	case -EBADFD:
		return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, "/dev/iommu",
				       "It is no iommufd.");
	case -ENOTTY:
		if (opts && opts->cdev >= 0)
			return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, device,
					       "It is no node of a VFIO device.");
		return rc;
	case -ENODEV:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NOT_BOUND, device, NULL);
	default:
		return rc;
	}
}

static void name_map(struct libiommu_failure *failure, const struct libiommu_backend_map *map)
{
	libiommu_refuse_subject_range(failure, map->iova, map->iova + map->length - 1);
}

/* Where a mapping of the domain lies that the device's IOMMU cannot translate. */
static int diagnose_conflict(struct iommufd_device *device,
			     const struct libiommu_backend_attach *attach,
			     struct libiommu_failure *failure)
{
	struct libiommu_geometry g = { 0 };
	int rc = 0;

	if (attach->map_count && !libiommu_iommufd_device_ranges(device, &g, NULL))
		rc = libiommu_geometry_check(&g, attach->maps, attach->map_count, failure);
	libiommu_geometry_clear(device->ctx->env, &g);
	if (rc)
		return libiommu_vfiodev_guess(failure, rc);
	return libiommu_refuse(failure, LIBIOMMU_REASON_MAPPING_CONFLICT, device->dev.name,
			       "Nothing tells which one.");
}

/* Memory that cannot be touched as the device would. */
static bool memory_is_bad(const struct libiommu_sys *sys, const struct libiommu_backend_map *map)
{
	const int advice =
		map->prot & LIBIOMMU_PROT_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;

	return map->memory && sys->madvise(sys->data, map->memory, map->length, advice) < 0;
}

/* Until the first attach the kernel has not looked at the memory. */
static int diagnose_memory_of(struct iommufd_device *device,
			      const struct libiommu_backend_attach *attach, int rc,
			      struct libiommu_failure *failure)
{
	for (size_t i = 0; i < attach->map_count; i++) {
		if (!memory_is_bad(device->ctx->sys, &attach->maps[i]))
			continue;
		name_map(failure, &attach->maps[i]);
		return libiommu_vfiodev_guess(
			failure, libiommu_refuse(failure, LIBIOMMU_REASON_BAD_MEMORY, NULL, NULL));
	}
	return rc;
}

/*
 * Nor at files, which it finds too short then, and says what it says of devices that cannot share:
 * but for those it would have made another page table. The backend does not see the files again.
 */
static int diagnose_invalid_attach(struct iommufd_device *device,
				   const struct libiommu_backend_attach *attach,
				   struct libiommu_failure *failure)
{
	const struct libiommu_backend_map *file = NULL;
	size_t files = 0;

	for (size_t i = 0; i < attach->map_count; i++) {
		if (attach->maps[i].memory)
			continue;
		files++;
		file = &attach->maps[i];
	}
	if (!files)
		return libiommu_refuse(failure, LIBIOMMU_REASON_INCOMPATIBLE_IOMMU,
				       device->dev.name, NULL);
	if (files == 1)
		name_map(failure, file);
	return libiommu_vfiodev_guess(
		failure, libiommu_refuse(failure, LIBIOMMU_REASON_BAD_FILE, NULL,
					 files == 1 ? "It has become too short."
						    : "One of several has become too short."));
}

/*
 * The kernel charges the user, of whose other processes nothing tells; what this one has pinned is
 * known. The first mapping that no longer fits is named.
 */
static int diagnose_memory(struct iommufd_ctx *ctx, const struct libiommu_backend_map *maps,
			   size_t count, struct libiommu_failure *failure)
{
	uint64_t left = 0, needed = 0;
	size_t i;

	if (!libiommu_vfiodev_lockable(&ctx->sysfs, "VmPin", &left))
		return libiommu_vfiodev_guess(
			failure,
			libiommu_refuse(failure, LIBIOMMU_REASON_LOCKED_MEMORY, NULL, NULL));
	for (i = 0; i < count && needed <= left; i++)
		needed += maps[i].length;
	if (needed <= left)
		return libiommu_vfiodev_guess(
			failure,
			libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL,
					left == UINT64_MAX
						? NULL
						: "Or other processes of this user have locked "
						  "what RLIMIT_MEMLOCK allows."));
	name_map(failure, &maps[i - 1]);
	libiommu_refuse_figures(failure, needed, left);
	return libiommu_vfiodev_guess(
		failure, libiommu_refuse(failure, LIBIOMMU_REASON_LOCKED_MEMORY, NULL, NULL));
}

int libiommu_iommufd_diagnose_attach(struct iommufd_device *device,
				     const struct libiommu_backend_attach *attach, int error,
				     const char *call, struct libiommu_failure *failure)
{
	const char *name = device->dev.name;
	int rc = libiommu_iommufd_diagnose(failure, error, call, name);

	switch (error) {
	case -EADDRINUSE:
		return diagnose_conflict(device, attach, failure);
	case -EFAULT:
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_BAD_MEMORY, name, NULL);
		return diagnose_memory_of(device, attach, rc, failure);
	case -ENOMEM:
		return attach->map_count ? diagnose_memory(device->ctx, attach->maps,
							   attach->map_count, failure)
					 : rc;
	case -EINVAL:
		return diagnose_invalid_attach(device, attach, failure);
	case -EBUSY:
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, name, NULL);
	default:
		return rc;
	}
}

/* The domain's ranges as they are now: they narrow when a device joins. */
static int diagnose_place(const struct iommufd_domain *domain,
			  const struct libiommu_backend_map *map, int error,
			  struct libiommu_failure *failure)
{
	uint64_t start = map->iova, last = start + map->length - 1;
	enum libiommu_reason reason = LIBIOMMU_REASON_NONE;
	struct libiommu_geometry g = { 0 };
	int rc = libiommu_iommufd_ranges(domain->ctx, domain->id, &g, NULL);

	if (!rc && !libiommu_ranges_hold(g.ranges, g.count, start, last))
		reason = !g.count || start < g.ranges[0].start || last > g.ranges[g.count - 1].last
				 ? LIBIOMMU_REASON_OUTSIDE_APERTURE
				 : LIBIOMMU_REASON_RESERVED_REGION;
	libiommu_geometry_clear(domain->ctx->env, &g);
	if (reason == LIBIOMMU_REASON_NONE && map->fd >= 0)
		reason = LIBIOMMU_REASON_BAD_FILE;
	if (reason == LIBIOMMU_REASON_NONE)
		return error;
	return libiommu_vfiodev_guess(failure, libiommu_refuse(failure, reason, NULL, NULL));
}

int libiommu_iommufd_diagnose_map(struct iommufd_domain *domain,
				  const struct libiommu_backend_map *map, int error,
				  const char *call, struct libiommu_failure *failure)
{
	int rc;

	name_map(failure, map);
	rc = libiommu_iommufd_diagnose(failure, error, call, NULL);
	switch (error) {
	case -EFAULT:
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_MEMORY, NULL, NULL);
	case -ENOMEM:
		return diagnose_memory(domain->ctx, map, 1, failure);
	case -EEXIST:
		return libiommu_refuse(failure, LIBIOMMU_REASON_FOREIGN_MAPPING, NULL, NULL);
	case -EBADF:
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_FD, NULL, NULL);
	case -EINVAL:
		return diagnose_place(domain, map, error, failure);
	default:
		return rc;
	}
}
