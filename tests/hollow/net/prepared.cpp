// A prepared net whose parameters are replaced, as track, astype and loading do, is that of the new parameters.
#include "autodiff/transforms.hpp"
#include "hollow/flow/ffjord.hpp"
#include "hollow/net/check_hollow.hpp"
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

// Gradients of all parameters, changes of all parameters, and a cast, of nets prepared with and without the context.
template <class Net>
void check(const std::string& name, const Net& net) {
  INFO(name);
  const auto loss = [](const Net& m, const Tensor& c) { return mean(square(m.at(t, c)(x))); };
  const Net other = map_parameters(net, [](const std::string& n, const Tensor& p) {
    return p + 0.3 * Rng(3).split(n).normal(p.shape(), p.dtype());
  });
  const auto [value, g] = value_and_grad(net, [&](const Net& m) { return loss(m, context); });
  for (const bool with_context : {false, true}) {
    INFO((with_context ? "prepared with the context" : "prepared without it"));
    const Tensor rest = with_context ? Tensor() : context;
    const Net ready = with_context ? net.prepare(context) : net.prepare();
    CHECK(distance(ready.at(t, rest)(x), net.at(t, context)(x)) < 1e-14);

    const auto [same_value, same_g] = value_and_grad(ready, [&](const Net& m) { return loss(m, rest); });
    CHECK(distance(value, same_value) < 1e-14);
    const auto expected = named_parameters(g), found = named_parameters(same_g);
    REQUIRE(expected.size() == found.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      INFO(expected[i].first);
      CHECK(max(abs(expected[i].second)).item() > 0);
      CHECK(distance(expected[i].second, found[i].second) < 1e-14);
    }

    Net loaded = ready;
    load_state_dict(loaded, state_dict(other));
    CHECK(distance(loaded.at(t, rest)(x), other.at(t, context)(x)) < 1e-14);
    const Net narrow = astype(ready, DType::float32);
    const Tensor small = with_context ? Tensor() : astype(context, DType::float32);
    const Tensor y32 = narrow.at(astype(t, DType::float32), small)(astype(x, DType::float32));
    CHECK(distance(astype(y32, f64), net.at(t, context)(x)) < 1e-5);
    // One parameter after the other, so that none hides behind another.
    for (const auto& [changed, p] : named_parameters(other)) {
      INFO(changed);
      const auto replace = [&, only = changed, with = p](const std::string& n, const Tensor& old) {
        return n == only ? with : old;
      };
      const Tensor y = map_parameters(ready, replace).at(t, rest)(x);
      CHECK(distance(y, map_parameters(net, replace).at(t, context)(x)) < 1e-14);
    }
    // Its own parameters are still those it was prepared with: gradients pass through what was formed.
    const Net leaves = track(net), formed = with_context ? leaves.prepare(context) : leaves.prepare();
    const std::vector<Tensor> through = grad(loss(formed, rest), parameters(formed));
    for (size_t i = 0; i < through.size(); ++i) CHECK(distance(through[i], expected[i].second) < 1e-14);
  }
}

}  // namespace

TEST_CASE("a prepared net has the gradients and the changes of the net itself") {
  for (const auto& [name, net] : test::every_net(d)) check(name, net);
  for (const int64_t rank : {0, 2})
    check("FFJORD of rank " + std::to_string(rank),
          FfjordNet({.d = d, .hidden = {5}, .context = 2, .rank = rank, .dtype = f64}, Rng(4)));
}

TEST_CASE("check_hollow of a prepared net randomises what it is prepared from") {
  // With all weights 0 nothing leaks: a mask of ones is found only if the random weights reach the net.
  for (const auto& [name, net] : test::every_net(d, false, 0)) {
    auto* const masked = std::get_if<MaskedConditioner>(&net.conditioner.kind);
    if (!masked) continue;
    AnyHollowNet leaking = map_parameters(net, [](const std::string&, const Tensor& p) { return zeros_like(p); });
    for (MaskedLinear& layer : std::get<MaskedConditioner>(leaking.conditioner.kind).layers)
      layer.mask.value = ones_like(layer.mask.value);
    CHECK_THROWS_WITH(check_hollow(leaking.prepare(), d, [](const auto& m) { return m.at(); }),
                      Catch::Contains("conditioner leaks"));
  }
}

}  // namespace dimwise::prepared_tests
