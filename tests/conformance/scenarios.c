// SPDX-License-Identifier: BSD-2-Clause
/* The scenarios of the sweep. A step makes one call, so that its refusal can be looked at. */
#include "sweep.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define PAGE  (target->page)
#define IO(n) (UINT64_C(0x100000) + (uint64_t)(n)*PAGE)
#define RW    (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

#define STEP(ident) static int ident(struct world *w, struct libiommu_error **err)

STEP(make_context)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	opts.sys = &w->hooks.sys;
	opts.allocator = &w->hooks.allocator;
	target->options(&opts);
	return libiommu_ctx_new(&opts, &w->ctx, err);
}

STEP(open_first)
{
	return libiommu_device_open(w->ctx, target->alone[0], &w->dev[0], err);
}

STEP(open_second)
{
	return libiommu_device_open(w->ctx, target->alone[1], &w->dev[1], err);
}

STEP(open_member_0)
{
	return libiommu_device_open(w->ctx, target->member[0], &w->dev[0], err);
}

STEP(open_member_1)
{
	return libiommu_device_open(w->ctx, target->member[1], &w->dev[1], err);
}

STEP(make_domain)
{
	return libiommu_domain_new(w->ctx, NULL, &w->dom[0], err);
}

STEP(make_other)
{
	return libiommu_domain_new(w->ctx, NULL, &w->dom[1], err);
}

STEP(make_blocked)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;

	opts.type = LIBIOMMU_DOMAIN_BLOCKED;
	return libiommu_domain_new(w->ctx, &opts, &w->dom[1], err);
}

static int attach(struct world *w, size_t dev, size_t dom, struct libiommu_error **err)
{
	return libiommu_endpoint_attach(libiommu_device_endpoint(w->dev[dev]), w->dom[dom], err);
}

STEP(attach_first)
{
	return attach(w, 0, 0, err);
}

STEP(attach_second)
{
	return attach(w, 1, 0, err);
}

STEP(attach_first_to_other)
{
	return attach(w, 0, 1, err);
}

STEP(detach_first)
{
	return libiommu_endpoint_detach(libiommu_device_endpoint(w->dev[0]), 0, err);
}

STEP(detach_second_reopen)
{
	return libiommu_endpoint_detach(libiommu_device_endpoint(w->dev[1]),
					LIBIOMMU_DETACH_MAY_REOPEN, err);
}

STEP(detach_second)
{
	return libiommu_endpoint_detach(libiommu_device_endpoint(w->dev[1]), 0, err);
}

static int replace(struct world *w, size_t dom, struct libiommu_error **err)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	bool armed = w->hooks.armed;
	int ret;

	w->hooks.armed = false;
	ret = libiommu_device_cap(w->dev[0], LIBIOMMU_CAP_REPLACE, &answer, NULL);
	w->hooks.armed = armed;
	if (ret || answer.answer != LIBIOMMU_ANSWER_YES)
		return SWEEP_NOT_HERE;
	return libiommu_endpoint_replace(libiommu_device_endpoint(w->dev[0]), w->dom[dom],
					 LIBIOMMU_REPLACE_GROUP, err);
}

STEP(replace_to_other)
{
	return replace(w, 1, err);
}

STEP(replace_back)
{
	return replace(w, 0, err);
}

static int map(struct world *w, size_t dom, unsigned int at, unsigned int pages,
	       struct libiommu_error **err)
{
	return libiommu_domain_map(w->dom[dom], IO(at), libiommu_source_memory(w->memory),
				   pages * PAGE, RW, err);
}

STEP(map_one)
{
	return map(w, 0, 0, 2, err);
}

STEP(map_two)
{
	return map(w, 0, 4, 1, err);
}

STEP(map_large)
{
	return map(w, 0, 64, 64, err);
}

STEP(map_in_other)
{
	return map(w, 1, 0, 3, err);
}

STEP(map_file)
{
	return libiommu_domain_map(w->dom[0], IO(16), libiommu_source_file(w->file, 2 * PAGE),
				   4 * PAGE, RW, err);
}

STEP(map_any)
{
	uint64_t iova = 0;

	return libiommu_domain_map_any(w->dom[0], libiommu_source_memory(w->memory), 2 * PAGE, RW,
				       &iova, err);
}

STEP(map_batch)
{
	struct libiommu_map_request requests[4];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		requests[i] = (struct libiommu_map_request)LIBIOMMU_MAP_REQUEST_INIT;
		requests[i].iova = IO(200 + 2 * i);
		requests[i].length = PAGE;
		requests[i].prot = RW;
		requests[i].source = i == 2 ? libiommu_source_file(w->file, 0)
					    : libiommu_source_memory(w->memory + i * PAGE);
	}
	return libiommu_domain_map_batch(w->dom[0], requests, 4, NULL, err);
}

STEP(unmap_one)
{
	return libiommu_domain_unmap(w->dom[0], IO(0), 2 * PAGE, NULL, err);
}

STEP(unmap_many)
{
	return libiommu_domain_unmap(w->dom[0], IO(0), 512 * PAGE, NULL, err);
}

STEP(unmap_all)
{
	return libiommu_domain_unmap_all(w->dom[0], NULL, err);
}

STEP(set_allowed)
{
	struct libiommu_range ranges[2] = { { IO(0), IO(256) - 1 }, { IO(300), IO(600) - 1 } };

	return libiommu_domain_set_allowed(w->dom[0], ranges, 2, err);
}

STEP(ask_ranges)
{
	struct libiommu_range ranges[32];
	size_t count = 32;

	return libiommu_domain_iova_ranges(w->dom[0], ranges, &count, err);
}

STEP(ask_device_ranges)
{
	struct libiommu_range ranges[32];
	size_t count = 32;

	return libiommu_device_iova_ranges(w->dev[0], ranges, &count, err);
}

STEP(make_reader)
{
	return libiommu_reader_new(w->ctx, &w->reader, err);
}

STEP(look_up)
{
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	uint64_t iova;

	if (libiommu_domain_find(w->dom[0], w->reader, IO(0), &mapping) ||
	    libiommu_domain_find(w->dom[0], NULL, IO(0), &mapping) ||
	    libiommu_domain_find_source(w->dom[0], w->reader, libiommu_source_memory(w->memory), 0,
					&iova, &mapping))
		sweep_problem(w, "a lookup fails");
	return libiommu_ctx_synchronize(w->ctx, err);
}

STEP(take_group)
{
	return libiommu_group_of(w->ctx, target->alone[0], &w->group, err);
}

STEP(give_group)
{
	(void)err;
	libiommu_group_unref(w->group);
	w->group = NULL;
	return 0;
}

STEP(take_group_by_id)
{
	return libiommu_group_get(w->ctx, libiommu_device_group_id(w->dev[0]), &w->group, err);
}

STEP(list_groups)
{
	uint32_t ids[256];
	size_t count = 256;

	return libiommu_group_ids(w->ctx, ids, &count, err);
}

STEP(open_region)
{
	return libiommu_region_open(w->dev[0], LIBIOMMU_REGION_BAR0, &w->region, err);
}

STEP(read_register)
{
	uint64_t value;

	return libiommu_region_read(w->region, 0, 4, &value, err);
}

STEP(write_register)
{
	return libiommu_region_write(w->region, 4, 4, 0x1234, err);
}

STEP(map_region)
{
	volatile void *address;
	int ret = libiommu_region_map(w->region, &address, err);

	if (ret && *err && libiommu_error_reason(*err) == LIBIOMMU_REASON_REGION_NOT_MAPPABLE) {
		libiommu_error_free(*err);
		*err = NULL;
		return SWEEP_NOT_HERE;
	}
	return ret;
}

STEP(close_region)
{
	(void)err;
	libiommu_region_close(w->region);
	w->region = NULL;
	return 0;
}

STEP(bus_master)
{
	return libiommu_device_set_bus_master(w->dev[0], true, err);
}

STEP(count_interrupts)
{
	unsigned int count;

	return libiommu_interrupt_count(w->dev[0], LIBIOMMU_INTERRUPT_MSI, &count, err);
}

STEP(enable_interrupt)
{
	int fd = eventfd(0, EFD_CLOEXEC);
	int ret = libiommu_interrupt_enable(w->dev[0], LIBIOMMU_INTERRUPT_MSI, &fd, 1, err);

	close(fd);
	return ret;
}

STEP(disable_interrupt)
{
	return libiommu_interrupt_disable(w->dev[0], LIBIOMMU_INTERRUPT_MSI, err);
}

STEP(close_first)
{
	int ret = libiommu_device_close(w->dev[0], err);

	if (!ret)
		w->dev[0] = NULL;
	return ret;
}

STEP(free_domain)
{
	int ret = libiommu_domain_free(w->dom[0], err);

	if (!ret)
		w->dom[0] = NULL;
	return ret;
}

#define S(function)                        \
	{                                  \
#function, function, false \
	}
#define U(function)                       \
	{                                 \
#function, function, true \
	}
#define END                       \
	{                         \
		NULL, NULL, false \
	}

static const struct sweep_step opening[] = {
	S(make_context), S(open_first), S(open_second), S(make_domain), S(make_other),
	S(close_first),  S(open_first), S(free_domain), S(make_domain), END,
};

static const struct sweep_step attaching[] = {
	S(make_context), S(open_first),   S(make_domain), S(map_one),           S(map_two),
	S(map_file),     S(attach_first), S(ask_ranges),  S(ask_device_ranges), S(detach_first),
	S(attach_first), S(detach_first), S(close_first), U(unmap_all),         END,
};

static const struct sweep_step mapping[] = {
	S(make_context), S(open_first), S(make_domain), S(attach_first),
	S(map_one),      S(map_two),    S(map_large),   S(map_file),
	S(map_batch),    S(unmap_one),  S(map_one),     U(unmap_many),
	S(set_allowed),  S(map_any),    U(unmap_all),   END,
};

static const struct sweep_step unattached[] = {
	S(make_context), S(make_domain), S(map_one),     S(map_file), S(map_batch), S(make_reader),
	S(look_up),      U(unmap_one),   S(set_allowed), S(map_any),  U(unmap_all), END,
};

static const struct sweep_step several_groups[] = {
	S(make_context), S(open_first), S(open_second),          S(make_domain),   S(map_one),
	S(attach_first), S(map_two),    S(attach_second),        S(map_file),      S(map_batch),
	U(unmap_many),   S(map_one),    S(detach_second_reopen), S(attach_second), S(map_two),
	U(unmap_all),    END,
};

static const struct sweep_step members[] = {
	S(make_context),
	S(open_member_0),
	S(open_member_1),
	S(make_domain),
	S(map_one),
	S(attach_first),
	S(attach_second),
	S(map_two),
	S(detach_first),
	S(detach_second),
	S(attach_second),
	S(attach_first),
	END,
};

static const struct sweep_step moving[] = {
	S(make_context),
	S(open_first),
	S(make_domain),
	S(make_other),
	S(map_one),
	S(map_in_other),
	S(attach_first),
	S(replace_to_other),
	S(replace_back),
	S(detach_first),
	S(attach_first_to_other),
	S(detach_first),
	END,
};

static const struct sweep_step blocking[] = {
	S(make_context),          S(open_first),   S(make_blocked),
	S(attach_first_to_other), S(detach_first), END,
};

static const struct sweep_step registers[] = {
	S(make_context),     S(open_first),       S(make_domain),
	S(attach_first),     S(open_region),      S(read_register),
	S(write_register),   S(map_region),       S(bus_master),
	S(count_interrupts), S(enable_interrupt), S(disable_interrupt),
	S(enable_interrupt), S(close_region),     END,
};

static const struct sweep_step groups[] = {
	S(make_context), S(list_groups),      S(take_group),  S(give_group),
	S(open_first),   S(take_group_by_id), S(list_groups), END,
};

const struct sweep_scenario sweep_scenarios[] = {
	{ "opening", 2, 0, opening },
	{ "attaching", 1, 0, attaching },
	{ "mapping", 1, 0, mapping },
	{ "unattached", 0, 0, unattached },
	{ "several-groups", 2, 0, several_groups },
	{ "members", 0, 2, members },
	{ "moving", 1, 0, moving },
	{ "blocking", 1, 0, blocking },
	{ "registers", 1, 0, registers },
	{ "groups", 1, 0, groups },
	{ NULL, 0, 0, NULL },
};
