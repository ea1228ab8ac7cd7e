/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel interface that stands before the hardware; all that depends on it is asked here. */
#ifndef BACKENDS_MOCK_PERSONALITY_H
#define BACKENDS_MOCK_PERSONALITY_H

#include <stdbool.h>
#include <stdint.h>

struct mock_personality {
	const char *name;
	const char *evidence; /* for capability answers */
	/* An address space is a container that groups join and cannot leave with open devices. */
	bool vessels;
	/* Hardware that Linux does not lend to user space is refused. */
	bool vets_hardware;
	/* Write-only on a format that cannot express it gets read, too; else it is refused. */
	bool adds_read;
	/* Attachments can be exchanged in one step. */
	bool replace;
	/* Registers and ranges can be reached before the first attach. */
	bool fd_before_attach;
	/* Domains that pass everything untranslated exist. */
	bool identity;
	uint64_t entry_limit; /* mappings of one space; 0: none */
};

/* @return NULL when there is none of this name */
const struct mock_personality *mock_personality_find(const char *name);

#endif
