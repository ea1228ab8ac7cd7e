/* SPDX-License-Identifier: BSD-2-Clause */
/* Every machine of tests/topologies, and the groups that are known of it. */
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock.h>

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define GROUPS_MAX 64
#define MEMBERS    512

struct known {
	bool any; /* number is not told */
	uint32_t id;
	char members[MEMBERS]; /* sorted, each with a blank behind it */
};

static struct dirent **entries;
static int entry_count;

static char *read_whole(const char *name)
{
	static char text[16384];
	char path[512];
	size_t length;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", TOPOLOGIES, name);
	in = fopen(path, "r");
	ck_assert_msg(in, "%s", path);
	length = fread(text, 1, sizeof(text) - 1, in);
	ck_assert_uint_lt(length, sizeof(text) - 1);
	fclose(in);
	text[length] = '\0';
	return text;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* "#= 3 0000:00:1f.2 0000:00:1f.0" */
static void read_known(const char *line, struct known *known)
{
	char words[48][32];
	int count = 0, used;

	while (count < 48 && sscanf(line, "%31s%n", words[count], &used) == 1) {
		line += used;
		count++;
	}
	ck_assert_int_ge(count, 2);
	known->any = strcmp(words[0], "-") == 0;
	known->id = (uint32_t)atoi(words[0]);
	known->members[0] = '\0';
	qsort(words[1], (size_t)count - 1, sizeof(words[1]), by_name);
	for (int i = 1; i < count; i++) {
		strcat(known->members, words[i]);
		strcat(known->members, " ");
	}
}

static size_t read_all_known(const char *text, struct known *known)
{
	char line[1024];
	size_t count = 0;

	for (const char *at = strstr(text, "\n#= "); at; at = strstr(at + 1, "\n#= ")) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at + 4, "\n"), at + 4);
		ck_assert_uint_lt(count, GROUPS_MAX);
		read_known(line, &known[count++]);
	}
	return count;
}

static void read_group(struct libiommu_ctx *ctx, uint32_t id, struct known *out)
{
	struct libiommu_group *group;

	out->id = id;
	out->members[0] = '\0';
	ck_assert_int_eq(libiommu_group_get(ctx, id, &group, NULL), 0);
	for (size_t i = 0; i < libiommu_group_member_count(group); i++) {
		struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;

		ck_assert_int_eq(libiommu_group_member(group, i, &member), 0);
		strcat(out->members, member.name);
		strcat(out->members, " ");
	}
	libiommu_group_unref(group);
}

static bool is_known(const struct known *known, size_t count, const struct known *group)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(known[i].members, group->members) == 0)
			return known[i].any || known[i].id == group->id;
	}
	return false;
}

static void compare(const char *name, const char *text)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct known known[GROUPS_MAX], group;
	uint32_t ids[GROUPS_MAX];
	struct libiommu_error *err = NULL;
	struct libiommu_ctx *ctx;
	size_t expected = read_all_known(text, known), count = GROUPS_MAX;
	int rc;

	opts.backend = "mock";
	opts.config = text;
	rc = libiommu_ctx_new(&opts, &ctx, &err);
	ck_assert_msg(!rc, "%s: %s %s", name, libiommu_error_subject(err),
		      libiommu_error_message(err));
	ck_assert_int_eq(libiommu_group_ids(ctx, ids, &count, NULL), 0);
	for (size_t i = 0; i < count; i++) {
		read_group(ctx, ids[i], &group);
		ck_assert_msg(is_known(known, expected, &group), "%s: group %u is %s", name,
			      group.id, group.members);
	}
	ck_assert_msg(count == expected, "%s: %zu groups, not %zu", name, count, expected);
	libiommu_ctx_free(ctx);
}

START_TEST(groups_are_as_known)
{
	const char *name = entries[_i]->d_name;
	const char *text = read_whole(name);

	ck_assert_msg(strstr(text, "# Source: "), "%s names no source", name);
	compare(name, text);
}
END_TEST

static int is_topology(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return dot && strcmp(dot, ".txt") == 0;
}

START_TEST(there_are_many)
{
	ck_assert_int_ge(entry_count, 33);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-topology");
	TCase *tcase = tcase_create("mock-topology");
	int failed;

	entry_count = scandir(TOPOLOGIES, &entries, is_topology, alphasort);
	if (entry_count < 0)
		return EXIT_FAILURE;
	tcase_add_test(tcase, there_are_many);
	tcase_add_loop_test(tcase, groups_are_as_known, 0, entry_count);
	suite_add_tcase(suite, tcase);
	failed = run_suite(suite);
	for (int i = 0; i < entry_count; i++)
		free(entries[i]);
	free(entries);
	return failed;
}
