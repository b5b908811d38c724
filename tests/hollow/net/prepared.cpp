// A prepared net is a function with the net's values and gradients, and without parameters.
#include "autodiff/transforms.hpp"
#include "hollow/flow/ffjord.hpp"
#include "hollow/sde/diffusion.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/net/nets.hpp"

namespace dimwise::prepared_tests {

namespace {

constexpr DType f64 = DType::float64;
constexpr int64_t d = 4;
const Tensor t = scalar(0.3, f64), x = Rng(1).normal({3, d}, f64), context = Rng(2).normal({3, 2}, f64);

double distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

// Values and gradients of a net, prepared within a training step and not prepared.
template <class Net>
void check(const std::string& name, const Net& net) {
  INFO(name);
  static_assert(Module<Net> && !Module<Prepared<Net>>, "parameters of a prepared net could be replaced in silence");
  const auto ready = net.prepare(context);
  CHECK(distance(ready.at(t)(x), net.at(t, context)(x)) == 0);
  CHECK(distance(ready(x, t), net(x, t, context)) == 0);
  const auto copy = ready;
  CHECK(distance(copy.at(t)(x), ready.at(t)(x)) == 0);

  const auto [value, g] = value_and_grad([&](const Net& m) { return mean(square(m(x, t, context))); }, net);
  const auto [same, through] = value_and_grad(
      [&](const Net& m) {
        const auto formed = m.prepare(context);
        // Two calls share the prepared tensors.
        return mean(square(0.5 * (formed.at(t)(x) + formed(x, t))));
      },
      net);
  CHECK(distance(value, same) < 1e-14);
  const auto expected = named_parameters(g), found = named_parameters(through);
  REQUIRE(expected.size() == found.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    INFO(expected[i].first);
    CHECK(max(abs(expected[i].second)).item() > 0);
    CHECK(distance(expected[i].second, found[i].second) < 1e-14);
  }
}

// A conditioner and a transformer without `prepare`.
struct Sum {
  Tensor scale;
  Tensor operator()(const Tensor& in, const Tensor&, const Tensor& c) const {
    return unsqueeze((sum(in, {-1}, true) - in) * scale + sum(c, {-1}, true), -1);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("scale", self.scale);
  }
};
struct Bend {
  Tensor slope;
  Tensor operator()(const Tensor& in, const Tensor& h, const Tensor& at, const Tensor&) const {
    return slope * in * at + square(squeeze(h, -1));
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("slope", self.slope);
  }
};

}  // namespace

TEST_CASE("a prepared net has the values and gradients of the net, and is not a module") {
  for (const auto& [name, net] : test::every_net(d)) {
    check(name, net);
    check("diffusion of " + name, DiffusionNet<AnyHollowNet>{net, {full({d}, 0.5, f64)}, {full({d}, 0.1, f64)}});
  }
  for (const int64_t rank : {0, 2})
    check("FFJORD of rank " + std::to_string(rank),
          FfjordNet({.d = d, .hidden = {5}, .context = 2, .rank = rank, .dtype = f64}, Rng(4)));
}

TEST_CASE("parts without prepare work in a HollowNet too") {
  check("own parts", HollowNet{Sum{scalar(0.7, f64)}, Bend{scalar(-0.4, f64)}});
}

}  // namespace dimwise::prepared_tests
