/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include "lib/object.h"

void log_line(const struct libiommu_ctx *ctx, enum libiommu_log_level level, const char *format,
	      ...) LIBIOMMU_PRINTF_(3, 4);

/* A line that nobody wants is not even formatted. */
#define log_at(ctx, level, ...)                                \
	do {                                                   \
		if ((ctx)->log && (level) <= (ctx)->log_level) \
			log_line((ctx), (level), __VA_ARGS__); \
	} while (0)

#endif
