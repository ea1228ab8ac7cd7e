// SPDX-License-Identifier: BSD-2-Clause
/* 4.6.5: a forked child may only close and free. */
#include "helpers.h"

#include <errno.h>
#include <fcntl.h>

struct family {
	struct rig rig;
	struct libiommu_domain *other;
	struct libiommu_reader *reader;
	struct edu edu;
	char *mem;
};

static struct family family(void)
{
	struct family f = { .rig = rig_attached(1), .mem = memory(4 * PAGE) };

	f.other = domain(f.rig.ctx);
	OK(libiommu_reader_new(f.rig.ctx, &f.reader, E));
	map(f.rig.dom, IO(0), f.mem, PAGE);
	f.edu = edu_open(f.rig.dev[0]);
	dma_reaches(&f.edu, IO(0), f.mem);
	return f;
}

static bool after_fork(int ret, struct libiommu_error *err)
{
	bool right = ret == -ECHILD && libiommu_error_reason(err) == LIBIOMMU_REASON_AFTER_FORK &&
		     libiommu_error_code(err) == ret && libiommu_error_hint(err)[0];

	libiommu_error_free(err);
	return right;
}

#define AFTER_FORK(call)                          \
	do {                                      \
		struct libiommu_error *e = NULL;  \
		int ret_ = (call);                \
		CHILD_CHECK(after_fork(ret_, e)); \
	} while (0)

static int domains_in_child(void *data)
{
	struct libiommu_map_request request = LIBIOMMU_MAP_REQUEST_INIT;
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	struct libiommu_range ranges[8];
	struct libiommu_domain *dom;
	struct family *f = data;
	size_t count = 8;
	uint64_t iova;

	request.source = at(f->mem);
	request.length = PAGE;
	request.prot = RW;
	dom = f->rig.dom;
	AFTER_FORK(libiommu_domain_map(dom, IO(1), at(f->mem), PAGE, RW, &e));
	AFTER_FORK(libiommu_domain_map_any(dom, at(f->mem), PAGE, RW, &iova, &e));
	AFTER_FORK(libiommu_domain_map_batch(dom, &request, 1, NULL, &e));
	AFTER_FORK(libiommu_domain_unmap(dom, IO(0), PAGE, NULL, &e));
	AFTER_FORK(libiommu_domain_unmap_all(dom, NULL, &e));
	AFTER_FORK(libiommu_domain_iova_ranges(dom, ranges, &count, &e));
	AFTER_FORK(libiommu_domain_set_allowed(dom, NULL, 0, &e));
	AFTER_FORK(libiommu_domain_new(f->rig.ctx, NULL, &dom, &e));
	AFTER_FORK(libiommu_endpoint_attach(f->rig.ep[0], f->other, &e));
	AFTER_FORK(libiommu_endpoint_detach(f->rig.ep[0], 0, &e));
	AFTER_FORK(libiommu_endpoint_replace(f->rig.ep[0], f->other, 0, &e));
	AFTER_FORK(libiommu_ctx_synchronize(f->rig.ctx, &e));
	CHILD_CHECK(libiommu_domain_find(f->rig.dom, NULL, IO(0), &mapping) == -ECHILD);
	CHILD_CHECK(libiommu_domain_find(f->rig.dom, f->reader, IO(0), &mapping) == -ECHILD);
	CHILD_CHECK(libiommu_domain_next(f->rig.dom, NULL, 0, &mapping) == -ECHILD);
	CHILD_CHECK(libiommu_domain_find_source(f->rig.dom, NULL, at(f->mem), 0, &iova, &mapping) ==
		    -ECHILD);
	return 0;
}

static int ignore_line(void *data, const char *line)
{
	(void)data;
	(void)line;
	return 0;
}

static int devices_in_child(void *data)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_region *region;
	struct libiommu_device *dev;
	struct libiommu_reader *reader;
	struct libiommu_group *group;
	struct family *f = data;
	volatile void *address;
	unsigned int interrupts;
	size_t count = 0;
	uint64_t value;

	dev = f->rig.dev[0];
	AFTER_FORK(libiommu_domain_dump(f->rig.dom, ignore_line, NULL, &e));
	AFTER_FORK(libiommu_device_cap(dev, LIBIOMMU_CAP_REPLACE, &answer, &e));
	AFTER_FORK(libiommu_device_iova_ranges(dev, NULL, &count, &e));
	AFTER_FORK(libiommu_device_reset(dev, &e));
	AFTER_FORK(libiommu_device_set_bus_master(dev, false, &e));
	AFTER_FORK(libiommu_region_open(dev, LIBIOMMU_REGION_BAR0, &region, &e));
	AFTER_FORK(libiommu_region_read(f->edu.bar, 0, 4, &value, &e));
	AFTER_FORK(libiommu_region_write(f->edu.bar, 4, 4, 1, &e));
	AFTER_FORK(libiommu_region_map(f->edu.bar, &address, &e));
	AFTER_FORK(libiommu_interrupt_count(dev, LIBIOMMU_INTERRUPT_MSI, &interrupts, &e));
	AFTER_FORK(libiommu_interrupt_disable(dev, LIBIOMMU_INTERRUPT_MSI, &e));
	AFTER_FORK(libiommu_interrupt_unmask(dev, &e));
	AFTER_FORK(libiommu_reader_new(f->rig.ctx, &reader, &e));
	AFTER_FORK(libiommu_group_ids(f->rig.ctx, NULL, &count, &e));
	AFTER_FORK(libiommu_group_get(f->rig.ctx, 1, &group, &e));
	AFTER_FORK(libiommu_group_of(f->rig.ctx, target->alone[0], &group, &e));
	AFTER_FORK(libiommu_device_open(f->rig.ctx, target->alone[0], &dev, &e));
	return 0;
}

static int free_in_child(void *data)
{
	struct family *f = data;

	libiommu_ctx_free(f->rig.ctx);
	return 0;
}

static int close_in_child(void *data)
{
	struct family *f = data;

	libiommu_reader_free(f->reader);
	libiommu_region_close(f->edu.bar);
	libiommu_domain_free(f->other, NULL);
	libiommu_device_close(f->rig.dev[0], NULL);
	libiommu_domain_free(f->rig.dom, NULL);
	libiommu_ctx_free(f->rig.ctx);
	return 0;
}

static void run(struct family *f, int (*function)(void *data))
{
	char *ledger = dump(f->rig.dom);
	int line = in_child(function, f);

	ck_assert_msg(!line, "in the child: %s:%d", __FILE__, line);
	ck_assert_str_eq(dump(f->rig.dom), ledger);
	ck_assert_ptr_eq(libiommu_endpoint_domain(f->rig.ep[0]), f->rig.dom);
	dma_reaches(&f->edu, IO(0), f->mem);
	map(f->rig.dom, IO(1), f->mem + PAGE, PAGE);
	dma_reaches(&f->edu, IO(1), f->mem + PAGE);
	unmap(f->rig.dom, IO(1), PAGE, PAGE);
}

CASE(child_cannot_use_domains, "4.6.5 in a forked child every call of a domain is after-fork")
{
	struct family f;

	NEEDS(1, 0);
	f = family();
	run(&f, domains_in_child);
}

CASE(child_cannot_use_devices, "4.6.5 in a forked child every call of a device is after-fork")
{
	struct family f;

	NEEDS(1, 0);
	f = family();
	run(&f, devices_in_child);
}

CASE(child_frees_context, "4.6.5 freeing in the child leaves the parent's DMA alone")
{
	struct family f;

	NEEDS(1, 0);
	f = family();
	run(&f, free_in_child);
}

CASE(child_closes_objects, "4.6.5 closing one by one in the child leaves the parent's DMA alone")
{
	struct family f;

	NEEDS(1, 0);
	f = family();
	run(&f, close_in_child);
}

static int own_context(void *data)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_domain *dom;
	struct libiommu_ctx *ctx;

	context_options(&opts);
	CHILD_CHECK(libiommu_ctx_new(&opts, &ctx, NULL) == 0);
	CHILD_CHECK(libiommu_domain_new(ctx, NULL, &dom, NULL) == 0);
	CHILD_CHECK(libiommu_domain_map(dom, IO(0), at(data), PAGE, RW, NULL) == 0);
	libiommu_ctx_free(ctx);
	return 0;
}

CASE(child_makes_its_own, "4.6.5 a context made in the child works there")
{
	struct family f;
	int line;

	NEEDS(1, 0);
	f = family();
	line = in_child(own_context, f.mem);
	ck_assert_msg(!line, "in the child: %s:%d", __FILE__, line);
	dma_reaches(&f.edu, IO(0), f.mem);
}

CASE(descriptors_close_on_exec, "4.6.5 descriptors of the library are close-on-exec")
{
	struct family f;
	size_t i;
	int flags;

	NEEDS(1, 0);
	f = family();
	for (i = 0; i < hooks.fd_count; i++) {
		flags = fcntl(hooks.fds[i], F_GETFD);
		if (flags >= 0)
			ck_assert_msg(flags & FD_CLOEXEC, "descriptor %d", hooks.fds[i]);
	}
	dma_reaches(&f.edu, IO(0), f.mem);
}

void suite_fork(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&child_cannot_use_domains, &child_cannot_use_devices, &child_frees_context,
		&child_closes_objects,     &child_makes_its_own,      &descriptors_close_on_exec,
	};

	add_cases(registry, "fork", cases, COUNT(cases));
}
