/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file monitor.h
 * Devices come and go: what the kernel tells of it, and what it does to groups.
 * A library of its own, libiommu-monitor, which needs libnl-3; not part of the
 * umbrella header. docs/monitor.md explains it.
 *
 * A monitor is a descriptor for poll() and a function that gives the next event.
 * It has no thread and calls nobody back. Events that nobody takes stay where the
 * kernel queues them. When the kernel had to drop some, there is one event
 * LIBIOMMU_MONITOR_RESYNC behind those that it has kept, and behind that every
 * difference in groups and members between what was reported before and what is
 * there now.
 *
 * Threads: a monitor belongs to one thread at a time. Different monitors, also of
 * one context, are independent.
 */
#ifndef LIBIOMMU_MONITOR_H
#define LIBIOMMU_MONITOR_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct libiommu_allocator;
struct libiommu_monitor;

/** Events; numbers are permanent. */
enum libiommu_monitor_kind {
	/** What messages say, one event for each; group is that of the device now. */
	LIBIOMMU_MONITOR_DEVICE_ADDED = 1,
	LIBIOMMU_MONITOR_DEVICE_REMOVED,
	LIBIOMMU_MONITOR_DEVICE_BOUND,
	LIBIOMMU_MONITOR_DEVICE_UNBOUND,
	LIBIOMMU_MONITOR_DEVICE_CHANGED,
	/** Differences between what was reported and what is there. */
	LIBIOMMU_MONITOR_GROUP_ADDED = 16,
	LIBIOMMU_MONITOR_GROUP_REMOVED,    /**< or it has no member any more */
	LIBIOMMU_MONITOR_GROUP_VIABLE,     /**< nothing blocks it any more */
	LIBIOMMU_MONITOR_GROUP_NOT_VIABLE, /**< because of device and driver; a new one is viable */
	LIBIOMMU_MONITOR_MEMBER_JOINED,    /**< device with driver */
	LIBIOMMU_MONITOR_MEMBER_LEFT,
	LIBIOMMU_MONITOR_MEMBER_CHANGED, /**< its driver is another one, or none */
	/** Messages were lost; device events may be missing, groups are right after what follows. */
	LIBIOMMU_MONITOR_RESYNC = 32,
	/** The owner of the machine wants a watched device back (LIBIOMMU_INTERRUPT_REQUEST). */
	LIBIOMMU_MONITOR_RELEASE_REQUESTED,
	LIBIOMMU_MONITOR_PAD_ = 0x7fffffff
};

/** No group: the device has none, or the event is about none. */
#define LIBIOMMU_MONITOR_NO_GROUP UINT32_MAX

/** An event; nothing in it is borrowed. */
struct libiommu_monitor_event {
	size_t size;
	enum libiommu_monitor_kind kind;
	uint32_t group;     /**< or LIBIOMMU_MONITOR_NO_GROUP */
	bool in_use;        /**< a device of the group is watched by this monitor */
	uint64_t sequence;  /**< the kernel's number of the message; 0: there is none */
	char device[64];    /**< "0000:3b:00.0"; "" when the event is about no device */
	char subsystem[32]; /**< "pci", "platform", "vfio-dev"; "" when unknown */
	char driver[64];    /**< "" when none or unknown */
	char node[32];      /**< with subsystem "vfio-dev": "vfio0", of device; else "" */
};
#define LIBIOMMU_MONITOR_EVENT_INIT                                             \
	{                                                                       \
		sizeof(struct libiommu_monitor_event), LIBIOMMU_MONITOR_RESYNC, \
			LIBIOMMU_MONITOR_NO_GROUP, false, 0, "", "", "", ""     \
	}

/** Whose device events are given; those of groups and members are always given. */
#define LIBIOMMU_MONITOR_PCI      1u
#define LIBIOMMU_MONITOR_PLATFORM 2u /**< platform, amba, fsl-mc, cdx */
#define LIBIOMMU_MONITOR_VFIO_DEV 4u /**< nodes of devices, /dev/vfio/devices/vfioN */

/** Who sent a message. */
struct libiommu_monitor_sender {
	uint32_t port;        /**< netlink port; 0: the kernel */
	uint32_t uid;         /**< with has_credentials: the sending process's user */
	bool has_credentials; /**< the kernel vouches for uid */
};

/** Where messages come from; the mock and tests bring their own. */
struct libiommu_monitor_source {
	size_t size;
	void *data; /**< handed to every slot */
	/** @return a descriptor that is readable while receive has something; borrowed */
	int (*fd)(void *data);
	/**
	 * Take one message, never wait.
	 * @return its length; 0: there is none; -ENOBUFS: some were lost, and more may be
	 *         until it has said 0; -EMSGSIZE: one did not fit and is lost; any other
	 *         negative errno: the source is broken
	 */
	int64_t (*receive)(void *data, void *buffer, size_t size,
			   struct libiommu_monitor_sender *sender);
	/** At the end of libiommu_monitor_free(), not when libiommu_monitor_new() fails; may be NULL. */
	void (*close)(void *data);
};

enum libiommu_monitor_origin {
	LIBIOMMU_MONITOR_KERNEL = 0, /**< the kernel's messages, at once */
	LIBIOMMU_MONITOR_UDEV /**< udev's, when nodes have their permissions; needs udev to run */
};

struct libiommu_monitor_options {
	size_t size;
	uint32_t subsystems;                 /**< LIBIOMMU_MONITOR_PCI, ...; 0: all of them */
	enum libiommu_monitor_origin origin; /**< of the built-in source */
	/** bytes that the kernel may queue in the built-in source; 0: 1 MiB */
	size_t receive_buffer;
	bool report_present; /**< begin with events for the groups and members that are there */
	/** NULL: netlink. Copied; what data points at must outlive the monitor. */
	const struct libiommu_monitor_source *source;
	/** NULL: malloc and free. Copied; what its data points at must outlive the monitor. */
	const struct libiommu_allocator *allocator;
};
#define LIBIOMMU_MONITOR_OPTIONS_INIT                                                          \
	{                                                                                      \
		sizeof(struct libiommu_monitor_options), 0, LIBIOMMU_MONITOR_KERNEL, 0, false, \
			NULL, NULL                                                             \
	}

/**
 * Make a monitor of the groups that a context sees. The context must outlive it.
 * @param opts NULL: all defaults
 * @param[out] out written on success; free with libiommu_monitor_free()
 * Reasons: null-argument, bad-options, unknown-options, unknown-flags, after-fork, fd-limit, no-memory,
 * kernel-refused (the socket), and those of libiommu_group_ids() and libiommu_group_get().
 */
LIBIOMMU_API int libiommu_monitor_new(struct libiommu_ctx *ctx,
				      const struct libiommu_monitor_options *opts,
				      struct libiommu_monitor **out, struct libiommu_error **err);

/** Free a monitor with what is queued in it, and stop watching devices. NULL is allowed. */
LIBIOMMU_API void libiommu_monitor_free(struct libiommu_monitor *monitor);

/**
 * @return a descriptor that is readable while libiommu_monitor_next() may have
 *         something; for poll() and epoll alone. Borrowed. -EINVAL for NULL.
 */
LIBIOMMU_API int libiommu_monitor_fd(const struct libiommu_monitor *monitor);

/**
 * Take the next event, never wait. A failure loses no event: the next call tries
 * again. Where a group cannot be read, it is read again with the next message.
 * @param[out] event its size must be set; written on success
 * @return 0; -EAGAIN when there is nothing, and no error is made then
 * Reasons: null-argument, bad-options (event->size), after-fork, no-memory, fd-limit,
 * sysfs-unreadable, kernel-refused (the source is broken).
 */
LIBIOMMU_API int libiommu_monitor_next(struct libiommu_monitor *monitor,
				       struct libiommu_monitor_event *event,
				       struct libiommu_error **err);

/** @return the stable name of a kind ("group-not-viable"); NULL for a number without one. Static. */
LIBIOMMU_API const char *libiommu_monitor_kind_name(enum libiommu_monitor_kind kind);

/** A group as the events up to now have told it. */
struct libiommu_monitor_group {
	size_t size;
	size_t members;
	bool viable;
	bool in_use; /**< a device of it is watched */
};
#define LIBIOMMU_MONITOR_GROUP_INIT                                    \
	{                                                              \
		sizeof(struct libiommu_monitor_group), 0, false, false \
	}

/**
 * The state of a group after the events that were taken.
 * Reasons: null-argument, bad-options, group-unknown.
 */
LIBIOMMU_API int libiommu_monitor_group_state(const struct libiommu_monitor *monitor, uint32_t id,
					      struct libiommu_monitor_group *out,
					      struct libiommu_error **err);

/**
 * Watch a device that this program has open: its group counts as in use, and when its
 * owner wants it back there is an event. The monitor enables
 * LIBIOMMU_INTERRUPT_REQUEST with a descriptor of its own; nobody else may. Once more for
 * the same device enables it again, which type1 needs after a detach.
 * @param dev of the monitor's context; unwatch it before it is closed
 * Reasons: null-argument, foreign-context, after-fork, no-memory, fd-limit, no-such-interrupt,
 * needs-attach, backend-capability, kernel-refused.
 */
LIBIOMMU_API int libiommu_monitor_watch_device(struct libiommu_monitor *monitor,
					       struct libiommu_device *dev,
					       struct libiommu_error **err);

/** Stop watching. A device that is not watched, and NULL, are allowed. */
LIBIOMMU_API void libiommu_monitor_unwatch_device(struct libiommu_monitor *monitor,
						  struct libiommu_device *dev);

/** What has happened to a watched device and its group since it is watched. */
#define LIBIOMMU_MONITOR_LOST_MEMBER    1u  /**< a member left the group */
#define LIBIOMMU_MONITOR_NEW_MEMBER     2u  /**< a member joined it */
#define LIBIOMMU_MONITOR_FOREIGN_DRIVER 4u  /**< a member got a driver that blocks the group */
#define LIBIOMMU_MONITOR_LOST_DEVICE    8u  /**< the device itself left */
#define LIBIOMMU_MONITOR_WANTED_BACK    16u /**< LIBIOMMU_MONITOR_RELEASE_REQUESTED */
/** LIBIOMMU_MONITOR_RESYNC: a member, or the device, may have left and come back unseen */
#define LIBIOMMU_MONITOR_UNCERTAIN 32u

/**
 * Ask what has happened, as far as its events were taken; 0 means that nothing has. Bits
 * stay until the device is unwatched. What was not taken before the watch counts, too.
 * @param[out] changes LIBIOMMU_MONITOR_LOST_MEMBER, ... or 0
 * Reasons: null-argument, device-unknown (it is not watched).
 */
LIBIOMMU_API int libiommu_monitor_device_changes(const struct libiommu_monitor *monitor,
						 const struct libiommu_device *dev,
						 uint32_t *changes, struct libiommu_error **err);

/** What a monitor has seen. */
struct libiommu_monitor_stats {
	size_t size;
	uint64_t messages;   /**< believed and understood */
	uint64_t distrusted; /**< of neither the kernel nor root's udev; dropped */
	uint64_t unreadable; /**< not understood; dropped */
	uint64_t overruns;   /**< times that messages were lost */
};
#define LIBIOMMU_MONITOR_STATS_INIT                               \
	{                                                         \
		sizeof(struct libiommu_monitor_stats), 0, 0, 0, 0 \
	}

/** Figures since the monitor was made. @return 0; -EINVAL */
LIBIOMMU_API int libiommu_monitor_stats(const struct libiommu_monitor *monitor,
					struct libiommu_monitor_stats *out);

#ifdef __cplusplus
}
#endif

#endif
