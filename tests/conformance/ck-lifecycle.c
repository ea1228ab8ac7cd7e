// SPDX-License-Identifier: BSD-2-Clause
/* Section 3, 4.2.6: objects come and go. */
#include "helpers.h"

#include <stdio.h>

CASE(context_of_the_backend, "context.h: a context has the backend that was asked for")
{
	struct libiommu_ctx *ctx = context();
	const char *backend = "unset";

	ck_assert_str_eq(libiommu_ctx_backend(ctx), target->backend);
	ck_assert_ptr_null(libiommu_ctx_rejection(ctx, 0, &backend));
	OK(libiommu_ctx_synchronize(ctx, E));
}

CASE(version_is_told, "version.h: the library tells its version")
{
	char version[32];

	snprintf(version, sizeof(version), "%d.%d.%d", LIBIOMMU_VERSION_MAJOR,
		 LIBIOMMU_VERSION_MINOR, LIBIOMMU_VERSION_PATCH);
	ck_assert_str_eq(libiommu_version(), version);
}

CASE(nothing_is_freed, "4.2.6 freeing NULL is nothing")
{
	libiommu_ctx_free(NULL);
	OK(libiommu_domain_free(NULL, E));
	OK(libiommu_device_close(NULL, E));
	libiommu_region_close(NULL);
	libiommu_reader_free(NULL);
	libiommu_group_unref(NULL);
	libiommu_error_free(NULL);
}

CASE(context_free_takes_all, "4.2.6 freeing a context takes everything down in the legal order")
{
	struct libiommu_reader *reader;
	struct libiommu_domain *second;
	struct libiommu_ctx *ctx;
	struct rig rig;
	struct edu edu;
	void *mem = memory(8 * PAGE);

	NEEDS(2, 0);
	rig = rig_attached(1);
	ctx = rig.ctx;
	second = domain(ctx);
	map(rig.dom, IO(0), mem, 4 * PAGE);
	map(second, IO(4), mem, PAGE);
	attach(libiommu_device_endpoint(device(ctx, target->alone[1])), second);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	OK(libiommu_reader_new(ctx, &reader, E));
	context_free(ctx);
	rig = rig_attached(2);
	not_found(rig.dom, IO(0));
}

CASE(contexts_are_independent, "4.6.1 two contexts of one process do not know of each other")
{
	struct libiommu_domain *one = domain(context());
	struct libiommu_domain *two = domain(context());
	void *mem = memory(2 * PAGE);

	map(one, IO(0), mem, PAGE);
	not_found(two, IO(0));
	map(two, IO(0), (char *)mem + PAGE, PAGE);
	found(one, IO(0), mem, PAGE);
	context_free(libiommu_domain_ctx(one));
	found(two, IO(0), (char *)mem + PAGE, PAGE);
}

CASE(domain_getters, "domain.h: a domain tells its type, context and page size")
{
	struct rig rig = rig_new(0);
	struct libiommu_domain *blocked = domain_of_type(rig.ctx, LIBIOMMU_DOMAIN_BLOCKED);
	struct libiommu_domain *plain = NULL;

	OK(libiommu_domain_new(rig.ctx, NULL, &plain, E));
	ck_assert_int_eq(libiommu_domain_type(plain), LIBIOMMU_DOMAIN_PAGING);
	ck_assert_int_eq(libiommu_domain_type(blocked), LIBIOMMU_DOMAIN_BLOCKED);
	ck_assert_ptr_eq(libiommu_domain_ctx(plain), rig.ctx);
	ck_assert_uint_eq(libiommu_domain_page_size(plain), PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(plain), 0);
	OK(libiommu_domain_free(blocked, E));
	OK(libiommu_domain_free(plain, E));
	plain = domain_of_type(rig.ctx, (enum libiommu_domain_type)0);
	ck_assert_int_eq(libiommu_domain_type(plain), LIBIOMMU_DOMAIN_PAGING);
}

CASE(device_getters, "device.h: a device tells its name, group, context and endpoint")
{
	struct libiommu_group *group;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	ck_assert_str_eq(libiommu_device_name(rig.dev[0]), target->alone[0]);
	ck_assert_ptr_eq(libiommu_device_ctx(rig.dev[0]), rig.ctx);
	ck_assert_ptr_eq(libiommu_endpoint_device(rig.ep[0]), rig.dev[0]);
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[0]));
	ck_assert(libiommu_device_isolated(rig.dev[0]));
	OK(libiommu_group_of(rig.ctx, target->alone[0], &group, E));
	ck_assert_uint_eq(libiommu_group_id(group), libiommu_device_group_id(rig.dev[0]));
	libiommu_group_unref(group);
	attach(rig.ep[0], rig.dom);
	ck_assert(!libiommu_device_isolated(rig.dev[0]));
}

CASE(device_is_claimed_once, "device.h: a device that is open in the context is refused as busy")
{
	struct libiommu_device *again = NULL;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	REFUSED(libiommu_device_open(rig.ctx, target->alone[0], &again, E), DEVICE_BUSY,
		target->alone[0]);
	ck_assert_ptr_null(again);
	OK(libiommu_device_close(rig.dev[0], E));
	again = device(rig.ctx, target->alone[0]);
	attach(libiommu_device_endpoint(again), rig.dom);
}

CASE(device_of_another_user,
     "device.h: opening claims: a device in another context's hands is busy")
{
	struct libiommu_device *again = NULL;
	struct libiommu_ctx *other;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	other = context();
	REFUSED(libiommu_device_open(other, target->alone[0], &again, E), DEVICE_BUSY, NULL);
	ck_assert_str_ne(libiommu_error_subject(last_error()), "");
	ck_assert_ptr_null(again);
	OK(libiommu_device_close(rig.dev[0], E));
	device(other, target->alone[0]);
}

CASE(close_while_attached, "4.2.6 closing an attached device is refused; detached it closes")
{
	struct rig rig;
	void *mem = memory(PAGE);

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_device_close(rig.dev[0], E), DEVICE_IN_USE,
		      target->alone[0]);
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
	detach(rig.ep[0]);
	OK(libiommu_device_close(rig.dev[0], E));
	found(rig.dom, IO(0), mem, PAGE);
}

CASE(close_with_open_region, "4.2.6 an open region keeps its device open")
{
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	detach(rig.ep[0]);
	REFUSED(libiommu_device_close(rig.dev[0], E), DEVICE_IN_USE, target->alone[0]);
	edu_close(&edu);
	OK(libiommu_device_close(rig.dev[0], E));
}

CASE(free_attached_domain, "4.2.6 freeing a domain with endpoints attached is busy")
{
	struct rig rig;
	struct edu edu;
	void *mem = memory(PAGE);

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_free(rig.dom, E), DOMAIN_IN_USE, NULL);
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	detach(rig.ep[0]);
	OK(libiommu_domain_free(rig.dom, E));
}

CASE(free_domain_with_mappings, "domain.h: a domain is freed with its mappings")
{
	struct rig rig = rig_new(0);
	void *mem = memory(64 * PAGE);
	int i;

	for (i = 0; i < 64; i++)
		map(rig.dom, IO(2 * i), (char *)mem + i * PAGE, PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 64);
	OK(libiommu_domain_free(rig.dom, E));
}

CASE(blocked_domain_refuses_maps, "domain.h: a BLOCKED domain refuses maps, reason domain-type")
{
	struct rig rig = rig_new(0);
	struct libiommu_domain *blocked = domain_of_type(rig.ctx, LIBIOMMU_DOMAIN_BLOCKED);
	struct libiommu_map_request request = LIBIOMMU_MAP_REQUEST_INIT;
	struct libiommu_range range = { 0, 0xffff };
	void *mem = memory(PAGE);
	uint64_t iova;

	request.source = at(mem);
	request.length = PAGE;
	request.prot = RW;
	request.any_iova = true;
	REFUSED(libiommu_domain_map(blocked, IO(0), at(mem), PAGE, RW, E), DOMAIN_TYPE, NULL);
	REFUSED(libiommu_domain_map_any(blocked, at(mem), PAGE, RW, &iova, E), DOMAIN_TYPE, NULL);
	REFUSED(libiommu_domain_map_batch(blocked, &request, 1, NULL, E), DOMAIN_TYPE, NULL);
	REFUSED(libiommu_domain_unmap(blocked, IO(0), PAGE, NULL, E), DOMAIN_TYPE, NULL);
	REFUSED(libiommu_domain_set_allowed(blocked, &range, 1, E), DOMAIN_TYPE, NULL);
	ck_assert_uint_eq(libiommu_domain_mapping_count(blocked), 0);
	not_found(blocked, IO(0));
}

CASE(blocked_domain_blocks, "domain.h: nothing passes through a BLOCKED domain")
{
	struct libiommu_domain *blocked;
	struct rig rig;
	struct edu edu;
	void *mem = memory(PAGE);

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	detach(rig.ep[0]);
	blocked = domain_of_type(rig.ctx, LIBIOMMU_DOMAIN_BLOCKED);
	attach(rig.ep[0], blocked);
	OK(libiommu_device_set_bus_master(rig.dev[0], true, E));
	dma_misses(&edu, IO(0), mem);
	detach(rig.ep[0]);
	attach(rig.ep[0], rig.dom);
	OK(libiommu_device_set_bus_master(rig.dev[0], true, E));
	dma_reaches(&edu, IO(0), mem);
}

CASE(identity_domain, "domain.h: IDENTITY passes untranslated, or is refused as no-uapi")
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom = NULL;
	struct rig rig;
	void *mem = memory(PAGE);

	NEEDS(1, 0);
	rig = rig_new(1);
	opts.type = LIBIOMMU_DOMAIN_IDENTITY;
	if (libiommu_domain_new(rig.ctx, &opts, &dom, NULL)) {
		ck_assert_ptr_null(dom);
		REFUSED(libiommu_domain_new(rig.ctx, &opts, &dom, E), NO_UAPI, NULL);
		ck_assert_ptr_null(dom);
		return;
	}
	ck_assert_int_eq(libiommu_domain_type(dom), LIBIOMMU_DOMAIN_IDENTITY);
	REFUSED(libiommu_domain_map(dom, IO(0), at(mem), PAGE, RW, E), DOMAIN_TYPE, NULL);
	attach(rig.ep[0], dom);
	detach(rig.ep[0]);
	OK(libiommu_domain_free(dom, E));
}

CASE(many_objects, "context.h: objects can be made and given back over and over")
{
	struct rig rig;
	struct libiommu_reader *reader;
	struct libiommu_domain *dom;
	void *mem = memory(PAGE);
	int i;

	NEEDS(1, 0);
	rig = rig_new(1);
	for (i = 0; i < 50; i++) {
		dom = domain(rig.ctx);
		OK(libiommu_reader_new(rig.ctx, &reader, E));
		map(dom, IO(i), mem, PAGE);
		attach(rig.ep[0], dom);
		unmap(dom, IO(i), PAGE, PAGE);
		detach(rig.ep[0]);
		libiommu_reader_free(reader);
		OK(libiommu_domain_free(dom, E));
	}
	ck_assert_uint_le(hooks.live_bytes, 1 * MIB);
}

void suite_lifecycle(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&context_of_the_backend,
		&version_is_told,
		&nothing_is_freed,
		&context_free_takes_all,
		&contexts_are_independent,
		&domain_getters,
		&device_getters,
		&device_is_claimed_once,
		&device_of_another_user,
		&close_while_attached,
		&close_with_open_region,
		&free_attached_domain,
		&free_domain_with_mappings,
		&blocked_domain_refuses_maps,
		&blocked_domain_blocks,
		&identity_domain,
		&many_objects,
	};

	add_cases(registry, "lifecycle", cases, COUNT(cases));
}
