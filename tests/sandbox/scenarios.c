/* SPDX-License-Identifier: BSD-2-Clause */
#include "scenarios.h"

#include <libiommu/nesting.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_BYTES (3u << 20) /* enough for huge pages */

/* QEMU's edu. */
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE  0x60
#define EDU_IRQ_ACK    0x64
#define EDU_SOURCE     0x80
#define EDU_TARGET     0x88
#define EDU_BYTES      0x90
#define EDU_COMMAND    0x98
#define EDU_RUN        1u
#define EDU_TO_RAM     2u
#define EDU_BUFFER     0x40000u
#define EDU_TRIES      5000

static char problem[512];

/* The first refusal ends the scenario, with its reason. */
#define TRY(call)                                                                          \
	do {                                                                               \
		struct libiommu_error *err = NULL;                                         \
		if (call) {                                                                \
			snprintf(problem, sizeof(problem), "%.120s: %.40s: %.200s", #call, \
				 libiommu_reason_name(libiommu_error_reason(err)),         \
				 libiommu_error_message(err));                             \
			return problem;                                                    \
		}                                                                          \
	} while (0)

#define EXPECT(condition)                                                             \
	do {                                                                          \
		if (!(condition)) {                                                   \
			snprintf(problem, sizeof(problem), "not so: %s", #condition); \
			return problem;                                               \
		}                                                                     \
	} while (0)

struct session {
	const struct world *world;
	struct libiommu_ctx *ctx;
	struct libiommu_device *device;
	struct libiommu_domain *domain;
	struct libiommu_region *bar;
};

#define NEXT(call)                           \
	do {                                 \
		const char *wrong_ = (call); \
		if (wrong_)                  \
			return wrong_;       \
	} while (0)

static const char *start(struct session *s, const struct world *w, bool with_sysfs)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_passed passed = LIBIOMMU_PASSED_INIT;
	struct libiommu_device_options dev = LIBIOMMU_DEVICE_OPTIONS_INIT;

	memset(s, 0, sizeof(*s));
	s->world = w;
	opts.backend = w->backend;
	opts.sys = w->sys;
	opts.passed = &passed;
	passed.container = w->container;
	passed.iommufd = w->iommufd;
	if (with_sysfs)
		passed.sysfs = w->sysfs;
	dev.group = w->group;
	dev.cdev = w->cdev;
	dev.group_id = w->group_id;
	dev.in_container = w->stage == FILLED && w->group >= 0;
	dev.bound = w->stage == FILLED && w->cdev >= 0;
	dev.bound_id = w->devid;
	TRY(libiommu_ctx_new(&opts, &s->ctx, &err));
	TRY(libiommu_device_open_with(s->ctx, w->device, &dev, &s->device, &err));
	return NULL;
}

static const char *put(struct session *s, uint64_t at, uint64_t value)
{
	TRY(libiommu_region_write(s->bar, at, 4, value, &err));
	return NULL;
}

static const char *run_dma(struct session *s, uint64_t from, uint64_t to, uint32_t command)
{
	uint64_t running = EDU_RUN;

	NEXT(put(s, EDU_SOURCE, from));
	NEXT(put(s, EDU_TARGET, to));
	NEXT(put(s, EDU_BYTES, 64));
	NEXT(put(s, EDU_COMMAND, EDU_RUN | command));
	for (unsigned int i = 0; i < EDU_TRIES && running & EDU_RUN; i++) {
		const struct timespec pause = { 0, 1000000 };

		TRY(libiommu_region_read(s->bar, EDU_COMMAND, 4, &running, &err));
		if (running & EDU_RUN)
			ppoll(NULL, 0, &pause, NULL);
	}
	EXPECT(!(running & EDU_RUN));
	return NULL;
}

/* Into the device from one page, and out of it to another one. */
static const char *move_data(struct session *s, uint64_t iova)
{
	char *memory = s->world->memory;

	memset(memory, 0, 2 * PAGE);
	strcpy(memory, "through the device and back");
	NEXT(run_dma(s, iova, EDU_BUFFER, 0));
	NEXT(run_dma(s, EDU_BUFFER, iova + PAGE, EDU_TO_RAM));
	EXPECT(!memcmp(memory, memory + PAGE, 64));
	return NULL;
}

static const char *interrupt(struct session *s)
{
	const struct timespec patience = { 20, 0 };
	enum libiommu_interrupt_kind kind = LIBIOMMU_INTERRUPT_MSI;
	struct pollfd poll = { .fd = s->world->event, .events = POLLIN };
	unsigned int count = 0;
	uint64_t seen = 0;

	TRY(libiommu_interrupt_count(s->device, kind, &count, &err));
	if (!count) {
		kind = LIBIOMMU_INTERRUPT_INTX;
		count = 1;
	}
	TRY(libiommu_interrupt_enable(s->device, kind, &s->world->event, 1, &err));
	NEXT(put(s, EDU_IRQ_RAISE, 1));
	EXPECT(ppoll(&poll, 1, &patience, NULL) == 1);
	EXPECT(read(s->world->event, &seen, sizeof(seen)) == sizeof(seen) && seen == 1);
	NEXT(put(s, EDU_IRQ_ACK, 1));
	if (kind == LIBIOMMU_INTERRUPT_INTX)
		TRY(libiommu_interrupt_unmask(s->device, &err));
	TRY(libiommu_interrupt_disable(s->device, kind, &err));
	return NULL;
}

static const char *use_device(struct session *s, uint64_t iova)
{
	TRY(libiommu_endpoint_attach(libiommu_device_endpoint(s->device), s->domain, &err));
	TRY(libiommu_device_set_bus_master(s->device, true, &err));
	TRY(libiommu_region_open(s->device, LIBIOMMU_REGION_BAR0, &s->bar, &err));
	NEXT(move_data(s, iova));
	NEXT(interrupt(s));
	libiommu_region_close(s->bar);
	return NULL;
}

static const char *map_ours(struct session *s)
{
	TRY(libiommu_domain_map(s->domain, OUR_IOVA, libiommu_source_memory(s->world->memory),
				OUR_PAGES * PAGE, LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, &err));
	return NULL;
}

/* Nothing is attached yet, so no limit of locked memory is in the way. */
static const char *make_memory(struct session *s)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *own = NULL, *shared = NULL;

	TRY(libiommu_dma_alloc(s->domain, MEMORY_BYTES, NULL, &own, &err));
	opts.flags = LIBIOMMU_DMA_SHARED | LIBIOMMU_DMA_POPULATE;
	TRY(libiommu_dma_alloc(s->domain, MEMORY_BYTES, &opts, &shared, &err));
	strcpy(libiommu_dma_address(shared), "memory that others can map");
	TRY(libiommu_dma_free(shared, &err));
	TRY(libiommu_dma_free(own, &err));
	return NULL;
}

static const char *leave(struct session *s)
{
	uint64_t bytes = 0;

	TRY(libiommu_domain_unmap(s->domain, OUR_IOVA, OUR_PAGES * PAGE, &bytes, &err));
	EXPECT(bytes == OUR_PAGES * PAGE);
	TRY(libiommu_endpoint_detach(libiommu_device_endpoint(s->device), 0, &err));
	TRY(libiommu_domain_free(s->domain, &err));
	TRY(libiommu_device_close(s->device, &err));
	libiommu_ctx_free(s->ctx);
	return NULL;
}

/* Without a descriptor of /sys nothing is known of groups. */
static const char *look_at_group(struct session *s, bool with_sysfs)
{
	struct libiommu_group *group = NULL;
	struct libiommu_error *error = NULL;

	if (with_sysfs) {
		TRY(libiommu_group_of(s->ctx, s->world->device, &group, &err));
		EXPECT(libiommu_group_id(group) == s->world->group_id);
		libiommu_group_unref(group);
		return NULL;
	}
	EXPECT(libiommu_group_of(s->ctx, s->world->device, &group, &error) != 0);
	EXPECT(libiommu_error_reason(error) == LIBIOMMU_REASON_NEEDS_PASSED_FD);
	libiommu_error_free(error);
	return NULL;
}

static const char *own_domain(const struct world *w, bool with_sysfs)
{
	struct session s;
	int fd = -1;

	NEXT(start(&s, w, with_sysfs));
	TRY(libiommu_domain_new(s.ctx, NULL, &s.domain, &err));
	NEXT(make_memory(&s));
	NEXT(map_ours(&s));
	NEXT(use_device(&s, OUR_IOVA));
	TRY(libiommu_device_kvm_fd(s.device, &fd, &err));
	EXPECT(fd >= 0);
	NEXT(look_at_group(&s, with_sysfs));
	return leave(&s);
}

const char *scenario_own_domain(const struct world *w)
{
	return own_domain(w, false);
}

const char *scenario_sysfs(const struct world *w)
{
	return own_domain(w, true);
}

static const char *make_domain(struct session *s, bool pasid, bool parent,
			       struct libiommu_fault_queue *faults, struct libiommu_domain **out)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;

	opts.pasid = pasid;
	opts.nest_parent = parent;
	opts.faults = faults;
	TRY(libiommu_domain_new(s->ctx, &opts, out, &err));
	return NULL;
}

static const char *use_pasid(struct session *s)
{
	struct libiommu_domain *one, *other;
	struct libiommu_endpoint *ep = NULL;

	NEXT(make_domain(s, true, false, NULL, &one));
	NEXT(make_domain(s, true, false, NULL, &other));
	TRY(libiommu_pasid_open(s->device, LIBIOMMU_PASID_ANY, &ep, &err));
	TRY(libiommu_endpoint_attach(ep, one, &err));
	TRY(libiommu_endpoint_replace(ep, other, 0, &err));
	TRY(libiommu_endpoint_detach(ep, 0, &err));
	TRY(libiommu_pasid_close(ep, &err));
	TRY(libiommu_domain_free(one, &err));
	TRY(libiommu_domain_free(other, &err));
	return NULL;
}

static const char *use_queue(struct session *s)
{
	struct libiommu_endpoint *ep = libiommu_device_endpoint(s->device);
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_fault_queue *queue = NULL;
	struct libiommu_page_request request;
	struct libiommu_domain *dom;
	size_t count = 1;

	TRY(libiommu_fault_queue_new(s->ctx, NULL, &queue, &err));
	NEXT(make_domain(s, false, false, queue, &dom));
	TRY(libiommu_endpoint_attach(ep, dom, &err));
	EXPECT(s->world->ask() == 0);
	TRY(libiommu_fault_queue_next(queue, &group, &request, &count, &err));
	EXPECT(count == 1 && group.device == s->device && request.address == OUR_IOVA);
	TRY(libiommu_fault_queue_respond(queue, group.cookie, LIBIOMMU_FAULT_RESOLVED, &err));
	TRY(libiommu_endpoint_detach(ep, 0, &err));
	TRY(libiommu_domain_free(dom, &err));
	TRY(libiommu_fault_queue_free(queue, &err));
	return NULL;
}

static const char *use_stage1(struct session *s)
{
	const struct libiommu_invalidation all = { .kind = LIBIOMMU_INVALIDATE_ALL };
	const struct libiommu_stage1_vtd data = { .root = OUR_IOVA, .address_width = 48 };
	struct libiommu_endpoint *ep = libiommu_device_endpoint(s->device);
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;
	struct libiommu_domain *nested = NULL;
	size_t count = 1;

	TRY(libiommu_device_hw_info(s->device, &info, &err));
	EXPECT(info.type == LIBIOMMU_HW_VTD);
	NEXT(make_domain(s, false, true, NULL, &s->domain));
	NEXT(map_ours(s));
	opts.data = &data;
	opts.data_length = sizeof(data);
	TRY(libiommu_domain_new_nested(s->device, s->domain, &opts, &nested, &err));
	TRY(libiommu_endpoint_attach(ep, nested, &err));
	TRY(libiommu_domain_invalidate(nested, &all, &count, &err));
	EXPECT(count == 1);
	TRY(libiommu_endpoint_detach(ep, 0, &err));
	TRY(libiommu_domain_free(nested, &err));
	TRY(libiommu_domain_unmap_all(s->domain, NULL, &err));
	TRY(libiommu_domain_free(s->domain, &err));
	return NULL;
}

const char *scenario_everything(const struct world *w)
{
	struct session s;
	size_t count = 8;
	int fds[8];

	NEXT(start(&s, w, false));
	if (w->ask) {
		NEXT(use_pasid(&s));
		NEXT(use_queue(&s));
		NEXT(use_stage1(&s));
	}
	TRY(libiommu_domain_new(s.ctx, NULL, &s.domain, &err));
	NEXT(make_memory(&s));
	NEXT(map_ours(&s));
	NEXT(use_device(&s, OUR_IOVA));
	TRY(libiommu_device_reset(s.device, &err));
	TRY(libiommu_device_hot_reset_fds(s.device, fds, &count, &err));
	return leave(&s);
}

const char *scenario_adopted(const struct world *w)
{
	struct libiommu_error *error = NULL;
	struct session s;

	NEXT(start(&s, w, false));
	TRY(libiommu_domain_adopt(s.ctx, w->ioas, &s.domain, &err));
	NEXT(map_ours(&s));
	EXPECT(libiommu_domain_map(s.domain, FOREIGN_IOVA + PAGE, libiommu_source_memory(w->memory),
				   PAGE, LIBIOMMU_PROT_READ, &error) != 0);
	EXPECT(libiommu_error_reason(error) == LIBIOMMU_REASON_FOREIGN_MAPPING);
	libiommu_error_free(error);
	NEXT(use_device(&s, OUR_IOVA));
	return leave(&s);
}

const char *scenario_path(const struct world *w)
{
	(void)w;
	EXPECT(open("/dev/null", O_RDONLY) < 0);
	return "it goes on";
}

const char *scenario_context_of_paths(const struct world *w)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *ctx = NULL;

	opts.backend = w->backend;
	opts.sys = w->sys;
	TRY(libiommu_ctx_new(&opts, &ctx, &err));
	return "it goes on";
}

const char *scenario_exec(const struct world *w)
{
	char *const none[] = { NULL };

	(void)w;
	execve("/bin/true", none, none);
	return "it goes on";
}
