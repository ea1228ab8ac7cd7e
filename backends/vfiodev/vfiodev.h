/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the backends share that lend devices through VFIO: a device's registers and interrupts behind
 * its descriptor, the group as sysfs shows it, and what a refusal means.
 */
#ifndef BACKENDS_VFIODEV_VFIODEV_H
#define BACKENDS_VFIODEV_VFIODEV_H

#include "backends/vfiodev/uapi.h"
#include "lib/sysfs.h"

#include <libiommu/backend.h>

#include <pthread.h>

/* The first member of a backend's device, since the slots of the table below take it as that. */
struct libiommu_vfiodev {
	const struct libiommu_sys *sys;
	const struct libiommu_allocator *allocator;
	const struct libiommu_sysfs *sysfs;
	pthread_rwlock_t *lock;  /* the descriptor and what is known through it */
	int fd;                  /* -1: registers cannot be reached */
	unsigned int mapped;     /* regions in this process' memory */
	uint32_t enabled;        /* kinds of interrupts */
	unsigned int vectors[5]; /* enabled of each kind */
	uint32_t known;          /* regions that were looked up */
	struct libiommu_vfio_region regions[VFIO_PCI_NUM_REGIONS];
	char name[LIBIOMMU_SYSFS_NAME];
};

/* regions.c */
extern const struct libiommu_backend_regions libiommu_vfiodev_regions;

/* group.c */
int libiommu_vfiodev_group_ids(const struct libiommu_sysfs *fs, struct libiommu_id_builder *ids,
			       struct libiommu_failure *failure);
int libiommu_vfiodev_group_read(const struct libiommu_sysfs *fs, uint32_t id,
				struct libiommu_group_builder *group,
				struct libiommu_failure *failure);
/*
 * The kernel has lent the group, which tells of its interrupts unless the file `parameter` below /sys
 * says that it does not care.
 */
void libiommu_vfiodev_msi(const struct libiommu_sysfs *fs, const char *parameter,
			  const char *evidence, struct libiommu_group_builder *group);
/* The device is bound to a VFIO driver, and nobody of its group is in the way. */
int libiommu_vfiodev_check_group(const struct libiommu_sysfs *fs, uint32_t id, const char *device,
				 struct libiommu_failure *failure);
/*
 * What a claim of a group holds, as its members are now; nobody is in the way.
 * @param[out] member the first that a VFIO driver has
 */
int libiommu_vfiodev_count(const struct libiommu_sysfs *fs, uint32_t id,
			   struct libiommu_claimed *held, char member[LIBIOMMU_SYSFS_NAME],
			   struct libiommu_failure *failure);
/* @return whether sysfs shows somebody who keeps the group from being used */
bool libiommu_vfiodev_blocked(const struct libiommu_sysfs *fs, uint32_t id);

/* passed.c: duplicates of descriptors that are somebody else's. Reasons: bad-fd, wrong-fd. */
int libiommu_vfiodev_take(const struct libiommu_sys *sys, int fd, const char *what, int *out,
			  struct libiommu_failure *failure);
/* It becomes the directory of `fs`, which the caller closes also on failure. */
int libiommu_vfiodev_take_sysfs(struct libiommu_sysfs *fs, int fd,
				struct libiommu_failure *failure);

/* diag.c: after a refusal only; these read facts and change nothing */

/* The code, marked as inferred. */
int libiommu_vfiodev_guess(struct libiommu_failure *failure, int code);
/* What an errno means whatever the call was. */
int libiommu_vfiodev_diagnose(struct libiommu_failure *failure, int error, const char *call,
			      const char *subject);
int libiommu_vfiodev_refuse_viability(const struct libiommu_sysfs *fs, uint32_t id,
				      const char *device, struct libiommu_failure *failure);
/* 0: no member needs a 1:1 mapping */
int libiommu_vfiodev_refuse_direct(const struct libiommu_sysfs *fs, uint32_t id, const char *device,
				   struct libiommu_failure *failure);
/*
 * Interrupts are what is left when nothing else explains the refusal; `parameter` is the file below
 * /sys that allows them all the same. `error` when it does.
 */
int libiommu_vfiodev_refuse_interrupts(const struct libiommu_sysfs *fs, const char *parameter,
				       const char *device, int error,
				       struct libiommu_failure *failure);
/*
 * Bytes of locked memory that the process may still have, less what the line `charged` of its status
 * tells; UINT64_MAX: no limit is in force. @return false when nothing tells
 */
bool libiommu_vfiodev_lockable(const struct libiommu_sysfs *fs, const char *charged,
			       uint64_t *bytes);

void libiommu_vfiodev_write_pages(const struct libiommu_sys *sys,
				  const struct libiommu_backend_map *map);
/* Give memory that is mapped for reading alone pages of its own. */
static inline void libiommu_vfiodev_own_pages(const struct libiommu_sys *sys,
					      const struct libiommu_backend_map *map)
{
	if (map->memory && !(map->prot & LIBIOMMU_PROT_WRITE))
		libiommu_vfiodev_write_pages(sys, map);
}

#endif
