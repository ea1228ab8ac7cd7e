# SPDX-License-Identifier: BSD-2-Clause
# Install rules: headers, both libraries, and what CMake and pkg-config need to find them.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/libiommu)
set(build ${PROJECT_BINARY_DIR}/package)

install(TARGETS iommu ${libiommu_twin} EXPORT libiommu-targets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT libiommu-targets NAMESPACE libiommu:: DESTINATION ${package_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/lib/libiommu-config.cmake.in
                              ${build}/libiommu-config.cmake INSTALL_DESTINATION ${package_dir}
                              NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may break; after it only a major one.
write_basic_package_version_file(${build}/libiommu-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${build}/libiommu-config.cmake ${build}/libiommu-config-version.cmake
        DESTINATION ${package_dir})

install(FILES ${PROJECT_SOURCE_DIR}/docs/syscalls.md ${PROJECT_SOURCE_DIR}/docs/passing-descriptors.md
        DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(LIBIOMMU_HAVE_MONITOR)
  install(TARGETS iommu_monitor EXPORT libiommu-monitor-targets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
          LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
          FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT libiommu-monitor-targets NAMESPACE libiommu:: DESTINATION ${package_dir})
  install(FILES ${PROJECT_SOURCE_DIR}/lib/monitor/libiommu-monitor.cmake DESTINATION ${package_dir})
endif()

# Relative to where the file lies, so that the prefix may be chosen at install time.
file(RELATIVE_PATH libiommu_pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/libiommu.pc.in ${build}/libiommu.pc @ONLY)
install(FILES ${build}/libiommu.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
if(LIBIOMMU_HAVE_MONITOR)
  configure_file(${PROJECT_SOURCE_DIR}/lib/monitor/libiommu-monitor.pc.in ${build}/libiommu-monitor.pc
                 @ONLY)
  install(FILES ${build}/libiommu-monitor.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()
