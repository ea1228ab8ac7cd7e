/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers and names as sysfs has them. */
#include "lib/sysfs_tree.h"

#include <string.h>

bool sysfs_parse_u32(const char *text, uint32_t *out)
{
	uint64_t value = 0;

	if (!*text || strlen(text) > 10 || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*out = (uint32_t)value;
	return value <= UINT32_MAX;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool sysfs_parse_hex(const char **text, uint64_t *out)
{
	const char *at = *text;
	unsigned int digits = 0;

	if (at[0] != '0' || at[1] != 'x')
		return false;
	*out = 0;
	for (at += 2; digit(*at) >= 0; at++, digits++)
		*out = *out << 4 | (uint64_t)digit(*at);
	*text = at;
	return digits && digits <= 16;
}

bool sysfs_is_text(const char *text)
{
	for (; *text; text++) {
		if (*text < 0x20 || *text > 0x7e)
			return false;
	}
	return true;
}

bool sysfs_is_pci_name(const char *name)
{
	static const char form[] = "xx:xx.x";
	size_t domain = 0;

	/* Domains of VMD have five digits and more. */
	while (digit(name[domain]) >= 0)
		domain++;
	if (domain < 4 || domain > 8 || name[domain] != ':')
		return false;
	name += domain + 1;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'x' ? digit(name[i]) < 0 : name[i] != form[i])
			return false;
	return !name[sizeof(form) - 1] && name[sizeof(form) - 2] <= '7';
}

bool libiommu_sysfs_name_valid(const char *name)
{
	bool numbers = true, colon = false;
	size_t length = strlen(name);

	if (!length || length >= LIBIOMMU_SYSFS_NAME || !strcmp(name, ".") || !strcmp(name, ".."))
		return false;
	for (const char *at = name; *at; at++) {
		bool plain = digit(*at) >= 0 || *at == ':' || *at == '.';

		if (!plain && !(*at >= 'a' && *at <= 'z') && !(*at >= 'A' && *at <= 'Z') &&
		    !strchr("-_,@+", *at))
			return false;
		numbers &= plain;
		colon |= *at == ':';
	}
	/* "3b:00.0" is a PCI name without its domain rather than a name on another bus. */
	return sysfs_is_pci_name(name) || !(numbers && colon);
}

bool libiommu_sysfs_driver_is_vfio(const char *driver)
{
	return strstr(driver, "vfio") != NULL;
}

bool libiommu_sysfs_driver_blocks(const char *driver)
{
	/* Drivers that do no DMA of their own, as the kernel marks them (driver_managed_dma). */
	static const char *const harmless[] = { "pci-stub", "pcieport", "simple-pm-bus" };

	if (!*driver || libiommu_sysfs_driver_is_vfio(driver))
		return false;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (!strcmp(driver, harmless[i]))
			return false;
	return true;
}
