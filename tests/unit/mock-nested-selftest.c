/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage 1 of Linux' own test device on the mock: its words, the commands that it takes, and every
 * allocation of it failing in turn.
 */
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock.h>
#include <libiommu/nesting.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static const struct libiommu_sys *sys(void)
{
	return libiommu_sys_default();
}

#include "tests/unit/fault.h"

#define PAGE  UINT64_C(4096)
#define BASE  UINT64_C(0x10000000)
#define RW    (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)
#define WORD  0x5a5a0001u
#define TYPE  0xdeadbeefu
#define COUNT 4

static char pages[2 * 4096] __attribute__((aligned(4096)));
static struct libiommu_ctx *ctx;
static struct libiommu_device *dev, *other;
static struct libiommu_endpoint *ep, *pasid;
static struct libiommu_domain *parent, *n;
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

static int open_ctx(const char *personality, const char *profile,
		    const struct libiommu_allocator *allocator)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	char text[400];

	snprintf(text, sizeof(text),
		 "personality %s\niommu i %s\niommu vtd intel-vtd\n"
		 "device 0000:00:01.0 iommu=i group=1 driver=vfio-pci pasid=20 prq=yes\n"
		 "device 0000:00:02.0 iommu=i group=2 driver=vfio-pci\n"
		 "device 0000:00:03.0 iommu=vtd group=3 driver=vfio-pci\n",
		 personality, profile);
	opts.backend = "mock";
	opts.config = text;
	opts.allocator = allocator;
	return libiommu_ctx_new(&opts, &ctx, NULL);
}

static int new_parent(struct libiommu_domain **out)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;

	opts.nest_parent = true;
	return libiommu_domain_new(ctx, &opts, out, &err);
}

static int nest_for(struct libiommu_device *of, struct libiommu_fault_queue *faults,
		    struct libiommu_domain **out)
{
	const struct libiommu_stage1_selftest data = { .iotlb = WORD };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;

	opts.type = LIBIOMMU_STAGE1_SELFTEST;
	opts.data = &data;
	opts.data_length = sizeof(data);
	opts.pasid = true;
	opts.faults = faults;
	return libiommu_domain_new_nested(of, parent, &opts, out, &err);
}

static void setup(void)
{
	ck_assert_int_eq(open_ctx("iommufd", "kernel-selftest", NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:01.0", &dev, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:02.0", &other, NULL), 0);
	ck_assert_int_eq(libiommu_pasid_open(dev, 7, &pasid, NULL), 0);
	ck_assert_int_eq(libiommu_fault_queue_new(ctx, NULL, &queue, NULL), 0);
	ep = libiommu_device_endpoint(dev);
	ck_assert_int_eq(new_parent(&parent), 0);
	ck_assert_int_eq(libiommu_domain_map(parent, BASE, libiommu_source_memory(pages),
					     sizeof(pages), RW, NULL),
			 0);
	ck_assert_int_eq(nest_for(dev, NULL, &n), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, n, NULL), 0);
}

static void teardown(void)
{
	libiommu_ctx_free(ctx);
}

/* Which of its words a device still caches, one bit each. */
static unsigned int cached(struct libiommu_endpoint *of)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < COUNT; i++) {
		uint32_t word = 1;

		ck_assert_int_eq(libiommu_mock_stage1_cached(of, i, &word, &err), 0);
		ck_assert(word == WORD || !word);
		bits |= (unsigned int)(word == WORD) << i;
	}
	return bits;
}

START_TEST(words_are_the_domains)
{
	struct libiommu_domain *m;

	ck_assert_uint_eq(cached(ep), 15);
	ck_assert_int_eq(nest_for(other, NULL, &m), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(pasid, m, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(other), n, NULL), 0);
	ck_assert_int_eq(libiommu_domain_invalidate(
				 n,
				 &(struct libiommu_invalidation){ .kind = LIBIOMMU_INVALIDATE_ALL },
				 &(size_t){ 1 }, &err),
			 0);
	ck_assert_uint_eq(cached(ep), 0);
	ck_assert_uint_eq(cached(libiommu_device_endpoint(other)), 0);
	ck_assert_uint_eq(cached(pasid), 15);
}
END_TEST

/* What the words are of has no addresses: every command is about all of them. */
START_TEST(every_kind_drops_all)
{
	const struct libiommu_invalidation kinds[] = {
		{ .kind = LIBIOMMU_INVALIDATE_ALL },
		{ .kind = LIBIOMMU_INVALIDATE_RANGE, .range = { 1, 2 } },
		{ .kind = LIBIOMMU_INVALIDATE_PASID, .pasid = 99 },
	};
	size_t count = 1;

	ck_assert_int_eq(libiommu_domain_invalidate(n, &kinds[_i], &count, &err), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(cached(ep), 0);
}
END_TEST

static const struct {
	uint32_t type;
	size_t length, count, done;
	uint32_t words[6];
	enum libiommu_reason reason;
	unsigned int left;
} raws[] = {
	{ TYPE, 8, 1, 1, { 0, 2 }, 0, 11 },
	{ TYPE, 8, 3, 3, { 0, 0, 0, 1, 0, 1 }, 0, 12 },
	{ TYPE, 8, 2, 2, { 0, 1, 1, 0 }, 0, 0 },
	{ TYPE, 8, 3, 1, { 0, 1, 0, 4, 0, 2 }, LIBIOMMU_REASON_BAD_INVALIDATION, 13 },
	{ TYPE, 8, 3, 2, { 0, 1, 0, 3, 2, 2 }, LIBIOMMU_REASON_BAD_INVALIDATION, 5 },
	{ TYPE, 8, 1, 0, { 1, 4 }, LIBIOMMU_REASON_BAD_INVALIDATION, 15 },
	{ TYPE, 12, 2, 0, { 0, 3, 0, 0, 2, 0 }, LIBIOMMU_REASON_BAD_INVALIDATION, 15 },
	{ TYPE, 4, 1, 0, { 0, 0 }, LIBIOMMU_REASON_BAD_INVALIDATION, 15 },
	{ TYPE, 4097, 1, 0, { 0, 0 }, LIBIOMMU_REASON_BAD_INVALIDATION, 15 },
	{ TYPE, 0, 1, 0, { 0, 0 }, LIBIOMMU_REASON_BAD_INVALIDATION, 15 },
	{ 0, 24, 1, 0, { 0, 0 }, LIBIOMMU_REASON_BAD_INVALIDATION, 15 },
	{ TYPE, 8, 0, 0, { 0, 0 }, 0, 15 },
	{ TYPE, 0, 0, 0, { 0, 0 }, 0, 15 },
	{ 0, 24, 0, 0, { 0, 0 }, LIBIOMMU_REASON_BACKEND_CAPABILITY, 15 },
};

START_TEST(entries_in_its_own_form)
{
	size_t count = raws[_i].count;
	int code = libiommu_domain_invalidate_raw(n, raws[_i].type, raws[_i].words, raws[_i].length,
						  &count, &err);

	if (raws[_i].reason)
		refused(code, raws[_i].reason);
	else
		ck_assert_int_eq(code, 0);
	ck_assert_uint_eq(count, raws[_i].done);
	ck_assert_uint_eq(cached(ep), raws[_i].left);
}
END_TEST

START_TEST(no_access_passes)
{
	struct libiommu_mock_fault fault_of = LIBIOMMU_MOCK_FAULT_INIT;

	refused(libiommu_mock_dma_write(ep, BASE, "", 1, &err), LIBIOMMU_REASON_DMA_FAULT);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault_of), 0);
	ck_assert_int_eq(fault_of.kind, LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_uint_eq(fault_of.stage, 1);
	ck_assert_int_eq(libiommu_endpoint_replace(ep, parent, 0, &err), 0);
	ck_assert_int_eq(libiommu_mock_dma_write(ep, BASE, "", 1, &err), 0);
	/* What the parent unmaps is none of the words. */
	ck_assert_int_eq(libiommu_endpoint_replace(ep, n, 0, &err), 0);
	ck_assert_int_eq(libiommu_domain_unmap(parent, BASE, sizeof(pages), NULL, &err), 0);
	ck_assert_uint_eq(cached(ep), 15);
}
END_TEST

START_TEST(it_asks_in_a_queue)
{
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_page_request request = { .address = BASE };
	struct libiommu_domain *m;
	size_t count = 1;
	uint64_t ticket;

	refused(libiommu_mock_page_request(ep, &request, 1, 3, &ticket, &err),
		LIBIOMMU_REASON_FAULTS_UNSUPPORTED);
	ck_assert_int_eq(nest_for(dev, queue, &m), 0);
	ck_assert_int_eq(libiommu_endpoint_replace(ep, m, 0, &err), 0);
	ck_assert_int_eq(libiommu_mock_page_request(ep, &request, 1, 3, &ticket, &err), 0);
	ck_assert_int_eq(libiommu_fault_queue_next(queue, &group, &request, &count, &err), 0);
	ck_assert_uint_eq(group.number, 3);
	/* A device that makes none cannot be in it. */
	refused(libiommu_endpoint_attach(libiommu_device_endpoint(other), m, &err),
		LIBIOMMU_REASON_FAULTS_UNSUPPORTED);
}
END_TEST

START_TEST(words_that_nobody_has)
{
	uint32_t word;

	refused(libiommu_mock_stage1_cached(NULL, 0, &word, &err), LIBIOMMU_REASON_NULL_ARGUMENT);
	refused(libiommu_mock_stage1_cached(ep, 0, NULL, &err), LIBIOMMU_REASON_NULL_ARGUMENT);
	refused(libiommu_mock_stage1_cached(ep, COUNT, &word, &err), LIBIOMMU_REASON_BAD_OPTIONS);
	refused(libiommu_mock_stage1_cached(pasid, 0, &word, &err), LIBIOMMU_REASON_NOT_ATTACHED);
	ck_assert_int_eq(libiommu_endpoint_replace(ep, parent, 0, &err), 0);
	refused(libiommu_mock_stage1_cached(ep, 0, &word, &err), LIBIOMMU_REASON_DOMAIN_TYPE);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, &err), 0);
	refused(libiommu_mock_stage1_cached(ep, 0, &word, &err), LIBIOMMU_REASON_NOT_ATTACHED);
}
END_TEST

/* What the kernel refuses, and what another device has. */
START_TEST(it_is_of_one_kind_of_hardware)
{
	const struct libiommu_stage1_vtd vtd = { .root = 0x1000, .address_width = 48 };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_domain *out = NULL, *low;
	struct libiommu_device *another;

	opts.data = &vtd;
	opts.data_length = sizeof(vtd);
	refused(libiommu_domain_new_nested(dev, parent, &opts, &out, &err),
		LIBIOMMU_REASON_NESTING_UNSUPPORTED);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:03.0", &another, NULL), 0);
	refused(nest_for(another, NULL, &out), LIBIOMMU_REASON_NESTING_UNSUPPORTED);
	refused(libiommu_endpoint_attach(libiommu_device_endpoint(another), n, &err),
		LIBIOMMU_REASON_INCOMPATIBLE_IOMMU);
	low = parent;
	ck_assert_int_eq(new_parent(&parent), 0);
	ck_assert_int_eq(
		libiommu_domain_map(parent, PAGE, libiommu_source_memory(pages), PAGE, RW, &err),
		0);
	refused(nest_for(dev, NULL, &out), LIBIOMMU_REASON_MAPPING_CONFLICT);
	ck_assert_ptr_null(out);
	parent = low;
}
END_TEST

static const struct {
	const char *personality;
	bool nests;
} whose[] = { { "strict", false }, { "type1", false }, { "iommufd", true }, { "bare", true } };

START_TEST(who_has_it)
{
	struct libiommu_cap_answer cap = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;

	ck_assert_int_eq(open_ctx(whose[_i].personality, "kernel-selftest", NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:01.0", &dev, NULL), 0);
	ck_assert_int_eq(libiommu_device_cap(dev, LIBIOMMU_CAP_NESTING, &cap, NULL), 0);
	ck_assert_int_eq(cap.answer, whose[_i].nests ? LIBIOMMU_ANSWER_YES : LIBIOMMU_ANSWER_NO);
	if (whose[_i].nests) {
		ck_assert_int_eq(libiommu_device_hw_info(dev, &info, &err), 0);
		ck_assert_int_eq(info.type, LIBIOMMU_HW_SELFTEST);
		ck_assert_uint_eq(info.length, 8);
		ck_assert_uint_eq(info.data.selftest.flags, 0);
		ck_assert_uint_eq(info.data.selftest.reg, 0xdeadbeef);
		ck_assert_int_eq(new_parent(&parent), 0);
		ck_assert_int_eq(nest_for(dev, NULL, &n), 0);
	} else {
		refused(libiommu_device_hw_info(dev, &info, &err),
			LIBIOMMU_REASON_BACKEND_CAPABILITY);
		refused(new_parent(&parent), LIBIOMMU_REASON_BACKEND_CAPABILITY);
	}
	libiommu_ctx_free(ctx);
}
END_TEST

static void same_as(const struct libiommu_mock_stats *before)
{
	struct libiommu_mock_stats now = LIBIOMMU_MOCK_STATS_INIT;

	ck_assert_int_eq(libiommu_mock_stats(ctx, &now), 0);
	ck_assert_uint_eq(now.address_spaces, before->address_spaces);
	ck_assert_uint_eq(now.pinned_pages, before->pinned_pages);
	ck_assert_uint_eq(now.locked_bytes, before->locked_bytes);
	ck_assert_uint_eq(now.table_pages, before->table_pages);
}

/* A refusal leaves the machine as it was. */
static int nest_or_nothing(void)
{
	struct libiommu_mock_stats before = LIBIOMMU_MOCK_STATS_INIT;
	int code;

	ck_assert_int_eq(libiommu_mock_stats(ctx, &before), 0);
	n = NULL;
	code = nest_for(dev, NULL, &n);
	if (!code)
		return 0;
	ck_assert_ptr_null(n);
	libiommu_error_free(err);
	err = NULL;
	same_as(&before);
	return code;
}

static int own_parent(void)
{
	int code = new_parent(&parent);

	libiommu_error_free(err);
	err = NULL;
	return code;
}

/* @return false when the scenario has fewer allocations than that */
static bool scenario(unsigned long at, bool all)
{
	const struct libiommu_allocator allocator = { sizeof(allocator), NULL, fail_alloc,
						      count_free };
	size_t count = 1;

	fault.calls = 0;
	fault.at = at;
	fault.all = all;
	STEP(open_ctx("iommufd", "kernel-selftest", &allocator));
	STEP(libiommu_device_open(ctx, "0000:00:01.0", &dev, NULL));
	ep = libiommu_device_endpoint(dev);
	STEP(own_parent());
	STEP(libiommu_domain_map(parent, BASE, libiommu_source_memory(pages), sizeof(pages), RW,
				 NULL));
	STEP(nest_or_nothing());
	STEP(libiommu_endpoint_attach(ep, n, NULL));
	ck_assert_uint_eq(cached(ep), 15);
	STEP(libiommu_domain_invalidate_raw(n, TYPE, raws[0].words, 8, &count, NULL));
	ck_assert_uint_eq(cached(ep), 11);
	STEP(libiommu_endpoint_replace(ep, parent, 0, NULL));
	STEP(libiommu_endpoint_replace(ep, n, 0, NULL));
	ck_assert_uint_eq(cached(ep), 11);
	STEP(libiommu_endpoint_detach(ep, 0, NULL));
	STEP(libiommu_domain_free(n, NULL));
	STEP(libiommu_domain_free(parent, NULL));
	same_as(&(struct libiommu_mock_stats){ .size = sizeof(struct libiommu_mock_stats) });
	libiommu_ctx_free(ctx);
	ck_assert_msg(blocks == 0, "allocation %lu: %ld blocks leak", at, blocks);
	return fault.calls >= at;
}

START_TEST(every_allocation_fails)
{
	unsigned long at = 1;

	while (scenario(at, _i))
		at++;
	ck_assert_uint_gt(at, 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-nested-selftest");
	TCase *tcase = tcase_create("on a machine"), *own = tcase_create("on one of their own");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, words_are_the_domains);
	tcase_add_loop_test(tcase, every_kind_drops_all, 0, 3);
	tcase_add_loop_test(tcase, entries_in_its_own_form, 0, sizeof(raws) / sizeof(raws[0]));
	tcase_add_test(tcase, no_access_passes);
	tcase_add_test(tcase, it_asks_in_a_queue);
	tcase_add_test(tcase, words_that_nobody_has);
	tcase_add_test(tcase, it_is_of_one_kind_of_hardware);
	tcase_add_loop_test(own, who_has_it, 0, sizeof(whose) / sizeof(whose[0]));
	tcase_add_loop_test(own, every_allocation_fails, 0, 2);
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, own);
	return run_suite(suite);
}
