/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_MONITOR_INTERNAL_H
#define LIB_MONITOR_INTERNAL_H

#include "lib/monitor/state.h"

#include <libiommu/backend.h>

#include <sys/types.h>

/* No kernel's message is longer than 2 KiB, none of udev's that is about a device of ours than 16. */
#define LIBIOMMU_MONITOR_MESSAGE 16384

struct libiommu_monitor_watch {
	struct libiommu_monitor_watch *next;
	struct libiommu_device *dev;
	int fd; /* LIBIOMMU_INTERRUPT_REQUEST */
	uint32_t group, changes;
};

struct libiommu_monitor {
	struct libiommu_allocator allocator;
	struct libiommu_ctx *ctx;
	pid_t pid;
	struct libiommu_monitor_source source;
	int epoll;
	int ready; /* an eventfd that is readable while there is work here */
	bool signalled;
	uint32_t subsystems;
	struct libiommu_monitor_state state;
	struct libiommu_monitor_stats stats;
	struct libiommu_monitor_watch *watches;

	bool lost;     /* messages were lost: a resync is to be told when the source has no more */
	bool announce; /* a resync is to be told */
	bool collect;  /* every group is to be compared */
	bool reread;   /* as collect, but with the next message: a group could not be read */
	bool held;     /* a message's event, whose group is not known yet */
	struct libiommu_monitor_event event;
	bool departed; /* the device of the event has left its group, which is to be told */
	/* Groups that are to be compared, from `at` on; there is always room for two. */
	uint32_t *ids;
	size_t count, room, at;
	bool taken; /* target is the snapshot of ids[at] */
	struct libiommu_group *target;

	_Alignas(8) unsigned char buffer[LIBIOMMU_MONITOR_MESSAGE];
};

/* The end of a public function: the code, and the failure as an error. */
int libiommu_monitor_raise(const struct libiommu_monitor *m, int code,
			   const struct libiommu_failure *failure, struct libiommu_error **err);

/* Refuse with what the system said to a call: fd-limit, no-memory or kernel-refused. */
int libiommu_monitor_refuse_system(struct libiommu_failure *failure, int error, const char *call);

/* An eventfd of the monitor's descriptor. @return it, or a negative errno */
int libiommu_monitor_add_eventfd(struct libiommu_monitor *m, struct libiommu_failure *failure);

/* Have every group compared. @return 0, or the error of the library in *err and nothing has changed */
int libiommu_monitor_collect(struct libiommu_monitor *m, struct libiommu_error **err);

/* Take the whole difference and tell nobody: how a monitor begins. */
int libiommu_monitor_settle(struct libiommu_monitor *m, struct libiommu_error **err);

/* Make the descriptor readable while there is work here. */
void libiommu_monitor_signal(struct libiommu_monitor *m);

/* watch.c */
bool libiommu_monitor_in_use(const struct libiommu_monitor *m, uint32_t group);
void libiommu_monitor_note(struct libiommu_monitor *m, const struct libiommu_monitor_event *event,
			   bool blocks);
/* Messages were lost: nobody knows what has happened to watched devices. */
void libiommu_monitor_note_lost(struct libiommu_monitor *m);
bool libiommu_monitor_requested(struct libiommu_monitor *m, struct libiommu_monitor_event *event);
void libiommu_monitor_unwatch_all(struct libiommu_monitor *m);

#endif
