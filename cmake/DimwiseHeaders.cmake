# Internal headers are those in a folder named detail or kernels; in nn and hollow also those that say at their top that they
# are included by .cpp files. The bridge to xtensor is opt-in. All others are public.

# dimwise_is_internal(<result> <root folder> <header, relative to it>)
function(dimwise_is_internal result root header)
  set(${result} FALSE PARENT_SCOPE)
  if("${header}" STREQUAL "autodiff/xtensor.hpp" OR "${header}" MATCHES "/(detail|kernels)/")
    set(${result} TRUE PARENT_SCOPE)
  elseif("${header}" MATCHES "^(nn|hollow)/")
    file(STRINGS ${root}/${header} top LIMIT_COUNT 3)
    if("${top}" MATCHES "[Ii]ncluded by (the )?\\.cpp files")
      set(${result} TRUE PARENT_SCOPE)
    endif()
  endif()
endfunction()
