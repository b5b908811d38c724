#include <algorithm>

#include "autodiff/base/buffer.hpp"
#include "ops/detail/conv_kernels.hpp"
#include "ops/detail/gemm.hpp"

namespace dimwise::conv {

namespace {

// The columns of one product: enough for GEMM to be fast, few enough to stay in cache.
constexpr int64_t block_pixels = 512;

// Calls f(to, from, first, last) for each row of pixels in the columns, whose rows have length `width`. The row starts
// at `to`. Its pixels [first, last) come from the image, starting at `from` and `stride_w` apart; the rest is padding.
template <class F>
void each_row(const Geometry& g, int64_t width, F&& f) {
  int64_t row = 0;
  for (int64_t c = 0; c < g.c; ++c)
    for (int64_t ky = 0; ky < g.kh; ++ky)
      for (int64_t kx = 0; kx < g.kw; ++kx, ++row) {
        const int64_t shift = kx - g.pad_w;
        const int64_t first = shift >= 0 ? 0 : std::min(g.ow, (-shift + g.stride_w - 1) / g.stride_w);
        const int64_t last = shift >= g.w ? 0 : std::min(g.ow, (g.w - 1 - shift) / g.stride_w + 1);
        for (int64_t oy = 0; oy < g.oh; ++oy) {
          const int64_t iy = oy * g.stride_h + ky - g.pad_h;
          const bool inside = iy >= 0 && iy < g.h && last > first;
          f(row * width + oy * g.ow, (c * g.h + iy) * g.w + first * g.stride_w + shift, inside ? first : g.ow,
            inside ? last : g.ow);
        }
      }
}

// One image as columns: matrix (c·kh·kw) × (oh·ow) with rows `width` apart.
template <class T>
void image_to_columns(const Geometry& g, const T* image, T* columns, int64_t width) {
  each_row(g, width, [&](int64_t to, int64_t from, int64_t first, int64_t last) {
    T* row = columns + to;
    std::fill(row, row + first, T(0));
    if (g.stride_w == 1)
      std::copy_n(image + from, last - first, row + first);
    else
      for (int64_t i = first; i < last; ++i) row[i] = image[from + (i - first) * g.stride_w];
    std::fill(row + last, row + g.ow, T(0));
  });
}

// The adjoint: image += columns.
template <class T>
void columns_to_image(const Geometry& g, const T* columns, T* image, int64_t width) {
  each_row(g, width, [&](int64_t from, int64_t to, int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) image[to + (i - first) * g.stride_w] += columns[from + i];
  });
}

// Outputs of several images between (n, o, pixels) and the matrix o × (n·pixels) of one product.
template <class T>
void copy_rows(int64_t rows, int64_t length, const T* from, int64_t from_step, T* to, int64_t to_step) {
  for (int64_t r = 0; r < rows; ++r) std::copy_n(from + r * from_step, length, to + r * to_step);
}

}  // namespace

template <class T>
void by_gemm(Result result, const Geometry& g, const T* a, const T* b, T* out) {
  const int64_t pixels = g.pixels(), column = g.column(), outputs = g.o * pixels;
  const int64_t images = std::clamp(block_pixels / pixels, int64_t{1}, g.n);
  const Buffer columns_memory(static_cast<size_t>(column * images * pixels) * sizeof(T));
  const Buffer rows_memory(images > 1 ? static_cast<size_t>(images * outputs) * sizeof(T) : 0);
  T* const columns = static_cast<T*>(columns_memory.data());
  T* const rows = static_cast<T*>(rows_memory.data());
  if (result == Result::weight) std::fill_n(out, g.o * column, T(0));
  if (result == Result::input) std::fill_n(out, g.n * g.image(), T(0));

  for (int64_t begin = 0; begin < g.n; begin += images) {
    const int64_t count = std::min(images, g.n - begin), width = count * pixels;
    const T* const image = a + begin * g.image();
    // The outputs of the block as one matrix: those of a single image already are one.
    const T* const given = (result == Result::input ? a : b) + begin * outputs;
    const auto gathered = [&] {
      if (count == 1) return given;
      for (int64_t i = 0; i < count; ++i) copy_rows(g.o, pixels, given + i * outputs, pixels, rows + i * pixels, width);
      return static_cast<const T*>(rows);
    };
    if (result != Result::input)
      for (int64_t i = 0; i < count; ++i) image_to_columns(g, image + i * g.image(), columns + i * pixels, width);

    if (result == Result::output) {
      T* const y = out + begin * outputs;
      gemm(false, false, g.o, width, column, b, columns, T(0), count == 1 ? y : rows);
      if (count > 1)
        for (int64_t i = 0; i < count; ++i) copy_rows(g.o, pixels, rows + i * pixels, width, y + i * outputs, pixels);
    } else if (result == Result::weight) {
      gemm(false, true, g.o, column, width, gathered(), columns, T(1), out);
    } else {
      gemm(true, false, column, width, g.o, b, gathered(), T(0), columns);
      for (int64_t i = 0; i < count; ++i)
        columns_to_image(g, columns + i * pixels, out + (begin + i) * g.image(), width);
    }
  }
}

template void by_gemm(Result, const Geometry&, const float*, const float*, float*);
template void by_gemm(Result, const Geometry&, const double*, const double*, double*);

}  // namespace dimwise::conv
