/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that come and go while the machine runs. */
#include "backends/mock/front.h"
#include "backends/mock/model.h"
#include "backends/mock/parse.h"
#include "backends/mock/uevents.h"

#include <string.h>

/* Where the machine's lists ended. */
struct ends {
	struct mock_device **devices;
	struct mock_group **groups;
	struct mock_function **functions;
	struct mock_bus **buses;
};

#define END_OF(list)                                \
	({                                          \
		__typeof__(&(list)) end_ = &(list); \
		while (*end_)                       \
			end_ = &(*end_)->next;      \
		end_;                               \
	})

static struct ends find_ends(struct mock_machine *machine)
{
	return (struct ends){
		.devices = END_OF(machine->devices),
		.groups = END_OF(machine->groups),
		.functions = END_OF(machine->topology.functions),
		.buses = END_OF(machine->topology.buses),
	};
}

static void leave_group(struct mock_device *dev)
{
	struct mock_device **link = &dev->group->devices;

	while (*link && *link != dev)
		link = &(*link)->in_group;
	if (*link)
		*link = dev->in_group;
}

/* Nobody has seen what is taken back: the lock was held all the time. */
static void take_back(struct mock_machine *machine, const struct ends *ends)
{
	struct mock_device *dev = *ends->devices;
	struct mock_group *group = *ends->groups;
	struct mock_function *function = *ends->functions;
	struct mock_bus *bus = *ends->buses;

	*ends->devices = NULL;
	*ends->groups = NULL;
	*ends->functions = NULL;
	*ends->buses = NULL;
	for (struct mock_device *next; dev; dev = next) {
		next = dev->next;
		if (dev->group)
			leave_group(dev);
		mock_device_free(dev);
	}
	for (struct mock_group *next; group; group = next) {
		next = group->next;
		mock_free(machine, group, sizeof(*group));
	}
	for (struct mock_function *next; function; function = next) {
		next = function->next;
		mock_topology_remove(function);
		mock_free(machine, function, sizeof(*function));
	}
	for (struct mock_bus *next; bus; bus = next) {
		next = bus->next;
		mock_free(machine, bus, sizeof(*bus));
	}
}

/* A group that is lent takes a new member, but no driver with it that does DMA of its own. */
static void refuse_drivers(struct mock_device *dev)
{
	for (; dev; dev = dev->next) {
		if (dev->group && dev->group->owner && mock_device_blocks(dev))
			dev->driver[0] = '\0';
	}
}

static void say_bound(const struct mock_device *dev)
{
	if (dev->driver[0])
		mock_uevent_say(dev, MOCK_UEVENT_BIND);
}

/* All of them are there before a driver looks at the first. */
static void say_arrived(const struct mock_device *first)
{
	for (const struct mock_device *dev = first; dev; dev = dev->next)
		mock_uevent_say(dev, MOCK_UEVENT_ADD);
	for (const struct mock_device *dev = first; dev; dev = dev->next)
		say_bound(dev);
}

/* VFs come one by one, and change when they are linked to their physical function, as that does. */
static void say_vfs_arrived(const struct mock_device *first, const struct mock_function *pf)
{
	for (const struct mock_device *dev = first; dev; dev = dev->next) {
		mock_uevent_say(dev, MOCK_UEVENT_ADD);
		mock_uevent_say(dev, MOCK_UEVENT_CHANGE);
		say_bound(dev);
	}
	mock_uevent_say(pf->owner, MOCK_UEVENT_CHANGE);
}

static void welcome(struct mock_device *first, const struct mock_function *pf)
{
	refuse_drivers(first);
	if (pf)
		say_vfs_arrived(first, pf);
	else
		say_arrived(first);
}

int mock_machine_plug(struct mock_machine *machine, const char *text,
		      const struct mock_function *pf, struct libiommu_failure *failure)
{
	struct ends ends;
	int error;

	pthread_mutex_lock(&machine->lock);
	ends = find_ends(machine);
	machine->topology.pf = pf;
	error = mock_parse_devices(machine, text, failure);
	machine->topology.pf = NULL;
	if (!error)
		error = mock_machine_arrive(machine, failure);
	if (error)
		take_back(machine, &ends);
	else
		welcome(*ends.devices, pf);
	pthread_mutex_unlock(&machine->lock);
	return error;
}

/* What goes: one device with all that hangs on it, or the VFs of a function. */
struct leaving {
	const struct mock_device *dev;
	const struct mock_function *pf;
};

static bool leaves(const struct leaving *leaving, const struct mock_device *dev)
{
	if (leaving->pf)
		return dev->function && dev->function->pf == leaving->pf;
	return dev == leaving->dev ||
	       (dev->function && leaving->dev->function &&
		mock_function_hangs_on(dev->function, leaving->dev->function));
}

static struct mock_device *next_leaving(struct mock_machine *machine, const struct leaving *leaving)
{
	struct mock_device *dev;

	pthread_mutex_lock(&machine->lock);
	dev = machine->devices;
	while (dev && (mock_device_is_removed(dev) || !leaves(leaving, dev)))
		dev = dev->next;
	pthread_mutex_unlock(&machine->lock);
	return dev;
}

static bool is_leaving(const struct leaving *leaving, const struct mock_device *dev)
{
	return !mock_device_is_gone(dev) && !dev->open && leaves(leaving, dev);
}

static bool hangs_on(const struct mock_device *dev, const struct mock_device *other)
{
	return dev->function && other->function &&
	       mock_function_hangs_on(dev->function, other->function);
}

/* The first that nobody has open, and on which nothing hangs that is about to leave. */
static struct mock_device *first_leaving(struct mock_machine *machine,
					 const struct leaving *leaving)
{
	struct mock_device *first = machine->devices;

	while (first && !is_leaving(leaving, first))
		first = first->next;
	for (struct mock_device *dev = first; dev; dev = dev->next) {
		if (is_leaving(leaving, dev) && hangs_on(dev, first))
			first = dev;
	}
	return first;
}

/* All drivers let go before the first device goes, what is below a bridge first. */
static void stop_drivers(struct mock_machine *machine, const struct leaving *leaving)
{
	struct mock_device *last;

	do {
		last = NULL;
		for (struct mock_device *dev = machine->devices; dev; dev = dev->next) {
			if (is_leaving(leaving, dev) && dev->driver[0])
				last = dev;
		}
		if (last) {
			last->driver[0] = '\0';
			mock_uevent_say(last, MOCK_UEVENT_UNBIND);
		}
	} while (last);
}

static void unplug(struct mock_machine *machine, const struct leaving *leaving)
{
	struct mock_device *dev;

	/* device.lock is taken outside of machine.lock. */
	while ((dev = next_leaving(machine, leaving)))
		mock_device_remove(dev);
	pthread_mutex_lock(&machine->lock);
	if (!leaving->pf)
		stop_drivers(machine, leaving);
	while ((dev = first_leaving(machine, leaving)))
		mock_device_forget(dev);
	pthread_mutex_unlock(&machine->lock);
}

void mock_machine_unplug(struct mock_machine *machine, struct mock_device *dev)
{
	unplug(machine, &(struct leaving){ .dev = dev });
}

void mock_machine_unplug_vfs(struct mock_machine *machine, const struct mock_function *pf)
{
	unplug(machine, &(struct leaving){ .pf = pf });
}

static int check_bind(struct mock_device *dev, const char *driver, struct libiommu_failure *failure)
{
	struct mock_device with = { .bridge = dev->bridge };

	strcpy(with.driver, driver);
	if (mock_device_is_removed(dev))
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_UNKNOWN, dev->name, NULL);
	if (dev->open)
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, dev->name,
				       "It is open; its user was asked to close it.");
	if (dev->group && dev->group->owner && mock_device_blocks(&with))
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, dev->name,
				       "Its group %u is lent.", dev->group->id);
	return 0;
}

static void change_driver(struct mock_device *dev, const char *driver)
{
	bool had = dev->driver[0];

	if (strcmp(dev->driver, driver) == 0)
		return;
	strcpy(dev->driver, driver);
	if (had)
		mock_uevent_say(dev, MOCK_UEVENT_UNBIND);
	if (driver[0])
		mock_uevent_say(dev, MOCK_UEVENT_BIND);
}

int mock_machine_bind(struct mock_machine *machine, struct mock_device *dev, const char *driver,
		      struct libiommu_failure *failure)
{
	bool open;
	int error;

	pthread_mutex_lock(&machine->lock);
	error = check_bind(dev, driver, failure);
	open = dev->open;
	if (!error)
		change_driver(dev, driver);
	pthread_mutex_unlock(&machine->lock);
	if (!error || !open)
		return error;
	pthread_mutex_lock(&dev->lock);
	mock_interrupt_owner(dev, LIBIOMMU_INTERRUPT_REQUEST);
	pthread_mutex_unlock(&dev->lock);
	return error;
}
