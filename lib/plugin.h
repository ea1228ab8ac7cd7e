/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_PLUGIN_H
#define LIB_PLUGIN_H

#include <libiommu/backend.h>

/* A backend that came from a file. plugin.c, or plugin_none.c where the build has no loader. */
struct plugin {
	void *handle; /* NULL: none */
	const struct libiommu_backend *table;
};

int plugin_load(const char *path, struct plugin *out, struct libiommu_failure *f);
/* Nothing of the plugin may be in use any more: not its table, nor its strings. */
void plugin_unload(struct plugin *plugin);

#endif
