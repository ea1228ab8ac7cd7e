// SPDX-License-Identifier: BSD-2-Clause
/* Section 3 and 4.2.2, 4.2.3: groups as they are shown, and what they mean for an attach. */
#include "helpers.h"

#include <errno.h>
#include <string.h>

static struct libiommu_group *group_of(struct libiommu_ctx *ctx, const char *name)
{
	struct libiommu_group *group = NULL;

	OK(libiommu_group_of(ctx, name, &group, E));
	ck_assert_ptr_nonnull(group);
	return group;
}

static struct libiommu_group_member member(struct libiommu_group *group, size_t i)
{
	struct libiommu_group_member m = LIBIOMMU_GROUP_MEMBER_INIT;

	ck_assert_int_eq(libiommu_group_member(group, i, &m), 0);
	return m;
}

static bool holds(struct libiommu_group *group, const char *name)
{
	size_t i;

	for (i = 0; i < libiommu_group_member_count(group); i++) {
		if (strcmp(member(group, i).name, name) == 0)
			return true;
	}
	return false;
}

CASE(groups_are_listed, "group.h: ids of all groups, ascending, with the two-call rule for arrays")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group;
	uint32_t ids[256];
	size_t count = 0, needed, i;
	bool seen = false;

	NEEDS(1, 0);
	REFUSED(libiommu_group_ids(ctx, NULL, &count, E), BUFFER_TOO_SMALL, NULL);
	needed = count;
	ck_assert_uint_ge(needed, 1);
	count = needed - 1;
	REFUSED(libiommu_group_ids(ctx, ids, &count, E), BUFFER_TOO_SMALL, NULL);
	ck_assert_uint_eq(count, needed);
	count = COUNT(ids);
	OK(libiommu_group_ids(ctx, ids, &count, E));
	ck_assert_uint_eq(count, needed);
	group = group_of(ctx, target->alone[0]);
	for (i = 0; i < count; i++) {
		if (i)
			ck_assert_uint_gt(ids[i], ids[i - 1]);
		seen |= ids[i] == libiommu_group_id(group);
	}
	ck_assert(seen);
	libiommu_group_unref(group);
}

CASE(groups_one_by_one, "group.h: a walk shows each group once, in the order of ids")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group = NULL;
	uint32_t ids[256];
	size_t count = COUNT(ids), seen = 0;

	OK(libiommu_group_ids(ctx, ids, &count, E));
	for (;;) {
		OK(libiommu_group_next(ctx, group, &group, E));
		if (!group)
			break;
		ck_assert_uint_lt(seen, count);
		ck_assert_uint_eq(libiommu_group_id(group), ids[seen]);
		ck_assert_uint_ge(libiommu_group_member_count(group), 1);
		seen++;
	}
	ck_assert_uint_eq(seen, count);
	REFUSED(libiommu_group_next(NULL, NULL, &group, E), NULL_ARGUMENT, NULL);
	REFUSED(libiommu_group_next(ctx, NULL, NULL, E), NULL_ARGUMENT, NULL);
}

CASE(groups_by_bus, "group.h: a group is found by bus and id, and by a member's name")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group, *same = NULL;

	NEEDS(1, 0);
	group = group_of(ctx, target->alone[0]);
	OK(libiommu_group_find(ctx, "pci", libiommu_group_id(group), &same, E));
	ck_assert_uint_eq(libiommu_group_id(same), libiommu_group_id(group));
	ck_assert(holds(same, target->alone[0]));
	libiommu_group_unref(same);
	same = NULL;
	REFUSED(libiommu_group_find(ctx, "cdx", libiommu_group_id(group), &same, E), GROUP_UNKNOWN,
		NULL);
	REFUSED(libiommu_group_find(ctx, "pci", 4000000, &same, E), GROUP_UNKNOWN, "group 4000000");
	ck_assert_ptr_null(same);
	libiommu_group_unref(group);
}

CASE(members_say_why, "group.h: each member says why it blocks or does not, as the group does")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group = NULL;
	struct libiommu_blocker blocker;
	struct libiommu_group_member m;
	struct libiommu_error *err;
	size_t i, blocking;
	int ret;

	for (;;) {
		OK(libiommu_group_next(ctx, group, &group, E));
		if (!group)
			break;
		for (i = 0, blocking = 0; i < libiommu_group_member_count(group); i++) {
			m = member(group, i);
			ck_assert_ptr_nonnull(libiommu_member_state_text(m.state));
			ck_assert_int_eq(m.blocks, m.state == LIBIOMMU_MEMBER_FOREIGN_DRIVER);
			if (!m.blocks)
				continue;
			blocker = (struct libiommu_blocker)LIBIOMMU_BLOCKER_INIT;
			ck_assert_int_eq(libiommu_group_blocker(group, blocking++, &blocker), 0);
			ck_assert_str_eq(blocker.device, m.name);
			ck_assert_str_eq(blocker.driver, m.driver);
			ck_assert_ptr_nonnull(strstr(blocker.sentence, m.name));
			ck_assert_ptr_nonnull(strstr(blocker.hint, m.name));
		}
		ck_assert_int_eq(libiommu_group_blocker(group, blocking, &blocker), -EINVAL);
		ck_assert_int_eq(libiommu_group_viable(group), !blocking);
		ret = libiommu_group_check(group, &err);
		ck_assert_int_eq(ret, blocking ? -EPERM : 0);
		ck_assert_int_eq(libiommu_error_reason(err),
				 blocking ? LIBIOMMU_REASON_GROUP_NOT_VIABLE
					  : LIBIOMMU_REASON_NONE);
		libiommu_error_free(err);
	}
}

CASE(group_members, "group.h: a group shows its members with driver, bus and PCI identity")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_group_member m;
	struct libiommu_group *group, *same;

	NEEDS(1, 0);
	group = group_of(ctx, target->alone[0]);
	OK(libiommu_group_get(ctx, libiommu_group_id(group), &same, E));
	ck_assert_uint_eq(libiommu_group_id(same), libiommu_group_id(group));
	ck_assert_uint_eq(libiommu_group_member_count(same), libiommu_group_member_count(group));
	ck_assert(holds(group, target->alone[0]) && holds(same, target->alone[0]));
	ck_assert_uint_eq(libiommu_group_member_count(group), 1);
	ck_assert(libiommu_group_viable(group));
	m = member(group, 0);
	ck_assert_str_eq(m.bus, "pci");
	ck_assert_str_eq(m.driver, "vfio-pci");
	ck_assert_uint_eq(m.vendor, 0x1234);
	ck_assert_uint_eq(m.device, 0x11e8);
	ck_assert_uint_ne(m.class_code, 0);
	ck_assert(!m.bridge && !m.blocks);
	ck_assert_int_eq(m.state, LIBIOMMU_MEMBER_VFIO);
	libiommu_group_unref(group);
	ck_assert(holds(same, target->alone[0]));
	libiommu_group_unref(same);
}

CASE(group_member_arguments, "group.h: a wrong index, size or NULL is -EINVAL")
{
	struct libiommu_group_member m = LIBIOMMU_GROUP_MEMBER_INIT;
	struct libiommu_ctx *ctx = context();
	struct libiommu_reserved reserved;
	struct libiommu_group *group;

	NEEDS(1, 0);
	group = group_of(ctx, target->alone[0]);
	ck_assert_int_eq(libiommu_group_member(group, libiommu_group_member_count(group), &m),
			 -EINVAL);
	ck_assert_int_eq(libiommu_group_member(group, 0, NULL), -EINVAL);
	m.size = 3;
	ck_assert_int_eq(libiommu_group_member(group, 0, &m), -EINVAL);
	ck_assert_int_eq(
		libiommu_group_reserved(group, libiommu_group_reserved_count(group), &reserved),
		-EINVAL);
	if (libiommu_group_reserved_count(group))
		ck_assert_int_eq(libiommu_group_reserved(group, 0, NULL), -EINVAL);
	libiommu_group_unref(group);
}

CASE(group_references, "group.h: a snapshot lives until its last reference is given back")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group;

	NEEDS(1, 0);
	group = group_of(ctx, target->alone[0]);
	ck_assert_ptr_eq(libiommu_group_ref(group), group);
	libiommu_group_unref(group);
	ck_assert(holds(group, target->alone[0]));
	libiommu_group_unref(group);
}

CASE(group_reserved,
     "group.h: a group shows its reserved ranges, and the domain's ranges respect them")
{
	struct libiommu_range ranges[32];
	struct libiommu_reserved r, before = { 0 };
	struct libiommu_group *group;
	struct rig rig;
	size_t i, k, count, n;

	NEEDS(1, 0);
	rig = rig_attached(1);
	group = group_of(rig.ctx, target->alone[0]);
	n = libiommu_group_reserved_count(group);
	count = ranges_of(rig.dom, ranges, COUNT(ranges));
	for (i = 0; i < n; i++, before = r) {
		ck_assert_int_eq(libiommu_group_reserved(group, i, &r), 0);
		ck_assert_uint_le(r.range.start, r.range.last);
		if (i)
			ck_assert_uint_ge(r.range.start, before.range.start);
		if (r.type == LIBIOMMU_RESERVED_DIRECT_RELAXABLE)
			continue;
		for (k = 0; k < count; k++)
			ck_assert(r.range.last < ranges[k].start || r.range.start > ranges[k].last);
	}
	if (hole_start(rig.dom))
		ck_assert_uint_ge(n, 1);
	libiommu_group_unref(group);
}

CASE(group_windows, "group.h: while a group is attached it is known what it can reach")
{
	struct libiommu_range windows[32], ranges[32];
	struct libiommu_group *group;
	size_t count = 0, needed;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	group = group_of(rig.ctx, target->alone[0]);
	REFUSED(libiommu_group_windows(group, NULL, &count, E), BUFFER_TOO_SMALL, NULL);
	needed = count;
	count = COUNT(windows);
	OK(libiommu_group_windows(group, windows, &count, E));
	ck_assert_uint_eq(count, needed);
	OK(libiommu_device_iova_ranges(rig.dev[0], ranges, &needed, E));
	ck_assert_uint_eq(needed, count);
	ck_assert_mem_eq(windows, ranges, count * sizeof(ranges[0]));
	facts_are_told(group);
	REFUSED(libiommu_group_windows(NULL, windows, &count, E), NULL_ARGUMENT, NULL);
	REFUSED(libiommu_group_windows(group, windows, NULL, E), NULL_ARGUMENT, NULL);
	libiommu_group_unref(group);
}

CASE(group_facts_before, "group.h: what nobody tells of a group is unknown, and has no evidence")
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_ctx *ctx = context();
	struct libiommu_range windows[32];
	struct libiommu_group *group = NULL;
	size_t count;

	for (;;) {
		OK(libiommu_group_next(ctx, group, &group, E));
		if (!group)
			break;
		count = COUNT(windows);
		if (libiommu_group_windows(group, windows, &count, E))
			ck_assert_int_eq(libiommu_error_reason(last_error()),
					 LIBIOMMU_REASON_NEEDS_ATTACH);
		else
			ck_assert_uint_ge(count, 1);
		ck_assert_int_eq(libiommu_group_msi_isolated(group, &answer), 0);
		ck_assert_int_eq(answer.answer == LIBIOMMU_ANSWER_UNKNOWN, !*answer.evidence);
	}
	ck_assert_int_eq(libiommu_group_msi_isolated(NULL, &answer), -EINVAL);
}

CASE(group_is_unchanged, "group.h: a group of which nothing changes is as its snapshot shows it")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group = NULL, *now;
	bool changed = true;

	for (;;) {
		OK(libiommu_group_next(ctx, group, &group, E));
		if (!group)
			break;
		OK(libiommu_group_changed(group, &changed, &now, E));
		ck_assert(!changed);
		ck_assert_uint_eq(libiommu_group_id(now), libiommu_group_id(group));
		libiommu_group_unref(now);
		OK(libiommu_group_changed(group, &changed, NULL, E));
		REFUSED(libiommu_group_changed(group, NULL, NULL, E), NULL_ARGUMENT, NULL);
	}
	REFUSED(libiommu_group_changed(NULL, &changed, NULL, E), NULL_ARGUMENT, NULL);
}

CASE(group_changes, "group.h: differences of snapshots are named, one after the other")
{
	struct libiommu_group_change change = LIBIOMMU_GROUP_CHANGE_INIT;
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *one, *two;

	NEEDS(2, 0);
	one = group_of(ctx, target->alone[0]);
	two = group_of(ctx, target->alone[1]);
	ck_assert_int_eq(libiommu_group_change(one, one, 0, &change), -EINVAL);
	ck_assert_int_eq(libiommu_group_change(one, two, 0, &change), 0);
	ck_assert_int_eq(libiommu_group_change(one, two, 1, &change), 0);
	ck_assert(change.kind == LIBIOMMU_GROUP_JOINED || change.kind == LIBIOMMU_GROUP_LEFT);
	ck_assert_int_eq(libiommu_group_change(one, two, 2, &change), -EINVAL);
	ck_assert_int_eq(libiommu_group_change(one, NULL, 0, &change), 0);
	ck_assert_int_eq(change.kind, LIBIOMMU_GROUP_LEFT);
	ck_assert_str_eq(change.device, target->alone[0]);
	ck_assert_int_eq(libiommu_group_change(one, NULL, 1, &change), 0);
	ck_assert_int_eq(change.kind, LIBIOMMU_GROUP_GONE);
	libiommu_group_unref(one);
	libiommu_group_unref(two);
}

CASE(unknown_groups, "group.h: unknown groups and devices are refused by name")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group = NULL;

	REFUSED(libiommu_group_get(ctx, 4000000, &group, E), GROUP_UNKNOWN, "group 4000000");
	REFUSED(libiommu_group_of(ctx, "0000:fe:1f.7", &group, E), DEVICE_UNKNOWN, "0000:fe:1f.7");
	REFUSED(libiommu_group_of(ctx, "../../etc", &group, E), BAD_NAME, NULL);
	ck_assert_ptr_null(group);
}

CASE(multi_member_group, "group.h: the members of one group are shown together")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group;
	size_t i;

	NEEDS(0, 2);
	group = group_of(ctx, target->member[0]);
	for (i = 0; i < target->member_count; i++)
		ck_assert(holds(group, target->member[i]));
	ck_assert(libiommu_group_viable(group));
	libiommu_group_unref(group);
}

CASE(half_bound_group, "4.2.3 a group with a foreign driver is refused, naming device and driver")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_device *dev = NULL;
	struct libiommu_group_member m;
	struct libiommu_group *group;
	const char *message;
	size_t i, blocking = 0;

	if (!target->half_bound)
		SKIP("no half-bound device was named");
	group = group_of(ctx, target->half_bound);
	ck_assert(!libiommu_group_viable(group));
	REFUSED(libiommu_device_open(ctx, target->half_bound, &dev, E), GROUP_NOT_VIABLE,
		target->half_bound);
	ck_assert_ptr_null(dev);
	message = libiommu_error_message(last_error());
	for (i = 0; i < libiommu_group_member_count(group); i++) {
		m = member(group, i);
		if (m.bridge)
			ck_assert(!m.blocks);
		if (strcmp(m.name, target->half_bound) == 0)
			ck_assert(!m.blocks);
		if (!m.blocks)
			continue;
		blocking++;
		ck_assert_str_ne(m.driver, "");
		ck_assert_msg(strstr(message, m.name) != NULL, "%s does not name %s", message,
			      m.name);
		ck_assert_msg(strstr(message, m.driver) != NULL, "%s does not name %s", message,
			      m.driver);
	}
	ck_assert_uint_ge(blocking, 1);
	libiommu_group_unref(group);
}

CASE(kernel_bound_device, "device.h: a device with a kernel driver is refused as not-bound")
{
	struct libiommu_ctx *ctx = context();
	struct libiommu_device *dev = NULL;
	struct libiommu_group *group;

	if (!target->kernel_bound)
		SKIP("no kernel-bound device was named");
	REFUSED(libiommu_device_open(ctx, target->kernel_bound, &dev, E), NOT_BOUND,
		target->kernel_bound);
	ck_assert_ptr_null(dev);
	group = group_of(ctx, target->kernel_bound);
	ck_assert(!libiommu_group_viable(group));
	libiommu_group_unref(group);
}

CASE(members_share_a_domain, "4.2.2 a second device of a group may attach to the same domain")
{
	char *mem = memory(2 * PAGE);
	struct edu one, two;
	struct rig rig;

	NEEDS(0, 2);
	rig = rig_members(2);
	map(rig.dom, IO(0), mem, PAGE);
	attach(rig.ep[0], rig.dom);
	attach(rig.ep[1], rig.dom);
	map(rig.dom, IO(1), mem + PAGE, PAGE);
	one = edu_open(rig.dev[0]);
	two = edu_open(rig.dev[1]);
	dma_reaches(&one, IO(0), mem);
	dma_reaches(&two, IO(0), mem);
	dma_reaches(&two, IO(1), mem + PAGE);
}

CASE(members_not_in_two_domains, "4.2.2 a second device of a group is refused another domain")
{
	char *mem = memory(PAGE);
	struct libiommu_domain *other;
	struct rig rig;
	struct edu edu;

	NEEDS(0, 2);
	rig = rig_members(2);
	other = domain(rig.ctx);
	map(rig.dom, IO(0), mem, PAGE);
	attach(rig.ep[0], rig.dom);
	REFUSED_KEEPS(other, libiommu_endpoint_attach(rig.ep[1], other, E),
		      GROUP_ATTACHED_ELSEWHERE, NULL);
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[1]));
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	OK(libiommu_domain_free(other, E));
	attach(rig.ep[1], rig.dom);
}

CASE(detached_member_keeps_access, "4.2.2 a detached member reaches the domain until the last goes")
{
	char *mem = memory(PAGE);
	struct edu one, two;
	struct rig rig;

	NEEDS(0, 2);
	rig = rig_members(2);
	map(rig.dom, IO(0), mem, PAGE);
	ck_assert(libiommu_device_isolated(rig.dev[0]) && libiommu_device_isolated(rig.dev[1]));
	attach(rig.ep[0], rig.dom);
	ck_assert(!libiommu_device_isolated(rig.dev[0]));
	ck_assert(!libiommu_device_isolated(rig.dev[1]));
	attach(rig.ep[1], rig.dom);
	one = edu_open(rig.dev[0]);
	two = edu_open(rig.dev[1]);
	detach(rig.ep[0]);
	ck_assert(!libiommu_device_isolated(rig.dev[0]));
	ck_assert(!libiommu_device_isolated(rig.dev[1]));
	dma_reaches(&one, IO(0), mem);
	dma_reaches(&two, IO(0), mem);
	detach(rig.ep[1]);
	ck_assert(libiommu_device_isolated(rig.dev[0]) && libiommu_device_isolated(rig.dev[1]));
	dma_misses(&one, IO(0), mem);
	dma_misses(&two, IO(0), mem);
}

CASE(group_moves_when_all_left,
     "4.2.2 a group is free for another domain when its last is detached")
{
	char *mem = memory(2 * PAGE);
	struct libiommu_domain *other;
	struct rig rig;
	struct edu edu;

	NEEDS(0, 2);
	rig = rig_members(2);
	other = domain(rig.ctx);
	map(other, IO(0), mem, PAGE);
	attach(rig.ep[0], rig.dom);
	attach(rig.ep[1], rig.dom);
	edu = edu_open(rig.dev[1]);
	detach(rig.ep[1]);
	REFUSED(libiommu_endpoint_attach(rig.ep[1], other, E), GROUP_ATTACHED_ELSEWHERE, NULL);
	detach(rig.ep[0]);
	attach(rig.ep[1], other);
	OK(libiommu_device_set_bus_master(rig.dev[1], true, E));
	dma_reaches(&edu, IO(0), mem);
	REFUSED(libiommu_endpoint_attach(rig.ep[0], rig.dom, E), GROUP_ATTACHED_ELSEWHERE, NULL);
	attach(rig.ep[0], other);
}

CASE(member_closes, "4.2.2 a member that is detached can be closed while others stay")
{
	char *mem = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(0, 2);
	rig = rig_members(2);
	attach(rig.ep[0], rig.dom);
	attach(rig.ep[1], rig.dom);
	map(rig.dom, IO(0), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	detach(rig.ep[1]);
	OK(libiommu_device_close(rig.dev[1], E));
	dma_reaches(&edu, IO(0), mem);
	rig.dev[1] = device(rig.ctx, target->member[1]);
	ck_assert(!libiommu_device_isolated(rig.dev[1]));
	attach(libiommu_device_endpoint(rig.dev[1]), rig.dom);
}

CASE(replace_of_shared_group, "4.2.2 replace of one of several is refused unless all are moved")
{
	char *mem = memory(2 * PAGE);
	struct libiommu_domain *other;
	struct edu one, two;
	struct rig rig;

	NEEDS(0, 3);
	rig = rig_members(3);
	attach(rig.ep[0], rig.dom);
	attach(rig.ep[1], rig.dom);
	NEEDS_CAP(rig.dev[0], LIBIOMMU_CAP_REPLACE);
	other = domain(rig.ctx);
	map(rig.dom, IO(0), mem, PAGE);
	map(other, IO(0), mem + PAGE, PAGE);
	one = edu_open(rig.dev[0]);
	two = edu_open(rig.dev[1]);
	REFUSED_KEEPS(rig.dom, libiommu_endpoint_replace(rig.ep[0], other, 0, E), GROUP_SHARED,
		      NULL);
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
	dma_reaches(&one, IO(0), mem);
	OK(libiommu_endpoint_replace(rig.ep[0], other, LIBIOMMU_REPLACE_GROUP, E));
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), other);
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[1]), other);
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[2]));
	dma_spares(&one, IO(0), mem);
	dma_reaches(&one, IO(0), mem + PAGE);
	dma_reaches(&two, IO(0), mem + PAGE);
	detach(rig.ep[1]);
	OK(libiommu_endpoint_replace(rig.ep[0], rig.dom, 0, E));
	dma_reaches(&one, IO(0), mem);
	dma_reaches(&two, IO(0), mem);
}

CASE(group_and_lone_in_one_domain, "4.2.2 members and a device of another group share a domain")
{
	char *mem = memory(2 * PAGE);
	struct edu one, two;
	struct rig rig;
	struct libiommu_device *alone;

	NEEDS(1, 2);
	rig = rig_members(2);
	alone = device(rig.ctx, target->alone[0]);
	attach(rig.ep[0], rig.dom);
	attach(libiommu_device_endpoint(alone), rig.dom);
	attach(rig.ep[1], rig.dom);
	map(rig.dom, IO(0), mem, PAGE);
	one = edu_open(rig.dev[1]);
	two = edu_open(alone);
	dma_reaches(&one, IO(0), mem);
	dma_reaches(&two, IO(0), mem);
	detach(rig.ep[1]);
	ck_assert(!libiommu_device_isolated(rig.dev[1]));
}

void suite_groups(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&groups_are_listed,
		&groups_one_by_one,
		&groups_by_bus,
		&members_say_why,
		&group_members,
		&group_member_arguments,
		&group_references,
		&group_reserved,
		&group_windows,
		&group_facts_before,
		&group_is_unchanged,
		&group_changes,
		&unknown_groups,
		&multi_member_group,
		&half_bound_group,
		&kernel_bound_device,
		&members_share_a_domain,
		&members_not_in_two_domains,
		&detached_member_keeps_access,
		&group_moves_when_all_left,
		&member_closes,
		&replace_of_shared_group,
		&group_and_lone_in_one_domain,
	};

	add_cases(registry, "groups", cases, COUNT(cases));
}
