/* SPDX-License-Identifier: BSD-2-Clause */
/* The core over a backend with PASIDs, nesting and fault queues that does as it is told. */
#ifndef TESTS_UNIT_EXTRAS_FIXTURE_H
#define TESTS_UNIT_EXTRAS_FIXTURE_H

#include "tests/unit/run.h"

#include <libiommu/backend.h>
#include <libiommu/libiommu.h>
#include <libiommu/nesting.h>

#include <check.h>
#include <errno.h>
#include <string.h>

#define PAGE UINT64_C(4096)

/* What the backend shall do, and what it saw. */
static struct {
	unsigned int width;
	enum libiommu_reason refuse_width, refuse_attach, refuse_nested, refuse_invalidate;
	int attach_calls, detach_calls, replace_calls, new_with_calls, free_calls;
	uint32_t pasid;
	void *domain;
	size_t maps;
	struct libiommu_device *handle;
	struct libiommu_backend_wishes wishes;
	uint64_t aperture; /* last address of every geometry */
	size_t invalidated, invalidate_at_most;
	int queues;
	bool has_group;
	size_t group_pages;
	uint64_t answered;
} told;

static char memory[16 * 4096] __attribute__((aligned(4096)));
static const struct libiommu_backend_env *fake_env;

static inline int fill(struct libiommu_geometry *g, struct libiommu_failure *f)
{
	g->page_min = PAGE;
	return libiommu_geometry_add(fake_env, g, 0, told.aperture, f);
}

static inline int fake_open(void *ctx, const struct libiommu_backend_env *env,
			    struct libiommu_failure *f)
{
	(void)ctx;
	(void)f;
	fake_env = env;
	return 0;
}

static inline void fake_close(void *ctx, uint32_t flags)
{
	(void)ctx;
	(void)flags;
}

/* "a1" and "a2" are of one group, "b1" is of another. */
static inline int fake_device_open(void *ctx, void *device, const char *name, uint32_t *group,
				   struct libiommu_failure *f)
{
	(void)ctx;
	(void)device;
	(void)f;
	*group = (uint32_t)(name[0] - 'a');
	return 0;
}

static inline void fake_device_close(void *device, uint32_t flags)
{
	(void)device;
	(void)flags;
}

static inline void fake_cap(void *device, enum libiommu_cap cap, struct libiommu_cap_answer *out)
{
	(void)device;
	if (cap == LIBIOMMU_CAP_REPLACE)
		out->answer = LIBIOMMU_ANSWER_YES;
}

static inline int fake_domain_new(void *ctx, void *domain, enum libiommu_domain_type type,
				  struct libiommu_failure *f)
{
	(void)ctx;
	(void)domain;
	(void)type;
	(void)f;
	return 0;
}

static inline int fake_domain_new_with(void *ctx, void *domain,
				       const struct libiommu_backend_wishes *wishes,
				       struct libiommu_failure *f)
{
	(void)ctx;
	(void)domain;
	(void)f;
	told.new_with_calls++;
	told.wishes = *wishes;
	return 0;
}

static inline void fake_domain_free(void *domain, uint32_t flags)
{
	(void)domain;
	(void)flags;
	told.free_calls++;
}

static inline int fake_attach(void *device, void *domain,
			      const struct libiommu_backend_attach *attach,
			      struct libiommu_geometry *g, struct libiommu_failure *f)
{
	(void)device;
	told.domain = domain;
	told.maps = attach->map_count;
	told.handle = attach->handle;
	return fill(g, f);
}

static inline int fake_detach(void *device, void *domain, bool last, uint32_t flags,
			      struct libiommu_geometry *g, struct libiommu_failure *f)
{
	(void)device;
	(void)domain;
	(void)last;
	(void)flags;
	return fill(g, f);
}

static inline int fake_replace(void *const *devices, size_t count, void *from, void *to,
			       const struct libiommu_backend_attach *attach,
			       struct libiommu_geometry *from_g, struct libiommu_geometry *to_g,
			       struct libiommu_failure *f)
{
	(void)devices;
	(void)count;
	(void)from;
	(void)to;
	(void)attach;
	return fill(from_g, f) ? -ENOMEM : fill(to_g, f);
}

static inline int fake_map(void *domain, const struct libiommu_backend_map *map,
			   struct libiommu_failure *f)
{
	(void)domain;
	(void)map;
	(void)f;
	return 0;
}

static inline int fake_unmap(void *domain, const struct libiommu_backend_map *maps, size_t count,
			     size_t *done, struct libiommu_failure *f)
{
	(void)domain;
	(void)maps;
	(void)f;
	*done = count;
	return 0;
}

static inline int fake_width(void *device, unsigned int *bits, struct libiommu_failure *f)
{
	(void)device;
	if (told.refuse_width)
		return libiommu_refuse(f, told.refuse_width, NULL, NULL);
	*bits = told.width;
	return 0;
}

static inline int fake_pasid_attach(void *device, uint32_t pasid, void *domain,
				    const struct libiommu_backend_attach *attach,
				    struct libiommu_geometry *g, struct libiommu_failure *f)
{
	(void)device;
	told.attach_calls++;
	if (told.refuse_attach)
		return libiommu_refuse(f, told.refuse_attach, NULL, NULL);
	told.pasid = pasid;
	told.domain = domain;
	told.maps = attach->map_count;
	told.handle = attach->handle;
	return fill(g, f);
}

static inline void fake_pasid_detach(void *device, uint32_t pasid, void *domain,
				     struct libiommu_geometry *g)
{
	(void)device;
	(void)domain;
	told.detach_calls++;
	told.pasid = pasid;
	fill(g, NULL);
}

static inline int fake_pasid_replace(void *device, uint32_t pasid, void *from, void *to,
				     const struct libiommu_backend_attach *attach,
				     struct libiommu_geometry *from_g,
				     struct libiommu_geometry *to_g, struct libiommu_failure *f)
{
	(void)device;
	(void)from;
	told.replace_calls++;
	if (told.refuse_attach)
		return libiommu_refuse(f, told.refuse_attach, NULL, NULL);
	told.pasid = pasid;
	told.domain = to;
	told.maps = attach->map_count;
	return fill(from_g, f) ? -ENOMEM : fill(to_g, f);
}

static inline int fake_hw_info(void *device, struct libiommu_hw_info *out,
			       struct libiommu_failure *f)
{
	(void)device;
	(void)f;
	out->type = LIBIOMMU_HW_VTD;
	out->length = 24;
	out->data.vtd.cap = 0x1234;
	return 0;
}

static inline int fake_nested(void *device, void *parent, void *domain,
			      const struct libiommu_nested_options *opts, void *faults,
			      const struct libiommu_backend_attach *attach,
			      struct libiommu_geometry *g, struct libiommu_failure *f)
{
	(void)device;
	(void)parent;
	(void)opts;
	(void)faults;
	if (told.refuse_nested)
		return libiommu_refuse(f, told.refuse_nested, NULL, NULL);
	told.domain = domain;
	told.maps = attach->map_count;
	told.handle = attach->handle;
	return fill(g, f);
}

static inline int fake_invalidate(void *domain, const struct libiommu_invalidation *commands,
				  size_t count, size_t *done, struct libiommu_failure *f)
{
	(void)domain;
	(void)commands;
	*done = count < told.invalidate_at_most ? count : told.invalidate_at_most;
	told.invalidated += *done;
	return *done < count ? libiommu_refuse(f, told.refuse_invalidate, NULL, NULL) : 0;
}

static inline int fake_invalidate_raw(void *domain, uint32_t type, const void *entries,
				      size_t length, size_t count, size_t *done,
				      struct libiommu_failure *f)
{
	(void)domain;
	(void)entries;
	(void)length;
	(void)done;
	if (type != 7)
		return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL, NULL);
	told.invalidated += count;
	return 0;
}

static inline int fake_queue_new(void *ctx, void *queue,
				 const struct libiommu_fault_queue_options *opts, int *fd,
				 struct libiommu_failure *f)
{
	(void)ctx;
	*(size_t *)queue = opts->depth;
	if (opts->depth == 13)
		return libiommu_refuse(f, LIBIOMMU_REASON_FD_LIMIT, NULL, NULL);
	told.queues++;
	*fd = 42;
	return 0;
}

static inline void fake_queue_free(void *queue, uint32_t flags)
{
	(void)queue;
	(void)flags;
	told.queues--;
}

static inline int fake_next(void *queue, struct libiommu_fault_group *group,
			    struct libiommu_page_request *requests, size_t room, size_t *count,
			    struct libiommu_failure *f)
{
	(void)queue;
	*count = told.has_group ? told.group_pages : 0;
	if (*count > room)
		return libiommu_refuse(f, LIBIOMMU_REASON_BUFFER_TOO_SMALL, NULL, NULL);
	for (size_t i = 0; i < *count; i++)
		requests[i] = (struct libiommu_page_request){ .address = i * PAGE };
	group->cookie = 5;
	group->device = told.handle;
	told.has_group = false;
	return 0;
}

static inline int fake_respond(void *queue, uint64_t cookie, enum libiommu_fault_answer answer,
			       struct libiommu_failure *f)
{
	(void)queue;
	if (cookie != 5)
		return libiommu_refuse(f, LIBIOMMU_REASON_FAULT_UNKNOWN, NULL, NULL);
	told.answered = answer;
	return 0;
}

static inline uint64_t fake_overflows(void *queue)
{
	return *(size_t *)queue;
}

static const struct libiommu_backend_pasids fake_pasids = {
	.size = sizeof(fake_pasids),
	.width = fake_width,
	.attach = fake_pasid_attach,
	.detach = fake_pasid_detach,
	.replace = fake_pasid_replace,
};

static const struct libiommu_backend_nesting fake_nesting = {
	.size = sizeof(fake_nesting),
	.hw_info = fake_hw_info,
	.domain_new = fake_nested,
	.invalidate = fake_invalidate,
	.invalidate_raw = fake_invalidate_raw,
};

static const struct libiommu_backend_faults fake_faults = {
	.size = sizeof(fake_faults),
	.queue_size = sizeof(size_t),
	.queue_new = fake_queue_new,
	.queue_free = fake_queue_free,
	.next = fake_next,
	.respond = fake_respond,
	.overflows = fake_overflows,
};

/* Without the sub-tables; see with_extras(). */
static const struct libiommu_backend fake_bare = {
	.struct_size = sizeof(fake_bare),
	.abi = LIBIOMMU_BACKEND_ABI,
	.flags = LIBIOMMU_BACKEND_REPLAY,
	.name = "fake",
	.device_size = 8,
	.domain_size = 8,
	.open = fake_open,
	.close = fake_close,
	.device_open = fake_device_open,
	.device_close = fake_device_close,
	.device_cap = fake_cap,
	.domain_new = fake_domain_new,
	.domain_free = fake_domain_free,
	.attach = fake_attach,
	.detach = fake_detach,
	.replace = fake_replace,
	.map = fake_map,
	.unmap = fake_unmap,
};

static inline struct libiommu_backend with_extras(void)
{
	struct libiommu_backend table = fake_bare;

	table.domain_new_with = fake_domain_new_with;
	table.pasids = &fake_pasids;
	table.nesting = &fake_nesting;
	table.faults = &fake_faults;
	return table;
}

static struct libiommu_ctx *ctx;
static struct libiommu_device *dev;
static struct libiommu_error *err;

static inline struct libiommu_ctx *new_ctx(const struct libiommu_backend *table)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *made;

	opts.backend = "fake";
	opts.own_backend = table;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &made, NULL), 0);
	return made;
}

static inline void setup(void)
{
	const struct libiommu_backend table = with_extras();

	memset(&told, 0, sizeof(told));
	told.width = 4;
	told.aperture = UINT64_C(0xffffffff);
	told.invalidate_at_most = SIZE_MAX;
	told.refuse_invalidate = LIBIOMMU_REASON_BAD_INVALIDATION;
	ctx = new_ctx(&table);
	ck_assert_int_eq(libiommu_device_open(ctx, "a1", &dev, NULL), 0);
}

static inline void teardown(void)
{
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(told.queues, 0);
}

static inline void refused(int code, enum libiommu_reason reason)
{
	ck_assert_ptr_nonnull(err);
	ck_assert_str_eq(libiommu_reason_name(libiommu_error_reason(err)),
			 libiommu_reason_name(reason));
	ck_assert_int_eq(code, -libiommu_reason_errno(reason));
	libiommu_error_free(err);
	err = NULL;
}

static inline struct libiommu_domain *new_domain(bool pasid, bool parent)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;

	opts.pasid = pasid;
	opts.nest_parent = parent;
	ck_assert_int_eq(libiommu_domain_new(ctx, &opts, &dom, NULL), 0);
	return dom;
}

#endif
