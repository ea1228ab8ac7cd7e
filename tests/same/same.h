/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The same steps in several worlds: on the kernel's own test devices, and on the mock. What each step
 * came to is written down as a word or two, and compared.
 */
#ifndef SAME_H
#define SAME_H

#include <libiommu/libiommu.h>
#include <libiommu/nesting.h>

#define SAME_PAGE  4096u
#define SAME_PAGES 32u
/* Where every device can be mapped. */
#define SAME_IOVA UINT64_C(0x10000000)
#define SAME_BOTH (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

enum same_role { SAME_PLAIN, SAME_TWIN, SAME_NUMBERED /* has PASIDs */, SAME_ROLES };

struct same_world {
	const char *name;
	const char *device[SAME_ROLES];
	/* NULL, after a word about it: there is no such world here. */
	struct libiommu_ctx *(*begin)(void);
	/* Does an address of the endpoint lead to this page of the process? */
	bool (*reaches)(struct libiommu_endpoint *ep, uint64_t iova, const char *page);
	/* The device asks for a page. @return whether anybody listens */
	bool (*ask)(struct libiommu_endpoint *ep, uint32_t group, uint32_t access, uint64_t iova);
	/* Is this what the device caches of its stage 1 in one entry? */
	bool (*cached)(struct libiommu_endpoint *ep, uint32_t entry, uint32_t value);
};

/* One run of all scenarios. */
struct same {
	const struct same_world *world;
	struct same_log *log;
	const char *scenario;
	struct libiommu_ctx *ctx;
	char *memory; /* SAME_PAGES pages, each with a number of its own in it */
};

/* Each writes down one step. */
void same_fact(struct same *s, const char *step, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What a call came to: "done", or its reason and the subject where it is a range; takes the error. */
int same_call(struct same *s, const char *step, int code, struct libiommu_error *err);
/* @return whether it was done */
#define SAME_CALL_(step, call)                       \
	({                                           \
		struct libiommu_error *err = NULL;   \
		const int code_ = call;              \
		same_call(s, step, code_, err) == 0; \
	})
#define SAME_CALL(step, call) ((void)SAME_CALL_(step, call))
/* The steps behind these need that it was done, or that it was refused. */
#define SAME_MUST(step, call) same_require(SAME_CALL_(step, call), step)
#define SAME_HELD(step, call) same_require(!SAME_CALL_(step, call), step)
void same_require(bool right, const char *step);
void same_truth(struct same *s, const char *step, bool truth);

/* These end the program when nothing can follow. */
struct libiommu_device *same_open(struct same *s, enum same_role role);
struct libiommu_domain *same_domain(struct same *s, bool pasid, bool nest_parent,
				    struct libiommu_fault_queue *faults);
/* One page of the memory. */
int same_map(struct same *s, struct libiommu_domain *dom, uint64_t iova, unsigned int page,
	     struct libiommu_error **err);
bool same_reaches(struct same *s, struct libiommu_endpoint *ep, uint64_t iova, unsigned int page);

void same_maps(struct same *s);
void same_attachments(struct same *s);
void same_pasids(struct same *s);
void same_stages(struct same *s);
void same_faults(struct same *s);

/* log.c */
struct same_log *same_log_new(const char *name);
void same_log_add(struct same_log *log, const char *step, const char *result);
/* Lines of "STEP = RESULT"; others are passed over. */
bool same_log_read(struct same_log *log, const char *path);

struct same_result {
	unsigned int compared; /* steps that either has */
	unsigned int accepted; /* differ, as a rule of the kernel has it */
	unsigned int differ;   /* and no rule says so */
};
/* Prints what differs, and the numbers. */
struct same_result same_compare(const struct same_log *a, const struct same_log *b);

extern const struct same_world same_mock, same_kernel;

#endif
