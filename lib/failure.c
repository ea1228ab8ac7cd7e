/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/error.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int libiommu_refuse_va(struct libiommu_failure *failure, enum libiommu_reason reason,
		       const char *subject, const char *detail, va_list args)
{
	int code = libiommu_reason_errno(reason);

	if (!code)
		code = EIO;
	if (!failure)
		return -code;
	failure->reason = reason;
	if (subject)
		snprintf(failure->subject, sizeof(failure->subject), "%s", subject);
	failure->detail[0] = '\0';
	if (detail)
		vsnprintf(failure->detail, sizeof(failure->detail), detail, args);
	return -code;
}

int libiommu_refuse(struct libiommu_failure *failure, enum libiommu_reason reason,
		    const char *subject, const char *detail, ...)
{
	va_list args;
	int code;

	va_start(args, detail);
	code = libiommu_refuse_va(failure, reason, subject, detail, args);
	va_end(args);
	return code;
}

int libiommu_refuse_kernel(struct libiommu_failure *failure, int error, const char *call,
			   const char *subject)
{
	if (!failure)
		return error;
	libiommu_refuse(failure, LIBIOMMU_REASON_KERNEL_REFUSED, subject, NULL);
	failure->kernel_errno = -error;
	failure->kernel_call = call;
	return error;
}

void libiommu_refuse_subject_range(struct libiommu_failure *failure, uint64_t start, uint64_t last)
{
	if (failure)
		snprintf(failure->subject, sizeof(failure->subject), "0x%" PRIx64 "-0x%" PRIx64,
			 start, last);
}

int libiommu_refuse_blocked(struct libiommu_failure *failure, const char *subject,
			    const char *blocker, const char *driver)
{
	size_t used;

	if (!failure)
		return -libiommu_reason_errno(LIBIOMMU_REASON_GROUP_NOT_VIABLE);
	if (failure->reason != LIBIOMMU_REASON_GROUP_NOT_VIABLE) {
		snprintf(failure->culprit, sizeof(failure->culprit), "%s", blocker);
		return libiommu_refuse(failure, LIBIOMMU_REASON_GROUP_NOT_VIABLE, subject,
				       "In the way: %s (%s).", blocker, driver);
	}
	used = strlen(failure->detail);
	if (used && failure->detail[used - 1] == '.')
		used--;
	/* Rather whole names than all of them. */
	if (used + strlen(blocker) + strlen(driver) + sizeof(", ()..., and others.") <
	    sizeof(failure->detail))
		snprintf(failure->detail + used, sizeof(failure->detail) - used, ", %s (%s).",
			 blocker, driver);
	else if (!strstr(failure->detail, "others"))
		snprintf(failure->detail + used, sizeof(failure->detail) - used, ", and others.");
	return -libiommu_reason_errno(LIBIOMMU_REASON_GROUP_NOT_VIABLE);
}

void libiommu_refuse_figures(struct libiommu_failure *failure, uint64_t needed, uint64_t available)
{
	if (!failure)
		return;
	failure->has_figures = true;
	failure->needed = needed;
	failure->available = available;
}
