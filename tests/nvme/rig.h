/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine with one NVMe controller, and the driver on it. */
#ifndef TESTS_NVME_RIG_H
#define TESTS_NVME_RIG_H

#include "tests/unit/run.h"

#include "admin.h"
#include "io.h"
#include "namespace.h"
#include "open.h"
#include "pattern.h"
#include "transfer.h"
#include "wait.h"

#include <libiommu/mock.h>

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define DEVICE "0000:00:04.0"
#define SPACES " ns=64M ns=16M,lba=4096"

static const char *const rig_personalities[] = { "strict", "type1", "iommufd", "bare" };

struct rig {
	struct libiommu_mock_machine *machine;
	struct nvme_options options;
	struct nvme *nvme;
	struct nvme_failure failure;
};

/* @param words of the device's line */
static inline void rig_init(struct rig *rig, const char *personality, const char *words)
{
	struct libiommu_error *err;
	char text[512];

	*rig = (struct rig){ .options = NVME_OPTIONS_INIT };
	snprintf(text, sizeof(text),
		 "personality %s\nram scattered seed=5\niommu dmar0 intel-vtd\n"
		 "device " DEVICE " iommu=dmar0 group=1 driver=vfio-pci model=nvme%s\n",
		 personality, words);
	ck_assert_msg(!libiommu_mock_machine_new(text, &rig->machine, &err), "%s",
		      libiommu_error_message(err));
	rig->options.ctx.backend = "mock";
	rig->options.ctx.backend_object = rig->machine;
	rig->options.device = DEVICE;
	rig->options.timeout = UINT64_C(5) * 1000 * 1000 * 1000;
}

static inline void rig_open(struct rig *rig)
{
	ck_assert_msg(!nvme_open(&rig->options, &rig->nvme, &rig->failure), "%s",
		      rig->failure.text);
}

static inline void rig_no_fault(struct rig *rig)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;

	ck_assert_msg(libiommu_mock_fault_next(rig->nvme->ctx, &fault) == -EAGAIN,
		      "fault at %#" PRIx64, fault.iova);
}

/* Nothing of the driver is left in the machine. */
static inline void rig_empty(struct rig *rig)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_mock_stats stats = LIBIOMMU_MOCK_STATS_INIT;
	struct libiommu_ctx *ctx;

	opts.backend = "mock";
	opts.backend_object = rig->machine;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_mock_stats(ctx, &stats), 0);
	ck_assert_uint_eq(stats.pinned_pages, 0);
	ck_assert_uint_eq(stats.address_spaces, 0);
	libiommu_ctx_free(ctx);
}

static inline void rig_close(struct rig *rig)
{
	rig_no_fault(rig);
	ck_assert_msg(!nvme_close(rig->nvme, &rig->failure), "%s", rig->failure.text);
	rig_empty(rig);
	libiommu_mock_machine_free(rig->machine);
}

static inline const struct nvme_namespace *rig_namespace(struct rig *rig, uint32_t id)
{
	const struct nvme_namespace *ns = nvme_namespace_get(rig->nvme, id, &rig->failure);

	ck_assert_ptr_nonnull(ns);
	return ns;
}

/* Write or read through the first queue; must succeed. */
static inline void rig_io(struct rig *rig, enum nvme_io_opcode opcode, uint32_t ns, uint64_t block,
			  uint32_t blocks, void *buffer)
{
	const struct nvme_io io = { opcode, rig_namespace(rig, ns), block, blocks, buffer };

	ck_assert_msg(!nvme_io_run(rig->nvme->queue[1], &io, &rig->failure), "%s",
		      rig->failure.text);
}

/* Memory that the device may use, in the order of `prot`. */
static inline unsigned char *rig_memory(struct rig *rig, size_t length, uint32_t prot)
{
	struct libiommu_error *err;
	uint64_t iova;
	void *memory =
		mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(memory, MAP_FAILED);
	ck_assert_msg(!libiommu_domain_map_any(rig->nvme->dom, libiommu_source_memory(memory),
					       length, prot, &iova, &err),
		      "%s", libiommu_error_message(err));
	return memory;
}

#define RIG_RW (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

#endif
