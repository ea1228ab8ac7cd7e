// SPDX-License-Identifier: BSD-2-Clause
/* The kernel's interfaces, VFIO and iommufd, on devices that the command line names. */
#include "target.h"

#include <stdio.h>

static const struct settings *settings;

static bool kernel_open(const struct settings *s)
{
	settings = s;
	if (s->config && target != &target_iommufd) {
		fprintf(stderr, "the backend %s takes no --config\n", target->name);
		return false;
	}
	target_devices(target, s);
	target_plugin(target, s);
	return true;
}

static void kernel_close(void)
{
}

static const char *kernel_begin(const char *limits)
{
	return limits ? "limits of a real kernel are not set by text" : NULL;
}

static void kernel_end(void)
{
}

static void kernel_options(struct libiommu_ctx_options *opts)
{
	opts->backend = target->backend;
	opts->config = settings->config;
	target_plugin_options(settings, opts);
}

static bool kernel_pinned(struct libiommu_ctx *ctx, uint64_t *pages)
{
	(void)ctx;
	*pages = 0;
	return false;
}

#define KERNEL_TARGET(called, calls)                                                        \
	{                                                                                   \
		.name = called, .backend = called, .page = 4096, .open = kernel_open,       \
		.close = kernel_close, .begin = kernel_begin, .end = kernel_end,            \
		.options = kernel_options, .sys = libiommu_sys_default, .kernel = &(calls), \
		.witnesses = true, .pinned = kernel_pinned,                                 \
	}

struct target target_vfio = KERNEL_TARGET("vfio", calls_of_type1);
struct target target_iommufd = KERNEL_TARGET("iommufd", calls_of_iommufd);
