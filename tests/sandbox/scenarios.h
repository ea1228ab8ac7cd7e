/* SPDX-License-Identifier: BSD-2-Clause */
/* What the half without privileges does, with the public API alone. */
#ifndef SANDBOX_SCENARIOS_H
#define SANDBOX_SCENARIOS_H

#include "world.h"

/* @return NULL, or what went wrong; static */
const char *scenario_own_domain(const struct world *world);
const char *scenario_sysfs(const struct world *world);
/* With every ioctl of the lists, of a device that does what this needs. */
const char *scenario_everything(const struct world *world);
const char *scenario_adopted(const struct world *world);
/* These must not come back. */
const char *scenario_path(const struct world *world);
const char *scenario_context_of_paths(const struct world *world);
const char *scenario_exec(const struct world *world);

#endif
