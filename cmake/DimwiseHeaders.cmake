# Internal headers are those in a folder named detail or kernels, and those of the folders with a solver's methods. All
# others are public: they are documented, compile alone, and are installed. The bridge to xtensor is opt-in: it is
# installed with the header it needs, but no public header includes it.

# dimwise_is_internal(<result> <header, from the root folder>)
function(dimwise_is_internal result header)
  if("${header}" STREQUAL "autodiff/xtensor.hpp" OR "${header}" MATCHES "/(detail|kernels|methods|implicit|gradients)/")
    set(${result} TRUE PARENT_SCOPE)
  else()
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()

# dimwise_is_installed(<result> <header, from the root folder>)
function(dimwise_is_installed result header)
  dimwise_is_internal(internal "${header}")
  if(internal AND NOT "${header}" MATCHES "^autodiff/(xtensor|kernels/xtensor_views)\\.hpp$")
    set(${result} FALSE PARENT_SCOPE)
  else()
    set(${result} TRUE PARENT_SCOPE)
  endif()
endfunction()
