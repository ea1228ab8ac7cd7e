/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One message about a device, as the kernel or udev sends it, taken apart. Pure: no system call, no
 * memory, and nothing in the message is believed.
 */
#ifndef LIB_MONITOR_UEVENT_H
#define LIB_MONITOR_UEVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum libiommu_uevent_action {
	LIBIOMMU_UEVENT_OTHER = 0, /* understood by nobody here */
	LIBIOMMU_UEVENT_ADD,
	LIBIOMMU_UEVENT_REMOVE,
	LIBIOMMU_UEVENT_BIND,
	LIBIOMMU_UEVENT_UNBIND,
	LIBIOMMU_UEVENT_CHANGE
};

/* Strings point into the message, or are "". */
struct libiommu_uevent {
	bool udev; /* in udev's form rather than the kernel's */
	enum libiommu_uevent_action action;
	const char *devpath; /* begins with '/' */
	const char *name;    /* the last component of devpath, never "" */
	const char *subsystem;
	const char *driver;
	uint64_t sequence; /* 0: none */
};

/* @return 0; -EBADMSG for everything that is not exactly such a message */
int libiommu_uevent_parse(const void *message, size_t length, struct libiommu_uevent *out);

/*
 * The component of devpath that is `up` steps above the last one, copied.
 * @return false when there is none, or it does not fit
 */
bool libiommu_uevent_parent(const struct libiommu_uevent *event, unsigned int up, char *out,
			    size_t size);

#endif
