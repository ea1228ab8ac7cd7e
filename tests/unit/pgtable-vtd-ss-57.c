/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/pgtable-vtd-ss.h"

#define LEVELS    5
#define IOVA_LAST UINT64_C(0x01ffffffffffffff)

#include "tests/unit/pgtable-fixture.h"

/*
 * Worked out from section 9.8: bits 51:12 the address, 0 read, 1 write, 7 page
 * size. The table's own object is the first page of the arena, the root is the
 * second, and each table below takes the next.
 */
static const struct golden golden[] = {
	{ UINT64_C(0x3408080604000),
	  UINT64_C(0xfedcba9876000),
	  KIB(4),
	  RW,
	  5,
	  {
		  { 5, 3, 0x1230001000, UINT64_C(0x1230002003), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230002000) },
		  { 4, 129, 0x1230002000, UINT64_C(0x1230003003), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230003000) },
		  { 3, 2, 0x1230003000, UINT64_C(0x1230004003), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230004000) },
		  { 2, 3, 0x1230004000, UINT64_C(0x1230005003), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230005000) },
		  { 1, 4, 0x1230005000, UINT64_C(0xfedcba9876003), LIBIOMMU_PGTABLE_LEAF,
		    UINT64_C(0xfedcba9876000) },
	  } },
	{ UINT64_C(0x3408080800000),
	  UINT64_C(0xfedcba9800000),
	  MIB(2),
	  RO,
	  4,
	  {
		  { 5, 3, 0x1230001000, UINT64_C(0x1230002003), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230002000) },
		  { 4, 129, 0x1230002000, UINT64_C(0x1230003003), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230003000) },
		  { 3, 2, 0x1230003000, UINT64_C(0x1230004003), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230004000) },
		  { 2, 4, 0x1230004000, UINT64_C(0xfedcba9800081), LIBIOMMU_PGTABLE_LEAF,
		    UINT64_C(0xfedcba9800000) },
	  } },
	{ UINT64_C(0x34080c0000000),
	  UINT64_C(0xfedc940000000),
	  GIB(1),
	  WO,
	  3,
	  {
		  { 5, 3, 0x1230001000, UINT64_C(0x1230002003), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230002000) },
		  { 4, 129, 0x1230002000, UINT64_C(0x1230003003), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230003000) },
		  { 3, 3, 0x1230003000, UINT64_C(0xfedc940000082), LIBIOMMU_PGTABLE_LEAF,
		    UINT64_C(0xfedc940000000) },
	  } },
};

#include "tests/unit/pgtable-format.h"
