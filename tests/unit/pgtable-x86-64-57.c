/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/pgtable-x86-64.h"

#define LEVELS    5
#define IOVA_LAST UINT64_C(0x00ffffffffffffff)

#include "tests/unit/pgtable-fixture.h"

/*
 * Worked out from SDM 4.5: bits 51:12 the address, 0 present, 1 writable, 2
 * user, 7 page size. The table's own object is the first page of the arena, the
 * root is the second, and each table below takes the next.
 */
static const struct golden golden[] = {
	{ UINT64_C(0x3408080604000),
	  UINT64_C(0xfedcba9876000),
	  KIB(4),
	  RW,
	  5,
	  {
		  { 5, 3, 0x1230001000, UINT64_C(0x1230002007), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230002000) },
		  { 4, 129, 0x1230002000, UINT64_C(0x1230003007), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230003000) },
		  { 3, 2, 0x1230003000, UINT64_C(0x1230004007), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230004000) },
		  { 2, 3, 0x1230004000, UINT64_C(0x1230005007), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230005000) },
		  { 1, 4, 0x1230005000, UINT64_C(0xfedcba9876007), LIBIOMMU_PGTABLE_LEAF,
		    UINT64_C(0xfedcba9876000) },
	  } },
	{ UINT64_C(0x3408080800000),
	  UINT64_C(0xfedcba9800000),
	  MIB(2),
	  RO,
	  4,
	  {
		  { 5, 3, 0x1230001000, UINT64_C(0x1230002007), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230002000) },
		  { 4, 129, 0x1230002000, UINT64_C(0x1230003007), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230003000) },
		  { 3, 2, 0x1230003000, UINT64_C(0x1230004007), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230004000) },
		  { 2, 4, 0x1230004000, UINT64_C(0xfedcba9800085), LIBIOMMU_PGTABLE_LEAF,
		    UINT64_C(0xfedcba9800000) },
	  } },
	{ UINT64_C(0x34080c0000000),
	  UINT64_C(0xfedc940000000),
	  GIB(1),
	  RW,
	  3,
	  {
		  { 5, 3, 0x1230001000, UINT64_C(0x1230002007), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230002000) },
		  { 4, 129, 0x1230002000, UINT64_C(0x1230003007), LIBIOMMU_PGTABLE_TABLE,
		    UINT64_C(0x1230003000) },
		  { 3, 3, 0x1230003000, UINT64_C(0xfedc940000087), LIBIOMMU_PGTABLE_LEAF,
		    UINT64_C(0xfedc940000000) },
	  } },
};

#include "tests/unit/pgtable-format.h"
