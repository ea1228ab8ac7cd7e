/* SPDX-License-Identifier: BSD-2-Clause */
/* What is different between two snapshots. Members are in the order of names in both. */
#include "lib/dispatch.h"
#include "lib/group.h"

#include <errno.h>
#include <string.h>

/* A place in both lists. */
struct pair {
	const struct libiommu_group *before, *now;
	size_t at_before, at_now;
};

static const struct libiommu_group_member *member(const struct libiommu_group *group, size_t at)
{
	return group && at < group->members.count ? group_member_at(group, at) : NULL;
}

/* The next member that is different. @return false behind the last one */
static bool next_member(struct pair *pair, struct libiommu_group_change *out)
{
	const struct libiommu_group_member *was, *is;

	while ((was = member(pair->before, pair->at_before)),
	       (is = member(pair->now, pair->at_now)), was || is) {
		const int order = !was ? 1 : !is ? -1 : strcmp(was->name, is->name);

		pair->at_before += order <= 0;
		pair->at_now += order >= 0;
		out->device = order <= 0 ? was->name : is->name;
		out->before = order <= 0 ? was->driver : "";
		out->driver = order >= 0 ? is->driver : "";
		if (order < 0)
			out->kind = LIBIOMMU_GROUP_LEFT;
		else if (order > 0)
			out->kind = LIBIOMMU_GROUP_JOINED;
		else if (strcmp(was->driver, is->driver) != 0 || was->blocks != is->blocks)
			out->kind = LIBIOMMU_GROUP_DRIVER;
		else
			continue;
		return true;
	}
	return false;
}

/* At most one, about the group as a whole. */
static bool whole(const struct libiommu_group *before, const struct libiommu_group *now,
		  struct libiommu_group_change *out)
{
	const bool was = libiommu_group_viable(before), is = libiommu_group_viable(now);

	out->device = out->before = out->driver = "";
	if (!now)
		out->kind = LIBIOMMU_GROUP_GONE;
	else if (was != is)
		out->kind = is ? LIBIOMMU_GROUP_NOW_VIABLE : LIBIOMMU_GROUP_NOT_VIABLE;
	return !now || was != is;
}

int libiommu_group_change(const struct libiommu_group *before, const struct libiommu_group *now,
			  size_t index, struct libiommu_group_change *out)
{
	struct libiommu_group_change change = LIBIOMMU_GROUP_CHANGE_INIT;
	struct pair pair = { before, now, 0, 0 };
	bool found;

	if (!before || !out || out->size < sizeof(*out))
		return -EINVAL;
	while ((found = next_member(&pair, &change)) && index)
		index--;
	if (!found && (index || !whole(before, now, &change)))
		return -EINVAL;
	change.size = out->size;
	*out = change;
	return 0;
}

static int look_again(const struct libiommu_group *group, struct libiommu_group **now,
		      struct libiommu_failure *f)
{
	struct candidate *c;
	int code = group_backend(group->ctx, &c, f);

	if (!code)
		code = group_read(group->ctx, c, group->id, now, f);
	if (!code || f->reason != LIBIOMMU_REASON_GROUP_UNKNOWN)
		return code;
	*now = NULL;
	return 0;
}

int libiommu_group_changed(const struct libiommu_group *group, bool *changed,
			   struct libiommu_group **now, struct libiommu_error **err)
{
	struct libiommu_group_change change = LIBIOMMU_GROUP_CHANGE_INIT;
	struct libiommu_ctx *ctx = group ? group->ctx : NULL;
	struct libiommu_group *found = NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !changed)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = look_again(group, &found, &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	*changed = !libiommu_group_change(group, found, 0, &change);
	if (now)
		*now = found;
	else
		libiommu_group_unref(found);
	return 0;
}
