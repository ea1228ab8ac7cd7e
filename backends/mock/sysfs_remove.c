/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/sysfs.h"

#include "lib/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* A folder that is being emptied. */
struct emptying {
	const struct libiommu_sys *sys;
	int directory;
	bool any; /* something went */
};

static int remove_entry(void *data, const char *name)
{
	struct emptying *emptying = data;
	const struct libiommu_sys *sys = emptying->sys;
	int rc = sys->unlinkat(sys->data, emptying->directory, name, false);

	/* What Linux says of a folder, and what POSIX has for it. */
	if (rc == -EISDIR || rc == -EPERM)
		rc = mock_sysfs_remove(sys, emptying->directory, name);
	emptying->any |= !rc;
	return rc;
}

int mock_sysfs_remove(const struct libiommu_sys *sys, int directory, const char *path)
{
	struct emptying emptying = { .sys = sys };
	int rc;

	/* A list that changes while it is read may have left something out. */
	do {
		emptying.any = false;
		emptying.directory = sys->openat(sys->data, directory, path,
						 O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		if (emptying.directory < 0)
			return emptying.directory;
		rc = libiommu_sysfs_list(sys, emptying.directory, remove_entry, &emptying);
		sys->close(sys->data, emptying.directory);
		if (!rc)
			rc = sys->unlinkat(sys->data, directory, path, true);
	} while (rc == -ENOTEMPTY && emptying.any);
	return rc;
}
