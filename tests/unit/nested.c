/* SPDX-License-Identifier: BSD-2-Clause */
/* What the core decides about NESTED and SHARED domains, fault queues and claims. */
#include "tests/unit/extras-fixture.h"

static const struct libiommu_stage1_vtd vtd = { .root = PAGE, .address_width = 48 };

static struct libiommu_nested_options stage1(void)
{
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;

	opts.data = &vtd;
	opts.data_length = sizeof(vtd);
	return opts;
}

static struct libiommu_domain *new_nested(struct libiommu_domain *parent)
{
	const struct libiommu_nested_options opts = stage1();
	struct libiommu_domain *dom;

	ck_assert_int_eq(libiommu_domain_new_nested(dev, parent, &opts, &dom, &err), 0);
	ck_assert_ptr_eq(libiommu_domain_parent(dom), parent);
	ck_assert_int_eq(libiommu_domain_type(dom), LIBIOMMU_DOMAIN_NESTED);
	return dom;
}

START_TEST(a_parent_must_be_one)
{
	struct libiommu_domain *parent = new_domain(false, true), *dom;
	struct libiommu_nested_options opts = stage1();

	refused(libiommu_domain_new_nested(dev, new_domain(false, false), &opts, &dom, &err),
		LIBIOMMU_REASON_NOT_NEST_PARENT);
	refused(libiommu_domain_new_nested(dev, new_nested(parent), &opts, &dom, &err),
		LIBIOMMU_REASON_DOMAIN_TYPE);
	refused(libiommu_domain_new_nested(dev, NULL, &opts, &dom, &err),
		LIBIOMMU_REASON_NULL_ARGUMENT);
	opts.data = NULL;
	refused(libiommu_domain_new_nested(dev, parent, &opts, &dom, &err),
		LIBIOMMU_REASON_NULL_ARGUMENT);
	told.refuse_nested = LIBIOMMU_REASON_NESTING_UNSUPPORTED;
	opts = stage1();
	refused(libiommu_domain_new_nested(dev, parent, &opts, &dom, &err),
		LIBIOMMU_REASON_NESTING_UNSUPPORTED);
}
END_TEST

START_TEST(data_have_the_length_of_their_type)
{
	static const struct {
		enum libiommu_stage1_type type;
		size_t length;
	} rows[] = {
		{ LIBIOMMU_STAGE1_VTD, sizeof(struct libiommu_stage1_vtd) },
		{ LIBIOMMU_STAGE1_SMMUV3, sizeof(struct libiommu_stage1_smmuv3) },
		{ LIBIOMMU_STAGE1_AMD, sizeof(struct libiommu_stage1_amd) },
		{ LIBIOMMU_STAGE1_RISCV, sizeof(struct libiommu_stage1_riscv) },
		{ LIBIOMMU_STAGE1_SELFTEST, sizeof(struct libiommu_stage1_selftest) },
	};
	struct libiommu_domain *parent = new_domain(false, true), *dom;
	struct libiommu_nested_options opts = stage1();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		opts.type = rows[i].type;
		opts.data_length = rows[i].length + 1;
		refused(libiommu_domain_new_nested(dev, parent, &opts, &dom, &err),
			LIBIOMMU_REASON_BAD_STAGE1);
		opts.data_length = rows[i].length;
		ck_assert_int_eq(libiommu_domain_new_nested(dev, parent, &opts, &dom, &err), 0);
	}
}
END_TEST

START_TEST(the_parents_mappings_count)
{
	struct libiommu_domain *parent = new_domain(false, true), *dom;
	const struct libiommu_nested_options opts = stage1();
	struct libiommu_range range;
	size_t count = 1;

	ck_assert_int_eq(libiommu_domain_map(parent, UINT64_C(0x100000000),
					     libiommu_source_memory(memory), PAGE,
					     LIBIOMMU_PROT_READ, &err),
			 0);
	refused(libiommu_domain_new_nested(dev, parent, &opts, &dom, &err),
		LIBIOMMU_REASON_MAPPING_CONFLICT);
	ck_assert_int_eq(told.free_calls, 1);
	ck_assert_uint_eq(told.maps, 1);
	ck_assert_int_eq(libiommu_domain_unmap_all(parent, NULL, &err), 0);
	dom = new_nested(parent);
	/* From now on, attached or not, the parent has the ranges of the device. */
	ck_assert_int_eq(libiommu_domain_iova_ranges(parent, &range, &count, &err), 0);
	ck_assert_uint_eq(range.last, told.aperture);
	count = 0;
	ck_assert_int_eq(libiommu_domain_iova_ranges(dom, NULL, &count, &err), 0);
	ck_assert_uint_eq(count, 0);
	refused(libiommu_domain_map(dom, PAGE, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		LIBIOMMU_REASON_DOMAIN_TYPE);
	refused(libiommu_domain_free(parent, &err), LIBIOMMU_REASON_DOMAIN_IN_USE);
	ck_assert_int_eq(libiommu_domain_free(dom, &err), 0);
	count = 1;
	ck_assert_int_eq(libiommu_domain_iova_ranges(parent, &range, &count, &err), 0);
	ck_assert_uint_eq(range.last, UINT64_MAX);
	ck_assert_int_eq(libiommu_domain_free(parent, &err), 0);
}
END_TEST

START_TEST(an_attach_of_a_nested_domain_looks_at_the_parent)
{
	struct libiommu_domain *parent = new_domain(false, true), *dom = new_nested(parent);
	struct libiommu_endpoint *ep = libiommu_device_endpoint(dev);

	ck_assert_int_eq(libiommu_domain_map(parent, 8 * PAGE, libiommu_source_memory(memory), PAGE,
					     LIBIOMMU_PROT_READ, &err),
			 0);
	told.aperture = 4 * PAGE - 1;
	refused(libiommu_endpoint_attach(ep, dom, &err), LIBIOMMU_REASON_MAPPING_CONFLICT);
	ck_assert_uint_eq(told.maps, 1);
	told.aperture = UINT32_MAX;
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, &err), 0);
	refused(libiommu_domain_free(dom, &err), LIBIOMMU_REASON_DOMAIN_IN_USE);
	/* Between two on one parent, and to the parent itself. */
	ck_assert_int_eq(libiommu_endpoint_replace(ep, new_nested(parent), 0, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_replace(ep, parent, 0, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_replace(ep, dom, 0, &err), 0);
	ck_assert_int_eq(libiommu_domain_unmap_all(parent, NULL, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, &err), 0);
}
END_TEST

static uint64_t last_of(struct libiommu_domain *dom)
{
	struct libiommu_range range;
	size_t count = 1;

	ck_assert_int_eq(libiommu_domain_iova_ranges(dom, &range, &count, &err), 0);
	return range.last;
}

START_TEST(a_parent_has_its_ranges_as_long_as_it_is_used)
{
	struct libiommu_domain *parent = new_domain(false, true), *dom = new_nested(parent);
	struct libiommu_endpoint *ep = libiommu_device_endpoint(dev);

	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, &err), 0);
	ck_assert_uint_eq(last_of(parent), told.aperture);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, parent, &err), 0);
	ck_assert_int_eq(libiommu_domain_free(dom, &err), 0);
	ck_assert_uint_eq(last_of(parent), told.aperture);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, &err), 0);
	ck_assert_uint_eq(last_of(parent), UINT64_MAX);
}
END_TEST

START_TEST(invalidations_stop_where_one_is_bad)
{
	struct libiommu_domain *dom = new_nested(new_domain(false, true));
	struct libiommu_invalidation commands[5] = { { 0 } };
	size_t count;

	for (size_t i = 0; i < 5; i++)
		commands[i].kind = LIBIOMMU_INVALIDATE_ALL;
	for (size_t bad = 0; bad < 5; bad++) {
		commands[bad].kind = LIBIOMMU_INVALIDATE_RANGE;
		commands[bad].range = (struct libiommu_range){ 2, 1 };
		told.invalidated = 0;
		count = 5;
		refused(libiommu_domain_invalidate(dom, commands, &count, &err),
			LIBIOMMU_REASON_BAD_INVALIDATION);
		ck_assert_uint_eq(count, bad);
		ck_assert_uint_eq(told.invalidated, bad);
		commands[bad].range.start = 0;
	}
	count = 5;
	ck_assert_int_eq(libiommu_domain_invalidate(dom, commands, &count, &err), 0);
	ck_assert_uint_eq(count, 5);
	/* What the backend has done counts, not what the core thought good. */
	told.invalidate_at_most = 2;
	told.refuse_invalidate = LIBIOMMU_REASON_BACKEND_CAPABILITY;
	commands[4].kind = (enum libiommu_invalidate_kind)0;
	refused(libiommu_domain_invalidate(dom, commands, &count, &err),
		LIBIOMMU_REASON_BACKEND_CAPABILITY);
	ck_assert_uint_eq(count, 2);
	count = 1;
	commands[0].flags = 2;
	refused(libiommu_domain_invalidate(dom, commands, &count, &err),
		LIBIOMMU_REASON_UNKNOWN_FLAGS);
	ck_assert_uint_eq(count, 0);
	count = 0;
	ck_assert_int_eq(libiommu_domain_invalidate(dom, NULL, &count, &err), 0);
	count = 1;
	refused(libiommu_domain_invalidate(dom, NULL, &count, &err), LIBIOMMU_REASON_NULL_ARGUMENT);
	refused(libiommu_domain_invalidate(libiommu_domain_parent(dom), commands, &count, &err),
		LIBIOMMU_REASON_DOMAIN_TYPE);
}
END_TEST

START_TEST(raw_invalidations_pass)
{
	struct libiommu_domain *dom = new_nested(new_domain(false, true));
	const uint64_t entries[3] = { 0 };
	size_t count = 3;

	ck_assert_int_eq(libiommu_domain_invalidate_raw(dom, 7, entries, 8, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(told.invalidated, 3);
	refused(libiommu_domain_invalidate_raw(dom, 7, entries, 0, &count, &err),
		LIBIOMMU_REASON_BAD_INVALIDATION);
	count = 0;
	ck_assert_int_eq(libiommu_domain_invalidate_raw(dom, 7, NULL, 0, &count, &err), 0);
	refused(libiommu_domain_invalidate_raw(dom, 8, NULL, 0, &count, &err),
		LIBIOMMU_REASON_BACKEND_CAPABILITY);
}
END_TEST

START_TEST(hardware_tells_about_itself)
{
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;
	struct {
		struct libiommu_hw_info info;
		uint64_t later;
	} longer = { LIBIOMMU_HW_INFO_INIT, 0 };

	ck_assert_int_eq(libiommu_device_hw_info(dev, &info, &err), 0);
	ck_assert_int_eq(info.type, LIBIOMMU_HW_VTD);
	ck_assert_uint_eq(info.data.vtd.cap, 0x1234);
	/* A program that is newer than the library has a longer struct. */
	longer.info.size = sizeof(longer);
	ck_assert_int_eq(libiommu_device_hw_info(dev, &longer.info, &err), 0);
	ck_assert_uint_eq(longer.info.size, sizeof(longer));
	info.size = 8;
	refused(libiommu_device_hw_info(dev, &info, &err), LIBIOMMU_REASON_BAD_OPTIONS);
	refused(libiommu_device_hw_info(dev, NULL, &err), LIBIOMMU_REASON_NULL_ARGUMENT);
}
END_TEST

static void *find_nothing(void *data, uint64_t phys, size_t bytes)
{
	(void)bytes;
	return phys == PAGE ? data : NULL;
}

START_TEST(a_shared_table_must_be_there)
{
	const struct libiommu_pgtable_memory mem = { .size = sizeof(mem),
						     .data = memory,
						     .virt = find_nothing };
	struct libiommu_pgtable_options table = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_shared_options opts = LIBIOMMU_SHARED_OPTIONS_INIT;
	struct libiommu_domain *dom;

	refused(libiommu_domain_new_shared(ctx, &opts, &dom, &err), LIBIOMMU_REASON_NULL_ARGUMENT);
	table.memory = &mem;
	opts.table = &table;
	opts.root = 2 * PAGE;
	refused(libiommu_domain_new_shared(ctx, &opts, &dom, &err),
		LIBIOMMU_REASON_TABLE_UNREACHABLE);
	opts.root = PAGE + 8;
	refused(libiommu_domain_new_shared(ctx, &opts, &dom, &err), LIBIOMMU_REASON_MISALIGNED);
	opts.root = PAGE;
	opts.pasid = true;
	ck_assert_int_eq(libiommu_domain_new_shared(ctx, &opts, &dom, &err), 0);
	ck_assert_int_eq(told.wishes.type, LIBIOMMU_DOMAIN_SHARED);
	ck_assert(told.wishes.pasid && told.wishes.shared);
	ck_assert_int_eq(libiommu_domain_free(dom, &err), 0);
}
END_TEST

START_TEST(a_queue_lives_as_long_as_its_domains)
{
	struct libiommu_fault_queue_options limits = LIBIOMMU_FAULT_QUEUE_OPTIONS_INIT;
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_fault_queue *queue;
	struct libiommu_domain *dom;
	const struct libiommu_backend table = with_extras();
	struct libiommu_ctx *foreign = new_ctx(&table);

	limits.depth = 13;
	refused(libiommu_fault_queue_new(ctx, &limits, &queue, &err), LIBIOMMU_REASON_FD_LIMIT);
	limits.depth = 3;
	ck_assert_int_eq(libiommu_fault_queue_new(ctx, &limits, &queue, &err), 0);
	ck_assert_int_eq(libiommu_fault_queue_fd(queue), 42);
	ck_assert_int_eq(libiommu_fault_queue_fd(NULL), -1);
	ck_assert_uint_eq(libiommu_fault_queue_overflows(queue), 3);
	opts.faults = queue;
	ck_assert_int_eq(libiommu_domain_new(ctx, &opts, &dom, &err), 0);
	ck_assert_ptr_nonnull(told.wishes.faults);
	refused(libiommu_fault_queue_free(queue, &err), LIBIOMMU_REASON_QUEUE_IN_USE);
	ck_assert_int_eq(libiommu_domain_free(dom, &err), 0);
	opts.nest_parent = true;
	refused(libiommu_domain_new(ctx, &opts, &dom, &err), LIBIOMMU_REASON_NEST_PARENT_FAULTS);
	opts.nest_parent = false;
	refused(libiommu_domain_new(foreign, &opts, &dom, &err), LIBIOMMU_REASON_FOREIGN_CONTEXT);
	libiommu_ctx_free(foreign);
	ck_assert_int_eq(libiommu_fault_queue_free(queue, &err), 0);
	ck_assert_int_eq(libiommu_fault_queue_free(NULL, &err), 0);
	/* What is left the context frees, after the domains. */
	ck_assert_int_eq(libiommu_fault_queue_new(ctx, NULL, &queue, &err), 0);
	opts.faults = queue;
	ck_assert_int_eq(libiommu_domain_new(ctx, &opts, &dom, &err), 0);
}
END_TEST

START_TEST(groups_come_whole)
{
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct {
		struct libiommu_fault_group group;
		uint64_t later;
	} longer = { LIBIOMMU_FAULT_GROUP_INIT, 0 };
	struct libiommu_page_request requests[3];
	struct libiommu_fault_queue *queue;
	size_t count = 3;

	ck_assert_int_eq(libiommu_fault_queue_new(ctx, NULL, &queue, &err), 0);
	ck_assert_int_eq(libiommu_fault_queue_next(queue, &group, requests, &count, &err), -EAGAIN);
	ck_assert_ptr_null(err);
	told.has_group = true;
	told.group_pages = 3;
	count = 2;
	refused(libiommu_fault_queue_next(queue, &group, requests, &count, &err),
		LIBIOMMU_REASON_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(group.cookie, 0);
	ck_assert_int_eq(libiommu_fault_queue_next(queue, &group, requests, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(group.cookie, 5);
	ck_assert_uint_eq(requests[2].address, 2 * PAGE);
	refused(libiommu_fault_queue_respond(queue, 5, (enum libiommu_fault_answer)7, &err),
		LIBIOMMU_REASON_UNKNOWN_FLAGS);
	refused(libiommu_fault_queue_respond(queue, 6, LIBIOMMU_FAULT_REFUSED, &err),
		LIBIOMMU_REASON_FAULT_UNKNOWN);
	ck_assert_int_eq(libiommu_fault_queue_respond(queue, 5, LIBIOMMU_FAULT_RESOLVED, &err), 0);
	ck_assert_uint_eq(told.answered, LIBIOMMU_FAULT_RESOLVED);
	told.has_group = true;
	longer.group.size = sizeof(longer);
	ck_assert_int_eq(libiommu_fault_queue_next(queue, &longer.group, requests, &count, &err),
			 0);
	ck_assert_uint_eq(longer.group.size, sizeof(longer));
	refused(libiommu_fault_queue_next(NULL, &group, requests, &count, &err),
		LIBIOMMU_REASON_NULL_ARGUMENT);
	group.size = 4;
	refused(libiommu_fault_queue_next(queue, &group, requests, &count, &err),
		LIBIOMMU_REASON_BAD_OPTIONS);
}
END_TEST

START_TEST(a_backend_without_them_says_so)
{
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;
	struct libiommu_ctx *bare = new_ctx(&fake_bare);
	struct libiommu_fault_queue *queue;
	struct libiommu_device *device;

	ck_assert_int_eq(libiommu_device_open(bare, "a1", &device, &err), 0);
	refused(libiommu_fault_queue_new(bare, NULL, &queue, &err),
		LIBIOMMU_REASON_BACKEND_CAPABILITY);
	refused(libiommu_device_hw_info(device, &info, &err), LIBIOMMU_REASON_BACKEND_CAPABILITY);
	libiommu_ctx_free(bare);
}
END_TEST

static int read_nothing(void *c, uint32_t id, struct libiommu_group_builder *group,
			struct libiommu_failure *f)
{
	(void)c;
	(void)id;
	(void)group;
	(void)f;
	return 0;
}

static int claim_all(void *c, void *claim, uint32_t group, struct libiommu_claimed *held,
		     struct libiommu_failure *f)
{
	(void)c;
	(void)claim;
	(void)group;
	(void)held;
	(void)f;
	return 0;
}

/* A claim that nobody could end. */
START_TEST(half_a_table_of_claims_is_none)
{
	const struct libiommu_backend_claims claims = { .size = sizeof(claims),
							.claim = claim_all };
	struct libiommu_backend table = fake_bare;
	struct libiommu_device *device;
	struct libiommu_group *group;
	struct libiommu_ctx *half;

	table.group_read = read_nothing;
	table.claims = &claims;
	half = new_ctx(&table);
	ck_assert_int_eq(libiommu_device_open(half, "a1", &device, &err), 0);
	ck_assert_int_eq(libiommu_group_get(half, 0, &group, &err), 0);
	refused(libiommu_group_claim(group, NULL, &err), LIBIOMMU_REASON_BACKEND_CAPABILITY);
	ck_assert(!libiommu_group_claimed(group));
	libiommu_ctx_free(half);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nested");
	TCase *tcase = tcase_create("core");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_parent_must_be_one);
	tcase_add_test(tcase, data_have_the_length_of_their_type);
	tcase_add_test(tcase, the_parents_mappings_count);
	tcase_add_test(tcase, an_attach_of_a_nested_domain_looks_at_the_parent);
	tcase_add_test(tcase, a_parent_has_its_ranges_as_long_as_it_is_used);
	tcase_add_test(tcase, invalidations_stop_where_one_is_bad);
	tcase_add_test(tcase, raw_invalidations_pass);
	tcase_add_test(tcase, hardware_tells_about_itself);
	tcase_add_test(tcase, a_shared_table_must_be_there);
	tcase_add_test(tcase, a_queue_lives_as_long_as_its_domains);
	tcase_add_test(tcase, groups_come_whole);
	tcase_add_test(tcase, a_backend_without_them_says_so);
	tcase_add_test(tcase, half_a_table_of_claims_is_none);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
