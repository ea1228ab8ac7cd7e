/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages that somebody hostile sent to a monitor: whatever is accepted lies in the message. */
#include "lib/monitor/uevent.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* A string in the message, with its end. */
static void inside(const uint8_t *data, size_t size, const char *text)
{
	const uint8_t *at = (const uint8_t *)text;

	must(at >= data && at < data + size);
	must(memchr(at, '\0', (size_t)(data + size - at)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct libiommu_uevent event;
	char parent[8];

	if (libiommu_uevent_parse(data, size, &event))
		return 0;
	inside(data, size, event.devpath);
	inside(data, size, event.name);
	inside(data, size, event.subsystem);
	if (event.driver[0])
		inside(data, size, event.driver);
	must(event.devpath[0] == '/' && event.name[0] && !strchr(event.name, '/'));
	must(event.name > event.devpath && event.name[-1] == '/');
	must(event.udev == (size >= 8 && !memcmp(data, "libudev", 8)));
	for (unsigned int up = 1; up < 4; up++)
		if (libiommu_uevent_parent(&event, up, parent, sizeof(parent)))
			must(parent[0] && strlen(parent) < sizeof(parent) && !strchr(parent, '/'));
	return 0;
}
