/* SPDX-License-Identifier: BSD-2-Clause */
/* What the lab's programs on libiommu have in common: arguments, checks, the line at the end. */
#ifndef LAB_TALLY_H
#define LAB_TALLY_H

#include <libiommu/libiommu.h>

#include <stdbool.h>
#include <stddef.h>

#define TALLY_DEVICES 4

struct tally {
	const char *backend, *reason;
	const char *device[TALLY_DEVICES];
	size_t devices;
};

/* "--backend NAME --reason NAME --device BDF..."; ends the program when that makes no sense. */
struct tally tally_arguments(int argc, char **argv);
/* @return ok */
bool tally(bool ok, const char *what);
/* A call that must work; takes the error. */
bool tally_call(int ret, struct libiommu_error *err, const char *what);
/* The summary. @return the exit status */
int tally_end(void);

#endif
