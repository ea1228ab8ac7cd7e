/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONFORMANCE_HELPERS_H
#define CONFORMANCE_HELPERS_H

#include "cases.h"
#include "hooks.h"
#include "target.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

/** The smallest page of the target, at least 4096: cases ask for nothing smaller. */
#define PAGE (target->page)
#define MIB  (UINT64_C(1) << 20)
#define GIB  (UINT64_C(1) << 30)
#define RW   (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)
/** IOVAs of the cases: below 2^28, since edu masks its addresses. */
#define IO(n) (UINT64_C(0x4000000) + (uint64_t)(n)*PAGE)

/* Machinery of a case: made before it, taken down behind it. */

extern struct hooks hooks;

void bench_setup(void);
void bench_teardown(void);

/** Begin again with another machine. @return NULL, or why not */
const char *bench_restart(const char *limits);

/** A context on the target; freed behind the case. */
struct libiommu_ctx *context(void);
/** The same with these options changed by the case; NULL `opts`: as context(). */
void context_options(struct libiommu_ctx_options *opts);
/** Free a context now. */
void context_free(struct libiommu_ctx *ctx);

/** Anonymous memory, page aligned, filled with a pattern; unmapped behind the case. */
void *memory(size_t bytes);
/** Address space of which not a page is there for reading or writing. */
void *no_memory(size_t bytes);
/** Reserved, not populated. */
void *big_memory(size_t bytes);
void *aligned_memory(size_t bytes, size_t alignment, size_t offset);
/** A memfd; closed behind the case. */
int memory_file(size_t bytes);
void *file_view(int fd, size_t bytes);
/** Free behind the case with free(). */
void *keep(void *block);
int keep_fd(int fd);

void fill(void *mem, size_t bytes, unsigned int seed);
bool filled(const void *mem, size_t bytes, unsigned int seed);

struct libiommu_source at(const void *mem);

/* Expectations. */

/** Where an error goes; holds garbage before the call, as the interface allows. */
struct libiommu_error **fresh_error(void);
#define E fresh_error()
/** The error of the last call that got E. */
const struct libiommu_error *last_error(void);
/** Take it; the caller frees. */
struct libiommu_error *take_error(void);

void expect_ok(int ret, const char *call, const char *file, int line);
void expect_refused(int ret, enum libiommu_reason reason, const char *subject, const char *call,
		    const char *file, int line);

#define OK(call) expect_ok((call), #call, __FILE__, __LINE__)
/** `about` NULL: any subject. */
#define REFUSED(call, reason, about) \
	expect_refused((call), LIBIOMMU_REASON_##reason, about, #call, __FILE__, __LINE__)
/** And the ledger is as before. */
#define REFUSED_KEEPS(domain, call, reason, about)       \
	do {                                             \
		char *ledger_ = dump(domain);            \
		REFUSED(call, reason, about);            \
		ck_assert_str_eq(dump(domain), ledger_); \
	} while (0)

/** "0x1000-0x1fff"; a few live at a time. */
const char *range_name(uint64_t start, uint64_t length);
/** The ledger as text; freed behind the case. */
char *dump(struct libiommu_domain *dom);

/* Objects. */

struct rig {
	struct libiommu_ctx *ctx;
	struct libiommu_domain *dom;
	struct libiommu_device *dev[TARGET_MEMBERS];
	struct libiommu_endpoint *ep[TARGET_MEMBERS];
	size_t count;
};

/** A context, a paging domain, and the first lone devices open. Names missing: see devices(). */
struct rig rig_new(size_t alone);
/** The same with all of them attached. */
struct rig rig_attached(size_t alone);
/** The same with members of one group, open. */
struct rig rig_members(size_t members);

/** @return true when the command line gave so many devices; else the case is a skip */
bool devices(size_t alone, size_t members);
#define NEEDS(alone, members)                 \
	do {                                  \
		if (!devices(alone, members)) \
			return;               \
	} while (0)

struct libiommu_device *device(struct libiommu_ctx *ctx, const char *name);
struct libiommu_domain *domain(struct libiommu_ctx *ctx);
struct libiommu_domain *domain_of_type(struct libiommu_ctx *ctx, enum libiommu_domain_type type);

/** @return true when a capability's answer is yes */
bool can(struct libiommu_device *dev, enum libiommu_cap cap);
/** @return true when it is no; not knowing is not enough */
bool cannot(struct libiommu_device *dev, enum libiommu_cap cap);
#define NEEDS_CAP(dev, cap)                                               \
	do {                                                              \
		if (!can(dev, cap))                                       \
			SKIP("no capability %s", libiommu_cap_name(cap)); \
	} while (0)

void map(struct libiommu_domain *dom, uint64_t iova, const void *mem, uint64_t length);
void map_prot(struct libiommu_domain *dom, uint64_t iova, const void *mem, uint64_t length,
	      uint32_t prot);
void unmap(struct libiommu_domain *dom, uint64_t iova, uint64_t length, uint64_t expected);
void attach(struct libiommu_endpoint *ep, struct libiommu_domain *dom);
void detach(struct libiommu_endpoint *ep);
/** A mapping of this range, source and protection is found. */
void found(struct libiommu_domain *dom, uint64_t iova, const void *mem, uint64_t length);
void not_found(struct libiommu_domain *dom, uint64_t iova);

/** The domain's ranges. @return how many, at most room */
size_t ranges_of(struct libiommu_domain *dom, struct libiommu_range *ranges, size_t room);
/** The last page that the attached domain can map. */
uint64_t last_page(struct libiommu_domain *dom);
/** First byte of a hole between its ranges; 0: no hole. */
uint64_t hole_start(struct libiommu_domain *dom);

/** Where so many bytes can be mapped in one go, from IO(0) upward. */
uint64_t room_for(struct libiommu_domain *dom, uint64_t bytes, uint64_t alignment);

/* DMA by the device edu, through its registers alone. */

#define EDU_SRC     0x80
#define EDU_DST     0x88
#define EDU_COUNT   0x90
#define EDU_COMMAND 0x98
#define EDU_BUFFER  UINT64_C(0x40000)
#define EDU_CHUNK   2048
#define EDU_RUN     1u
#define EDU_TO_RAM  2u

struct edu {
	struct libiommu_device *dev;
	struct libiommu_region *bar;
};

/** Of an attached device; bus mastering is turned on. */
struct edu edu_open(struct libiommu_device *dev);
void edu_close(struct edu *edu);
uint64_t edu_get(struct edu *edu, uint64_t offset);
void edu_put(struct edu *edu, uint64_t offset, uint64_t value);
/** Memory to the device's buffer, and back. At most EDU_CHUNK bytes. */
void edu_load(struct edu *edu, uint64_t iova, size_t bytes);
void edu_store(struct edu *edu, uint64_t iova, size_t bytes);

/** The device reads and writes the page of memory that is mapped at an IOVA. */
void dma_reaches(struct edu *edu, uint64_t iova, void *mem);
/** The IOMMU refuses a write, and the page of memory is untouched. */
void dma_misses(struct edu *edu, uint64_t iova, void *mem);
/** A write goes elsewhere, or is never made: the page of memory is untouched. */
void dma_spares(struct edu *edu, uint64_t iova, void *mem);

/**
 * The next access to this IOVA is one that the IOMMU must refuse. Told to witnesses outside
 * ("fault-expected: BDF 0xIOVA read|write") where there are some, or when always_tell.
 */
void fault_expected(struct edu *edu, uint64_t iova, const char *access);
extern bool always_tell;

/** Type and interrupts of a group that is attached: what its kernel says, and no guess. */
void facts_are_told(const struct libiommu_group *group);

/* Children. */

/** Run in a forked child. @return what it returned, 0: all well; else a line for ck_assert */
int in_child(int (*function)(void *data), void *data);
/** For such functions, which must not use ck_assert. */
#define CHILD_CHECK(condition)           \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

/** Small and the same everywhere. */
uint64_t random_next(uint64_t *state);

#endif
