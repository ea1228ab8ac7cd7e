/* SPDX-License-Identifier: BSD-2-Clause */
#include "record.h"

#include "machine.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS "/sys/kernel/iommu_groups"

static bool open_with(struct record *record, struct libiommu_ctx *ctx,
		      struct libiommu_monitor_options *opts)
{
	struct libiommu_error *err = NULL;

	memset(record, 0, sizeof(*record));
	opts->report_present = true;
	if (libiommu_monitor_new(ctx, opts, &record->monitor, &err)) {
		printf("no monitor: %s\n", libiommu_error_message(err));
		libiommu_error_free(err);
		return false;
	}
	while (record_next(record))
		;
	return true;
}

bool record_open(struct record *record, struct libiommu_ctx *ctx, size_t receive_buffer,
		 const struct libiommu_monitor_source *source)
{
	struct libiommu_monitor_options opts = LIBIOMMU_MONITOR_OPTIONS_INIT;

	opts.receive_buffer = receive_buffer;
	opts.source = source;
	return open_with(record, ctx, &opts);
}

bool record_open_udev(struct record *record, struct libiommu_ctx *ctx)
{
	struct libiommu_monitor_options opts = LIBIOMMU_MONITOR_OPTIONS_INIT;

	opts.origin = LIBIOMMU_MONITOR_UDEV;
	return open_with(record, ctx, &opts);
}

void record_close(struct record *record)
{
	libiommu_monitor_free(record->monitor);
	record->monitor = NULL;
}

static struct record_device *device_of(struct record *record, const char *name)
{
	struct record_device *device = record->devices;

	while (device < record->devices + record->count && strcmp(device->name, name) != 0)
		device++;
	if (device == record->devices + RECORD_DEVICES) {
		record->disorder = true;
		return record->devices;
	}
	if (device == record->devices + record->count) {
		record->count++;
		snprintf(device->name, sizeof(device->name), "%.63s", name);
	}
	return device;
}

/* "node-added", "bound=nvme" */
static void tell(struct record *record, const struct libiommu_monitor_event *event)
{
	struct record_device *device = device_of(record, event->device);
	const char *kind = libiommu_monitor_kind_name(event->kind) + strlen("device-");
	bool bound = event->kind == LIBIOMMU_MONITOR_DEVICE_BOUND;
	size_t used = strlen(device->story), told = strlen(record->told);

	snprintf(device->story + used, sizeof(device->story) - used, "%s%s%s%s ",
		 event->node[0] ? "node-" : "", kind, bound ? "=" : "", bound ? event->driver : "");
	if (!event->node[0])
		snprintf(record->told + told, sizeof(record->told) - told, "%s %s, ",
			 device->story + used, device->name);
	record->disorder |= event->sequence <= record->sequence;
	record->sequence = event->sequence;
}

static void change_member(struct record *record, const struct libiommu_monitor_event *event)
{
	struct record_device *device = device_of(record, event->device);
	bool joins = event->kind == LIBIOMMU_MONITOR_MEMBER_JOINED;

	record->disorder |= joins == device->member;
	record->disorder |= !joins && device->group != event->group;
	device->member = event->kind != LIBIOMMU_MONITOR_MEMBER_LEFT;
	device->lost += event->in_use && !device->member;
	device->gained += event->in_use && joins;
	device->group = event->group;
	snprintf(device->driver, sizeof(device->driver), "%s", event->driver);
}

static void note(struct record *record, const struct libiommu_monitor_event *event)
{
	switch (event->kind) {
	case LIBIOMMU_MONITOR_DEVICE_ADDED:
	case LIBIOMMU_MONITOR_DEVICE_REMOVED:
	case LIBIOMMU_MONITOR_DEVICE_BOUND:
	case LIBIOMMU_MONITOR_DEVICE_UNBOUND:
	case LIBIOMMU_MONITOR_DEVICE_CHANGED:
		tell(record, event);
		break;
	case LIBIOMMU_MONITOR_MEMBER_JOINED:
	case LIBIOMMU_MONITOR_MEMBER_LEFT:
	case LIBIOMMU_MONITOR_MEMBER_CHANGED:
		change_member(record, event);
		break;
	case LIBIOMMU_MONITOR_RESYNC:
		record->resyncs++;
		break;
	case LIBIOMMU_MONITOR_RELEASE_REQUESTED:
		record->requests++;
		break;
	case LIBIOMMU_MONITOR_GROUP_NOT_VIABLE:
		record->blocked++;
		break;
	case LIBIOMMU_MONITOR_GROUP_VIABLE:
		record->freed++;
		break;
	default:
		break;
	}
}

bool record_next(struct record *record)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
	int rc = libiommu_monitor_next(record->monitor, &event, NULL);

	if (rc) {
		record->disorder |= rc != -EAGAIN;
		return false;
	}
	note(record, &event);
	return true;
}

void record_take(struct record *record, int milliseconds)
{
	struct pollfd ready = { .fd = libiommu_monitor_fd(record->monitor), .events = POLLIN };

	if (poll(&ready, 1, milliseconds) == 1) {
		while (record_next(record))
			;
	}
}

bool record_wait(struct record *record, const char *device, const char *story, int seconds)
{
	const struct record_device *found = device_of(record, device);

	for (int i = 0; i < seconds * 10 && strlen(found->story) < strlen(story); i++)
		record_take(record, 100);
	/* What would be too much gets its time, too. */
	record_take(record, 200);
	if (!strcmp(found->story, story))
		return true;
	printf("%s: %s\n    wanted: %s\n", device, found->story, story);
	return false;
}

bool record_wait_request(struct record *record, unsigned int before, int seconds)
{
	for (int i = 0; i < seconds * 10 && record->requests == before; i++)
		record_take(record, 100);
	return record->requests > before;
}

void record_forget(struct record *record, const char *device)
{
	device_of(record, device)->story[0] = '\0';
}

const struct record_device *record_of(struct record *record, const char *device)
{
	return device_of(record, device);
}

const struct record_device *record_member(const struct record *record, const char *name)
{
	for (size_t i = 0; i < record->count; i++) {
		if (record->devices[i].member && !strcmp(record->devices[i].name, name))
			return &record->devices[i];
	}
	return NULL;
}

static bool is_told(const struct record *record, const char *group, const char *name)
{
	const struct record_device *device = record_member(record, name);
	char driver[64];

	driver_of(name, driver, sizeof(driver));
	if (device && device->group == strtoul(group, NULL, 10) && !strcmp(device->driver, driver))
		return true;
	printf("%s is in group %s with driver \"%s\"; told: %s %u \"%s\"\n", name, group, driver,
	       device ? "group" : "nothing", device ? device->group : 0,
	       device ? device->driver : "");
	return false;
}

/* Members of one group of sysfs. @return how many; -1: one of them was not told */
static int compare_group(const struct record *record, const char *group)
{
	struct dirent *entry;
	char path[128];
	int members = 0;
	DIR *dir;

	snprintf(path, sizeof(path), GROUPS "/%.32s/devices", group);
	dir = opendir(path);
	while (dir && members >= 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			members = is_told(record, group, entry->d_name) ? members + 1 : -1;
	}
	if (dir)
		closedir(dir);
	return members;
}

bool record_is_sysfs(const struct record *record)
{
	size_t told = 0, there = 0;
	struct dirent *entry;
	DIR *dir = opendir(GROUPS);
	int members = 0;

	while (dir && members >= 0 && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		members = compare_group(record, entry->d_name);
		there += members > 0 ? (size_t)members : 0;
	}
	if (dir)
		closedir(dir);
	for (size_t i = 0; i < record->count; i++)
		told += record->devices[i].member;
	if (members >= 0 && told != there)
		printf("%zu members were told, %zu are there\n", told, there);
	return members >= 0 && told == there && told;
}
