# Internal headers are those in a folder named detail or kernels, and those of the folders with a solver's methods. The
# bridge to xtensor is opt-in. All others are public: they are installed, documented, and compile alone.

# dimwise_is_internal(<result> <header, from the root folder>)
function(dimwise_is_internal result header)
  if("${header}" STREQUAL "autodiff/xtensor.hpp" OR "${header}" MATCHES "/(detail|kernels|methods|implicit|gradients)/")
    set(${result} TRUE PARENT_SCOPE)
  else()
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()
