/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONFORMANCE_RUNNER_H
#define CONFORMANCE_RUNNER_H

#include "cases.h"

typedef void (*suite_fn)(struct registry *registry);

/** A whole program that runs suites. @return its exit status */
int run_program(int argc, char **argv, const suite_fn *suites, size_t count);

#endif
