/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine that the program has when nobody describes another one and the backend is the mock. */
#ifndef NVME_MACHINE_H
#define NVME_MACHINE_H

#include "failure.h"

/** One controller with a namespace of 512-byte blocks and one of 4096. */
extern const char nvme_machine_default[];

/** Read a description from a file. @param[out] text free it */
int nvme_machine_read(const char *path, char **text, struct nvme_failure *failure);

#endif
