/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file version.h
 * Version of the headers and of the library that is linked.
 */
#ifndef LIBIOMMU_VERSION_H
#define LIBIOMMU_VERSION_H

#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIBIOMMU_VERSION_MAJOR 0
#define LIBIOMMU_VERSION_MINOR 1
#define LIBIOMMU_VERSION_PATCH 0

/** @return the version of the library in use, such as "0.1.0". */
LIBIOMMU_API const char *libiommu_version(void);

#ifdef __cplusplus
}
#endif

#endif
