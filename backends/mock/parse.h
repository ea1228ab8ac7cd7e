/* SPDX-License-Identifier: BSD-2-Clause */
/* The text that describes a machine; docs/mock.md is its manual. */
#ifndef BACKENDS_MOCK_PARSE_H
#define BACKENDS_MOCK_PARSE_H

#include "backends/mock/machine.h"

/* Fill an empty machine; on failure it is half filled. */
int mock_parse(struct mock_machine *machine, const char *text, struct libiommu_failure *failure);

/* Lines of devices alone, for a machine that runs. What they leave half done, the caller undoes. */
int mock_parse_devices(struct mock_machine *machine, const char *text,
		       struct libiommu_failure *failure);

/* The machine that a context without a text gets. */
extern const char mock_default_text[];

#endif
