/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine that the program has when nobody describes another one and the backend is the mock. */
#ifndef NVME_MACHINE_H
#define NVME_MACHINE_H

#include "failure.h"

/**
 * The text for a backend that wants one and was given none: for the mock one controller with a
 * namespace of 512-byte blocks and one of 4096.
 * @param backend NULL: not known yet
 * @return NULL when it wants none
 */
const char *nvme_machine_default(const char *backend);

/** Read a description from a file. @param[out] text free it */
int nvme_machine_read(const char *path, char **text, struct nvme_failure *failure);

#endif
