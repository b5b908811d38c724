#pragma once
// The kernels of conv2d and its two adjoints. Included by the .cpp files of the convolutions.

#include <array>
#include <cstdint>

namespace dimwise::conv {

/// Which of x · w → y is computed from the other two.
enum class Result : int64_t { output, input, weight };

/// Images n × c × h × w, kernels o × c × kh × kw, outputs n × o × oh × ow.
struct Geometry {
  int64_t n, c, h, w, o, kh, kw, oh, ow, stride_h, stride_w, pad_h, pad_w;

  int64_t column() const { return c * kh * kw; }
  int64_t pixels() const { return oh * ow; }
  int64_t image() const { return c * h * w; }
  std::array<int64_t, 13> key() const { return {n, c, h, w, o, kh, kw, oh, ow, stride_h, stride_w, pad_h, pad_w}; }
};

// The operands a, b of each result: output x, w; input y, w; weight x, y. All are nonempty.

/// Uses blocks of columns and GEMM, for both element types.
template <class T>
void by_gemm(Result result, const Geometry& geometry, const T* a, const T* b, T* out);

/// Uses oneDNN, on the calling thread's share of `set_threads`. Returns false if oneDNN has no kernel for it.
bool by_onednn(Result result, const Geometry& geometry, const float* a, const float* b, float* out);

}  // namespace dimwise::conv
