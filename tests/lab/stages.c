/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-stages: what real drivers make of nest parents. "--reason yes": the IOMMU has tables that can lie
 * below others; "--reason no": it has not. The device is an edu.
 */
#include "edu.h"
#include "tally.h"

#include <libiommu/nesting.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define IOVA UINT64_C(0x500000)

/* SMMU_IDR0.S2P. */
#define SMMUV3_STAGE_2 1u

static struct libiommu_device *dev;
static struct libiommu_domain *parent;
static bool has_parent;

static bool refused(int ret, struct libiommu_error *err, enum libiommu_reason reason,
		    const char *what)
{
	const bool right = ret && libiommu_error_reason(err) == reason;

	if (!right)
		printf("%s: %d: %s\n", what, ret, ret ? libiommu_error_message(err) : "done");
	libiommu_error_free(err);
	return tally(right, what);
}

static bool copies(char *mem, struct libiommu_region *bar)
{
	memset(mem, 0x5a, PAGE);
	memset(mem + PAGE, 0, PAGE);
	libiommu_device_set_bus_master(dev, true, NULL);
	edu_read(bar, IOVA, 64);
	edu_write(bar, IOVA + PAGE, 64);
	return !memcmp(mem, mem + PAGE, 64);
}

static void hardware(void)
{
	struct libiommu_cap_answer nesting = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;
	struct libiommu_error *err;
	int ret = libiommu_device_hw_info(dev, &info, &err);

	tally_call(ret, err, "what the hardware says");
	if (info.type == LIBIOMMU_HW_SMMUV3)
		tally(!!(info.data.smmuv3.idr[0] & SMMUV3_STAGE_2) == has_parent,
		      "SMMUv3 says whether it has a second stage");
	else
		tally(info.type == LIBIOMMU_HW_VTD && info.data.vtd.cap,
		      "VT-d shows its registers");
	ret = libiommu_device_cap(dev, LIBIOMMU_CAP_NESTING, &nesting, &err);
	tally_call(ret, err, "the capability");
	printf("nesting: %s\n", nesting.evidence);
	tally(nesting.answer == LIBIOMMU_ANSWER_NO, "no stage 1 can be made here");
}

static void below(char *mem)
{
	struct libiommu_error *err;
	struct libiommu_region *bar;
	int ret = libiommu_endpoint_attach(libiommu_device_endpoint(dev), parent, &err);

	if (!has_parent) {
		refused(ret, err, LIBIOMMU_REASON_NESTING_UNSUPPORTED, "a parent is refused");
		return;
	}
	if (!tally_call(ret, err, "attach to a parent"))
		return;
	ret = libiommu_region_open(dev, LIBIOMMU_REGION_BAR0, &bar, &err);
	if (tally_call(ret, err, "registers"))
		tally(copies(mem, bar), "its tables lead DMA");
	libiommu_region_close(bar);
	libiommu_endpoint_detach(libiommu_device_endpoint(dev), 0, NULL);
}

/* Real drivers with a second stage want a virtual IOMMU for the first one. */
static void above(void)
{
	const struct libiommu_stage1_smmuv3 stage1 = { .ste = { 1 } };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_domain *nested = NULL;
	struct libiommu_error *err;
	int ret;

	opts.type = LIBIOMMU_STAGE1_SMMUV3;
	opts.data = &stage1;
	opts.data_length = sizeof(stage1);
	ret = libiommu_domain_new_nested(dev, parent, &opts, &nested, &err);
	refused(ret, err, LIBIOMMU_REASON_NESTING_UNSUPPORTED, "a stage 1 is refused");
}

int main(int argc, char **argv)
{
	struct libiommu_domain_options wishes = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct tally t = tally_arguments(argc, argv);
	struct libiommu_error *err;
	struct libiommu_ctx *ctx;
	char *mem =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	has_parent = t.reason && !strcmp(t.reason, "yes");
	opts.backend = t.backend;
	ret = libiommu_ctx_new(&opts, &ctx, &err);
	if (mem == MAP_FAILED || !tally_call(ret, err, "a context"))
		return tally_end();
	wishes.nest_parent = true;
	ret = libiommu_domain_new(ctx, &wishes, &parent, &err);
	tally_call(ret, err, "a domain");
	ret = libiommu_device_open(ctx, t.device[0], &dev, &err);
	if (!tally_call(ret, err, "a device"))
		return tally_end();
	ret = libiommu_domain_map(parent, IOVA, libiommu_source_memory(mem), 2 * PAGE,
				  LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, &err);
	tally_call(ret, err, "map");
	hardware();
	below(mem);
	above();
	libiommu_ctx_free(ctx);
	return tally_end();
}
