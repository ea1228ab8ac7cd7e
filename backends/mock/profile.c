/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/profile.h"

#include "backends/mock/profile_tables.h"

#include <string.h>

const struct mock_profile *mock_profile_at(size_t index)
{
	static const struct mock_profile *const tables[] = {
		mock_profiles_x86,
		mock_profiles_arm,
		mock_profiles_other,
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct mock_profile *at = tables[i]; at->forms[0].width; at++) {
			if (index-- == 0)
				return at;
		}
	}
	return NULL;
}

const struct mock_profile *mock_profile_find(const char *name)
{
	const struct mock_profile *profile;

	for (size_t i = 0; (profile = mock_profile_at(i)); i++) {
		if (strcmp(profile->hw.profile, name) == 0)
			return profile;
	}
	return NULL;
}

void mock_hw_make_legacy(struct mock_hw *hw)
{
	hw->can_mark = false;
	hw->accessed_dirty = false;
	hw->pasid_bits = 0;
	hw->prq = false;
	hw->linux_prq = false;
	hw->linux_nests = false;
	hw->stage1_formats = 0;
	hw->parent_format = LIBIOMMU_PGTABLE_NO_FORMAT;
}

static uint64_t granule(uint64_t sizes)
{
	return sizes & -sizes;
}

static bool has_width(const struct mock_form *form, unsigned int width)
{
	return !width || width == form->width ||
	       (form->least && width >= form->least && width < form->width);
}

static bool has_stage(const struct mock_form *form, unsigned int stage)
{
	return !stage || stage == form->stage;
}

static bool has_granule(const struct mock_form *form, uint64_t wanted)
{
	return !wanted || wanted == granule(form->page_sizes);
}

/* The first form that is as wished; else what none of them has. */
static enum mock_misfit choose(const struct mock_profile *profile, const struct mock_wish *wish,
			       const struct mock_form **out)
{
	bool width = false, stage = false, smallest = false;

	for (size_t i = 0; i < MOCK_FORMS && profile->forms[i].width; i++) {
		const struct mock_form *form = &profile->forms[i];
		bool fits[3] = { has_width(form, wish->width), has_stage(form, wish->stage),
				 has_granule(form, wish->granule) };

		*out = form;
		if (fits[0] && fits[1] && fits[2])
			return MOCK_FITS;
		width |= fits[0];
		stage |= fits[1];
		smallest |= fits[2];
	}
	return !width      ? MOCK_NO_WIDTH
	       : !stage    ? MOCK_NO_STAGE
	       : !smallest ? MOCK_NO_GRANULE
			   : MOCK_NO_FORM;
}

struct libiommu_pgtable_options mock_hw_table(const struct mock_hw *hw)
{
	struct libiommu_pgtable_options opts = LIBIOMMU_PGTABLE_OPTIONS_INIT;

	opts.format = hw->format;
	opts.levels = hw->levels;
	opts.leaf_sizes = hw->page_sizes;
	opts.iova_bits = hw->width;
	opts.phys_bits = hw->phys_width;
	if (!hw->accessed_dirty && hw->preset_marks)
		opts.flags = LIBIOMMU_PGTABLE_MARKED;
	return opts;
}

struct libiommu_pgtable_options mock_hw_parent_table(const struct mock_hw *hw)
{
	struct libiommu_pgtable_options opts = mock_hw_table(hw);

	if (hw->parent_format == hw->format)
		return opts;
	opts.format = hw->parent_format;
	opts.levels = 0;
	opts.leaf_sizes = 0;
	opts.attributes = 0;
	opts.iova_bits = hw->parent_width;
	return opts;
}

/* It reaches as far as the form, or as physical addresses do; else there is none. */
static void shape_parent(struct mock_hw *hw)
{
	const unsigned int widths[] = { hw->width, hw->phys_width };

	for (size_t i = 0; i < 2 && hw->parent_format; i++) {
		struct libiommu_pgtable_options opts;
		struct libiommu_pgtable_desc desc;

		hw->parent_width = widths[i];
		opts = mock_hw_parent_table(hw);
		if (!libiommu_pgtable_format_describe(&opts, &desc, NULL))
			return;
	}
	hw->linux_nests = false;
	hw->parent_format = LIBIOMMU_PGTABLE_NO_FORMAT;
	hw->stage1_formats = 0;
}

static void add_hole(struct mock_hw *hw, uint64_t start, uint64_t last)
{
	if (hw->hole_count < MOCK_HW_HOLES)
		hw->holes[hw->hole_count++] = (struct mock_hole){
			.what = { { start, last }, LIBIOMMU_RESERVED_RESERVED },
			.translated = true,
		};
}

static void show_rest(struct mock_hw *hw)
{
	uint64_t start = 0;

	for (size_t i = 0; i < hw->window_count; i++) {
		if (hw->windows[i].start > start)
			add_hole(hw, start, hw->windows[i].start - 1);
		start = hw->windows[i].last + 1;
	}
	if (start)
		add_hole(hw, start, UINT64_MAX);
}

/* The windows of the profile, or the one that was wished for. */
static enum mock_misfit choose_windows(const struct mock_wish *wish, uint64_t last,
				       struct mock_hw *hw)
{
	struct libiommu_range whole = { 0, last };

	if (!hw->window_count)
		hw->windows[hw->window_count++] = whole;
	else if (!hw->window_moves)
		whole = hw->windows[0];
	if (!wish->window.last)
		return MOCK_FITS;
	if (hw->window_count > 1 || wish->window.start < whole.start ||
	    wish->window.last > whole.last ||
	    (wish->window.start | (wish->window.last + 1)) & (mock_hw_granule(hw) - 1))
		return MOCK_NO_WINDOW;
	hw->windows[0] = wish->window;
	return MOCK_FITS;
}

/* What the engine makes of it; a kind that is none of its formats is as the form says. */
static bool shape_tree(struct mock_hw *hw, uint64_t *last)
{
	struct libiommu_pgtable_options opts = mock_hw_table(hw);
	struct libiommu_pgtable_desc desc;

	*last = UINT64_MAX >> (64 - hw->width);
	if (!hw->format)
		return true;
	if (libiommu_pgtable_format_describe(&opts, &desc, NULL))
		return false;
	*last = desc.iova_last;
	if (!hw->translation)
		hw->page_sizes = desc.leaf_sizes;
	return true;
}

enum mock_misfit mock_profile_shape(const struct mock_profile *profile,
				    const struct mock_wish *wish, struct mock_hw *hw)
{
	const struct mock_form *form;
	enum mock_misfit misfit = choose(profile, wish, &form);
	uint64_t last;

	if (misfit)
		return misfit;
	hw->format = form->format;
	hw->levels = form->levels;
	hw->width = wish->width ? wish->width : form->width;
	hw->page_sizes = form->page_sizes;
	hw->write_only = form->write_only;
	/* What a stage 2 translates are physical addresses to somebody. */
	if (form->least && form->stage == 2 && !wish->width && hw->width > hw->phys_width)
		hw->width = hw->phys_width;
	if (!shape_tree(hw, &last))
		return MOCK_NO_FORM;
	if (wish->page_sizes & ~hw->page_sizes ||
	    (wish->page_sizes && granule(wish->page_sizes) != granule(hw->page_sizes)))
		return MOCK_NO_PAGES;
	if (wish->page_sizes)
		hw->page_sizes = wish->page_sizes;
	shape_parent(hw);
	misfit = choose_windows(wish, last, hw);
	if (!misfit && hw->shows_rest)
		show_rest(hw);
	return misfit;
}

bool mock_hw_reaches(const struct mock_hw *hw, uint64_t iova)
{
	for (size_t i = 0; i < hw->window_count; i++) {
		if (iova >= hw->windows[i].start && iova <= hw->windows[i].last)
			return true;
	}
	return false;
}

const struct mock_hole *mock_hw_hole(const struct mock_hw *hw, uint64_t iova)
{
	for (size_t i = 0; i < hw->hole_count; i++) {
		const struct mock_hole *hole = &hw->holes[i];

		if (!hole->translated && iova >= hole->what.range.start &&
		    iova <= hole->what.range.last)
			return hole;
	}
	return NULL;
}
