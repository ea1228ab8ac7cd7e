/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/same/same.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 512

struct step {
	char name[96], result[128];
};

struct same_log {
	const char *name;
	size_t count;
	struct step steps[STEPS];
};

/* Where two worlds may differ, and the rule of the kernel that makes them. */
static const struct {
	const char *step, *rule;
} accepted[] = {
	{ NULL, NULL },
};

struct same_log *same_log_new(const char *name)
{
	struct same_log *log = calloc(1, sizeof(*log));

	if (!log)
		abort();
	log->name = name;
	return log;
}

static const struct step *find(const struct same_log *log, const char *name)
{
	for (size_t i = 0; i < log->count; i++)
		if (!strcmp(log->steps[i].name, name))
			return &log->steps[i];
	return NULL;
}

/* Names are told apart: of two alike only the first would be compared. */
void same_log_add(struct same_log *log, const char *step, const char *result)
{
	struct step *new = &log->steps[log->count];

	if (log->count == STEPS || strlen(step) >= sizeof(new->name) ||
	    strlen(result) >= sizeof(new->result) || find(log, step)) {
		fprintf(stderr, "%s: this step cannot be noted\n", step);
		abort();
	}
	memcpy(new->name, step, strlen(step) + 1);
	memcpy(new->result, result, strlen(result) + 1);
	log->count++;
}

bool same_log_read(struct same_log *log, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[256], *result;

	if (!file) {
		perror(path);
		return false;
	}
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		result = strstr(line, " = ");
		if (!result || line[0] == '#')
			continue;
		*result = 0;
		same_log_add(log, line, result + 3);
	}
	fclose(file);
	return true;
}

static const char *rule_of(const char *step)
{
	for (size_t i = 0; accepted[i].step; i++)
		if (!strcmp(accepted[i].step, step))
			return accepted[i].rule;
	return NULL;
}

/* What one has and the other has not is a difference. */
static void look_for(const struct same_log *log, const struct same_log *other,
		     struct same_result *result)
{
	for (size_t i = 0; i < log->count; i++) {
		const struct step *step = &log->steps[i];

		if (find(other, step->name))
			continue;
		printf("not ok %s: %s says \"%s\", %s has no such step\n", step->name, log->name,
		       step->result, other->name);
		result->compared++;
		result->differ++;
	}
}

struct same_result same_compare(const struct same_log *a, const struct same_log *b)
{
	struct same_result result = { 0 };

	for (size_t i = 0; i < a->count; i++) {
		const struct step *one = &a->steps[i], *other = find(b, one->name);
		const char *rule = rule_of(one->name);

		if (!other)
			continue;
		result.compared++;
		if (!strcmp(one->result, other->result))
			continue;
		printf("%s %s: %s says \"%s\", %s says \"%s\"%s%s\n", rule ? "accepted" : "not ok",
		       one->name, a->name, one->result, b->name, other->result, rule ? ": " : "",
		       rule ? rule : "");
		result.accepted += rule != NULL;
		result.differ += rule == NULL;
	}
	look_for(a, b, &result);
	look_for(b, a, &result);
	printf("info: %s and %s: %u steps, %u differ, %u accepted\n", a->name, b->name,
	       result.compared, result.differ, result.accepted);
	return result;
}
