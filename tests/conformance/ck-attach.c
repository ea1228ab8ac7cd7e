// SPDX-License-Identifier: BSD-2-Clause
/* 4.1.5, 4.2.1, 4.2.5: attach, detach, replace of devices alone in their groups. */
#include "helpers.h"

#include <string.h>

/* edu: writes appear inverted. Kept by the device as long as nobody resets it. */
#define EDU_LIVENESS 0x4

static void regain(struct rig *rig, size_t i)
{
	OK(libiommu_device_set_bus_master(rig->dev[i], true, E));
}

CASE(maps_before_attach, "4.1.5 maps made before an attach are valid when it returns")
{
	char *mem = memory(8 * PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_new(1);
	map(rig.dom, IO(0), mem, 4 * PAGE);
	map(rig.dom, IO(8), mem + 4 * PAGE, PAGE);
	attach(rig.ep[0], rig.dom);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	dma_reaches(&edu, IO(3), mem + 3 * PAGE);
	dma_reaches(&edu, IO(8), mem + 4 * PAGE);
	dma_misses(&edu, IO(4), mem + 5 * PAGE);
}

CASE(maps_survive_detach, "4.1.5 maps survive the last detach, and are replayed by the next attach")
{
	char *mem = memory(8 * PAGE), *ledger;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	map(rig.dom, IO(0), mem, PAGE);
	map(rig.dom, IO(1), mem + PAGE, PAGE);
	dma_reaches(&edu, IO(0), mem);
	dma_reaches(&edu, IO(1), mem + PAGE);
	ledger = dump(rig.dom);
	detach(rig.ep[0]);
	ck_assert_str_eq(dump(rig.dom), ledger);
	ck_assert(libiommu_device_isolated(rig.dev[0]));
	dma_misses(&edu, IO(0), mem);
	unmap(rig.dom, IO(1), PAGE, PAGE);
	map(rig.dom, IO(2), mem + 2 * PAGE, PAGE);
	attach(rig.ep[0], rig.dom);
	regain(&rig, 0);
	dma_reaches(&edu, IO(0), mem);
	dma_reaches(&edu, IO(2), mem + 2 * PAGE);
	dma_misses(&edu, IO(1), mem + PAGE);
}

CASE(attach_to_another_domain, "4.1.5 after a move only the new domain's maps are reachable")
{
	char *mem = memory(4 * PAGE);
	struct libiommu_domain *other;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	other = domain(rig.ctx);
	map(rig.dom, IO(0), mem, PAGE);
	map(other, IO(0), mem + PAGE, PAGE);
	map(other, IO(1), mem + 2 * PAGE, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	detach(rig.ep[0]);
	attach(rig.ep[0], other);
	regain(&rig, 0);
	dma_spares(&edu, IO(0), mem);
	dma_reaches(&edu, IO(0), mem + PAGE);
	dma_reaches(&edu, IO(1), mem + 2 * PAGE);
}

/* A mapping made while unattached at a place the device cannot translate. */
static void illegal_mapping(uint64_t iova, uint64_t pages)
{
	char *mem = memory(4 * PAGE);
	struct rig rig = rig_new(1);
	struct edu edu;

	map(rig.dom, IO(0), mem, PAGE);
	map(rig.dom, iova, mem, pages * PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_endpoint_attach(rig.ep[0], rig.dom, E), MAPPING_CONFLICT,
		      range_name(iova, pages * PAGE));
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[0]));
	ck_assert(libiommu_device_isolated(rig.dev[0]));
	unmap(rig.dom, iova, pages * PAGE, pages * PAGE);
	attach(rig.ep[0], rig.dom);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	context_free(rig.ctx);
}

CASE(illegal_mapping_refuses_attach,
     "4.1.5 an attach that makes a map illegal is refused, naming it")
{
	struct rig rig;
	uint64_t hole, last;

	NEEDS(1, 0);
	rig = rig_attached(1);
	hole = hole_start(rig.dom);
	last = last_page(rig.dom);
	context_free(rig.ctx);
	if (hole) {
		illegal_mapping(hole, 1);
		illegal_mapping(hole - PAGE, 2);
	}
	if (last + PAGE) {
		illegal_mapping(last + PAGE, 1);
		illegal_mapping(last, 2);
	}
	if (!hole && !(last + PAGE))
		SKIP("the device translates every address");
}

CASE(bad_memory_at_attach, "4.1.5 bad memory is found by the attach, naming the mapping")
{
	char *mem = memory(4 * PAGE), *hole = no_memory(2 * PAGE);
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	map(rig.dom, IO(0), mem, PAGE);
	map(rig.dom, IO(4), hole, 2 * PAGE);
	map(rig.dom, IO(8), mem + PAGE, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_endpoint_attach(rig.ep[0], rig.dom, E), BAD_MEMORY,
		      range_name(IO(4), 2 * PAGE));
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[0]));
	ck_assert(libiommu_device_isolated(rig.dev[0]));
	unmap(rig.dom, IO(4), 2 * PAGE, 2 * PAGE);
	attach(rig.ep[0], rig.dom);
}

CASE(refused_attach_keeps_others, "4.1.3 a refused attach leaves the devices of the domain alone")
{
	char *mem = memory(4 * PAGE);
	struct libiommu_domain *other;
	struct rig rig;
	struct edu edu;

	NEEDS(2, 0);
	rig = rig_new(2);
	other = domain(rig.ctx);
	attach(rig.ep[0], rig.dom);
	map(rig.dom, IO(0), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	map(other, IO(0), no_memory(PAGE), PAGE);
	REFUSED_KEEPS(other, libiommu_endpoint_attach(rig.ep[1], other, E), BAD_MEMORY,
		      range_name(IO(0), PAGE));
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[1]));
	dma_reaches(&edu, IO(0), mem);
	attach(rig.ep[1], rig.dom);
}

CASE(attach_attached, "4.2.1 attach of an attached endpoint is busy, to any domain")
{
	char *mem = memory(PAGE);
	struct libiommu_domain *other;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	other = domain(rig.ctx);
	map(rig.dom, IO(0), mem, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_endpoint_attach(rig.ep[0], other, E), ALREADY_ATTACHED,
		      target->alone[0]);
	REFUSED_KEEPS(rig.dom, libiommu_endpoint_attach(rig.ep[0], rig.dom, E), ALREADY_ATTACHED,
		      target->alone[0]);
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	OK(libiommu_domain_free(other, E));
}

CASE(detach_detached, "4.2.5 detaching what is not attached is fine")
{
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	detach(rig.ep[0]);
	attach(rig.ep[0], rig.dom);
	detach(rig.ep[0]);
	detach(rig.ep[0]);
	OK(libiommu_endpoint_detach(rig.ep[0], LIBIOMMU_DETACH_MAY_REOPEN, E));
}

CASE(unknown_attach_flags, "endpoint.h: unknown flags of detach and replace are refused")
{
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	REFUSED(libiommu_endpoint_detach(rig.ep[0], 2, E), UNKNOWN_FLAGS, NULL);
	REFUSED(libiommu_endpoint_detach(rig.ep[0], 0x80000000u, E), UNKNOWN_FLAGS, NULL);
	REFUSED(libiommu_endpoint_replace(rig.ep[0], rig.dom, 2, E), UNKNOWN_FLAGS, NULL);
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
}

CASE(replace_moves, "4.2.1 replace moves to the other domain in one step")
{
	char *mem = memory(4 * PAGE);
	struct libiommu_domain *other;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	NEEDS_CAP(rig.dev[0], LIBIOMMU_CAP_REPLACE);
	other = domain(rig.ctx);
	map(rig.dom, IO(0), mem, PAGE);
	map(other, IO(1), mem + PAGE, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	OK(libiommu_endpoint_replace(rig.ep[0], other, 0, E));
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), other);
	dma_reaches(&edu, IO(1), mem + PAGE);
	dma_misses(&edu, IO(0), mem);
	OK(libiommu_domain_free(rig.dom, E));
	OK(libiommu_endpoint_replace(rig.ep[0], other, 0, E));
	dma_reaches(&edu, IO(1), mem + PAGE);
}

CASE(replace_is_atomic, "4.2.1 when replace fails the old domain stays")
{
	char *mem = memory(4 * PAGE);
	struct libiommu_domain *other;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	NEEDS_CAP(rig.dev[0], LIBIOMMU_CAP_REPLACE);
	other = domain(rig.ctx);
	map(rig.dom, IO(0), mem, PAGE);
	map(other, IO(1), mem + PAGE, PAGE);
	map(other, IO(2), no_memory(PAGE), PAGE);
	edu = edu_open(rig.dev[0]);
	REFUSED_KEEPS(rig.dom, libiommu_endpoint_replace(rig.ep[0], other, 0, E), BAD_MEMORY,
		      range_name(IO(2), PAGE));
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
	dma_reaches(&edu, IO(0), mem);
	dma_misses(&edu, IO(1), mem + PAGE);
	unmap(other, IO(2), PAGE, PAGE);
	if (last_page(rig.dom) + PAGE) {
		map(other, 0 - PAGE, mem + PAGE, PAGE);
		REFUSED_KEEPS(other, libiommu_endpoint_replace(rig.ep[0], other, 0, E),
			      MAPPING_CONFLICT, range_name(0 - PAGE, PAGE));
		unmap(other, 0 - PAGE, PAGE, PAGE);
	}
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
	OK(libiommu_endpoint_replace(rig.ep[0], other, 0, E));
	dma_reaches(&edu, IO(1), mem + PAGE);
}

CASE(replace_of_unattached, "endpoint.h: replace needs an attached endpoint")
{
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	attach(rig.ep[0], rig.dom);
	NEEDS_CAP(rig.dev[0], LIBIOMMU_CAP_REPLACE);
	detach(rig.ep[0]);
	REFUSED(libiommu_endpoint_replace(rig.ep[0], rig.dom, 0, E), NOT_ATTACHED, NULL);
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[0]));
}

CASE(replace_unsupported, "4.2.1 where replace cannot be done it says so at once")
{
	char *mem = memory(PAGE);
	struct libiommu_domain *other;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	if (can(rig.dev[0], LIBIOMMU_CAP_REPLACE))
		SKIP("replace is supported");
	ck_assert(!can(rig.dev[0], LIBIOMMU_CAP_REPLACE_HITLESS));
	other = domain(rig.ctx);
	map(rig.dom, IO(0), mem, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_endpoint_replace(rig.ep[0], other, 0, E),
		      REPLACE_UNSUPPORTED, NULL);
	REFUSED_KEEPS(rig.dom,
		      libiommu_endpoint_replace(rig.ep[0], other, LIBIOMMU_REPLACE_GROUP, E),
		      REPLACE_UNSUPPORTED, NULL);
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
}

CASE(state_survives_detach, "4.2.5 detach and attach neither close nor reset a device alone")
{
	struct libiommu_domain *other;
	struct rig rig;
	struct edu edu;
	int i;

	NEEDS(1, 0);
	rig = rig_attached(1);
	other = domain(rig.ctx);
	edu = edu_open(rig.dev[0]);
	edu_put(&edu, EDU_LIVENESS, 0x12345678);
	for (i = 0; i < 3; i++) {
		detach(rig.ep[0]);
		attach(rig.ep[0], i % 2 ? rig.dom : other);
		ck_assert_uint_eq(edu_get(&edu, EDU_LIVENESS), 0xedcba987);
	}
}

CASE(refused_attach_keeps_state, "endpoint.h: a refused attach never resets the device")
{
	struct libiommu_domain *other;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	other = domain(rig.ctx);
	map(other, IO(0), no_memory(PAGE), PAGE);
	edu = edu_open(rig.dev[0]);
	edu_put(&edu, EDU_LIVENESS, 0x0f0f1234);
	detach(rig.ep[0]);
	REFUSED_KEEPS(other, libiommu_endpoint_attach(rig.ep[0], other, E), BAD_MEMORY, NULL);
	attach(rig.ep[0], rig.dom);
	ck_assert_uint_eq(edu_get(&edu, EDU_LIVENESS), 0xf0f0edcb);
}

CASE(shared_domain_detach, "4.2.5 leaving a domain that others use: 0, or device-fd-in-use")
{
	char *mem = memory(2 * PAGE);
	struct rig rig;
	struct edu edu, stays;
	bool kept;

	NEEDS(2, 0);
	rig = rig_attached(2);
	map(rig.dom, IO(0), mem, PAGE);
	stays = edu_open(rig.dev[0]);
	edu = edu_open(rig.dev[1]);
	dma_reaches(&edu, IO(0), mem);
	edu_put(&edu, EDU_LIVENESS, 0x55aa1234);
	kept = libiommu_endpoint_detach(rig.ep[1], 0, NULL) == 0;
	if (!kept) {
		ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[1]), rig.dom);
		REFUSED_KEEPS(rig.dom, libiommu_endpoint_detach(rig.ep[1], 0, E), DEVICE_FD_IN_USE,
			      target->alone[1]);
		ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[1]), rig.dom);
		dma_reaches(&edu, IO(0), mem);
		OK(libiommu_endpoint_detach(rig.ep[1], LIBIOMMU_DETACH_MAY_REOPEN, E));
	}
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[1]));
	ck_assert(libiommu_device_isolated(rig.dev[1]));
	dma_reaches(&stays, IO(0), mem);
	attach(rig.ep[1], rig.dom);
	/* Only who allowed it may find the device reset. */
	if (kept)
		ck_assert_uint_eq(edu_get(&edu, EDU_LIVENESS), 0xaa55edcb);
	regain(&rig, 1);
	dma_reaches(&edu, IO(0), mem);
	dma_reaches(&stays, IO(0), mem);
}

CASE(may_reopen_attach_elsewhere, "4.2.5 a device given up with MAY_REOPEN attaches again anywhere")
{
	char *mem = memory(2 * PAGE);
	struct libiommu_domain *other;
	uint64_t value;
	struct rig rig;
	struct edu edu;

	NEEDS(2, 0);
	rig = rig_attached(2);
	other = domain(rig.ctx);
	map(other, IO(0), mem, PAGE);
	map(rig.dom, IO(0), mem + PAGE, PAGE);
	edu = edu_open(rig.dev[1]);
	OK(libiommu_endpoint_detach(rig.ep[1], LIBIOMMU_DETACH_MAY_REOPEN, E));
	if (libiommu_region_read(edu.bar, 0, 4, &value, NULL))
		REFUSED(libiommu_region_read(edu.bar, 0, 4, &value, E), NEEDS_ATTACH, NULL);
	attach(rig.ep[1], other);
	regain(&rig, 1);
	dma_reaches(&edu, IO(0), mem);
	dma_spares(&edu, IO(0), mem + PAGE);
}

CASE(several_groups_one_domain, "4.2.2 maps before, between and after attaches reach every device")
{
	char *mem = memory(4 * PAGE);
	struct edu one, two;
	struct rig rig;
	int i;

	NEEDS(2, 0);
	rig = rig_new(2);
	map(rig.dom, IO(0), mem, PAGE);
	attach(rig.ep[0], rig.dom);
	map(rig.dom, IO(1), mem + PAGE, PAGE);
	attach(rig.ep[1], rig.dom);
	map(rig.dom, IO(2), mem + 2 * PAGE, PAGE);
	one = edu_open(rig.dev[0]);
	two = edu_open(rig.dev[1]);
	for (i = 0; i < 3; i++) {
		dma_reaches(&one, IO(i), mem + i * PAGE);
		dma_reaches(&two, IO(i), mem + i * PAGE);
	}
	unmap(rig.dom, IO(1), PAGE, PAGE);
	dma_misses(&one, IO(1), mem + PAGE);
	dma_misses(&two, IO(1), mem + PAGE);
	dma_reaches(&two, IO(2), mem + 2 * PAGE);
}

CASE(a_group_joins_with_its_own_past, "4.2.5 groups that were attached elsewhere join one domain")
{
	char *mem = memory(4 * PAGE);
	struct libiommu_domain *other;
	struct edu one, two;
	struct rig rig;

	NEEDS(2, 0);
	rig = rig_new(2);
	other = domain(rig.ctx);
	map(rig.dom, IO(0), mem, PAGE);
	attach(rig.ep[0], rig.dom);
	attach(rig.ep[1], other);
	detach(rig.ep[1]);
	attach(rig.ep[1], rig.dom);
	map(rig.dom, IO(1), mem + PAGE, PAGE);
	one = edu_open(rig.dev[0]);
	two = edu_open(rig.dev[1]);
	dma_reaches(&one, IO(0), mem);
	dma_reaches(&two, IO(0), mem);
	dma_reaches(&one, IO(1), mem + PAGE);
	dma_reaches(&two, IO(1), mem + PAGE);
	REFUSED_KEEPS(rig.dom,
		      libiommu_domain_map(rig.dom, IO(2), at(no_memory(PAGE)), PAGE, RW, E),
		      BAD_MEMORY, NULL);
	map(rig.dom, IO(2), mem, PAGE);
	unmap(rig.dom, IO(0), 3 * PAGE, 3 * PAGE);
	dma_misses(&one, IO(0), mem);
	dma_misses(&two, IO(0), mem);
}

CASE(file_mapped_before_attach, "4.1.5 a file that is mapped before the attach works after it")
{
	int fd = memory_file(2 * PAGE);
	char *mem = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_new(1);
	OK(libiommu_domain_map(rig.dom, IO(0), libiommu_source_file(fd, PAGE), PAGE, RW, E));
	map(rig.dom, IO(1), mem, PAGE);
	attach(rig.ep[0], rig.dom);
	edu = edu_open(rig.dev[0]);
	fill(mem, PAGE, 5);
	edu_load(&edu, IO(1), EDU_CHUNK);
	edu_store(&edu, IO(0), EDU_CHUNK);
	memset(mem, 0, PAGE);
	edu_load(&edu, IO(0), EDU_CHUNK);
	edu_store(&edu, IO(1), EDU_CHUNK);
	ck_assert(filled(mem, EDU_CHUNK, 5));
}

void suite_attach(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&maps_before_attach,
		&maps_survive_detach,
		&attach_to_another_domain,
		&illegal_mapping_refuses_attach,
		&bad_memory_at_attach,
		&refused_attach_keeps_others,
		&attach_attached,
		&detach_detached,
		&unknown_attach_flags,
		&replace_moves,
		&replace_is_atomic,
		&replace_of_unattached,
		&replace_unsupported,
		&state_survives_detach,
		&refused_attach_keeps_state,
		&shared_domain_detach,
		&may_reopen_attach_elsewhere,
		&several_groups_one_domain,
		&a_group_joins_with_its_own_past,
		&file_mapped_before_attach,
	};

	add_cases(registry, "attach", cases, COUNT(cases));
}
