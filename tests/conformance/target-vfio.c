// SPDX-License-Identifier: BSD-2-Clause
/* The kernel's VFIO, on devices that the command line names. */
#include "target.h"

#include <stdio.h>

static bool vfio_open(const struct settings *settings)
{
	if (settings->config) {
		fprintf(stderr, "the backend vfio takes no --config\n");
		return false;
	}
	target_devices(&target_vfio, settings);
	return true;
}

static void vfio_close(void)
{
}

static const char *vfio_begin(const char *limits)
{
	return limits ? "limits of a real kernel are not set by text" : NULL;
}

static void vfio_end(void)
{
}

static void vfio_options(struct libiommu_ctx_options *opts)
{
	opts->backend = target_vfio.backend;
}

static bool vfio_pinned(struct libiommu_ctx *ctx, uint64_t *pages)
{
	(void)ctx;
	*pages = 0;
	return false;
}

struct target target_vfio = {
	.name = "vfio",
	.backend = "vfio",
	.open = vfio_open,
	.close = vfio_close,
	.begin = vfio_begin,
	.end = vfio_end,
	.options = vfio_options,
	.sys = libiommu_sys_default,
	.kernel_paths = true,
	.witnesses = true,
	.pinned = vfio_pinned,
};
