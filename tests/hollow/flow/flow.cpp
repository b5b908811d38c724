// Continuous normalizing flows: closed forms, normalization, round trips, the three traces, gradients.
#include <cmath>

#include "hollow/flow/cnf.hpp"
#include "hollow/flow/maf.hpp"

#include "autodiff/debug/check_grads.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/net/nets.hpp"

namespace dimwise::flow_tests {

namespace {

constexpr DType f64 = DType::float64;

double distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

// dx/dt = a ⊙ x + b·(x_2, −x_1 …): diagonal growth a and optionally a hollow part that rotates neighbors into each
// other.
struct Affine {
  Tensor a, hollow;
  struct Bound {
    const Affine* net;
    Tensor conditioner(const Tensor& x) const { return unsqueeze(sum(unsqueeze(x, -2) * net->hollow, {-1}), -1); }
    Tensor transformer(const Tensor& x, const Tensor& h) const { return net->a * x + squeeze(h, -1); }
    Tensor operator()(const Tensor& x) const { return transformer(x, conditioner(x)); }
  };
  Bound at(const Tensor& = {}) const { return {this}; }
  Affine prepare(const Tensor& = {}) const { return *this; }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("a", self.a);
  }
};

Affine growth(std::vector<double> a) {
  const auto d = static_cast<int64_t>(a.size());
  return {tensor(a, f64), zeros({d, d}, f64)};
}

AnyHollowNet small_net(int64_t d, size_t which = 0) { return test::every_net(d, true, 0)[which].second; }

const FlowOptions tight{.ode = {.rtol = 1e-10, .atol = 1e-10}};

}  // namespace

TEST_CASE("a linear flow has the density of the expected Gaussian") {
  const Cnf<Affine> cnf{{growth({0.5, -0.3})}, 1.5};
  const Tensor x = Rng(1).normal({50, 2}, f64);
  // x(T) = e^{aT} z: a Gaussian with standard deviations e^{aT}.
  const Tensor scale = tensor({std::exp(0.75), std::exp(-0.45)}, f64);
  const Tensor truth = base_log_prob(x / scale) - sum(log(scale));
  CHECK(distance(cnf.log_prob(x, {}, tight), truth) < 1e-8);
  const FlowResult there = cnf.to_data(x, {}, tight);
  CHECK(distance(there.x, x * scale) < 1e-8);
  CHECK(distance(there.log_det, full({50}, 1.5 * 0.2, f64)) < 1e-8);
}

namespace {
// dx₀/dt = x₀ k cos kt with k = x₁: ln|det| = sin kT for each row.
struct Waves {
  struct At {
    Tensor t;
    Tensor conditioner(const Tensor& x) const {
      return concat({unsqueeze(flip(x, -1), -1), unsqueeze(tensor({1, 0}, x.dtype()) + zeros_like(x), -1)}, -1);
    }
    Tensor transformer(const Tensor& x, const Tensor& h) const {
      const Tensor k = select(h, -1, 0), first = select(h, -1, 1);
      return first * x * k * cos(k * t);
    }
    Tensor operator()(const Tensor& x) const { return transformer(x, conditioner(x)); }
  };
  At at(const Tensor& t) const { return {t}; }
  Waves prepare(const Tensor& = {}) const { return *this; }
  template <class Self, class Visitor>
  static void visit(Self&, Visitor&&) {}
};
}  // namespace

TEST_CASE("the accuracy of a row does not depend on the rows beside it") {
  const auto log_det = [](int64_t n, const FlowOptions& options) {
    const Tensor slow = broadcast_to(tensor({0.5, 0.01}, f64), {n - 1, 2});
    const Tensor z = concat({tensor({0.5, 40}, {1, 2}, f64), slow}, 0);
    return Cnf<Waves>{{Waves()}}.to_data(z, {}, options).log_det.values()[0];
  };
  for (const int64_t n : {2, 100, 10000}) {
    INFO(n);
    CHECK(std::abs(log_det(n, {}) - std::sin(40)) < 1e-5);
  }
  CHECK(std::abs(log_det(10000, {.ode = {.rtol = 1e-5, .atol = 1e-5, .per_sample = false}}) - std::sin(40)) > 5e-5);
}

TEST_CASE("a rotation does not change the density") {
  Affine net = growth({0, 0});
  net.hollow = tensor({0, 2, -2, 0}, {2, 2}, f64);
  const Cnf<Affine> cnf{{net}, 1};
  const Tensor x = Rng(1).normal({20, 2}, f64);
  CHECK(distance(cnf.log_prob(x, {}, tight), base_log_prob(x)) < 1e-8);
  CHECK(distance(cnf.to_data(x, {}, tight).log_det, zeros({20}, f64)) < 1e-10);
}

TEST_CASE("blocks are stacked: in order for samples, in reverse for densities") {
  const Cnf<Affine> cnf{{growth({0.5, 0.1}), growth({-0.2, 0.4})}, 1};
  Affine turn = growth({0.3, -0.6});
  turn.hollow = tensor({0, 1, 1, 0}, {2, 2}, f64);
  const Cnf<Affine> mixed{{growth({0.5, 0.1}), turn}, 1};
  const Tensor z = Rng(1).normal({20, 2}, f64);
  for (const auto& flow : {cnf, mixed}) {
    const FlowResult there = flow.to_data(z, {}, tight), back = flow.to_base(there.x, {}, tight);
    CHECK(distance(back.x, z) < 1e-8);
    CHECK(distance(there.log_det + back.log_det, zeros({20}, f64)) < 1e-8);
    CHECK(distance(flow.log_prob(there.x, {}, tight), base_log_prob(z) - there.log_det) < 1e-8);
  }
}

TEST_CASE("the density of a random net integrates to one") {
  for (size_t which = 0; which < 4; ++which) {
    const Cnf<AnyHollowNet> cnf{{small_net(2, which)}, 1};
    constexpr int64_t n = 120;
    constexpr double edge = 9;
    std::vector<double> points;
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j)
        for (const int64_t k : {i, j}) points.push_back(-edge + 2 * edge * (static_cast<double>(k) + 0.5) / n);
    const Tensor p = exp(cnf.log_prob(tensor(points, {n * n, 2}, f64), {}, {.ode = {.rtol = 1e-6, .atol = 1e-6}}));
    CHECK(sum(p).item() * std::pow(2 * edge / n, 2) == Approx(1).margin(1e-3));
  }
}

TEST_CASE("the inverse restores the points") {
  const Cnf<AnyHollowNet> cnf{{small_net(3), small_net(3, 3)}, 1};
  const Tensor x = Rng(2).normal({16, 3}, f64);
  const FlowResult base = cnf.to_base(x, {}, tight), data = cnf.to_data(base.x, {}, tight);
  CHECK(distance(data.x, x) < 1e-8);
  CHECK(distance(data.log_det + base.log_det, zeros({16}, f64)) < 1e-8);
  // sample() computes the same map, without a trace.
  const Tensor z = Rng(9).normal({16, 3}, f64);
  CHECK(distance(cnf.sample(Rng(9), {16, 3}, {}, tight), cnf.to_data(z, {}, tight).x) < 1e-8);
  // A part that begins at a row draws the points of the whole.
  FlowOptions part = tight;
  part.first_row = 5;
  CHECK(distance(cnf.sample(Rng(9), {4, 3}, {}, part), cnf.to_data(slice(z, 0, 5, 9), {}, tight).x) < 1e-8);
}

TEST_CASE("the log-determinant equals that of the map's Jacobian") {
  const Cnf<AnyHollowNet> cnf{{small_net(2)}, 1};
  const Tensor z = Rng(2).normal({1, 2}, f64);
  const Tensor j = reshape(jacobian([&](const Tensor& in) { return cnf.to_data(in, {}, tight).x; }, z), {2, 2});
  const std::vector<double> v = j.values();
  CHECK(cnf.to_data(z, {}, tight).log_det.values()[0] == Approx(std::log(v[0] * v[3] - v[1] * v[2])).margin(1e-8));
}

TEST_CASE("exact and brute-force traces agree for the same model; Hutchinson's is unbiased") {
  const AnyHollowNet net = small_net(6);
  const Tensor x = Rng(2).normal({4, 6}, f64);
  const auto bound = net.at(scalar(0.2, f64));
  const Dynamics exact = dynamics(bound, x, Trace::exact), brute = dynamics(bound, x, Trace::brute_force);
  CHECK(distance(exact.f, brute.f) < 1e-12);
  CHECK(distance(exact.trace, brute.trace) < 1e-10);
  CHECK(distance(exact.diagonal, brute.diagonal) < 1e-10);

  constexpr int n = 4000;
  double sum_of = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double e =
        dynamics(bound, x, Trace::hutchinson, Rng(77).split(i).rademacher(x.shape(), f64)).trace.values()[0];
    sum_of += e;
    squares += e * e;
  }
  const double mean_of = sum_of / n, deviation = std::sqrt((squares / n - mean_of * mean_of) / n);
  CHECK(deviation > 0);
  CHECK(std::abs(mean_of - exact.trace.values()[0]) < 4 * deviation);

  const Cnf<AnyHollowNet> cnf{{net}, 1};
  FlowOptions options = tight;
  const Tensor truth = cnf.log_prob(x, {}, options);
  options.trace = Trace::brute_force;
  CHECK(distance(cnf.log_prob(x, {}, options), truth) < 1e-8);
}

TEST_CASE("Hutchinson's noise is drawn once per solve, and differs for another key") {
  const Cnf<AnyHollowNet> cnf{{small_net(3), small_net(3)}, 1};
  const Tensor x = Rng(2).normal({4, 3}, f64);
  // If it were drawn again inside a solve, the error control would not converge: many steps, and different results at
  // different tolerances.
  FlowOptions loose{.trace = Trace::hutchinson, .ode = {.rtol = 1e-6, .atol = 1e-6}, .noise = Rng(5)}, fine = loose,
                                                                                                       other = loose;
  fine.ode.rtol = fine.ode.atol = 1e-10;
  other.noise = Rng(6);
  CHECK(distance(cnf.log_prob(x, {}, loose), cnf.log_prob(x, {}, fine)) < 1e-4);
  CHECK(distance(cnf.log_prob(x, {}, loose), cnf.log_prob(x, {}, loose)) == 0);
  CHECK(distance(cnf.log_prob(x, {}, loose), cnf.log_prob(x, {}, other)) > 1e-3);
  CHECK(detail::draw_noise(loose, x, 0).values() != detail::draw_noise(loose, x, 1).values());
}

TEST_CASE("a part of a batch draws the same noise as the whole") {
  const Cnf<AnyHollowNet> cnf{{small_net(3), small_net(3)}, 1};
  const Tensor x = Rng(2).normal({5, 3}, f64);
  FlowOptions options{.trace = Trace::hutchinson, .ode = {.method = "rk4", .steps = 3}, .noise = Rng(5)};
  const std::vector<double> whole = cnf.log_prob(x, {}, options).values();
  for (int64_t row = 0; row < 5; ++row) {
    options.first_row = row;
    CHECK(cnf.log_prob(slice(x, 0, row, row + 1), {}, options).item() ==
          Approx(whole[static_cast<size_t>(row)]).epsilon(1e-12));
  }
  CHECK(detail::draw_noise(options, x, 0).values() !=
        detail::draw_noise({.trace = Trace::hutchinson, .noise = Rng(5)}, x, 0).values());
}

TEST_CASE("the penalties equal their integrals") {
  const std::vector<double> a{0.5, -0.3};
  const Cnf<Affine> cnf{{growth(a)}, 1};
  const Tensor z = tensor({1.0, 2.0}, {1, 2}, f64);
  FlowOptions options = tight;
  options.penalties = true;
  const FlowResult there = cnf.to_data(z, {}, options), back = cnf.to_base(there.x, {}, options);
  // ∫ Σ (a z e^{at})² dt = Σ a z² (e^{2a} − 1)/2, and ∫ Σ a² dt.
  const double kinetic = 0.5 * (std::exp(1.0) - 1) / 2 - 0.3 * 4 * (std::exp(-0.6) - 1) / 2;
  for (const FlowResult& s : {there, back}) {
    CHECK(s.kinetic_energy.values()[0] == Approx(kinetic).margin(1e-7));
    CHECK(s.jacobian_penalty.values()[0] == Approx(0.25 + 0.09).margin(1e-8));
  }
  options.trace = Trace::hutchinson;
  CHECK_THROWS_WITH(cnf.to_data(z, {}, options), Catch::Contains("no Jacobian diagonal"));
}

TEST_CASE("the likelihood's gradient is correct for every parameter and x, with every trace") {
  const Cnf<AnyHollowNet> cnf{{small_net(2), small_net(2, 3)}, 1};
  std::vector<Tensor> inputs{Rng(2).normal({3, 2}, f64)};
  for (const Tensor& p : parameters(cnf)) inputs.push_back(p);
  for (const Trace trace : {Trace::exact, Trace::brute_force, Trace::hutchinson}) {
    const FlowOptions options{
        .trace = trace, .ode = {.method = "rk4", .steps = 2}, .penalties = trace != Trace::hutchinson};
    const auto loss = [&](const std::vector<Tensor>& in) {
      size_t next = 1;
      const auto with = map_parameters(cnf, [&](const std::string&, const Tensor&) { return in[next++]; });
      const FlowResult s = with.to_base(in[0], {}, options);
      Tensor total = -sum(base_log_prob(s.x) + s.log_det);
      if (options.penalties) total = total + sum(s.kinetic_energy) + 0.3 * sum(s.jacobian_penalty);
      return total;
    };
    INFO(name(trace));
    CHECK(check_grads(loss, inputs, {.forward = false}).worst < 1e-6);
  }
}

TEST_CASE("the adjoint's gradient of the likelihood agrees with the direct one") {
  const Cnf<AnyHollowNet> cnf{{small_net(2)}, 1};
  const Tensor x = Rng(2).normal({5, 2}, f64);
  FlowOptions options{.ode = {.rtol = 1e-8, .atol = 1e-8}};
  const auto gradient = [&] {
    return value_and_grad([&](const Cnf<AnyHollowNet>& m) { return -mean(m.log_prob(x, {}, options)); }, cnf).second;
  };
  const auto direct = parameters(gradient());
  options.ode.gradient = OdeGradient::adjoint;
  const auto adjoint = parameters(gradient());
  for (size_t i = 0; i < direct.size(); ++i) {
    CHECK(distance(direct[i], adjoint[i]) < 1e-7);
    CHECK(max(abs(direct[i])).item() > 0);
  }
}

TEST_CASE("a flow without parameters gives no samples, but an error") {
  CHECK_THROWS_WITH(Cnf<AnyHollowNet>{}.sample(Rng(0), {2, 2}), Catch::Contains("no parameters"));
  CHECK_THROWS_WITH(Maf().sample(Rng(0), {2, 2}), Catch::Contains("no parameters"));
}

TEST_CASE("the statistics of a flow are those of all its blocks and of every kind of work") {
  const Cnf<AnyHollowNet> one{{small_net(2)}}, two{{small_net(2), small_net(2)}};
  const Tensor x = Rng(1).normal({4, 2}, f64);
  const FlowOptions newton{.ode = {.method = "bdf", .implicit = {.corrector = "newton"}}},
      krylov{.ode = {.method = "bdf", .implicit = {.corrector = "newton_krylov"}}};
  const OdeStatistics once = one.to_data(x, {}, newton).statistics, both = two.to_data(x, {}, newton).statistics;
  CHECK(once.jacobians > 0);
  CHECK(once.factorizations > 0);
  CHECK(once.iterations > 0);
  CHECK(both.jacobians > once.jacobians);
  CHECK(both.corrector == "newton");
  const OdeStatistics products = one.to_base(x, {}, krylov).statistics;
  CHECK(products.products > 0);
  CHECK(products.diagonals > 0);
}

}  // namespace dimwise::flow_tests
