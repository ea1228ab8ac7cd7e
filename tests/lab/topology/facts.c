/* SPDX-License-Identifier: BSD-2-Clause */
#include "facts.h"

#include <dirent.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"

#define INTEL 0x8086u

enum { HEADER_TYPE = 0x0e, SECONDARY_BUS = 0x19, CAPABILITIES = 0x34, EXTENDED = 0x100 };
enum { CAP_EXPRESS = 0x10, EXTENDED_ACS = 0x0d };
enum { ROOT_PORT = 4, UPSTREAM, DOWNSTREAM, EXPRESS_TO_PCI, PCI_TO_EXPRESS, RC_ENDPOINT };

struct config {
	unsigned char bytes[4096];
	size_t length;
};

static unsigned int byte_at(const struct config *config, size_t at)
{
	return at < config->length ? config->bytes[at] : 0;
}

static unsigned int word_at(const struct config *config, size_t at)
{
	return byte_at(config, at) | byte_at(config, at + 1) << 8;
}

static size_t find_capability(const struct config *config, unsigned int id)
{
	size_t at = byte_at(config, CAPABILITIES) & ~3u;

	for (int i = 0; at && i < 48; i++) {
		if (byte_at(config, at) == id)
			return at;
		at = byte_at(config, at + 1) & ~3u;
	}
	return 0;
}

static size_t find_extended(const struct config *config, unsigned int id)
{
	size_t at = EXTENDED;

	for (int i = 0; at && i < 480; i++) {
		if (word_at(config, at) == id)
			return at;
		at = word_at(config, at + 2) >> 4 & ~3u;
	}
	return 0;
}

static bool read_config(const char *name, struct config *config)
{
	char path[PATH_MAX];
	FILE *in;

	snprintf(path, sizeof(path), DEVICES "/%s/config", name);
	in = fopen(path, "rb");
	if (!in)
		return false;
	config->length = fread(config->bytes, 1, sizeof(config->bytes), in);
	fclose(in);
	return config->length >= 64;
}

static bool read_number(const char *name, const char *file, bool hexadecimal, unsigned int *out)
{
	char path[PATH_MAX], text[32];
	bool ok;
	FILE *in;

	snprintf(path, sizeof(path), DEVICES "/%s/%s", name, file);
	in = fopen(path, "r");
	if (!in)
		return false;
	ok = fgets(text, sizeof(text), in) && sscanf(text, hexadecimal ? "%x" : "%u", out) == 1;
	fclose(in);
	return ok;
}

static bool read_target(const char *name, const char *link, char target[PATH_MAX])
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), DEVICES "/%s/%s", name, link);
	return realpath(path, target);
}

/* The folder "pci0000:40" that its path goes through. */
static bool find_root(const char *path, char *root, size_t size)
{
	for (const char *at = strstr(path, "/pci"); at; at = strstr(at + 1, "/pci")) {
		unsigned int segment, bus;

		if (sscanf(at, "/pci%x:%x/", &segment, &bus) == 2) {
			snprintf(root, size, "%04x:%02x", segment, bus);
			return true;
		}
	}
	return false;
}

static void read_registers(struct facts *facts, const struct config *config)
{
	unsigned int header = byte_at(config, HEADER_TYPE);
	size_t express = find_capability(config, CAP_EXPRESS), acs;

	facts->bridge = (header & 0x7f) == 1;
	facts->multifunction = header & 0x80;
	facts->below = byte_at(config, SECONDARY_BUS);
	facts->express = express;
	if (!express)
		return;
	facts->port_type = word_at(config, express + 2) >> 4 & 15;
	acs = find_extended(config, EXTENDED_ACS);
	facts->has_acs = acs;
	facts->acs_cap = acs ? word_at(config, acs + 4) & 0x7f : 0;
	facts->acs_on = acs ? word_at(config, acs + 6) & facts->acs_cap : 0;
}

static bool read_one(const char *name, struct facts *facts)
{
	struct config config;
	char path[PATH_MAX];
	unsigned int slot, function;

	memset(facts, 0, sizeof(*facts));
	snprintf(facts->name, sizeof(facts->name), "%.15s", name);
	if (sscanf(name, "%x:%x:%x.%x", &facts->segment, &facts->bus, &slot, &function) != 4)
		return false;
	facts->devfn = slot << 3 | function;
	if (!read_target(name, "", path) || !find_root(path, facts->root, sizeof(facts->root)) ||
	    !read_config(name, &config) || !read_number(name, "vendor", true, &facts->vendor) ||
	    !read_number(name, "device", true, &facts->device) ||
	    !read_number(name, "class", true, &facts->class_code))
		return false;
	facts->virtual_function = read_target(name, "physfn", path);
	if (read_target(name, "iommu", path))
		snprintf(facts->iommu, sizeof(facts->iommu), "%.63s", strrchr(path, '/') + 1);
	if (read_target(name, "driver", path))
		snprintf(facts->driver, sizeof(facts->driver), "%.63s", strrchr(path, '/') + 1);
	if (!read_number(name, "sriov_totalvfs", false, &facts->vfs[0]) ||
	    !read_number(name, "sriov_offset", false, &facts->vfs[1]) ||
	    !read_number(name, "sriov_stride", false, &facts->vfs[2]))
		facts->vfs[0] = 0;
	read_registers(facts, &config);
	return true;
}

/* Buses below have higher numbers. */
static int by_place(const void *a, const void *b)
{
	const struct facts *x = a, *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	if (x->bus != y->bus)
		return x->bus < y->bus ? -1 : 1;
	return (x->devfn > y->devfn) - (x->devfn < y->devfn);
}

size_t facts_read(struct facts *all, size_t room)
{
	DIR *dir = opendir(DEVICES);
	struct dirent *entry;
	size_t count = 0;
	bool ok = dir;

	while (ok && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		ok = count < room && read_one(entry->d_name, &all[count++]);
		if (!ok)
			printf("%s cannot be read\n", entry->d_name);
	}
	if (dir)
		closedir(dir);
	qsort(all, count, sizeof(*all), by_place);
	return ok ? count : 0;
}

static const char *type_of(const struct facts *facts)
{
	static const char *const express[] = {
		[0] = "endpoint",
		[1] = "legacy-endpoint",
		[ROOT_PORT] = "root-port",
		[UPSTREAM] = "upstream-port",
		[DOWNSTREAM] = "downstream-port",
		[EXPRESS_TO_PCI] = "pcie-pci-bridge",
		[PCI_TO_EXPRESS] = "pci-pcie-bridge",
		[RC_ENDPOINT] = "rc-endpoint",
		[RC_ENDPOINT + 1] = "rc-event-collector",
	};

	if (facts->virtual_function)
		return "vf";
	if (!facts->express)
		return facts->bridge ? "pci-bridge" : "conventional";
	if (facts->port_type < sizeof(express) / sizeof(express[0]) && express[facts->port_type])
		return express[facts->port_type];
	return "unknown";
}

static void write_list(FILE *out, const char *word, unsigned int bits)
{
	static const char names[7][3] = { "sv", "tb", "rr", "cr", "uf", "ec", "dt" };
	const char *between = "";

	fprintf(out, " %s=%s", word, bits ? "" : "none");
	for (unsigned int i = 0; i < 7; i++) {
		if (bits >> i & 1) {
			fprintf(out, "%s%s", between, names[i]);
			between = ",";
		}
	}
}

/* The first device that has the same. */
static size_t first_with(const struct facts *all, size_t at, size_t offset)
{
	size_t first = 0;

	while (strcmp((const char *)&all[first] + offset, (const char *)&all[at] + offset) != 0)
		first++;
	return first;
}

#define IOMMU offsetof(struct facts, iommu)
#define ROOT  offsetof(struct facts, root)

void facts_write_device(const struct facts *all, size_t i, FILE *out)
{
	const struct facts *facts = &all[i];

	fprintf(out, "device %s type=%s class=%06x id=%04x:%04x", facts->name, type_of(facts),
		facts->class_code, facts->vendor, facts->device);
	if (facts->iommu[0])
		fprintf(out, " iommu=u%zu", first_with(all, i, IOMMU));
	else
		fprintf(out, " iommu=none");
	if (facts->driver[0])
		fprintf(out, " driver=%s", facts->driver);
	if (facts->bridge)
		fprintf(out, " bus=%02x", facts->below);
	if (facts->vfs[0])
		fprintf(out, " vfs=%u,%u,%u", facts->vfs[0], facts->vfs[1], facts->vfs[2]);
	if (!facts->virtual_function)
		fprintf(out, " multifunction=%s", facts->multifunction ? "yes" : "no");
	if (facts->has_acs) {
		write_list(out, "acs", facts->acs_on);
		write_list(out, "acs-cap", facts->acs_cap);
	}
	/* Linux knows of all that Intel integrates in a root complex. */
	if (facts->vendor == INTEL && facts->express && facts->port_type == RC_ENDPOINT)
		fprintf(out, " quirk=isolated");
	fprintf(out, "\n");
}

/* By the name that its driver gives it. */
static const char *profile_of(const char *iommu)
{
	static const char *const profiles[][2] = {
		{ "dmar", "intel-vtd" },
		{ "ivhd", "amd-vi" },
		{ "smmu3", "arm-smmuv3" },
	};

	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strncmp(iommu, profiles[i][0], strlen(profiles[i][0])) == 0)
			return profiles[i][1];
	}
	return "virtio-iommu";
}

void facts_write(const struct facts *all, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		if (all[i].iommu[0] && first_with(all, i, IOMMU) == i)
			fprintf(out, "iommu u%zu %s\n", i, profile_of(all[i].iommu));
	}
	for (size_t i = 0; i < count; i++) {
		if (first_with(all, i, ROOT) == i)
			fprintf(out, "host-bridge %s grouping=pci-acs\n", all[i].root);
	}
	for (size_t i = 0; i < count; i++)
		facts_write_device(all, i, out);
}
