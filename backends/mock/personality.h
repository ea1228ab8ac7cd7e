/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel interface that stands before the hardware; all that depends on it is asked here. */
#ifndef BACKENDS_MOCK_PERSONALITY_H
#define BACKENDS_MOCK_PERSONALITY_H

#include <stdbool.h>
#include <stdint.h>

/* When hardware that Linux does not lend to user space is refused. */
enum mock_vetting { MOCK_VETS_NEVER, MOCK_VETS_AT_ATTACH, MOCK_VETS_AT_OPEN };

struct mock_personality {
	const char *name;
	const char *evidence; /* for capability answers */
	/* An address space is a container that groups join and cannot leave with open devices. */
	bool vessels;
	enum mock_vetting vetting;
	/* Write-only on a format that cannot express it gets read, too; else it is refused. */
	bool adds_read;
	/* Attachments can be exchanged in one step. */
	bool replace;
	/* It is promised that devices see no gap then; the mock never makes one. */
	bool replace_hitless;
	/* Registers can be reached before the first attach. */
	bool fd_before_attach;
	/* So can the ranges that the IOMMU translates. */
	bool ranges_before_attach;
	/* Sizes of leaves are told, and whether no-snoop requests are snooped. */
	bool tells_page_sizes;
	bool tells_snoop_control;
	/* Domains that pass everything untranslated exist. */
	bool identity;
	/* Devices have PASIDs, nested domains and page requests. */
	bool extras;
	/* Queues of page requests can be made as deep as somebody wants. */
	bool queue_depths;
	/* Domains exist that no kernel offers: SVA, SHARED. */
	bool foreign;
	uint64_t entry_limit; /* mappings of one space; 0: none */
};

/* @return NULL when there is none of this name */
const struct mock_personality *mock_personality_find(const char *name);

#endif
