/* SPDX-License-Identifier: BSD-2-Clause */
/* Page requests of the mock: who makes them, who is woken, and what a stage 1 asks for. */
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock.h>
#include <libiommu/nesting.h>

#include <check.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define PAGE UINT64_C(4096)
#define RW   (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

static uint64_t pages[4][512] __attribute__((aligned(4096)));
static struct libiommu_ctx *ctx;
static struct libiommu_device *dev;
static struct libiommu_endpoint *ep;
static struct libiommu_fault_queue *queue;
static struct libiommu_error *err;

static void refused(int code, enum libiommu_reason reason)
{
	ck_assert_ptr_nonnull(err);
	ck_assert_str_eq(libiommu_reason_name(libiommu_error_reason(err)),
			 libiommu_reason_name(reason));
	ck_assert_int_eq(code, -libiommu_reason_errno(reason));
	libiommu_error_free(err);
	err = NULL;
}

static void open_text(const char *text)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	opts.backend = "mock";
	opts.config = text;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:01.0", &dev, NULL), 0);
	ck_assert_int_eq(libiommu_fault_queue_new(ctx, NULL, &queue, NULL), 0);
	ep = libiommu_device_endpoint(dev);
}

static void open_machine(const char *personality, const char *profile, const char *words)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "personality %s\niommu i %s\n"
		 "device 0000:00:01.0 iommu=i group=1 driver=vfio-pci pasid=20 %s\n",
		 personality, profile, words);
	open_text(text);
}

static void setup(void)
{
	open_machine("bare", "intel-vtd", "prq=yes");
}

static void teardown(void)
{
	libiommu_ctx_free(ctx);
}

static struct libiommu_domain *new_domain(struct libiommu_fault_queue *faults, bool parent)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;

	opts.faults = faults;
	opts.pasid = true;
	opts.nest_parent = parent;
	ck_assert_int_eq(libiommu_domain_new(ctx, &opts, &dom, NULL), 0);
	return dom;
}

static const struct {
	const char *personality, *profile, *words;
	bool asks;
} rows[] = {
	{ "bare", "intel-vtd", "prq=yes", true },
	{ "iommufd", "intel-vtd", "prq=yes", true },
	{ "bare", "intel-vtd", "", false },
	{ "bare", "arm-smmuv3", "prq=yes", true },
	/* Linux answers every request of this one with no. */
	{ "iommufd", "arm-smmuv3", "prq=yes", false },
	{ "bare", "arm-smmuv2", "prq=yes", false },
};

START_TEST(who_asks)
{
	struct libiommu_cap_answer cap = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_domain *dom;
	int code;

	open_machine(rows[_i].personality, rows[_i].profile, rows[_i].words);
	ck_assert_int_eq(libiommu_device_cap(dev, LIBIOMMU_CAP_PAGE_REQUESTS, &cap, NULL), 0);
	ck_assert_int_eq(cap.answer, rows[_i].asks ? LIBIOMMU_ANSWER_YES : LIBIOMMU_ANSWER_NO);
	dom = new_domain(queue, false);
	code = libiommu_endpoint_attach(ep, dom, &err);
	if (rows[_i].asks)
		ck_assert_int_eq(code, 0);
	else
		refused(code, LIBIOMMU_REASON_FAULTS_UNSUPPORTED);
	libiommu_ctx_free(ctx);
}
END_TEST

/* Linux bounds no queue. */
START_TEST(whose_queues_have_a_depth)
{
	struct libiommu_fault_queue_options opts = LIBIOMMU_FAULT_QUEUE_OPTIONS_INIT;
	struct libiommu_fault_queue *bound = NULL;

	open_machine(_i ? "bare" : "iommufd", "intel-vtd", "prq=yes");
	opts.depth = 1;
	if (_i) {
		ck_assert_int_eq(libiommu_fault_queue_new(ctx, &opts, &bound, &err), 0);
	} else {
		refused(libiommu_fault_queue_new(ctx, &opts, &bound, &err),
			LIBIOMMU_REASON_BACKEND_CAPABILITY);
		ck_assert_ptr_null(bound);
	}
	libiommu_ctx_free(ctx);
}
END_TEST

struct access {
	struct libiommu_endpoint *ep;
	uint64_t iova;
	int code;
};

static void *write_thread(void *data)
{
	struct access *access = data;

	access->code = libiommu_mock_dma_write(access->ep, access->iova, "x", 1, NULL);
	return NULL;
}

static pthread_t start(struct access *access)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, write_thread, access), 0);
	return thread;
}

static struct libiommu_page_request wait_for(struct libiommu_fault_group *group)
{
	struct pollfd fd = { .fd = libiommu_fault_queue_fd(queue), .events = POLLIN };
	struct libiommu_page_request request;
	size_t count = 1;

	group->size = sizeof(*group);
	ck_assert_int_eq(poll(&fd, 1, 60000), 1);
	ck_assert_int_eq(libiommu_fault_queue_next(queue, group, &request, &count, NULL), 0);
	return request;
}

/* Whoever waits for a page goes on when its way to it is taken away. */
START_TEST(waiting_accesses_are_let_go)
{
	struct libiommu_domain *dom = new_domain(queue, false), *other = new_domain(queue, false);
	struct libiommu_endpoint *pasid;
	struct libiommu_fault_group group;
	struct access access = { .iova = PAGE };
	pthread_t thread;

	ck_assert_int_eq(
		libiommu_domain_map(other, PAGE, libiommu_source_memory(pages[0]), PAGE, RW, NULL),
		0);
	ck_assert_int_eq(libiommu_pasid_open(dev, 5, &pasid, NULL), 0);
	for (int i = 0; i < 4; i++) {
		access.ep = i & 1 ? pasid : ep;
		ck_assert_int_eq(libiommu_endpoint_attach(access.ep, dom, NULL), 0);
		thread = start(&access);
		ck_assert_uint_eq(wait_for(&group).address, PAGE);
		ck_assert_uint_eq(group.pasid, i & 1 ? 5 : 0);
		ck_assert_ptr_eq(group.device, dev);
		if (i & 2)
			ck_assert_int_eq(libiommu_endpoint_replace(access.ep, other, 0, NULL), 0);
		else
			ck_assert_int_eq(libiommu_endpoint_detach(access.ep, 0, NULL), 0);
		pthread_join(thread, NULL);
		ck_assert_int_eq(access.code, -EFAULT);
		refused(libiommu_fault_queue_respond(queue, group.cookie, LIBIOMMU_FAULT_RESOLVED,
						     &err),
			LIBIOMMU_REASON_FAULT_UNKNOWN);
		ck_assert_int_eq(libiommu_endpoint_detach(access.ep, 0, NULL), 0);
	}
}
END_TEST

static void faults_at_once(struct libiommu_endpoint *who)
{
	struct libiommu_page_request request = { .address = PAGE };
	uint64_t ticket;

	refused(libiommu_mock_dma_write(who, PAGE, "x", 1, &err), LIBIOMMU_REASON_DMA_FAULT);
	refused(libiommu_mock_page_request(who, &request, 1, 0, &ticket, &err),
		LIBIOMMU_REASON_FAULTS_UNSUPPORTED);
}

/* The other's domain can be reached; but nobody would take back what has been asked. */
START_TEST(only_what_is_attached_itself_asks)
{
	struct libiommu_page_request request = { .address = PAGE };
	struct libiommu_fault_group group;
	struct libiommu_endpoint *other;
	struct libiommu_domain *dom;
	struct libiommu_device *second;
	struct access access = { .iova = PAGE };
	uint64_t ticket;
	pthread_t thread;

	open_text("personality bare\niommu i intel-vtd\n"
		  "device 0000:00:01.0 iommu=i group=1 driver=vfio-pci prq=yes\n"
		  "device 0000:00:01.1 iommu=i group=1 driver=vfio-pci prq=yes\n");
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:01.1", &second, NULL), 0);
	other = libiommu_device_endpoint(second);
	dom = new_domain(queue, false);
	ck_assert_int_eq(libiommu_domain_map(dom, 0, libiommu_source_memory(pages), PAGE, RW, NULL),
			 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	ck_assert_int_eq(libiommu_mock_dma_write(other, 0, "x", 1, NULL), 0);
	faults_at_once(other);
	ck_assert_int_eq(libiommu_endpoint_attach(other, dom, NULL), 0);
	ck_assert_int_eq(libiommu_mock_page_request(ep, &request, 1, 0, &ticket, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, NULL), 0);
	ck_assert_int_eq(libiommu_mock_dma_write(ep, 0, "x", 1, NULL), 0);
	faults_at_once(ep);
	/* What was asked before went with the detach: the next is of the one that stays. */
	access.ep = other;
	thread = start(&access);
	wait_for(&group);
	ck_assert_ptr_eq(group.device, second);
	ck_assert_int_eq(libiommu_endpoint_detach(other, 0, NULL), 0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(access.code, -EFAULT);
	libiommu_ctx_free(ctx);
}
END_TEST

/* Each member must be one that asks, whichever comes first. */
START_TEST(a_group_moves_when_all_of_it_ask)
{
	struct libiommu_endpoint *members[2];
	struct libiommu_domain *plain, *dom;
	struct libiommu_device *second;

	open_text(_i ? "personality bare\niommu i intel-vtd\n"
		       "device 0000:00:01.0 iommu=i group=1 driver=vfio-pci prq=yes\n"
		       "device 0000:00:01.1 iommu=i group=1 driver=vfio-pci\n"
		     : "personality bare\niommu i intel-vtd\n"
		       "device 0000:00:01.0 iommu=i group=1 driver=vfio-pci\n"
		       "device 0000:00:01.1 iommu=i group=1 driver=vfio-pci prq=yes\n");
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:01.1", &second, NULL), 0);
	members[0] = libiommu_device_endpoint(second);
	members[1] = ep;
	plain = new_domain(NULL, false);
	dom = new_domain(queue, false);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(libiommu_endpoint_attach(members[i], plain, NULL), 0);
	refused(libiommu_endpoint_replace(ep, dom, LIBIOMMU_REPLACE_GROUP, &err),
		LIBIOMMU_REASON_FAULTS_UNSUPPORTED);
	ck_assert_ptr_eq(libiommu_endpoint_domain(ep), plain);
	ck_assert_int_eq(libiommu_endpoint_detach(members[!_i], 0, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_replace(members[_i], dom, LIBIOMMU_REPLACE_GROUP, NULL),
			 0);
	libiommu_ctx_free(ctx);
}
END_TEST

START_TEST(an_answer_without_a_page_is_asked_again)
{
	struct libiommu_domain *dom = new_domain(queue, false);
	struct libiommu_fault_group group;
	struct access access = { .ep = ep, .iova = 3 * PAGE + 7 };
	pthread_t thread;

	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	thread = start(&access);
	for (int i = 0; i < 3; i++) {
		ck_assert_uint_eq(wait_for(&group).access, LIBIOMMU_PROT_WRITE);
		/* Not there; then there, but not to be written. */
		if (i == 1)
			ck_assert_int_eq(libiommu_domain_map(dom, 3 * PAGE,
							     libiommu_source_memory(pages[0]), PAGE,
							     LIBIOMMU_PROT_READ, NULL),
					 0);
		ck_assert_int_eq(libiommu_fault_queue_respond(queue, group.cookie,
							      i == 2 ? LIBIOMMU_FAULT_REFUSED
								     : LIBIOMMU_FAULT_RESOLVED,
							      NULL),
				 0);
	}
	pthread_join(thread, NULL);
	ck_assert_int_eq(access.code, -EFAULT);
}
END_TEST

START_TEST(what_was_pulled_out_does_not_go_on)
{
	struct libiommu_domain *dom = new_domain(queue, false);
	struct libiommu_fault_group group;
	struct access access = { .ep = ep, .iova = PAGE };
	pthread_t thread;

	pages[0][0] = 0;
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	thread = start(&access);
	wait_for(&group);
	ck_assert_int_eq(libiommu_mock_device_remove(ep, NULL), 0);
	ck_assert_int_eq(
		libiommu_domain_map(dom, PAGE, libiommu_source_memory(pages), PAGE, RW, NULL), 0);
	ck_assert_int_eq(
		libiommu_fault_queue_respond(queue, group.cookie, LIBIOMMU_FAULT_RESOLVED, NULL),
		0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(access.code, -EFAULT);
	ck_assert_uint_eq(pages[0][0], 0);
}
END_TEST

START_TEST(a_stage_1_asks_for_what_it_lacks)
{
	struct libiommu_stage1_vtd data = { .root = 0x100000, .address_width = 48 };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_domain *parent = new_domain(NULL, true), *dom;
	struct libiommu_fault_group group;
	struct access access = { .ep = ep, .iova = 5 };
	pthread_t thread;

	memset(pages, 0, sizeof(pages));
	ck_assert_int_eq(libiommu_domain_map(parent, data.root, libiommu_source_memory(pages),
					     sizeof(pages), RW, NULL),
			 0);
	opts.data = &data;
	opts.data_length = sizeof(data);
	opts.faults = queue;
	ck_assert_int_eq(libiommu_domain_new_nested(dev, parent, &opts, &dom, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	thread = start(&access);
	ck_assert_uint_eq(wait_for(&group).address, 0);
	/* Now it leads to a page that the parent lacks: nobody can bring that. */
	for (size_t i = 0; i < 3; i++)
		pages[i][0] = (data.root + (i + 1) * PAGE) | 7;
	pages[3][0] = 0x900007;
	ck_assert_int_eq(
		libiommu_fault_queue_respond(queue, group.cookie, LIBIOMMU_FAULT_RESOLVED, NULL),
		0);
	pthread_join(thread, NULL);
	ck_assert_int_eq(access.code, -EFAULT);
}
END_TEST

START_TEST(requests_need_somebody_to_take_them)
{
	struct libiommu_page_request request = { .address = PAGE };
	enum libiommu_fault_answer answer;
	uint64_t ticket;

	refused(libiommu_mock_page_request(ep, &request, 1, 0, &ticket, &err),
		LIBIOMMU_REASON_FAULTS_UNSUPPORTED);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, new_domain(NULL, false), NULL), 0);
	refused(libiommu_mock_page_request(ep, &request, 1, 0, &ticket, &err),
		LIBIOMMU_REASON_FAULTS_UNSUPPORTED);
	refused(libiommu_mock_page_request(ep, &request, 0, 0, &ticket, &err),
		LIBIOMMU_REASON_NULL_ARGUMENT);
	ck_assert_int_eq(libiommu_mock_page_answer(ep, 1, &answer), -EAGAIN);
	ck_assert_int_eq(libiommu_mock_page_answer(NULL, 1, &answer), -EINVAL);
	ck_assert_int_eq(libiommu_endpoint_replace(ep, new_domain(queue, false), 0, NULL), 0);
	ck_assert_int_eq(libiommu_mock_page_request(ep, &request, 1, 0, &ticket, NULL), 0);
	ck_assert_int_eq(libiommu_mock_device_remove(ep, NULL), 0);
	refused(libiommu_mock_page_request(ep, &request, 1, 0, &ticket, &err),
		LIBIOMMU_REASON_DEVICE_IO);
}
END_TEST

/* With PASIDs and without. */
START_TEST(sva_asks_once_and_swaps)
{
	static const char *const machines[] = {
		"personality bare\niommu i intel-vtd\n"
		"device 0000:00:01.0 iommu=i group=1 driver=vfio-pci pasid=20 prq=yes\n",
		"personality bare\niommu i intel-vtd\n"
		"device 0000:00:01.0 iommu=i group=1 driver=vfio-pci prq=yes\n",
	};
	struct libiommu_mock_stats stats = LIBIOMMU_MOCK_STATS_INIT;
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;
	uint64_t *fresh =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t address = (uintptr_t)fresh, found = 0;
	struct libiommu_domain *dom;
	unsigned char byte;

	open_text(machines[_i]);
	ck_assert_ptr_ne(fresh, MAP_FAILED);
	opts.type = LIBIOMMU_DOMAIN_SVA;
	ck_assert_int_eq(libiommu_domain_new(ctx, &opts, &dom, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	ck_assert_int_eq(libiommu_mock_dma_write(ep, address, "a", 1, NULL), 0);
	libiommu_mock_stats(ctx, &stats);
	ck_assert_uint_eq(stats.page_requests, 1);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, address, &byte, 1, NULL), 0);
	libiommu_mock_stats(ctx, &stats);
	ck_assert_uint_eq(stats.page_requests, 1);
	ck_assert_int_eq(byte, 'a');
	fresh[1] = 0;
	ck_assert_int_eq(libiommu_mock_dma_cas(ep, address + 8, 8, &found, 77, NULL), 0);
	ck_assert_uint_eq(fresh[1], 77);
	ck_assert_int_eq(mprotect(fresh, PAGE, PROT_READ), 0);
	refused(libiommu_mock_dma_cas(ep, address + 8, 8, &found, 78, &err),
		LIBIOMMU_REASON_DMA_FAULT);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), 0);
	ck_assert_int_eq(fault.kind, LIBIOMMU_MOCK_FAULT_PERMISSION);
	ck_assert_uint_eq(fresh[1], 77);
	ck_assert_int_eq(munmap(fresh, PAGE), 0);
	refused(libiommu_mock_dma_cas(ep, address + 8, 8, &found, 78, &err),
		LIBIOMMU_REASON_DMA_FAULT);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), 0);
	ck_assert_int_eq(fault.kind, LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	libiommu_ctx_free(ctx);
}
END_TEST

/* As a sandbox without them would have it. */
static void forbid_careful_copies(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_process_vm_readv, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_process_vm_writev, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void dma_faults(const void *address, enum libiommu_mock_fault_kind kind)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;

	refused(libiommu_mock_dma_write(ep, (uintptr_t)address, "c", 1, &err),
		LIBIOMMU_REASON_DMA_FAULT);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), 0);
	ck_assert_int_eq(fault.kind, kind);
}

START_TEST(sva_in_a_sandbox)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	char *fresh = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct libiommu_domain *dom;
	char byte = 0;

	ck_assert_ptr_ne(fresh, MAP_FAILED);
	opts.type = LIBIOMMU_DOMAIN_SVA;
	ck_assert_int_eq(libiommu_domain_new(ctx, &opts, &dom, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	forbid_careful_copies();
	ck_assert_int_eq(libiommu_mock_dma_write(ep, (uintptr_t)fresh + 7, "b", 1, NULL), 0);
	ck_assert_int_eq(fresh[7], 'b');
	ck_assert_int_eq(mprotect(fresh, PAGE, PROT_READ), 0);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, (uintptr_t)fresh + 7, &byte, 1, NULL), 0);
	ck_assert_int_eq(byte, 'b');
	dma_faults(fresh, LIBIOMMU_MOCK_FAULT_PERMISSION);
	ck_assert_int_eq(munmap(fresh, PAGE), 0);
	dma_faults(fresh, LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
}
END_TEST

/* The owner's pages are the physical ones from the second on. */
static void *find(void *data, uint64_t phys, size_t bytes)
{
	bool there = phys >= PAGE && phys - PAGE < sizeof(pages) && bytes <= PAGE;

	return there ? (char *)data + (phys - PAGE) : NULL;
}

static bool reads(struct libiommu_endpoint *who, uint64_t iova)
{
	char byte;

	return libiommu_mock_dma_read(who, iova, &byte, 1, NULL) == 0;
}

START_TEST(shared_tables_are_invalidated_in_parts)
{
	const struct libiommu_pgtable_memory mem = { .size = sizeof(mem),
						     .data = pages,
						     .virt = find };
	struct libiommu_invalidation part = { .kind = LIBIOMMU_INVALIDATE_RANGE,
					      .range = { PAGE, 2 * PAGE - 1 } };
	struct libiommu_pgtable_options table = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_shared_options opts = LIBIOMMU_SHARED_OPTIONS_INIT;
	struct libiommu_endpoint *pasid;
	struct libiommu_domain *dom;
	size_t count = 1;

	memset(pages, 0, sizeof(pages));
	for (size_t i = 0; i < 3; i++)
		pages[i][0] = (i + 2) * PAGE | 3;
	for (size_t i = 0; i < 3; i++)
		pages[3][i] = PAGE | 3;
	table.memory = &mem;
	opts.table = &table;
	opts.root = PAGE;
	opts.pasid = true;
	ck_assert_int_eq(libiommu_domain_new_shared(ctx, &opts, &dom, &err), 0);
	ck_assert_int_eq(libiommu_pasid_open(dev, 5, &pasid, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(pasid, dom, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		ck_assert(reads(ep, i * PAGE) && reads(pasid, i * PAGE));
	memset(pages[3], 0, PAGE);
	ck_assert_int_eq(libiommu_domain_invalidate(dom, &part, &count, NULL), 0);
	ck_assert(reads(ep, 0) && !reads(ep, PAGE) && reads(ep, 2 * PAGE));
	ck_assert(reads(pasid, 0) && !reads(pasid, PAGE) && reads(pasid, 2 * PAGE));
	part.kind = LIBIOMMU_INVALIDATE_PASID;
	part.pasid = 5;
	ck_assert_int_eq(libiommu_domain_invalidate(dom, &part, &count, NULL), 0);
	ck_assert(reads(ep, 0) && !reads(pasid, 0) && !reads(pasid, 2 * PAGE));
}
END_TEST

START_TEST(shared_tables_fit_the_hardware)
{
	const struct libiommu_pgtable_memory mem = { .size = sizeof(mem),
						     .data = pages,
						     .virt = find };
	struct libiommu_pgtable_options table = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_shared_options opts = LIBIOMMU_SHARED_OPTIONS_INIT;
	struct libiommu_domain *dom;

	opts.table = &table;
	opts.root = PAGE;
	/* Memory that answers to every address would be no bound. */
	refused(libiommu_domain_new_shared(ctx, &opts, &dom, &err), LIBIOMMU_REASON_NULL_ARGUMENT);
	table.memory = &mem;
	table.format = LIBIOMMU_PGTABLE_RISCV;
	ck_assert_int_eq(libiommu_domain_new_shared(ctx, &opts, &dom, &err), 0);
	refused(libiommu_endpoint_attach(ep, dom, &err), LIBIOMMU_REASON_INCOMPATIBLE_IOMMU);
	table.format = LIBIOMMU_PGTABLE_X86_64;
	ck_assert_int_eq(libiommu_domain_new_shared(ctx, &opts, &dom, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, &err), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-faults");
	TCase *with = tcase_create("with a device that asks"), *each = tcase_create("each");

	tcase_add_checked_fixture(with, setup, teardown);
	tcase_add_test(with, waiting_accesses_are_let_go);
	tcase_add_test(with, an_answer_without_a_page_is_asked_again);
	tcase_add_test(with, what_was_pulled_out_does_not_go_on);
	tcase_add_test(with, a_stage_1_asks_for_what_it_lacks);
	tcase_add_test(with, requests_need_somebody_to_take_them);
	tcase_add_test(with, shared_tables_fit_the_hardware);
	tcase_add_test(with, shared_tables_are_invalidated_in_parts);
	tcase_add_test(with, sva_in_a_sandbox);
	tcase_add_loop_test(each, whose_queues_have_a_depth, 0, 2);
	tcase_add_loop_test(each, who_asks, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(each, only_what_is_attached_itself_asks);
	tcase_add_loop_test(each, a_group_moves_when_all_of_it_ask, 0, 2);
	tcase_add_loop_test(each, sva_asks_once_and_swaps, 0, 2);
	suite_add_tcase(suite, with);
	suite_add_tcase(suite, each);
	return run_suite(suite);
}
