/* SPDX-License-Identifier: BSD-2-Clause */
/* How the demo prints: aligned, and in colour where a person looks at a terminal. */
#ifndef EXAMPLES_SHOW_H
#define EXAMPLES_SHOW_H

#include <libiommu/libiommu.h>
#include <libiommu/mock.h>

/** Before anything else: find out whether colour is wanted. */
void show_start(void);

/** A numbered heading. */
void show_step(const char *title);

/** "   label    text". */
void show_line(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** A refusal that was meant to happen. */
void show_refusal(const struct libiommu_error *err);

/**
 * A failure that was not: what was tried, why it failed and what helps. Frees err.
 * @param code what the call returned, for when err is NULL
 * @return code
 */
int show_failure(const char *what, int code, struct libiommu_error *err);

/** Something that no error describes did not come as it should. @return a negative errno */
int show_wrong(const char *what);

/** The columns of show_group(). */
void show_group_header(void);

/** A line for each member, and what is known of the group as a whole. */
void show_group(const struct libiommu_group *group);

/** A line for each level. */
void show_walk(const struct libiommu_pgtable_walk *walk);

/** What the IOMMU recorded. */
void show_fault(const struct libiommu_mock_fault *fault);

#endif
