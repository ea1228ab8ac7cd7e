/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CUT  " ...\n"
#define ROOM (TRACE_LINE - sizeof(CUT))

void trace_start(struct trace_text *t, unsigned int context, const char *call)
{
	t->used = 0;
	t->cut = false;
	trace_add(t, "c%u %s", context, call);
}

void trace_add(struct trace_text *t, const char *format, ...)
{
	va_list args;
	int length;

	if (t->cut)
		return;
	va_start(args, format);
	length = vsnprintf(t->text + t->used, ROOM - t->used, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= ROOM - t->used)
		t->cut = true;
	else
		t->used += (size_t)length;
}

void trace_quote(struct trace_text *t, const char *key, const char *value)
{
	trace_add(t, " %s=\"", key);
	for (const char *c = value ? value : ""; *c && !t->cut; c++) {
		if (*c == '"' || *c == '\\')
			trace_add(t, "\\%c", *c);
		else if (isprint((unsigned char)*c))
			trace_add(t, "%c", *c);
		else
			trace_add(t, "\\x%02x", (unsigned char)*c);
	}
	trace_add(t, "\"");
}

#define NAMES 7

static const char *const named[][NAMES] = {
	[TRACE_PROT] = { NULL, "r", "w", "rw" },
	[TRACE_TYPE] = { [LIBIOMMU_DOMAIN_PAGING] = "paging",
			 [LIBIOMMU_DOMAIN_BLOCKED] = "blocked",
			 [LIBIOMMU_DOMAIN_IDENTITY] = "identity",
			 [LIBIOMMU_DOMAIN_SVA] = "sva",
			 [LIBIOMMU_DOMAIN_NESTED] = "nested",
			 [LIBIOMMU_DOMAIN_SHARED] = "shared" },
	[TRACE_KIND] = { [LIBIOMMU_INTERRUPT_INTX] = "intx",
			 [LIBIOMMU_INTERRUPT_MSI] = "msi",
			 [LIBIOMMU_INTERRUPT_MSIX] = "msix",
			 [LIBIOMMU_INTERRUPT_ERROR] = "error",
			 [LIBIOMMU_INTERRUPT_REQUEST] = "request" },
	[TRACE_ANSWER] = { [LIBIOMMU_FAULT_RESOLVED] = "resolved",
			   [LIBIOMMU_FAULT_REFUSED] = "refused" },
};

void trace_named(struct trace_text *t, const char *key, enum trace_names names, unsigned int value)
{
	if (value < NAMES && named[names][value])
		trace_add(t, " %s=%s", key, named[names][value]);
	else
		trace_add(t, " %s=%u", key, value);
}

void trace_result(struct trace_text *t, int code, const struct libiommu_failure *failure)
{
	const char *name;

	if (!code) {
		trace_add(t, " -> ok");
		return;
	}
	name = failure ? libiommu_reason_name(failure->reason) : NULL;
	trace_add(t, " -> refused %s", name ? name : "without-reason");
	if (!failure)
		return;
	if (failure->subject[0])
		trace_quote(t, "subject", failure->subject);
	if (failure->kernel_errno)
		trace_add(t, " kernel=%d", failure->kernel_errno);
	if (failure->kernel_call)
		trace_quote(t, "call", failure->kernel_call);
}

void trace_geometry(struct trace_text *t, const char *prefix,
		    const struct libiommu_geometry *geometry)
{
	trace_add(t, " %spages=0x%" PRIx64 " %smin=0x%" PRIx64 " %sranges=", prefix,
		  geometry->page_sizes, prefix, geometry->page_min, prefix);
	for (size_t i = 0; i < geometry->count; i++)
		trace_add(t, "%s0x%" PRIx64 "-0x%" PRIx64, i ? "," : "", geometry->ranges[i].start,
			  geometry->ranges[i].last);
}

void trace_bytes(struct trace_text *t, const char *key, const void *bytes, size_t length)
{
	const unsigned char *at = bytes;

	trace_add(t, " %s=", key);
	for (size_t i = 0; i < length && !t->cut; i++)
		trace_add(t, "%02x", at[i]);
}

void trace_answer(struct trace_text *t, const struct libiommu_cap_answer *answer)
{
	static const char *const names[] = {
		[LIBIOMMU_ANSWER_UNKNOWN] = "unknown",
		[LIBIOMMU_ANSWER_NO] = "no",
		[LIBIOMMU_ANSWER_YES] = "yes",
	};

	trace_add(t, " -> %s value=0x%" PRIx64,
		  (unsigned int)answer->answer <= LIBIOMMU_ANSWER_YES ? names[answer->answer] : "?",
		  answer->value);
	trace_quote(t, "evidence", answer->evidence);
}

bool trace_write(struct trace_text *t, int fd)
{
	size_t done = 0;

	memcpy(t->text + t->used, t->cut ? CUT : "\n", t->cut ? sizeof(CUT) : 2);
	t->used += strlen(t->text + t->used);
	while (done < t->used) {
		ssize_t now = write(fd, t->text + done, t->used - done);

		if (now < 0 && errno != EINTR)
			return false;
		done += now > 0 ? (size_t)now : 0;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Undo trace_quote() in place, from behind the opening quote. @return behind the closing one */
static char *unquote(char *from)
{
	char *to = from;

	for (; *from && *from != '"'; to++) {
		if (*from != '\\') {
			*to = *from++;
		} else if (from[1] == 'x') {
			int high = hex_digit(from[2]);
			int low = high < 0 ? -1 : hex_digit(from[3]);

			if (low < 0 || !(high | low))
				return NULL;
			*to = (char)(high << 4 | low);
			from += 4;
		} else if (from[1] == '"' || from[1] == '\\') {
			*to = from[1];
			from += 2;
		} else {
			return NULL;
		}
	}
	if (!*from)
		return NULL;
	*to = '\0';
	return from + 1;
}

/* "key=value" or "key="value"" at *at, which moves behind it. */
static const char *parse_word(char **at, struct trace_line *out)
{
	char *key = *at, *value = key + strcspn(key, "= "), *end;

	if (out->count == TRACE_WORDS)
		return "too many arguments";
	if (*value != '=' || value == key)
		return "an argument is not of the form key=value";
	*value++ = '\0';
	if (*value == '"') {
		end = unquote(++value);
		if (!end || (*end && *end != ' '))
			return "a quoted text does not end, or has a strange escape";
	} else {
		end = value + strcspn(value, " ");
	}
	*at = end + (*end == ' ');
	*end = '\0';
	for (size_t i = 0; i < out->count; i++) {
		if (!strcmp(out->word[i].key, key))
			return "an argument is there twice";
	}
	out->word[out->count].key = key;
	out->word[out->count++].value = value;
	return NULL;
}

static bool parse_context(char *word, unsigned int *out)
{
	char *end;
	unsigned long number;

	if (word[0] != 'c' || !isdigit((unsigned char)word[1]))
		return false;
	errno = 0;
	number = strtoul(word + 1, &end, 10);
	*out = (unsigned int)number;
	return !errno && *end == ' ' && number == *out;
}

const char *trace_parse(char *text, struct trace_line *out)
{
	size_t length = strlen(text);
	bool cut = length > 4 && !strcmp(text + length - 4, " ...");
	char *at, *end;

	memset(out, 0, sizeof(*out));
	if (!*text || *text == '#')
		return NULL;
	if (!parse_context(text, &out->context))
		return "it does not begin with a context, such as c1";
	at = strchr(text, ' ') + 1;
	end = at + strcspn(at, " ");
	if (end == at)
		return "there is no call";
	out->call = at;
	at = end + (*end == ' ');
	*end = '\0';
	while (*at && strncmp(at, "-> ", 3)) {
		const char *why = parse_word(&at, out);

		if (why)
			return cut ? "the line was cut when it was written" : why;
	}
	if (*at)
		out->result = at;
	return NULL;
}

const char *trace_string(const struct trace_line *line, const char *key)
{
	for (size_t i = 0; i < line->count; i++) {
		if (!strcmp(line->word[i].key, key))
			return line->word[i].value;
	}
	return NULL;
}

bool trace_number(const struct trace_line *line, const char *key, uint64_t *out)
{
	const char *value = trace_string(line, key);
	char *end;

	if (!value || !isdigit((unsigned char)*value))
		return false;
	errno = 0;
	*out = strtoull(value, &end, 0);
	return !errno && !*end;
}

bool trace_name(const struct trace_line *line, const char *key, enum trace_names names,
		uint64_t *out)
{
	const char *value = trace_string(line, key);

	for (unsigned int i = 0; value && i < NAMES; i++) {
		if (named[names][i] && !strcmp(named[names][i], value)) {
			*out = i;
			return true;
		}
	}
	return trace_number(line, key, out);
}

bool trace_take_bytes(const struct trace_line *line, const char *key, void *out, size_t room,
		      size_t *length)
{
	const char *value = trace_string(line, key);
	unsigned char *to = out;

	if (!value || strlen(value) % 2 || strlen(value) / 2 > room)
		return false;
	for (*length = 0; *value; value += 2) {
		int high = hex_digit(value[0]), low = hex_digit(value[1]);

		if (high < 0 || low < 0)
			return false;
		to[(*length)++] = (unsigned char)(high << 4 | low);
	}
	return true;
}
