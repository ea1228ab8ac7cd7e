/* SPDX-License-Identifier: BSD-2-Clause */
/* A program elsewhere with a monitor of the mock: it tells what is there. */
#include <libiommu/libiommu.h>
#include <libiommu/monitor.h>

#include <errno.h>
#include <stdio.h>

int main(void)
{
	struct libiommu_monitor_options how = LIBIOMMU_MONITOR_OPTIONS_INIT;
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_monitor *monitor = NULL;
	struct libiommu_ctx *ctx = NULL;
	struct libiommu_error *err = NULL;
	int rc;

	opts.backend = "mock";
	how.report_present = true;
	rc = libiommu_ctx_new(&opts, &ctx, &err);
	if (!rc)
		rc = libiommu_monitor_new(ctx, &how, &monitor, &err);
	/* Where there is no netlink at all, it said so. */
	if (rc && libiommu_error_kernel_errno(err) == EPROTONOSUPPORT)
		rc = 0;
	else if (!rc)
		rc = libiommu_monitor_next(monitor, &event, &err) ||
		     event.kind != LIBIOMMU_MONITOR_GROUP_ADDED;
	if (rc)
		fprintf(stderr, "%s\n", libiommu_error_message(err));
	libiommu_error_free(err);
	libiommu_monitor_free(monitor);
	libiommu_ctx_free(ctx);
	return !!rc;
}
