# One static library a layer. A layer links what stands below it, and a folder's .cpp files belong to its layer, so that
# adding a file touches no list.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# What another build folder or clone has compiled is not compiled again. -march=native means another processor elsewhere,
# so the processor's flags are part of the cache's key.
find_program(DIMWISE_CCACHE ccache DOC "ccache; empty to compile without it")
if(DIMWISE_CCACHE AND PROJECT_IS_TOP_LEVEL)
  set(processor ${CMAKE_SYSTEM_PROCESSOR})
  if(EXISTS /proc/cpuinfo)
    file(STRINGS /proc/cpuinfo processor REGEX "^flags" LIMIT_COUNT 1)
  endif()
  string(SHA1 processor "${processor}")
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_NAMESPACE=${processor}
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${DIMWISE_CCACHE})
endif()

# With CMAKE_UNITY_BUILD=ON several files are compiled as one, which halves the time of a build from nothing: headers are
# read and templates instantiated once. Without it a change recompiles only the files that it touches.
if(NOT DEFINED CMAKE_UNITY_BUILD_BATCH_SIZE)
  set(CMAKE_UNITY_BUILD_BATCH_SIZE 16)
endif()

add_library(dimwise_flags INTERFACE)
target_compile_features(dimwise_flags INTERFACE cxx_std_20)
target_compile_options(dimwise_flags INTERFACE
  $<BUILD_INTERFACE:-Wall;-Wextra;-Wpedantic;-Werror>
  # False alarms of g++ 12: in its own AVX-512 header (GCC bug 105593) and for "text" + std::string (105329).
  $<BUILD_INTERFACE:$<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized;-Wno-maybe-uninitialized;-Wno-restrict>>
  # g++ 12 writes constants such as {1, 1, 0, 0} as {1, 1, 1, 1} where it moves 32 bytes by one AVX-512 broadcast.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<VERSION_GREATER_EQUAL:$<CXX_COMPILER_VERSION>,12>,$<VERSION_LESS:$<CXX_COMPILER_VERSION>,13>,$<STREQUAL:${CMAKE_SYSTEM_PROCESSOR},x86_64>>:-mmove-max=128;-mstore-max=128>
  # Vectors and scalars must round alike: a fused multiply-add is written, never inferred.
  -ffp-contract=off)
if(DIMWISE_ARCH)
  target_compile_options(dimwise_flags INTERFACE -march=${DIMWISE_ARCH})
endif()
# Without optimization g++'s intrinsics of AVX-512 are macros that cast what xsimd 8 gives them, which does not compile.
include(CheckCXXSourceCompiles)
if(DIMWISE_ARCH)
  set(CMAKE_REQUIRED_FLAGS -march=${DIMWISE_ARCH})
endif()
check_cxx_source_compiles("#ifndef __AVX512F__\n#error\n#endif\nint main() {}" DIMWISE_AVX512)
unset(CMAKE_REQUIRED_FLAGS)
if(DIMWISE_AVX512)
  target_compile_options(dimwise_flags INTERFACE $<$<CONFIG:Debug>:-Og>)
endif()
if(DIMWISE_SANITIZE)
  target_compile_options(dimwise_flags INTERFACE -fsanitize=${DIMWISE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${DIMWISE_SANITIZE})
endif()

if(DIMWISE_FUZZ)
  target_compile_options(dimwise_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

set(DIMWISE_LONG_UNITS autodiff/basic.cpp
  ops/activation.cpp ops/arithmetic.cpp ops/detail/linalg_kernels.cpp ops/exponential.cpp ops/power.cpp ops/trigonometric.cpp)

function(dimwise_layer name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  # The named problems of the literature are a library of their own.
  file(GLOB_RECURSE problems CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/hollow/ode/problems/*.cpp)
  if(name STREQUAL ode_problems)
    set(sources ${problems})
  else()
    list(REMOVE_ITEM sources ${problems})
  endif()
  add_library(dimwise_${name} STATIC ${sources})
  add_library(dimwise::${name} ALIAS dimwise_${name})
  # Files of many kernels keep a processor busy by themselves. xtensor-blas defines macros, and reads this one.
  set_source_files_properties(${DIMWISE_LONG_UNITS} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  set_source_files_properties(ops/detail/linalg_kernels.cpp PROPERTIES COMPILE_DEFINITIONS HAVE_CBLAS=1)
  set_target_properties(dimwise_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(dimwise_${name} PUBLIC cxx_std_20)
  target_compile_definitions(dimwise_${name} PRIVATE XTENSOR_USE_XSIMD)
  target_include_directories(dimwise_${name}
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}> $<INSTALL_INTERFACE:include/dimwise>)
  target_include_directories(dimwise_${name} SYSTEM PRIVATE ${DIMWISE_CBLAS_INCLUDE} ${DIMWISE_DNNL_INCLUDE} ${DIMWISE_KLU_INCLUDE}
    ${DIMWISE_RANDOM123_INCLUDE}
    ${DIMWISE_XTENSOR_BLAS_INCLUDE} ${Boost_INCLUDE_DIRS}
    $<TARGET_PROPERTY:xsimd,INTERFACE_INCLUDE_DIRECTORIES>)
  target_link_libraries(dimwise_${name} PRIVATE $<BUILD_INTERFACE:dimwise_flags>)
  foreach(below ${ARGN})
    target_link_libraries(dimwise_${name} PUBLIC dimwise_${below})
  endforeach()
  # Loops over elements are in the two layers below; what nn and hollow arrange is as fast at -O2, and compiled sooner.
  if(name MATCHES "^(nn|hollow|ode_problems)$")
    target_compile_options(dimwise_${name} PRIVATE $<$<CONFIG:Release>:-O2>)
  endif()
  if(name STREQUAL autodiff)
    target_link_libraries(dimwise_${name} PUBLIC Threads::Threads)
  elseif(name STREQUAL ops)
    target_link_libraries(dimwise_${name} PUBLIC LAPACK::LAPACK BLAS::BLAS dnnl gomp)
  elseif(name STREQUAL nn)
    target_link_libraries(dimwise_${name} PUBLIC ZLIB::ZLIB zip PRIVATE $<BUILD_INTERFACE:nlohmann_json::nlohmann_json>)
  elseif(name STREQUAL hollow)
    target_link_libraries(dimwise_${name} PUBLIC klu)
  endif()
endfunction()
