// FFJORD and Hollow-CNF as posteriors: log-determinants, traces, gradients, densities, shards, work done once per
// solve.
#include <cmath>
#include <functional>
#include <string>

#include "hollow/flow/amortized_flow.hpp"

#include "autodiff/context.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/linalg.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::continuous_posteriors_tests {

namespace {

constexpr DType f64 = DType::float64;

double distance(const Tensor& a, const Tensor& b) { return max(abs(a - b)).item(); }

AmortizedConfig small(int64_t d) {
  return {.d = d,
          .context = 3,
          .flows = 2,
          .hidden = {6, 5},
          .transformer_hidden = {5, 4},
          .activation = Activation::softplus,
          .d_h = 2,
          .dtype = f64};
}

// Calls check(name, flow, number of layers that read the context in each solve) for every continuous flow of d
// dimensions.
template <class Check>
void each_flow(int64_t d, Check&& check) {
  const Rng rng(4);
  AmortizedConfig config = small(d);
  check("ffjord of biases", make_ffjord_cnf(config, rng), 3);
  config.rank = 2;
  check("ffjord of rank 2", make_ffjord_cnf(config, rng), 9);
  for (const std::string& conditioner : conditioner_names())
    for (const std::string& transformer : transformer_names()) {
      config.conditioner = conditioner;
      config.transformer = transformer;
      check((conditioner + " × " + transformer).c_str(), make_hollow_cnf(config, rng), 2);
    }
}

FlowOptions tight(Trace trace = Trace::exact) {
  return {.trace = trace, .ode = {.method = "dopri8", .rtol = 1e-12, .atol = 1e-12}};
}

FlowOptions fixed(Trace trace = Trace::exact) {
  return {.trace = trace, .ode = {.method = "rk4", .steps = 2}, .noise = Rng(5)};
}

Tensor contexts(const Shape& shape) { return 1.5 * Rng(8).split("context").normal(shape, f64); }

// Counts the ops that read a tensor.
class Readers : public Observer {
 public:
  explicit Readers(const Tensor& read) : read_(read) {}
  void evaluated(const Op&, std::span<const Tensor> inputs, const Tensor&, double) override {
    for (const Tensor& t : inputs) count += t.node() == read_.node();
  }
  void pulled(const Call&, const Tensor&, std::span<const Tensor>, double) override {}
  int64_t count = 0;

 private:
  Tensor read_;
};

}  // namespace

TEST_CASE("a continuous flow's log-determinant equals that of the Jacobian of the whole map") {
  const Tensor z = Rng(9).normal({2, 3}, f64), c = contexts({2, 3});
  each_flow(3, [&](const char* name, const auto& flow, int64_t) {
    INFO(name);
    const FlowResult exact = flow.to_data(z, c, tight()), brute = flow.to_data(z, c, tight(Trace::brute_force));
    REQUIRE(exact.log_det.shape() == Shape{2});
    CHECK(distance(brute.x, exact.x) < 1e-11);
    CHECK(distance(brute.log_det, exact.log_det) < 1e-11);
    for (int64_t i = 0; i < 2; ++i) {
      const Tensor j = jacobian([&](const Tensor& x) { return flow.to_data(x, row(c, i), tight()).x; }, row(z, i));
      CHECK(distance(logdet(j), row(exact.log_det, i)) < 1e-9);
      CHECK(std::abs(row(exact.log_det, i).item()) > 1e-3);
    }
  });
}

TEST_CASE("Hutchinson's log-determinant of a continuous flow is unbiased") {
  constexpr int64_t n = 4000;
  const Tensor c = contexts({3}), z = Rng(9).normal({3}, f64), many = broadcast_to(z, {n, 3});
  each_flow(3, [&](const char* name, const auto& flow, int64_t) {
    INFO(name);
    const Tensor estimates = flow.to_data(many, c, fixed(Trace::hutchinson)).log_det;  // each row has separate noise
    const double center = mean(estimates).item(),
                 error = std::sqrt(mean(square(estimates - center)).item() / static_cast<double>(n));
    CHECK(error > 1e-5);
    CHECK(std::abs(center - flow.to_data(z, c, fixed()).log_det.item()) < 4 * error);
  });
}

TEST_CASE("Hutchinson's noise is constant within a solve of a continuous flow") {
  const Tensor z = Rng(9).normal({4, 3}, f64), c = contexts({4, 3});
  each_flow(3, [&](const char* name, const auto& flow, int64_t) {
    INFO(name);
    // If it were drawn again inside a solve, the integral would not converge with the tolerance.
    FlowOptions loose = tight(Trace::hutchinson), other = tight(Trace::hutchinson);
    loose.ode.rtol = loose.ode.atol = 1e-8;
    other.noise = Rng(6);
    const Tensor log_det = flow.to_data(z, c, tight(Trace::hutchinson)).log_det;
    CHECK(distance(flow.to_data(z, c, loose).log_det, log_det) < 1e-6);
    CHECK(distance(flow.to_data(z, c, other).log_det, log_det) > 1e-3);
  });
}

TEST_CASE("gradients of a continuous flow are correct for z, the context and every parameter") {
  each_flow(2, [](const char* name, const auto& flow, int64_t) {
    std::vector<Tensor> inputs{Rng(9).normal({2, 2}, f64), contexts({2, 3})};
    for (const Tensor& p : parameters(flow)) inputs.push_back(p);
    for (const Trace trace : {Trace::exact, Trace::hutchinson}) {
      INFO(name << ", " << dimwise::name(trace));
      const auto loss = [&](const std::vector<Tensor>& in) {
        size_t next = 2;
        const auto with = map_parameters(flow, [&](const std::string&, const Tensor&) { return in[next++]; });
        FlowOptions options = fixed(trace);
        options.ode.steps = 1;
        const FlowResult r = with.to_data(in[0], in[1], options);
        return sum(r.x * Rng(6).normal({2, 2}, f64)) + sum(r.log_det * Rng(7).normal({2}, f64));
      };
      CHECK(check_grads(loss, inputs, {.forward = false}).worst < 1e-6);
      std::vector<Tensor> leaves;
      for (const Tensor& t : inputs) leaves.push_back(track(t));
      for (const Tensor& g : grad(loss(leaves), leaves)) CHECK(max(abs(g)).item() > 0);
    }
  });
}

TEST_CASE("every gradient method of a continuous flow reaches z, the context and the parameters") {
  const Tensor z = Rng(9).normal({2, 2}, f64), c = contexts({2, 3});
  each_flow(2, [&](const char* name, const auto& flow, int64_t) {
    INFO(name);
    const auto gradient = [&](OdeGradient how) {
      FlowOptions options{.ode = {.rtol = 1e-10, .atol = 1e-10, .gradient = how}};
      const auto model = track(flow);
      std::vector<Tensor> leaves = parameters(model);
      leaves.insert(leaves.end(), {track(z), track(c)});
      const FlowResult r = model.to_data(leaves[leaves.size() - 2], leaves.back(), options);
      return grad(sum(square(r.x)) + sum(sin(r.log_det)), leaves);
    };
    const std::vector<Tensor> direct = gradient(OdeGradient::direct),
                              checkpointed = gradient(OdeGradient::checkpointed),
                              adjoint = gradient(OdeGradient::adjoint);
    for (size_t i = 0; i < direct.size(); ++i) {
      CHECK(max(abs(direct[i])).item() > 0);
      CHECK(distance(checkpointed[i], direct[i]) < 1e-11);
      CHECK(distance(adjoint[i], direct[i]) < 1e-7);
    }
  });
}

TEST_CASE("a continuous flow maps many points of one context as it maps them one by one") {
  const Tensor z = Rng(9).normal({4, 2, 3}, f64), c = contexts({2, 3});
  each_flow(3, [&](const char* name, const auto& flow, int64_t) {
    for (const Trace trace : {Trace::exact, Trace::brute_force, Trace::hutchinson}) {
      INFO(name << ", " << dimwise::name(trace));
      const FlowResult many = flow.to_data(z, c, fixed(trace));
      REQUIRE(many.x.shape() == Shape{4, 2, 3});
      REQUIRE(many.log_det.shape() == Shape{4, 2});
      for (int64_t i = 0; i < 4; ++i) {
        FlowOptions options = fixed(trace);
        options.first_row = 2 * i;  // rows of the first axis, two per point
        const FlowResult one = flow.to_data(row(z, i), c, options);
        CHECK(distance(row(many.x, i), one.x) < 1e-12);
        CHECK(distance(row(many.log_det, i), one.log_det) < 1e-12);
      }
    }
  });
}

TEST_CASE("a continuous flow's density integrates to one, and its inverse restores the points") {
  constexpr int64_t n = 90;
  constexpr double edge = 9;
  std::vector<double> points;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j)
      for (const int64_t k : {i, j}) points.push_back(-edge + 2 * edge * (static_cast<double>(k) + 0.5) / n);
  const Tensor grid = tensor(points, {n * n, 2}, f64), c = 0.5 * contexts({3}), z = Rng(9).normal({6, 2}, f64);
  each_flow(2, [&](const char* name, const auto& flow, int64_t) {
    INFO(name);
    const FlowOptions options{.ode = {.rtol = 1e-5, .atol = 1e-5}};
    const Tensor p = exp(flow.log_prob(grid, c, options));
    CHECK(sum(p).item() * std::pow(2 * edge / n, 2) == Approx(1).margin(1e-3));
    CHECK(distance(p, exp(base_log_prob(grid))) > 1e-2);  // not the identity

    const FlowResult there = flow.to_data(z, c, tight());
    const FlowResult back = flow.to_base(there.x, c, tight());
    CHECK(distance(back.x, z) < 1e-10);
    CHECK(distance(back.log_det + there.log_det, zeros({6}, f64)) < 1e-10);
    CHECK(distance(flow.log_prob(there.x, c, tight()), base_log_prob(z) - there.log_det) < 1e-10);
  });
}

TEST_CASE("the context's part is computed once per solve, whatever the number of evaluations") {
  const Tensor z = Rng(9).normal({2, 3}, f64), c = contexts({2, 3});
  each_flow(3, [&](const char* name, const auto& flow, int64_t readers) {
    INFO(name);
    for (const int64_t steps : {1, 6}) {
      FlowOptions options = fixed();
      options.ode.steps = steps;
      const Readers seen(c);
      const FlowResult r = flow.to_data(z, c, options);
      CHECK(seen.count == 2 * readers);  // of two blocks
      CHECK(r.statistics.evaluations == 2 * 4 * steps);
    }
  });
}

TEST_CASE("a batch in two parts gives the same draws and results as the whole batch") {
  const DiagonalNormal base{Rng(1).normal({5, 3}, f64), 0.3 * Rng(2).normal({5, 3}, f64)};
  const Tensor context = contexts({5, 3});
  const auto part = [](const Tensor& x, int64_t begin, int64_t end) { return slice(x, 0, begin, end); };
  AmortizedConfig config = small(3);
  config.columns = config.reflections = 2;
  config.rank = 2;
  for (const std::string& name : amortized_flow_names()) {
    INFO(name);
    const AmortizedFlow flow = make_amortized_flow(name, config, Rng(0));
    FlowOptions options = fixed(Trace::hutchinson);
    const FlowSample whole = flow.sample(Rng(3), base, context, {}, options);
    CHECK(whole.statistics.evaluations == (name == "ffjord" || name == "hollow" ? 16 : 0));
    const Tensor noise = detail::draw_noise(options, whole.z0, 1);
    for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 2}, {2, 5}}) {
      options.first_row = begin;
      const FlowSample some = flow.sample(Rng(3), {part(base.mean, begin, end), part(base.log_scale, begin, end)},
                                          part(context, begin, end), {}, options);
      CHECK(some.z0.values() == part(whole.z0, begin, end).values());
      CHECK(detail::draw_noise(options, some.z0, 1).values() == part(noise, begin, end).values());
      CHECK(distance(some.z, part(whole.z, begin, end)) < 1e-12);
      CHECK(distance(some.log_prob, part(whole.log_prob, begin, end)) < 1e-12);
    }
    // The same holds for the draws of one batch, computed in parts.
    options = fixed();
    const FlowSample draws = flow.sample(Rng(3), base, context, {4}, options);
    options.first_row = 3;
    const FlowSample last = flow.sample(Rng(3), base, context, {1}, options);
    CHECK(last.z0.values() == part(draws.z0, 3, 4).values());
    CHECK(distance(last.log_prob, part(draws.log_prob, 3, 4)) < 1e-12);
  }
}

TEST_CASE("continuous posteriors reject invalid sizes and inputs") {
  each_flow(3, [](const char* name, const auto& flow, int64_t) {
    INFO(name);
    CHECK_THROWS_AS(flow.to_data(ones({2, 4}, f64), ones({2, 3}, f64)), ShapeError);
    CHECK_THROWS_AS(flow.to_data(ones({2, 3}, f64), ones({2, 4}, f64)), ShapeError);
    CHECK_THROWS_AS(flow.to_data(ones({3, 3}, f64), ones({2, 3}, f64)), ShapeError);
    CHECK_THROWS_WITH(flow.to_data(ones({2, 3}, f64), Tensor()), Catch::Contains("depends on a context"));
  });
  for (const char* name : {"ffjord", "hollow"}) {
    const auto refused = [&](const std::function<void(AmortizedConfig&)>& change, const char* why) {
      AmortizedConfig config = small(3);
      change(config);
      CHECK_THROWS_WITH(make_amortized_flow(name, config, Rng(0)), Catch::Contains(why));
    };
    refused([](AmortizedConfig& c) { c.activation = Activation::elu; }, "activation elu has a kink");
    refused([](AmortizedConfig& c) { c.end_time = 0; }, "end time 0");
    refused([](AmortizedConfig& c) { c.flows = 0; }, "flows = 0");
    refused([](AmortizedConfig& c) { c.hidden = {0}; }, "0");
  }
  AmortizedConfig config = small(3);
  config.conditioner = "dense";
  CHECK_THROWS_WITH(make_hollow_cnf(config, Rng(0)), Catch::Contains("no conditioner 'dense'"));
}

}  // namespace dimwise::continuous_posteriors_tests
