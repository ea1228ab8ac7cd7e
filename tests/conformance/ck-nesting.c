// SPDX-License-Identifier: BSD-2-Clause
/* 4.2.7, 4.2.8: stage 1 on a nest parent. */
#include "stage1.h"

#include <string.h>

/* Where the guest's devices look for pages; nothing of the parent is there. */
#define AT(n) (UINT64_C(0x20000000) + (uint64_t)(n)*PAGE)

#define NEEDS_NESTING(rig)                   \
	do {                                 \
		NEEDS(1, 0);                 \
		rig = rig_new(1);            \
		if (!guest_possible(&(rig))) \
			return;              \
	} while (0)

static bool reads(struct libiommu_endpoint *ep, uint64_t iova, const void *mem)
{
	unsigned char bytes[64];

	return target->dma(ep, iova, bytes, sizeof(bytes), false) &&
	       memcmp(bytes, mem, sizeof(bytes)) == 0;
}

static bool writes(struct libiommu_endpoint *ep, uint64_t iova)
{
	unsigned char byte = 1;

	return target->dma(ep, iova, &byte, 1, true);
}

static struct libiommu_invalidation range_of(uint64_t iova)
{
	return (struct libiommu_invalidation){
		.kind = LIBIOMMU_INVALIDATE_RANGE,
		.range = { iova, iova + PAGE - 1 },
	};
}

static void invalidate(struct libiommu_domain *dom, const struct libiommu_invalidation *command)
{
	size_t count = 1;

	OK(libiommu_domain_invalidate(dom, command, &count, E));
	ck_assert_uint_eq(count, 1);
}

/* A write is refused, by this stage where that is told. */
static void refuses(const struct rig *rig, uint64_t iova, unsigned int stage, uint64_t inner)
{
	struct told_fault fault = { 0 };

	while (target->fault && target->fault(rig->ctx, &fault))
		;
	ck_assert(!writes(rig->ep[0], iova));
	if (!target->fault)
		return;
	ck_assert(target->fault(rig->ctx, &fault));
	ck_assert_uint_eq(fault.iova, iova);
	ck_assert_uint_eq(fault.stage, stage);
	if (stage == 2)
		ck_assert_uint_eq(fault.inner, inner);
}

CASE(nesting_refused, "4.2.7 where there is no nesting, that is the answer")
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	if (!cannot(rig.dev[0], LIBIOMMU_CAP_NESTING))
		SKIP("there is nesting, or nobody knows");
	opts.nest_parent = true;
	if (libiommu_domain_new(rig.ctx, &opts, &dom, NULL) == 0) {
		struct libiommu_nested_options nested = LIBIOMMU_NESTED_OPTIONS_INIT;
		const struct libiommu_stage1_vtd data = { .address_width = 48 };
		struct libiommu_domain *out = NULL;

		/* It was asked of the backend, and this is the hardware's answer: to a parent, or
		 * where there may be parents, but nothing above them. */
		nested.data = &data;
		nested.data_length = sizeof(data);
		REFUSED(libiommu_domain_new_nested(rig.dev[0], dom, &nested, &out, E),
			NESTING_UNSUPPORTED, NULL);
		if (libiommu_endpoint_attach(rig.ep[0], dom, NULL) != 0)
			REFUSED(libiommu_endpoint_attach(rig.ep[0], dom, E), NESTING_UNSUPPORTED,
				NULL);
		return;
	}
	REFUSED(libiommu_domain_new(rig.ctx, &opts, &dom, E), BACKEND_CAPABILITY, NULL);
}

CASE(nested_translates, "4.2.7 both stages lead to memory, or the access is refused")
{
	struct libiommu_domain *dom;
	struct guest guest;
	struct rig rig;

	NEEDS_NESTING(rig);
	guest_begin(&guest, &rig);
	fill(guest.mem, PAGE, 1);
	fill(guest.mem + PAGE, PAGE, 2);
	guest_map(&guest, AT(0), 1, RW);
	guest_map(&guest, AT(1), 0, LIBIOMMU_PROT_READ);
	guest_map_to(&guest, AT(2), guest.base + GUEST_PAGES * PAGE);
	dom = guest_domain(&guest, &rig);
	attach(rig.ep[0], dom);
	ck_assert(reads(rig.ep[0], AT(0), guest.mem + PAGE));
	ck_assert(reads(rig.ep[0], AT(1), guest.mem));
	ck_assert(writes(rig.ep[0], AT(0)));
	ck_assert_int_eq(guest.mem[PAGE], 1);
	refuses(&rig, AT(1), 1, 0);
	refuses(&rig, AT(2), 2, guest.base + GUEST_PAGES * PAGE);
	refuses(&rig, AT(3), 1, 0);
	/* The parent's addresses are none of the device's. */
	refuses(&rig, guest.base, 1, 0);
	detach(rig.ep[0]);
	ck_assert(!writes(rig.ep[0], AT(0)));
	guest_end(&guest);
}

CASE(nested_stays_until_invalidated, "4.2.8 what the owner changes is seen after an invalidation")
{
	struct libiommu_invalidation all = { .kind = LIBIOMMU_INVALIDATE_ALL }, one;
	struct libiommu_domain *dom;
	struct guest guest;
	struct rig rig;

	NEEDS_NESTING(rig);
	guest_begin(&guest, &rig);
	for (unsigned int i = 0; i < 3; i++) {
		fill(guest.mem + i * PAGE, PAGE, i + 1);
		guest_map(&guest, AT(i), i, RW);
	}
	dom = guest_domain(&guest, &rig);
	attach(rig.ep[0], dom);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert(reads(rig.ep[0], AT(i), guest.mem + i * PAGE));
	guest_unmap(&guest, AT(0));
	guest_unmap(&guest, AT(1));
	guest_map(&guest, AT(1), 2, RW);
	if (!reads(rig.ep[0], AT(0), guest.mem))
		SKIP("the hardware has forgotten by itself");
	one = range_of(AT(1));
	invalidate(dom, &one);
	ck_assert(reads(rig.ep[0], AT(1), guest.mem + 2 * PAGE));
	ck_assert(reads(rig.ep[0], AT(0), guest.mem));
	invalidate(dom, &all);
	ck_assert(!reads(rig.ep[0], AT(0), guest.mem));
	ck_assert(reads(rig.ep[0], AT(2), guest.mem + 2 * PAGE));
	guest_end(&guest);
}

CASE(invalidations_stop, "4.2.8 commands before the first bad one are carried out, and counted")
{
	struct libiommu_invalidation commands[3];
	struct libiommu_domain *dom;
	struct guest guest;
	struct rig rig;
	size_t count;

	NEEDS_NESTING(rig);
	guest_begin(&guest, &rig);
	guest_map(&guest, AT(0), 0, RW);
	guest_map(&guest, AT(1), 1, RW);
	dom = guest_domain(&guest, &rig);
	attach(rig.ep[0], dom);
	ck_assert(writes(rig.ep[0], AT(0)) && writes(rig.ep[0], AT(1)));
	guest_unmap(&guest, AT(0));
	guest_unmap(&guest, AT(1));
	commands[0] = range_of(AT(0));
	commands[1] = range_of(AT(1) + 1);
	commands[2] = range_of(AT(1));
	count = 3;
	REFUSED(libiommu_domain_invalidate(dom, commands, &count, E), BAD_INVALIDATION, NULL);
	ck_assert_uint_eq(count, 1);
	ck_assert(!writes(rig.ep[0], AT(0)));
	commands[1].kind = (enum libiommu_invalidate_kind)77;
	count = 3;
	REFUSED(libiommu_domain_invalidate(dom, commands, &count, E), BAD_INVALIDATION, NULL);
	ck_assert_uint_eq(count, 1);
	count = 1;
	OK(libiommu_domain_invalidate(dom, commands + 2, &count, E));
	ck_assert(!writes(rig.ep[0], AT(1)));
	count = 1;
	REFUSED(libiommu_domain_invalidate(guest.parent, commands, &count, E), DOMAIN_TYPE, NULL);
	guest_end(&guest);
}

CASE(parent_unmaps, "4.2.8 what the parent unmaps is gone at once")
{
	struct libiommu_domain *dom;
	struct guest guest;
	struct rig rig;
	char *more;

	NEEDS_NESTING(rig);
	guest_begin(&guest, &rig);
	more = memory(PAGE);
	fill(more, PAGE, 9);
	guest_map(&guest, AT(0), 0, RW);
	guest_map_to(&guest, AT(1), guest.base + 2 * GUEST_PAGES * PAGE);
	dom = guest_domain(&guest, &rig);
	attach(rig.ep[0], dom);
	ck_assert(!writes(rig.ep[0], AT(1)));
	map(guest.parent, guest.base + 2 * GUEST_PAGES * PAGE, more, PAGE);
	ck_assert(reads(rig.ep[0], AT(1), more));
	unmap(guest.parent, guest.base + 2 * GUEST_PAGES * PAGE, PAGE, PAGE);
	ck_assert(!writes(rig.ep[0], AT(1)));
	ck_assert(writes(rig.ep[0], AT(0)));
	/* Its tables go with the memory that they are in. */
	unmap(guest.parent, guest.base, GUEST_PAGES * PAGE, GUEST_PAGES * PAGE);
	ck_assert(!writes(rig.ep[0], AT(0)));
	map(guest.parent, guest.base, guest.mem, GUEST_PAGES * PAGE);
	ck_assert(writes(rig.ep[0], AT(0)));
	guest_end(&guest);
}

CASE(parent_rules,
     "4.2.7 a parent is a PAGING domain that was made as one, and outlives its children")
{
	struct libiommu_domain *dom, *wrong;
	struct libiommu_hw_info info;
	struct guest guest;
	struct rig rig;
	char *mem;

	NEEDS(1, 0);
	rig = rig_new(1);
	if (!guest_exists(&rig, &info))
		return;
	guest_begin(&guest, &rig);
	mem = memory(PAGE);
	REFUSED(libiommu_domain_new_nested(rig.dev[0], rig.dom, &guest.opts, &wrong, E),
		NOT_NEST_PARENT, NULL);
	dom = guest_domain(&guest, &rig);
	REFUSED(libiommu_domain_new_nested(rig.dev[0], dom, &guest.opts, &wrong, E), DOMAIN_TYPE,
		NULL);
	REFUSED(libiommu_domain_map(dom, AT(0), at(mem), PAGE, RW, E), DOMAIN_TYPE, NULL);
	REFUSED(libiommu_domain_unmap(dom, AT(0), PAGE, NULL, E), DOMAIN_TYPE, NULL);
	guest.opts.data_length--;
	REFUSED(libiommu_domain_new_nested(rig.dev[0], guest.parent, &guest.opts, &wrong, E),
		BAD_STAGE1, NULL);
	guest.opts.data_length++;
	REFUSED(libiommu_domain_free(guest.parent, E), DOMAIN_IN_USE, NULL);
	attach(rig.ep[0], dom);
	REFUSED(libiommu_domain_free(dom, E), DOMAIN_IN_USE, NULL);
	detach(rig.ep[0]);
	OK(libiommu_domain_free(dom, E));
	OK(libiommu_domain_free(guest.parent, E));
	guest_end(&guest);
}

CASE(nested_replace, "4.2.1 from stage 1 to stage 1, to the parent, and back")
{
	struct libiommu_domain *one, *two;
	struct guest guest;
	struct rig rig;

	NEEDS_NESTING(rig);
	NEEDS_CAP(rig.dev[0], LIBIOMMU_CAP_REPLACE);
	guest_begin(&guest, &rig);
	fill(guest.mem, PAGE, 1);
	guest_map(&guest, AT(0), 0, RW);
	one = guest_domain(&guest, &rig);
	two = guest_domain(&guest, &rig);
	attach(rig.ep[0], one);
	ck_assert(reads(rig.ep[0], AT(0), guest.mem));
	OK(libiommu_endpoint_replace(rig.ep[0], two, 0, E));
	ck_assert(reads(rig.ep[0], AT(0), guest.mem));
	OK(libiommu_domain_free(one, E));
	OK(libiommu_endpoint_replace(rig.ep[0], guest.parent, 0, E));
	ck_assert(!writes(rig.ep[0], AT(0)));
	ck_assert(reads(rig.ep[0], guest.base, guest.mem));
	OK(libiommu_endpoint_replace(rig.ep[0], two, 0, E));
	ck_assert(reads(rig.ep[0], AT(0), guest.mem));
	ck_assert(!writes(rig.ep[0], guest.base));
	guest_end(&guest);
}

CASE(nested_on_a_pasid, "4.2.7 a PASID with a stage 1 beside the device on the parent")
{
	struct libiommu_invalidation theirs = { .kind = LIBIOMMU_INVALIDATE_PASID };
	struct libiommu_endpoint *ep, *other;
	struct libiommu_domain *dom;
	struct guest guest;
	struct rig rig;
	bool stale;

	NEEDS_NESTING(rig);
	NEEDS_CAP(rig.dev[0], LIBIOMMU_CAP_PASIDS);
	guest_begin(&guest, &rig);
	fill(guest.mem, PAGE, 1);
	guest_map(&guest, AT(0), 0, RW);
	dom = guest_domain(&guest, &rig);
	OK(libiommu_pasid_open(rig.dev[0], 3, &ep, E));
	OK(libiommu_pasid_open(rig.dev[0], 4, &other, E));
	attach(ep, dom);
	attach(other, dom);
	attach(rig.ep[0], guest.parent);
	ck_assert(reads(ep, AT(0), guest.mem));
	ck_assert(reads(other, AT(0), guest.mem));
	ck_assert(!writes(ep, guest.base));
	ck_assert(reads(rig.ep[0], guest.base, guest.mem));
	ck_assert(!writes(rig.ep[0], AT(0)));
	guest_unmap(&guest, AT(0));
	stale = reads(ep, AT(0), guest.mem);
	ck_assert(reads(other, AT(0), guest.mem) == stale);
	theirs.pasid = 3;
	invalidate(dom, &theirs);
	ck_assert(!writes(ep, AT(0)));
	ck_assert(reads(other, AT(0), guest.mem) == stale);
	theirs.pasid = 4;
	invalidate(dom, &theirs);
	ck_assert(!writes(other, AT(0)));
	guest_end(&guest);
}

void suite_nesting(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&nesting_refused,    &nested_translates, &nested_stays_until_invalidated,
		&invalidations_stop, &parent_unmaps,     &parent_rules,
		&nested_replace,     &nested_on_a_pasid,
	};

	add_cases(registry, "nesting", cases, COUNT(cases));
}
