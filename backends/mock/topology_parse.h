/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of a machine's text that say where a device sits. */
#ifndef BACKENDS_MOCK_TOPOLOGY_PARSE_H
#define BACKENDS_MOCK_TOPOLOGY_PARSE_H

#include "backends/mock/machine.h"
#include "backends/mock/words.h"

/* What a line says, before there is a function. */
struct mock_place {
	bool said; /* some word was of the topology */
	enum libiommu_mock_function_type type;
	bool has_type;
	bool no_iommu; /* whatever is above */
	bool has_below;
	uint64_t below;
	bool has_multifunction;
	bool multifunction;
	bool has_acs;
	bool has_acs_cap;
	uint32_t acs_cap;
	uint32_t acs_on;
	uint32_t quirks;
	uint64_t aliases[4];
	bool has_pe;
	uint64_t pe;
	bool has_stream;
	uint64_t stream;
	uint64_t vfs[3]; /* how many at most, offset, stride */
	const struct libiommu_mock_platform *platform;
};

/* A "host-bridge" line. */
int mock_place_host(struct mock_machine *machine, struct mock_words *words);

/* @return 0; above 0: the word is not of the topology; else it was refused */
int mock_place_word(struct mock_machine *machine, struct mock_words *words, const char *word,
		    struct mock_place *place);

/*
 * Is the device of this line a part of the topology? *type is then what it is, and *iommu what
 * serves it when the line names none.
 */
int mock_place_check(struct mock_machine *machine, struct mock_words *words, const char *name,
		     struct mock_place *place, struct mock_iommu **iommu, bool *inside);

/* Make the function of a device; mock_place_check() has found no fault. */
int mock_place_add(struct mock_machine *machine, struct mock_words *words,
		   const struct mock_place *place, struct mock_device *dev);

/* "fe804000.usb": not a PCI name, and no longer than a device's name may be */
bool mock_is_platform_name(const char *name);

#endif
