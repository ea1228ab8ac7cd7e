/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/sysfs_image.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Before the path and the content of each entry. */
struct header {
	enum mock_entry_kind kind;
	size_t path, length;
};

void mock_image_init(struct mock_image *image, const struct libiommu_allocator *mem)
{
	*image = (struct mock_image){ .mem = mem };
}

void mock_image_free(struct mock_image *image)
{
	if (image->bytes)
		image->mem->free(image->mem->data, image->bytes, image->room);
	image->bytes = NULL;
}

static char *more_room(struct mock_image *image, size_t length)
{
	size_t room = image->room ? image->room : 65536;
	char *bytes;

	if (image->error)
		return NULL;
	while (room - image->used < length)
		room *= 2;
	if (room > image->room) {
		bytes = image->mem->alloc(image->mem->data, room, sizeof(uint64_t));
		if (!bytes) {
			image->error = -ENOMEM;
			return NULL;
		}
		if (image->used)
			memcpy(bytes, image->bytes, image->used);
		mock_image_free(image);
		image->bytes = bytes;
		image->room = room;
	}
	image->used += length;
	return image->bytes + image->used - length;
}

static void add(struct mock_image *image, enum mock_entry_kind kind, const char *folder,
		const char *name, const void *content, size_t length)
{
	char path[MOCK_PATH];
	struct header header = { .kind = kind, .length = length };
	int printed =
		snprintf(path, sizeof(path), "%s%s%s", folder, *folder && *name ? "/" : "", name);
	size_t last = image->used;
	char *place;

	if (printed < 0 || (size_t)printed >= sizeof(path)) {
		image->error = image->error ? image->error : -ENAMETOOLONG;
		return;
	}
	header.path = (size_t)printed + 1;
	place = more_room(image, sizeof(header) + header.path + length);
	if (!place)
		return;
	memcpy(place, &header, sizeof(header));
	memcpy(place + sizeof(header), path, header.path);
	if (length)
		memcpy(place + sizeof(header) + header.path, content, length);
	image->last = last;
}

void mock_image_folder(struct mock_image *image, const char *folder, const char *name)
{
	add(image, MOCK_ENTRY_FOLDER, folder, name, NULL, 0);
}

void mock_image_bytes(struct mock_image *image, const char *folder, const char *name,
		      const void *bytes, size_t length)
{
	add(image, MOCK_ENTRY_FILE, folder, name, bytes, length);
}

__attribute__((format(printf, 2, 0))) static void append(struct mock_image *image,
							 const char *format, va_list args)
{
	char text[512];
	int length = vsnprintf(text, sizeof(text), format, args);
	struct header header;
	char *place;

	if (length < 0 || (size_t)length >= sizeof(text)) {
		image->error = image->error ? image->error : -ENAMETOOLONG;
		return;
	}
	place = more_room(image, (size_t)length);
	if (!place)
		return;
	memcpy(place, text, (size_t)length);
	memcpy(&header, image->bytes + image->last, sizeof(header));
	header.length += (size_t)length;
	memcpy(image->bytes + image->last, &header, sizeof(header));
}

void mock_image_text(struct mock_image *image, const char *folder, const char *name,
		     const char *format, ...)
{
	va_list args;

	add(image, MOCK_ENTRY_FILE, folder, name, NULL, 0);
	va_start(args, format);
	append(image, format, args);
	va_end(args);
}

void mock_image_more(struct mock_image *image, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	append(image, format, args);
	va_end(args);
}

/* How many bytes of both are the same folders. */
static size_t shared(const char *a, const char *b)
{
	size_t whole = 0;

	for (size_t i = 0;; i++) {
		bool ends = (!a[i] || a[i] == '/') && (!b[i] || b[i] == '/');

		if (ends)
			whole = i;
		if (!a[i] || a[i] != b[i])
			return whole;
	}
}

void mock_image_link(struct mock_image *image, const char *folder, const char *name,
		     const char *target)
{
	size_t same = shared(folder, target), length = 0, rest;
	const char *up = folder + same + (folder[same] == '/');
	const char *down = target + same + (target[same] == '/');
	char text[MOCK_PATH];

	for (const char *at = up; *at; at++) {
		if (at > up && at[-1] != '/')
			continue;
		if (length + 3 >= sizeof(text))
			break;
		memcpy(text + length, "../", 3);
		length += 3;
	}
	rest = strlen(down) + 1;
	if (rest > sizeof(text) - length) {
		image->error = image->error ? image->error : -ENAMETOOLONG;
		return;
	}
	memcpy(text + length, down, rest);
	add(image, MOCK_ENTRY_LINK, folder, name, text, length + rest);
}

bool mock_image_next(const struct mock_image *image, size_t *at, struct mock_entry *out)
{
	struct header header;
	const char *place;

	if (*at >= image->used)
		return false;
	memcpy(&header, image->bytes + *at, sizeof(header));
	place = image->bytes + *at + sizeof(header);
	*out = (struct mock_entry){ header.kind, place, place + header.path, header.length };
	*at += sizeof(header) + header.path + header.length;
	return true;
}
