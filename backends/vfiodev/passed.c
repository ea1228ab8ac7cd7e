/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfiodev/vfiodev.h"

#include <errno.h>

int libiommu_vfiodev_take(const struct libiommu_sys *sys, int fd, const char *what, int *out,
			  struct libiommu_failure *failure)
{
	int rc = sys->dup(sys->data, fd);

	if (rc >= 0) {
		*out = rc;
		return 0;
	}
	libiommu_vfiodev_diagnose(failure, rc, "fcntl", what);
	return rc == -EBADF ? libiommu_refuse(failure, LIBIOMMU_REASON_BAD_FD, what, NULL) : rc;
}

int libiommu_vfiodev_take_sysfs(struct libiommu_sysfs *fs, int fd, struct libiommu_failure *failure)
{
	struct stat st;
	int rc = libiommu_vfiodev_take(fs->sys, fd, "/sys", &fs->directory, failure);

	if (rc)
		return rc;
	rc = fs->sys->fstat(fs->sys->data, fs->directory, &st);
	if (rc < 0)
		return libiommu_vfiodev_diagnose(failure, rc, "fstat", "/sys");
	if (!S_ISDIR(st.st_mode))
		return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, "/sys",
				       "It is no directory.");
	return 0;
}
