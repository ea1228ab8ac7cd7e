/* SPDX-License-Identifier: BSD-2-Clause */
/* Holds structs and constants against tables of facts: kind, name, offset, size or value. */
#ifndef UNIT_LAYOUT_H
#define UNIT_LAYOUT_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fact {
	const char *kind, *name;
	unsigned long long offset, value;
	bool seen;
};

#define STRUCT(type)                                           \
	{                                                      \
		"struct", #type, 0, sizeof(struct type), false \
	}
#define FIELD(type, field)                                               \
	{                                                                \
		"field", #type "." #field, offsetof(struct type, field), \
			sizeof(((struct type *)0)->field), false         \
	}
#define TAIL(type, field)                                                         \
	{                                                                         \
		"field", #type "." #field, offsetof(struct type, field), 0, false \
	}
#define CONSTANT(constant)                             \
	{                                              \
		"const", #constant, 0, constant, false \
	}

/* The field is named otherwise in the kernel. */
#define NAMED(type, field, name)                                       \
	{                                                              \
		"field", #type "." name, offsetof(struct type, field), \
			sizeof(((struct type *)0)->field), false       \
	}

static struct fact *facts;
static size_t fact_count;

static inline struct fact *find(const char *kind, const char *name)
{
	for (size_t i = 0; i < fact_count; i++)
		if (!strcmp(facts[i].kind, kind) && !strcmp(facts[i].name, name))
			return &facts[i];
	return NULL;
}

static inline int differs(const char *kind, const char *name, const char *offset, const char *value)
{
	struct fact *fact = find(kind, name);

	if (!fact)
		return 0;
	fact->seen = true;
	if ((*offset == '-' || strtoull(offset, NULL, 0) == fact->offset) &&
	    strtoull(value, NULL, 0) == fact->value)
		return 0;
	fprintf(stderr, "%s %s: offset %llu, %llu; the table says %s, %s\n", kind, name,
		fact->offset, fact->value, offset, value);
	return 1;
}

static inline int compare_table(const char *path)
{
	char line[256], kind[16], name[128], offset[32], value[32];
	FILE *file = fopen(path, "r");
	int wrong = 0;

	if (!file) {
		perror(path);
		return 1;
	}
	while (fgets(line, sizeof(line), file))
		if (line[0] != '#' &&
		    sscanf(line, "%15s %127s %31s %31s", kind, name, offset, value) == 4)
			wrong += differs(kind, name, offset, value);
	fclose(file);
	return wrong;
}

/* Every fact has to be in one of the tables. */
static inline int compare_tables(int count, char *const *paths)
{
	int wrong = 0;

	for (size_t i = 0; i < fact_count; i++)
		facts[i].seen = false;
	for (int i = 0; i < count; i++)
		wrong += compare_table(paths[i]);
	for (size_t i = 0; i < fact_count; i++) {
		if (facts[i].seen)
			continue;
		fprintf(stderr, "%s is not in %s\n", facts[i].name, paths[0]);
		wrong++;
	}
	return wrong;
}

/* The project's own table, and those that are named as arguments, together. */
static inline int check_tables(struct fact *from, size_t count, int argc, char **argv)
{
	char own[] = UAPI_TABLE;
	char *const owns[] = { own };
	int wrong;

	facts = from;
	fact_count = count;
	wrong = compare_tables(1, owns);
	if (argc > 1)
		wrong += compare_tables(argc - 1, argv + 1);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
