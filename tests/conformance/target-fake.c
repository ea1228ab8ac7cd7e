// SPDX-License-Identifier: BSD-2-Clause
/* The backends vfio and iommufd on a kernel that is a table of functions in this process. */
#include "target.h"

#include "vfio_kernel.h"

#include <inttypes.h>
#include <stdio.h>

static struct fake_kernel *kernel;

static const struct settings *settings;

static bool fake_open(const struct settings *s)
{
	settings = s;
	if (s->config && target != &target_fake_iommufd) {
		fprintf(stderr, "the target %s takes no --config\n", target->name);
		return false;
	}
	target_devices(target, s);
	target_plugin(target, s);
	return true;
}

static void fake_close(void)
{
}

static const char *fake_begin(const char *limits)
{
	uint64_t kib;

	kernel = fake_kernel_new();
	if (!kernel)
		return "no memory";
	/* Linux 6.1 has no iommufd, so that auto takes the target's backend. */
	fake_kernel_set(kernel, FAKE_NO_IOMMUFD, target == &target_fake);
	if (limits && sscanf(limits, "limit locked=%" SCNu64 "K", &kib) == 1)
		fake_kernel_set(kernel, FAKE_MEMLOCK, kib * 1024);
	return NULL;
}

static void fake_end(void)
{
	fake_kernel_free(kernel);
	kernel = NULL;
}

static void fake_options(struct libiommu_ctx_options *opts)
{
	opts->backend = target->backend;
	opts->config = settings->config;
	target_plugin_options(settings, opts);
}

static const struct libiommu_sys *fake_sys(void)
{
	return fake_kernel_sys(kernel);
}

static size_t fake_open_fds(void)
{
	return fake_kernel_open_fds(kernel);
}

static bool fake_pinned(struct libiommu_ctx *ctx, uint64_t *pages)
{
	(void)ctx;
	*pages = fake_kernel_locked(kernel) / 4096;
	return true;
}

#define FAKE_TARGET(called, behind, calls)                                                       \
	{                                                                                        \
		.name = (called), .backend = (behind), .page = 4096, .open = fake_open,          \
		.close = fake_close, .begin = fake_begin, .end = fake_end,                       \
		.options = fake_options, .sys = fake_sys, .kernel = &(calls),                    \
		.pinned = fake_pinned, .open_fds = fake_open_fds,                                \
		.alone = { "0000:00:03.0", "0000:00:04.0" }, .alone_count = 2,                   \
		.member = { "0000:00:05.0", "0000:00:05.1", "0000:00:05.2" }, .member_count = 3, \
		.half_bound = "0000:00:1f.2", .kernel_bound = "0000:00:02.0",                    \
	}

struct target target_fake = FAKE_TARGET("fake-vfio", "vfio", calls_of_type1);
struct target target_fake_iommufd = FAKE_TARGET("fake-iommufd", "iommufd", calls_of_iommufd);
