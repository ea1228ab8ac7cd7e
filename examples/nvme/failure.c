/* SPDX-License-Identifier: BSD-2-Clause */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int nvme_fail(struct nvme_failure *failure, int code, const char *format, ...)
{
	va_list args;

	if (!failure)
		return code;
	failure->code = code;
	failure->hint[0] = '\0';
	va_start(args, format);
	vsnprintf(failure->text, sizeof(failure->text), format, args);
	va_end(args);
	return code;
}

int nvme_fail_iommu(struct nvme_failure *failure, int code, const char *what,
		    struct libiommu_error *err)
{
	const char *reason = libiommu_reason_name(libiommu_error_reason(err));

	if (!err)
		return nvme_fail(failure, code, "%s: %s", what, strerror(-code));
	nvme_fail(failure, code, "%s: %s [%s]", what, libiommu_error_message(err),
		  reason ? reason : "");
	if (failure)
		snprintf(failure->hint, sizeof(failure->hint), "%s", libiommu_error_hint(err));
	libiommu_error_free(err);
	return code;
}

void nvme_failure_print(const struct nvme_failure *failure)
{
	fflush(stdout);
	fprintf(stderr, "nvme: %s\n", failure->text);
	if (*failure->hint)
		fprintf(stderr, "nvme: what helps: %s\n", failure->hint);
}
