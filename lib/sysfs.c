/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH_SIZE 512
/* A folder with more entries than this is a fault of the file system, not a machine. */
#define MAX_ENTRIES (1u << 17)

static int refuse(struct libiommu_failure *failure, int error, const char *call, const char *path)
{
	libiommu_refuse_kernel(failure, error, call, path);
	switch (error) {
	case -EMFILE:
	case -ENFILE:
		return libiommu_refuse(failure, LIBIOMMU_REASON_FD_LIMIT, path, NULL);
	case -ENOMEM:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, path, NULL);
	case -EBADF:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_PASSED_FD, "/sys", NULL);
	default:
		return libiommu_refuse(failure, LIBIOMMU_REASON_SYSFS, path, NULL);
	}
}

static int refuse_content(struct libiommu_failure *failure, const char *path, const char *what)
{
	return libiommu_refuse(failure, LIBIOMMU_REASON_SYSFS, path, "It holds %s.", what);
}

__attribute__((format(printf, 2, 3))) static int print(char path[PATH_SIZE], const char *format,
						       ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(path, PATH_SIZE, format, args);
	va_end(args);
	return length < 0 || length >= PATH_SIZE ? -ENAMETOOLONG : 0;
}

struct libiommu_sysfs libiommu_sysfs_beside(const struct libiommu_sysfs *fs, const char *root)
{
	return (struct libiommu_sysfs){ fs->sys, fs->root ? root : NULL, -1 };
}

static int open_at(const struct libiommu_sysfs *fs, const char *path, int flags)
{
	const struct libiommu_sys *sys = fs->sys;
	char full[PATH_SIZE];
	int rc;

	if (!fs->root)
		return fs->directory < 0 ? -EBADF
					 : sys->openat(sys->data, fs->directory, path, flags);
	rc = print(full, "%s/%s", fs->root, path);
	return rc ? rc : sys->open(sys->data, full, flags);
}

static int64_t readlink_at(const struct libiommu_sysfs *fs, const char *path, char *out,
			   size_t size)
{
	const struct libiommu_sys *sys = fs->sys;
	char full[PATH_SIZE];
	int rc;

	if (!fs->root)
		return fs->directory < 0
			       ? -EBADF
			       : sys->readlinkat(sys->data, fs->directory, path, out, size);
	rc = print(full, "%s/%s", fs->root, path);
	return rc ? rc : sys->readlink(sys->data, full, out, size);
}

int libiommu_sysfs_read(const struct libiommu_sysfs *fs, const char *path, char *out, size_t size)
{
	const struct libiommu_sys *sys = fs->sys;
	size_t length = 0;
	int64_t n = 0;
	int fd = open_at(fs, path, O_RDONLY);

	if (fd < 0)
		return fd;
	while (length < size) {
		n = sys->pread(sys->data, fd, out + length, size - length, length);
		if (n <= 0)
			break;
		length += (uint64_t)n;
	}
	sys->close(sys->data, fd);
	if (n < 0)
		return (int)n;
	if (length >= size || memchr(out, '\0', length))
		return -EIO;
	if (length && out[length - 1] == '\n')
		length--;
	out[length] = '\0';
	return (int)length;
}

int libiommu_sysfs_link(const struct libiommu_sysfs *fs, const char *path, char *out, size_t size)
{
	char target[PATH_SIZE];
	const char *last;
	int64_t n = readlink_at(fs, path, target, sizeof(target));

	if (n < 0)
		return (int)n;
	if (n >= (int64_t)sizeof(target))
		return -EIO;
	target[n] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (!*last || strlen(last) >= size)
		return -EIO;
	strcpy(out, last);
	return (int)strlen(last);
}

/* One record of getdents64: inode 8, offset 8, length 2, type 1, name. */
#define RECORD_LENGTH 16
#define RECORD_NAME   19

static int visit_records(const char *buffer, size_t size, unsigned int *left,
			 int (*visit)(void *data, const char *name), void *data)
{
	uint16_t length;
	int rc;

	for (size_t at = 0; at < size; at += length) {
		const char *name = buffer + at + RECORD_NAME;

		if (size - at <= RECORD_NAME || !*left)
			return -EIO;
		memcpy(&length, buffer + at + RECORD_LENGTH, sizeof(length));
		if (length <= RECORD_NAME || length > size - at)
			return -EIO;
		if (!memchr(name, '\0', length - RECORD_NAME))
			return -EIO;
		--*left;
		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		rc = visit(data, name);
		if (rc)
			return rc;
	}
	return 0;
}

int libiommu_sysfs_list(const struct libiommu_sys *sys, int directory,
			int (*visit)(void *data, const char *name), void *data)
{
	_Alignas(8) char buffer[4096];
	unsigned int left = MAX_ENTRIES;
	int64_t n;
	int rc = 0;

	while (!rc) {
		n = sys->getdents(sys->data, directory, buffer, sizeof(buffer));
		if (n <= 0)
			return (int)n;
		if (n > (int64_t)sizeof(buffer))
			return -EIO;
		rc = visit_records(buffer, (size_t)n, &left, visit, data);
	}
	return rc;
}

/* @return 0, what the visitor returned, or the failed call's errno with *call set */
static int visit_folder(const struct libiommu_sysfs *fs, const char *path, const char **call,
			int (*visit)(void *data, const char *name), void *data)
{
	int rc, fd = open_at(fs, path, O_RDONLY | O_DIRECTORY);

	*call = "open";
	if (fd < 0)
		return fd;
	*call = "getdents64";
	rc = libiommu_sysfs_list(fs->sys, fd, visit, data);
	fs->sys->close(fs->sys->data, fd);
	return rc;
}

static bool parse_u32(const char *text, uint32_t *out)
{
	uint64_t value = 0;

	if (!*text || strlen(text) > 10)
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

/* "0x" and hexadecimal digits; *text then stands behind them. */
static bool parse_hex(const char **text, uint64_t *out)
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

static bool is_pci_name(const char *name)
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
	return is_pci_name(name) || !(numbers && colon);
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

struct id_walk {
	libiommu_sysfs_id_fn visit;
	void *data;
	struct libiommu_failure *failure;
	int rc;
};

static int visit_id(void *data, const char *name)
{
	struct id_walk *walk = data;
	uint32_t id;

	if (parse_u32(name, &id))
		walk->rc = walk->visit(walk->data, id, walk->failure);
	return walk->rc;
}

int libiommu_sysfs_groups(const struct libiommu_sysfs *fs, libiommu_sysfs_id_fn visit, void *data,
			  struct libiommu_failure *failure)
{
	struct id_walk walk = { visit, data, failure, 0 };
	const char *call;
	int rc = visit_folder(fs, "kernel/iommu_groups", &call, visit_id, &walk);

	if (walk.rc || rc == -ENOENT)
		return walk.rc;
	return rc < 0 ? refuse(failure, rc, call, "kernel/iommu_groups") : 0;
}

/* A device's folder: PCI names tell their bus, others are looked for. */
static int find_device(const struct libiommu_sysfs *fs, const char *name, char path[PATH_SIZE],
		       struct libiommu_failure *failure)
{
	static const char *const buses[] = { "platform", "amba", "fsl-mc", "cdx" };
	const size_t count = is_pci_name(name) ? 1 : sizeof(buses) / sizeof(buses[0]);
	char scratch[PATH_SIZE];
	int rc;

	for (size_t i = 0; i < count; i++) {
		rc = print(path, "bus/%s/devices/%s", is_pci_name(name) ? "pci" : buses[i], name);
		if (!rc)
			rc = libiommu_sysfs_link(fs, path, scratch, sizeof(scratch));
		/* A folder that is no link is there as well. */
		if (rc >= 0 || rc == -EINVAL)
			return 0;
		if (rc != -ENOENT && rc != -ENOTDIR)
			return refuse(failure, rc, "readlink", path);
	}
	return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_UNKNOWN, name, NULL);
}

int libiommu_sysfs_group_of(const struct libiommu_sysfs *fs, const char *device, uint32_t *id,
			    struct libiommu_failure *failure)
{
	char path[PATH_SIZE], link[PATH_SIZE], number[LIBIOMMU_SYSFS_NAME];
	int rc;

	if (!libiommu_sysfs_name_valid(device))
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_NAME, device, NULL);
	rc = find_device(fs, device, path, failure);
	if (rc)
		return rc;
	rc = print(link, "%s/iommu_group", path);
	if (!rc)
		rc = libiommu_sysfs_link(fs, link, number, sizeof(number));
	if (rc == -ENOENT)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_GROUP, device, NULL);
	if (rc < 0)
		return refuse(failure, rc, "readlink", link);
	if (!parse_u32(number, id))
		return refuse_content(failure, link, "no number of a group");
	return 0;
}

static int take_node(void *data, const char *name)
{
	if (strncmp(name, "vfio", 4) || strlen(name) >= LIBIOMMU_SYSFS_NAME)
		return 0;
	strcpy(data, name);
	return 1;
}

int libiommu_sysfs_vfio_node(const struct libiommu_sysfs *fs, const char *device,
			     char node[LIBIOMMU_SYSFS_NAME], struct libiommu_failure *failure)
{
	char path[PATH_SIZE], entry[PATH_SIZE], number[32];
	const char *call = "open";
	int rc = find_device(fs, device, path, failure);

	node[0] = '\0';
	if (rc)
		return rc;
	rc = print(entry, "%s/vfio-dev", path);
	if (!rc)
		rc = visit_folder(fs, entry, &call, take_node, node);
	if (rc < 0 && rc != -ENOENT)
		return refuse(failure, rc, call, entry);
	/* The entry alone is older than the nodes. */
	if (!node[0] || print(entry, "%s/vfio-dev/%s/dev", path, node))
		return 0;
	rc = libiommu_sysfs_read(fs, entry, number, sizeof(number));
	if (rc == -ENOENT)
		node[0] = '\0';
	return rc < 0 && rc != -ENOENT ? refuse(failure, rc, "read", entry) : 0;
}

static int group_exists(const struct libiommu_sysfs *fs, uint32_t id,
			struct libiommu_failure *failure)
{
	char path[PATH_SIZE], name[16];
	int fd;

	print(path, "kernel/iommu_groups/%" PRIu32, id);
	snprintf(name, sizeof(name), "%" PRIu32, id);
	fd = open_at(fs, path, O_RDONLY | O_DIRECTORY);
	if (fd == -ENOENT || fd == -ENOTDIR)
		return libiommu_refuse(failure, LIBIOMMU_REASON_GROUP_UNKNOWN, name, NULL);
	if (fd < 0)
		return refuse(failure, fd, "open", path);
	fs->sys->close(fs->sys->data, fd);
	return 0;
}

/* A text that the group may have; "" when it has none that can be understood. */
static int group_text(const struct libiommu_sysfs *fs, uint32_t id, const char *file,
		      char text[LIBIOMMU_SYSFS_NAME], struct libiommu_failure *failure)
{
	char path[PATH_SIZE];
	int rc = group_exists(fs, id, failure);

	text[0] = '\0';
	if (rc)
		return rc;
	print(path, "kernel/iommu_groups/%" PRIu32 "/%s", id, file);
	if (libiommu_sysfs_read(fs, path, text, LIBIOMMU_SYSFS_NAME) < 0)
		text[0] = '\0';
	return 0;
}

int libiommu_sysfs_type(const struct libiommu_sysfs *fs, uint32_t id,
			char type[LIBIOMMU_SYSFS_NAME], struct libiommu_failure *failure)
{
	return group_text(fs, id, "type", type, failure);
}

int libiommu_sysfs_group_name(const struct libiommu_sysfs *fs, uint32_t id,
			      char name[LIBIOMMU_SYSFS_NAME], struct libiommu_failure *failure)
{
	return group_text(fs, id, "name", name, failure);
}

struct member_walk {
	const struct libiommu_sysfs *fs;
	uint32_t id;
	libiommu_sysfs_member_fn visit;
	void *data;
	struct libiommu_failure *failure;
	int rc;
};

/* 0 when the file is not there or holds something else. */
static uint32_t read_hex(const struct libiommu_sysfs *fs, const char *folder, const char *file)
{
	char path[PATH_SIZE], text[32];
	const char *at = text;
	uint64_t value;

	if (print(path, "%s/%s", folder, file) ||
	    libiommu_sysfs_read(fs, path, text, sizeof(text)) < 0 || !parse_hex(&at, &value) ||
	    *at || value > UINT32_MAX)
		return 0;
	return (uint32_t)value;
}

/* "" when there is no link; the driver's absence is a fact, so other errors count. */
static int read_link(const struct libiommu_sysfs *fs, const char *folder, const char *file,
		     char out[LIBIOMMU_SYSFS_NAME], struct libiommu_failure *failure)
{
	char path[PATH_SIZE];
	int rc = print(path, "%s/%s", folder, file);

	out[0] = '\0';
	if (!rc)
		rc = libiommu_sysfs_link(fs, path, out, LIBIOMMU_SYSFS_NAME);
	if (rc < 0 && rc != -ENOENT)
		return refuse(failure, rc, "readlink", path);
	return 0;
}

static int visit_member(void *data, const char *name)
{
	struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;
	char folder[PATH_SIZE], bus[LIBIOMMU_SYSFS_NAME], driver[LIBIOMMU_SYSFS_NAME];
	struct member_walk *walk = data;

	print(folder, "kernel/iommu_groups/%" PRIu32 "/devices/%.255s", walk->id, name);
	if (!libiommu_sysfs_name_valid(name)) {
		walk->rc = refuse_content(walk->failure, folder, "a name that no device has");
		return walk->rc;
	}
	walk->rc = read_link(walk->fs, folder, "driver", driver, walk->failure);
	if (!walk->rc)
		walk->rc = read_link(walk->fs, folder, "subsystem", bus, walk->failure);
	if (walk->rc)
		return walk->rc;
	member.name = name;
	member.bus = bus;
	member.driver = driver;
	member.class_code = read_hex(walk->fs, folder, "class") & 0xffffff;
	member.vendor = read_hex(walk->fs, folder, "vendor") & 0xffff;
	member.device = read_hex(walk->fs, folder, "device") & 0xffff;
	member.bridge = member.class_code >> 16 == 0x06;
	member.blocks = libiommu_sysfs_driver_blocks(driver);
	walk->rc = walk->visit(walk->data, &member, walk->failure);
	return walk->rc;
}

int libiommu_sysfs_members(const struct libiommu_sysfs *fs, uint32_t id,
			   libiommu_sysfs_member_fn visit, void *data,
			   struct libiommu_failure *failure)
{
	struct member_walk walk = { fs, id, visit, data, failure, 0 };
	char path[PATH_SIZE];
	const char *call;
	int rc = group_exists(fs, id, failure);

	if (rc)
		return rc;
	print(path, "kernel/iommu_groups/%" PRIu32 "/devices", id);
	rc = visit_folder(fs, path, &call, visit_member, &walk);
	if (walk.rc)
		return walk.rc;
	return rc < 0 ? refuse(failure, rc, call, path) : 0;
}

static enum libiommu_reserved_type reserved_type(const char *name, size_t length)
{
	static const struct {
		const char *name;
		enum libiommu_reserved_type type;
	} types[] = {
		{ "direct", LIBIOMMU_RESERVED_DIRECT },
		{ "direct-relaxable", LIBIOMMU_RESERVED_DIRECT_RELAXABLE },
		{ "reserved", LIBIOMMU_RESERVED_RESERVED },
		{ "msi", LIBIOMMU_RESERVED_MSI },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == length && !memcmp(types[i].name, name, length))
			return types[i].type;
	return LIBIOMMU_RESERVED_UNKNOWN;
}

/* "0x00000000fee00000 0x00000000feefffff msi" */
static bool parse_reserved(const char *line, size_t length, struct libiommu_reserved *out)
{
	const char *end = line + length;

	if (!parse_hex(&line, &out->range.start) || *line++ != ' ' ||
	    !parse_hex(&line, &out->range.last) || *line++ != ' ' || line >= end)
		return false;
	out->type = reserved_type(line, (size_t)(end - line));
	return out->range.start <= out->range.last;
}

int libiommu_sysfs_reserved(const struct libiommu_sysfs *fs, uint32_t id,
			    libiommu_sysfs_reserved_fn visit, void *data,
			    struct libiommu_failure *failure)
{
	char path[PATH_SIZE], text[8192];
	struct libiommu_reserved reserved;
	int rc;

	print(path, "kernel/iommu_groups/%" PRIu32 "/reserved_regions", id);
	rc = libiommu_sysfs_read(fs, path, text, sizeof(text));
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return refuse(failure, rc, "read", path);
	for (const char *line = text; *line;) {
		size_t length = strcspn(line, "\n");

		if (!parse_reserved(line, length, &reserved))
			return refuse_content(failure, path, "a line of an unknown form");
		rc = visit(data, &reserved, failure);
		if (rc)
			return rc;
		line += length + (line[length] == '\n');
	}
	return 0;
}
