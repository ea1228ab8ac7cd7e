// SPDX-License-Identifier: BSD-2-Clause
/* Groups that a context has for itself alone. */
#include "helpers.h"

#include <string.h>

static struct libiommu_group *group_of(struct libiommu_ctx *ctx, const char *name)
{
	struct libiommu_group *group = NULL;

	OK(libiommu_group_of(ctx, name, &group, E));
	ck_assert_ptr_nonnull(group);
	return group;
}

/* @return false when the backend has no claims; else the case is a skip */
static bool claim(struct libiommu_group *group, struct libiommu_claimed *held)
{
	int ret = libiommu_group_claim(group, held, E);

	if (ret && libiommu_error_reason(last_error()) == LIBIOMMU_REASON_BACKEND_CAPABILITY) {
		libiommu_group_unref(group);
		note_skip("the backend has no claims");
		return false;
	}
	expect_ok(ret, "libiommu_group_claim", __FILE__, __LINE__);
	ck_assert(libiommu_group_claimed(group));
	return true;
}

static void busy_for(struct libiommu_ctx *other, const char *name)
{
	struct libiommu_device *dev = NULL;

	REFUSED(libiommu_device_open(other, name, &dev, E), DEVICE_BUSY, NULL);
	ck_assert_ptr_null(dev);
}

CASE(claim_keeps_others_out,
     "group.h: a claimed group is this context's, open, attached or neither")
{
	char *mem = memory(PAGE);
	struct libiommu_ctx *other = context();
	struct libiommu_group *group;
	struct libiommu_device *dev;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_new(0);
	group = group_of(rig.ctx, target->alone[0]);
	if (!claim(group, NULL))
		return;
	busy_for(other, target->alone[0]);
	map(rig.dom, IO(0), mem, PAGE);
	dev = device(rig.ctx, target->alone[0]);
	attach(libiommu_device_endpoint(dev), rig.dom);
	edu = edu_open(dev);
	dma_reaches(&edu, IO(0), mem);
	busy_for(other, target->alone[0]);
	edu_close(&edu);
	detach(libiommu_device_endpoint(dev));
	OK(libiommu_device_close(dev, E));
	busy_for(other, target->alone[0]);
	OK(libiommu_group_release(group, E));
	ck_assert(!libiommu_group_claimed(group));
	device(other, target->alone[0]);
	libiommu_group_unref(group);
}

CASE(claim_survives_a_use, "group.h: a device of a claimed group can be opened again and again")
{
	char *mem = memory(PAGE);
	struct libiommu_group *group;
	struct libiommu_device *dev;
	struct rig rig;
	struct edu edu;
	int i;

	NEEDS(1, 0);
	rig = rig_new(0);
	group = group_of(rig.ctx, target->alone[0]);
	if (!claim(group, NULL))
		return;
	map(rig.dom, IO(0), mem, PAGE);
	for (i = 0; i < 3; i++) {
		dev = device(rig.ctx, target->alone[0]);
		attach(libiommu_device_endpoint(dev), rig.dom);
		edu = edu_open(dev);
		dma_reaches(&edu, IO(0), mem);
		edu_close(&edu);
		detach(libiommu_device_endpoint(dev));
		OK(libiommu_device_close(dev, E));
	}
	libiommu_group_unref(group);
}

CASE(claim_is_one, "group.h: a group is claimed once and released once")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group;

	NEEDS(1, 0);
	group = group_of(ctx, target->alone[0]);
	ck_assert(!libiommu_group_claimed(group));
	if (!claim(group, NULL))
		return;
	REFUSED(libiommu_group_claim(group, NULL, E), GROUP_IN_USE, NULL);
	ck_assert(libiommu_group_claimed(group));
	OK(libiommu_group_release(group, E));
	REFUSED(libiommu_group_release(group, E), GROUP_NOT_CLAIMED, NULL);
	OK(libiommu_group_claim(group, NULL, E));
	REFUSED(libiommu_group_claim(NULL, NULL, E), NULL_ARGUMENT, NULL);
	REFUSED(libiommu_group_release(NULL, E), NULL_ARGUMENT, NULL);
	libiommu_group_unref(group);
}

CASE(claim_ends_with_context, "group.h: what a context has claimed is free when the context is")
{
	struct libiommu_ctx *ctx = context(), *other = context();
	struct libiommu_group *group;

	NEEDS(1, 0);
	group = group_of(ctx, target->alone[0]);
	if (!claim(group, NULL))
		return;
	libiommu_group_unref(group);
	busy_for(other, target->alone[0]);
	context_free(ctx);
	device(other, target->alone[0]);
}

CASE(claim_of_members, "group.h: a claim holds every member of the group, and counts them")
{
	struct libiommu_claimed held = LIBIOMMU_CLAIMED_INIT;
	struct libiommu_ctx *ctx = context(), *other = context();
	struct libiommu_group *group;
	struct libiommu_device *dev;
	size_t i;

	NEEDS(0, 2);
	group = group_of(ctx, target->member[0]);
	if (!claim(group, &held))
		return;
	ck_assert_uint_ge(held.lent, target->member_count);
	ck_assert_uint_eq(held.lent + held.guarded, libiommu_group_member_count(group));
	dev = device(ctx, target->member[1]);
	for (i = 0; i < target->member_count; i++)
		busy_for(other, target->member[i]);
	OK(libiommu_group_release(group, E));
	/* The one that is open keeps them. */
	busy_for(other, target->member[1]);
	OK(libiommu_device_close(dev, E));
	device(other, target->member[0]);
	libiommu_group_unref(group);
}

CASE(claim_of_half_bound, "4.2.3 a group with a foreign driver is not claimed, naming it")
{
	struct libiommu_blocker blocker = LIBIOMMU_BLOCKER_INIT;
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group;
	int ret;

	if (!target->half_bound)
		SKIP("no half-bound device was named");
	group = group_of(ctx, target->half_bound);
	ck_assert_int_eq(libiommu_group_blocker(group, 0, &blocker), 0);
	ret = libiommu_group_claim(group, NULL, E);
	if (libiommu_error_reason(last_error()) == LIBIOMMU_REASON_BACKEND_CAPABILITY) {
		libiommu_group_unref(group);
		SKIP("the backend has no claims");
	}
	REFUSED(ret, GROUP_NOT_VIABLE, NULL);
	ck_assert_ptr_nonnull(strstr(libiommu_error_message(last_error()), blocker.device));
	ck_assert_ptr_nonnull(strstr(libiommu_error_message(last_error()), blocker.driver));
	ck_assert(!libiommu_group_claimed(group));
	libiommu_group_unref(group);
}

void suite_claims(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&claim_keeps_others_out,  &claim_survives_a_use, &claim_is_one,
		&claim_ends_with_context, &claim_of_members,     &claim_of_half_bound,
	};

	add_cases(registry, "claims", cases, COUNT(cases));
}
