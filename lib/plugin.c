/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/plugin.h"
#include "lib/registry.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

/* Numbers to look for, so as to say what a plugin was built for. */
#define OTHER_ABIS 64u

static int refuse_file(const char *path, const char *why, struct libiommu_failure *f)
{
	return libiommu_refuse(f, LIBIOMMU_REASON_PLUGIN_MISSING, path, "%s", why);
}

static int refuse_symbol(void *handle, const char *path, struct libiommu_failure *f)
{
	for (unsigned int abi = 0; abi < OTHER_ABIS; abi++) {
		char name[48];

		snprintf(name, sizeof(name), "libiommu_backend_entry_%u", abi);
		if (dlsym(handle, name))
			return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_ABI, path,
					       "It has %s, but %s is needed.", name,
					       TEXT(LIBIOMMU_BACKEND_ENTRY));
	}
	return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_ABI, path, "It has no %s.",
			       TEXT(LIBIOMMU_BACKEND_ENTRY));
}

static int ask(void *handle, const char *path, const struct libiommu_backend **table,
	       struct libiommu_failure *f)
{
	const struct libiommu_backend *(*entry)(void);
	void *symbol = dlsym(handle, TEXT(LIBIOMMU_BACKEND_ENTRY));
	struct candidate adapted;

	if (!symbol)
		return refuse_symbol(handle, path, f);
	memcpy(&entry, &symbol, sizeof(entry));
	*table = entry();
	if (!*table)
		return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_ABI, path,
				       "Its entry gives no table.");
	return registry_adapt(*table, &adapted, f);
}

int plugin_load(const char *path, struct plugin *out, struct libiommu_failure *f)
{
	void *handle;
	int code;

	/* The loader would search for a bare name, where the environment says. */
	if (!strchr(path, '/'))
		return refuse_file(path, "A path is needed, with a slash in it.", f);
	handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		const char *why = dlerror();

		return refuse_file(path, why ? why : "", f);
	}
	code = ask(handle, path, &out->table, f);
	if (code) {
		if (!f->subject[0])
			snprintf(f->subject, sizeof(f->subject), "%s", path);
		dlclose(handle);
		return code;
	}
	out->handle = handle;
	return 0;
}

void plugin_unload(struct plugin *plugin)
{
	if (plugin->handle)
		dlclose(plugin->handle);
}
