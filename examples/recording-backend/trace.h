/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trace: one line for each call into a backend, written when the call is over.
 *
 *	c1 map domain=1 iova=0x100000 length=0x1000 prot=rw memory=0x7f0000000000 -> ok
 *	c1 attach device=1 domain=1 first=1 maps=1 -> refused device-busy subject="0000:00:03.0"
 *
 * The context, the call, its arguments, what came back. Objects have numbers of their context.
 */
#ifndef TRACE_H
#define TRACE_H

#include <libiommu/backend.h>

#define TRACE_VERSION 1u
#define TRACE_LINE    8192 /* longer lines are cut, and end in " ..." */
#define TRACE_WORDS   12

/* A line in the making. */
struct trace_text {
	char text[TRACE_LINE];
	size_t used;
	bool cut;
};

void trace_start(struct trace_text *t, unsigned int context, const char *call);
void trace_add(struct trace_text *t, const char *format, ...) LIBIOMMU_PRINTF_(2, 3);
/* " key="value"", with escapes; NULL is "". */
void trace_quote(struct trace_text *t, const char *key, const char *value);
/* Numbers that have names; a number without one is written as it is. */
enum trace_names { TRACE_PROT, TRACE_TYPE, TRACE_KIND, TRACE_ANSWER };
void trace_named(struct trace_text *t, const char *key, enum trace_names names, unsigned int value);
/* " -> ok", or " -> refused REASON ...". */
void trace_result(struct trace_text *t, int code, const struct libiommu_failure *failure);
void trace_geometry(struct trace_text *t, const char *prefix,
		    const struct libiommu_geometry *geometry);
/* " key=0a0b": bytes in hexadecimal digits. */
void trace_bytes(struct trace_text *t, const char *key, const void *bytes, size_t length);
void trace_answer(struct trace_text *t, const struct libiommu_cap_answer *answer);
/* The whole line in one write, so that lines of threads and processes do not mix. */
bool trace_write(struct trace_text *t, int fd);

/* A line taken apart; points into the text, which is changed. */
struct trace_line {
	unsigned int context;
	const char *call;
	struct {
		const char *key, *value;
	} word[TRACE_WORDS];
	size_t count;
	const char *result; /* " -> ..."; NULL: none */
};

/* NULL, or what is wrong with the line. An empty line or a comment has no call. */
const char *trace_parse(char *text, struct trace_line *out);
const char *trace_string(const struct trace_line *line, const char *key);
bool trace_number(const struct trace_line *line, const char *key, uint64_t *out);
bool trace_name(const struct trace_line *line, const char *key, enum trace_names names,
		uint64_t *out);
/* Bytes into an array; *length is how many there are. */
bool trace_take_bytes(const struct trace_line *line, const char *key, void *out, size_t room,
		      size_t *length);

#endif
