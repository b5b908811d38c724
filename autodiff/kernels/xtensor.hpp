#pragma once
// The only file that includes xtensor's expression headers, which later versions moved into folders. Included by .cpp
// files only.

#ifndef XTENSOR_USE_XSIMD
#define XTENSOR_USE_XSIMD
#endif

#if __has_include(<xtensor/core/xassign.hpp>)
#include <xtensor/core/xassign.hpp>
#include <xtensor/core/xfunction.hpp>
#include <xtensor/core/xmath.hpp>
#include <xtensor/core/xoperation.hpp>
#else
#include <xtensor/xassign.hpp>
#include <xtensor/xfunction.hpp>
#include <xtensor/xmath.hpp>
#include <xtensor/xoperation.hpp>
#endif
