/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfiodev/vfiodev.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_IPC_LOCK 14

int libiommu_vfiodev_guess(struct libiommu_failure *failure, int code)
{
	if (failure)
		failure->guess = true;
	return code;
}

int libiommu_vfiodev_diagnose(struct libiommu_failure *failure, int error, const char *call,
			      const char *subject)
{
	libiommu_refuse_kernel(failure, error, call, subject);
	switch (error) {
	case -EMFILE:
	case -ENFILE:
		return libiommu_refuse(failure, LIBIOMMU_REASON_FD_LIMIT, subject, NULL);
	case -ENOMEM:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, subject, NULL);
	default:
		return error;
	}
}

struct blockers {
	struct libiommu_failure *failure; /* NULL: only find out whether there are any */
	const char *device;
	bool found;
};

static int name_blocker(void *data, const struct libiommu_group_member *member,
			struct libiommu_failure *failure)
{
	struct blockers *blockers = data;

	(void)failure;
	if (!member->blocks)
		return 0;
	blockers->found = true;
	libiommu_refuse_blocked(blockers->failure, blockers->device, member->name, member->driver);
	return 0;
}

static bool find_blockers(const struct libiommu_sysfs *fs, uint32_t id, const char *device,
			  struct libiommu_failure *failure)
{
	struct blockers blockers = { failure, device, false };

	libiommu_sysfs_members(fs, id, name_blocker, &blockers, NULL);
	return blockers.found;
}

bool libiommu_vfiodev_blocked(const struct libiommu_sysfs *fs, uint32_t id)
{
	return find_blockers(fs, id, NULL, NULL);
}

int libiommu_vfiodev_refuse_viability(const struct libiommu_sysfs *fs, uint32_t id,
				      const char *device, struct libiommu_failure *failure)
{
	if (find_blockers(fs, id, device, failure))
		return -libiommu_reason_errno(LIBIOMMU_REASON_GROUP_NOT_VIABLE);
	return libiommu_refuse(failure, LIBIOMMU_REASON_GROUP_NOT_VIABLE, device,
			       "The kernel says so of group %" PRIu32 "%s.", id,
			       fs->root || fs->directory >= 0 ? "; sysfs shows nobody who blocks"
							      : "");
}

static int find_direct(void *data, const struct libiommu_reserved *reserved,
		       struct libiommu_failure *failure)
{
	struct libiommu_range *range = data;

	(void)failure;
	if (reserved->type != LIBIOMMU_RESERVED_DIRECT)
		return 0;
	*range = reserved->range;
	return 1;
}

int libiommu_vfiodev_refuse_direct(const struct libiommu_sysfs *fs, uint32_t id, const char *device,
				   struct libiommu_failure *failure)
{
	struct libiommu_range range;

	if (libiommu_sysfs_reserved(fs, id, find_direct, &range, NULL) != 1)
		return 0;
	return libiommu_vfiodev_guess(failure,
				      libiommu_refuse(failure, LIBIOMMU_REASON_DIRECT_REGION,
						      device, "It is 0x%" PRIx64 "-0x%" PRIx64 ".",
						      range.start, range.last));
}

int libiommu_vfiodev_refuse_interrupts(const struct libiommu_sysfs *fs, const char *parameter,
				       const char *device, int error,
				       struct libiommu_failure *failure)
{
	const char *name = strchr(parameter, '/') + 1;
	char value[8];
	int rc = libiommu_sysfs_read(fs, parameter, value, sizeof(value));

	if (rc > 0 && value[0] == 'Y')
		return error;
	if (rc > 0)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_MSI_NOT_ISOLATED, device,
				     "%.*s.allow_unsafe_interrupts is off, and nothing else "
				     "explains the refusal.",
				     (int)strcspn(name, "/"), name);
	else
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_MSI_NOT_ISOLATED, device,
				     "Nothing else explains the refusal.");
	return libiommu_vfiodev_guess(failure, rc);
}

/* The number behind a line's name; 0 when it is not there. */
static uint64_t number_of(const char *status, const char *name, int base)
{
	char start[16];
	const char *line;

	snprintf(start, sizeof(start), "\n%s:", name);
	line = strstr(status, start);
	return line ? strtoull(line + strlen(start), NULL, base) : 0;
}

bool libiommu_vfiodev_lockable(const struct libiommu_sysfs *fs, const char *charged,
			       uint64_t *bytes)
{
	const struct libiommu_sysfs proc = libiommu_sysfs_beside(fs, "/proc");
	uint64_t soft, locked;
	char status[8192];

	if (fs->sys->memlock(fs->sys->data, &soft) < 0)
		return false;
	*bytes = soft;
	if (soft == UINT64_MAX ||
	    libiommu_sysfs_read(&proc, "self/status", status, sizeof(status)) <= 0)
		return true;
	locked = number_of(status, charged, 10) * 1024;
	*bytes = locked < soft ? soft - locked : 0;
	if (number_of(status, "CapEff", 16) >> CAP_IPC_LOCK & 1)
		*bytes = UINT64_MAX;
	return true;
}
