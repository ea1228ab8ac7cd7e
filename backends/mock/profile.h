/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an IOMMU's hardware is like, and what Linux makes of it. A profile is one constant
 * description; nothing else in the mock asks which profile it has before it.
 */
#ifndef BACKENDS_MOCK_PROFILE_H
#define BACKENDS_MOCK_PROFILE_H

#include <libiommu/pgtable.h>

#define MOCK_HW_WINDOWS 2
#define MOCK_HW_HOLES   2

struct mock_translation;

/* IOVAs inside of the windows that no domain may use. */
struct mock_hole {
	struct libiommu_reserved what;
	/* They are kept back by word alone: an access is looked up like any other. */
	bool translated;
};

/* One of the tables that an IOMMU can walk; width=, granule= and stage= choose. */
struct mock_form {
	enum libiommu_pgtable_format format;
	unsigned int stage;  /* 1 or 2; 0: there is no choice */
	unsigned int levels; /* 0: the fewest for the width, or the format's usual */
	unsigned int least;  /* narrowest IOVAs; 0: only `width` */
	unsigned int width;  /* bits of an IOVA; the widest and usual ones */
	uint64_t page_sizes; /* the smallest is the granule */
	bool write_only;     /* write without read can be expressed */
};

/* One IOMMU: a profile with the machine text's options applied. */
struct mock_hw {
	const char *profile;
	const char *evidence; /* for capability answers */
	const char *name;     /* of the real thing */
	const char *oddity;
	const struct mock_translation *translation; /* NULL: the page-table engine's trees */
	/* Of the form that was chosen. */
	enum libiommu_pgtable_format format;
	unsigned int levels;
	unsigned int width;
	uint64_t page_sizes;
	bool write_only;
	unsigned int phys_width;                        /* bits of a physical address */
	unsigned int phys_most;                         /* that an option can give it */
	struct libiommu_range windows[MOCK_HW_WINDOWS]; /* that it translates, ascending */
	size_t window_count; /* 0 in a profile: all that the width reaches */
	bool window_moves;   /* aperture= may go outside of the profile's */
	bool shows_rest;     /* what lies outside of the windows is told as reserved */
	struct mock_hole holes[MOCK_HW_HOLES];
	size_t hole_count;
	bool coherent;      /* DMA snoops CPU caches */
	bool snoop_control; /* no-snoop requests can be forced to snoop */
	bool msi_isolated;
	bool can_mark;       /* hardware can set accessed and dirty bits ... */
	bool accessed_dirty; /* ... and does ... */
	bool preset_marks;   /* ... else leaves begin with both */
	bool has_legacy;     /* an older way to be driven, in which nothing of the rest is there */
	/* What there is beside one address space per device. */
	unsigned int pasid_bits;                    /* 0: no PASIDs */
	bool prq;                                   /* page requests */
	uint32_t stage1_formats;                    /* bit n: format n as a user's stage 1 */
	bool stage1_words;                          /* or words that it caches, without a table */
	enum libiommu_pgtable_format parent_format; /* of what lies below a stage 1 */
	unsigned int parent_width;                  /* bits of an IOVA there */
	/* Linux 7.2 uses less than the hardware has. */
	bool linux_hides_coherency; /* the driver does not say that it snoops */
	bool linux_has_no_paging;   /* no domains that are mapped by hand */
	bool linux_prq;             /* page requests reach user space */
	bool linux_nests;           /* a stage 1 needs no virtual IOMMU */
	const char *grouping;       /* how Linux finds groups: a name of grouping.h, the default */
};

/* What a line asks for; 0: whatever comes first. */
struct mock_wish {
	unsigned int width;
	unsigned int stage;
	uint64_t granule;
	uint64_t page_sizes;          /* leave out the others */
	struct libiommu_range window; /* instead of the profile's; last 0: none */
};

#define MOCK_FORMS 10

struct mock_profile {
	struct mock_hw hw;
	struct mock_form forms[MOCK_FORMS]; /* ends with width 0; the first is the usual one */
};

/* The profiles, one after the other. @return NULL behind the last */
const struct mock_profile *mock_profile_at(size_t index);
const struct mock_profile *mock_profile_find(const char *name);

/* Leave what the older way does not have: marks, and all that is beside one address space. */
void mock_hw_make_legacy(struct mock_hw *hw);

enum mock_misfit {
	MOCK_FITS = 0,
	MOCK_NO_WIDTH,
	MOCK_NO_STAGE,
	MOCK_NO_GRANULE,
	MOCK_NO_FORM, /* each exists, but not together */
	MOCK_NO_PAGES,
	MOCK_NO_WINDOW
};

/* Make *hw what is wished for; what other options said of it stays. */
enum mock_misfit mock_profile_shape(const struct mock_profile *profile,
				    const struct mock_wish *wish, struct mock_hw *hw);

/* The options of a page table of this hardware, but for its memory. */
struct libiommu_pgtable_options mock_hw_table(const struct mock_hw *hw);
/* The same of one that lies below a stage 1. */
struct libiommu_pgtable_options mock_hw_parent_table(const struct mock_hw *hw);

/* Does it translate this address? */
bool mock_hw_reaches(const struct mock_hw *hw, uint64_t iova);
/* What devices cannot use as an address, since hardware takes it for something else. */
const struct mock_hole *mock_hw_hole(const struct mock_hw *hw, uint64_t iova);

static inline uint64_t mock_hw_iova_last(const struct mock_hw *hw)
{
	return hw->windows[hw->window_count - 1].last;
}

static inline uint64_t mock_hw_granule(const struct mock_hw *hw)
{
	return hw->page_sizes & -hw->page_sizes;
}

#endif
