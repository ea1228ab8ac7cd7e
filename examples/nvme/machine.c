/* SPDX-License-Identifier: BSD-2-Clause */
#include "machine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536

static const char one_controller[] =
	"iommu dmar0 intel-vtd\n"
	"device 0000:00:04.0 iommu=dmar0 group=1 driver=vfio-pci model=nvme"
	" ns=128M ns=128M,lba=4096\n";

const char *nvme_machine_default(const char *backend)
{
	return backend && !strcmp(backend, "mock") ? one_controller : NULL;
}

int nvme_machine_read(const char *path, char **text, struct nvme_failure *failure)
{
	FILE *file = fopen(path, "re");
	char *buffer;
	size_t length;
	int code;

	if (!file)
		return nvme_fail(failure, -errno, "%s: %s", path, strerror(errno));
	buffer = calloc(1, FILE_MAX);
	if (!buffer) {
		fclose(file);
		return nvme_fail(failure, -ENOMEM, "no memory for %s", path);
	}
	length = fread(buffer, 1, FILE_MAX, file);
	code = ferror(file) ? -EIO : length == FILE_MAX ? -EFBIG : 0;
	fclose(file);
	if (code) {
		free(buffer);
		return nvme_fail(failure, code, "%s: %s", path, strerror(-code));
	}
	*text = buffer;
	return 0;
}
