/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that a monitor tells: a story for each device, and the groups that the events add up to. */
#ifndef LAB_HOTPLUG_RECORD_H
#define LAB_HOTPLUG_RECORD_H

#include <libiommu/libiommu.h>
#include <libiommu/monitor.h>

#define RECORD_DEVICES 32

struct record_device {
	char name[64];
	char story[1024]; /* "added bound=vfio-pci ", each with a blank behind it */
	bool member;
	unsigned int lost, gained; /* times that it left a group in use, and joined one */
	uint32_t group;
	char driver[64];
};

struct record {
	struct libiommu_monitor *monitor;
	struct record_device devices[RECORD_DEVICES];
	char told[2048]; /* of PCI devices, all in one: "bound=vfio-pci 0000:01:00.0, " */
	size_t count;
	unsigned int resyncs, requests, blocked, freed;
	uint64_t sequence;
	bool disorder; /* a message came after a later one, or an event made no sense */
};

/* A monitor, and what is there at the beginning. @param source NULL: the kernel's messages */
bool record_open(struct record *record, struct libiommu_ctx *ctx, size_t receive_buffer,
		 const struct libiommu_monitor_source *source);
/* The same, of udev's messages. */
bool record_open_udev(struct record *record, struct libiommu_ctx *ctx);
void record_close(struct record *record);

/* Take one event. @return whether there was one */
bool record_next(struct record *record);
/* All that are there, waiting so long for the first. */
void record_take(struct record *record, int milliseconds);

/* Wait until a device's story is this one. @return whether it is, and no longer */
bool record_wait(struct record *record, const char *device, const char *story, int seconds);
/* Wait for one more request to release a device. */
bool record_wait_request(struct record *record, unsigned int before, int seconds);

/* What a device has done up to now is over; a new story begins. */
void record_forget(struct record *record, const char *device);

/* What is told of a device, also of one that is not there. */
const struct record_device *record_of(struct record *record, const char *device);

/* What is told of a device that is a member of a group; NULL: it is none. */
const struct record_device *record_member(const struct record *record, const char *name);

/* The groups of sysfs have the members, and these the drivers, that the events have told of. */
bool record_is_sysfs(const struct record *record);

#endif
