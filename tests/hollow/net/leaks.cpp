// check_hollow accepts every net of the library and reports every planted leak.
#include "hollow/net/check_hollow.hpp"

#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/net/nets.hpp"

namespace dimwise::leaks_tests {

namespace {

constexpr int64_t d = 5;
const Rng rng(5);
Tensor draw(const char* name, const Shape& shape) { return rng.split(name).normal(shape, DType::float64); }

// A net of two functions.
struct Plain {
  std::function<Tensor(const Tensor&)> c;
  std::function<Tensor(const Tensor&, const Tensor&)> tau;
  Tensor conditioner(const Tensor& x) const { return c(x); }
  Tensor transformer(const Tensor& x, const Tensor& h) const { return tau(x, h); }
};

Tensor good_tau(const Tensor& x, const Tensor& h) { return tanh(x + sum(h, {-1})); }
Tensor good_c(const Tensor& x) { return unsqueeze(sin(sum(x, {-1}, true) - x), -1); }

// Masked attention over positions; `self` makes x_i an input of its own query, `diagonal` of its own keys.
Tensor attention(const Tensor& x, bool self, bool diagonal) {
  const Tensor position = draw("position", {d, 4}), wk = draw("wk", {4}), wv = draw("wv", {3}), wq = draw("wq", {4});
  const Tensor keys = tanh(unsqueeze(x, -1) * wk + position);  // (…, d, 4)
  const Tensor query = self ? position + unsqueeze(x, -1) * wq : broadcast_to(position, keys.shape());
  Tensor scores = matmul(query, keys, {.transpose_b = true});
  if (!diagonal) scores = where(eye(d, DType::float64), scores * 0.0 - 1e30, scores);
  return matmul(softmax(scores), unsqueeze(x, -1) * wv);
}

Tensor strict(int64_t k) { return tril(ones({d, d}, DType::float64), k); }

// Two MADE layers with the given masks, one number per position.
Tensor masked(const Tensor& x, const Tensor& first, const Tensor& second) {
  const Tensor hidden = tanh(linear(x, draw("w1", {d, d}) * first));
  return unsqueeze(linear(hidden, draw("w2", {d, d}) * second), -1);
}

// A convolution along the positions whose center weight is zero.
Tensor center_zero(const Tensor& x) {
  Tensor left = pad(slice(x, -1, 0, d - 1), -1, 1, 0), right = pad(slice(x, -1, 1, d), -1, 0, 1);
  return 0.7 * left - 0.4 * right;
}

}  // namespace

TEST_CASE("every net of the library is hollow") {
  for (const int64_t dimension : {1, 2, 3, 6})
    for (const auto& [name, net] : test::every_net(dimension)) {
      INFO(name << ", d = " << dimension);
      CHECK_NOTHROW(check_hollow(net, dimension, [](const auto& m) {
        return m.at(scalar(0.3, DType::float64), ones({1, 2}, DType::float64));
      }));
    }
  CHECK_NOTHROW(check_hollow(Plain{good_c, good_tau}, d));
  CHECK_NOTHROW(check_hollow(Plain{[](const Tensor& x) { return attention(x, false, false); }, good_tau}, d));
  CHECK_NOTHROW(check_hollow(Plain{[](const Tensor& x) { return masked(x, strict(0), strict(-1)); }, good_tau}, d));
}

TEST_CASE("every planted leak in a conditioner is found") {
  const std::vector<std::pair<const char*, std::function<Tensor(const Tensor&)>>> leaks{
      {"sum of all inputs", [](const Tensor& x) { return unsqueeze(sin(sum(x, {-1}, true) + 0.0 * x), -1); }},
      {"left out too little", [](const Tensor& x) { return unsqueeze(sum(x, {-1}, true) - 0.999999 * x, -1); }},
      {"attention with x_i in its query", [](const Tensor& x) { return attention(x, true, false); }},
      {"attention to its own position", [](const Tensor& x) { return attention(x, false, true); }},
      {"output mask not strict", [](const Tensor& x) { return masked(x, strict(0), strict(0)); }},
      {"hidden mask off by one", [](const Tensor& x) { return masked(x, strict(1), strict(-1)); }},
      {"both directions in one network", [](const Tensor& x) { return masked(x, strict(-1), transpose(strict(-1))); }},
      {"two stacked center-zero convolutions",
       [](const Tensor& x) { return unsqueeze(center_zero(tanh(center_zero(x))), -1); }},
      {"mean of all but normalized by all",
       [](const Tensor& x) { return unsqueeze((sum(x, {-1}, true) - x) / norm(x, {-1}, true), -1); }},
      {"max pooling that does not leave x_i out",
       [](const Tensor& x) { return unsqueeze(broadcast_to(max(x, {-1}, true), x.shape()), -1); }},
      {"residual connection", [](const Tensor& x) { return good_c(x) + 1e-6 * unsqueeze(x, -1); }},
      {"layer norm over all positions",
       [](const Tensor& x) { return good_c(x - mean(x, {-1}, true)) * unsqueeze(mean(square(x), {-1}, true), -1); }},
  };
  REQUIRE(leaks.size() >= 10);
  for (const auto& [name, c] : leaks) {
    INFO(name);
    CHECK_THROWS_WITH(check_hollow(Plain{c, good_tau}, d), Catch::Contains("conditioner leaks at ("));
  }
  // The first leak is named.
  const auto third = [](const Tensor& x) {
    return unsqueeze(sin(sum(x, {-1}, true) - x) + x * tensor({0, 0, 1, 1, 0}, DType::float64), -1);
  };
  CHECK_THROWS_WITH(check_hollow(Plain{third, good_tau}, d), Catch::Contains("conditioner leaks at (2, 2)"));
}

TEST_CASE("a transformer that mixes dimensions is found") {
  const auto mixing = [](const Tensor& x, const Tensor& h) { return good_tau(x, h) + 1e-6 * flip(x, -1); };
  CHECK_THROWS_WITH(check_hollow(Plain{good_c, mixing}, d), Catch::Contains("transformer leaks at (0, 4)"));
}

namespace {
struct ZeroLast {
  Tensor last = zeros({1}, DType::float64);
  Tensor conditioner(const Tensor& x) const { return unsqueeze(last * sum(x, {-1}, true) + 0.0 * x, -1); }
  Tensor transformer(const Tensor& x, const Tensor& h) const { return good_tau(x, h); }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("last", self.last);
  }
};
}  // namespace

TEST_CASE("a zero last layer hides no leak from the module form") {
  CHECK_NOTHROW(check_hollow(ZeroLast{}, d));
  CHECK_THROWS_WITH(check_hollow(ZeroLast{}, d, [](const ZeroLast& net) { return net; }),
                    Catch::Contains("conditioner leaks"));
}

TEST_CASE("a check with zero dimensions or points is rejected") {
  const Plain good{good_c, good_tau};
  for (const int64_t dimension : {0, -1}) {
    CHECK_THROWS_AS(check_hollow(good, dimension), ValueError);
    CHECK_THROWS_WITH(check_hollow(good, dimension),
                      Catch::Contains("[check_hollow] d = " + std::to_string(dimension) + " and 3 points"));
    CHECK_THROWS_AS(check_hollow(ZeroLast{}, dimension, [](const ZeroLast& net) { return net; }), ValueError);
  }
  for (const int points : {0, -2}) CHECK_THROWS_AS(check_hollow(good, d, {.points = points}), ValueError);
}

TEST_CASE("conditioners and transformers reject sizes below 1 and a context below 0") {
  const auto refused = [](const ConditionerConfig& c, const TransformerConfig& t) {
    for (const std::string& name : conditioner_names()) {
      INFO(name);
      CHECK_THROWS_AS(make_conditioner(name, c, rng), ValueError);
      CHECK_THROWS_WITH(make_conditioner(name, c, rng), Catch::Contains("at least"));
    }
    for (const std::string& name : transformer_names()) {
      INFO(name);
      CHECK_THROWS_AS(make_transformer(name, t, rng), ValueError);
      CHECK_THROWS_WITH(make_transformer(name, t, rng), Catch::Contains("at least"));
    }
  };
  for (const int64_t wrong : {0, -3}) {
    refused({.d = wrong}, {.d = wrong});
    refused({.d_h = wrong}, {.d_h = wrong});
    refused({.hidden = {4, wrong}}, {.hidden = {4, wrong}});
    refused({.hidden = {wrong, 4}}, {.hidden = {wrong, 4}});
  }
  CHECK_THROWS_AS(make_transformer("shared", {.hidden = {}}, rng), ValueError);
  refused({.context = -1}, {.context = -1});
}

TEST_CASE("a masked conditioner needs two units a layer, one for each direction, and works with two") {
  for (const std::vector<int64_t>& narrow : {std::vector<int64_t>{1}, {4, 1}, {1, 4}})
    CHECK_THROWS_WITH(MaskedConditioner({.hidden = narrow}, rng), Catch::Contains("hidden width 1. Use at least 2"));
  const MaskedConditioner two({.d = 2, .d_h = 1, .hidden = {2, 2}, .dtype = DType::float64}, rng);
  const auto h = [&](double x0, double x1) { return two(tensor({x0, x1}, DType::float64)).values(); };
  CHECK(h(1, 3)[0] == h(2, 3)[0]);
  CHECK(h(1, 3)[0] != h(1, 4)[0]);
  CHECK(h(1, 3)[1] == h(1, 4)[1]);
  CHECK(h(1, 3)[1] != h(2, 3)[1]);
}

TEST_CASE("with the default width of a masked conditioner h_i depends on every other input") {
  for (const int64_t dimensions : {1, 2, 3, 33, 34, 64, 100}) {
    const MaskedConditioner c({.d = dimensions, .d_h = 1}, rng);
    // The number of paths from an input to an output.
    Tensor paths = eye(dimensions);
    for (const MaskedLinear& layer : c.layers) paths = matmul(layer.mask.value, paths);
    const std::vector<double> v = paths.values();
    for (int64_t i = 0; i < dimensions; ++i)
      for (int64_t j = 0; j < dimensions; ++j) CHECK((v[static_cast<size_t>(i * dimensions + j)] > 0) == (i != j));
  }
}

TEST_CASE("h of LeaveOneOut does not depend on its own input, not even by rounding") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const LeaveOneOut c({.d = 3, .dtype = dtype}, rng);
    const auto first = [&](double x) { return select(c(tensor({x, 0.3, -0.7}, dtype)), 0, 0).values(); };
    for (const double x : {1.0, 1e4, 1e6, 1e7, -1e30}) CHECK(first(x) == first(0));
  }
}

TEST_CASE("what couples the rows of a batch is found") {
  const auto over_rows = [](const Tensor& x) { return flip(x, 0); };
  const auto coupled_c = [&](const Tensor& x) { return good_c(x) + 1e-6 * unsqueeze(over_rows(x), -1); };
  const auto coupled_tau = [&](const Tensor& x, const Tensor& h) { return good_tau(x, h) + 1e-6 * over_rows(x); };
  CHECK_THROWS_WITH(check_hollow(Plain{coupled_c, good_tau}, d), Catch::Contains("couples rows"));
  CHECK_THROWS_WITH(check_hollow(Plain{good_c, coupled_tau}, d), Catch::Contains("couples rows"));
}

TEST_CASE("the cheap check of dimwise reports a leak too") {
  const DiagonalCheck check;
  const Tensor x = draw("x", {3, d});
  const Plain leaking{[](const Tensor& in) { return unsqueeze(sin(sum(in, {-1}, true) + 0.0 * in), -1); }, good_tau};
  CHECK_THROWS_WITH(dimwise::dimwise(leaking, x), Catch::Contains("the conditioner leaks"));
  const Plain mixing{good_c, [](const Tensor& in, const Tensor& h) { return good_tau(in, h) + flip(in, -1); }};
  CHECK_THROWS_WITH(dimwise::dimwise(mixing, x), Catch::Contains("is not diagonal"));
}

}  // namespace dimwise::leaks_tests
