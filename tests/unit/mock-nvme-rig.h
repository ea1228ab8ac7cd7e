/* SPDX-License-Identifier: BSD-2-Clause */
/* An NVMe controller of the mock, driven register by register through the public interface. */
#ifndef TESTS_UNIT_MOCK_NVME_RIG_H
#define TESTS_UNIT_MOCK_NVME_RIG_H

#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock.h>

#include <check.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE  UINT64_C(4096)
#define RW    (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)
#define NAME  "0000:01:00.0"
#define BASE  UINT64_C(0x40000000) /* where the arena is mapped */
#define PAGES 1024

#define CAP  0x00
#define VS   0x08
#define CC   0x14
#define CSTS 0x1c
#define AQA  0x24
#define ASQ  0x28
#define ACQ  0x30

#define CC_ON     UINT32_C(0x00460001)
#define CC_OFF    UINT32_C(0x00460000)
#define CSTS_RDY  1u
#define CSTS_CFS  2u
#define DNR       0x4000
#define NO_ANSWER 0xffff

static struct libiommu_ctx *ctx;
static struct libiommu_device *dev;
static struct libiommu_endpoint *ep;
static struct libiommu_domain *dom;
static struct libiommu_region *bar;
static unsigned char *arena;
static uint64_t used; /* bytes of the arena */

struct queue {
	unsigned int id;
	uint32_t size;
	uint32_t *sq;
	uint32_t *cq;
	uint64_t sq_iova;
	uint64_t cq_iova;
	uint32_t tail;
	uint32_t head;
	uint32_t phase;
	uint16_t next_id;
};

struct answer {
	uint32_t result;
	uint16_t sq_head;
	uint16_t sq;
	uint16_t id;
	uint16_t status;
};

struct sqe {
	uint32_t dw[16];
};

static struct queue admin;

/* For tests that make them fail; NULL: the usual ones. */
static const struct libiommu_allocator *rig_allocator;
static const struct libiommu_sys *rig_sys;

static inline uint64_t get(uint64_t offset, unsigned int width)
{
	uint64_t value = 0x5555;

	ck_assert_int_eq(libiommu_region_read(bar, offset, width, &value, NULL), 0);
	return value;
}

static inline void put(uint64_t offset, unsigned int width, uint64_t value)
{
	ck_assert_int_eq(libiommu_region_write(bar, offset, width, value, NULL), 0);
}

/* Pages of the arena that nobody has yet, zeroed. */
static inline uint64_t take(uint64_t bytes)
{
	uint64_t at = used;

	used += (bytes + PAGE - 1) / PAGE * PAGE;
	ck_assert_uint_le(used, PAGES * PAGE);
	memset(arena + at, 0, (size_t)(used - at));
	return BASE + at;
}

static inline void *host(uint64_t iova)
{
	return arena + (iova - BASE);
}

/* What libiommu_ctx_new() answers; the arena is there either way. */
static inline int try_context(const char *personality, const char *options)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	char text[400];

	snprintf(text, sizeof(text),
		 "personality %s\n"
		 "iommu u intel-vtd\n"
		 "device " NAME " iommu=u group=1 driver=vfio-pci model=nvme %s\n"
		 "device 0000:02:00.0 iommu=u group=2 driver=vfio-pci model=edu\n",
		 personality, options);
	opts.backend = "mock";
	opts.config = text;
	opts.allocator = rig_allocator;
	opts.sys = rig_sys;
	arena = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	ck_assert_ptr_ne(arena, MAP_FAILED);
	used = 0;
	return libiommu_ctx_new(&opts, &ctx, NULL);
}

static inline void start_with(const char *personality, const char *options)
{
	ck_assert_int_eq(try_context(personality, options), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, NAME, &dev, NULL), 0);
	ep = libiommu_device_endpoint(dev);
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, NULL), 0);
	ck_assert_int_eq(libiommu_domain_map(dom, BASE, libiommu_source_memory(arena), PAGES * PAGE,
					     RW, NULL),
			 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	ck_assert_int_eq(libiommu_device_set_bus_master(dev, true, NULL), 0);
	ck_assert_int_eq(libiommu_region_open(dev, LIBIOMMU_REGION_BAR0, &bar, NULL), 0);
}

static inline void start(const char *options)
{
	start_with("strict", options);
}

static inline void stop(void)
{
	libiommu_ctx_free(ctx);
	munmap(arena, PAGES * PAGE);
}

/* @return the kind of the oldest fault, 0: there is none */
static inline int fault_at(uint64_t *iova)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;

	if (libiommu_mock_fault_next(ctx, &fault))
		return 0;
	if (iova)
		*iova = fault.iova;
	return (int)fault.kind;
}

static inline void queue_init(struct queue *queue, unsigned int id, uint32_t size)
{
	*queue = (struct queue){ .id = id, .size = size, .phase = 1 };
	queue->sq_iova = take((uint64_t)size * 64);
	queue->cq_iova = take((uint64_t)size * 16);
	queue->sq = host(queue->sq_iova);
	queue->cq = host(queue->cq_iova);
}

static inline void ring_tail(const struct queue *queue)
{
	put(0x1000 + 8 * queue->id, 4, queue->tail);
}

static inline void push(struct queue *queue, struct sqe *sqe)
{
	sqe->dw[0] = (sqe->dw[0] & 0xffff) | (uint32_t)queue->next_id++ << 16;
	memcpy(queue->sq + 16 * queue->tail, sqe, sizeof(*sqe));
	queue->tail = (queue->tail + 1) % queue->size;
}

static inline void ring_head(const struct queue *queue)
{
	put(0x1004 + 8 * queue->id, 4, queue->head);
}

/* Take an answer; the doorbell is left alone. */
static inline bool peek(struct queue *queue, struct answer *out)
{
	const uint32_t *cqe = queue->cq + 4 * queue->head;

	if ((cqe[3] >> 16 & 1) != queue->phase)
		return false;
	*out = (struct answer){
		.result = cqe[0],
		.sq_head = (uint16_t)cqe[2],
		.sq = (uint16_t)(cqe[2] >> 16),
		.id = (uint16_t)cqe[3],
		.status = (uint16_t)(cqe[3] >> 17),
	};
	queue->head = (queue->head + 1) % queue->size;
	if (queue->head == 0)
		queue->phase ^= 1;
	return true;
}

static inline bool poll_answer(struct queue *queue, struct answer *out)
{
	if (!peek(queue, out))
		return false;
	ring_head(queue);
	return true;
}

/* One command; NO_ANSWER when the controller is silent. */
static inline unsigned int run(struct queue *queue, struct sqe sqe, uint32_t *result)
{
	struct answer answer;

	push(queue, &sqe);
	ring_tail(queue);
	if (!poll_answer(queue, &answer))
		return NO_ANSWER;
	ck_assert_uint_eq(answer.id, (uint16_t)(queue->next_id - 1));
	ck_assert_uint_eq(answer.sq, queue->id);
	ck_assert_uint_eq(answer.sq_head, queue->tail);
	if (result)
		*result = answer.result;
	return answer.status;
}

static inline struct sqe command(unsigned int opcode, uint32_t nsid, uint64_t prp1, uint64_t prp2)
{
	return (struct sqe){ { opcode, nsid, 0, 0, 0, 0, (uint32_t)prp1, (uint32_t)(prp1 >> 32),
			       (uint32_t)prp2, (uint32_t)(prp2 >> 32) } };
}

static inline unsigned int admin_run(unsigned int opcode, uint32_t nsid, uint64_t prp1,
				     uint32_t dw10, uint32_t dw11, uint32_t *result)
{
	struct sqe sqe = command(opcode, nsid, prp1, 0);

	sqe.dw[10] = dw10;
	sqe.dw[11] = dw11;
	return run(&admin, sqe, result);
}

static inline void enable_sized(uint32_t entries)
{
	queue_init(&admin, 0, entries);
	put(AQA, 4, (entries - 1) << 16 | (entries - 1));
	put(ASQ, 8, admin.sq_iova);
	put(ACQ, 8, admin.cq_iova);
	put(CC, 4, CC_ON);
	ck_assert_uint_eq(get(CSTS, 4), CSTS_RDY);
}

static inline void enable(void)
{
	enable_sized(16);
}

static inline unsigned int create_cq(const struct queue *queue, uint32_t flags, uint32_t vector)
{
	return admin_run(5, 0, queue->cq_iova, (queue->size - 1) << 16 | queue->id,
			 vector << 16 | flags, NULL);
}

static inline unsigned int create_sq(const struct queue *queue, uint32_t cq)
{
	return admin_run(1, 0, queue->sq_iova, (queue->size - 1) << 16 | queue->id, cq << 16 | 1,
			 NULL);
}

static inline void create(struct queue *queue, unsigned int id, uint32_t size)
{
	queue_init(queue, id, size);
	ck_assert_uint_eq(create_cq(queue, 3, id), 0);
	ck_assert_uint_eq(create_sq(queue, id), 0);
}

static inline struct sqe io(unsigned int opcode, uint32_t nsid, uint64_t block, uint32_t count,
			    uint64_t prp1, uint64_t prp2)
{
	struct sqe sqe = command(opcode, nsid, prp1, prp2);

	sqe.dw[10] = (uint32_t)block;
	sqe.dw[11] = (uint32_t)(block >> 32);
	sqe.dw[12] = count - 1;
	return sqe;
}

static inline int nvme_run_tests(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 600);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

#endif
