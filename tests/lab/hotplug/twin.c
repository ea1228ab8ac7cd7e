/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-hotplug-twin: the same happens to this machine and to the mock's copy of it. Both are watched by
 * a monitor, and have to tell the same, in the same order; and the groups are the same at the end.
 */
#include "../tally.h"
#include "../topology/facts.h"
#include "machine.h"
#include "record.h"

#include <libiommu/mock_platform.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES_MAX 64

#define FUNCTIONS "0000:05:00.0" /* can have two virtual functions */
#define PORT      "0000:00:09.0"
#define FIRST     "0000:06:00.0" /* below it, */
#define SECOND    "0000:06:00.1" /* the same slot */
#define COMING    "0000:02:00.0" /* below rp2, where nothing is at first */

static struct facts all[DEVICES_MAX];
static struct record kernel, mock;
static struct libiommu_mock_machine *machine;

/* Both have told the same since the last time. */
static void same(const char *what)
{
	record_take(&mock, 0);
	for (int i = 0; i < 300 && strlen(kernel.told) < strlen(mock.told); i++)
		record_take(&kernel, 100);
	record_take(&kernel, 500);
	if (!tally(mock.told[0] && !strcmp(kernel.told, mock.told), what))
		printf("    the kernel: %s\n    the mock:   %s\n", kernel.told, mock.told);
	kernel.told[0] = mock.told[0] = '\0';
}

static void both_bind(const char *device, const char *driver, const char *what)
{
	if (driver[0])
		tally(bind_driver(device, driver), what);
	else
		tally(unbind_driver(device), what);
	tally(!libiommu_mock_machine_bind(machine, device, driver, NULL), "the same in the mock");
	same("both tell of it");
}

/* As the guest has it now. */
static char *text_of(const char *below, const char *port)
{
	char *text = NULL;
	size_t size = 0, count = facts_read(all, DEVICES_MAX);
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (!below)
		facts_write(all, count, out);
	for (size_t i = 0; below && i < count; i++) {
		if (!strncmp(all[i].name, below, strlen(below)) || !strcmp(all[i].name, port))
			facts_write_device(all, i, out);
	}
	fclose(out);
	return text;
}

static bool plug_mock(const char *below, const char *port)
{
	struct libiommu_error *err = NULL;
	char *text = text_of(below, port);
	int rc = text ? libiommu_mock_machine_plug(machine, text, &err) : -1;

	if (rc)
		printf("%s\n%s\n", libiommu_error_message(err), text);
	libiommu_error_free(err);
	free(text);
	return !rc;
}

static void drivers(void)
{
	both_bind(FIRST, "vfio-pci", "a driver");
	both_bind(SECOND, "vfio-pci", "and another");
	both_bind(FIRST, "", "none");
	both_bind(FIRST, "vfio-pci", "and again");
}

static void a_port_goes_and_comes(void)
{
	tally(write_sysfs("/sys/bus/pci/devices/" PORT "/remove", "1"), "a port is removed");
	tally(!libiommu_mock_machine_unplug(machine, PORT, NULL), "the same in the mock");
	same("both tell of all that was below it");
	tally(write_sysfs("/sys/bus/pci/rescan", "1") && wait_there(SECOND, true, 10),
	      "it is found again");
	tally(plug_mock("0000:06:", PORT), "the same in the mock");
	same("both tell of it");
}

static void virtual_functions(void)
{
	static const char path[] = "/sys/bus/pci/devices/" FUNCTIONS "/sriov_numvfs";

	tally(write_sysfs("/sys/bus/pci/devices/" FUNCTIONS "/sriov_drivers_autoprobe", "0"),
	      "no driver is wanted");
	tally(write_sysfs(path, "2"), "virtual functions are made");
	tally(!libiommu_mock_machine_set_vfs(machine, FUNCTIONS, 2, NULL, NULL),
	      "the same in the mock");
	same("both tell of them");
	both_bind("0000:05:00.1", "vfio-pci", "a driver for the first");
	both_bind("0000:05:00.2", "vfio-pci", "and the second");
	tally(write_sysfs(path, "0"), "they are taken away");
	tally(!libiommu_mock_machine_set_vfs(machine, FUNCTIONS, 0, NULL, NULL),
	      "the same in the mock");
	same("both tell of that");
}

static void hot_plug(void)
{
	tally(ask_host("plug edu,id=two,bus=rp2") && wait_there(COMING, true, 30),
	      "an edu is plugged in");
	tally(plug_mock(COMING, COMING), "the same in the mock");
	same("both tell of it");
	both_bind(COMING, "vfio-pci", "a driver");
	tally(ask_host("unplug two") && ask_host("unplugged two"), "it is unplugged");
	tally(!libiommu_mock_machine_unplug(machine, COMING, NULL), "the same in the mock");
	same("both tell of it");
}

/* By what was told: members, their groups and drivers. */
static void same_groups(void)
{
	size_t members = 0, others = 0;

	for (size_t i = 0; i < mock.count; i++)
		members += mock.devices[i].member;
	for (size_t i = 0; i < kernel.count; i++) {
		const struct record_device *device = &kernel.devices[i], *twin;

		if (!device->member)
			continue;
		others++;
		twin = record_member(&mock, device->name);
		if (!tally(twin && twin->group == device->group &&
				   !strcmp(twin->driver, device->driver),
			   device->name))
			printf("    in group %u with \"%s\", in the mock %d with \"%s\"\n",
			       device->group, device->driver, twin ? (int)twin->group : -1,
			       twin ? twin->driver : "");
	}
	tally(members == others, "the mock has no other members");
}

static bool open_kernel(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err;
	struct libiommu_ctx *ctx;
	int rc;

	opts.backend = "vfio";
	rc = libiommu_ctx_new(&opts, &ctx, &err);
	return tally_call(rc, err, "a context") &&
	       tally(record_open(&kernel, ctx, 0, NULL), "a monitor");
}

static bool open_mock(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_monitor_source source;
	struct libiommu_error *err = NULL;
	struct libiommu_ctx *ctx;
	char *text = text_of(NULL, NULL);
	int rc = text ? libiommu_mock_machine_new(text, &machine, &err) : -1;

	if (text)
		fputs(text, stdout);
	free(text);
	if (!tally_call(rc, err, "the mock takes the guest's devices"))
		return false;
	opts.backend = "mock";
	opts.backend_object = machine;
	rc = libiommu_ctx_new(&opts, &ctx, &err);
	if (!tally_call(rc, err, "a context"))
		return false;
	rc = libiommu_mock_monitor_source(machine, 0, &source, &err);
	return tally_call(rc, err, "its voice") &&
	       tally(record_open(&mock, ctx, 0, &source), "a monitor");
}

int main(void)
{
	if (!open_kernel() || !open_mock())
		return tally_end();
	same_groups();
	drivers();
	a_port_goes_and_comes();
	virtual_functions();
	hot_plug();
	tally(record_is_sysfs(&kernel), "what the kernel told adds up to what is there");
	same_groups();
	tally(!kernel.disorder && !mock.disorder, "all in order");
	record_close(&kernel);
	record_close(&mock);
	return tally_end();
}
