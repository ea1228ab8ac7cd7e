/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest on the mock whose stage 1 has contexts: its memory in a parent, and tables in that memory. */
#ifndef TESTS_UNIT_MOCK_GUEST_H
#define TESTS_UNIT_MOCK_GUEST_H

#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock.h>
#include <libiommu/nesting.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PAGE UINT64_C(4096)
#define BASE UINT64_C(0x10000000)
#define AT   UINT64_C(0x5000) /* where every context maps a page */
#define RW   (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

#define GUEST_PAGES 512
#define DATA_PAGES  8 /* the first ones: each byte is the page's number */

static unsigned char mem[GUEST_PAGES * 4096] __attribute__((aligned(65536)));
static size_t used;
static struct libiommu_ctx *ctx;
static struct libiommu_device *dev;
static struct libiommu_endpoint *itself;
static struct libiommu_domain *parent;
static struct libiommu_error *err;
static struct libiommu_pgtable *tables[16];
static size_t table_count;

static inline void refused(int code, enum libiommu_reason reason)
{
	ck_assert_ptr_nonnull(err);
	ck_assert_str_eq(libiommu_reason_name(libiommu_error_reason(err)),
			 libiommu_reason_name(reason));
	ck_assert_int_eq(code, -libiommu_reason_errno(reason));
	libiommu_error_free(err);
	err = NULL;
}

/* What the guest has at an address of its own. */
static inline uint64_t *at(uint64_t inner)
{
	ck_assert_uint_lt(inner - BASE, sizeof(mem));
	return (uint64_t *)(void *)(mem + (inner - BASE));
}

/* So many pages, on a multiple of them. */
static inline uint64_t take(size_t count)
{
	used = (used + count - 1) / count * count;
	ck_assert_uint_le(used + count, GUEST_PAGES);
	used += count;
	memset(mem + (used - count) * PAGE, 0, count * PAGE);
	return BASE + (used - count) * PAGE;
}

static inline void *guest_alloc(void *data, size_t bytes)
{
	(void)data;
	ck_assert_uint_le(bytes, PAGE);
	return at(take(1));
}

static inline void guest_free(void *data, void *virt, size_t bytes)
{
	(void)data;
	(void)virt;
	(void)bytes;
}

static inline uint64_t guest_phys(void *data, const void *virt)
{
	(void)data;
	return BASE + (uint64_t)((const unsigned char *)virt - mem);
}

static inline void *guest_virt(void *data, uint64_t phys, size_t bytes)
{
	(void)data;
	(void)bytes;
	return at(phys);
}

static inline void edit(struct libiommu_pgtable *pt, uint64_t iova, size_t page)
{
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;

	libiommu_pgtable_unmap(pt, iova, PAGE, NULL, &gather, NULL);
	if (page)
		ck_assert_int_eq(
			libiommu_pgtable_map(pt, iova, BASE + page * PAGE, PAGE, RW, &gather, NULL),
			0);
	libiommu_pgtable_release(pt, &gather);
}

/* Tables in which AT leads to a data page. */
static inline struct libiommu_pgtable *tables_to(enum libiommu_pgtable_format format, size_t page)
{
	const struct libiommu_pgtable_memory memory = { sizeof(memory), NULL,       guest_alloc,
							guest_free,     guest_phys, guest_virt };
	struct libiommu_pgtable_options opts = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_pgtable *pt;

	opts.format = format;
	opts.memory = &memory;
	ck_assert_int_eq(libiommu_pgtable_new(&opts, &pt, NULL), 0);
	ck_assert_uint_lt(table_count, 16);
	tables[table_count++] = pt;
	edit(pt, AT, page);
	return pt;
}

/* A machine with one device that has PASIDs, and the guest's memory in a parent. */
static inline void begin(const struct libiommu_ctx_options *with, const char *profile)
{
	struct libiommu_ctx_options opts = *with;
	struct libiommu_domain_options wishes = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	char text[256];

	snprintf(text, sizeof(text),
		 "personality bare\niommu i %s\n"
		 "device 0000:00:01.0 iommu=i group=1 driver=vfio-pci pasid=20 prq=yes\n",
		 profile);
	opts.backend = "mock";
	opts.config = text;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:01.0", &dev, NULL), 0);
	itself = libiommu_device_endpoint(dev);
	wishes.nest_parent = true;
	wishes.pasid = true;
	ck_assert_int_eq(libiommu_domain_new(ctx, &wishes, &parent, NULL), 0);
	ck_assert_int_eq(libiommu_domain_map(parent, BASE, libiommu_source_memory(mem), sizeof(mem),
					     RW, NULL),
			 0);
	for (size_t i = 0; i < DATA_PAGES; i++)
		memset(mem + i * PAGE, (int)i, PAGE);
	used = DATA_PAGES;
}

static inline void begin_on(const char *profile)
{
	const struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	begin(&opts, profile);
}

static inline void end(void)
{
	libiommu_ctx_free(ctx);
	while (table_count)
		libiommu_pgtable_free(tables[--table_count]);
}

static inline struct libiommu_endpoint *with_pasid(uint32_t number)
{
	struct libiommu_endpoint *ep;

	ck_assert_int_eq(libiommu_pasid_open(dev, number, &ep, NULL), 0);
	return ep;
}

/* The byte that is read there; -1: a fault. */
static inline int reads(struct libiommu_endpoint *ep, uint64_t iova)
{
	unsigned char byte;

	return libiommu_mock_dma_read(ep, iova, &byte, 1, NULL) ? -1 : byte;
}

/* The newest fault of a read. */
static inline struct libiommu_mock_fault fault_of(struct libiommu_endpoint *ep, uint64_t iova)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;

	while (!libiommu_mock_fault_next(ctx, &fault))
		;
	ck_assert_int_eq(reads(ep, iova), -1);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), 0);
	ck_assert_uint_eq(fault.pasid, libiommu_endpoint_pasid(ep));
	return fault;
}

static inline void faults(struct libiommu_endpoint *ep, uint64_t iova,
			  enum libiommu_mock_fault_kind kind, unsigned int stage, uint64_t inner)
{
	const struct libiommu_mock_fault fault = fault_of(ep, iova);

	ck_assert_int_eq(fault.kind, kind);
	ck_assert_uint_eq(fault.stage, stage);
	ck_assert_uint_eq(fault.inner, inner);
}

#define NO_CONTEXT(ep) faults(ep, AT, LIBIOMMU_MOCK_FAULT_CONTEXT, 1, 0)

static inline int new_stage1(const struct libiommu_nested_options *opts,
			     struct libiommu_domain **out)
{
	return libiommu_domain_new_nested(dev, parent, opts, out, &err);
}

#endif
