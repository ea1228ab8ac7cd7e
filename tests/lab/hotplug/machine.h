/* SPDX-License-Identifier: BSD-2-Clause */
/* What a test does to the guest it runs in: drivers through sysfs, devices through the host. */
#ifndef LAB_HOTPLUG_MACHINE_H
#define LAB_HOTPLUG_MACHINE_H

#include <stdbool.h>
#include <stddef.h>

/* Ask the host as ask-host does: "plug edu,id=two,bus=rp2". @return whether it did it */
bool ask_host(const char *what);

bool write_sysfs(const char *path, const char *text);

/* As writes to driver_override, unbind and drivers_probe do. */
bool bind_driver(const char *device, const char *driver);
bool unbind_driver(const char *device);

/* "": none */
void driver_of(const char *device, char *driver, size_t size);
bool is_there(const char *device);
/* Wait until it is, or is not. */
bool wait_there(const char *device, bool there, int seconds);

#endif
