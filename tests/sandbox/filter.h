/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A filter of system calls that is made from the tables of the sources and from nothing else, but
 * for what the test program does itself. What is not in it kills the process.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <stdbool.h>
#include <stddef.h>

enum calls { CALLS_VFIO, CALLS_IOMMUFD };

struct filter {
	enum calls calls;
	bool below;          /* also paths below an open directory */
	bool links;          /* also readlink: the fake kernel looks at descriptors */
	const char *without; /* the name of an ioctl that is left out; NULL: none */
};

/* @return 0, or -1 with errno; cannot be undone */
int filter_install(const struct filter *filter);

/* The name of an ioctl that the lists have under one number only; NULL behind the last one. */
const char *filter_ioctl(enum calls calls, size_t index);

/* @return whether the filter would let an ioctl pass */
bool filter_passes(const struct filter *filter, unsigned long request);

#endif
