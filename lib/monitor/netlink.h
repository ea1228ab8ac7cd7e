/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_MONITOR_NETLINK_H
#define LIB_MONITOR_NETLINK_H

#include <libiommu/monitor.h>

/*
 * A source that listens to the kernel or to udev.
 * @param buffer bytes that the kernel may queue
 * @param[out] call on failure: the name of the call that failed
 * @return 0, or the negative errno of the call
 */
int libiommu_monitor_netlink(enum libiommu_monitor_origin origin, size_t buffer,
			     struct libiommu_monitor_source *out, const char **call);

#endif
