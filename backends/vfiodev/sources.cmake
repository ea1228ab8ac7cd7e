# SPDX-License-Identifier: BSD-2-Clause
# What more than one backend needs; whichever comes first gives it to the library.
include_guard(GLOBAL)
foreach(file diag group passed regions uapi)
  target_sources(iommu PRIVATE ${CMAKE_CURRENT_LIST_DIR}/${file}.c)
endforeach()
