/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_MONITOR_FIXTURE_H
#define TESTS_UNIT_MONITOR_FIXTURE_H

/* A machine whose groups a test changes as it likes, and a source that says what the test wrote. */
#include "tests/unit/run.h"

#include <libiommu/backend.h>
#include <libiommu/libiommu.h>
#include <libiommu/monitor.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MEMBERS  16
#define MESSAGES 512
#define LONGEST  (1 << 20)

struct machine_member {
	char name[64];
	const char *driver;
	uint32_t group;
};

/* How one message, or a failure in its place, is received. */
struct message {
	char *bytes;
	size_t length;
	struct libiommu_monitor_sender sender;
	int rc;
};

static struct {
	struct machine_member members[MEMBERS];
	size_t count;
	bool unreadable; /* a group */
	int request;     /* the descriptor that was set for the interrupt; -1: none */
	int refuse_interrupt;

	struct message queue[MESSAGES];
	size_t first, last;
	int fd;
	int closed;

	long calls, fail_at; /* of memory; 0: never */
} world;

static struct libiommu_ctx *ctx;
static struct libiommu_monitor *monitor;
static struct libiommu_error *err;

/* --- memory ---------------------------------------------------------------------------------- */

static inline void *world_alloc(void *data, size_t length, size_t alignment)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();

	(void)data;
	if (world.fail_at && ++world.calls == world.fail_at)
		return NULL;
	return real->alloc(real->data, length, alignment);
}

static inline void world_free(void *data, void *memory, size_t length)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();

	(void)data;
	real->free(real->data, memory, length);
}

static const struct libiommu_allocator world_allocator = { sizeof(world_allocator), NULL,
							   world_alloc, world_free };

/* --- the machine ----------------------------------------------------------------------------- */

static inline struct machine_member *find_member(const char *name)
{
	for (size_t i = 0; i < world.count; i++)
		if (!strcmp(world.members[i].name, name))
			return &world.members[i];
	return NULL;
}

static inline void plug(const char *name, uint32_t group, const char *driver)
{
	struct machine_member *member = find_member(name);

	if (!member) {
		ck_assert_uint_lt(world.count, MEMBERS);
		member = &world.members[world.count++];
		snprintf(member->name, sizeof(member->name), "%s", name);
	}
	member->group = group;
	member->driver = driver;
}

static inline void unplug(const char *name)
{
	struct machine_member *member = find_member(name);

	ck_assert_ptr_nonnull(member);
	*member = world.members[--world.count];
}

static inline bool first_of_group(size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (world.members[j].group == world.members[i].group)
			return false;
	return true;
}

static inline int fake_ids(void *unused, struct libiommu_id_builder *ids,
			   struct libiommu_failure *f)
{
	int rc = 0;

	(void)unused;
	for (size_t i = 0; i < world.count && !rc; i++)
		if (first_of_group(i))
			rc = libiommu_id_builder_add(ids, world.members[i].group, f);
	return rc;
}

static inline int fake_read(void *unused, uint32_t id, struct libiommu_group_builder *group,
			    struct libiommu_failure *f)
{
	bool there = false;
	int rc = 0;

	(void)unused;
	if (world.unreadable)
		return libiommu_refuse(f, LIBIOMMU_REASON_SYSFS, "devices", NULL);
	for (size_t i = 0; i < world.count && !rc; i++) {
		struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;

		if (world.members[i].group != id)
			continue;
		there = true;
		member.name = world.members[i].name;
		member.bus = "pci";
		member.driver = world.members[i].driver;
		member.blocks = *member.driver && strcmp(member.driver, "vfio-pci");
		rc = libiommu_group_builder_member(group, &member, f);
	}
	return rc || there ? rc : libiommu_refuse(f, LIBIOMMU_REASON_GROUP_UNKNOWN, NULL, NULL);
}

static inline int fake_of(void *unused, const char *device, uint32_t *id,
			  struct libiommu_failure *f)
{
	const struct machine_member *member = find_member(device);

	(void)unused;
	if (!member)
		return libiommu_refuse(f, LIBIOMMU_REASON_DEVICE_UNKNOWN, device, NULL);
	*id = member->group;
	return 0;
}

static inline int fake_open(void *unused, const struct libiommu_backend_env *env,
			    struct libiommu_failure *f)
{
	(void)unused;
	(void)env;
	(void)f;
	return 0;
}

static inline void fake_close(void *unused, uint32_t flags)
{
	(void)unused;
	(void)flags;
}

static inline int fake_device_open(void *unused, void *device, const char *name, uint32_t *group,
				   struct libiommu_failure *f)
{
	(void)device;
	return fake_of(unused, name, group, f);
}

static inline int fake_domain_new(void *unused, void *domain, enum libiommu_domain_type type,
				  struct libiommu_failure *f)
{
	(void)unused;
	(void)domain;
	(void)type;
	return libiommu_refuse(f, LIBIOMMU_REASON_NO_UAPI, NULL, NULL);
}

static inline int fake_attach(void *device, void *domain,
			      const struct libiommu_backend_attach *attach,
			      struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	(void)device;
	(void)domain;
	(void)attach;
	(void)geometry;
	return libiommu_refuse(f, LIBIOMMU_REASON_NO_UAPI, NULL, NULL);
}

static inline int fake_detach(void *device, void *domain, bool last, uint32_t flags,
			      struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	(void)last;
	(void)flags;
	return fake_attach(device, domain, NULL, geometry, f);
}

static inline int fake_map(void *domain, const struct libiommu_backend_map *map,
			   struct libiommu_failure *f)
{
	(void)domain;
	(void)map;
	return libiommu_refuse(f, LIBIOMMU_REASON_NO_UAPI, NULL, NULL);
}

static inline int fake_unmap(void *domain, const struct libiommu_backend_map *maps, size_t count,
			     size_t *done, struct libiommu_failure *f)
{
	(void)count;
	*done = 0;
	return fake_map(domain, maps, f);
}

static inline int fake_interrupt_count(void *device, enum libiommu_interrupt_kind kind,
				       unsigned int *count, struct libiommu_failure *f)
{
	(void)device;
	(void)f;
	*count = kind == LIBIOMMU_INTERRUPT_REQUEST;
	return 0;
}

static inline int fake_interrupt_set(void *device, enum libiommu_interrupt_kind kind,
				     const int *fds, unsigned int count, struct libiommu_failure *f)
{
	(void)device;
	(void)kind;
	if (world.refuse_interrupt)
		return libiommu_refuse(f, LIBIOMMU_REASON_NEEDS_ATTACH, NULL, NULL);
	world.request = count ? fds[0] : -1;
	return 0;
}

static const struct libiommu_backend_regions fake_regions = {
	.size = sizeof(fake_regions),
	.interrupt_count = fake_interrupt_count,
	.interrupt_set = fake_interrupt_set,
};

static const struct libiommu_backend fake = {
	.struct_size = sizeof(fake),
	.abi = LIBIOMMU_BACKEND_ABI,
	.name = "fake",
	.open = fake_open,
	.close = fake_close,
	.group_ids = fake_ids,
	.group_read = fake_read,
	.group_of = fake_of,
	.device_open = fake_device_open,
	.device_close = fake_close,
	.domain_new = fake_domain_new,
	.domain_free = fake_close,
	.attach = fake_attach,
	.detach = fake_detach,
	.map = fake_map,
	.unmap = fake_unmap,
	.regions = &fake_regions,
};

/* --- the source ------------------------------------------------------------------------------ */

static inline int source_fd(void *data)
{
	(void)data;
	return world.fd;
}

static inline void source_ready(void)
{
	uint64_t value;

	if (world.first == world.last)
		ck_assert_int_eq(read(world.fd, &value, sizeof(value)), sizeof(value));
}

static inline int64_t source_receive(void *data, void *buffer, size_t size,
				     struct libiommu_monitor_sender *sender)
{
	struct message *message = &world.queue[world.first];
	int64_t rc = message->rc;

	(void)data;
	if (world.first == world.last)
		return 0;
	if (!rc && message->length > size)
		rc = -EMSGSIZE;
	if (!rc) {
		memcpy(buffer, message->bytes, message->length);
		*sender = message->sender;
		rc = (int64_t)message->length;
	}
	free(message->bytes);
	message->bytes = NULL;
	world.first++;
	source_ready();
	return rc;
}

static inline void source_close(void *data)
{
	(void)data;
	world.closed++;
}

static const struct libiommu_monitor_source source = { sizeof(source), NULL, source_fd,
						       source_receive, source_close };

static inline struct message *queue_bytes(const void *bytes, size_t length)
{
	struct message *message = &world.queue[world.last++];
	uint64_t value = 1;

	ck_assert_uint_lt(world.last, MESSAGES);
	memset(message, 0, sizeof(*message));
	message->bytes = malloc(length + 1);
	memcpy(message->bytes, bytes, length);
	message->length = length;
	ck_assert_int_eq(write(world.fd, &value, sizeof(value)), sizeof(value));
	return message;
}

static inline void queue_failure(int rc)
{
	queue_bytes("", 0)->rc = rc;
}

/* What the kernel would say; driver may be NULL. */
static inline struct message *queue_at(const char *action, const char *path, const char *subsystem,
				       const char *driver)
{
	static unsigned int sequence;
	char text[512];
	int length = snprintf(text, sizeof(text),
			      "%s@%s%cACTION=%s%cDEVPATH=%s%cSUBSYSTEM=%s%cSEQNUM=%u%c", action,
			      path, 0, action, 0, path, 0, subsystem, 0, ++sequence, 0);

	if (driver)
		length += snprintf(text + length, sizeof(text) - (size_t)length, "DRIVER=%s%c",
				   driver, 0);
	return queue_bytes(text, (size_t)length);
}

static inline struct message *queue(const char *action, const char *device, const char *driver)
{
	char path[128];

	snprintf(path, sizeof(path), "/devices/pci0000:00/%s", device);
	return queue_at(action, path, "pci", driver);
}

/* --- events ---------------------------------------------------------------------------------- */

static inline bool readable(void)
{
	struct pollfd poll_fd = { .fd = libiommu_monitor_fd(monitor), .events = POLLIN };

	return poll(&poll_fd, 1, 0) == 1;
}

/* "KIND DEVICE DRIVER gGROUP", with "-" for what is not there, or "" when there is nothing. */
static inline const char *next_event(void)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
	static char text[256];
	char group[16] = "-";
	int rc = libiommu_monitor_next(monitor, &event, &err);

	if (rc) {
		ck_assert_int_eq(rc, -EAGAIN);
		ck_assert_ptr_null(err);
		return "";
	}
	ck_assert_ptr_null(err);
	if (event.group != LIBIOMMU_MONITOR_NO_GROUP)
		snprintf(group, sizeof(group), "g%u%s", event.group, event.in_use ? "!" : "");
	snprintf(text, sizeof(text), "%s %s %s %s", libiommu_monitor_kind_name(event.kind),
		 event.device[0] ? event.device : "-", event.driver[0] ? event.driver : "-", group);
	return text;
}

/* An event is there, and poll says so. */
static inline void expect(const char *text)
{
	ck_assert(readable());
	ck_assert_str_eq(next_event(), text);
}

static inline void expect_nothing(void)
{
	ck_assert_str_eq(next_event(), "");
	ck_assert(!readable());
}

static inline void expect_reason(int rc, int code, enum libiommu_reason reason)
{
	ck_assert_int_eq(rc, code);
	ck_assert_ptr_nonnull(err);
	ck_assert_str_eq(libiommu_reason_name(libiommu_error_reason(err)),
			 libiommu_reason_name(reason));
	libiommu_error_free(err);
	err = NULL;
}

static inline struct libiommu_monitor_options options(void)
{
	struct libiommu_monitor_options opts = LIBIOMMU_MONITOR_OPTIONS_INIT;

	opts.source = &source;
	opts.allocator = &world_allocator;
	return opts;
}

#define A "0000:00:04.0"
#define B "0000:00:05.0"
#define C "0000:00:06.0"

/* Two groups: A and B, which are lent, and C, which the machine uses. */
static inline void start_world(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	memset(&world, 0, sizeof(world));
	world.request = -1;
	world.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	plug(A, 1, "vfio-pci");
	plug(B, 1, "vfio-pci");
	plug(C, 2, "nvme");
	opts.backend = "fake";
	opts.own_backend = &fake;
	opts.allocator = &world_allocator;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
}

static inline void start(void)
{
	struct libiommu_monitor_options opts = options();

	start_world();
	ck_assert_int_eq(libiommu_monitor_new(ctx, &opts, &monitor, &err), 0);
	ck_assert_ptr_null(err);
}

static inline void stop(void)
{
	libiommu_monitor_free(monitor);
	monitor = NULL;
	ck_assert_int_eq(world.closed, 1);
	libiommu_ctx_free(ctx);
	while (world.first < world.last)
		free(world.queue[world.first++].bytes);
	close(world.fd);
}

#endif
