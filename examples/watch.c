/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch [--udev] [--present] [--once] [--backend NAME] [DEVICE]: tells what happens to devices and groups,
 * until it is interrupted; with --once, until nothing is left to be told. With DEVICE, which has to be
 * bound to a VFIO driver, it takes the device and gives it back when the owner of the machine wants it.
 */
#include <libiommu/libiommu.h>
#include <libiommu/monitor.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

static struct libiommu_ctx *ctx;
static struct libiommu_monitor *monitor;
static struct libiommu_device *device;
static struct libiommu_domain *domain;

static int fail(struct libiommu_error *err)
{
	fprintf(stderr, "watch: %s %s\n", libiommu_error_message(err), libiommu_error_hint(err));
	libiommu_error_free(err);
	libiommu_monitor_free(monitor);
	libiommu_ctx_free(ctx);
	return 1;
}

/* On type1 the interrupt is there only while the device is attached. */
static int take(const char *name, struct libiommu_error **err)
{
	return libiommu_device_open(ctx, name, &device, err) ||
	       libiommu_domain_new(ctx, NULL, &domain, err) ||
	       libiommu_endpoint_attach(libiommu_device_endpoint(device), domain, err) ||
	       libiommu_monitor_watch_device(monitor, device, err);
}

static int give_back(struct libiommu_error **err)
{
	libiommu_monitor_unwatch_device(monitor, device);
	if (libiommu_endpoint_detach(libiommu_device_endpoint(device), 0, err) ||
	    libiommu_device_close(device, err))
		return -1;
	device = NULL;
	puts("given back");
	return 0;
}

static void show(const struct libiommu_monitor_event *event)
{
	printf("%s", libiommu_monitor_kind_name(event->kind));
	if (event->device[0])
		printf(" %s", event->device);
	if (event->node[0])
		printf(" node %s", event->node);
	if (event->driver[0])
		printf(" driver %s", event->driver);
	if (event->group != LIBIOMMU_MONITOR_NO_GROUP)
		printf(" group %u%s", event->group, event->in_use ? " (in use)" : "");
	putchar('\n');
}

static int watch(bool once, struct libiommu_error **err)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
	struct pollfd ready = { .fd = libiommu_monitor_fd(monitor), .events = POLLIN };
	int rc;

	for (;;) {
		while (!(rc = libiommu_monitor_next(monitor, &event, err))) {
			show(&event);
			if (event.kind == LIBIOMMU_MONITOR_RELEASE_REQUESTED && give_back(err))
				return -1;
		}
		if (rc != -EAGAIN)
			return rc;
		fflush(stdout);
		if (once)
			return 0;
		if (poll(&ready, 1, -1) < 0 && errno != EINTR)
			return 0;
	}
}

int main(int argc, char **argv)
{
	struct libiommu_monitor_options opts = LIBIOMMU_MONITOR_OPTIONS_INIT;
	struct libiommu_ctx_options how = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err = NULL;
	const char *name = NULL;
	bool once = false;

	how.backend = "auto";
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--udev"))
			opts.origin = LIBIOMMU_MONITOR_UDEV;
		else if (!strcmp(argv[i], "--present"))
			opts.report_present = true;
		else if (!strcmp(argv[i], "--once"))
			once = true;
		else if (!strcmp(argv[i], "--backend") && argv[i + 1])
			how.backend = argv[++i];
		else
			name = argv[i];
	}
	if (libiommu_ctx_new(&how, &ctx, &err) ||
	    libiommu_monitor_new(ctx, &opts, &monitor, &err) || (name && take(name, &err)) ||
	    watch(once, &err))
		return fail(err);
	libiommu_monitor_free(monitor);
	libiommu_ctx_free(ctx);
	return 0;
}
