/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include <libiommu/backend.h>
#include <libiommu/error.h>

#include <stdarg.h>
#include <stddef.h>

/*
 * Inside the library a refusal travels as a struct libiommu_failure on the
 * stack; a public function turns it into an error as its last act.
 */

/* No reason, nothing said; the strings are cut, not cleared. */
static inline void libiommu_failure_init(struct libiommu_failure *failure)
{
	failure->reason = LIBIOMMU_REASON_NONE;
	failure->kernel_errno = 0;
	failure->kernel_call = NULL;
	failure->guess = false;
	failure->has_figures = false;
	failure->needed = 0;
	failure->available = 0;
	failure->subject[0] = '\0';
	failure->culprit[0] = '\0';
	failure->detail[0] = '\0';
}

int libiommu_refuse_va(struct libiommu_failure *failure, enum libiommu_reason reason,
		       const char *subject, const char *detail, va_list args)
	LIBIOMMU_PRINTF_(4, 0);

/* Hand a failure to the caller as *err, when the caller wants it; returns code. */
int libiommu_error_raise(struct libiommu_error **err, const struct libiommu_allocator *allocator,
			 int code, const struct libiommu_failure *failure);

/* A reason's hint; hints speak of a device as BDF, and here it is named ("": it is not known). */
void libiommu_hint(enum libiommu_reason reason, const char *device, char *out, size_t size);

/*
 * Make an error in *err (when err is not NULL) with the default allocator and
 * return the reason's negative errno: for functions that know no context.
 */
int libiommu_error_set(struct libiommu_error **err, enum libiommu_reason reason,
		       const char *subject, const char *detail, ...) LIBIOMMU_PRINTF_(4, 5);

/* *err = NULL; every public function begins with it. */
static inline void libiommu_error_clear(struct libiommu_error **err)
{
	if (err)
		*err = NULL;
}

#endif
