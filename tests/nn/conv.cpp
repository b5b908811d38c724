#include "nn/conv.hpp"

#include "tests/catch.hpp"
#include "tests/nn/recorded.hpp"

namespace dimwise::conv_tests {

using namespace dimwise::recorded;

namespace {

// A layer with these options, whose parameters are the inputs after x.
template <class Layer, class Options>
std::function<Tensor(const Inputs&)> with_options(const Options& options) {
  return [options](const Inputs& in) {
    Layer layer;
    layer.options = options;
    layer.weight = in[1];
    if (in.size() > 2) layer.bias = in[2];
    return layer(in[0]);
  };
}

void check_spread(const Tensor& t, double bound) {
  double largest = 0, mean = 0;
  for (const double v : t.values()) {
    largest = std::max(largest, std::abs(v));
    mean += v / static_cast<double>(t.size());
  }
  CHECK(largest <= bound);
  CHECK(largest > 0.9 * bound);
  CHECK(std::abs(mean) < bound * 3 / std::sqrt(static_cast<double>(t.size())));
}

}  // namespace

TEST_CASE("Conv2d and ConvTranspose2d agree with PyTorch, including gradients and second derivatives") {
  compare("conv", {{"conv2d", with_options<Conv2d>(Conv2dOptions{})},
                   {"conv2d_strided", with_options<Conv2d>(Conv2dOptions{.stride = {2, 1}, .padding = {1, 2}})},
                   {"conv2d_1x1", with_options<Conv2d>(Conv2dOptions{.stride = 2})},
                   {"conv_transpose2d", with_options<ConvTranspose2d>(ConvTranspose2dOptions{})},
                   {"conv_transpose2d_strided", with_options<ConvTranspose2d>(ConvTranspose2dOptions{
                                                    .stride = 2, .padding = {1, 2}, .output_padding = {1, 0}})}});
}

TEST_CASE("A convolution's parameters have PyTorch's names, layouts and initial spread") {
  const Conv2d down(3, 50, {5, 4}, Rng(1), {.stride = 2});
  CHECK(down.weight.shape() == Shape{50, 3, 5, 4});
  CHECK(down(ones({2, 3, 9, 8})).shape() == Shape{2, 50, 3, 3});
  check_spread(down.weight, 1 / std::sqrt(60.0));
  check_spread(down.bias, 1 / std::sqrt(60.0));

  const ConvTranspose2d up(3, 50, {5, 4}, Rng(1), {.stride = 2, .padding = 1, .output_padding = {1, 0}},
                           DType::float64);
  CHECK(up.weight.shape() == Shape{3, 50, 5, 4});
  CHECK(up(ones({2, 3, 9, 8}, DType::float64)).shape() == Shape{2, 50, 20, 16});
  check_spread(up.weight, 1 / std::sqrt(1000.0));
  check_spread(up.bias, 1 / std::sqrt(1000.0));

  CHECK(named_parameters(up)[0].first == "weight");
  CHECK(named_parameters(up)[1].first == "bias");
  CHECK(parameters(Conv2d(1, 2, 3, Rng(1), {}, DType::float32, false)).size() == 1);
}

}  // namespace dimwise::conv_tests
