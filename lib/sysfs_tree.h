/* SPDX-License-Identifier: BSD-2-Clause */
/* What the readers of sysfs share: a tree by its path or its descriptor, and what stands in it. */
#ifndef LIB_SYSFS_TREE_H
#define LIB_SYSFS_TREE_H

#include "lib/sysfs.h"

#include <fcntl.h>

#define SYSFS_PATH   512
#define SYSFS_FOLDER (O_RDONLY | O_DIRECTORY)
/* Without waiting for whoever may write to it: a tree that was passed can hold pipes. */
#define SYSFS_FILE (O_RDONLY | O_NONBLOCK)

/* A system call failed; what its errno means. */
int sysfs_refuse(struct libiommu_failure *failure, int error, const char *call, const char *path);
/* "It holds WHAT." */
int sysfs_refuse_content(struct libiommu_failure *failure, const char *path, const char *what);

/* @return 0 or -ENAMETOOLONG */
int sysfs_print(char path[SYSFS_PATH], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int sysfs_open(const struct libiommu_sysfs *fs, const char *path, int flags);

/*
 * Files and links below an open folder, as libiommu_sysfs_read() and libiommu_sysfs_link() below
 * the root. A text that was cut in the middle of a line is read on; one that ends with a line
 * is not asked for more.
 */
int sysfs_read_in(const struct libiommu_sys *sys, int folder, const char *path, char *out,
		  size_t size);
int sysfs_link_in(const struct libiommu_sys *sys, int folder, const char *path, char *out,
		  size_t size);

/* Decimal as the kernel writes it: no sign, no zeros before it. */
bool sysfs_parse_u32(const char *text, uint32_t *out);
/* "0x" and hexadecimal digits; *text then stands behind them. */
bool sysfs_parse_hex(const char **text, uint64_t *out);
/* "0000:3b:00.0", "10000:e1:00.0" */
bool sysfs_is_pci_name(const char *name);
/* Nothing that a terminal would obey: 0x20 to 0x7e. */
bool sysfs_is_text(const char *text);

#endif
