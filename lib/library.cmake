# SPDX-License-Identifier: BSD-2-Clause
# What `iommu` and its twin have in common, and what only the shared one has.

set(libiommu_headers
    backend.h context.h device.h domain.h endpoint.h error.h group.h hooks.h interrupt.h libiommu.h
    mapping.h mock.h pgtable.h reader.h reasons.h region.h types.h version.h)
list(TRANSFORM libiommu_headers PREPEND ${PROJECT_SOURCE_DIR}/include/libiommu/)

function(libiommu_properties target)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
                 FILES ${libiommu_headers})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
  # Without a value, so that a source may define it as well.
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE=)
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:libiommu_warnings>)
  set_target_properties(${target} PROPERTIES
    OUTPUT_NAME iommu
    C_VISIBILITY_PRESET hidden
    POSITION_INDEPENDENT_CODE ON
    VERIFY_INTERFACE_HEADER_SETS ON)
endfunction()

libiommu_properties(iommu)

# A second library of the sources that the folders have given to `iommu`.
function(libiommu_twin target kind)
  get_target_property(sources iommu SOURCES)
  add_library(${target} ${kind} ${sources})
  add_library(libiommu::${target} ALIAS ${target})
  libiommu_properties(${target})
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS OFF)
  if(NOT LIBIOMMU_INSTALL)
    set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
  endif()
endfunction()

function(libiommu_shared target)
  set(map ${PROJECT_SOURCE_DIR}/lib/libiommu.map)
  set_target_properties(${target} PROPERTIES
    VERSION ${PROJECT_VERSION}
    SOVERSION ${libiommu_soversion}
    LINK_DEPENDS ${map})
  target_link_options(${target} PRIVATE -Wl,--version-script=${map})
  # clang leaves the sanitizers' symbols of a shared library to the program.
  if(NOT (LIBIOMMU_SANITIZE AND CMAKE_C_COMPILER_ID MATCHES Clang))
    target_link_options(${target} PRIVATE -Wl,--no-undefined)
  endif()
endfunction()
