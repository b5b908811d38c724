#pragma once
// The headers of xtensor's views, as `xtensor.hpp` names those of its expressions. Included by .cpp files only.

#include "autodiff/kernels/xtensor.hpp"

#if __has_include(<xtensor/containers/xadapt.hpp>)
#include <xtensor/containers/xadapt.hpp>
#include <xtensor/utils/xnoalias.hpp>
#include <xtensor/views/xview.hpp>
#else
#include <xtensor/xadapt.hpp>
#include <xtensor/xnoalias.hpp>
#include <xtensor/xview.hpp>
#endif
