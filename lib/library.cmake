# SPDX-License-Identifier: BSD-2-Clause
# Makes the libraries. The sources that the folders have given to `iommu` are compiled once, as
# `iommu_objects`; that is what tests link that reach hidden functions. From these objects come the
# shared and the static library, since an install has both: `iommu` is the one that
# BUILD_SHARED_LIBS says, the other one is its twin.

get_target_property(sources iommu SOURCES)
set_property(TARGET iommu PROPERTY SOURCES)
add_library(iommu_objects OBJECT ${sources})
target_include_directories(iommu_objects PUBLIC ${PROJECT_SOURCE_DIR}/include
                           PRIVATE ${PROJECT_SOURCE_DIR})
# Without a value, so that a source may define it as well.
target_compile_definitions(iommu_objects PRIVATE _GNU_SOURCE=)
target_link_libraries(iommu_objects PRIVATE libiommu_warnings)
set_target_properties(iommu_objects PROPERTIES
  C_VISIBILITY_PRESET hidden
  POSITION_INDEPENDENT_CODE ON
  INTERPROCEDURAL_OPTIMIZATION OFF)

set(libiommu_headers
    backend.h context.h device.h dma.h domain.h endpoint.h error.h fault_queue.h group.h hooks.h
    interrupt.h libiommu.h mapping.h mock.h mock_nvme.h mock_platform.h nesting.h pasid.h pgtable.h
    reader.h reasons.h region.h types.h version.h)
list(TRANSFORM libiommu_headers PREPEND ${PROJECT_SOURCE_DIR}/include/libiommu/)

function(libiommu_properties target)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
                 FILES ${libiommu_headers})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME iommu LINKER_LANGUAGE C)
endfunction()

function(libiommu_shared target)
  set(map ${PROJECT_SOURCE_DIR}/lib/libiommu.map)
  libiommu_properties(${target})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:iommu_objects>)
  set_target_properties(${target} PROPERTIES
    VERSION ${PROJECT_VERSION}
    SOVERSION 0
    LINK_DEPENDS ${map})
  target_link_options(${target} PRIVATE -Wl,--version-script=${map})
  # clang leaves the sanitizers' symbols of a shared library to the program.
  if(NOT CMAKE_C_COMPILER_ID MATCHES Clang OR
     NOT (LIBIOMMU_SANITIZE OR CMAKE_C_FLAGS MATCHES -fsanitize))
    target_link_options(${target} PRIVATE -Wl,--no-undefined)
  endif()
endfunction()

# All objects as one, in which hidden functions are local: so they clash with no program's either.
function(libiommu_static target)
  set(object ${PROJECT_BINARY_DIR}/libiommu.o)
  libiommu_properties(${target})
  add_custom_command(OUTPUT ${object}
    COMMAND ${CMAKE_LINKER} -r -o ${object} $<TARGET_OBJECTS:iommu_objects>
    COMMAND ${CMAKE_OBJCOPY} --localize-hidden ${object}
    DEPENDS iommu_objects $<TARGET_OBJECTS:iommu_objects>
    COMMENT "Joining objects for the static library"
    COMMAND_EXPAND_LISTS VERBATIM)
  target_sources(${target} PRIVATE ${object})
endfunction()

if(BUILD_SHARED_LIBS)
  set(libiommu_twin iommu_static)
  libiommu_shared(iommu)
  add_library(iommu_static STATIC)
  libiommu_static(iommu_static)
else()
  set(libiommu_twin iommu_shared)
  libiommu_static(iommu)
  add_library(iommu_shared SHARED)
  libiommu_shared(iommu_shared)
endif()
add_library(libiommu::${libiommu_twin} ALIAS ${libiommu_twin})
set_target_properties(iommu PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
if(NOT LIBIOMMU_INSTALL)
  set_target_properties(${libiommu_twin} PROPERTIES EXCLUDE_FROM_ALL ON)
endif()
