# install: public headers under include/dimwise, static libraries, a CMake package and a pkg-config file.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
include(DimwiseHeaders)

# The umbrella header includes all public headers, in the order of the layers.
set(includes "")
foreach(layer autodiff ops nn hollow)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/${layer}/*.hpp)
  foreach(header ${headers})
    dimwise_is_internal(internal ${header})
    if(NOT internal)
      string(APPEND includes "#include \"${header}\"\n")
    endif()
    dimwise_is_installed(installed ${header})
    if(installed)
      get_filename_component(folder ${header} DIRECTORY)
      install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dimwise/${folder})
    endif()
  endforeach()
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/include/dimwise.hpp
  CONTENT "#pragma once\n// All of dimwise.\n\n@includes@" @ONLY)
target_include_directories(dimwise INTERFACE $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>)
install(FILES ${PROJECT_BINARY_DIR}/include/dimwise.hpp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/dimwise)

install(TARGETS dimwise dimwise_autodiff dimwise_ops dimwise_nn dimwise_hollow dimwise_ode_problems EXPORT dimwise_targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/dimwise)
install(EXPORT dimwise_targets NAMESPACE dimwise:: FILE dimwiseTargets.cmake DESTINATION ${package_folder})
configure_package_config_file(cmake/dimwiseConfig.cmake.in ${PROJECT_BINARY_DIR}/dimwiseConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/dimwiseConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/dimwiseConfig.cmake ${PROJECT_BINARY_DIR}/dimwiseConfigVersion.cmake
  DESTINATION ${package_folder})

# The relative path from the .pc file to the prefix, so that the installed tree can be moved.
file(RELATIVE_PATH DIMWISE_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/dimwise.pc.in ${PROJECT_BINARY_DIR}/dimwise.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/dimwise.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES LICENSE README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
