/* SPDX-License-Identifier: BSD-2-Clause */
/* What the core decides about PASIDs, and what it asks the backend. */
#include "tests/unit/extras-fixture.h"

static struct libiommu_endpoint *open_pasid(uint32_t number)
{
	struct libiommu_endpoint *ep;

	ck_assert_int_eq(libiommu_pasid_open(dev, number, &ep, &err), 0);
	ck_assert_ptr_eq(libiommu_endpoint_device(ep), dev);
	return ep;
}

START_TEST(numbers_are_checked)
{
	struct libiommu_endpoint *ep, *any;

	refused(libiommu_pasid_open(dev, 0, &ep, &err), LIBIOMMU_REASON_PASID_RANGE);
	refused(libiommu_pasid_open(dev, 16, &ep, &err), LIBIOMMU_REASON_PASID_RANGE);
	refused(libiommu_pasid_open(dev, 1, NULL, &err), LIBIOMMU_REASON_NULL_ARGUMENT);
	refused(libiommu_pasid_open(NULL, 1, &ep, &err), LIBIOMMU_REASON_NULL_ARGUMENT);
	ep = open_pasid(15);
	ck_assert_uint_eq(libiommu_endpoint_pasid(ep), 15);
	refused(libiommu_pasid_open(dev, 15, &any, &err), LIBIOMMU_REASON_PASID_IN_USE);
	for (uint32_t i = 1; i < 15; i++) {
		any = open_pasid(LIBIOMMU_PASID_ANY);
		ck_assert_uint_eq(libiommu_endpoint_pasid(any), i);
	}
	refused(libiommu_pasid_open(dev, LIBIOMMU_PASID_ANY, &any, &err),
		LIBIOMMU_REASON_PASID_EXHAUSTED);
	ck_assert_int_eq(libiommu_pasid_close(ep, &err), 0);
	any = open_pasid(LIBIOMMU_PASID_ANY);
	ck_assert_uint_eq(libiommu_endpoint_pasid(any), 15);
	ck_assert_uint_eq(libiommu_endpoint_pasid(libiommu_device_endpoint(dev)), 0);
	ck_assert_uint_eq(libiommu_endpoint_pasid(NULL), 0);
}
END_TEST

/* Opened and closed in any order, the lowest free number is found. */
START_TEST(gaps_are_filled)
{
	static const uint32_t opened[] = { 5, 2, 9, 1, 11 }, found[] = { 3, 4, 6, 7, 8, 10 };
	struct libiommu_endpoint *ep[sizeof(opened) / sizeof(opened[0])], *any;
	size_t i;

	for (i = 0; i < sizeof(opened) / sizeof(opened[0]); i++)
		ep[i] = open_pasid(opened[i]);
	for (i = 0; i < sizeof(found) / sizeof(found[0]); i++)
		ck_assert_uint_eq(libiommu_endpoint_pasid(open_pasid(LIBIOMMU_PASID_ANY)),
				  found[i]);
	for (i = 0; i < sizeof(opened) / sizeof(opened[0]); i++) {
		ck_assert_int_eq(libiommu_pasid_close(ep[i], &err), 0);
		any = open_pasid(LIBIOMMU_PASID_ANY);
		ck_assert_uint_eq(libiommu_endpoint_pasid(any), opened[i]);
		refused(libiommu_pasid_open(dev, opened[i], &any, &err),
			LIBIOMMU_REASON_PASID_IN_USE);
	}
}
END_TEST

START_TEST(the_whole_width_can_be_used)
{
	struct libiommu_endpoint *ep;

	told.width = 20;
	ep = open_pasid((1u << 20) - 1);
	ck_assert_int_eq(libiommu_pasid_close(ep, &err), 0);
	refused(libiommu_pasid_open(dev, 1u << 20, &ep, &err), LIBIOMMU_REASON_PASID_RANGE);
	told.refuse_width = LIBIOMMU_REASON_PASID_NOT_ISOLATED;
	refused(libiommu_pasid_open(dev, 1, &ep, &err), LIBIOMMU_REASON_PASID_NOT_ISOLATED);
}
END_TEST

START_TEST(what_is_open_or_attached_stays)
{
	struct libiommu_domain *dom = new_domain(true, false);
	struct libiommu_endpoint *ep = open_pasid(3);

	refused(libiommu_device_close(dev, &err), LIBIOMMU_REASON_DEVICE_IN_USE);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, &err), 0);
	ck_assert_uint_eq(told.pasid, 3);
	ck_assert_ptr_eq(told.handle, dev);
	refused(libiommu_pasid_close(ep, &err), LIBIOMMU_REASON_PASID_IN_USE);
	refused(libiommu_domain_free(dom, &err), LIBIOMMU_REASON_DOMAIN_IN_USE);
	refused(libiommu_endpoint_attach(ep, dom, &err), LIBIOMMU_REASON_ALREADY_ATTACHED);
	ck_assert(!libiommu_device_isolated(dev));
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, &err), 0);
	ck_assert_int_eq(told.detach_calls, 1);
	ck_assert(libiommu_device_isolated(dev));
	refused(libiommu_pasid_close(libiommu_device_endpoint(dev), &err),
		LIBIOMMU_REASON_NULL_ARGUMENT);
	ck_assert_int_eq(libiommu_pasid_close(ep, &err), 0);
	ck_assert_int_eq(libiommu_pasid_close(NULL, &err), 0);
	ck_assert_int_eq(libiommu_domain_free(dom, &err), 0);
	ck_assert_int_eq(libiommu_device_close(dev, &err), 0);
}
END_TEST

/* 4.2.4, in both orders. */
START_TEST(both_domains_must_be_made_for_pasids)
{
	struct libiommu_domain *plain = new_domain(false, false), *with = new_domain(true, false);
	struct libiommu_endpoint *rid = libiommu_device_endpoint(dev), *ep = open_pasid(1);

	refused(libiommu_endpoint_attach(ep, plain, &err), LIBIOMMU_REASON_DOMAIN_NOT_PASID);
	ck_assert_int_eq(libiommu_endpoint_attach(rid, plain, &err), 0);
	refused(libiommu_endpoint_attach(ep, with, &err), LIBIOMMU_REASON_RID_DOMAIN_NOT_PASID);
	ck_assert_int_eq(told.attach_calls, 0);
	ck_assert_int_eq(libiommu_endpoint_detach(rid, 0, &err), 0);

	ck_assert_int_eq(libiommu_endpoint_attach(ep, with, &err), 0);
	refused(libiommu_endpoint_attach(rid, plain, &err), LIBIOMMU_REASON_RID_DOMAIN_NOT_PASID);
	ck_assert_int_eq(libiommu_endpoint_attach(rid, with, &err), 0);
	refused(libiommu_endpoint_replace(rid, plain, 0, &err),
		LIBIOMMU_REASON_RID_DOMAIN_NOT_PASID);
	refused(libiommu_endpoint_replace(ep, plain, 0, &err), LIBIOMMU_REASON_DOMAIN_NOT_PASID);
	ck_assert_int_eq(told.replace_calls, 0);
	ck_assert_ptr_eq(libiommu_endpoint_domain(ep), with);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_replace(rid, plain, 0, &err), 0);
}
END_TEST

START_TEST(a_pasid_moves_alone)
{
	struct libiommu_domain *one = new_domain(true, false), *two = new_domain(true, false);
	struct libiommu_endpoint *rid = libiommu_device_endpoint(dev), *ep = open_pasid(1);
	struct libiommu_endpoint *other = open_pasid(2);

	refused(libiommu_endpoint_replace(ep, one, 0, &err), LIBIOMMU_REASON_NOT_ATTACHED);
	ck_assert_int_eq(libiommu_domain_map(two, PAGE, libiommu_source_memory(memory), PAGE,
					     LIBIOMMU_PROT_READ, &err),
			 0);
	ck_assert_int_eq(libiommu_endpoint_attach(rid, one, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, one, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(other, one, &err), 0);
	told.refuse_attach = LIBIOMMU_REASON_FAULTS_UNSUPPORTED;
	refused(libiommu_endpoint_replace(ep, two, 0, &err), LIBIOMMU_REASON_FAULTS_UNSUPPORTED);
	ck_assert_ptr_eq(libiommu_endpoint_domain(ep), one);
	told.refuse_attach = 0;
	ck_assert_int_eq(libiommu_endpoint_replace(ep, two, 0, &err), 0);
	ck_assert_uint_eq(told.maps, 1);
	ck_assert_ptr_eq(libiommu_endpoint_domain(ep), two);
	ck_assert_ptr_eq(libiommu_endpoint_domain(rid), one);
	ck_assert_ptr_eq(libiommu_endpoint_domain(other), one);
	ck_assert_int_eq(libiommu_endpoint_detach(rid, 0, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_detach(other, 0, &err), 0);
	ck_assert_int_eq(libiommu_domain_free(one, &err), 0);
	refused(libiommu_domain_free(two, &err), LIBIOMMU_REASON_DOMAIN_IN_USE);
}
END_TEST

START_TEST(a_number_has_one_domain_in_a_group)
{
	struct libiommu_domain *one = new_domain(true, false), *two = new_domain(true, false);
	struct libiommu_endpoint *ep = open_pasid(1), *theirs, *strange;
	struct libiommu_device *second, *third;

	ck_assert_int_eq(libiommu_device_open(ctx, "a2", &second, &err), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "b1", &third, &err), 0);
	ck_assert_int_eq(libiommu_pasid_open(second, 1, &theirs, &err), 0);
	ck_assert_int_eq(libiommu_pasid_open(third, 1, &strange, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, one, &err), 0);
	refused(libiommu_endpoint_attach(theirs, two, &err),
		LIBIOMMU_REASON_GROUP_ATTACHED_ELSEWHERE);
	ck_assert_int_eq(libiommu_endpoint_attach(theirs, one, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(strange, two, &err), 0);
	refused(libiommu_endpoint_replace(ep, two, 0, &err),
		LIBIOMMU_REASON_GROUP_ATTACHED_ELSEWHERE);
	/* The rule for the devices' own requests sees PASIDs of all members. */
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, &err), 0);
	refused(libiommu_endpoint_attach(libiommu_device_endpoint(dev), new_domain(false, false),
					 &err),
		LIBIOMMU_REASON_RID_DOMAIN_NOT_PASID);
}
END_TEST

START_TEST(mappings_bind_and_are_bound)
{
	struct libiommu_domain *dom = new_domain(true, false);
	struct libiommu_endpoint *ep = open_pasid(1);
	struct libiommu_range ranges[2];
	size_t count = 2;

	ck_assert_int_eq(libiommu_domain_map(dom, UINT64_C(0x100000000),
					     libiommu_source_memory(memory), PAGE,
					     LIBIOMMU_PROT_READ, &err),
			 0);
	refused(libiommu_endpoint_attach(ep, dom, &err), LIBIOMMU_REASON_MAPPING_CONFLICT);
	ck_assert_uint_eq(told.maps, 1);
	ck_assert_int_eq(told.detach_calls, 1);
	ck_assert_ptr_null(libiommu_endpoint_domain(ep));
	ck_assert_int_eq(libiommu_domain_unmap_all(dom, NULL, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, &err), 0);
	ck_assert_int_eq(libiommu_domain_iova_ranges(dom, ranges, &count, &err), 0);
	ck_assert_uint_eq(ranges[0].last, told.aperture);
	refused(libiommu_domain_map(dom, UINT64_C(0x100000000), libiommu_source_memory(memory),
				    PAGE, LIBIOMMU_PROT_READ, &err),
		LIBIOMMU_REASON_OUTSIDE_APERTURE);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, &err), 0);
	count = 2;
	ck_assert_int_eq(libiommu_domain_iova_ranges(dom, ranges, &count, &err), 0);
	ck_assert_uint_eq(ranges[0].last, UINT64_MAX);
}
END_TEST

START_TEST(the_context_ends_what_is_open)
{
	struct libiommu_domain *dom = new_domain(true, false);

	ck_assert_int_eq(libiommu_endpoint_attach(open_pasid(1), dom, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(open_pasid(2), dom, &err), 0);
	open_pasid(3);
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(told.detach_calls, 2);
	ctx = NULL;
}
END_TEST

START_TEST(wishes_reach_the_backend)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;

	new_domain(false, false);
	ck_assert_int_eq(told.new_with_calls, 0);
	new_domain(true, true);
	ck_assert_int_eq(told.new_with_calls, 1);
	ck_assert(told.wishes.pasid && told.wishes.nest_parent && !told.wishes.faults);
	opts.type = LIBIOMMU_DOMAIN_SVA;
	ck_assert_int_eq(libiommu_domain_new(ctx, &opts, &dom, &err), 0);
	ck_assert_int_eq(told.wishes.type, LIBIOMMU_DOMAIN_SVA);
	/* It needs no wish to be attached to a PASID; and it has no maps. */
	ck_assert_int_eq(libiommu_endpoint_attach(open_pasid(1), dom, &err), 0);
	refused(libiommu_domain_map(dom, PAGE, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		LIBIOMMU_REASON_DOMAIN_TYPE);
	opts.nest_parent = true;
	refused(libiommu_domain_new(ctx, &opts, &dom, &err), LIBIOMMU_REASON_DOMAIN_TYPE);
	opts = (struct libiommu_domain_options)LIBIOMMU_DOMAIN_OPTIONS_INIT;
	opts.type = LIBIOMMU_DOMAIN_NESTED;
	refused(libiommu_domain_new(ctx, &opts, &dom, &err), LIBIOMMU_REASON_DOMAIN_TYPE);
	opts.type = LIBIOMMU_DOMAIN_SHARED;
	refused(libiommu_domain_new(ctx, &opts, &dom, &err), LIBIOMMU_REASON_DOMAIN_TYPE);
}
END_TEST

START_TEST(a_backend_without_pasids_says_so)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_ctx *bare = new_ctx(&fake_bare);
	struct libiommu_device *device;
	struct libiommu_endpoint *ep;
	struct libiommu_domain *dom;

	ck_assert_int_eq(libiommu_device_open(bare, "a1", &device, &err), 0);
	refused(libiommu_pasid_open(device, 1, &ep, &err), LIBIOMMU_REASON_PASID_UNSUPPORTED);
	opts.pasid = true;
	refused(libiommu_domain_new(bare, &opts, &dom, &err), LIBIOMMU_REASON_PASID_UNSUPPORTED);
	opts.pasid = false;
	opts.nest_parent = true;
	refused(libiommu_domain_new(bare, &opts, &dom, &err), LIBIOMMU_REASON_BACKEND_CAPABILITY);
	opts.nest_parent = false;
	opts.type = LIBIOMMU_DOMAIN_SVA;
	refused(libiommu_domain_new(bare, &opts, &dom, &err), LIBIOMMU_REASON_NO_UAPI);
	libiommu_ctx_free(bare);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pasid");
	TCase *tcase = tcase_create("core");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, numbers_are_checked);
	tcase_add_test(tcase, gaps_are_filled);
	tcase_add_test(tcase, the_whole_width_can_be_used);
	tcase_add_test(tcase, what_is_open_or_attached_stays);
	tcase_add_test(tcase, both_domains_must_be_made_for_pasids);
	tcase_add_test(tcase, a_pasid_moves_alone);
	tcase_add_test(tcase, a_number_has_one_domain_in_a_group);
	tcase_add_test(tcase, mappings_bind_and_are_bound);
	tcase_add_test(tcase, the_context_ends_what_is_open);
	tcase_add_test(tcase, wishes_reach_the_backend);
	tcase_add_test(tcase, a_backend_without_pasids_says_so);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
