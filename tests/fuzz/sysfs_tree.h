/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tree in memory behind the table of system calls, made from a text, a line for each entry:
 *
 *	f PATH CONTENT    a file; '|' is a newline, '~' a NUL
 *	l PATH TARGET     a link
 *	d PATH            a folder
 *	x PATH COUNT      so many files in a folder, named by numbers
 *	e CALL ERRNO      the so many-th system call fails
 *	- CALL PATH       it finds nothing there any more, nor does any call after it
 *
 * Folders above an entry are made with it. What makes no sense is left out.
 */
#ifndef FUZZ_SYSFS_TREE_H
#define FUZZ_SYSFS_TREE_H

#include <libiommu/hooks.h>

#define TREE_NODES   256
#define TREE_FDS     64
#define TREE_ENTRIES 5000

enum tree_kind { TREE_FOLDER = 1, TREE_FILE, TREE_LINK };

/* Names and contents lie in the text, without their ends. */
struct tree_node {
	enum tree_kind kind;
	int parent;
	const char *name, *content;
	size_t name_length, length;
	unsigned int more; /* made-up entries of a folder */
	bool gone;
};

struct tree {
	struct libiommu_sys sys;
	struct tree_node nodes[TREE_NODES]; /* the first is the root */
	int count;
	struct {
		int node; /* -1: not open */
		uint64_t at;
	} fds[TREE_FDS];
	unsigned long calls, failing, vanishing;
	int error, victim;
};

/* The text stays with the caller. */
void tree_make(struct tree *tree, const char *text, size_t size);
/* A descriptor of the root; not one of those that are counted. */
int tree_root(void);
unsigned int tree_open_fds(const struct tree *tree);

#endif
