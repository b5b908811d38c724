# cmake -DROOT=<source folder> -P includes.cmake
# Fails where a folder is not one of those listed here or holds too much, where an include climbs the layers, is not
# written from the root, or shows xtensor, xsimd or an internal header in a public one.
cmake_minimum_required(VERSION 3.25)

set(layers autodiff ops nn hollow apps)
set(hollow_folders net solve ode flow sde)
set(folders
  autodiff autodiff/base autodiff/debug autodiff/detail autodiff/kernels
  ops ops/detail ops/linalg
  nn nn/data nn/detail nn/distributions nn/distributions/detail nn/io nn/io/detail nn/optim nn/optim/detail nn/parallel
  hollow/net
  hollow/solve hollow/solve/linear hollow/solve/linear/detail hollow/solve/methods
  hollow/ode hollow/ode/detail hollow/ode/gradients hollow/ode/implicit hollow/ode/methods hollow/ode/methods/tableaux hollow/ode/problems hollow/ode/problems/detail
  hollow/flow hollow/sde hollow/sde/detail
  apps/common/cli apps/common/cnf apps/common/data apps/common/plot apps/common/report apps/common/run
  apps/cnf apps/ode apps/ode/experiment apps/ode/fit apps/sde apps/sde/data apps/sde/model apps/vae apps/vae/data apps/vae/model)
set(most_modules 15)
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/DimwiseHeaders.cmake)

set(problems "")
set(files_seen 0)
set(includes_seen 0)

# The place of a folder of `path` in a list, or -1: place(<result> <list> <depth> <path>).
function(place result list depth path)
  string(REPLACE "/" ";" parts ${path})
  list(LENGTH parts length)
  set(index -1)
  if(length GREATER depth)
    list(GET parts ${depth} part)
    list(FIND ${list} ${part} index)
  endif()
  math(EXPR last "${length} - 1")
  if(last EQUAL depth)
    set(index -1)
  endif()
  set(${result} ${index} PARENT_SCOPE)
endfunction()

foreach(layer ${layers})
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${layer}/*.hpp ${ROOT}/${layer}/*.cpp)
  foreach(file ${files})
    math(EXPR files_seen "${files_seen} + 1")
    get_filename_component(folder ${file} DIRECTORY)
    get_filename_component(module ${file} NAME_WE)
    if(NOT folder IN_LIST folders)
      list(APPEND problems "${file}: ${folder}/ is not one of the folders of this project. Choose one of them, or add it to tests/structure/includes.cmake.")
    endif()
    list(APPEND modules_of_${folder} ${module})
    place(own_layer layers 0 ${file})
    place(own_folder hollow_folders 1 ${file})
    set(public FALSE)
    if(file MATCHES "\\.hpp$" AND NOT layer STREQUAL apps)
      dimwise_is_internal(internal ${file})
      if(NOT internal)
        set(public TRUE)
      endif()
    endif()

    file(STRINGS ${ROOT}/${file} lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line ${lines})
      math(EXPR includes_seen "${includes_seen} + 1")
      if(line MATCHES "<(xtensor|xtensor-blas|xsimd|xtl)/" AND public)
        list(APPEND problems "${file}: a public header includes <${CMAKE_MATCH_1}/...>. Move it into a .cpp file.")
      endif()
      if(NOT line MATCHES "\"([^\"]+)\"")
        continue()
      endif()
      set(target ${CMAKE_MATCH_1})
      place(target_layer layers 0 ${target})
      if(target_layer EQUAL -1 OR NOT EXISTS ${ROOT}/${target})
        list(APPEND problems "${file}: includes \"${target}\", which is no file of a layer. Write the path from the root.")
        continue()
      endif()
      if(target_layer GREATER own_layer)
        list(APPEND problems "${file}: includes \"${target}\" of a higher layer.")
      endif()
      place(target_folder hollow_folders 1 ${target})
      if(layer STREQUAL hollow AND target MATCHES "^hollow/" AND target_folder GREATER own_folder AND NOT own_folder EQUAL -1)
        list(APPEND problems "${file}: includes \"${target}\" of a later folder of hollow.")
      endif()
      dimwise_is_internal(target_internal ${target})
      if(public AND target_internal)
        list(APPEND problems "${file}: a public header includes \"${target}\", which is internal. Move it into a .cpp file.")
      endif()
    endforeach()
  endforeach()
endforeach()

# A header and its source are one module.
foreach(folder ${folders})
  set(modules ${modules_of_${folder}})
  list(REMOVE_DUPLICATES modules)
  list(LENGTH modules count)
  if(count GREATER most_modules)
    list(APPEND problems "${folder}/ holds ${count} modules. Give it an order of folders with at most ${most_modules} each.")
  endif()
endforeach()

if(problems)
  list(JOIN problems "\n  " text)
  message(FATAL_ERROR "Includes that break the structure:\n  ${text}")
endif()
message(STATUS "${includes_seen} includes of ${files_seen} files keep to the layers.")
