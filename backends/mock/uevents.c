/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/uevents.h"

#include "backends/mock/sysfs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The path is in it twice. */
#define MESSAGE_SIZE (2 * MOCK_PATH + 256)

/* One who listens. Its queue is made with it, so that nobody has to wait for memory. */
struct mock_listener {
	struct mock_listener *next;
	struct mock_machine *machine;
	int fd;         /* an eventfd, readable while there is something to receive */
	bool lost;      /* not told yet */
	bool congested; /* nothing is taken any more until the queue is empty, as in the kernel */
	size_t room, first, end;
	unsigned char queue[]; /* lengths, each with its message behind it */
};

struct message {
	char text[MESSAGE_SIZE];
	size_t length;
};

/* A string with its NUL. */
static void add(struct message *message, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct message *message, const char *format, ...)
{
	size_t room = sizeof(message->text) - message->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(message->text + message->length, room, format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length < room)
		message->length += (size_t)length + 1;
}

/* @return false: it has no place in sysfs that a message could name */
static bool compose(const struct mock_device *dev, enum mock_uevent what, uint64_t sequence,
		    struct message *message)
{
	static const char *const actions[] = { "add", "remove", "bind", "unbind", "change" };
	bool pci = mock_is_bdf(dev->name);
	char path[MOCK_PATH];

	if (!mock_sysfs_path(dev, path))
		return false;
	message->length = 0;
	add(message, "%s@/%s", actions[what], path);
	add(message, "ACTION=%s", actions[what]);
	add(message, "DEVPATH=/%s", path);
	add(message, "SUBSYSTEM=%s", pci ? "pci" : "platform");
	if (what == MOCK_UEVENT_BIND)
		add(message, "DRIVER=%s", dev->driver);
	if (pci) {
		add(message, "PCI_CLASS=%04X", dev->class_code);
		add(message, "PCI_ID=%04X:%04X", dev->vendor, dev->device);
		add(message, "PCI_SLOT_NAME=%s", dev->name);
	}
	add(message, "SEQNUM=%llu", (unsigned long long)sequence);
	return true;
}

static void wake(struct mock_listener *listener)
{
	uint64_t one = 1;
	/* A full counter is as good as one more. */
	ssize_t written = write(listener->fd, &one, sizeof(one));

	(void)written;
}

static void put(struct mock_listener *listener, const struct message *message)
{
	uint32_t length = (uint32_t)message->length;
	size_t used = listener->end - listener->first;

	if (listener->congested || used + sizeof(length) + length > listener->room) {
		listener->lost |= !listener->congested;
		listener->congested = true;
	} else {
		if (listener->end + sizeof(length) + length > listener->room) {
			memmove(listener->queue, listener->queue + listener->first, used);
			listener->first = 0;
			listener->end = used;
		}
		memcpy(listener->queue + listener->end, &length, sizeof(length));
		memcpy(listener->queue + listener->end + sizeof(length), message->text, length);
		listener->end += sizeof(length) + length;
	}
	wake(listener);
}

void mock_uevent_say(const struct mock_device *dev, enum mock_uevent what)
{
	struct mock_machine *machine = dev->machine;
	struct message message;

	machine->uevents++;
	if (!machine->listeners || !compose(dev, what, machine->uevents, &message))
		return;
	for (struct mock_listener *at = machine->listeners; at; at = at->next)
		put(at, &message);
}

static int listener_fd(void *data)
{
	const struct mock_listener *listener = data;

	return listener->fd;
}

static int64_t take(struct mock_listener *listener, void *buffer, size_t size)
{
	uint32_t length;

	if (listener->lost) {
		listener->lost = false;
		return -ENOBUFS;
	}
	if (listener->first == listener->end)
		return 0;
	memcpy(&length, listener->queue + listener->first, sizeof(length));
	listener->first += sizeof(length) + length;
	if (length > size)
		return -EMSGSIZE;
	memcpy(buffer, listener->queue + listener->first - length, length);
	return length;
}

static int64_t receive(void *data, void *buffer, size_t size,
		       struct libiommu_monitor_sender *sender)
{
	struct mock_listener *listener = data;
	uint64_t count;
	int64_t length;

	pthread_mutex_lock(&listener->machine->lock);
	length = take(listener, buffer, size);
	if (listener->first == listener->end) {
		listener->congested = false;
		/* It has nothing, or never anything but what was written. */
		if (!listener->lost && read(listener->fd, &count, sizeof(count)) < 0)
			count = 0;
	}
	pthread_mutex_unlock(&listener->machine->lock);
	*sender = (struct libiommu_monitor_sender){ .port = 0 };
	return length;
}

static void close_listener(void *data)
{
	const struct libiommu_sys *sys = libiommu_sys_default();
	struct mock_listener *listener = data, **link;
	struct mock_machine *machine = listener->machine;

	pthread_mutex_lock(&machine->lock);
	for (link = &machine->listeners; *link != listener;)
		link = &(*link)->next;
	*link = listener->next;
	pthread_mutex_unlock(&machine->lock);
	sys->close(sys->data, listener->fd);
	mock_free(machine, listener, sizeof(*listener) + listener->room);
}

int mock_uevent_listen(struct mock_machine *machine, size_t room,
		       struct libiommu_monitor_source *out, struct libiommu_failure *failure)
{
	struct mock_listener *listener =
		room < SIZE_MAX / 2 ? mock_alloc(machine, sizeof(*listener) + room) : NULL;

	if (!listener)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	listener->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (listener->fd < 0) {
		bool limit = errno == EMFILE || errno == ENFILE;

		mock_free(machine, listener, sizeof(*listener) + room);
		return libiommu_refuse(failure,
				       limit ? LIBIOMMU_REASON_FD_LIMIT : LIBIOMMU_REASON_NO_MEMORY,
				       NULL, NULL);
	}
	listener->machine = machine;
	listener->room = room;
	pthread_mutex_lock(&machine->lock);
	listener->next = machine->listeners;
	machine->listeners = listener;
	pthread_mutex_unlock(&machine->lock);
	*out = (struct libiommu_monitor_source){ sizeof(*out), listener, listener_fd, receive,
						 close_listener };
	return 0;
}
