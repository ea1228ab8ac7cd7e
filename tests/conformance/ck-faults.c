// SPDX-License-Identifier: BSD-2-Clause
/* 4.2.9: page requests; and domains whose pages come without a map. */
#include "helpers.h"

#include <libiommu/nesting.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

struct asker {
	struct rig rig;
	struct libiommu_fault_queue *queue;
	struct libiommu_domain *dom;
};

static struct libiommu_domain *faulting(struct libiommu_ctx *ctx,
					struct libiommu_fault_queue *queue)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;

	opts.faults = queue;
	opts.pasid = true;
	OK(libiommu_domain_new(ctx, &opts, &dom, E));
	return dom;
}

/* @return false and the case is a skip: nobody can set a bound here */
static bool queue_new(struct asker *asker, size_t depth)
{
	struct libiommu_fault_queue_options opts = LIBIOMMU_FAULT_QUEUE_OPTIONS_INIT;

	opts.depth = depth;
	if (!depth)
		OK(libiommu_fault_queue_new(asker->rig.ctx, &opts, &asker->queue, E));
	else if (libiommu_fault_queue_new(asker->rig.ctx, &opts, &asker->queue, NULL)) {
		REFUSED(libiommu_fault_queue_new(asker->rig.ctx, &opts, &asker->queue, E),
			BACKEND_CAPABILITY, NULL);
		note_skip("queues have no bound that could be set");
		return false;
	}
	return true;
}

/* A queue, and a domain that uses it. @return false and the case is a skip */
static bool asker_new(struct asker *asker, size_t depth)
{
	if (!devices(1, 0))
		return false;
	asker->rig = rig_new(1);
	if (!can(asker->rig.dev[0], LIBIOMMU_CAP_PAGE_REQUESTS) ||
	    !can(asker->rig.dev[0], LIBIOMMU_CAP_PASIDS)) {
		note_skip("no page requests");
		return false;
	}
	if (!target->ask) {
		note_skip("no device that asks for pages");
		return false;
	}
	if (!queue_new(asker, depth))
		return false;
	asker->dom = faulting(asker->rig.ctx, asker->queue);
	return true;
}

static bool readable(const struct libiommu_fault_queue *queue)
{
	struct pollfd fd = { .fd = libiommu_fault_queue_fd(queue), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

/* The device asks for so many pages from an address on. */
static uint64_t ask(struct libiommu_endpoint *ep, uint64_t address, size_t pages)
{
	struct libiommu_page_request requests[8] = { { 0 } };
	uint64_t ticket = 0;

	for (size_t i = 0; i < pages; i++) {
		requests[i].address = address + i * PAGE;
		requests[i].access = RW;
	}
	ck_assert(target->ask(ep, requests, pages, &ticket));
	return ticket;
}

/* What the device was told; 0: nothing yet. */
static int told(struct libiommu_endpoint *ep, uint64_t ticket)
{
	enum libiommu_fault_answer answer = 0;

	return target->answered(ep, ticket, &answer) ? (int)answer : 0;
}

static struct libiommu_fault_group next(struct libiommu_fault_queue *queue, uint64_t address,
					size_t pages)
{
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_page_request requests[8];
	size_t count = COUNT(requests);

	OK(libiommu_fault_queue_next(queue, &group, requests, &count, E));
	ck_assert_uint_eq(count, pages);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(requests[i].address, address + i * PAGE);
	return group;
}

static void nothing(struct libiommu_fault_queue *queue)
{
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_page_request requests[8];
	size_t count = COUNT(requests);

	ck_assert_int_eq(libiommu_fault_queue_next(queue, &group, requests, &count, NULL), -EAGAIN);
	ck_assert(!readable(queue));
}

CASE(faults_refused, "4.2.9 where there are no page requests, that is the answer")
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_fault_queue *queue;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	if (!cannot(rig.dev[0], LIBIOMMU_CAP_PAGE_REQUESTS))
		SKIP("there are page requests, or nobody knows");
	if (libiommu_fault_queue_new(rig.ctx, NULL, &queue, NULL)) {
		REFUSED(libiommu_fault_queue_new(rig.ctx, NULL, &queue, E), BACKEND_CAPABILITY,
			NULL);
		return;
	}
	opts.faults = queue;
	OK(libiommu_domain_new(rig.ctx, &opts, &rig.dom, E));
	REFUSED(libiommu_endpoint_attach(rig.ep[0], rig.dom, E), FAULTS_UNSUPPORTED, NULL);
}

CASE(groups_come_whole, "4.2.9 groups come whole and once, and are answered in any order")
{
	struct libiommu_fault_group group[2], again = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_page_request few[2];
	uint64_t ticket[2];
	struct asker a;
	size_t count;

	if (!asker_new(&a, 0))
		return;
	attach(a.rig.ep[0], a.dom);
	nothing(a.queue);
	ticket[0] = ask(a.rig.ep[0], IO(0), 3);
	ticket[1] = ask(a.rig.ep[0], IO(8), 1);
	ck_assert(readable(a.queue));
	count = 2;
	REFUSED(libiommu_fault_queue_next(a.queue, &again, few, &count, E), BUFFER_TOO_SMALL, NULL);
	ck_assert_uint_eq(count, 3);
	/* The descriptor goes on telling of the others, and of none that was too large. */
	ck_assert(readable(a.queue));
	group[0] = next(a.queue, IO(0), 3);
	count = 0;
	REFUSED(libiommu_fault_queue_next(a.queue, &again, few, &count, E), BUFFER_TOO_SMALL, NULL);
	ck_assert(!readable(a.queue));
	group[1] = next(a.queue, IO(8), 1);
	nothing(a.queue);
	ck_assert_ptr_eq(group[0].device, a.rig.dev[0]);
	ck_assert(!group[0].has_pasid);
	ck_assert_uint_ne(group[0].cookie, group[1].cookie);
	OK(libiommu_fault_queue_respond(a.queue, group[1].cookie, LIBIOMMU_FAULT_REFUSED, E));
	ck_assert_int_eq(told(a.rig.ep[0], ticket[0]), 0);
	ck_assert_int_eq(told(a.rig.ep[0], ticket[1]), LIBIOMMU_FAULT_REFUSED);
	OK(libiommu_fault_queue_respond(a.queue, group[0].cookie, LIBIOMMU_FAULT_RESOLVED, E));
	ck_assert_int_eq(told(a.rig.ep[0], ticket[0]), LIBIOMMU_FAULT_RESOLVED);
	REFUSED(libiommu_fault_queue_respond(a.queue, group[0].cookie, LIBIOMMU_FAULT_RESOLVED, E),
		FAULT_UNKNOWN, NULL);
}

CASE(detach_answers, "4.2.9 a detach and a replace answer what is open")
{
	struct libiommu_fault_group group;
	struct libiommu_domain *other;
	struct libiommu_endpoint *ep;
	uint64_t read, unread, theirs;
	struct asker a;

	if (!asker_new(&a, 0))
		return;
	OK(libiommu_pasid_open(a.rig.dev[0], 4, &ep, E));
	attach(a.rig.ep[0], a.dom);
	attach(ep, a.dom);
	for (int replace = 0; replace < 2; replace++) {
		read = ask(a.rig.ep[0], IO(0), 1);
		unread = ask(a.rig.ep[0], IO(1), 2);
		theirs = ask(ep, IO(2), 1);
		group = next(a.queue, IO(0), 1);
		if (!replace) {
			detach(a.rig.ep[0]);
		} else {
			other = faulting(a.rig.ctx, a.queue);
			OK(libiommu_endpoint_replace(a.rig.ep[0], other, 0, E));
		}
		ck_assert_int_eq(told(a.rig.ep[0], read), LIBIOMMU_FAULT_REFUSED);
		ck_assert_int_eq(told(a.rig.ep[0], unread), LIBIOMMU_FAULT_REFUSED);
		ck_assert_int_eq(told(ep, theirs), 0);
		REFUSED(libiommu_fault_queue_respond(a.queue, group.cookie, LIBIOMMU_FAULT_RESOLVED,
						     E),
			FAULT_UNKNOWN, NULL);
		group = next(a.queue, IO(2), 1);
		ck_assert(group.has_pasid);
		ck_assert_uint_eq(group.pasid, 4);
		nothing(a.queue);
		OK(libiommu_fault_queue_respond(a.queue, group.cookie, LIBIOMMU_FAULT_RESOLVED, E));
		ck_assert_int_eq(told(ep, theirs), LIBIOMMU_FAULT_RESOLVED);
		if (!replace)
			attach(a.rig.ep[0], a.dom);
	}
	REFUSED(libiommu_fault_queue_free(a.queue, E), QUEUE_IN_USE, NULL);
}

CASE(full_queues_refuse, "4.2.9 a group that finds the queue full is refused at once and counted")
{
	struct libiommu_fault_group group;
	uint64_t ticket[3];
	struct asker a;

	if (!asker_new(&a, 2))
		return;
	attach(a.rig.ep[0], a.dom);
	for (size_t i = 0; i < 3; i++)
		ticket[i] = ask(a.rig.ep[0], IO(i), 1);
	ck_assert_int_eq(told(a.rig.ep[0], ticket[2]), LIBIOMMU_FAULT_REFUSED);
	ck_assert_uint_eq(libiommu_fault_queue_overflows(a.queue), 1);
	/* Reading makes no room; answering does. */
	group = next(a.queue, IO(0), 1);
	ck_assert_int_eq(told(a.rig.ep[0], ask(a.rig.ep[0], IO(3), 1)), LIBIOMMU_FAULT_REFUSED);
	OK(libiommu_fault_queue_respond(a.queue, group.cookie, LIBIOMMU_FAULT_RESOLVED, E));
	ticket[2] = ask(a.rig.ep[0], IO(2), 1);
	ck_assert_int_eq(told(a.rig.ep[0], ticket[2]), 0);
	ck_assert_uint_eq(libiommu_fault_queue_overflows(a.queue), 2);
}

struct access {
	struct libiommu_endpoint *ep;
	uint64_t iova;
	bool worked;
};

static void *access_thread(void *data)
{
	struct access *access = data;
	unsigned char byte;

	access->worked = target->dma(access->ep, access->iova, &byte, 1, false);
	return NULL;
}

CASE(pages_are_brought, "4.2.9 an access waits for its page, and goes on or is refused")
{
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_page_request request;
	char *mem = memory(PAGE);
	pthread_t thread;
	struct asker a;

	if (!asker_new(&a, 0))
		return;
	attach(a.rig.ep[0], a.dom);
	for (int refuse = 0; refuse < 2; refuse++) {
		struct access access = { a.rig.ep[0], IO(refuse) + 5, false };
		struct pollfd fd = { .fd = libiommu_fault_queue_fd(a.queue), .events = POLLIN };
		size_t count = 1;

		ck_assert_int_eq(pthread_create(&thread, NULL, access_thread, &access), 0);
		ck_assert_int_eq(poll(&fd, 1, 60000), 1);
		OK(libiommu_fault_queue_next(a.queue, &group, &request, &count, E));
		ck_assert_uint_eq(request.address, IO(refuse));
		ck_assert_uint_eq(request.access, LIBIOMMU_PROT_READ);
		if (!refuse)
			map(a.dom, IO(0), mem, PAGE);
		OK(libiommu_fault_queue_respond(
			a.queue, group.cookie,
			refuse ? LIBIOMMU_FAULT_REFUSED : LIBIOMMU_FAULT_RESOLVED, E));
		pthread_join(thread, NULL);
		ck_assert_int_eq(access.worked, !refuse);
	}
}

CASE(foreign_domains_refused, "4.2.7 domains that the kernel does not offer are refused as that")
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	opts.type = LIBIOMMU_DOMAIN_SVA;
	if (libiommu_domain_new(rig.ctx, &opts, &dom, NULL) == 0)
		SKIP("there are such domains");
	REFUSED(libiommu_domain_new(rig.ctx, &opts, &dom, E), NO_UAPI, NULL);
}

CASE(sva, "4.2.7 a device uses the process' own pointers, with the rights that the memory has")
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_endpoint *ep[2];
	struct libiommu_domain *dom;
	unsigned char bytes[64];
	struct rig rig;
	char *mem, *gone;

	NEEDS(1, 0);
	rig = rig_new(1);
	opts.type = LIBIOMMU_DOMAIN_SVA;
	if (!target->dma || libiommu_domain_new(rig.ctx, &opts, &dom, NULL))
		SKIP("no such domains");
	if (!can(rig.dev[0], LIBIOMMU_CAP_PAGE_REQUESTS) || !can(rig.dev[0], LIBIOMMU_CAP_PASIDS)) {
		REFUSED(libiommu_endpoint_attach(rig.ep[0], dom, E), FAULTS_UNSUPPORTED, NULL);
		return;
	}
	ep[0] = rig.ep[0];
	OK(libiommu_pasid_open(rig.dev[0], 9, &ep[1], E));
	mem = memory(4 * PAGE);
	gone = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(gone, MAP_FAILED);
	fill(mem, PAGE, 3);
	for (size_t i = 0; i < 2; i++) {
		uint64_t at_mem = (uintptr_t)mem, at_gone = (uintptr_t)gone;

		attach(ep[i], dom);
		if (!target->dma(ep[i], at_mem + 8, bytes, sizeof(bytes), false))
			SKIP("this IOMMU's addresses are narrower than pointers");
		ck_assert_int_eq(memcmp(bytes, mem + 8, sizeof(bytes)), 0);
		ck_assert(target->dma(ep[i], at_mem + PAGE - 8, bytes, 64, true));
		ck_assert_int_eq(memcmp(bytes, mem + PAGE - 8, 64), 0);
		/* A page that nobody has touched comes when it is asked for. */
		ck_assert(target->dma(ep[i], at_gone + i * PAGE, bytes, 8, true));
		ck_assert_int_eq(memcmp(gone + i * PAGE, bytes, 8), 0);
		ck_assert_int_eq(mprotect(mem + 2 * PAGE, PAGE, PROT_READ), 0);
		ck_assert(target->dma(ep[i], at_mem + 2 * PAGE, bytes, 8, false));
		ck_assert(!target->dma(ep[i], at_mem + 2 * PAGE, bytes, 8, true));
		ck_assert_int_eq(mprotect(mem + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE), 0);
		REFUSED(libiommu_domain_map(dom, IO(0), at(mem), PAGE, RW, E), DOMAIN_TYPE, NULL);
	}
	ck_assert_int_eq(munmap(gone, 2 * PAGE), 0);
	ck_assert(!target->dma(ep[0], (uintptr_t)gone, bytes, 8, false));
	ck_assert(!target->dma(ep[1], (uintptr_t)gone, bytes, 8, true));
}

/* Tables and memory of an agent: physical addresses count from 1 MiB. */
#define OWNER_BASE UINT64_C(0x100000)

struct owner {
	char *mem;
	size_t used;
};

static void *owner_alloc(void *data, size_t bytes)
{
	struct owner *owner = data;
	char *block = owner->mem + (owner->used + bytes - 1) / bytes * bytes;

	owner->used = (size_t)(block - owner->mem) + bytes;
	return memset(block, 0, bytes);
}

static void owner_free(void *data, void *virt, size_t bytes)
{
	(void)data;
	(void)virt;
	(void)bytes;
}

static uint64_t owner_phys(void *data, const void *virt)
{
	const struct owner *owner = data;

	return OWNER_BASE + (uint64_t)((const char *)virt - owner->mem);
}

static void *owner_virt(void *data, uint64_t phys, size_t bytes)
{
	const struct owner *owner = data;

	if (phys < OWNER_BASE || phys - OWNER_BASE + bytes > MIB)
		return NULL;
	return owner->mem + (phys - OWNER_BASE);
}

/* A format that this IOMMU walks; NO_FORMAT: there is none. */
static enum libiommu_pgtable_format shared_format(struct rig *rig)
{
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;

	if (libiommu_device_hw_info(rig->dev[0], &info, NULL))
		return LIBIOMMU_PGTABLE_NO_FORMAT;
	switch (info.type) {
	case LIBIOMMU_HW_VTD:
		return LIBIOMMU_PGTABLE_VTD_SS;
	case LIBIOMMU_HW_AMD:
		return LIBIOMMU_PGTABLE_AMDV1;
	case LIBIOMMU_HW_SMMUV3:
		return LIBIOMMU_PGTABLE_ARM_S2_4K;
	case LIBIOMMU_HW_RISCV:
		return LIBIOMMU_PGTABLE_RISCV_G;
	default:
		return LIBIOMMU_PGTABLE_NO_FORMAT;
	}
}

CASE(shared_tables, "4.2.8 tables of another agent; its edits are seen after an invalidation")
{
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;
	struct libiommu_pgtable_options table = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_shared_options opts = LIBIOMMU_SHARED_OPTIONS_INIT;
	struct libiommu_invalidation all = { .kind = LIBIOMMU_INVALIDATE_ALL };
	struct owner owner = { .used = 0 };
	const struct libiommu_pgtable_memory mem = { sizeof(mem), &owner,     owner_alloc,
						     owner_free,  owner_phys, owner_virt };
	struct libiommu_domain *dom;
	struct libiommu_pgtable *pt;
	unsigned char byte = 1;
	size_t count = 1;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	table.format = shared_format(&rig);
	if (!target->dma || !table.format)
		SKIP("no table that could be shared");
	owner.mem = aligned_memory(MIB, MIB, 0);
	table.memory = &mem;
	table.iova_bits = table.format == LIBIOMMU_PGTABLE_ARM_S2_4K ? 40 : 0;
	OK(libiommu_pgtable_new(&table, &pt, E));
	OK(libiommu_pgtable_map(pt, IO(0), OWNER_BASE + MIB - PAGE, PAGE, RW, &gather, E));
	table.levels = libiommu_pgtable_describe(pt)->levels;
	opts.table = &table;
	opts.root = libiommu_pgtable_root(pt);
	if (libiommu_domain_new_shared(rig.ctx, &opts, &dom, NULL)) {
		REFUSED(libiommu_domain_new_shared(rig.ctx, &opts, &dom, E), NO_UAPI, NULL);
		libiommu_pgtable_free(pt);
		return;
	}
	attach(rig.ep[0], dom);
	ck_assert(target->dma(rig.ep[0], IO(0), &byte, 1, true));
	ck_assert_int_eq(owner.mem[MIB - PAGE], 1);
	ck_assert(!target->dma(rig.ep[0], IO(1), &byte, 1, true));
	OK(libiommu_pgtable_unmap(pt, IO(0), PAGE, NULL, &gather, E));
	ck_assert(target->dma(rig.ep[0], IO(0), &byte, 1, true));
	OK(libiommu_domain_invalidate(dom, &all, &count, E));
	ck_assert(!target->dma(rig.ep[0], IO(0), &byte, 1, true));
	/* An address that is not in the owner's memory. */
	OK(libiommu_pgtable_map(pt, IO(2), OWNER_BASE + 2 * MIB, PAGE, RW, &gather, E));
	ck_assert(!target->dma(rig.ep[0], IO(2), &byte, 1, true));
	REFUSED(libiommu_domain_map(dom, IO(3), at(owner.mem), PAGE, RW, E), DOMAIN_TYPE, NULL);
	libiommu_pgtable_release(pt, &gather);
	detach(rig.ep[0]);
	OK(libiommu_domain_free(dom, E));
	libiommu_pgtable_free(pt);
}

void suite_faults(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&faults_refused,
		&groups_come_whole,
		&detach_answers,
		&full_queues_refuse,
		&pages_are_brought,
		&foreign_domains_refused,
		&sva,
		&shared_tables,
	};

	add_cases(registry, "faults", cases, COUNT(cases));
}
