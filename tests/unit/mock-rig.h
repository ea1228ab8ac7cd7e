/* SPDX-License-Identifier: BSD-2-Clause */
/* The mock's backend table, driven by hand in the place of the core. */
#ifndef TESTS_UNIT_MOCK_RIG_H
#define TESTS_UNIT_MOCK_RIG_H

#include "tests/unit/run.h"

#include <libiommu/backend.h>
#include <libiommu/libiommu.h>

#include "backends/mock/dma.h"
#include "backends/mock/front.h"
#include "lib/error.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE UINT64_C(4096)
#define RW   (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

extern const struct libiommu_backend libiommu_backend_mock;

static const struct libiommu_backend *const mock = &libiommu_backend_mock;

struct rig {
	struct libiommu_backend_env env;
	struct mock_ctx ctx;
	struct libiommu_failure failure;
	unsigned char *memory;
	size_t bytes;
};

static inline int rig_open_object(struct rig *rig, const char *text, void *object)
{
	memset(rig, 0, sizeof(*rig));
	libiommu_failure_init(&rig->failure);
	rig->env.size = sizeof(rig->env);
	rig->env.sys = libiommu_sys_default();
	rig->env.allocator = libiommu_allocator_default();
	rig->env.config = text;
	rig->env.object = object;
	rig->bytes = 64 * PAGE;
	rig->memory =
		mmap(NULL, rig->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(rig->memory, MAP_FAILED);
	return mock->open(&rig->ctx, &rig->env, &rig->failure);
}

static inline void rig_open(struct rig *rig, const char *text)
{
	ck_assert_int_eq(rig_open_object(rig, text, NULL), 0);
}

static inline void rig_close(struct rig *rig)
{
	mock->close(&rig->ctx, 0);
	munmap(rig->memory, rig->bytes);
}

static inline int rig_try_device(struct rig *rig, struct mock_claim *claim, const char *name)
{
	uint32_t group;

	memset(claim, 0, sizeof(*claim));
	libiommu_failure_init(&rig->failure);
	return mock->device_open(&rig->ctx, claim, name, &group, &rig->failure);
}

static inline void rig_device(struct rig *rig, struct mock_claim *claim, const char *name)
{
	ck_assert_int_eq(rig_try_device(rig, claim, name), 0);
}

static inline void rig_domain(struct rig *rig, struct mock_domain *dom,
			      enum libiommu_domain_type type)
{
	memset(dom, 0, sizeof(*dom));
	ck_assert_int_eq(mock->domain_new(&rig->ctx, dom, type, &rig->failure), 0);
}

/* Mapping number n of a rig: page n of its memory at IOVA 0x100000 + n pages. */
static inline struct libiommu_backend_map rig_map_of(struct rig *rig, size_t n, size_t pages)
{
	return (struct libiommu_backend_map){
		.iova = 0x100000 + n * PAGE,
		.length = pages * PAGE,
		.prot = RW,
		.fd = -1,
		.memory = rig->memory + n * PAGE,
	};
}

static inline int rig_attach(struct rig *rig, struct mock_claim *claim, struct mock_domain *dom,
			     bool first, const struct libiommu_backend_map *maps, size_t count)
{
	struct libiommu_backend_attach attach = { sizeof(attach), first, maps, count, NULL };
	struct libiommu_geometry geometry = { .count = 0 };
	int error;

	libiommu_failure_init(&rig->failure);
	error = mock->attach(claim, dom, &attach, &geometry, &rig->failure);
	libiommu_geometry_clear(&rig->env, &geometry);
	return error;
}

static inline int rig_detach(struct rig *rig, struct mock_claim *claim, struct mock_domain *dom,
			     bool last, uint32_t flags)
{
	struct libiommu_geometry geometry = { .count = 0 };
	int error;

	error = mock->detach(claim, dom, last, flags, &geometry, &rig->failure);
	libiommu_geometry_clear(&rig->env, &geometry);
	return error;
}

static inline int rig_unmap(struct rig *rig, struct mock_domain *dom,
			    const struct libiommu_backend_map *map)
{
	size_t done = 0;
	int error = mock->unmap(dom, map, 1, &done, &rig->failure);

	ck_assert_uint_eq(done, error ? 0 : 1);
	return error;
}

/* 0, or the kind of fault that a read of one byte gives. */
static inline int rig_reads(struct mock_claim *claim, uint64_t iova)
{
	struct mock_fault_record fault;
	unsigned char byte;

	if (!mock_dma_transfer(mock_itself(claim->dev), iova, &byte, 1, LIBIOMMU_PROT_READ, &fault))
		return 0;
	return (int)fault.kind;
}

static inline int rig_writes(struct mock_claim *claim, uint64_t iova, unsigned char byte)
{
	struct mock_fault_record fault;

	if (!mock_dma_transfer(mock_itself(claim->dev), iova, &byte, 1, LIBIOMMU_PROT_WRITE,
			       &fault))
		return 0;
	return (int)fault.kind;
}

static inline uint64_t rig_pins(struct rig *rig)
{
	return mock_ram_pinned(&rig->ctx.machine->ram);
}

static inline int rig_run(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

#endif
