/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_REGISTRY_H
#define LIB_REGISTRY_H

#include "lib/object.h"

/* Made by CMake from LIBIOMMU_BACKENDS; ends with NULL. */
extern const struct libiommu_backend *const libiommu_builtin_backends[];

#endif
