/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfiodev/vfiodev.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int add_id(void *data, uint32_t id, struct libiommu_failure *failure)
{
	return libiommu_id_builder_add(data, id, failure);
}

int libiommu_vfiodev_group_ids(const struct libiommu_sysfs *fs, struct libiommu_id_builder *ids,
			       struct libiommu_failure *failure)
{
	return libiommu_sysfs_groups(fs, add_id, ids, failure);
}

static int add_member(void *data, const struct libiommu_group_member *member,
		      struct libiommu_failure *failure)
{
	return libiommu_group_builder_member(data, member, failure);
}

static int add_reserved(void *data, const struct libiommu_reserved *reserved,
			struct libiommu_failure *failure)
{
	return libiommu_group_builder_reserved(data, reserved, failure);
}

static int read_open(const struct libiommu_sysfs_group *from, struct libiommu_group_builder *group,
		     struct libiommu_failure *failure)
{
	char text[LIBIOMMU_SYSFS_NAME];
	int rc;

	libiommu_sysfs_group_text(from, "type", text);
	rc = libiommu_group_builder_type(group, text, failure);
	libiommu_sysfs_group_text(from, "name", text);
	if (!rc)
		rc = libiommu_group_builder_name(group, text, failure);
	if (!rc)
		rc = libiommu_sysfs_group_members(from, add_member, group, failure);
	if (!rc)
		rc = libiommu_sysfs_group_reserved(from, add_reserved, group, failure);
	return rc;
}

int libiommu_vfiodev_group_read(const struct libiommu_sysfs *fs, uint32_t id,
				struct libiommu_group_builder *group,
				struct libiommu_failure *failure)
{
	struct libiommu_sysfs_group from;
	int rc = libiommu_sysfs_group_open(fs, id, &from, failure);

	if (rc)
		return rc;
	rc = read_open(&from, group, failure);
	libiommu_sysfs_group_close(&from);
	return rc;
}

void libiommu_vfiodev_msi(const struct libiommu_sysfs *fs, const char *parameter,
			  const char *evidence, struct libiommu_group_builder *group)
{
	char value[8];

	if (libiommu_sysfs_read(fs, parameter, value, sizeof(value)) > 0 && value[0] == 'N')
		libiommu_group_builder_msi(group, true, evidence);
}

/* What the group's members tell about the device that is to be opened. */
struct members {
	const char *device;
	bool others; /* another member keeps the group from being used */
	char driver[LIBIOMMU_SYSFS_NAME];
};

static int look_at(void *data, const struct libiommu_group_member *member,
		   struct libiommu_failure *failure)
{
	struct members *members = data;

	(void)failure;
	if (!strcmp(member->name, members->device))
		strcpy(members->driver, member->driver);
	else if (member->blocks)
		members->others = true;
	return 0;
}

int libiommu_vfiodev_check_group(const struct libiommu_sysfs *fs, uint32_t id, const char *name,
				 struct libiommu_failure *failure)
{
	struct members members = { .device = name };
	int rc = libiommu_sysfs_members(fs, id, look_at, &members, failure);

	if (rc)
		return rc;
	if (members.others)
		return libiommu_vfiodev_refuse_viability(fs, id, name, failure);
	if (libiommu_sysfs_driver_is_vfio(members.driver))
		return 0;
	if (!members.driver[0])
		return libiommu_refuse(failure, LIBIOMMU_REASON_NOT_BOUND, name,
				       "It has no driver.");
	return libiommu_refuse(failure, LIBIOMMU_REASON_NOT_BOUND, name, "Its driver is %s.",
			       members.driver);
}

struct count {
	struct libiommu_claimed *held;
	char *member;
	bool blocked;
};

static int count_member(void *data, const struct libiommu_group_member *member,
			struct libiommu_failure *failure)
{
	const bool lent = libiommu_sysfs_driver_is_vfio(member->driver);
	struct count *count = data;

	(void)failure;
	count->blocked |= member->blocks;

	/* Any one, as long as there is none that is lent. */
	if (!count->held->lent && (lent || !count->held->guarded))
		snprintf(count->member, LIBIOMMU_SYSFS_NAME, "%s", member->name);
	count->held->lent += lent;
	count->held->guarded += !lent;
	return 0;
}

int libiommu_vfiodev_count(const struct libiommu_sysfs *fs, uint32_t id,
			   struct libiommu_claimed *held, char member[LIBIOMMU_SYSFS_NAME],
			   struct libiommu_failure *failure)
{
	struct count count = { held, member, false };
	char group[24];
	int rc;

	member[0] = '\0';
	held->lent = held->guarded = 0;
	rc = libiommu_sysfs_members(fs, id, count_member, &count, failure);
	if (rc)
		return rc;
	snprintf(group, sizeof(group), "group %" PRIu32, id);
	if (count.blocked)
		return libiommu_vfiodev_refuse_viability(fs, id, group, failure);
	if (held->lent)
		return 0;
	/* Whom the hint is to name. */
	if (failure)
		snprintf(failure->culprit, sizeof(failure->culprit), "%s", member);
	return libiommu_refuse(failure, LIBIOMMU_REASON_NOT_BOUND, group,
			       "No member of the group is.");
}

/* Since Linux 5.14; older headers lack it. */
#define ADVICE_POPULATE_WRITE 23

/*
 * Memory that nobody has written yet is the kernel's page of zeros. Before Linux
 * 6.2 a pin for reading keeps that page for the device, which then never sees
 * what is written later. Where the memory cannot be written nothing is lost.
 */
void libiommu_vfiodev_write_pages(const struct libiommu_sys *sys,
				  const struct libiommu_backend_map *map)
{
	sys->madvise(sys->data, map->memory, map->length, ADVICE_POPULATE_WRITE);
}
