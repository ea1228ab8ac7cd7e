/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a device's folder is: below the bridges that lead to it. */
#include "backends/mock/sysfs.h"

#include <string.h>

/* A path that grows to the front. */
struct climb {
	size_t at; /* its begin; 0: it has become too long */
	char text[MOCK_PATH];
};

static void put(struct climb *climb, const char *text)
{
	size_t length = strlen(text);

	if (length >= climb->at) {
		climb->at = 0;
		return;
	}
	climb->at -= length;
	memcpy(climb->text + climb->at, text, length);
}

static bool is_there(const struct mock_function *function)
{
	return function && !mock_device_is_gone(function->owner);
}

/* The nearest function above: bridges that are gone lead nowhere, VFs have buses without one. */
static const struct mock_function *above(const struct mock_bus *bus)
{
	while (bus && !is_there(bus->bridge))
		bus = bus->parent;
	return bus ? bus->bridge : NULL;
}

/* "/pci0000:00" */
static void put_host(struct climb *climb, const char *name)
{
	put(climb, name);
	put(climb, "/pci");
}

/* What stands before a function's name, and on from the device that a whole host bridge hangs on. */
static void put_above(struct climb *climb, const struct mock_function *function)
{
	while (function && climb->at) {
		const struct mock_function *next = above(function->bus);

		if (next) {
			put(climb, next->seen.name);
			put(climb, "/");
		} else {
			put_host(climb, function->host->name);
			next = is_there(function->host->real_dma) ? function->host->real_dma : NULL;
			if (next) {
				put(climb, next->seen.name);
				put(climb, "/");
			}
		}
		function = next;
	}
	put(climb, "devices");
}

/* Of a device that no topology has, its bus hangs on nothing. */
static void put_plain(struct climb *climb, const struct mock_device *dev)
{
	const char *colon = strrchr(dev->name, ':');
	char host[sizeof(dev->name)] = "";

	if (colon)
		memcpy(host, dev->name, (size_t)(colon - dev->name));
	if (mock_is_bdf(dev->name))
		put_host(climb, host);
	else
		put(climb, "/platform");
	put(climb, "devices");
}

bool mock_sysfs_path(const struct mock_device *dev, char path[MOCK_PATH])
{
	struct climb climb = { .at = sizeof(climb.text) - 1 };

	climb.text[climb.at] = '\0';
	put(&climb, dev->name);
	put(&climb, "/");
	if (dev->function && dev->function->host)
		put_above(&climb, dev->function);
	else
		put_plain(&climb, dev);
	if (climb.at)
		strcpy(path, climb.text + climb.at);
	return climb.at;
}
