/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

#include <fcntl.h>
#include <string.h>

static int take_config(struct iommufd_ctx *ctx, struct libiommu_failure *failure)
{
	const char *config = ctx->env->config;

	if (!config || !*config)
		return 0;
	ctx->explicit_hwpt = !strcmp(config, "hwpt=explicit");
	if (ctx->explicit_hwpt || !strcmp(config, "hwpt=automatic"))
		return 0;
	return libiommu_refuse(failure, LIBIOMMU_REASON_CONFIG_SYNTAX, config,
			       "Known words are hwpt=automatic and hwpt=explicit.");
}

static int take_passed(struct iommufd_ctx *ctx, const struct libiommu_passed *passed,
		       struct libiommu_failure *failure)
{
	int rc;

	ctx->passed = true;
	ctx->sysfs.root = NULL;
	if (passed->iommufd < 0)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_PASSED_FD, "/dev/iommu",
				       NULL);
	rc = libiommu_vfiodev_take(ctx->sys, passed->iommufd, "/dev/iommu", &ctx->fd, failure);
	if (!rc && passed->sysfs >= 0)
		rc = libiommu_vfiodev_take_sysfs(&ctx->sysfs, passed->sysfs, failure);
	return rc;
}

static int open_node(struct iommufd_ctx *ctx, struct libiommu_failure *failure)
{
	ctx->fd = ctx->sys->open(ctx->sys->data, "/dev/iommu", O_RDWR);
	return ctx->fd < 0 ? libiommu_iommufd_diagnose_open(ctx, failure, ctx->fd) : 0;
}

/* What nothing works without. The kernel is asked so that it does nothing. */
static int check_calls(struct iommufd_ctx *ctx, struct libiommu_failure *failure)
{
	static const struct {
		unsigned long request;
		const char *name;
	} calls[] = {
		{ IOMMU_DESTROY, "IOMMU_DESTROY" },
		{ IOMMU_IOAS_ALLOC, "IOMMU_IOAS_ALLOC" },
		{ IOMMU_IOAS_IOVA_RANGES, "IOMMU_IOAS_IOVA_RANGES" },
		{ IOMMU_IOAS_MAP, "IOMMU_IOAS_MAP" },
		{ IOMMU_IOAS_UNMAP, "IOMMU_IOAS_UNMAP" },
	};

	if (ctx->passed && !libiommu_iommufd_is(ctx->sys, ctx->fd))
		return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, "/dev/iommu",
				       "It is no iommufd.");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int rc = libiommu_iommufd_known(ctx->sys, ctx->fd, calls[i].request);

		if (!rc)
			continue;
		return libiommu_iommufd_diagnose(failure, rc, calls[i].name, "/dev/iommu");
	}
	/* Without it the core maps files into the process. */
	if (libiommu_iommufd_known(ctx->sys, ctx->fd, IOMMU_IOAS_MAP_FILE))
		*ctx->env->flags &= ~LIBIOMMU_BACKEND_FILES;
	return 0;
}

static void close_fds(struct iommufd_ctx *ctx)
{
	if (ctx->fd >= 0)
		ctx->sys->close(ctx->sys->data, ctx->fd);
	if (ctx->sysfs.directory >= 0)
		ctx->sys->close(ctx->sys->data, ctx->sysfs.directory);
}

int libiommu_iommufd_open(void *data, const struct libiommu_backend_env *env,
			  struct libiommu_failure *failure)
{
	struct iommufd_ctx *ctx = data;
	int rc;

	ctx->env = env;
	ctx->sys = env->sys;
	ctx->fd = -1;
	ctx->sysfs = (struct libiommu_sysfs){ env->sys, "/sys", -1 };
	ctx->transport = env->object ? env->object : &libiommu_iommufd_transport_cdev;
	rc = take_config(ctx, failure);
	if (!rc)
		rc = env->passed ? take_passed(ctx, env->passed, failure) : open_node(ctx, failure);
	if (!rc)
		rc = check_calls(ctx, failure);
	if (!rc && pthread_mutex_init(&ctx->lock, NULL))
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	if (rc)
		close_fds(ctx);
	return rc;
}

void libiommu_iommufd_close(void *data, uint32_t flags)
{
	struct iommufd_ctx *ctx = data;

	/* In a forked child another thread of the parent may hold it for ever. */
	if (!(flags & LIBIOMMU_CLOSE_FORKED))
		pthread_mutex_destroy(&ctx->lock);
	close_fds(ctx);
}
