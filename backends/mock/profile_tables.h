/* SPDX-License-Identifier: BSD-2-Clause */
/* The profiles, a table for each family. */
#ifndef BACKENDS_MOCK_PROFILE_TABLES_H
#define BACKENDS_MOCK_PROFILE_TABLES_H

#include "backends/mock/profile.h"

#define SIZE(shift) (UINT64_C(1) << (shift))

/* Every table ends with an entry without forms. */
extern const struct mock_profile mock_profiles_x86[];
extern const struct mock_profile mock_profiles_arm[];
extern const struct mock_profile mock_profiles_other[];

#endif
