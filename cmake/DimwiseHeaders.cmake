# Internal headers show xtensor or xsimd: those that say at their top that they are included by .cpp files, and the bridge to
# xtensor. All others are public.

# dimwise_is_internal(<result> <root folder> <header, relative to it>)
function(dimwise_is_internal result root header)
  set(${result} FALSE PARENT_SCOPE)
  if("${header}" STREQUAL "autodiff/xtensor.hpp")
    set(${result} TRUE PARENT_SCOPE)
  else()
    file(STRINGS ${root}/${header} top LIMIT_COUNT 3)
    if("${top}" MATCHES "[Ii]ncluded by (the )?\\.cpp files")
      set(${result} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()
