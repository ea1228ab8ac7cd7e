/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/log.h"

#include <stdio.h>

void log_line(const struct libiommu_ctx *ctx, enum libiommu_log_level level, const char *format,
	      ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	ctx->log(ctx->log_data, level, line);
}
