/* SPDX-License-Identifier: BSD-2-Clause */
/* One line of a machine's text, cut into words, and the values in them. */
#ifndef BACKENDS_MOCK_WORDS_H
#define BACKENDS_MOCK_WORDS_H

#include <libiommu/backend.h>

#define MOCK_WORDS     32
#define MOCK_WORD_SIZE 96

struct mock_words {
	struct libiommu_failure *failure;
	unsigned int line; /* from 1 */
	size_t count;
	char word[MOCK_WORDS][MOCK_WORD_SIZE];
};

/* Config-syntax (or another reason) with the line as its subject. */
int mock_words_refuse(struct mock_words *words, const char *detail, ...) LIBIOMMU_PRINTF_(2, 3);

/* Cut the line that *text begins with and move *text to the next one. */
int mock_words_cut(struct mock_words *words, const char **text);

/* The value of "key=value", or NULL when the word is of another key. */
const char *mock_word_value(const char *word, const char *key);

/* Values; the refusal names the word. */
int mock_words_number(struct mock_words *words, const char *value, uint64_t least, uint64_t most,
		      uint64_t *out);
int mock_words_hex(struct mock_words *words, const char *value, uint64_t most, uint64_t *out);
int mock_words_bytes(struct mock_words *words, const char *value, uint64_t *out);
/* "0x1000-0x1fff", in whole pages */
int mock_words_range(struct mock_words *words, const char *text, struct libiommu_range *range);
/* One of two words, such as yes and no. */
int mock_words_choice(struct mock_words *words, const char *value, const char *is,
		      const char *is_not, bool *out);

#endif
