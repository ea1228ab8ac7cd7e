/* SPDX-License-Identifier: BSD-2-Clause */
/* What the machine says when devices come, go and change their driver, as the kernel says it. */
#ifndef BACKENDS_MOCK_UEVENTS_H
#define BACKENDS_MOCK_UEVENTS_H

#include "backends/mock/machine.h"

#include <libiommu/monitor.h>

enum mock_uevent {
	MOCK_UEVENT_ADD,
	MOCK_UEVENT_REMOVE,
	MOCK_UEVENT_BIND,
	MOCK_UEVENT_UNBIND,
	MOCK_UEVENT_CHANGE
};

/*
 * Say it to all who listen; machine.lock is held. It cannot fail: who has no room for it is told so
 * when he listens again.
 */
void mock_uevent_say(const struct mock_device *dev, enum mock_uevent what);

/* A source for a monitor with a queue of so many bytes. Reasons: fd-limit, no-memory. */
int mock_uevent_listen(struct mock_machine *machine, size_t room,
		       struct libiommu_monitor_source *out, struct libiommu_failure *failure);

#endif
