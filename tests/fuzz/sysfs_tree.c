/* SPDX-License-Identifier: BSD-2-Clause */
#include "sysfs_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_FD  1000
#define ROOT_FD   (FIRST_FD + TREE_FDS)
#define MAX_LINKS 40

static int find(const struct tree *tree, int parent, const char *name, size_t length)
{
	for (int i = 1; i < tree->count; i++) {
		const struct tree_node *node = &tree->nodes[i];

		if (node->parent == parent && !node->gone && node->name_length == length &&
		    !memcmp(node->name, name, length))
			return i;
	}
	return -1;
}

static bool is_dots(const char *name, size_t length)
{
	return length && length <= 2 && name[0] == '.' && name[length - 1] == '.';
}

static int add(struct tree *tree, int parent, const char *name, size_t length, enum tree_kind kind)
{
	if (tree->count == TREE_NODES || !length || length > 255 || is_dots(name, length))
		return -1;
	tree->nodes[tree->count] = (struct tree_node){
		.kind = kind, .parent = parent, .name = name, .name_length = length
	};
	return tree->count++;
}

/* @return the entry of this path, made when it is not there; -1: it cannot be */
static int make_path(struct tree *tree, const char *path, size_t size, enum tree_kind kind)
{
	int at = 0;

	for (size_t i = 0, length; i < size; i += length + 1) {
		const char *slash = memchr(path + i, '/', size - i);
		int next;

		length = slash ? (size_t)(slash - path) - i : size - i;
		if (tree->nodes[at].kind != TREE_FOLDER)
			return -1;
		next = find(tree, at, path + i, length);
		if (next < 0)
			next = add(tree, at, path + i, length, slash ? TREE_FOLDER : kind);
		if (next < 0)
			return -1;
		at = next;
	}
	return at;
}

static unsigned long number(const char *text, size_t size)
{
	unsigned long value = 0;

	for (size_t i = 0; i < size && text[i] >= '0' && text[i] <= '9' && value < 1000000; i++)
		value = value * 10 + (unsigned long)(text[i] - '0');
	return value;
}

/* The two words of a line; the second goes on to its end. */
static void take_line(struct tree *tree, char what, const char *word, size_t size)
{
	const char *blank = memchr(word, ' ', size), *rest = blank ? blank + 1 : word + size;
	size_t length = blank ? (size_t)(blank - word) : size, left = (size_t)(word + size - rest);
	int at;

	switch (what) {
	case 'f':
	case 'l':
		at = make_path(tree, word, length, what == 'f' ? TREE_FILE : TREE_LINK);
		if (at > 0) {
			tree->nodes[at].content = rest;
			tree->nodes[at].length = left;
		}
		break;
	case 'd':
		make_path(tree, word, length, TREE_FOLDER);
		break;
	case 'x':
		at = make_path(tree, word, length, TREE_FOLDER);
		if (at >= 0 && number(rest, left) <= TREE_ENTRIES)
			tree->nodes[at].more = (unsigned int)number(rest, left);
		break;
	case 'e':
		tree->failing = number(word, length);
		tree->error = (int)number(rest, left) % 134;
		break;
	case '-':
		tree->vanishing = number(word, length);
		tree->victim = make_path(tree, rest, left, TREE_FOLDER);
		break;
	default:
		break;
	}
}

/* @return the errno of a call that fails; 0: it goes on */
static int call_fails(struct tree *tree)
{
	unsigned long call = ++tree->calls;

	if (tree->victim > 0 && call == tree->vanishing)
		tree->nodes[tree->victim].gone = true;
	return call == tree->failing ? -tree->error : 0;
}

struct walk {
	struct tree *tree;
	int at, links;
};

static int walk_path(struct walk *walk, const char *path, size_t size, bool follow);

static int walk_name(struct walk *walk, const char *name, size_t length, bool follow)
{
	struct tree *tree = walk->tree;
	int next;

	if (tree->nodes[walk->at].gone)
		return -ENOENT;
	if (tree->nodes[walk->at].kind != TREE_FOLDER)
		return -ENOTDIR;
	if (!length || (length == 1 && is_dots(name, 1)))
		return 0;
	if (length == 2 && is_dots(name, 2)) {
		walk->at = tree->nodes[walk->at].parent;
		return 0;
	}
	next = find(tree, walk->at, name, length);
	if (next < 0)
		return length > 255 ? -ENAMETOOLONG : -ENOENT;
	if (tree->nodes[next].kind != TREE_LINK || !follow) {
		walk->at = next;
		return 0;
	}
	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	if (!tree->nodes[next].length)
		return -ENOENT;
	if (tree->nodes[next].content[0] == '/')
		walk->at = 0;
	return walk_path(walk, tree->nodes[next].content, tree->nodes[next].length, true);
}

static int walk_path(struct walk *walk, const char *path, size_t size, bool follow)
{
	int rc = 0;

	if (size >= 4096)
		return -ENAMETOOLONG;
	for (size_t i = 0, length; i < size && !rc; i += length + 1) {
		const char *slash = memchr(path + i, '/', size - i);

		length = slash ? (size_t)(slash - path) - i : size - i;
		rc = walk_name(walk, path + i, length, slash || follow);
	}
	return rc;
}

static int node_of(const struct tree *tree, int fd)
{
	if (fd == ROOT_FD)
		return 0;
	if (fd < FIRST_FD || fd >= FIRST_FD + TREE_FDS)
		return -1;
	return tree->fds[fd - FIRST_FD].node;
}

static int look_up(struct tree *tree, int folder, const char *path, bool follow)
{
	struct walk walk = { tree, node_of(tree, folder), 0 };
	int rc;

	if (walk.at < 0)
		return -EBADF;
	rc = walk_path(&walk, path, strlen(path), follow);
	return rc ? rc : walk.at;
}

static int tree_openat(void *data, int folder, const char *path, int flags)
{
	struct tree *tree = data;
	int error = call_fails(tree), at;

	at = error ? error : look_up(tree, folder, path, true);
	if (at < 0)
		return at;
	if (flags & O_DIRECTORY && tree->nodes[at].kind != TREE_FOLDER)
		return -ENOTDIR;
	for (int i = 0; i < TREE_FDS; i++) {
		if (tree->fds[i].node < 0) {
			tree->fds[i].node = at;
			tree->fds[i].at = 0;
			return FIRST_FD + i;
		}
	}
	return -EMFILE;
}

static int tree_close(void *data, int fd)
{
	struct tree *tree = data;

	if (fd == ROOT_FD || node_of(tree, fd) < 0)
		abort(); /* a double close, or of somebody else's */
	tree->fds[fd - FIRST_FD].node = -1;
	return 0;
}

static int64_t tree_readlinkat(void *data, int folder, const char *path, char *buffer, size_t size)
{
	struct tree *tree = data;
	int error = call_fails(tree), at;

	at = error ? error : look_up(tree, folder, path, false);
	if (at < 0)
		return at;
	if (tree->nodes[at].kind != TREE_LINK)
		return -EINVAL;
	if (size > tree->nodes[at].length)
		size = tree->nodes[at].length;
	if (size)
		memcpy(buffer, tree->nodes[at].content, size);
	return (int64_t)size;
}

static int64_t tree_pread(void *data, int fd, void *buffer, size_t size, uint64_t offset)
{
	struct tree *tree = data;
	int error = call_fails(tree), at = node_of(tree, fd);
	const struct tree_node *node;
	char *out = buffer;

	if (error || at < 0)
		return error ? error : -EBADF;
	node = &tree->nodes[at];
	if (node->gone || node->kind != TREE_FILE)
		return node->gone ? -ENODEV : -EISDIR;
	if (offset >= node->length)
		return 0;
	if (size > node->length - offset)
		size = node->length - offset;
	for (size_t i = 0; i < size; i++) {
		char byte = node->content[offset + i];

		out[i] = (char)(byte == '|' ? '\n' : byte == '~' ? '\0' : byte);
	}
	return (int64_t)size;
}

/* struct linux_dirent64: inode 8, offset 8, length 2, type 1, name. */
static size_t put_record(char *buffer, size_t room, const char *name, size_t length)
{
	uint16_t size = (uint16_t)((19 + length + 1 + 7) / 8 * 8);

	if (size > room)
		return 0;
	memset(buffer, 0, size);
	memcpy(buffer + 16, &size, sizeof(size));
	memcpy(buffer + 19, name, length);
	return size;
}

static int64_t tree_getdents(void *data, int fd, void *buffer, size_t room)
{
	struct tree *tree = data;
	int error = call_fails(tree), at = node_of(tree, fd);
	uint64_t *place;
	size_t used = 0, size = 1;

	if (error || at < 0)
		return error ? error : -EBADF;
	if (tree->nodes[at].gone)
		return -ENOENT;
	place = &tree->fds[fd - FIRST_FD].at;
	for (; size && *place<(uint64_t)tree->count; *place += size> 0) {
		const struct tree_node *node = &tree->nodes[*place];

		size = 1;
		if (*place == 0 || node->parent != at || node->gone)
			continue;
		size = put_record((char *)buffer + used, room - used, node->name,
				  node->name_length);
		used += size;
	}
	for (; size && *place<(uint64_t)tree->count + tree->nodes[at].more; *place += size> 0) {
		char name[16];
		int length = snprintf(name, sizeof(name), "%u", (unsigned int)*place);

		size = put_record((char *)buffer + used, room - used, name, (size_t)length);
		used += size;
	}
	return (int64_t)used;
}

void tree_make(struct tree *tree, const char *text, size_t size)
{
	memset(tree, 0, sizeof(*tree));
	tree->sys = *libiommu_sys_default();
	tree->sys.data = tree;
	tree->sys.openat = tree_openat;
	tree->sys.close = tree_close;
	tree->sys.readlinkat = tree_readlinkat;
	tree->sys.pread = tree_pread;
	tree->sys.getdents = tree_getdents;
	tree->nodes[0].kind = TREE_FOLDER;
	tree->count = 1;
	tree->victim = -1;
	for (int i = 0; i < TREE_FDS; i++)
		tree->fds[i].node = -1;
	for (size_t at = 0, length; at < size; at += length + 1) {
		const char *end = memchr(text + at, '\n', size - at);

		length = end ? (size_t)(end - text) - at : size - at;
		if (length > 2 && text[at + 1] == ' ')
			take_line(tree, text[at], text + at + 2, length - 2);
	}
}

int tree_root(void)
{
	return ROOT_FD;
}

unsigned int tree_open_fds(const struct tree *tree)
{
	unsigned int count = 0;

	for (int i = 0; i < TREE_FDS; i++)
		count += tree->fds[i].node >= 0;
	return count;
}
