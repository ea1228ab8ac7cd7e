/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include <libiommu/backend.h>
#include <libiommu/error.h>

/*
 * Make an error in *err (when err is not NULL) and return the reason's negative
 * errno. subject may be NULL; detail is a printf format of one sentence more,
 * or NULL.
 */
int libiommu_error_set(struct libiommu_error **err, enum libiommu_reason reason,
		       const char *subject, const char *detail, ...) LIBIOMMU_PRINTF_(4, 5);

/* The same from a backend's failure; `code` is what the slot returned. */
int libiommu_error_set_failure(struct libiommu_error **err, int code,
			       const struct libiommu_failure *failure);

/* *err = NULL; every public function begins with it. */
static inline void libiommu_error_clear(struct libiommu_error **err)
{
	if (err)
		*err = NULL;
}

#endif
