/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups: all below an open folder, so that no path is walked twice. */
#include "lib/sysfs_tree.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GROUPS "kernel/iommu_groups"
/* Of "reserved_regions": of a line, and of all that one page of a kernel can hold. */
#define LINE_SIZE  128
#define TEXT_LIMIT (64u << 10)

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

	if (sysfs_parse_u32(name, &id))
		walk->rc = walk->visit(walk->data, id, walk->failure);
	return walk->rc;
}

int libiommu_sysfs_groups(const struct libiommu_sysfs *fs, libiommu_sysfs_id_fn visit, void *data,
			  struct libiommu_failure *failure)
{
	struct id_walk walk = { visit, data, failure, 0 };
	int rc, fd = sysfs_open(fs, GROUPS, SYSFS_FOLDER);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return sysfs_refuse(failure, fd, "open", GROUPS);
	rc = libiommu_sysfs_list(fs->sys, fd, visit_id, &walk);
	fs->sys->close(fs->sys->data, fd);
	if (walk.rc)
		return walk.rc;
	return rc ? sysfs_refuse(failure, rc, "getdents64", GROUPS) : 0;
}

static int refuse_unknown(uint32_t id, struct libiommu_failure *failure)
{
	char subject[24];

	snprintf(subject, sizeof(subject), "group %" PRIu32, id);
	return libiommu_refuse(failure, LIBIOMMU_REASON_GROUP_UNKNOWN, subject, NULL);
}

int libiommu_sysfs_group_open(const struct libiommu_sysfs *fs, uint32_t id,
			      struct libiommu_sysfs_group *group, struct libiommu_failure *failure)
{
	char path[SYSFS_PATH];

	sysfs_print(path, GROUPS "/%" PRIu32, id);
	*group = (struct libiommu_sysfs_group){ fs->sys, id, sysfs_open(fs, path, SYSFS_FOLDER) };
	if (group->fd == -ENOENT || group->fd == -ENOTDIR)
		return refuse_unknown(id, failure);
	return group->fd < 0 ? sysfs_refuse(failure, group->fd, "open", path) : 0;
}

void libiommu_sysfs_group_close(struct libiommu_sysfs_group *group)
{
	group->sys->close(group->sys->data, group->fd);
	group->fd = -1;
}

void libiommu_sysfs_group_text(const struct libiommu_sysfs_group *group, const char *file,
			       char text[LIBIOMMU_SYSFS_NAME])
{
	int rc = sysfs_read_in(group->sys, group->fd, file, text, LIBIOMMU_SYSFS_NAME);

	if (rc < 0 || !sysfs_is_text(text))
		text[0] = '\0';
}

struct member_walk {
	const struct libiommu_sysfs_group *group;
	int folder;
	libiommu_sysfs_member_fn visit;
	void *data;
	struct libiommu_failure *failure;
	int rc;
};

/* A member, and what is asked of it: "0000:3b:00.0/driver". */
struct member_path {
	size_t name;
	char text[LIBIOMMU_SYSFS_NAME + 16];
};

static const char *path_of(struct member_path *path, const char *file)
{
	path->text[path->name] = '/';
	strcpy(path->text + path->name + 1, file);
	return path->text;
}

/* Strange bytes are not handed on to who may print them. */
static void make_subject(const struct member_walk *walk, const char *name, char path[SYSFS_PATH])
{
	sysfs_print(path, GROUPS "/%" PRIu32 "/devices/%.255s", walk->group->id, name);
	for (char *at = path; *at; at++)
		*at = (char)(*at < 0x20 || *at > 0x7e ? '?' : *at);
}

static int refuse_member(const struct member_walk *walk, int error, const char *path)
{
	char subject[SYSFS_PATH];

	make_subject(walk, path, subject);
	return sysfs_refuse(walk->failure, error, "readlink", subject);
}

static int refuse_name(const struct member_walk *walk, const char *path)
{
	char subject[SYSFS_PATH];

	make_subject(walk, path, subject);
	return sysfs_refuse_content(walk->failure, subject, "a name that nothing has");
}

/* 0 when the file is not there or holds something else. */
static uint32_t read_hex(const struct member_walk *walk, const char *path)
{
	const struct libiommu_sys *sys = walk->group->sys;
	char text[32];
	const char *at = text;
	uint64_t value;

	if (sysfs_read_in(sys, walk->folder, path, text, sizeof(text)) < 0 ||
	    !sysfs_parse_hex(&at, &value) || *at || value > UINT32_MAX)
		return 0;
	return (uint32_t)value;
}

/* "" when there is no link; the driver's absence is a fact, so other errors count. */
static int read_link(const struct member_walk *walk, const char *path,
		     char out[LIBIOMMU_SYSFS_NAME])
{
	int rc = sysfs_link_in(walk->group->sys, walk->folder, path, out, LIBIOMMU_SYSFS_NAME);

	if (rc >= 0)
		return sysfs_is_text(out) ? 0 : refuse_name(walk, path);
	out[0] = '\0';
	return rc == -ENOENT ? 0 : refuse_member(walk, rc, path);
}

/* Of a link that leads nowhere the device has gone; its group does not have it any more. */
static bool is_gone(const struct member_walk *walk, const char *name)
{
	const struct libiommu_sys *sys = walk->group->sys;
	int fd = sys->openat(sys->data, walk->folder, name, SYSFS_FOLDER);

	if (fd >= 0)
		sys->close(sys->data, fd);
	return fd == -ENOENT;
}

static int read_member(struct member_walk *walk, const char *name,
		       struct libiommu_group_member *member, char bus[LIBIOMMU_SYSFS_NAME],
		       char driver[LIBIOMMU_SYSFS_NAME])
{
	struct member_path path = { .name = strlen(name) };
	int rc;

	strcpy(path.text, name);
	rc = read_link(walk, path_of(&path, "driver"), driver);
	if (!rc)
		rc = read_link(walk, path_of(&path, "subsystem"), bus);
	if (rc)
		return rc;
	if (!*bus && is_gone(walk, name))
		return 1;
	member->name = name;
	member->bus = bus;
	member->driver = driver;
	member->blocks = libiommu_sysfs_driver_blocks(driver);
	/* Devices on other buses have no such numbers. */
	if (*bus && strcmp(bus, "pci") != 0)
		return 0;
	member->class_code = read_hex(walk, path_of(&path, "class")) & 0xffffff;
	member->vendor = read_hex(walk, path_of(&path, "vendor")) & 0xffff;
	member->device = read_hex(walk, path_of(&path, "device")) & 0xffff;
	member->bridge = member->class_code >> 16 == 0x06;
	return 0;
}

static int visit_member(void *data, const char *name)
{
	struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;
	char bus[LIBIOMMU_SYSFS_NAME], driver[LIBIOMMU_SYSFS_NAME];
	struct member_walk *walk = data;
	int rc;

	if (!libiommu_sysfs_name_valid(name)) {
		walk->rc = refuse_name(walk, name);
		return walk->rc;
	}
	rc = read_member(walk, name, &member, bus, driver);
	if (rc > 0)
		return 0;
	walk->rc = rc ? rc : walk->visit(walk->data, &member, walk->failure);
	return walk->rc;
}

int libiommu_sysfs_group_members(const struct libiommu_sysfs_group *group,
				 libiommu_sysfs_member_fn visit, void *data,
				 struct libiommu_failure *failure)
{
	const struct libiommu_sys *sys = group->sys;
	struct member_walk walk = { group, -1, visit, data, failure, 0 };
	char path[SYSFS_PATH];
	int rc;

	sysfs_print(path, GROUPS "/%" PRIu32 "/devices", group->id);
	walk.folder = sys->openat(sys->data, group->fd, "devices", SYSFS_FOLDER);
	/* It was there when it was opened. */
	if (walk.folder == -ENOENT)
		return refuse_unknown(group->id, failure);
	if (walk.folder < 0)
		return sysfs_refuse(failure, walk.folder, "open", path);
	rc = libiommu_sysfs_list(sys, walk.folder, visit_member, &walk);
	sys->close(sys->data, walk.folder);
	if (walk.rc)
		return walk.rc;
	if (rc == -ENOENT)
		return refuse_unknown(group->id, failure);
	return rc ? sysfs_refuse(failure, rc, "getdents64", path) : 0;
}

int libiommu_sysfs_members(const struct libiommu_sysfs *fs, uint32_t id,
			   libiommu_sysfs_member_fn visit, void *data,
			   struct libiommu_failure *failure)
{
	struct libiommu_sysfs_group group;
	int rc = libiommu_sysfs_group_open(fs, id, &group, failure);

	if (rc)
		return rc;
	rc = libiommu_sysfs_group_members(&group, visit, data, failure);
	libiommu_sysfs_group_close(&group);
	return rc;
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

	if (memchr(line, '\0', length) || !sysfs_parse_hex(&line, &out->range.start) ||
	    *line++ != ' ' || !sysfs_parse_hex(&line, &out->range.last) || *line++ != ' ' ||
	    line >= end)
		return false;
	out->type = reserved_type(line, (size_t)(end - line));
	return out->range.start <= out->range.last;
}

/* A piece of the file: whole lines, and the beginning of one more. */
struct piece {
	size_t length;
	char text[4096 + 1];
};

/* @return 0 or what the visitor returned; with *bad set there is a line of an unknown form */
static int visit_lines(struct piece *piece, bool last, libiommu_sysfs_reserved_fn visit, void *data,
		       struct libiommu_failure *failure, bool *bad)
{
	struct libiommu_reserved reserved;
	size_t at = 0;

	piece->text[piece->length] = '\0';
	while (at < piece->length) {
		const char *line = piece->text + at, *end = memchr(line, '\n', piece->length - at);
		size_t length = end ? (size_t)(end - line) : piece->length - at;
		int rc;

		if (!end && !last && length < LINE_SIZE)
			break;
		*bad = length >= LINE_SIZE || !parse_reserved(line, length, &reserved);
		rc = *bad ? -EIO : visit(data, &reserved, failure);
		if (rc)
			return rc;
		at += length + (end != NULL);
	}
	piece->length -= at;
	memmove(piece->text, piece->text + at, piece->length);
	return 0;
}

static int refuse_regions(const struct libiommu_sysfs_group *group, int error,
			  struct libiommu_failure *failure)
{
	char path[SYSFS_PATH];

	/* What the kernel says of files whose group has gone. */
	if (error == -ENODEV)
		return refuse_unknown(group->id, failure);
	sysfs_print(path, GROUPS "/%" PRIu32 "/reserved_regions", group->id);
	return error ? sysfs_refuse(failure, error, "read", path)
		     : sysfs_refuse_content(failure, path, "a line of an unknown form");
}

static int read_regions(const struct libiommu_sysfs_group *group, int fd,
			libiommu_sysfs_reserved_fn visit, void *data,
			struct libiommu_failure *failure)
{
	const struct libiommu_sys *sys = group->sys;
	struct piece piece = { .length = 0 };
	uint64_t offset = 0;
	bool bad = false;
	int64_t n;
	int rc;

	do {
		n = sys->pread(sys->data, fd, piece.text + piece.length,
			       sizeof(piece.text) - 1 - piece.length, offset);
		if (n < 0)
			return refuse_regions(group, (int)n, failure);
		offset += (uint64_t)n;
		piece.length += (size_t)n;
		rc = visit_lines(&piece, !n, visit, data, failure, &bad);
		if (bad || offset > TEXT_LIMIT)
			return refuse_regions(group, 0, failure);
	} while (n && !rc);
	return rc;
}

int libiommu_sysfs_group_reserved(const struct libiommu_sysfs_group *group,
				  libiommu_sysfs_reserved_fn visit, void *data,
				  struct libiommu_failure *failure)
{
	const struct libiommu_sys *sys = group->sys;
	int rc, fd = sys->openat(sys->data, group->fd, "reserved_regions", SYSFS_FILE);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return refuse_regions(group, fd, failure);
	rc = read_regions(group, fd, visit, data, failure);
	sys->close(sys->data, fd);
	return rc;
}

int libiommu_sysfs_reserved(const struct libiommu_sysfs *fs, uint32_t id,
			    libiommu_sysfs_reserved_fn visit, void *data,
			    struct libiommu_failure *failure)
{
	struct libiommu_sysfs_group group;
	int rc = libiommu_sysfs_group_open(fs, id, &group, failure);

	if (rc)
		return rc;
	rc = libiommu_sysfs_group_reserved(&group, visit, data, failure);
	libiommu_sysfs_group_close(&group);
	return rc;
}
