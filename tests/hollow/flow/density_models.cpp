// RealNVP and MAF: log-determinants, round trips, normalization, gradients, contexts, a fit, errors.
#include <cmath>
#include <string>

#include "hollow/flow/cnf.hpp"
#include "hollow/flow/ffjord.hpp"
#include "hollow/flow/maf.hpp"
#include "hollow/flow/realnvp.hpp"

#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "nn/distributions/multivariate_normal.hpp"
#include "nn/optim/adam.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/net/nets.hpp"
#include "tests/kolmogorov_smirnov.hpp"
#include "tests/nn/unvisited.hpp"

namespace dimwise::density_models_tests {

namespace {

constexpr DType f64 = DType::float64;

double distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

LayeredConfig small(int64_t d, int64_t context) {
  return {.d = d, .layers = 3, .hidden = {7, 6}, .context = context, .dtype = f64};
}

// Parameters with stronger deformations than initial ones.
template <class Flow>
Flow bent(const Flow& flow) {
  return map_parameters(flow, [](const std::string&, const Tensor& t) { return 1.4 * t; });
}

// Calls check(name, flow) for both models of d dimensions.
template <class Check>
void each_model(int64_t d, int64_t context, Check&& check) {
  check("realnvp", bent(RealNvp(small(d, context), Rng(4))));
  check("maf", bent(Maf(small(d, context), Rng(4))));
}

// Centers of n × n cells over [−edge, edge]².
Tensor cells(int64_t n, double edge) {
  std::vector<double> points;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (const int64_t k : {i, j})
        points.push_back(edge * (2 * (static_cast<double>(k) + 0.5) / static_cast<double>(n) - 1));
  return tensor(points, {n * n, 2}, f64);
}

template <class Flow>
double mass(const Flow& flow, const Tensor& context) {
  constexpr int64_t n = 300;
  constexpr double edge = 12;
  return sum(exp(flow.log_prob(cells(n, edge), context))).item() * std::pow(2 * edge / n, 2);
}

// Points near a circle of radius 2, whose distance from the center is normal with standard deviation 0.2.
struct Ring {
  static Tensor sample(int64_t n, const Rng& rng) {
    const Tensor r = 2 + 0.2 * rng.split("radius").normal({n}),
                 angle = rng.split("angle").uniform({n}, DType::float32, -M_PI, M_PI);
    return stack({r * cos(angle), r * sin(angle)}, -1);
  }
  static Tensor log_prob(const Tensor& x) {
    const Tensor r = norm(x, {-1});
    return -0.5 * square((r - 2) / 0.2) - log(r) - std::log(0.2 * std::pow(2 * M_PI, 1.5));
  }
};

}  // namespace

TEST_CASE("a layered flow's log-determinants equal those of its brute-force Jacobians, in both directions") {
  each_model(5, 3, [](const char* name, const auto& flow) {
    INFO(name);
    const Tensor x = Rng(9).normal({6, 5}, f64), c = Rng(8).normal({6, 3}, f64);
    const FlowResult base = flow.to_base(x, c), data = flow.to_data(x, c);
    REQUIRE(base.x.shape() == Shape{6, 5});
    REQUIRE(base.log_det.shape() == Shape{6});
    REQUIRE(data.log_det.shape() == Shape{6});
    for (int64_t i = 0; i < 6; ++i) {
      const Tensor back = jacobian([&](const Tensor&in) { return flow.to_base(in, row(c, i)).x; }, row(x, i)),
                   there = jacobian([&](const Tensor&in) { return flow.to_data(in, row(c, i)).x; }, row(x, i));
      CHECK(distance(logdet(back), row(base.log_det, i)) < 1e-9);
      CHECK(distance(logdet(there), row(data.log_det, i)) < 1e-9);
      CHECK(std::abs(row(base.log_det, i).item()) > 1e-2);
    }
    CHECK(distance(flow.log_prob(x, c), base_log_prob(base.x) + base.log_det) < 1e-12);
  });
}

TEST_CASE("the inverse of a layered flow restores the points, in float32 too") {
  const auto round_trip = [](const auto& flow, DType dtype, double tolerance) {
    const Tensor x = Rng(2).normal({16, 5}, dtype), c = Rng(3).normal({16, 3}, dtype);
    const FlowResult base = flow.to_base(x, c), data = flow.to_data(base.x, c);
    REQUIRE(data.x.dtype() == dtype);
    CHECK(distance(base.x, x) > 0.1);
    CHECK(distance(data.x, x) < tolerance);
    CHECK(distance(data.log_det, -base.log_det) < tolerance);
  };
  each_model(5, 3, [&](const char* name, const auto& flow) {
    INFO(name);
    round_trip(flow, f64, 1e-11);
    round_trip(astype(flow, DType::float32), DType::float32, 1e-3);
  });
}

TEST_CASE("the density of a layered flow integrates to one, with a context and without") {
  each_model(2, 0, [](const char* name, const auto& flow) {
    INFO(name);
    CHECK(mass(flow, {}) == Approx(1).margin(1e-3));
    CHECK(max(abs(flow.to_base(cells(20, 3)).log_det)).item() > 0.3);
  });
  each_model(2, 3, [](const char* name, const auto& flow) {
    INFO(name);
    for (int i = 0; i < 2; ++i) CHECK(mass(flow, Rng(i).normal({3}, f64)) == Approx(1).margin(1e-3));
  });
}

TEST_CASE("a NaN in one row changes no other row of a layered flow, and ends a solve with its place") {
  std::vector<double> values = Rng(9).normal({4, 3}, f64).values();
  const Tensor whole = tensor(values, {4, 3}, f64);
  values[4] = NAN;
  const Tensor broken = tensor(values, {4, 3}, f64);
  each_model(3, 0, [&](const char* name, const auto& flow) {
    INFO(name);
    const std::vector<double> expected = flow.log_prob(whole).values(), found = flow.log_prob(broken).values();
    for (const size_t i : {0, 2, 3}) CHECK(found[i] == expected[i]);
    CHECK(std::isnan(found[1]));
  });
  const Cnf<AnyHollowNet> flow{{test::every_net(3, true, 0)[0].second}};
  CHECK_THROWS_AS(flow.log_prob(broken), SolverError);
  CHECK_THROWS_WITH(flow.log_prob(broken), Catch::Contains("tensor 0, element 4 = nan"));
}

TEST_CASE("gradients of layered flows are correct for x, the context and every parameter") {
  each_model(3, 2, [](const char* name, const auto& flow) {
    INFO(name);
    std::vector<Tensor> inputs{Rng(9).normal({4, 3}, f64), Rng(10).normal({4, 2}, f64)};
    for (const Tensor& p : parameters(flow)) inputs.push_back(p);
    const auto with = [&](const std::vector<Tensor>& in) {
      size_t next = 2;
      return map_parameters(flow, [&](const std::string&, const Tensor&) { return in[next++]; });
    };
    const auto likelihood = [&](const std::vector<Tensor>& in) { return -mean(with(in).log_prob(in[0], in[1])); };
    const auto path = [&](const std::vector<Tensor>& in) {
      const FlowResult r = with(in).to_data(in[0], in[1]);
      return mean(square(r.x)) - mean(r.log_det);
    };
    CHECK(check_grads(likelihood, inputs).worst < 1e-6);
    CHECK(check_grads(path, inputs).worst < 1e-6);
    std::vector<Tensor> leaves;
    for (const Tensor& t : inputs) leaves.push_back(track(t));
    for (const Tensor& g : grad(likelihood(leaves), leaves)) CHECK(max(abs(g)).item() > 0);
    for (const Tensor& g : grad(path(leaves), leaves)) CHECK(max(abs(g)).item() > 0);
    using Flow = std::decay_t<decltype(flow)>;
    const auto density = [&](const Flow& m) { return m.log_prob(leaves[0], leaves[1]); };
    CHECK(unvisited<Flow>(flow, density, {leaves[0], leaves[1]}).empty());
  });
}

TEST_CASE("a conditional density uses each row's context, which broadcasts") {
  each_model(3, 2, [](const char* name, const auto& flow) {
    INFO(name);
    const Tensor x = Rng(9).normal({4, 2, 3}, f64), c = Rng(8).normal({2, 2}, f64);
    const Tensor all = flow.log_prob(x, c);
    REQUIRE(all.shape() == Shape{4, 2});
    for (int64_t i = 0; i < 4; ++i)
      for (int64_t j = 0; j < 2; ++j)
        CHECK(distance(row(row(all, i), j), flow.log_prob(row(row(x, i), j), row(c, j))) < 1e-12);
    // One point with many contexts.
    const Tensor point = row(row(x, 0), 0), many = flow.log_prob(point, c), data = flow.to_data(point, c).x;
    REQUIRE(many.shape() == Shape{2});
    REQUIRE(data.shape() == Shape{2, 3});
    for (int64_t j = 0; j < 2; ++j) CHECK(distance(row(many, j), flow.log_prob(point, row(c, j))) < 1e-12);
    CHECK(std::abs(many.values()[0] - many.values()[1]) > 1e-3);
    // The same noise, mapped with each row's context.
    const Tensor drawn = flow.sample(Rng(5), {4, 2, 3}, c);
    CHECK(distance(drawn, flow.to_data(Rng(5).normal({4, 2, 3}, f64), c).x) == 0);
    CHECK(distance(drawn, flow.sample(Rng(5), {4, 2, 3}, flip(c, 0))) > 1e-2);
  });
}

TEST_CASE("samples of every flow follow its density, by Kolmogorov and Smirnov") {
  const auto check = [](const char* name, const auto& flow, int64_t points, double edge, int64_t n) {
    INFO(name);
    const auto density = [&](const Tensor& x) { return flow.log_prob(x); };
    const Tensor drawn = track(flow).sample(Rng(6), {points, 2});
    CHECK(!drawn.tracked());
    CHECK(follow(drawn, density, edge, n));
    CHECK_FALSE(follow(Rng(7).normal({points, 2}, f64), density, edge, n));
  };
  each_model(2, 0, [&](const char* name, const auto& flow) { check(name, flow, 20000, 12, 400); });
  check("ffjord", Cnf<FfjordNet>{{bent(FfjordNet({.hidden = {8}, .dtype = f64}, Rng(1)))}}, 4000, 8, 100);
  for (const auto& [name, net] : test::every_net(2, true, 0))
    check(name.c_str(), Cnf<AnyHollowNet>{{bent(net)}}, 4000, 8, 100);
}

TEST_CASE("every second layer has the reversed order, or keeps the other dimensions") {
  const Tensor x = Rng(9).normal({4}, f64);
  const Maf maf = bent(Maf(small(4, 0), Rng(4)));
  const RealNvp realnvp = bent(RealNvp(small(4, 0), Rng(4)));
  REQUIRE(maf.nets.size() == 3);
  REQUIRE(realnvp.couplings.size() == 3);
  for (size_t k = 0; k < 3; ++k) {
    Maf one = maf;
    one.nets = {maf.nets[k]};
    one.orders = {maf.orders[k]};
    const std::vector<double> j = jacobian([&](const Tensor& in) { return one.to_base(in).x; }, x).values();
    for (size_t i = 0; i < 4; ++i)
      for (size_t l = 0; l < 4; ++l) CHECK((j[i * 4 + l] != 0) == (k % 2 == 0 ? l <= i : l >= i));

    RealNvp coupling = realnvp;
    coupling.couplings = {realnvp.couplings[k]};
    const std::vector<double> a = jacobian([&](const Tensor& in) { return coupling.to_base(in).x; }, x).values();
    for (size_t i = 0; i < 4; ++i)
      for (size_t l = 0; l < 4; ++l)
        if (i % 2 == k % 2)
          CHECK(a[i * 4 + l] == (i == l ? 1 : 0));
        else
          CHECK((a[i * 4 + l] != 0) == (i == l || l % 2 == k % 2));
  }
}

TEST_CASE("by default the nets of a layered flow have two hidden layers of 64 units, or of d if these are more") {
  for (const auto& [d, width] : {std::pair<int64_t, int64_t>{3, 64}, {64, 64}, {70, 70}}) {
    const auto check = [width = width](const auto& layers) {
      REQUIRE(layers.size() == 3);
      for (size_t l = 0; l < 2; ++l) CHECK(layers[l].weight.dim(0) == width);
    };
    check(Maf({.d = d, .layers = 1}, Rng(0)).nets[0].layers);
    check(RealNvp({.d = d, .layers = 1}, Rng(0)).couplings[0].layers);
  }
}

TEST_CASE("a layer follows its formula") {
  // One hidden unit with value tanh(0) = 0, so that the biases of the last layer are m and a, or t and the s within
  // tanh.
  const LayeredConfig config{.d = 2, .layers = 1, .hidden = {2}, .dtype = f64};
  const auto constant = [](auto& layer, const std::vector<double>& bias) {
    layer.weight = zeros_like(layer.weight);
    layer.bias = tensor(bias, f64);
  };
  const Tensor x = tensor({0.7, -1.1}, f64);
  Maf maf(config, Rng(0));
  constant(maf.nets[0].layers.back(), {0.3, -0.4, 0.5, 0.6});
  const FlowResult m = maf.to_base(x);
  CHECK(m.x.values()[0] == Approx((0.7 - 0.3) * std::exp(0.4)));
  CHECK(m.x.values()[1] == Approx((-1.1 - 0.5) * std::exp(-0.6)));
  CHECK(m.log_det.item() == Approx(0.4 - 0.6));

  RealNvp realnvp(config, Rng(0));
  constant(realnvp.couplings[0].layers.back(), {0.3, 50});
  realnvp.couplings[0].factor = tensor({1.5}, f64);
  const FlowResult r = realnvp.to_data(x);
  CHECK(r.x.values()[0] == 0.7);
  CHECK(r.x.values()[1] == Approx(-1.1 * std::exp(1.5) + 0.3));
  CHECK(r.log_det.item() == Approx(1.5));
}

TEST_CASE("layered flows learn a ring, which a MultivariateNormal cannot represent") {
  const Tensor train = Ring::sample(20000, Rng(1)), test = Ring::sample(4000, Rng(2));
  const double truth = mean(Ring::log_prob(test)).item();
  const double gaussian = truth - mean(MultivariateNormal::fit(train).log_prob(test)).item();
  CHECK(gaussian > 1);
  const auto fit = [&](auto flow) {
    Adam optimizer{.lr = 5e-3};
    for (int step = 0; step < 400; ++step) {
      const Tensor x = index_select(train, 0, Rng(3).split(static_cast<uint64_t>(step)).integers(256, train.dim(0)));
      const auto g = value_and_grad([&](const auto& m) { return -mean(m.log_prob(x)); }, flow).second;
      optimizer.step(flow, g);
    }
    return truth - mean(flow.log_prob(test)).item();
  };
  const LayeredConfig config{.hidden = {32, 32}};
  const double realnvp = fit(RealNvp(config, Rng(0))), maf = fit(Maf(config, Rng(0)));
  INFO("nats above the truth: Gaussian " << gaussian << ", RealNVP " << realnvp << ", MAF " << maf);
  CHECK(realnvp < gaussian / 3);
  CHECK(maf < gaussian / 3);
  // No density exceeds the true one by more than statistical error.
  CHECK(realnvp > -0.05);
  CHECK(maf > -0.05);
}

TEST_CASE("continuous and layered flows are interchangeable by their densities and samples") {
  const auto check = [](const auto& flow) {
    const Tensor x = flow.sample(Rng(1), {5, 2}), lp = flow.log_prob(x);
    CHECK(x.shape() == Shape{5, 2});
    CHECK(x.dtype() == DType::float32);
    const auto back = flow.to_base(x);
    CHECK(distance(lp, base_log_prob(Rng(1).normal({5, 2})) + back.log_det) < 1e-3);
  };
  check(Cnf<AnyHollowNet>{{astype(test::every_net(2, true, 0)[0].second, DType::float32)}, 1});
  check(RealNvp({}, Rng(0)));
  check(Maf({}, Rng(0)));
}

TEST_CASE("layered flows reject invalid shapes and sizes") {
  each_model(3, 2, [](const char* name, const auto& flow) {
    INFO(name);
    CHECK_THROWS_WITH(flow.log_prob(ones({2, 4}, f64), ones({2}, f64)),
                      Catch::Contains("(2, 4)") && Catch::Contains("must have length 3"));
    CHECK_THROWS_WITH(flow.to_data(ones({2, 3}, f64), ones({2, 4}, f64)),
                      Catch::Contains("the context has shape (2, 4)") && Catch::Contains("must have length 2"));
    CHECK_THROWS_WITH(flow.log_prob(ones({2, 3}, f64)), Catch::Contains("the context is missing"));
    CHECK_THROWS_AS(flow.to_base(scalar(1, f64), ones({2}, f64)), ShapeError);
    CHECK_THROWS_AS(flow.log_prob(ones({3, 3}, f64), ones({2, 2}, f64)), ShapeError);
    CHECK_THROWS_AS(flow.log_prob(ones({2, 3}), ones({2})), DTypeError);
  });
  each_model(3, 0, [](const char* name, const auto& flow) {
    INFO(name);
    CHECK_THROWS_WITH(flow.sample(Rng(0), {2, 3}, ones({2}, f64)), Catch::Contains("constructed without one"));
    CHECK_THROWS_AS(flow.sample(Rng(0), {2, 4}), ShapeError);
  });
  for (const LayeredConfig& wrong : {LayeredConfig{.d = 0}, LayeredConfig{.layers = 0}, LayeredConfig{.context = -1},
                                     LayeredConfig{.hidden = {0}}, LayeredConfig{.hidden = {4, 0}}}) {
    CHECK_THROWS_AS(RealNvp(wrong, Rng(0)), ValueError);
    CHECK_THROWS_AS(Maf(wrong, Rng(0)), ValueError);
  }
  CHECK_THROWS_WITH(RealNvp({.d = 1}, Rng(0)), Catch::Contains("use Maf for one"));
  const Maf one(small(1, 0), Rng(0));
  const Tensor x = Rng(1).normal({9, 1}, f64);
  CHECK(distance(one.to_data(one.to_base(x).x).x, x) < 1e-12);
}

}  // namespace dimwise::density_models_tests
