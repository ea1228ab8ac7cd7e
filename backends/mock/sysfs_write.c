/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/sysfs.h"

#include "lib/sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Its presence tells that the tree is ours; what is being made, and what goes, is in it. */
#define WORK ".libiommu-mock"
#define NEW  WORK "/new"
#define OLD  WORK "/old"

static const char *const tops[] = { "bus", "class", "devices", "kernel" };
#define TOPS (sizeof(tops) / sizeof(tops[0]))

struct writing {
	const struct libiommu_sys *sys;
	int directory;
	struct libiommu_failure *failure;
};

static int refuse(const struct writing *writing, int error, const char *call, const char *path)
{
	libiommu_refuse_kernel(writing->failure, error, call, path);
	switch (error) {
	case -EMFILE:
	case -ENFILE:
		return libiommu_refuse(writing->failure, LIBIOMMU_REASON_FD_LIMIT, path, NULL);
	case -ENOMEM:
		return libiommu_refuse(writing->failure, LIBIOMMU_REASON_NO_MEMORY, path, NULL);
	default:
		return error;
	}
}

static int write_file(const struct writing *writing, const char *path,
		      const struct mock_entry *entry)
{
	const struct libiommu_sys *sys = writing->sys;
	int fd = sys->createat(sys->data, writing->directory, path), closed;
	size_t done = 0;
	int64_t n = 0;

	if (fd < 0)
		return refuse(writing, fd, "openat", entry->path);
	while (done < entry->length) {
		n = sys->pwrite(sys->data, fd, entry->content + done, entry->length - done, done);
		if (n <= 0)
			break;
		done += (uint64_t)n;
	}
	closed = sys->close(sys->data, fd);
	if (done < entry->length)
		return refuse(writing, n < 0 ? (int)n : -EIO, "pwrite64", entry->path);
	return closed ? refuse(writing, closed, "close", entry->path) : 0;
}

static int write_entry(const struct writing *writing, const struct mock_entry *entry)
{
	const struct libiommu_sys *sys = writing->sys;
	char path[sizeof(NEW) + MOCK_PATH];
	int rc;

	snprintf(path, sizeof(path), NEW "/%s", entry->path);
	switch (entry->kind) {
	case MOCK_ENTRY_FOLDER:
		/* Whoever needs a folder names it. */
		rc = sys->mkdirat(sys->data, writing->directory, path);
		return rc && rc != -EEXIST ? refuse(writing, rc, "mkdirat", entry->path) : 0;
	case MOCK_ENTRY_LINK:
		rc = sys->symlinkat(sys->data, entry->content, writing->directory, path);
		return rc ? refuse(writing, rc, "symlinkat", entry->path) : 0;
	default:
		return write_file(writing, path, entry);
	}
}

static int write_new(const struct writing *writing, const struct mock_image *image)
{
	const struct libiommu_sys *sys = writing->sys;
	int rc = sys->mkdirat(sys->data, writing->directory, NEW);
	struct mock_entry entry;

	if (rc)
		return refuse(writing, rc, "mkdirat", NEW);
	for (size_t at = 0; !rc && mock_image_next(image, &at, &entry);)
		rc = write_entry(writing, &entry);
	return rc;
}

static int rename_top(const struct writing *writing, const char *folder, const char *top, bool back)
{
	const struct libiommu_sys *sys = writing->sys;
	char path[sizeof(NEW) + 16];

	snprintf(path, sizeof(path), "%s/%s", folder, top);
	return sys->renameat(sys->data, writing->directory, back ? path : top, back ? top : path);
}

static void put_back(const struct writing *writing, size_t count)
{
	while (count--) {
		rename_top(writing, NEW, tops[count], false);
		rename_top(writing, OLD, tops[count], true);
	}
}

/* Readers find a top-level folder missing for a moment. */
static int exchange(const struct writing *writing)
{
	for (size_t i = 0; i < TOPS; i++) {
		int rc = rename_top(writing, OLD, tops[i], false);

		if (!rc || rc == -ENOENT)
			rc = rename_top(writing, NEW, tops[i], true);
		if (rc) {
			rename_top(writing, OLD, tops[i], true);
			put_back(writing, i);
			return refuse(writing, rc, "renameat", tops[i]);
		}
	}
	return 0;
}

/* What a call of before could not remove. */
static int clear_work(const struct writing *writing)
{
	static const char *const leftovers[] = { NEW, OLD };

	for (size_t i = 0; i < 2; i++) {
		int rc = mock_sysfs_remove(writing->sys, writing->directory, leftovers[i]);

		if (rc && rc != -ENOENT)
			return refuse(writing, rc, "unlinkat", leftovers[i]);
	}
	return 0;
}

static int replace(const struct writing *writing, const struct mock_image *image)
{
	const struct libiommu_sys *sys = writing->sys;
	int rc = clear_work(writing);

	if (!rc)
		rc = write_new(writing, image);
	if (!rc) {
		rc = sys->mkdirat(sys->data, writing->directory, OLD);
		rc = rc ? refuse(writing, rc, "mkdirat", OLD) : exchange(writing);
	}
	/* The answer is out; what does not go now goes in the next call. */
	mock_sysfs_remove(sys, writing->directory, NEW);
	mock_sysfs_remove(sys, writing->directory, OLD);
	return rc;
}

struct contents {
	bool ours, others;
};

static int look(void *data, const char *name)
{
	struct contents *contents = data;

	if (!strcmp(name, WORK))
		contents->ours = true;
	else
		contents->others = true;
	return 0;
}

static int look_around(const struct writing *writing, bool *fresh)
{
	const struct libiommu_sys *sys = writing->sys;
	struct contents contents = { false, false };
	int fd = sys->openat(sys->data, writing->directory, ".", O_RDONLY | O_DIRECTORY), rc;

	if (fd == -ENOTDIR || fd == -EBADF)
		return libiommu_refuse(writing->failure, LIBIOMMU_REASON_WRONG_FD, NULL,
				       "It is not that of a folder.");
	if (fd < 0)
		return refuse(writing, fd, "openat", ".");
	rc = libiommu_sysfs_list(sys, fd, look, &contents);
	sys->close(sys->data, fd);
	if (rc)
		return refuse(writing, rc, "getdents64", ".");
	if (contents.others && !contents.ours)
		return libiommu_refuse(writing->failure, LIBIOMMU_REASON_WRONG_FD, NULL,
				       "The folder holds what no machine has written.");
	*fresh = !contents.ours;
	return 0;
}

int mock_sysfs_write(const struct libiommu_sys *sys, int directory, const struct mock_image *image,
		     struct libiommu_failure *failure)
{
	const struct writing writing = { sys, directory, failure };
	bool fresh = false;
	int rc = look_around(&writing, &fresh);

	if (rc)
		return rc;
	if (fresh) {
		rc = sys->mkdirat(sys->data, directory, WORK);
		if (rc)
			return refuse(&writing, rc, "mkdirat", WORK);
	}
	rc = replace(&writing, image);
	if (rc && fresh)
		sys->unlinkat(sys->data, directory, WORK, true);
	return rc;
}
