/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file error.h
 * Why something was refused.
 *
 * Every fallible function returns 0 or a negative errno and takes a
 * `struct libiommu_error **err` as its last parameter. NULL there means that no
 * diagnosis is wanted. Otherwise *err is set to NULL on success and to an error
 * on failure, which the caller owns and frees. What *err held before is
 * overwritten, never read.
 *
 * The same reason has the same errno on every backend. Only the reason
 * LIBIOMMU_REASON_KERNEL_REFUSED passes on what the kernel said.
 */
#ifndef LIBIOMMU_ERROR_H
#define LIBIOMMU_ERROR_H

#include <libiommu/reasons.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIBIOMMU_X_(number, constant, name, code, text, hint) LIBIOMMU_REASON_##constant = number,
/** Stable numbers of the reasons; reasons.h describes each. */
enum libiommu_reason {
	LIBIOMMU_REASON_NONE = 0,
	LIBIOMMU_REASONS(LIBIOMMU_X_) LIBIOMMU_REASON_PAD_ = 0x7fffffff
};
#undef LIBIOMMU_X_

/** @return the negative errno that the failing function returned; 0 for NULL. */
LIBIOMMU_API int libiommu_error_code(const struct libiommu_error *err);

/** @return the reason; LIBIOMMU_REASON_NONE for NULL. */
LIBIOMMU_API enum libiommu_reason libiommu_error_reason(const struct libiommu_error *err);

/**
 * @return what the refusal is about: a device ("0000:3b:00.0"), a range
 *         ("0x1000-0x1fff"), a file. Borrowed, lives as long as the error; ""
 *         where nothing can be named.
 */
LIBIOMMU_API const char *libiommu_error_subject(const struct libiommu_error *err);

/**
 * @return the subject, a sentence on the reason, and what is known beyond it;
 *         for a person, never NULL. Borrowed.
 */
LIBIOMMU_API const char *libiommu_error_message(const struct libiommu_error *err);

/** @return what a person can do about it, or "". Borrowed. */
LIBIOMMU_API const char *libiommu_error_hint(const struct libiommu_error *err);

/** @return the errno (positive) that the kernel gave; 0 when the kernel was not asked. */
LIBIOMMU_API int libiommu_error_kernel_errno(const struct libiommu_error *err);

/** @return the call that the kernel refused, such as "VFIO_IOMMU_MAP_DMA"; "" if none. Borrowed. */
LIBIOMMU_API const char *libiommu_error_kernel_call(const struct libiommu_error *err);

/**
 * @return true when the reason was inferred after the kernel's refusal from
 *         facts that may have changed since. Act on the errno then.
 */
LIBIOMMU_API bool libiommu_error_is_guess(const struct libiommu_error *err);

/**
 * The figures behind a limit, such as bytes of locked memory or mappings.
 * @param[out] needed    how much the call needed; may be NULL
 * @param[out] available how much there was; may be NULL
 * @return true when they are known
 */
LIBIOMMU_API bool libiommu_error_figures(const struct libiommu_error *err, uint64_t *needed,
					 uint64_t *available);

/** Free an error. NULL is allowed. */
LIBIOMMU_API void libiommu_error_free(struct libiommu_error *err);

/** @return the stable name of a reason ("group-not-viable"); NULL for a number without one. */
LIBIOMMU_API const char *libiommu_reason_name(enum libiommu_reason reason);

/** @return the positive errno of a reason; 0 for kernel-refused and for unknown numbers. */
LIBIOMMU_API int libiommu_reason_errno(enum libiommu_reason reason);

/** @return the reason's general sentence; NULL for a number without one. */
LIBIOMMU_API const char *libiommu_reason_text(enum libiommu_reason reason);

/** @return the reason's general hint, "" if none; NULL for a number without one. */
LIBIOMMU_API const char *libiommu_reason_hint(enum libiommu_reason reason);

/**
 * Walk over all reasons.
 * @param reason the last one seen, LIBIOMMU_REASON_NONE to begin
 * @return the next reason, LIBIOMMU_REASON_NONE after the last
 */
LIBIOMMU_API enum libiommu_reason libiommu_reason_next(enum libiommu_reason reason);

#ifdef __cplusplus
}
#endif

#endif
