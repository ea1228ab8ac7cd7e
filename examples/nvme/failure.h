/* SPDX-License-Identifier: BSD-2-Clause */
/* Why something failed, for the person before the screen. */
#ifndef NVME_FAILURE_H
#define NVME_FAILURE_H

#include <libiommu/libiommu.h>

/** Functions that can fail take one as their last parameter and return its code. */
struct nvme_failure {
	int code; /**< negative errno; 0: nothing has failed */
	char text[512];
	char hint[256];
};

/** Fill a failure. NULL is allowed. @return code */
int nvme_fail(struct nvme_failure *failure, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** The same for a refusal of libiommu, with its reason and hint. Frees err. @return code */
int nvme_fail_iommu(struct nvme_failure *failure, int code, const char *what,
		    struct libiommu_error *err);

/** Print it on stderr. */
void nvme_failure_print(const struct nvme_failure *failure);

#endif
