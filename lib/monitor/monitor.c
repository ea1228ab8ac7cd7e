/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/monitor/internal.h"
#include "lib/monitor/netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ALL_SUBSYSTEMS \
	(LIBIOMMU_MONITOR_PCI | LIBIOMMU_MONITOR_PLATFORM | LIBIOMMU_MONITOR_VFIO_DEV)

int libiommu_monitor_raise(const struct libiommu_monitor *m, int code,
			   const struct libiommu_failure *failure, struct libiommu_error **err)
{
	return libiommu_failure_raise(failure, code, m ? &m->allocator : NULL, err);
}

int libiommu_monitor_refuse_system(struct libiommu_failure *failure, int error, const char *call)
{
	libiommu_refuse_kernel(failure, error, call, NULL);
	if (error == -EMFILE || error == -ENFILE)
		return libiommu_refuse(failure, LIBIOMMU_REASON_FD_LIMIT, NULL, NULL);
	if (error == -ENOMEM || error == -ENOBUFS)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	return error;
}

static void close_fd(int fd)
{
	const struct libiommu_sys *sys = libiommu_sys_default();

	if (fd >= 0)
		sys->close(sys->data, fd);
}

static int listen_to(struct libiommu_monitor *m, int fd, struct libiommu_failure *failure)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &event))
		return libiommu_monitor_refuse_system(failure, -errno, "epoll_ctl");
	return 0;
}

int libiommu_monitor_add_eventfd(struct libiommu_monitor *m, struct libiommu_failure *failure)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), rc;

	if (fd < 0)
		return libiommu_monitor_refuse_system(failure, -errno, "eventfd");
	rc = listen_to(m, fd, failure);
	if (rc) {
		close_fd(fd);
		return rc;
	}
	return fd;
}

void libiommu_monitor_signal(struct libiommu_monitor *m)
{
	bool work =
		m->lost || m->announce || m->collect || m->held || m->departed || m->at < m->count;
	uint64_t value = 1;

	/* Neither can fail: the counter is 0 or 1. */
	if (work && !m->signalled)
		m->signalled = write(m->ready, &value, sizeof(value)) == sizeof(value);
	else if (!work && m->signalled)
		m->signalled = read(m->ready, &value, sizeof(value)) != sizeof(value);
}

/* Options of the program's size, the rest of them at zero. */
static int read_options(const struct libiommu_monitor_options *given,
			struct libiommu_monitor_options *opts, struct libiommu_failure *failure)
{
	const struct libiommu_monitor_options defaults = LIBIOMMU_MONITOR_OPTIONS_INIT;
	const unsigned char *bytes = (const unsigned char *)given;

	*opts = defaults;
	if (!given)
		return 0;
	if (given->size < sizeof(*opts))
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_OPTIONS, NULL, NULL);
	for (size_t i = sizeof(*opts); i < given->size; i++)
		if (bytes[i])
			return libiommu_refuse(failure, LIBIOMMU_REASON_UNKNOWN_OPTIONS, NULL,
					       NULL);
	memcpy(opts, given, sizeof(*opts));
	if (opts->subsystems & ~ALL_SUBSYSTEMS)
		return libiommu_refuse(failure, LIBIOMMU_REASON_UNKNOWN_FLAGS, NULL, NULL);
	if (opts->origin != LIBIOMMU_MONITOR_KERNEL && opts->origin != LIBIOMMU_MONITOR_UDEV)
		return libiommu_refuse(failure, LIBIOMMU_REASON_UNKNOWN_FLAGS, NULL,
				       "There is no origin %d.", (int)opts->origin);
	if ((opts->source && (opts->source->size < sizeof(*opts->source) || !opts->source->fd ||
			      !opts->source->receive)) ||
	    (opts->allocator && opts->allocator->size < sizeof(*opts->allocator)))
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_OPTIONS, NULL,
				       "A table has no size, or a slot is not set.");
	return 0;
}

static int open_source(struct libiommu_monitor *m, const struct libiommu_monitor_options *opts,
		       struct libiommu_failure *failure)
{
	const char *call;
	int rc;

	if (opts->source) {
		m->source = *opts->source;
		return 0;
	}
	rc = libiommu_monitor_netlink(opts->origin, opts->receive_buffer, &m->source, &call);
	return rc ? libiommu_monitor_refuse_system(failure, rc, call) : 0;
}

static int open_fds(struct libiommu_monitor *m, struct libiommu_failure *failure)
{
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (m->epoll < 0)
		return libiommu_monitor_refuse_system(failure, -errno, "epoll_create1");
	m->ready = libiommu_monitor_add_eventfd(m, failure);
	return m->ready < 0 ? m->ready : listen_to(m, m->source.fd(m->source.data), failure);
}

static void destroy(struct libiommu_monitor *m, bool close_source)
{
	struct libiommu_allocator allocator = m->allocator;

	libiommu_monitor_unwatch_all(m);
	libiommu_group_unref(m->target);
	libiommu_monitor_state_clear(&m->state);
	if (m->ids)
		allocator.free(allocator.data, m->ids, m->room * sizeof(*m->ids));
	close_fd(m->ready);
	close_fd(m->epoll);
	if (close_source && m->source.close)
		m->source.close(m->source.data);
	allocator.free(allocator.data, m, sizeof(*m));
}

static struct libiommu_monitor *allocate(struct libiommu_ctx *ctx,
					 const struct libiommu_monitor_options *opts)
{
	const struct libiommu_allocator *from =
		opts->allocator ? opts->allocator : libiommu_allocator_default();
	struct libiommu_monitor *m = from->alloc(from->data, sizeof(*m), _Alignof(max_align_t));

	if (!m)
		return NULL;
	m->allocator = *from;
	m->ctx = ctx;
	m->pid = getpid();
	m->epoll = m->ready = -1;
	m->subsystems = opts->subsystems ? opts->subsystems : ALL_SUBSYSTEMS;
	m->state.allocator = &m->allocator;
	return m;
}

/* The source first: what happens while the state is read is heard of afterwards. */
int libiommu_monitor_new(struct libiommu_ctx *ctx, const struct libiommu_monitor_options *given,
			 struct libiommu_monitor **out, struct libiommu_error **err)
{
	struct libiommu_failure failure = { .reason = LIBIOMMU_REASON_NONE };
	struct libiommu_monitor_options opts;
	struct libiommu_monitor *m = NULL;
	int rc = 0;

	if (!ctx || !out)
		rc = libiommu_refuse(&failure, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!rc)
		rc = read_options(given, &opts, &failure);
	if (!rc) {
		m = allocate(ctx, &opts);
		if (!m)
			rc = libiommu_refuse(&failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	if (!rc)
		rc = open_source(m, &opts, &failure);
	if (!rc)
		rc = open_fds(m, &failure);
	libiommu_failure_raise(&failure, rc, NULL, err);
	if (!rc)
		rc = libiommu_monitor_collect(m, err);
	if (!rc && !opts.report_present)
		rc = libiommu_monitor_settle(m, err);
	if (rc) {
		if (m)
			destroy(m, !opts.source);
		return rc;
	}
	libiommu_monitor_signal(m);
	*out = m;
	return 0;
}

void libiommu_monitor_free(struct libiommu_monitor *m)
{
	if (m)
		destroy(m, true);
}

int libiommu_monitor_fd(const struct libiommu_monitor *m)
{
	return m ? m->epoll : -EINVAL;
}

const char *libiommu_monitor_kind_name(enum libiommu_monitor_kind kind)
{
	switch (kind) {
	case LIBIOMMU_MONITOR_DEVICE_ADDED:
		return "device-added";
	case LIBIOMMU_MONITOR_DEVICE_REMOVED:
		return "device-removed";
	case LIBIOMMU_MONITOR_DEVICE_BOUND:
		return "device-bound";
	case LIBIOMMU_MONITOR_DEVICE_UNBOUND:
		return "device-unbound";
	case LIBIOMMU_MONITOR_DEVICE_CHANGED:
		return "device-changed";
	case LIBIOMMU_MONITOR_GROUP_ADDED:
		return "group-added";
	case LIBIOMMU_MONITOR_GROUP_REMOVED:
		return "group-removed";
	case LIBIOMMU_MONITOR_GROUP_VIABLE:
		return "group-viable";
	case LIBIOMMU_MONITOR_GROUP_NOT_VIABLE:
		return "group-not-viable";
	case LIBIOMMU_MONITOR_MEMBER_JOINED:
		return "member-joined";
	case LIBIOMMU_MONITOR_MEMBER_LEFT:
		return "member-left";
	case LIBIOMMU_MONITOR_MEMBER_CHANGED:
		return "member-changed";
	case LIBIOMMU_MONITOR_RESYNC:
		return "resync";
	case LIBIOMMU_MONITOR_RELEASE_REQUESTED:
		return "release-requested";
	case LIBIOMMU_MONITOR_PAD_:
		break;
	}
	return NULL;
}

int libiommu_monitor_group_state(const struct libiommu_monitor *m, uint32_t id,
				 struct libiommu_monitor_group *out, struct libiommu_error **err)
{
	struct libiommu_failure failure = { .reason = LIBIOMMU_REASON_NONE };
	const struct libiommu_monitor_known *known;
	int rc = 0;

	if (!m || !out) {
		rc = libiommu_refuse(&failure, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
		return libiommu_monitor_raise(m, rc, &failure, err);
	}
	known = libiommu_monitor_state_find(&m->state, id);
	if (out->size < sizeof(*out))
		rc = libiommu_refuse(&failure, LIBIOMMU_REASON_BAD_OPTIONS, NULL, NULL);
	else if (!known)
		rc = libiommu_refuse(&failure, LIBIOMMU_REASON_GROUP_UNKNOWN, NULL, NULL);
	if (!rc) {
		out->members = known->count;
		out->viable = known->viable;
		out->in_use = libiommu_monitor_in_use(m, id);
	}
	return libiommu_monitor_raise(m, rc, &failure, err);
}

int libiommu_monitor_stats(const struct libiommu_monitor *m, struct libiommu_monitor_stats *out)
{
	size_t size;

	if (!m || !out || out->size < sizeof(*out))
		return -EINVAL;
	size = out->size;
	*out = m->stats;
	out->size = size;
	return 0;
}
