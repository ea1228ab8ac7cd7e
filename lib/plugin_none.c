/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/plugin.h"

int plugin_load(const char *path, struct plugin *out, struct libiommu_failure *f)
{
	(void)out;
	return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_CAPABILITY, path,
			       "This libiommu was built without LIBIOMMU_PLUGINS.");
}

void plugin_unload(struct plugin *plugin)
{
	(void)plugin;
}
