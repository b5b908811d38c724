// The diagonal of a Jacobian twice: as the diagonal of the whole matrix, d reverse passes, and by dimwise, one.
#include <chrono>
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

namespace {

template <class F>
dw::Tensor timed(const char* what, F&& f) {
  const int64_t ops = dw::thread_context().ops_evaluated;
  const auto start = std::chrono::steady_clock::now();
  dw::Tensor result = f();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  std::cout << what << took.count() << " ms, " << dw::thread_context().ops_evaluated - ops << " ops\n";
  return result;
}

}  // namespace

int main() {
  for (const int64_t d : {4, 64, 256}) {
    const dw::Rng rng(1);
    const dw::HollowNet net{
        dw::MaskedConditioner({.d = d, .d_h = 8, .dtype = dw::DType::float64}, rng.split("conditioner")),
        dw::SharedTransformer({.d = d, .d_h = 8, .dtype = dw::DType::float64}, rng.split("transformer"))};
    const dw::Tensor x = rng.split("x").normal({d}, dw::DType::float64);

    std::cout << "d = " << d << '\n';
    const dw::Tensor slow = timed(
        "  brute force: ", [&] { return dw::diagonal(dw::jacobian([&](const dw::Tensor& x) { return net(x); }, x)); });
    const dw::Tensor fast = timed("  dimwise:     ", [&] { return dw::dimwise(net.at(), x, 1)[1]; });

    const double difference = dw::max(dw::abs(slow - fast)).item();
    std::cout << "  largest difference: " << difference << '\n';
    if (!(difference < 1e-10)) return 1;
  }
}
