/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Folders, files and links of a tree, in the order in which they are made: what is to be written is
 * put together under the machine's lock, and written without it.
 */
#ifndef BACKENDS_MOCK_SYSFS_IMAGE_H
#define BACKENDS_MOCK_SYSFS_IMAGE_H

#include <libiommu/hooks.h>

/* Room for a path below the root with its NUL. */
#define MOCK_PATH 4096

enum mock_entry_kind { MOCK_ENTRY_FOLDER = 1, MOCK_ENTRY_FILE, MOCK_ENTRY_LINK };

struct mock_entry {
	enum mock_entry_kind kind;
	const char *path;    /* below the root */
	const char *content; /* of a file; what a link holds, with its NUL */
	size_t length;
};

struct mock_image {
	const struct libiommu_allocator *mem;
	char *bytes;
	size_t used, room;
	size_t last; /* where the entry begins that was added last */
	int error;   /* -ENOMEM, -ENAMETOOLONG; nothing is added after it */
};

void mock_image_init(struct mock_image *image, const struct libiommu_allocator *mem);
void mock_image_free(struct mock_image *image);

/* FOLDER/NAME; "" is the root, and "" is the folder itself. */
void mock_image_folder(struct mock_image *image, const char *folder, const char *name);
void mock_image_bytes(struct mock_image *image, const char *folder, const char *name,
		      const void *bytes, size_t length);
void mock_image_text(struct mock_image *image, const char *folder, const char *name,
		     const char *format, ...) __attribute__((format(printf, 4, 5)));
/* More of the file that was added last. */
void mock_image_more(struct mock_image *image, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A relative link to a path below the root, as short as it can be. */
void mock_image_link(struct mock_image *image, const char *folder, const char *name,
		     const char *target);

/* @param at 0 at first. @return false: there are no more */
bool mock_image_next(const struct mock_image *image, size_t *at, struct mock_entry *out);

#endif
