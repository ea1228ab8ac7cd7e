/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes the calls of a trace again, on the mock, and compares what comes back. A trace from a
 * real machine thus shows where the mock differs; one from the mock, what a change has changed.
 */
#include "calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_DIFFERENT 1
#define EXIT_TROUBLE   2

struct replay {
	struct world world;
	const char *path;
	bool loose;
	unsigned long line, made, left_out;
};

static int trouble(const struct replay *r, const char *why)
{
	fprintf(stderr, "%s:%lu: %s\n", r->path, r->line, why);
	return EXIT_TROUBLE;
}

/* "-> ok ..." or "-> refused REASON ...": how much of it counts when the rest does not. */
static size_t verdict_length(const char *result)
{
	size_t length = strcspn(result + 3, " ") + 3;

	if (!strncmp(result, "-> refused ", 11))
		length = 11 + strcspn(result + 11, " ");
	return length;
}

static bool same(const struct replay *r, const char *recorded, const char *replayed)
{
	size_t length = strlen(recorded);

	if (r->loose && strlen(recorded) > 3 && strlen(replayed) > 3) {
		length = verdict_length(recorded);
		return length == verdict_length(replayed) && !strncmp(recorded, replayed, length);
	}
	if (length > 4 && !strcmp(recorded + length - 4, " ..."))
		return !strncmp(recorded, replayed, length - 4);
	return !strcmp(recorded, replayed);
}

static int replay_line(struct replay *r, char *text)
{
	static struct trace_text out;
	struct trace_line line;
	char *shown = strdup(text);
	const char *why, *replayed;
	int status = 0;

	why = shown ? trace_parse(text, &line) : "there is no memory";
	if (!why && line.call && calls_outside(&line)) {
		r->left_out++;
	} else if (!why && line.call) {
		why = calls_replay(&r->world, &line, &out);
		replayed = out.used ? out.text + 1 : "";
		r->made++;
		if (!why && !same(r, line.result ? line.result : "", replayed)) {
			printf("%s:%lu: %s\n  replayed: %s\n", r->path, r->line, shown, replayed);
			status = EXIT_DIFFERENT;
		}
	}
	free(shown);
	return why ? trouble(r, why) : status;
}

static int replay_file(struct replay *r, FILE *file)
{
	char *text = NULL;
	size_t room = 0;
	int status = 0;
	ssize_t length;

	while (!status && (length = getline(&text, &room, file)) >= 0) {
		r->line++;
		if (text[length - 1] != '\n' || strlen(text) != (size_t)length) {
			status = trouble(r, "the line is not whole");
			break;
		}
		text[length - 1] = '\0';
		status = replay_line(r, text);
	}
	if (!status && ferror(file))
		status = trouble(r, strerror(errno));
	free(text);
	return status;
}

static char *read_machine(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *file = fopen(path, "r");

	if (!file || !text || !fread(text, 1, 65535, file)) {
		fprintf(stderr, "%s: it cannot be read, or is empty\n", path);
		free(text);
		text = NULL;
	}
	if (file)
		fclose(file);
	return text;
}

static int usage(FILE *out)
{
	fputs("usage: replay [--loose] [--machine FILE] TRACE\n"
	      "\n"
	      "Makes the calls of a trace again, on the mock, until the first difference.\n"
	      "\n"
	      "  --loose         compare what was refused and why, not what was answered\n"
	      "  --machine FILE  the mock's machine; default: the one that the trace names\n"
	      "\n"
	      "Exit status: 0 no difference, 1 a difference, 2 the trace makes no sense.\n",
	      out);
	return out == stdout ? 0 : EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
	struct replay r = { .path = NULL };
	const char *path = NULL;
	char *machine = NULL;
	FILE *file = NULL;
	int i, status;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (!strcmp(argv[i], "--help"))
			return usage(stdout);
		if (!strcmp(argv[i], "--loose"))
			r.loose = true;
		else if (!strcmp(argv[i], "--machine") && i + 1 < argc)
			path = argv[++i];
		else
			break;
	}
	if (i + 1 != argc)
		return usage(stderr);
	if (path && !(machine = read_machine(path)))
		return EXIT_TROUBLE;
	r.path = argv[i];
	r.world.machine_text = machine;
	file = fopen(r.path, "r");
	if (!file)
		status = trouble(&r, strerror(errno));
	else
		status = replay_file(&r, file);
	if (file)
		fclose(file);
	world_free(&r.world);
	free(machine);
	if (!status)
		printf("%lu calls are as recorded, %lu were left out\n", r.made, r.left_out);
	return status;
}
