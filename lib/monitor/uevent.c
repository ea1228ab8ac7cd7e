/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/monitor/uevent.h"

#include <errno.h>
#include <string.h>

/*
 * udev puts a header before the properties: the text "libudev", a magic number in network order, then
 * its own size, and where the properties are and how long, in the order of this machine. Hashes for
 * filters in the kernel follow. They are not looked at: the properties themselves are.
 */
#define UDEV_MAGIC      0xfeedcafeu
#define UDEV_HEADER     40
#define UDEV_MAGIC_AT   8
#define UDEV_SIZE_AT    12
#define UDEV_PROPERTIES 16
#define UDEV_LENGTH     20

static const char udev_prefix[8] = "libudev";

static uint32_t native_at(const unsigned char *bytes, size_t at)
{
	uint32_t value;

	memcpy(&value, bytes + at, sizeof(value));
	return value;
}

static uint32_t network_at(const unsigned char *bytes, size_t at)
{
	return (uint32_t)bytes[at] << 24 | (uint32_t)bytes[at + 1] << 16 |
	       (uint32_t)bytes[at + 2] << 8 | bytes[at + 3];
}

/* Where the properties begin and end. */
struct span {
	const char *at, *end;
};

static bool open_udev(const unsigned char *bytes, size_t length, struct span *out)
{
	uint32_t header, start, size;

	if (length < UDEV_HEADER || network_at(bytes, UDEV_MAGIC_AT) != UDEV_MAGIC)
		return false;
	header = native_at(bytes, UDEV_SIZE_AT);
	start = native_at(bytes, UDEV_PROPERTIES);
	size = native_at(bytes, UDEV_LENGTH);
	if (header < UDEV_HEADER || start < header || start > length || size > length - start)
		return false;
	out->at = (const char *)bytes + start;
	out->end = out->at + size;
	return true;
}

/* The kernel's begins with "ACTION@DEVPATH", which the properties say once more. */
static bool open_kernel(const char *text, size_t length, struct span *out, const char **head)
{
	const char *end = memchr(text, '\0', length);

	if (!end || !memchr(text, '@', (size_t)(end - text)))
		return false;
	*head = text;
	out->at = end + 1;
	out->end = text + length;
	return true;
}

static bool parse_number(const char *text, uint64_t *out)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned int digit = (unsigned int)*text - '0';

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*out = value;
	return true;
}

static enum libiommu_uevent_action action_of(const char *text)
{
	static const struct {
		const char *text;
		enum libiommu_uevent_action action;
	} known[] = { { "add", LIBIOMMU_UEVENT_ADD },       { "remove", LIBIOMMU_UEVENT_REMOVE },
		      { "bind", LIBIOMMU_UEVENT_BIND },     { "unbind", LIBIOMMU_UEVENT_UNBIND },
		      { "change", LIBIOMMU_UEVENT_CHANGE }, { "move", LIBIOMMU_UEVENT_CHANGE },
		      { "online", LIBIOMMU_UEVENT_CHANGE }, { "offline", LIBIOMMU_UEVENT_CHANGE } };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(text, known[i].text))
			return known[i].action;
	return LIBIOMMU_UEVENT_OTHER;
}

struct found {
	const char *action, *devpath, *subsystem, *driver, *sequence;
};

/* Said twice is not believed at all. */
static bool take(const char *property, const char *key, const char **value)
{
	size_t length = strlen(key);

	if (strncmp(property, key, length) || property[length] != '=')
		return true;
	if (*value)
		return false;
	*value = property + length + 1;
	return true;
}

static bool read_properties(struct span span, struct found *found)
{
	while (span.at < span.end) {
		const char *end = memchr(span.at, '\0', (size_t)(span.end - span.at));

		/* One that is cut, or has no name. */
		if (!end || *span.at == '=' || !strchr(span.at, '='))
			return false;
		if (!take(span.at, "ACTION", &found->action) ||
		    !take(span.at, "DEVPATH", &found->devpath) ||
		    !take(span.at, "SUBSYSTEM", &found->subsystem) ||
		    !take(span.at, "DRIVER", &found->driver) ||
		    !take(span.at, "SEQNUM", &found->sequence))
			return false;
		span.at = end + 1;
	}
	return found->action && *found->action && found->devpath && found->subsystem &&
	       *found->subsystem;
}

/* @return whether the head says what the properties say; udev's messages have none */
static bool same_head(const char *head, const struct found *found)
{
	size_t length = strlen(found->action);

	return !head || (!strncmp(head, found->action, length) && head[length] == '@' &&
			 !strcmp(head + length + 1, found->devpath));
}

int libiommu_uevent_parse(const void *message, size_t length, struct libiommu_uevent *out)
{
	struct found found = { NULL, NULL, NULL, NULL, NULL };
	struct libiommu_uevent event = { .driver = "" };
	const char *head = NULL, *last;
	struct span span;

	event.udev =
		length >= sizeof(udev_prefix) && !memcmp(message, udev_prefix, sizeof(udev_prefix));
	if (event.udev ? !open_udev(message, length, &span)
		       : !open_kernel(message, length, &span, &head))
		return -EBADMSG;
	if (!read_properties(span, &found) || !same_head(head, &found))
		return -EBADMSG;
	last = strrchr(found.devpath, '/');
	if (found.devpath[0] != '/' || !last[1])
		return -EBADMSG;
	if (found.sequence && !parse_number(found.sequence, &event.sequence))
		return -EBADMSG;
	event.action = action_of(found.action);
	event.devpath = found.devpath;
	event.name = last + 1;
	event.subsystem = found.subsystem;
	if (found.driver)
		event.driver = found.driver;
	*out = event;
	return 0;
}

bool libiommu_uevent_parent(const struct libiommu_uevent *event, unsigned int up, char *out,
			    size_t size)
{
	const char *end = event->name - 1, *start;

	for (;; up--) {
		for (start = end; start > event->devpath && start[-1] != '/';)
			start--;
		if (start == event->devpath)
			return false;
		if (up == 1)
			break;
		end = start - 1;
	}
	if (start == end || (size_t)(end - start) >= size)
		return false;
	memcpy(out, start, (size_t)(end - start));
	out[end - start] = '\0';
	return true;
}
