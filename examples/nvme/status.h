/* SPDX-License-Identifier: BSD-2-Clause */
/* What a completion's status says. */
#ifndef NVME_STATUS_H
#define NVME_STATUS_H

#include <stdbool.h>
#include <stdint.h>

/* A status without its phase bit: code in bits 0-7, type in bits 8-10. */
#define NVME_STATUS(type, code)  ((uint16_t)((type) << 8 | (code)))
#define NVME_STATUS_MASK         0x7ffu
#define NVME_STATUS_DO_NOT_RETRY 0x4000u

#define NVME_STATUS_SUCCESS        NVME_STATUS(0, 0x00)
#define NVME_STATUS_TRANSFER_ERROR NVME_STATUS(0, 0x04)
#define NVME_STATUS_ABORTED        NVME_STATUS(0, 0x07)

/** @return a short sentence; "unknown status" for those that are not in the table. Static */
const char *nvme_status_text(uint16_t status);

/** @return the negative errno that says the same to a caller who knows no NVMe */
int nvme_status_errno(uint16_t status);

#endif
