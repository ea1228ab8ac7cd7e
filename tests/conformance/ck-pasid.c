// SPDX-License-Identifier: BSD-2-Clause
/* 4.2.4: PASIDs. */
#include "helpers.h"

#include <string.h>

static struct libiommu_endpoint *pasid(struct libiommu_device *dev, uint32_t number)
{
	struct libiommu_endpoint *ep;

	OK(libiommu_pasid_open(dev, number, &ep, E));
	return ep;
}

/* The backend lends them, and the target can make a device use them. */
static bool has_pasids(const struct rig *rig)
{
	struct libiommu_endpoint *ep;

	if (libiommu_pasid_open(rig->dev[0], LIBIOMMU_PASID_ANY, &ep, NULL)) {
		note_skip("no PASIDs");
		return false;
	}
	OK(libiommu_pasid_close(ep, E));
	if (!target->dma)
		note_skip("no device that uses PASIDs");
	return target->dma != NULL;
}
#define NEEDS_PASIDS(rig)                \
	do {                             \
		NEEDS(1, 0);             \
		rig = rig_new(1);        \
		if (!has_pasids(&(rig))) \
			return;          \
	} while (0)

static struct libiommu_domain *pasid_domain(struct libiommu_ctx *ctx)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;

	opts.pasid = true;
	OK(libiommu_domain_new(ctx, &opts, &dom, E));
	return dom;
}

static bool reads(struct libiommu_endpoint *ep, uint64_t iova, const void *mem)
{
	unsigned char bytes[64];

	return target->dma(ep, iova, bytes, sizeof(bytes), false) &&
	       memcmp(bytes, mem, sizeof(bytes)) == 0;
}

static bool reaches(struct libiommu_endpoint *ep, uint64_t iova)
{
	unsigned char byte;

	return target->dma(ep, iova, &byte, 1, false);
}

CASE(pasids_refused, "4.2.4 where there are no PASIDs, that is the answer")
{
	struct libiommu_endpoint *ep;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	if (!cannot(rig.dev[0], LIBIOMMU_CAP_PASIDS))
		SKIP("there are PASIDs, or nobody knows");
	REFUSED(libiommu_pasid_open(rig.dev[0], 1, &ep, E), PASID_UNSUPPORTED, NULL);
	attach(rig.ep[0], rig.dom);
	REFUSED(libiommu_pasid_open(rig.dev[0], LIBIOMMU_PASID_ANY, &ep, E), PASID_UNSUPPORTED,
		NULL);
}

CASE(pasid_numbers, "4.2.4 a number is 1 to 2^width-1, and is open once")
{
	struct libiommu_cap_answer cap = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_endpoint *ep, *any;
	struct rig rig;

	NEEDS_PASIDS(rig);
	OK(libiommu_device_cap(rig.dev[0], LIBIOMMU_CAP_PASIDS, &cap, E));
	ck_assert_int_eq(cap.answer, LIBIOMMU_ANSWER_YES);
	REFUSED(libiommu_pasid_open(rig.dev[0], 0, &ep, E), PASID_RANGE, NULL);
	REFUSED(libiommu_pasid_open(rig.dev[0], 1u << cap.value, &ep, E), PASID_RANGE, NULL);
	ep = pasid(rig.dev[0], (1u << cap.value) - 1);
	ck_assert_uint_eq(libiommu_endpoint_pasid(ep), (1u << cap.value) - 1);
	REFUSED(libiommu_pasid_open(rig.dev[0], (1u << cap.value) - 1, &any, E), PASID_IN_USE,
		NULL);
	any = pasid(rig.dev[0], LIBIOMMU_PASID_ANY);
	ck_assert_uint_eq(libiommu_endpoint_pasid(any), 1);
	REFUSED(libiommu_device_close(rig.dev[0], E), DEVICE_IN_USE, NULL);
	OK(libiommu_pasid_close(ep, E));
	OK(libiommu_pasid_close(any, E));
	OK(libiommu_device_close(rig.dev[0], E));
}

CASE(pasids_are_apart, "4.2.4 PASIDs are isolated from each other and from the device's requests")
{
	struct libiommu_domain *dom[3];
	struct libiommu_endpoint *ep[3];
	char *mem = memory(4 * PAGE);
	struct rig rig;

	NEEDS_PASIDS(rig);
	ep[0] = rig.ep[0];
	ep[1] = pasid(rig.dev[0], 1);
	ep[2] = pasid(rig.dev[0], 7);
	for (unsigned int i = 0; i < 3; i++) {
		dom[i] = pasid_domain(rig.ctx);
		fill(mem + i * PAGE, PAGE, i + 1);
		map(dom[i], IO(0), mem + i * PAGE, PAGE);
		map(dom[i], IO(1 + i), mem + 3 * PAGE, PAGE);
		attach(ep[i], dom[i]);
	}
	for (unsigned int i = 0; i < 3; i++) {
		for (unsigned int other = 0; other < 3; other++) {
			ck_assert(reads(ep[i], IO(0), mem + i * PAGE));
			ck_assert_int_eq(reaches(ep[i], IO(1 + other)), i == other);
		}
	}
	/* One goes, the others stay. */
	detach(ep[1]);
	ck_assert(!reaches(ep[1], IO(0)));
	ck_assert(reads(ep[0], IO(0), mem));
	ck_assert(reads(ep[2], IO(0), mem + 2 * PAGE));
	detach(ep[0]);
	ck_assert(!reaches(ep[0], IO(0)));
	ck_assert(reads(ep[2], IO(0), mem + 2 * PAGE));
	ck_assert(!libiommu_device_isolated(rig.dev[0]));
	detach(ep[2]);
	ck_assert(libiommu_device_isolated(rig.dev[0]));
}

CASE(pasid_without_domain, "4.2.4 a PASID without a domain reaches nothing")
{
	struct libiommu_domain *dom;
	struct libiommu_endpoint *ep;
	char *mem = memory(PAGE);
	struct rig rig;

	NEEDS_PASIDS(rig);
	dom = pasid_domain(rig.ctx);
	map(dom, IO(0), mem, PAGE);
	attach(rig.ep[0], dom);
	ep = pasid(rig.dev[0], 5);
	ck_assert(reaches(rig.ep[0], IO(0)));
	ck_assert(!reaches(ep, IO(0)));
	attach(ep, dom);
	ck_assert(reaches(ep, IO(0)));
	REFUSED(libiommu_pasid_close(ep, E), PASID_IN_USE, NULL);
	detach(ep);
	ck_assert(!reaches(ep, IO(0)));
	ck_assert(reaches(rig.ep[0], IO(0)));
}

CASE(pasid_domain_orders, "4.2.4 both domains must be made for PASIDs, whichever comes first")
{
	struct libiommu_domain *with;
	struct libiommu_endpoint *ep;
	struct rig rig;

	NEEDS_PASIDS(rig);
	with = pasid_domain(rig.ctx);
	ep = pasid(rig.dev[0], 1);
	REFUSED(libiommu_endpoint_attach(ep, rig.dom, E), DOMAIN_NOT_PASID, NULL);
	attach(rig.ep[0], rig.dom);
	REFUSED(libiommu_endpoint_attach(ep, with, E), RID_DOMAIN_NOT_PASID, NULL);
	detach(rig.ep[0]);
	attach(ep, with);
	REFUSED(libiommu_endpoint_attach(rig.ep[0], rig.dom, E), RID_DOMAIN_NOT_PASID, NULL);
	attach(rig.ep[0], with);
	REFUSED(libiommu_endpoint_attach(ep, with, E), ALREADY_ATTACHED, NULL);
	if (can(rig.dev[0], LIBIOMMU_CAP_REPLACE)) {
		REFUSED(libiommu_endpoint_replace(rig.ep[0], rig.dom, 0, E), RID_DOMAIN_NOT_PASID,
			NULL);
		REFUSED(libiommu_endpoint_replace(ep, rig.dom, 0, E), DOMAIN_NOT_PASID, NULL);
	}
	detach(ep);
	detach(rig.ep[0]);
	attach(rig.ep[0], rig.dom);
}

CASE(pasid_replace, "4.2.1 a PASID moves alone, and at once")
{
	struct libiommu_domain *one, *two;
	struct libiommu_endpoint *ep, *other;
	char *mem = memory(2 * PAGE);
	struct rig rig;

	NEEDS_PASIDS(rig);
	NEEDS_CAP(rig.dev[0], LIBIOMMU_CAP_REPLACE);
	one = pasid_domain(rig.ctx);
	two = pasid_domain(rig.ctx);
	fill(mem, PAGE, 1);
	fill(mem + PAGE, PAGE, 2);
	map(one, IO(0), mem, PAGE);
	map(one, IO(1), mem, PAGE);
	map(two, IO(0), mem + PAGE, PAGE);
	ep = pasid(rig.dev[0], 1);
	other = pasid(rig.dev[0], 2);
	REFUSED(libiommu_endpoint_replace(ep, two, 0, E), NOT_ATTACHED, NULL);
	attach(ep, one);
	attach(other, one);
	attach(rig.ep[0], one);
	ck_assert(reads(ep, IO(0), mem));
	ck_assert(reaches(ep, IO(1)));
	OK(libiommu_endpoint_replace(ep, two, 0, E));
	ck_assert_ptr_eq(libiommu_endpoint_domain(ep), two);
	ck_assert(reads(ep, IO(0), mem + PAGE));
	ck_assert(!reaches(ep, IO(1)));
	ck_assert(reads(other, IO(0), mem));
	ck_assert(reads(rig.ep[0], IO(0), mem));
	OK(libiommu_endpoint_replace(rig.ep[0], two, 0, E));
	ck_assert(reads(other, IO(0), mem));
	ck_assert(reads(rig.ep[0], IO(0), mem + PAGE));
	detach(other);
	OK(libiommu_domain_free(one, E));
}

CASE(pasids_share_a_domain, "4.2.4 a map and an unmap count for every PASID of the domain")
{
	struct libiommu_endpoint *ep[2];
	struct libiommu_domain *dom;
	char *mem = memory(2 * PAGE);
	uint64_t before, after;
	struct rig rig;

	NEEDS_PASIDS(rig);
	dom = pasid_domain(rig.ctx);
	map(dom, IO(0), mem, PAGE);
	for (unsigned int i = 0; i < 2; i++) {
		ep[i] = pasid(rig.dev[0], LIBIOMMU_PASID_ANY);
		attach(ep[i], dom);
	}
	attach(rig.ep[0], dom);
	map(dom, IO(1), mem + PAGE, PAGE);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert(reads(ep[i], IO(0), mem));
		ck_assert(reads(ep[i], IO(1), mem + PAGE));
	}
	ck_assert(reads(rig.ep[0], IO(1), mem + PAGE));
	if (target->pinned && target->pinned(rig.ctx, &before) &&
	    can(rig.dev[0], LIBIOMMU_CAP_SHARES_PINS)) {
		detach(ep[0]);
		ck_assert(target->pinned(rig.ctx, &after));
		ck_assert_uint_eq(before, after);
		attach(ep[0], dom);
	}
	unmap(dom, IO(0), PAGE, PAGE);
	for (unsigned int i = 0; i < 2; i++) {
		ck_assert(!reaches(ep[i], IO(0)));
		ck_assert(reaches(ep[i], IO(1)));
	}
	ck_assert(!reaches(rig.ep[0], IO(0)));
	REFUSED(libiommu_domain_free(dom, E), DOMAIN_IN_USE, NULL);
}

CASE(pasid_attach_is_bound, "4.1.5 an attach of a PASID that would make a map illegal names it")
{
	struct libiommu_endpoint *ep;
	struct libiommu_domain *dom;
	char *mem = memory(PAGE);
	uint64_t beyond = UINT64_C(1) << 60;
	struct rig rig;

	NEEDS_PASIDS(rig);
	dom = pasid_domain(rig.ctx);
	map(dom, beyond, mem, PAGE);
	ep = pasid(rig.dev[0], 1);
	attach(rig.ep[0], rig.dom);
	if (last_page(rig.dom) >= beyond)
		SKIP("everything can be translated");
	detach(rig.ep[0]);
	REFUSED_KEEPS(dom, libiommu_endpoint_attach(ep, dom, E), MAPPING_CONFLICT,
		      range_name(beyond, PAGE));
	unmap(dom, beyond, PAGE, PAGE);
	attach(ep, dom);
	REFUSED(libiommu_domain_map(dom, beyond, at(mem), PAGE, RW, E), OUTSIDE_APERTURE, NULL);
	detach(ep);
	map(dom, beyond, mem, PAGE);
}

void suite_pasid(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&pasids_refused,        &pasid_numbers,         &pasids_are_apart,
		&pasid_without_domain,  &pasid_domain_orders,   &pasid_replace,
		&pasids_share_a_domain, &pasid_attach_is_bound,
	};

	add_cases(registry, "pasid", cases, COUNT(cases));
}
