/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a case is written and how it is found.
 *
 *	CASE(unmap_all_of_nothing, "4.1.2 unmap_all succeeds on an empty domain")
 *	{
 *		struct rig rig = rig_new(0);
 *
 *		OK(libiommu_domain_unmap_all(rig.dom, NULL, E));
 *	}
 *
 * The rule names the section of docs/contract.md. A case runs with fresh machinery (helpers.h)
 * and everything that it made through helpers is taken down behind it, also when it fails; what
 * the library then still holds is a failure of the case.
 */
#ifndef CONFORMANCE_CASES_H
#define CONFORMANCE_CASES_H

#include <check.h>

#include <stddef.h>

struct conformance_case {
	const char *name;
	const char *rule;
	TTest test;
};

#define CASE(ident, text)                                                  \
	static void ident##_body(int);                                     \
	static const struct conformance_case ident = {                     \
		#ident, text, { #ident, ident##_body, __FILE__, __LINE__ } \
	};                                                                 \
	static void ident##_body(int index_ CK_ATTRIBUTE_UNUSED)

/** Leave a case that does not apply here. */
#define SKIP(...)                       \
	do {                            \
		note_skip(__VA_ARGS__); \
		return;                 \
	} while (0)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct registry;

/** Each suite hands its cases over in the order in which they run. */
void add_cases(struct registry *registry, const char *suite,
	       const struct conformance_case *const *cases, size_t count);

void note_skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

void suite_errors(struct registry *registry);
void suite_lifecycle(struct registry *registry);
void suite_map(struct registry *registry);
void suite_unmap(struct registry *registry);
void suite_ledger(struct registry *registry);
void suite_batch(struct registry *registry);
void suite_iova(struct registry *registry);
void suite_attach(struct registry *registry);
void suite_pasid(struct registry *registry);
void suite_nesting(struct registry *registry);
void suite_faults(struct registry *registry);
void suite_groups(struct registry *registry);
void suite_claims(struct registry *registry);
void suite_regions(struct registry *registry);
void suite_dma(struct registry *registry);
void suite_memory(struct registry *registry);
void suite_limits(struct registry *registry);
void suite_threads(struct registry *registry);
void suite_random(struct registry *registry);
void suite_kernel(struct registry *registry);
void suite_input(struct registry *registry);
void suite_fork(struct registry *registry);

/** Of the random cases; from the command line. */
extern unsigned long random_seed;
extern unsigned long random_rounds;
extern unsigned long many_mappings;

#endif
