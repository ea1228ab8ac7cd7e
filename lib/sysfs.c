/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/sysfs_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A folder with more entries than this is a fault of the file system, not a machine. */
#define MAX_ENTRIES (1u << 17)

int sysfs_refuse(struct libiommu_failure *failure, int error, const char *call, const char *path)
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

int sysfs_refuse_content(struct libiommu_failure *failure, const char *path, const char *what)
{
	return libiommu_refuse(failure, LIBIOMMU_REASON_SYSFS, path, "It holds %s.", what);
}

int sysfs_print(char path[SYSFS_PATH], const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(path, SYSFS_PATH, format, args);
	va_end(args);
	return length < 0 || length >= SYSFS_PATH ? -ENAMETOOLONG : 0;
}

struct libiommu_sysfs libiommu_sysfs_beside(const struct libiommu_sysfs *fs, const char *root)
{
	return (struct libiommu_sysfs){ fs->sys, fs->root ? root : NULL, -1 };
}

int sysfs_open(const struct libiommu_sysfs *fs, const char *path, int flags)
{
	const struct libiommu_sys *sys = fs->sys;
	char full[SYSFS_PATH];
	int rc;

	if (!fs->root)
		return fs->directory < 0 ? -EBADF
					 : sys->openat(sys->data, fs->directory, path, flags);
	rc = sysfs_print(full, "%s/%s", fs->root, path);
	return rc ? rc : sys->open(sys->data, full, flags);
}

static int64_t readlink_at(const struct libiommu_sysfs *fs, const char *path, char *out,
			   size_t size)
{
	const struct libiommu_sys *sys = fs->sys;
	char full[SYSFS_PATH];
	int rc;

	if (!fs->root)
		return fs->directory < 0
			       ? -EBADF
			       : sys->readlinkat(sys->data, fs->directory, path, out, size);
	rc = sysfs_print(full, "%s/%s", fs->root, path);
	return rc ? rc : sys->readlink(sys->data, full, out, size);
}

/* @param lines the file has nothing behind a text that ends with a line */
static int read_all(const struct libiommu_sys *sys, int fd, bool lines, char *out, size_t size)
{
	size_t length = 0;
	int64_t n = 0;

	while (length < size) {
		n = sys->pread(sys->data, fd, out + length, size - length, length);
		if (n <= 0)
			break;
		length += (uint64_t)n;
		if (lines && length < size && out[length - 1] == '\n')
			break;
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

int libiommu_sysfs_read(const struct libiommu_sysfs *fs, const char *path, char *out, size_t size)
{
	int fd = sysfs_open(fs, path, SYSFS_FILE);

	return fd < 0 ? fd : read_all(fs->sys, fd, false, out, size);
}

int sysfs_read_in(const struct libiommu_sys *sys, int folder, const char *path, char *out,
		  size_t size)
{
	int fd = sys->openat(sys->data, folder, path, SYSFS_FILE);

	return fd < 0 ? fd : read_all(sys, fd, true, out, size);
}

/* @param target of `n` bytes, as readlink left it, or its errno */
static int last_component(char target[SYSFS_PATH], int64_t n, char *out, size_t size)
{
	const char *last;

	if (n < 0)
		return (int)n;
	if (n >= SYSFS_PATH)
		return -EIO;
	target[n] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (!*last || strlen(last) >= size)
		return -EIO;
	strcpy(out, last);
	return (int)strlen(last);
}

int libiommu_sysfs_link(const struct libiommu_sysfs *fs, const char *path, char *out, size_t size)
{
	char target[SYSFS_PATH];
	int64_t n = readlink_at(fs, path, target, sizeof(target));

	return last_component(target, n, out, size);
}

int sysfs_link_in(const struct libiommu_sys *sys, int folder, const char *path, char *out,
		  size_t size)
{
	char target[SYSFS_PATH];
	int64_t n = sys->readlinkat(sys->data, folder, path, target, sizeof(target));

	return last_component(target, n, out, size);
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
