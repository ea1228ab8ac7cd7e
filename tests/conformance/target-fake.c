// SPDX-License-Identifier: BSD-2-Clause
/* The backend vfio on a kernel that is a table of functions in this process. */
#include "target.h"

#include "vfio_kernel.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>

/* VFIO_IOMMU_MAP_DMA and its argument; flag 2: the device may write. */
#define MAP_DMA       0x3b71ul
#define MAP_DMA_WRITE 2u

struct map_dma {
	uint32_t argsz;
	uint32_t flags;
	uint64_t vaddr;
	uint64_t iova;
	uint64_t size;
};

static struct fake_kernel *kernel;
static const struct libiommu_sys *below;
static struct libiommu_sys table;

/* The fake takes any address for memory; a kernel would pin it, and find out. */
static int fake_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	const struct map_dma *dma = argument;
	int advice;

	if (request == MAP_DMA) {
		advice = dma->flags & MAP_DMA_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
		if (madvise((void *)(uintptr_t)dma->vaddr, dma->size, advice))
			return -EFAULT;
	}
	return below->ioctl(data, fd, request, argument);
}

static const struct settings *settings;

static bool fake_open(const struct settings *s)
{
	settings = s;
	if (s->config) {
		fprintf(stderr, "the target fake-vfio takes no --config\n");
		return false;
	}
	target_devices(&target_fake, s);
	target_plugin(&target_fake, s);
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
	below = fake_kernel_sys(kernel);
	table = *below;
	table.ioctl = fake_ioctl;
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
	opts->backend = target_fake.backend;
	target_plugin_options(settings, opts);
}

static const struct libiommu_sys *fake_sys(void)
{
	return &table;
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

struct target target_fake = {
	.name = "fake-vfio",
	.backend = "vfio",
	.open = fake_open,
	.close = fake_close,
	.begin = fake_begin,
	.end = fake_end,
	.options = fake_options,
	.sys = fake_sys,
	.kernel_paths = true,
	.pinned = fake_pinned,
	.open_fds = fake_open_fds,
	.alone = { "0000:00:03.0", "0000:00:04.0" },
	.alone_count = 2,
	.member = { "0000:00:05.0", "0000:00:05.1", "0000:00:05.2" },
	.member_count = 3,
	.half_bound = "0000:00:1f.2",
	.kernel_bound = "0000:00:02.0",
};
