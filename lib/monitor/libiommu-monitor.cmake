# SPDX-License-Identifier: BSD-2-Clause
# libiommu::monitor; the static library needs libnl-3 where the program is linked.
include(CMakeFindDependencyMacro)
find_dependency(PkgConfig)
if(NOT TARGET PkgConfig::LIBIOMMU_NL)
  pkg_check_modules(LIBIOMMU_NL QUIET IMPORTED_TARGET GLOBAL libnl-3.0)
endif()
include("${CMAKE_CURRENT_LIST_DIR}/libiommu-monitor-targets.cmake")
