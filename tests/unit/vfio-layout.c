/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layouts that the vfio backend writes out itself, against the facts of the kernel's ABI in
 * uapi-vfio.tsv. Further tables of the same form can be named as arguments.
 */
#include "backends/vfio/uapi.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fact {
	const char *kind, *name;
	unsigned long long offset, value;
	bool seen;
};

#define STRUCT(type)                                           \
	{                                                      \
		"struct", #type, 0, sizeof(struct type), false \
	}
#define FIELD(type, field)                                               \
	{                                                                \
		"field", #type "." #field, offsetof(struct type, field), \
			sizeof(((struct type *)0)->field), false         \
	}
#define TAIL(type, field)                                                         \
	{                                                                         \
		"field", #type "." #field, offsetof(struct type, field), 0, false \
	}
#define CONSTANT(constant)                             \
	{                                              \
		"const", #constant, 0, constant, false \
	}

static struct fact facts[] = {
	STRUCT(vfio_info_cap_header),
	FIELD(vfio_info_cap_header, id),
	FIELD(vfio_info_cap_header, version),
	FIELD(vfio_info_cap_header, next),
	STRUCT(vfio_group_status),
	FIELD(vfio_group_status, argsz),
	FIELD(vfio_group_status, flags),
	STRUCT(vfio_device_info),
	FIELD(vfio_device_info, argsz),
	FIELD(vfio_device_info, flags),
	FIELD(vfio_device_info, num_regions),
	FIELD(vfio_device_info, num_irqs),
	FIELD(vfio_device_info, cap_offset),
	FIELD(vfio_device_info, pad),
	STRUCT(vfio_region_info),
	FIELD(vfio_region_info, argsz),
	FIELD(vfio_region_info, flags),
	FIELD(vfio_region_info, index),
	FIELD(vfio_region_info, cap_offset),
	FIELD(vfio_region_info, size),
	FIELD(vfio_region_info, offset),
	STRUCT(vfio_irq_info),
	FIELD(vfio_irq_info, argsz),
	FIELD(vfio_irq_info, flags),
	FIELD(vfio_irq_info, index),
	FIELD(vfio_irq_info, count),
	STRUCT(vfio_irq_set),
	FIELD(vfio_irq_set, argsz),
	FIELD(vfio_irq_set, flags),
	FIELD(vfio_irq_set, index),
	FIELD(vfio_irq_set, start),
	FIELD(vfio_irq_set, count),
	TAIL(vfio_irq_set, data),
	STRUCT(vfio_pci_dependent_device),
	FIELD(vfio_pci_dependent_device, group_id),
	FIELD(vfio_pci_dependent_device, segment),
	FIELD(vfio_pci_dependent_device, bus),
	FIELD(vfio_pci_dependent_device, devfn),
	STRUCT(vfio_pci_hot_reset_info),
	FIELD(vfio_pci_hot_reset_info, argsz),
	FIELD(vfio_pci_hot_reset_info, flags),
	FIELD(vfio_pci_hot_reset_info, count),
	TAIL(vfio_pci_hot_reset_info, devices),
	STRUCT(vfio_iommu_type1_info),
	FIELD(vfio_iommu_type1_info, argsz),
	FIELD(vfio_iommu_type1_info, flags),
	FIELD(vfio_iommu_type1_info, iova_pgsizes),
	FIELD(vfio_iommu_type1_info, cap_offset),
	FIELD(vfio_iommu_type1_info, pad),
	STRUCT(vfio_iova_range),
	FIELD(vfio_iova_range, start),
	FIELD(vfio_iova_range, end),
	STRUCT(vfio_iommu_type1_info_cap_iova_range),
	FIELD(vfio_iommu_type1_info_cap_iova_range, header),
	FIELD(vfio_iommu_type1_info_cap_iova_range, nr_iovas),
	FIELD(vfio_iommu_type1_info_cap_iova_range, reserved),
	TAIL(vfio_iommu_type1_info_cap_iova_range, iova_ranges),
	STRUCT(vfio_iommu_type1_info_dma_avail),
	FIELD(vfio_iommu_type1_info_dma_avail, header),
	FIELD(vfio_iommu_type1_info_dma_avail, avail),
	STRUCT(vfio_iommu_type1_dma_map),
	FIELD(vfio_iommu_type1_dma_map, argsz),
	FIELD(vfio_iommu_type1_dma_map, flags),
	FIELD(vfio_iommu_type1_dma_map, vaddr),
	FIELD(vfio_iommu_type1_dma_map, iova),
	FIELD(vfio_iommu_type1_dma_map, size),
	STRUCT(vfio_iommu_type1_dma_unmap),
	FIELD(vfio_iommu_type1_dma_unmap, argsz),
	FIELD(vfio_iommu_type1_dma_unmap, flags),
	FIELD(vfio_iommu_type1_dma_unmap, iova),
	FIELD(vfio_iommu_type1_dma_unmap, size),
	TAIL(vfio_iommu_type1_dma_unmap, data),
	CONSTANT(VFIO_API_VERSION),
	CONSTANT(VFIO_CHECK_EXTENSION),
	CONSTANT(VFIO_DEVICE_FLAGS_PCI),
	CONSTANT(VFIO_DEVICE_FLAGS_RESET),
	CONSTANT(VFIO_DEVICE_GET_INFO),
	CONSTANT(VFIO_DEVICE_GET_IRQ_INFO),
	CONSTANT(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO),
	CONSTANT(VFIO_DEVICE_GET_REGION_INFO),
	CONSTANT(VFIO_DEVICE_RESET),
	CONSTANT(VFIO_DEVICE_SET_IRQS),
	CONSTANT(VFIO_DMA_CC_IOMMU),
	CONSTANT(VFIO_DMA_MAP_FLAG_READ),
	CONSTANT(VFIO_DMA_MAP_FLAG_WRITE),
	CONSTANT(VFIO_DMA_UNMAP_FLAG_ALL),
	CONSTANT(VFIO_GET_API_VERSION),
	CONSTANT(VFIO_GROUP_FLAGS_CONTAINER_SET),
	CONSTANT(VFIO_GROUP_FLAGS_VIABLE),
	CONSTANT(VFIO_GROUP_GET_DEVICE_FD),
	CONSTANT(VFIO_GROUP_GET_STATUS),
	CONSTANT(VFIO_GROUP_SET_CONTAINER),
	CONSTANT(VFIO_GROUP_UNSET_CONTAINER),
	CONSTANT(VFIO_IOMMU_GET_INFO),
	CONSTANT(VFIO_IOMMU_INFO_CAPS),
	CONSTANT(VFIO_IOMMU_INFO_PGSIZES),
	CONSTANT(VFIO_IOMMU_MAP_DMA),
	CONSTANT(VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE),
	CONSTANT(VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION),
	CONSTANT(VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL),
	CONSTANT(VFIO_IOMMU_UNMAP_DMA),
	CONSTANT(VFIO_IRQ_INFO_AUTOMASKED),
	CONSTANT(VFIO_IRQ_INFO_EVENTFD),
	CONSTANT(VFIO_IRQ_INFO_MASKABLE),
	CONSTANT(VFIO_IRQ_INFO_NORESIZE),
	CONSTANT(VFIO_IRQ_SET_ACTION_TRIGGER),
	CONSTANT(VFIO_IRQ_SET_ACTION_UNMASK),
	CONSTANT(VFIO_IRQ_SET_DATA_EVENTFD),
	CONSTANT(VFIO_IRQ_SET_DATA_NONE),
	CONSTANT(VFIO_PCI_CONFIG_REGION_INDEX),
	CONSTANT(VFIO_PCI_INTX_IRQ_INDEX),
	CONSTANT(VFIO_PCI_MSIX_IRQ_INDEX),
	CONSTANT(VFIO_PCI_MSI_IRQ_INDEX),
	CONSTANT(VFIO_PCI_NUM_REGIONS),
	CONSTANT(VFIO_REGION_INFO_CAP_SPARSE_MMAP),
	CONSTANT(VFIO_REGION_INFO_FLAG_CAPS),
	CONSTANT(VFIO_REGION_INFO_FLAG_MMAP),
	CONSTANT(VFIO_REGION_INFO_FLAG_READ),
	CONSTANT(VFIO_REGION_INFO_FLAG_WRITE),
	CONSTANT(VFIO_SET_IOMMU),
	CONSTANT(VFIO_TYPE1v2_IOMMU),
	CONSTANT(VFIO_UNMAP_ALL),
};

#define COUNT (sizeof(facts) / sizeof(facts[0]))

static struct fact *find(const char *kind, const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!strcmp(facts[i].kind, kind) && !strcmp(facts[i].name, name))
			return &facts[i];
	return NULL;
}

static int differs(const char *kind, const char *name, const char *offset, const char *value)
{
	struct fact *fact = find(kind, name);

	if (!fact)
		return 0;
	fact->seen = true;
	if ((*offset == '-' || strtoull(offset, NULL, 0) == fact->offset) &&
	    strtoull(value, NULL, 0) == fact->value)
		return 0;
	fprintf(stderr, "%s %s: offset %llu, %llu; the table says %s, %s\n", kind, name,
		fact->offset, fact->value, offset, value);
	return 1;
}

static int check_table(const char *path)
{
	char line[256], kind[16], name[128], offset[32], value[32];
	FILE *file = fopen(path, "r");
	int wrong = 0;

	if (!file) {
		perror(path);
		return 1;
	}
	for (size_t i = 0; i < COUNT; i++)
		facts[i].seen = false;
	while (fgets(line, sizeof(line), file))
		if (line[0] != '#' &&
		    sscanf(line, "%15s %127s %31s %31s", kind, name, offset, value) == 4)
			wrong += differs(kind, name, offset, value);
	fclose(file);
	for (size_t i = 0; i < COUNT; i++) {
		if (facts[i].seen)
			continue;
		fprintf(stderr, "%s is not in %s\n", facts[i].name, path);
		wrong++;
	}
	return wrong;
}

int main(int argc, char **argv)
{
	int wrong = check_table(UAPI_TABLE);

	for (int i = 1; i < argc; i++)
		wrong += check_table(argv[i]);
	return wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
