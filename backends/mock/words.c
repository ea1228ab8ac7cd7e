/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/words.h"

#include "backends/mock/ram.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int mock_words_refuse(struct mock_words *words, const char *detail, ...)
{
	char subject[24], text[200];
	va_list args;

	snprintf(subject, sizeof(subject), "line %u", words->line);
	va_start(args, detail);
	vsnprintf(text, sizeof(text), detail, args);
	va_end(args);
	return libiommu_refuse(words->failure, LIBIOMMU_REASON_CONFIG_SYNTAX, subject, "%s", text);
}

static size_t span(const char *text, const char *line_end, bool blank)
{
	size_t length = 0;

	while (text + length < line_end && !!strchr(" \t\r", text[length]) == blank)
		length++;
	return length;
}

int mock_words_cut(struct mock_words *words, const char **text)
{
	const char *at = *text, *newline = strchrnul(at, '\n');
	const char *end = memchr(at, '#', (size_t)(newline - at));

	*text = *newline ? newline + 1 : newline;
	words->line++;
	words->count = 0;
	if (!end)
		end = newline;
	for (at += span(at, end, true); at < end; at += span(at, end, true)) {
		size_t length = span(at, end, false);

		if (words->count == MOCK_WORDS)
			return mock_words_refuse(words, "The line has more than %d words.",
						 MOCK_WORDS);
		if (length >= MOCK_WORD_SIZE)
			return mock_words_refuse(words, "A word is longer than %d characters.",
						 MOCK_WORD_SIZE - 1);
		memcpy(words->word[words->count], at, length);
		words->word[words->count++][length] = 0;
		at += length;
	}
	return 0;
}

const char *mock_word_value(const char *word, const char *key)
{
	size_t length = strlen(key);

	return strncmp(word, key, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

/* strtoull takes signs, blanks and "0x"; here digits alone are numbers. */
static bool digits(const char *value, int base, uint64_t *out, const char **rest)
{
	const char *set = base == 16 ? "0123456789abcdefABCDEF" : "0123456789";
	char *end;

	if (!*value || !strchr(set, *value) || (base == 16 && value[0] == '0' && value[1] == 'x'))
		return false;
	errno = 0;
	*out = strtoull(value, &end, base);
	*rest = end;
	return errno == 0;
}

int mock_words_number(struct mock_words *words, const char *value, uint64_t least, uint64_t most,
		      uint64_t *out)
{
	const char *rest;

	if (!digits(value, 10, out, &rest) || *rest || *out < least || *out > most)
		return mock_words_refuse(words, "\"%s\" is not a number from %llu to %llu.", value,
					 (unsigned long long)least, (unsigned long long)most);
	return 0;
}

int mock_words_hex(struct mock_words *words, const char *value, uint64_t most, uint64_t *out)
{
	const char *rest;

	if (strncmp(value, "0x", 2) == 0)
		value += 2;
	if (!digits(value, 16, out, &rest) || *rest || *out > most)
		return mock_words_refuse(words, "\"%s\" is not a hexadecimal number up to 0x%llx.",
					 value, (unsigned long long)most);
	return 0;
}

int mock_words_bytes(struct mock_words *words, const char *value, uint64_t *out)
{
	static const char units[] = "KMGT";
	const char *rest, *unit;
	unsigned int shift = 0;

	if (strcmp(value, "unlimited") == 0) {
		*out = UINT64_MAX;
		return 0;
	}
	if (!digits(value, 10, out, &rest))
		return mock_words_refuse(words, "\"%s\" is not a size such as 64M.", value);
	unit = *rest ? strchr(units, *rest) : NULL;
	if (unit) {
		shift = 10 * (unsigned int)(unit - units + 1);
		rest++;
	}
	if (*rest || *out > UINT64_MAX >> shift)
		return mock_words_refuse(words, "\"%s\" is not a size such as 64M.", value);
	*out <<= shift;
	return 0;
}

int mock_words_choice(struct mock_words *words, const char *value, const char *is,
		      const char *is_not, bool *out)
{
	*out = strcmp(value, is) == 0;
	if (!*out && strcmp(value, is_not) != 0)
		return mock_words_refuse(words, "\"%s\" is neither %s nor %s.", value, is, is_not);
	return 0;
}

int mock_words_range(struct mock_words *words, const char *text, struct libiommu_range *range)
{
	char start[MOCK_WORD_SIZE];
	const char *dash = strchr(text, '-');
	int error;

	if (!dash)
		return mock_words_refuse(words, "\"%s\" is not a range such as 0x1000-0x1fff.",
					 text);
	snprintf(start, sizeof(start), "%.*s", (int)(dash - text), text);
	error = mock_words_hex(words, start, UINT64_MAX, &range->start);
	if (!error)
		error = mock_words_hex(words, dash + 1, UINT64_MAX, &range->last);
	if (!error && (range->start > range->last || range->start % MOCK_PAGE ||
		       (range->last + 1) % MOCK_PAGE))
		error = mock_words_refuse(words, "\"%s\" does not hold whole pages.", text);
	return error;
}
