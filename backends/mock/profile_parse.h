/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of an iommu line. */
#ifndef BACKENDS_MOCK_PROFILE_PARSE_H
#define BACKENDS_MOCK_PROFILE_PARSE_H

#include "backends/mock/profile.h"
#include "backends/mock/words.h"

/* From the profile, the third word, on. */
int mock_profile_parse(struct mock_words *words, struct mock_hw *hw);

#endif
