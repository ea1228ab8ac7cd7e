/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PASIDs, NESTED, SHARED and SVA domains and page requests on the mock, through the core, with every
 * allocation and every system call of a scenario failing in turn, alone or with all that follow. A call
 * that fails must have changed nothing: what is attached where, where it leads and what the machine has
 * charged are as before, and made again it works.
 */
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock.h>
#include <libiommu/nesting.h>

#include <errno.h>
#include <string.h>

static const struct libiommu_sys *sys(void)
{
	return libiommu_sys_default();
}

static struct libiommu_ctx *ctx;

#include "tests/unit/fault.h"

#include "tests/unit/fault-sweep.h"

#define PAGE   UINT64_C(4096)
#define DEVICE "0000:00:01.0"
#define BASE   UINT64_C(0x100000)
#define AT     PAGE /* every domain with maps or tables leads somewhere from here */
#define PLACES 3    /* the device's own requests, and two PASIDs */

static const char text[] = "personality bare\n"
			   "iommu i intel-vtd\n"
			   "device " DEVICE " iommu=i group=1 driver=vfio-pci pasid=20 prq=yes\n";

/* Page 0: the root; 1 to 3: tables below; 4: what they lead to; 5 and on: of plain maps. */
static unsigned char pages[8][4096] __attribute__((aligned(4096)));
static struct libiommu_device *dev;
static struct libiommu_endpoint *place[PLACES];
static struct libiommu_domain *plain, *asks, *parent, *n, *m, *shared, *sva;
static struct libiommu_fault_queue *queue;

/* The objects of views are not the allocator's. */
void *__real_aligned_alloc(size_t alignment, size_t length);
void *__wrap_aligned_alloc(size_t alignment, size_t length);

void *__wrap_aligned_alloc(size_t alignment, size_t length)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, length);
}

struct state {
	struct libiommu_mock_stats figures;
	struct libiommu_domain *domain[PLACES];
	int byte[PLACES]; /* that is read at AT; -1: none */
};

static int read_at(struct libiommu_endpoint *ep, uint64_t iova)
{
	unsigned char byte;

	return libiommu_mock_dma_read(ep, iova, &byte, 1, NULL) ? -1 : byte;
}

static struct state look(void)
{
	struct state state = { .figures = LIBIOMMU_MOCK_STATS_INIT };
	const unsigned long calls = fault.calls, at = fault.at;

	fault.at = 0;
	ck_assert_int_eq(libiommu_mock_stats(ctx, &state.figures), 0);
	for (size_t i = 0; i < PLACES; i++) {
		state.domain[i] = libiommu_endpoint_domain(place[i]);
		/* One that has no page asks for it, and waits. */
		if (state.domain[i] && state.domain[i] != sva)
			state.byte[i] = read_at(place[i], AT);
	}
	fault.at = at;
	fault.calls = calls;
	return state;
}

static int unchanged(const struct state *before, int code)
{
	const struct state now = code ? look() : *before;

	ck_assert_uint_eq(now.figures.address_spaces, before->figures.address_spaces);
	ck_assert_uint_eq(now.figures.pinned_pages, before->figures.pinned_pages);
	ck_assert_uint_eq(now.figures.locked_bytes, before->figures.locked_bytes);
	for (size_t i = 0; i < PLACES; i++) {
		ck_assert_ptr_eq(now.domain[i], before->domain[i]);
		ck_assert_int_eq(now.byte[i], before->byte[i]);
	}
	return code;
}

/* A step whose failure must not be seen. */
#define WHOLE(call)                                  \
	do {                                         \
		const struct state before_ = look(); \
		STEP(unchanged(&before_, call));     \
	} while (0)

static int new_domain(enum libiommu_domain_type type, bool nest_parent,
		      struct libiommu_fault_queue *faults, struct libiommu_domain **out)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;

	opts.type = type;
	opts.pasid = true;
	opts.nest_parent = nest_parent;
	opts.faults = faults;
	return libiommu_domain_new(ctx, &opts, out, NULL);
}

static int new_nested(struct libiommu_fault_queue *faults, struct libiommu_domain **out)
{
	const struct libiommu_stage1_vtd data = { .root = BASE, .address_width = 48 };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;

	opts.data = &data;
	opts.data_length = sizeof(data);
	opts.pasid = true;
	opts.faults = faults;
	return libiommu_domain_new_nested(dev, parent, &opts, out, NULL);
}

static void *find(void *data, uint64_t phys, size_t bytes)
{
	(void)data;
	return phys >= BASE && phys + bytes <= BASE + sizeof(pages) ? &pages[0][0] + (phys - BASE)
								    : NULL;
}

static int new_shared(void)
{
	const struct libiommu_pgtable_memory memory = { .size = sizeof(memory), .virt = find };
	struct libiommu_pgtable_options table = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_shared_options opts = LIBIOMMU_SHARED_OPTIONS_INIT;

	table.format = LIBIOMMU_PGTABLE_X86_64;
	table.memory = &memory;
	opts.table = &table;
	opts.root = BASE;
	opts.pasid = true;
	return libiommu_domain_new_shared(ctx, &opts, &shared, NULL);
}

static int map(struct libiommu_domain *dom, uint64_t iova, size_t page, size_t count)
{
	return libiommu_domain_map(dom, iova, libiommu_source_memory(pages[page]), count * PAGE,
				   LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, NULL);
}

static int attach(size_t i, struct libiommu_domain *dom)
{
	return libiommu_endpoint_attach(place[i], dom, NULL);
}

static int replace(size_t i, struct libiommu_domain *dom)
{
	return libiommu_endpoint_replace(place[i], dom, 0, NULL);
}

/* Cannot fail, whatever does. */
static void detach(size_t i)
{
	ck_assert_int_eq(libiommu_endpoint_detach(place[i], 0, NULL), 0);
}

static void objects(void)
{
	STEP(libiommu_device_open(ctx, DEVICE, &dev, NULL));
	place[0] = libiommu_device_endpoint(dev);
	WHOLE(libiommu_fault_queue_new(ctx, NULL, &queue, NULL));
	WHOLE(new_domain(LIBIOMMU_DOMAIN_PAGING, false, NULL, &plain));
	WHOLE(new_domain(LIBIOMMU_DOMAIN_PAGING, false, queue, &asks));
	WHOLE(new_domain(LIBIOMMU_DOMAIN_PAGING, true, NULL, &parent));
	WHOLE(map(plain, AT, 5, 1));
	WHOLE(map(asks, AT, 6, 1));
	WHOLE(map(parent, BASE, 0, 7));
	WHOLE(libiommu_pasid_open(dev, 1, &place[1], NULL));
	WHOLE(libiommu_pasid_open(dev, LIBIOMMU_PASID_ANY, &place[2], NULL));
}

static void nested(void)
{
	struct libiommu_invalidation all = { .kind = LIBIOMMU_INVALIDATE_ALL };
	size_t count = 1;

	WHOLE(new_nested(queue, &n));
	WHOLE(new_nested(NULL, &m));
	WHOLE(attach(0, plain));
	WHOLE(attach(1, n));
	STEP(read_at(place[1], AT) != 4);
	WHOLE(replace(1, m));
	WHOLE(replace(1, plain));
	WHOLE(replace(0, n));
	WHOLE(map(parent, BASE + 64 * PAGE, 7, 1));
	ck_assert_int_eq(libiommu_domain_invalidate(n, &all, &count, NULL), 0);
	/* The view of the tables is made again by who asks for it. */
	STEP(read_at(place[0], AT) != 4);
	WHOLE(replace(1, asks));
	WHOLE(libiommu_domain_unmap(parent, BASE + 64 * PAGE, PAGE, NULL, NULL));
	detach(0);
	WHOLE(attach(0, parent));
}

/* A device's request that cannot be kept is refused: that is no failure. */
static int ask(uint64_t *ticket)
{
	const struct libiommu_page_request request = { .address = 16 * PAGE };
	enum libiommu_fault_answer answer;
	int code = libiommu_mock_page_request(place[1], &request, 1, 5, ticket, NULL);

	ck_assert_int_eq(code, 0);
	if (libiommu_mock_page_answer(place[1], *ticket, &answer) == -EAGAIN)
		return 0;
	ck_assert_int_eq(answer, LIBIOMMU_FAULT_REFUSED);
	return -ENOMEM;
}

static void requests(void)
{
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	const uint64_t refused = libiommu_fault_queue_overflows(queue);
	struct libiommu_page_request request;
	enum libiommu_fault_answer answer;
	uint64_t ticket, left;
	size_t count = 1;

	WHOLE(ask(&ticket));
	ck_assert_uint_le(libiommu_fault_queue_overflows(queue), refused + 1);
	STEP(libiommu_fault_queue_next(queue, &group, &request, &count, NULL));
	ck_assert_uint_eq(request.address, 16 * PAGE);
	STEP(libiommu_fault_queue_respond(queue, group.cookie, LIBIOMMU_FAULT_RESOLVED, NULL));
	ck_assert_int_eq(libiommu_mock_page_answer(place[1], ticket, &answer), 0);
	ck_assert_int_eq(answer, LIBIOMMU_FAULT_RESOLVED);
	/* One that nobody answers goes with its endpoint. */
	WHOLE(ask(&left));
	detach(1);
	ck_assert_int_eq(libiommu_mock_page_answer(place[1], left, &answer), 0);
	ck_assert_int_eq(answer, LIBIOMMU_FAULT_REFUSED);
	WHOLE(attach(1, plain));
}

static void foreign(void)
{
	WHOLE(new_shared());
	WHOLE(attach(2, shared));
	STEP(read_at(place[2], AT) != 4);
	WHOLE(replace(2, plain));
	WHOLE(replace(2, shared));
	detach(2);
	WHOLE(new_domain(LIBIOMMU_DOMAIN_SVA, false, NULL, &sva));
	WHOLE(attach(2, sva));
	ck_assert_int_eq(read_at(place[2], (uintptr_t)pages[5]), 5);
	WHOLE(replace(2, shared));
	WHOLE(replace(2, sva));
	WHOLE(replace(1, sva));
	detach(2);
}

static void ends(void)
{
	struct libiommu_mock_stats figures = LIBIOMMU_MOCK_STATS_INIT;

	detach(1);
	detach(0);
	ck_assert_int_eq(libiommu_pasid_close(place[1], NULL), 0);
	ck_assert_int_eq(libiommu_pasid_close(place[2], NULL), 0);
	ck_assert_int_eq(libiommu_domain_free(n, NULL), 0);
	ck_assert_int_eq(libiommu_domain_free(m, NULL), 0);
	ck_assert_int_eq(libiommu_domain_free(parent, NULL), 0);
	ck_assert_int_eq(libiommu_domain_free(shared, NULL), 0);
	ck_assert_int_eq(libiommu_domain_free(sva, NULL), 0);
	ck_assert_int_eq(libiommu_domain_free(asks, NULL), 0);
	ck_assert_int_eq(libiommu_fault_queue_free(queue, NULL), 0);
	ck_assert_int_eq(libiommu_mock_stats(ctx, &figures), 0);
	ck_assert_uint_eq(figures.address_spaces, 0);
	ck_assert_uint_eq(figures.pinned_pages, 0);
	ck_assert_uint_eq(figures.locked_bytes, 0);
	ck_assert_uint_eq(figures.table_pages, 0);
}

/* With what is attached to it still there when the context goes. */
static void left_attached(void)
{
	STEP(new_nested(NULL, &n));
	STEP(attach(0, n));
	STEP(attach(1, asks));
	STEP(new_shared());
	STEP(attach(2, shared));
}

static void begin(void)
{
	memset(place, 0, sizeof(place));
	sva = NULL;
	for (size_t i = 0; i < 8; i++)
		memset(pages[i], i < 4 ? 0 : (int)i, PAGE);
	for (size_t i = 0; i < 4; i++) {
		const uint64_t entry = (BASE + (i + 1) * PAGE) | 7;

		memcpy(&pages[i][i == 3 ? 8 : 0], &entry, sizeof(entry));
	}
	objects();
}

static void orderly(void)
{
	begin();
	nested();
	requests();
	foreign();
	ends();
}

static void in_a_hurry(void)
{
	begin();
	left_attached();
}

static void both(void (*scenario)(void), unsigned long least)
{
	const struct sweep stages = {
		.backend = "mock", .config = text, .scenario = scenario, .least = least
	};

	run_sweep(&stages, false);
	run_sweep(&stages, true);
}

START_TEST(what_fails_changes_nothing)
{
	both(orderly, 80);
}
END_TEST

START_TEST(the_context_takes_all_with_it)
{
	both(in_a_hurry, 40);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-stages-sweep");
	TCase *tcase = tcase_create("sweep");

	tcase_add_test(tcase, what_fails_changes_nothing);
	tcase_add_test(tcase, the_context_takes_all_with_it);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
