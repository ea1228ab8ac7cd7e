/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CALLS_H
#define CALLS_H

#include "trace.h"
#include "world.h"

/*
 * Make the call of a line again, and write into `out` what came back, as the trace does.
 * @return NULL; else why the call cannot be made: the core would not make it
 */
const char *calls_replay(struct world *w, const struct trace_line *line, struct trace_text *out);

/*
 * Did this hang on something that a trace cannot bring along: the memory or the descriptors of
 * the process, or a device that asked for pages? Such a call has changed nothing that others
 * would show, so it is left out.
 */
bool calls_outside(const struct trace_line *line);

#endif
