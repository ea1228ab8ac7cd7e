/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups and devices as sysfs shows them. Everything is read through the system calls of a context
 * and below a root that the caller names, as a path or as an open directory. What is in the files
 * is not trusted: what cannot be understood is "unknown" where the kernel may leave it out, else
 * sysfs-unreadable.
 */
#ifndef LIB_SYSFS_H
#define LIB_SYSFS_H

#include <libiommu/group.h>
#include <libiommu/backend.h>

struct libiommu_sysfs {
	const struct libiommu_sys *sys;
	const char *root; /* "/sys"; NULL: `directory` is used, and no path */
	int directory;    /* open; negative: there is none, and nothing can be read */
};

/* Room for a name of a device, a driver or a type with its NUL; longer ones are not accepted. */
#define LIBIOMMU_SYSFS_NAME 64

/* Another tree, "/proc" or "/dev"; nothing where no paths may be opened. */
struct libiommu_sysfs libiommu_sysfs_beside(const struct libiommu_sysfs *fs, const char *root);

/* Visitors return 0 to go on; what else they return ends the walk and is returned. */
typedef int (*libiommu_sysfs_id_fn)(void *data, uint32_t id, struct libiommu_failure *failure);
typedef int (*libiommu_sysfs_member_fn)(void *data, const struct libiommu_group_member *member,
					struct libiommu_failure *failure);
typedef int (*libiommu_sysfs_reserved_fn)(void *data, const struct libiommu_reserved *reserved,
					  struct libiommu_failure *failure);

/* @return whether it can be a device's name: "0000:3b:00.0", or a plain name on another bus */
bool libiommu_sysfs_name_valid(const char *name);

/* @return whether a device with this driver ("" for none) keeps others from using its group */
bool libiommu_sysfs_driver_blocks(const char *driver);

/* @return whether it is a driver that lends devices to user space */
bool libiommu_sysfs_driver_is_vfio(const char *driver);

/* Without a tree all of these refuse with needs-passed-fd. */

/* A kernel without IOMMU has no groups; that is no error. */
int libiommu_sysfs_groups(const struct libiommu_sysfs *fs, libiommu_sysfs_id_fn visit, void *data,
			  struct libiommu_failure *failure);

/* Reasons: bad-name, device-unknown, no-iommu-group, sysfs-unreadable. */
int libiommu_sysfs_group_of(const struct libiommu_sysfs *fs, const char *device, uint32_t *id,
			    struct libiommu_failure *failure);

/*
 * Name of the device's own node below /dev/vfio/devices; "" when the kernel makes none.
 * Reasons: bad-name, device-unknown, sysfs-unreadable.
 */
int libiommu_sysfs_vfio_node(const struct libiommu_sysfs *fs, const char *device,
			     char node[LIBIOMMU_SYSFS_NAME], struct libiommu_failure *failure);

/* A group that is being read. It can vanish meanwhile, which is group-unknown. */
struct libiommu_sysfs_group {
	const struct libiommu_sys *sys;
	uint32_t id;
	int fd;
};

/* Reasons: group-unknown, sysfs-unreadable. On success the caller closes it. */
int libiommu_sysfs_group_open(const struct libiommu_sysfs *fs, uint32_t id,
			      struct libiommu_sysfs_group *group, struct libiommu_failure *failure);
void libiommu_sysfs_group_close(struct libiommu_sysfs_group *group);

/* A text that it may have, "type" or "name"; "" when there is none that can be understood. */
void libiommu_sysfs_group_text(const struct libiommu_sysfs_group *group, const char *file,
			       char text[LIBIOMMU_SYSFS_NAME]);

/*
 * What its folder lists, whatever the devices' own links say. A device that has gone meanwhile is
 * left out. Reasons: group-unknown, sysfs-unreadable.
 */
int libiommu_sysfs_group_members(const struct libiommu_sysfs_group *group,
				 libiommu_sysfs_member_fn visit, void *data,
				 struct libiommu_failure *failure);

/* A group without the file has none. Reasons: group-unknown, sysfs-unreadable. */
int libiommu_sysfs_group_reserved(const struct libiommu_sysfs_group *group,
				  libiommu_sysfs_reserved_fn visit, void *data,
				  struct libiommu_failure *failure);

/* The same of a group by its number. Reasons: group-unknown, sysfs-unreadable. */
int libiommu_sysfs_members(const struct libiommu_sysfs *fs, uint32_t id,
			   libiommu_sysfs_member_fn visit, void *data,
			   struct libiommu_failure *failure);
int libiommu_sysfs_reserved(const struct libiommu_sysfs *fs, uint32_t id,
			    libiommu_sysfs_reserved_fn visit, void *data,
			    struct libiommu_failure *failure);

/*
 * The names in an open directory, from where it stands; what the visitor returns that is not 0
 * ends it and is returned. @return 0 or the negative errno of getdents64
 */
int libiommu_sysfs_list(const struct libiommu_sys *sys, int directory,
			int (*visit)(void *data, const char *name), void *data);

/*
 * A short file below the root as a string without its last newline.
 * @return length, or the negative errno of the system call; -EIO when it is too long or no text;
 * -EBADF without a tree
 */
int libiommu_sysfs_read(const struct libiommu_sysfs *fs, const char *path, char *out, size_t size);

/* The last component of a link below the root. @return as libiommu_sysfs_read() */
int libiommu_sysfs_link(const struct libiommu_sysfs *fs, const char *path, char *out, size_t size);

#endif
