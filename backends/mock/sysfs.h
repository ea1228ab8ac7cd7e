/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine as Linux shows it below /sys. */
#ifndef BACKENDS_MOCK_SYSFS_H
#define BACKENDS_MOCK_SYSFS_H

#include "backends/mock/machine.h"
#include "backends/mock/sysfs_image.h"

/* All of the machine; machine.lock is held. Reasons: bad-name, no-memory, kernel-refused. */
int mock_sysfs_describe(const struct mock_machine *machine, struct mock_image *image,
			struct libiommu_failure *failure);

/* sysfs_path.c: the device's folder. @return false: its path is too long */
bool mock_sysfs_path(const struct mock_device *dev, char path[MOCK_PATH]);

/* sysfs_pci.c: what a PCI device has besides. */
void mock_sysfs_pci(const struct mock_device *dev, const char *folder, struct mock_image *image);

/*
 * sysfs_write.c: put the image into the place of what an earlier call has written, whole or not at
 * all. Reasons: wrong-fd, fd-limit, no-memory, kernel-refused.
 */
int mock_sysfs_write(const struct libiommu_sys *sys, int directory, const struct mock_image *image,
		     struct libiommu_failure *failure);

/* sysfs_remove.c: a folder with all that is in it. @return 0 or -errno; -ENOENT: it was not there */
int mock_sysfs_remove(const struct libiommu_sys *sys, int directory, const char *path);

#endif
