/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli.h"

#include "namespace.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_sizes(uint64_t sizes)
{
	static const char units[] = " KMGTPE";

	for (unsigned int bit = 0; bit < 64; bit++) {
		if (sizes >> bit & 1)
			printf(" %u%c", 1u << bit % 10, units[bit / 10]);
	}
	putchar('\n');
}

static void print_cap(const struct nvme *nvme, enum libiommu_cap cap, const char *label, bool sizes)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;

	if (libiommu_device_cap(nvme->dev, cap, &answer, NULL))
		return;
	if (answer.answer != LIBIOMMU_ANSWER_YES)
		printf("%-16s not told by this backend\n", label);
	else if (sizes) {
		printf("%-15s", label);
		print_sizes(answer.value);
	} else
		printf("%-16s %" PRIu64 "\n", label, answer.value);
}

static int print_ranges(const struct nvme *nvme, struct nvme_failure *failure)
{
	struct libiommu_range *ranges;
	struct libiommu_error *err;
	size_t count = 0;
	int ret;

	ret = libiommu_domain_iova_ranges(nvme->dom, NULL, &count, &err);
	if (ret && ret != -EMSGSIZE)
		return nvme_fail_iommu(failure, ret, "IOVA ranges", err);
	libiommu_error_free(err);
	ranges = calloc(count + 1, sizeof(*ranges));
	if (!ranges)
		return nvme_fail(failure, -ENOMEM, "no memory for %zu ranges", count);
	ret = libiommu_domain_iova_ranges(nvme->dom, ranges, &count, &err);
	if (ret) {
		free(ranges);
		return nvme_fail_iommu(failure, ret, "IOVA ranges", err);
	}
	for (size_t i = 0; i < count; i++)
		printf("%-16s %#" PRIx64 " - %#" PRIx64 "\n", i ? "" : "IOVAs", ranges[i].start,
		       ranges[i].last);
	free(ranges);
	return 0;
}

static int run(struct cli *cli, struct nvme *nvme, struct nvme_failure *failure)
{
	const struct nvme_identity *id = &nvme->identity;
	const struct nvme_buffer *queue = &nvme->queue[1]->sq_memory;
	int ret;

	(void)cli;
	printf("%-16s %s (vendor %04x)\n", "controller", id->model, id->vendor);
	printf("%-16s %s\n", "serial", id->serial);
	printf("%-16s %s\n", "firmware", id->firmware);
	printf("%-16s %u.%u.%u\n", "NVMe", nvme->version >> 16, nvme->version >> 8 & 255,
	       nvme->version & 255);
	printf("%-16s %" PRIu64 " KiB at a time, in pages of %u bytes\n", "transfers",
	       nvme->max_transfer >> 10, nvme->page_size);
	printf("%-16s up to %u entries\n", "queues", nvme->entries_max);
	printf("%-16s %s\n", "write cache", id->volatile_cache ? "volatile" : "none");
	for (unsigned int i = 0; i < nvme->namespace_count; i++) {
		const struct nvme_namespace *ns = &nvme->namespaces[i];

		printf("namespace %-6u %" PRIu64 " blocks of %u bytes, %" PRIu64 " MiB%s\n", ns->id,
		       ns->blocks, ns->block_size, ns->blocks * ns->block_size >> 20,
		       ns->metadata_size ? ", with metadata" : "");
	}
	printf("%-16s %s, group %" PRIu32 "\n", "device", libiommu_device_name(nvme->dev),
	       libiommu_device_group_id(nvme->dev));
	printf("%-16s %s\n", "backend", libiommu_ctx_backend(nvme->ctx));
	print_cap(nvme, LIBIOMMU_CAP_PAGE_SIZES, "IOMMU pages", true);
	print_cap(nvme, LIBIOMMU_CAP_ADDRESS_BITS, "IOVA bits", false);
	ret = print_ranges(nvme, failure);
	if (ret)
		return ret;
	printf("%-16s multiples of %" PRIu64 " bytes\n", "mappings",
	       libiommu_domain_page_size(nvme->dom));
	printf("%-16s %" PRIu64 " bytes\n", "queue's pages", libiommu_dma_page_size(queue->dma));
	printf("%-16s %s\n", "registers", nvme->regs.base ? "mapped" : "by calls");
	printf("%-16s %s\n", "completions", nvme_interrupts_name(&nvme->interrupts));
	printf("%-16s %s\n", "owner's request",
	       nvme->interrupts.request >= 0 ? "told" : "not told");
	return 0;
}

static const struct argp argp = {
	.parser = cli_parse_range,
	.doc = "Shows the controller, its namespaces and how it is reached.",
	.children = cli_common
};
const struct cli_command cli_info = { "info", &argp, run };
