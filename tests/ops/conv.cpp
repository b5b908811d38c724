#include "ops/conv.hpp"

#include <functional>
#include <thread>

#include "autodiff/base/error.hpp"
#include "autodiff/transforms.hpp"
#include "ops/detail/conv_kernels.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::conv_tests {

using namespace dimwise::table;

namespace {

const std::vector<Conv2dOptions>& all_options() {
  static const std::vector<Conv2dOptions> all{{}, {.stride = 2, .padding = 1}, {.stride = {1, 3}, .padding = {2, 0}}};
  return all;
}

// The smallest image, and the largest kernel, for which a convolution gives g.
Size2d image_for(const Tensor& g, const Tensor& w, const Conv2dOptions& o) {
  return {(g.dim(2) - 1) * o.stride.h - 2 * o.padding.h + w.dim(2),
          (g.dim(3) - 1) * o.stride.w - 2 * o.padding.w + w.dim(3)};
}
Size2d kernel_for(const Tensor& x, const Tensor& g, const Conv2dOptions& o) {
  return {x.dim(2) + 2 * o.padding.h - (g.dim(2) - 1) * o.stride.h,
          x.dim(3) + 2 * o.padding.w - (g.dim(3) - 1) * o.stride.w};
}

// max |a − b| relative to max |b|.
double distance(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  const std::vector<double> x = a.values(), y = b.values();
  double worst = 0, largest = 1e-300;
  for (size_t i = 0; i < x.size(); ++i) {
    worst = std::max(worst, std::abs(x[i] - y[i]));
    largest = std::max(largest, std::abs(y[i]));
  }
  return worst / largest;
}

double inner(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }

// The formula of the docstring.
Tensor by_loops(const Tensor& x, const Tensor& w, const Conv2dOptions& o, const Shape& shape) {
  const std::vector<double> vx = x.values(), vw = w.values();
  const Shape &sx = x.shape(), &sw = w.shape();
  std::vector<double> y;
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t f = 0; f < shape[1]; ++f)
      for (int64_t i = 0; i < shape[2]; ++i)
        for (int64_t j = 0; j < shape[3]; ++j) {
          double s = 0;
          for (int64_t c = 0; c < sx[1]; ++c)
            for (int64_t k = 0; k < sw[2]; ++k)
              for (int64_t l = 0; l < sw[3]; ++l) {
                const int64_t r = i * o.stride.h + k - o.padding.h, q = j * o.stride.w + l - o.padding.w;
                if (r < 0 || r >= sx[2] || q < 0 || q >= sx[3]) continue;
                s += vx[static_cast<size_t>(((n * sx[1] + c) * sx[2] + r) * sx[3] + q)] *
                     vw[static_cast<size_t>(((f * sw[1] + c) * sw[2] + k) * sw[3] + l)];
              }
          y.push_back(s);
        }
  return tensor(y, shape, DType::float64);
}

struct Case {
  Shape x, w;
  Conv2dOptions options = {};
};

// Images and kernels that are square or not, of one pixel, with numbers of channels that fill vectors or do not, with
// blocks of images that end inside a batch, and with padding wider than the kernel.
const std::vector<Case>& cases() {
  static const std::vector<Case> all{{{2, 3, 7, 5}, {4, 3, 3, 2}},
                                     {{1, 1, 1, 1}, {1, 1, 1, 1}},
                                     {{3, 16, 9, 9}, {32, 16, 3, 3}, {.padding = 1}},
                                     {{7, 32, 8, 8}, {16, 32, 5, 5}, {.stride = 2, .padding = 2}},
                                     {{30, 2, 6, 5}, {3, 2, 3, 3}, {.stride = {2, 1}, .padding = {0, 2}}},
                                     {{2, 17, 6, 6}, {19, 17, 1, 1}},
                                     {{2, 8, 9, 9}, {8, 8, 1, 1}, {.stride = 2}},
                                     {{40, 8, 7, 7}, {16, 8, 7, 7}},
                                     {{2, 3, 4, 4}, {2, 3, 2, 2}, {.stride = 3, .padding = 4}},
                                     {{2, 1, 28, 28}, {32, 1, 5, 5}, {.padding = 2}},
                                     {{1, 2, 1, 40}, {2, 2, 1, 9}, {.stride = {1, 4}, .padding = {0, 4}}}};
  return all;
}

}  // namespace

std::vector<Entry> entries() {
  std::vector<Entry> list;
  const auto x = [](const Shape& s) { return zeros(s); };
  for (const Conv2dOptions& o : all_options()) {
    list.push_back({"conv2d",
                    {"conv2d"},
                    [o](const Inputs& in) { return conv2d(in[0], in[1], o); },
                    normals({{{1, 1, 3, 3}, {1, 1, 2, 2}},
                             {{2, 2, 3, 4}, {2, 2, 2, 1}},
                             {{1, 2, 2, 3}, {1, 2, 1, 1}},
                             {{0, 1, 3, 3}, {2, 1, 2, 2}},
                             {{1, 0, 3, 3}, {2, 0, 1, 1}}})});
    list.push_back({"conv2d_input",
                    {"conv2d_input"},
                    [o](const Inputs& in) { return conv2d_input(in[0], in[1], image_for(in[0], in[1], o), o); },
                    normals({{{1, 1, 3, 2}, {1, 1, 3, 2}},
                             {{2, 1, 3, 2}, {1, 2, 4, 1}},
                             {{1, 2, 5, 2}, {2, 1, 1, 1}},
                             {{0, 1, 3, 2}, {1, 2, 3, 2}}})});
    list.push_back({"conv2d_weight",
                    {"conv2d_weight"},
                    [o](const Inputs& in) { return conv2d_weight(in[0], in[1], kernel_for(in[0], in[1], o), o); },
                    normals({{{1, 1, 3, 3}, {1, 1, 2, 1}},
                             {{2, 2, 3, 5}, {2, 1, 2, 2}},
                             {{1, 2, 2, 3}, {1, 2, 1, 1}},
                             {{0, 1, 3, 3}, {0, 2, 2, 1}}})});
  }
  for (const ConvTranspose2dOptions& o :
       {ConvTranspose2dOptions{}, ConvTranspose2dOptions{.stride = 2, .padding = 1, .output_padding = 1},
        ConvTranspose2dOptions{.stride = {1, 3}, .padding = {0, 1}, .output_padding = {0, 2}}})
    list.push_back({"conv_transpose2d",
                    {"conv2d_input"},
                    [o](const Inputs& in) { return conv_transpose2d(in[0], in[1], o); },
                    normals({{{1, 1, 2, 2}, {1, 1, 2, 2}},
                             {{2, 2, 2, 1}, {2, 1, 3, 2}},
                             {{1, 1, 2, 3}, {1, 2, 2, 1}},
                             {{0, 1, 2, 2}, {1, 1, 2, 2}}})});
  list[0].errors = {
      {[x] {
         conv2d(x({3, 8, 8}), x({4, 3, 3, 3}));
       },
       "[conv2d] x has shape (3, 8, 8). It must be (n, channels, h, w)."},
      {[x] {
         conv2d(x({2, 3, 8, 8}), x({3, 3, 3}));
       },
       "[conv2d] the weight has shape (3, 3, 3). It must be (out, in, kh, kw)."},
      {[x] {
         conv2d(x({2, 3, 8, 8}), x({4, 1, 3, 3}));
       },
       "[conv2d] x of shape (2, 3, 8, 8) has 3 channels, but the weight of shape (4, 1, 3, 3) takes 1."},
      {[x] {
         conv2d(x({2, 3, 8, 4}), x({4, 3, 5, 7}), {.padding = 1});
       },
       "[conv2d] a kernel of length 7 does not fit into 4 pixels padded by 1 on each side. Pad more, or use"},
      {[x] {
         conv2d(x({2, 3, 8, 4}), x({4, 3, 0, 1}));
       },
       "[conv2d] a kernel of length 0 does not fit"},
      {[x] {
         conv2d(x({2, 3, 8, 8}), x({4, 3, 3, 3}), {.stride = {1, 0}});
       },
       "[conv2d] stride (1, 0), padding (0, 0). A stride must be at least 1, a padding at least 0, and both "
       "at most 16777216."},
      {[x] {
         conv2d(x({2, 3, 8, 8}), x({4, 3, 3, 3}), {.padding = -1});
       },
       "[conv2d] stride (1, 1), padding (-1, -1)."},
      {[x] {
         conv2d(x({2, 3, 8, 8}), zeros({4, 3, 3, 3}, DType::float64));
       },
       "[conv2d] dtypes differ: float32 and float64."},
      {[x] {
         conv2d(Tensor(), x({4, 3, 3, 3}));
       },
       "[conv2d] an input is undefined."},
      {[x] {
         conv2d_input(x({2, 4, 6, 6}), x({4, 3, 3, 3}), {9, 8});
       },
       "[conv2d_input] g has shape (2, 4, 6, 6), but an image of 9 × 8 and a kernel of 3 × 3 give (2, 4, 7, 6). Check "
       "size, kernel, stride and padding."},
      {[x] {
         conv2d_weight(x({2, 3, 8, 8}), x({1, 4, 6, 6}), {3, 3});
       },
       "[conv2d_weight] g has shape (1, 4, 6, 6)"},
      {[x] {
         conv_transpose2d(x({2, 3, 8, 8}), x({4, 3, 3, 3}));
       },
       "[conv_transpose2d] x of shape (2, 3, 8, 8) has 3 channels, but the weight of shape (4, 3, 3, 3) takes 4."},
      {[x] {
         conv_transpose2d(x({2, 3, 8, 8}), x({3, 4, 3, 3}), {.stride = 2, .output_padding = {1, 2}});
       },
       "[conv_transpose2d] output padding (1, 2). It must be at least 0 and below the stride."},
      {[x] {
         conv_transpose2d(x({2, 3, 1, 8}), x({3, 4, 3, 3}), {.padding = 2});
       },
       "[conv_transpose2d] x of shape (2, 3, 1, 8) and a weight of shape (3, 4, 3, 3) leave no pixel along axis 2."},
      {[] { set_threads(0); }, "[set_threads] 0 threads requested. Use at least 1."}};
  return list;
}

TEST_CASE("conv2d is the sum over channels and kernel, in float64 to 1e-13 and in float32 to 1e-6") {
  for (const Case& c : cases()) {
    const Tensor x = normal(c.x, 1), w = normal(c.w, 2), y = conv2d(x, w, c.options);
    const Tensor expected = by_loops(x, w, c.options, y.shape());
    INFO(c.x << " with " << c.w);
    CHECK(distance(y, expected) < 1e-13);
    CHECK(distance(conv2d(astype(x, DType::float32), astype(w, DType::float32), c.options), expected) < 1e-6);
  }
}

TEST_CASE("small images with any kernel, padding and stride that fit") {
  for (int64_t size = 1; size <= 4; ++size)
    for (int64_t kernel = 1; kernel <= 6; ++kernel)
      for (int64_t padding = 0; padding <= 3; ++padding)
        for (int64_t stride = 1; stride <= 3; ++stride) {
          if (size + 2 * padding < kernel) continue;
          const Conv2dOptions o{.stride = {1, stride}, .padding = {0, padding}};
          const Tensor x = normal({2, 1, 2, size}, 1), w = normal({1, 1, 1, kernel}, 2), y = conv2d(x, w, o),
                       g = normal(y.shape(), 3);
          INFO(size << ", " << kernel << ", " << padding << ", " << stride);
          CHECK(distance(y, by_loops(x, w, o, y.shape())) < 1e-13);
          const double expected = inner(y, g);
          CHECK(inner(x, conv2d_input(g, w, {2, size}, o)) == Approx(expected).margin(1e-12));
          CHECK(inner(w, conv2d_weight(x, g, {1, kernel}, o)) == Approx(expected).margin(1e-12));
        }
}

TEST_CASE("each invalid setting of a convolution alone is refused, and images or filters may be none") {
  const Tensor x = normal({2, 1, 4, 4}, 1), w = normal({1, 1, 2, 2}, 2);
  const int64_t huge = int64_t{1} << 25;
  for (const Conv2dOptions& o :
       {Conv2dOptions{.stride = {0, 1}}, Conv2dOptions{.stride = {1, 0}}, Conv2dOptions{.padding = {-1, 0}},
        Conv2dOptions{.padding = {0, -1}}, Conv2dOptions{.stride = {huge, 1}}, Conv2dOptions{.stride = {1, huge}},
        Conv2dOptions{.padding = {huge, 0}}, Conv2dOptions{.padding = {0, huge}}}) {
    CHECK_THROWS_AS(conv2d(x, w, o), ValueError);
    CHECK_THROWS_AS(conv_transpose2d(x, w, {.stride = o.stride, .padding = o.padding}), ValueError);
  }
  for (const Size2d& extra : {Size2d{-1, 0}, Size2d{0, -1}, Size2d{2, 0}, Size2d{0, 2}})
    CHECK_THROWS_AS(conv_transpose2d(x, w, {.stride = 2, .output_padding = extra}), ValueError);
  const Tensor three = select(x, 0, 0);
  const auto refuses = [](const std::function<void()>& f, const std::string& text) {
    CHECK_THROWS_WITH(f(), Catch::Matchers::Contains(text));
  };
  refuses(
      [&] {
        conv2d_input(three, w, {4, 4});
      },
      "[conv2d_input] g has shape (1, 4, 4). It must be (n, out, oh, ow).");
  refuses(
      [&] {
        conv2d_input(x, three, {4, 4});
      },
      "[conv2d_input] the weight has shape (1, 4, 4). It must be (out, in,");
  refuses([&] { conv2d_weight(three, x, {1, 1}); }, "[conv2d_weight] x has shape (1, 4, 4). It must be (n, channels,");
  refuses(
      [&] {
        conv2d_weight(x, three, {1, 1});
      },
      "[conv2d_weight] g has shape (1, 4, 4). It must be (n, out, oh, ow)");
  CHECK(conv2d(zeros({0, 1, 4, 4}), zeros({1, 1, 2, 2})).shape() == Shape{0, 1, 3, 3});
  CHECK(conv2d(zeros({2, 1, 4, 4}), zeros({0, 1, 2, 2})).shape() == Shape{2, 0, 3, 3});
  CHECK(conv2d_weight(zeros({0, 1, 4, 4}), zeros({0, 1, 3, 3}), {2, 2}).values() == std::vector<double>(4, 0.0));
}

TEST_CASE("an image without pixels is its padding") {
  const Conv2dOptions o{.stride = 1, .padding = {1, 0}};
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = zeros({2, 3, 0, 5}, dtype), w = ones({4, 3, 2, 2}, dtype), y = conv2d(x, w, o);
    CHECK(y.shape() == Shape{2, 4, 1, 4});
    CHECK(y.values() == std::vector<double>(32, 0.0));
    const Tensor g = conv2d_weight(x, ones_like(y), {2, 2}, o);
    CHECK(g.values() == std::vector<double>(48, 0.0));
    CHECK(conv2d_input(y, w, {0, 5}, o).shape() == x.shape());
  }
}

TEST_CASE("the three convolutions are adjoint to each other: ⟨x·w, g⟩ = ⟨x, input⟩ = ⟨w, weight⟩") {
  for (const Case& c : cases()) {
    const Tensor x = normal(c.x, 1), w = normal(c.w, 2), y = conv2d(x, w, c.options), g = normal(y.shape(), 3);
    const double expected = inner(y, g), size = std::sqrt(inner(y, y) * inner(g, g));
    INFO(c.x << " with " << c.w);
    CHECK(std::abs(inner(x, conv2d_input(g, w, {c.x[2], c.x[3]}, c.options)) - expected) < 1e-13 * size);
    CHECK(std::abs(inner(w, conv2d_weight(x, g, {c.w[2], c.w[3]}, c.options)) - expected) < 1e-13 * size);
  }
}

TEST_CASE("oneDNN has kernels for all three, which agree in float32 with float64 to 1e-6, and so do products") {
  for (const Case& c : cases()) {
    const Size2d size{c.x[2], c.x[3]}, kernel{c.w[2], c.w[3]};
    const Tensor x = normal(c.x, 1), w = normal(c.w, 2), y = conv2d(x, w, c.options), g = normal(y.shape(), 3);
    const auto single = [](const Tensor& t) { return astype(t, DType::float32); };
    const Tensor to_x = conv2d_input(g, w, size, c.options), to_w = conv2d_weight(x, g, kernel, c.options);
    INFO(c.x << " with " << c.w);
    const conv::Geometry geometry{c.x[0],
                                  c.x[1],
                                  c.x[2],
                                  c.x[3],
                                  c.w[0],
                                  c.w[2],
                                  c.w[3],
                                  y.dim(2),
                                  y.dim(3),
                                  c.options.stride.h,
                                  c.options.stride.w,
                                  c.options.padding.h,
                                  c.options.padding.w};
    // Each kernel separately, so that neither replaces the other.
    const auto both = [&](conv::Result result, const Tensor& a, const Tensor& b, const Tensor& expected) {
      const Tensor left = single(a), right = single(b), out = empty(expected.shape(), DType::float32);
      const float *pa = left.data<float>().data(), *pb = right.data<float>().data();
      CHECK(conv::by_onednn(result, geometry, pa, pb, mutable_data<float>(out)));
      CHECK(distance(out, expected) < 1e-6);
      conv::by_gemm(result, geometry, pa, pb, mutable_data<float>(out));
      CHECK(distance(out, expected) < 1e-6);
    };
    both(conv::Result::output, x, w, y);
    both(conv::Result::input, g, w, to_x);
    both(conv::Result::weight, x, g, to_w);
  }
}

TEST_CASE("a transposed convolution with output padding has PyTorch's size and undoes a stride") {
  const Tensor x = normal({2, 3, 14, 7}), w = normal({3, 4, 5, 5}, 2);
  const Tensor y = conv_transpose2d(x, w, {.stride = 2, .padding = 2, .output_padding = {1, 0}});
  CHECK(y.shape() == Shape{2, 4, 28, 13});
  CHECK(conv2d(y, w, {.stride = 2, .padding = 2}).shape() == x.shape());
}

TEST_CASE("convolutions give the same on one thread, on two, and on two program threads concurrently") {
  const Tensor x = astype(normal({6, 16, 14, 14}, 1), DType::float32),
               w = astype(normal({16, 16, 3, 3}, 2), DType::float32);
  const int before = onednn_threads();
  set_threads(2);
  CHECK(onednn_threads() == 2);
  set_threads(3);  // more than the default of a machine with two cores
  CHECK(onednn_threads() == 3);
  set_threads(2);
  const Tensor two = conv2d(x, w);
  set_threads(1);
  const Tensor one = conv2d(x, w);
  CHECK(distance(two, one) < 1e-6);
  Tensor results[2];
  std::vector<std::thread> threads;
  for (Tensor& result : results)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) result = conv2d(x, w);
    });
  for (std::thread& t : threads) t.join();
  for (const Tensor& result : results) CHECK(result.values() == one.values());
  set_threads(before);
}

TEST_CASE("more shapes than the cache holds do not change a result") {
  const Tensor w = astype(normal({2, 2, 2, 2}, 2), DType::float32), x = astype(normal({1, 2, 3, 3}, 1), DType::float32);
  const std::vector<double> first = conv2d(x, w).values();
  for (int64_t n = 2; n < 300; ++n) REQUIRE(conv2d(ones({n, 2, 3, 3}), w).shape() == Shape{n, 2, 2, 2});
  CHECK(conv2d(x, w).values() == first);
}

}  // namespace dimwise::conv_tests
