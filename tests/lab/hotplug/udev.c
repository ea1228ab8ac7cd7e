/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-hotplug-udev: the monitor listens to a udev that runs, with a rule that leaves a file for each
 * PCI device and action. --device: one that is lent.
 */
#include "../tally.h"
#include "machine.h"
#include "record.h"

#include <stdio.h>
#include <unistd.h>

#define COMING "0000:08:00.1" /* below rp8, with another one in its group */

#define LENT "node-added bound=vfio-pci "
#define BACK "node-removed unbound "

static struct record record;

/* The rule makes it, so udev must have spoken after that. */
static bool rule_ran(const char *action, const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), "/run/seen-%s-%s", action, device);
	return !unlink(path);
}

static void drivers(const char *device)
{
	tally(unbind_driver(device), "a driver lets go");
	tally(record_wait(&record, device, BACK, 30), "udev tells of it");
	tally(rule_ran("unbind", device), "after its rules have run");
	tally(bind_driver(device, "vfio-pci"), "it is lent");
	tally(record_wait(&record, device, BACK LENT, 30), "udev tells of it");
	tally(rule_ran("bind", device), "after its rules have run");
}

static void goes_and_comes(void)
{
	tally(write_sysfs("/sys/bus/pci/devices/" COMING "/remove", "1"), "a device is removed");
	tally(record_wait(&record, COMING, "removed ", 30), "udev tells of it");
	tally(rule_ran("remove", COMING), "after its rules have run");
	tally(!record_member(&record, COMING), "it is no member of a group");
	tally(write_sysfs("/sys/bus/pci/rescan", "1"), "it is found again");
	tally(record_wait(&record, COMING, "removed added ", 30), "udev tells of it");
	tally(rule_ran("add", COMING), "after its rules have run");
	tally(record_member(&record, COMING), "it is one again");
}

int main(int argc, char **argv)
{
	struct tally t = tally_arguments(argc, argv);
	struct libiommu_monitor_stats stats = LIBIOMMU_MONITOR_STATS_INIT;
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err;
	struct libiommu_ctx *ctx;
	int ret;

	if (t.devices != 1)
		return 2;
	opts.backend = t.backend;
	ret = libiommu_ctx_new(&opts, &ctx, &err);
	if (!tally_call(ret, err, "a context") ||
	    !tally(record_open_udev(&record, ctx), "a monitor"))
		return tally_end();
	drivers(t.device[0]);
	goes_and_comes();
	tally(record_is_sysfs(&record), "the events add up to what is there");
	libiommu_monitor_stats(record.monitor, &stats);
	tally(stats.messages && !stats.overruns && !stats.unreadable && !stats.distrusted,
	      "every message was believed and understood");
	record_close(&record);
	libiommu_ctx_free(ctx);
	return tally_end();
}
