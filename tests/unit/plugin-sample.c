/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plugins that are right or wrong in one way, by SAMPLE_*. They use nothing of the library, so
 * that they can be loaded into a program that has it inside.
 */
#include <libiommu/backend.h>

#include <errno.h>

#if defined(SAMPLE_REFUSES)
static int sample_open(void *ctx, const struct libiommu_backend_env *env,
		       struct libiommu_failure *failure)
{
	(void)ctx;
	(void)env;
	failure->reason = LIBIOMMU_REASON_KERNEL_REFUSED;
	failure->kernel_errno = ENXIO;
	failure->kernel_call = "SAMPLE_CALL";
	return -ENXIO;
}
#elif defined(SAMPLE_UNRESOLVED)
int nobody_has_this(void);

static int sample_open(void *ctx, const struct libiommu_backend_env *env,
		       struct libiommu_failure *failure)
{
	(void)ctx;
	(void)env;
	(void)failure;
	return nobody_has_this();
}
#else
static int sample_open(void *ctx, const struct libiommu_backend_env *env,
		       struct libiommu_failure *failure)
{
	(void)ctx;
	(void)env;
	(void)failure;
	return 0;
}
#endif

static void sample_close(void *ctx, uint32_t flags)
{
	(void)ctx;
	(void)flags;
}

static int sample_device_open(void *ctx, void *device, const char *name, uint32_t *group,
			      struct libiommu_failure *failure)
{
	(void)ctx;
	(void)device;
	(void)name;
	(void)failure;
	*group = 0;
	return 0;
}

static void sample_device_close(void *device, uint32_t flags)
{
	(void)device;
	(void)flags;
}

static int sample_domain_new(void *ctx, void *domain, enum libiommu_domain_type type,
			     struct libiommu_failure *failure)
{
	(void)ctx;
	(void)domain;
	(void)type;
	(void)failure;
	return 0;
}

static void sample_domain_free(void *domain, uint32_t flags)
{
	(void)domain;
	(void)flags;
}

static int sample_attach(void *device, void *domain, const struct libiommu_backend_attach *attach,
			 struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	(void)device;
	(void)domain;
	(void)attach;
	(void)geometry;
	(void)failure;
	return 0;
}

static int sample_detach(void *device, void *domain, bool last, uint32_t flags,
			 struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	(void)device;
	(void)domain;
	(void)last;
	(void)flags;
	(void)geometry;
	(void)failure;
	return 0;
}

#ifndef SAMPLE_HOLE
static int sample_map(void *domain, const struct libiommu_backend_map *map,
		      struct libiommu_failure *failure)
{
	(void)domain;
	(void)map;
	(void)failure;
	return 0;
}
#endif

static int sample_unmap(void *domain, const struct libiommu_backend_map *maps, size_t count,
			size_t *done, struct libiommu_failure *failure)
{
	(void)domain;
	(void)maps;
	(void)failure;
	*done = count;
	return 0;
}

const struct libiommu_backend sample = {
	.struct_size = sizeof(sample),
	.abi = LIBIOMMU_BACKEND_ABI,
	.flags = LIBIOMMU_BACKEND_REPLAY,
	.name = "sample",
	.open = sample_open,
	.close = sample_close,
	.device_open = sample_device_open,
	.device_close = sample_device_close,
	.domain_new = sample_domain_new,
	.domain_free = sample_domain_free,
	.attach = sample_attach,
	.detach = sample_detach,
#ifndef SAMPLE_HOLE
	.map = sample_map,
#endif
	.unmap = sample_unmap,
};

#if defined(SAMPLE_OTHER_ABI)
LIBIOMMU_API const struct libiommu_backend *libiommu_backend_entry_7(void);

const struct libiommu_backend *libiommu_backend_entry_7(void)
{
	return &sample;
}
#elif defined(SAMPLE_NO_TABLE)
LIBIOMMU_API const struct libiommu_backend *LIBIOMMU_BACKEND_ENTRY(void);

const struct libiommu_backend *LIBIOMMU_BACKEND_ENTRY(void)
{
	return NULL;
}
#elif !defined(SAMPLE_NO_ENTRY)
LIBIOMMU_BACKEND_PLUGIN(sample)
#endif
