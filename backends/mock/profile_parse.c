/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/profile_parse.h"

#include <stdio.h>
#include <string.h>

/* "4K,2M,1G" */
static int parse_pages(struct mock_words *words, const char *value, uint64_t *sizes)
{
	char text[MOCK_WORD_SIZE], *rest = text, *one;

	snprintf(text, sizeof(text), "%s", value);
	*sizes = 0;
	while ((one = strsep(&rest, ","))) {
		uint64_t size;
		int error = mock_words_bytes(words, one, &size);

		if (error)
			return error;
		if (!size || size & (size - 1))
			return mock_words_refuse(
				words, "pages= takes sizes such as 4K,2M, not \"%s\".", value);
		*sizes |= size;
	}
	return 0;
}

static int parse_small(struct mock_words *words, const char *value, unsigned int least,
		       unsigned int most, unsigned int *out)
{
	uint64_t number = 0;
	int error = mock_words_number(words, value, least, most, &number);

	if (!error)
		*out = (unsigned int)number;
	return error;
}

/* What chooses a form. @return 1: it is another word */
static int parse_wish(struct mock_words *words, const char *word, struct mock_wish *wish)
{
	const char *value;

	if ((value = mock_word_value(word, "width")))
		return parse_small(words, value, 1, 64, &wish->width);
	if ((value = mock_word_value(word, "stage")))
		return parse_small(words, value, 1, 2, &wish->stage);
	if ((value = mock_word_value(word, "granule")))
		return mock_words_bytes(words, value, &wish->granule);
	if ((value = mock_word_value(word, "pages")))
		return parse_pages(words, value, &wish->page_sizes);
	if ((value = mock_word_value(word, "aperture")))
		return mock_words_range(words, value, &wish->window);
	return 1;
}

static int parse_hw_word(struct mock_words *words, struct mock_hw *hw, size_t index)
{
	const char *word = words->word[index], *value;

	if ((value = mock_word_value(word, "phys")))
		return parse_small(words, value, 32, hw->phys_most, &hw->phys_width);
	if ((value = mock_word_value(word, "pasid")))
		return parse_small(words, value, 0, hw->pasid_bits, &hw->pasid_bits);
	if ((value = mock_word_value(word, "coherent")))
		return mock_words_choice(words, value, "yes", "no", &hw->coherent);
	if ((value = mock_word_value(word, "snoop")))
		return mock_words_choice(words, value, "yes", "no", &hw->snoop_control);
	if ((value = mock_word_value(word, "msi")))
		return mock_words_choice(words, value, "isolated", "unsafe", &hw->msi_isolated);
	if ((value = mock_word_value(word, "ad"))) {
		int error = mock_words_choice(words, value, "yes", "no", &hw->accessed_dirty);

		if (!error && hw->accessed_dirty && !hw->can_mark)
			error = mock_words_refuse(
				words, "The hardware of %s sets no marks: ad=yes.", hw->profile);
		return error;
	}
	if ((value = mock_word_value(word, "mode"))) {
		bool legacy; /* parse_mode() has used it. */

		return mock_words_choice(words, value, "legacy", "scalable", &legacy);
	}
	return mock_words_refuse(words, "\"%s\" does not belong into an iommu line.", word);
}

/* The value of an option. @return NULL: it is not there */
static const char *option(const struct mock_words *words, const char *key)
{
	const char *value = NULL;

	for (size_t i = words->count; i > 3 && !value; i--)
		value = mock_word_value(words->word[i - 1], key);
	return value;
}

/* Wherever it stands: the other options say less than the mode. */
static int parse_mode(struct mock_words *words, struct mock_hw *hw)
{
	const char *value = option(words, "mode");
	bool legacy = false;
	int error;

	if (!value)
		return 0;
	error = mock_words_choice(words, value, "legacy", "scalable", &legacy);
	if (!error && !hw->has_legacy)
		error = mock_words_refuse(words, "Profile %s has no modes: mode=%s.", hw->profile,
					  value);
	if (!error && legacy)
		mock_hw_make_legacy(hw);
	return error;
}

static int refuse_misfit(struct mock_words *words, enum mock_misfit misfit, const char *profile,
			 const struct mock_wish *wish)
{
	switch (misfit) {
	case MOCK_FITS:
		return 0;
	case MOCK_NO_WIDTH:
		return mock_words_refuse(words, "Profile %s has no width of %u bits.", profile,
					 wish->width);
	case MOCK_NO_STAGE:
		return mock_words_refuse(words, "Profile %s has no stage %u to choose.", profile,
					 wish->stage);
	case MOCK_NO_GRANULE:
		return mock_words_refuse(words, "Profile %s has no granule of %llu bytes.", profile,
					 (unsigned long long)wish->granule);
	case MOCK_NO_PAGES:
		return mock_words_refuse(
			words, "Profile %s has other sizes, or also a smaller one, than pages=%s.",
			profile, option(words, "pages"));
	case MOCK_NO_WINDOW:
		return mock_words_refuse(
			words, "Profile %s does not translate all of the aperture=.", profile);
	case MOCK_NO_FORM:
		break;
	}
	return mock_words_refuse(words, "Profile %s has nothing that all of these options fit.",
				 profile);
}

static int refuse_profile(struct mock_words *words, const char *name)
{
	const struct mock_profile *profile;
	char known[256] = "";
	size_t used = 0;

	for (size_t i = 0; (profile = mock_profile_at(i)) && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
					 used ? ", " : "", profile->hw.profile);
	return mock_words_refuse(words, "There is no profile \"%s\"; known: %s.", name, known);
}

int mock_profile_parse(struct mock_words *words, struct mock_hw *hw)
{
	const struct mock_profile *profile = mock_profile_find(words->word[2]);
	struct mock_wish wish = { 0 };
	int error;

	if (!profile)
		return refuse_profile(words, words->word[2]);
	*hw = profile->hw;
	error = parse_mode(words, hw);
	if (error)
		return error;
	for (size_t i = 3; i < words->count; i++) {
		error = parse_wish(words, words->word[i], &wish);
		if (error > 0)
			error = parse_hw_word(words, hw, i);
		if (error)
			return error;
	}
	return refuse_misfit(words, mock_profile_shape(profile, &wish, hw), hw->profile, &wish);
}
