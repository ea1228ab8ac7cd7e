/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file libiommu.h
 * Everything that an application needs. Beside it stand mock.h (tests without
 * hardware), pgtable.h (page tables), nesting.h (tables of one's own under a
 * domain) and backend.h (writing a backend).
 */
#ifndef LIBIOMMU_LIBIOMMU_H
#define LIBIOMMU_LIBIOMMU_H

#include <libiommu/context.h>
#include <libiommu/device.h>
#include <libiommu/dma.h>
#include <libiommu/domain.h>
#include <libiommu/endpoint.h>
#include <libiommu/error.h>
#include <libiommu/fault_queue.h>
#include <libiommu/group.h>
#include <libiommu/hooks.h>
#include <libiommu/interrupt.h>
#include <libiommu/mapping.h>
#include <libiommu/pasid.h>
#include <libiommu/reader.h>
#include <libiommu/region.h>
#include <libiommu/types.h>
#include <libiommu/version.h>

#endif
