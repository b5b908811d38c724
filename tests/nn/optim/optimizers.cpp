#include <cmath>
#include <tuple>

#include "autodiff/custom.hpp"
#include "nn/io/safetensors.hpp"
#include "nn/linear.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/adamax.hpp"
#include "nn/optim/lbfgs.hpp"
#include "nn/optim/sgd.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/nn/optim/point.hpp"

namespace dimwise::optimizers_tests {

using test::Point;

namespace {

struct Two {
  Tensor x, y;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("x", self.x);
    v("y", self.y);
  }
};

struct Deep {
  std::vector<Linear> layers;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
  }
};

// Two layers of odd sizes, so that the loops have tails.
struct Net {
  Linear first, second;
  Tensor operator()(const Tensor& x) const { return second(tanh(first(x))); }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("first", self.first);
    v("second", self.second);
  }
};

Net small_net(DType dtype) {
  const Rng rng(3);
  return {Linear(3, 13, rng.split("first"), dtype), Linear(13, 2, rng.split("second"), dtype)};
}

Tensor loss_at(const Net& m, int step, DType dtype) {
  const Rng rng = Rng(7).split(static_cast<uint64_t>(step));
  const Tensor x = rng.split("x").normal({5, 3}, dtype), y = rng.split("y").normal({5, 2}, dtype);
  return mean(square(m(x) - y));
}

template <class Optimizer>
void train(Net& model, Optimizer& optimizer, int from, int to, DType dtype) {
  for (int i = from; i < to; ++i) {
    const auto result = value_and_grad([&](const auto& m) { return loss_at(m, i, dtype); }, model);
    optimizer.step(model, result.second);
  }
}

void check_equal(const std::map<std::string, Tensor>& a, const std::map<std::string, Tensor>& b) {
  REQUIRE(a.size() == b.size());
  for (const auto& [name, t] : a) {
    INFO(name);
    CHECK(b.at(name).values() == t.values());
    CHECK(b.at(name).dtype() == t.dtype());
  }
}

// Six steps, against three, a save, and three more by a new model and a new optimizer.
template <class Optimizer>
void check_resume(const Optimizer& fresh) {
  for (const DType dtype : {DType::float32, DType::float64}) {
    Net whole = small_net(dtype);
    Optimizer optimizer = fresh;
    train(whole, optimizer, 0, 6, dtype);

    Net before = small_net(dtype);
    Optimizer first = fresh;
    train(before, first, 0, 3, dtype);
    auto saved = state_dict(before, "model.");
    saved.merge(first.state_dict("optimizer."));
    saved = parse_safetensors(to_safetensors(saved)).tensors;
    train(before, first, 3, 5, dtype);  // the saved state does not change

    Net after = small_net(dtype);
    Optimizer second = fresh;
    second.lr = 123;
    load_state_dict(after, saved, "model.");
    second.load_state_dict(saved, "optimizer.");
    train(after, second, 3, 6, dtype);
    check_equal(state_dict(after), state_dict(whole));
    check_equal(second.state_dict(), optimizer.state_dict());
  }
}

// Three steps from x = 1 with gradients g, against the formula as a recursion.
template <class Optimizer, class Formula>
void check_formula(Optimizer optimizer, Formula formula) {
  const double g[] = {0.5, -2, 0.25};
  Point p{tensor({1}, DType::float64)};
  double x = 1;
  for (int t = 1; t <= 3; ++t) {
    optimizer.step(p, {tensor({g[t - 1]}, DType::float64)});
    x = formula(x, g[t - 1], t);
    CHECK(p.x.item() == Approx(x).epsilon(1e-13));
  }
}

}  // namespace

TEST_CASE("SGD follows its formula") {
  check_formula(Sgd{.lr = 0.1}, [](double x, double g, int) { return x - 0.1 * g; });
  check_formula(Sgd{.lr = 0.1, .weight_decay = 0.3}, [](double x, double g, int) { return x - 0.1 * (g + 0.3 * x); });
  double b = 0;
  check_formula(Sgd{.lr = 0.1, .momentum = 0.9}, [&](double x, double g, int t) {
    b = t == 1 ? g : 0.9 * b + g;
    return x - 0.1 * b;
  });
  check_formula(Sgd{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.2, .nesterov = true}, [&](double x, double g, int t) {
    g += 0.2 * x;
    b = t == 1 ? g : 0.9 * b + g;
    return x - 0.1 * (g + 0.9 * b);
  });
}

TEST_CASE("Adam and AdamW follow their formulas") {
  double m = 0, v = 0;
  const auto adam = [&](double x, double g, int t) {
    m = 0.8 * m + 0.2 * g;
    v = 0.95 * v + 0.05 * g * g;
    return x - 0.1 * (m / (1 - std::pow(0.8, t))) / (std::sqrt(v / (1 - std::pow(0.95, t))) + 1e-3);
  };
  const Adam plain{.lr = 0.1, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-3};
  check_formula(plain, adam);
  m = v = 0;
  Adam coupled = plain;
  coupled.weight_decay = 0.3;
  check_formula(coupled, [&](double x, double g, int t) { return adam(x, g + 0.3 * x, t); });
  m = v = 0;
  check_formula(AdamW{.lr = 0.1, .beta1 = 0.8, .beta2 = 0.95, .eps = 1e-3, .weight_decay = 0.3},
                [&](double x, double g, int t) { return adam(x * (1 - 0.1 * 0.3), g, t); });
}

TEST_CASE("Adamax follows its formula") {
  double m = 0, u = 0;
  check_formula(Adamax{.lr = 0.1, .beta1 = 0.8, .beta2 = 0.5, .eps = 1e-3, .weight_decay = 0.3},
                [&](double x, double g, int t) {
                  g += 0.3 * x;
                  m = 0.8 * m + 0.2 * g;
                  u = std::max(0.5 * u, std::abs(g) + 1e-3);
                  return x - 0.1 / (1 - std::pow(0.8, t)) * m / u;
                });
}

TEST_CASE("The update of an element does not depend on its position or the tensor's length") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const auto gradient = [&](int64_t n, int step, double from) {
      return from - 7.5 * step + 0.3 * arange(static_cast<double>(n), dtype);
    };
    const auto after = [&](int64_t n, double from) {
      Point p{from + arange(static_cast<double>(n), dtype)};
      Adam adam;
      for (int step = 0; step < 3; ++step) adam.step(p, {gradient(n, step, 0.3 * from)});
      return p.x.values();
    };
    const std::vector<double> longest = after(40, 0);
    for (int64_t n = 0; n < 40; ++n) {
      const std::vector<double> x = after(n, 0);
      CHECK(x == std::vector<double>(longest.begin(), longest.begin() + n));
    }
  }
}

TEST_CASE("A step does not change shared tensors, and reuses unshared ones") {
  Point p{tensor({1, 2, 3})};
  const Tensor held = p.x, gradient = tensor({1, 1, 1});
  Sgd optimizer{.lr = 1};
  optimizer.step(p, {gradient});
  CHECK(held.values() == std::vector<double>{1, 2, 3});
  CHECK(gradient.values() == std::vector<double>{1, 1, 1});
  CHECK(p.x.values() == std::vector<double>{0, 1, 2});
  const void* where = p.x.data<float>().data();
  optimizer.step(p, {gradient});
  CHECK(p.x.data<float>().data() == where);
  const Point copy = p;
  optimizer.step(p, {gradient});
  CHECK(copy.x.values() == std::vector<double>{-1, 0, 1});
  CHECK(p.x.values() == std::vector<double>{-2, -1, 0});
}

TEST_CASE("The values after a step are untracked, even if the model was tracked") {
  Point p{track(tensor({1, 2}))};
  const Tensor before = p.x;
  Adam().step(p, {tensor({1, 1})});
  CHECK_FALSE(p.x.tracked());
  CHECK(before.values() == std::vector<double>{1, 2});
}

TEST_CASE("A parameter without a gradient is unchanged") {
  Net net = small_net(DType::float64);
  const Net before = net;
  Net gradient = map_parameters(
      net, [](const std::string& name, const Tensor& t) { return name == "first.weight" ? Tensor() : ones_like(t); });
  Sgd{.lr = 1}.step(net, gradient);
  CHECK(net.first.weight.values() == before.first.weight.values());
  CHECK(net.second.bias.values()[0] == before.second.bias.values()[0] - 1);
}

TEST_CASE("Resumed training equals uninterrupted training, bit for bit") {
  check_resume(Sgd{.lr = 0.05});
  check_resume(Sgd{.lr = 0.05, .momentum = 0.9, .weight_decay = 0.01, .nesterov = true});
  check_resume(Adam{.lr = 0.01, .weight_decay = 0.01});
  check_resume(AdamW{.lr = 0.01});
  check_resume(Adamax{.lr = 0.01});
}

TEST_CASE("Optimizer state uses PyTorch's names, and exp_avg_rms for the root of exp_avg_sq") {
  Net net = small_net(DType::float32);
  Adam adam;
  Adamax adamax;
  Sgd sgd{.momentum = 0.9};
  train(net, adam, 0, 2, DType::float32);
  train(net, adamax, 0, 1, DType::float32);
  train(net, sgd, 0, 1, DType::float32);
  const auto state = adam.state_dict("optimizer.");
  CHECK(state.size() == 13);
  CHECK(state.at("optimizer.first.weight.exp_avg").shape() == Shape{13, 3});
  CHECK(state.at("optimizer.second.bias.exp_avg_rms").shape() == Shape{2});
  CHECK(state.at("optimizer.first.bias.step").item() == 2);
  CHECK(state.at("optimizer.first.bias.step").dtype() == DType::float64);
  CHECK(state.at("optimizer.lr").item() == 1e-3);
  CHECK(adamax.state_dict().count("first.weight.exp_inf") == 1);
  CHECK(sgd.state_dict().count("first.weight.momentum_buffer") == 1);
}

TEST_CASE("Optimizer state that does not fit is rejected, and nothing is changed") {
  Net net = small_net(DType::float32);
  Adam adam;
  train(net, adam, 0, 2, DType::float32);
  auto state = adam.state_dict();
  Adam other;
  const auto refused = [&](const std::map<std::string, Tensor>& s, const std::string& named) {
    CHECK_THROWS_WITH(other.load_state_dict(s), Catch::Contains(named));
    CHECK_THROWS_AS(other.load_state_dict(s), CheckpointError);
    CHECK(other.state.empty());
    CHECK(other.lr == 1e-3);
  };
  auto changed = state;
  changed.erase("first.weight.exp_avg_rms");
  refused(changed, "first.weight.exp_avg_rms");
  changed = state;
  changed.erase("first.weight.step");
  refused(changed, "first.weight.step");
  changed = state;
  changed.erase("lr");
  refused(changed, "'lr' is missing");
  changed = state;
  changed["first.weight.step"] = scalar(1.5, DType::float64);
  refused(changed, "is 1.5, expected a count");
  changed = state;
  changed["first.weight.exp_inf"] = scalar(1);
  refused(changed, "another optimizer");
  changed = state;
  changed["first.weight.exp_avg"] = zeros({2});
  refused(changed, "differ in shape or dtype");
  for (const double lr : {double{NAN}, double{INFINITY}, -1.0}) {
    changed = state;
    changed["lr"] = scalar(lr, DType::float64);
    refused(changed, "entry 'lr' is");
  }
  // A state of other shapes, of other parameters, of fewer.
  Point p{tensor({1, 2})};
  Adam of_point;
  of_point.step(p, p);
  const auto untouched = [&](auto model, Adam& adam, const std::string& text) {
    const auto before = state_dict(model), moments = adam.state_dict();
    CHECK_THROWS_AS(adam.step(model, model), CheckpointError);
    CHECK_THROWS_WITH(adam.step(model, model), Catch::Contains(text));
    check_equal(state_dict(model), before);
    check_equal(adam.state_dict(), moments);
  };
  untouched(Point{tensor({1, 2, 3})}, of_point, "the state of parameter 'x' is (2,)");
  untouched(Two{tensor({1, 2}), tensor({3})}, of_point, "there is no state of parameter 'y'");
  untouched(net, of_point, "there is no state of parameter 'first.weight'");
  Two two{tensor({1, 2}), tensor({3})};
  Adam of_two;
  of_two.step(two, two);
  untouched(p, of_two, "the state has 2 parameters, but the model has 1");
  of_two.state.at("y").tensors[0] = zeros({7});
  untouched(two, of_two, "the state of parameter 'y' is (7,)");
}

namespace {
template <class Optimizer>
void check_untouched(Optimizer optimizer) {
  const Point start{tensor({1, -2, 3, 4, 5}, DType::float64)};
  Point p = start;
  optimizer.step(p, p);
  const auto values = state_dict(p), moments = optimizer.state_dict();
  const auto refused = [&](const Point& gradient, const std::string& text) {
    CHECK_THROWS_AS(optimizer.step(p, gradient), ValueError);
    CHECK_THROWS_WITH(optimizer.step(p, gradient), Catch::Contains(text));
    check_equal(state_dict(p), values);
    check_equal(optimizer.state_dict(), moments);
  };
  for (const double bad : {double{NAN}, double{INFINITY}, -double{INFINITY}})
    for (size_t at = 0; at < 5; ++at) {
      std::vector<double> g(5, 1.0);
      g[at] = bad;
      refused({tensor(g, DType::float64)}, "the gradient of parameter 'x' is not finite");
    }
  for (const double bad : {double{NAN}, double{INFINITY}, -1.0}) {
    const double lr = optimizer.lr, decay = optimizer.weight_decay;
    optimizer.lr = bad;
    CHECK_THROWS_WITH(optimizer.step(p, p), Catch::Contains("lr is"));
    optimizer.lr = lr;
    optimizer.weight_decay = bad;
    refused(p, "weight_decay is");
    optimizer.weight_decay = decay;
  }
  if constexpr (requires { optimizer.beta1; })
    for (const double bad : {1.0, -0.1, double{NAN}}) {
      const Optimizer before = optimizer;
      optimizer.beta1 = bad;
      refused(p, "beta1 is");
      optimizer.beta1 = before.beta1;
      optimizer.beta2 = bad;
      refused(p, "beta2 is");
      optimizer.beta2 = before.beta2;
    }
}

// A step with gradient 0 on parameters that are infinite, of all lengths.
template <class Optimizer>
void check_still(const Optimizer& fresh) {
  for (const DType dtype : {DType::float32, DType::float64})
    for (int64_t n = 1; n <= 40; ++n) {
      std::vector<double> v(static_cast<size_t>(n), 2.0);
      v.back() = -INFINITY;
      v.front() = n > 1 ? INFINITY : -INFINITY;
      Point p{tensor(v, dtype)};
      Optimizer optimizer = fresh;
      for (int i = 0; i < 3; ++i) optimizer.step(p, {zeros({n}, dtype)});
      CHECK(p.x.values() == v);
    }
}
}  // namespace

TEST_CASE("A step with an invalid setting or a gradient that is not finite is refused, and nothing is changed") {
  check_untouched(Sgd{.lr = 0.1});
  check_untouched(Sgd{.lr = 0.1, .momentum = 0.9});
  check_untouched(Adam{});
  check_untouched(AdamW{});
  check_untouched(Adamax{});
}

TEST_CASE("Where the gradient is 0 and nothing decays a parameter stays, even an infinite one") {
  check_still(Sgd{});
  check_still(Sgd{.momentum = 0.9, .nesterov = true});
  check_still(Adam{});
  check_still(Adam{.eps = 1e-46});
  check_still(AdamW{.weight_decay = 0});
  check_still(Adamax{});
  check_still(Adamax{.eps = 1e-46});
}

TEST_CASE("A gradient of a deeper or shallower model is refused, and nothing is changed") {
  const Rng rng(3);
  const Deep two{{Linear(2, 2, rng), Linear(2, 2, rng)}},
      three{{Linear(2, 2, rng), Linear(2, 2, rng), Linear(2, 2, rng)}};
  for (const auto& [model, gradient, text] :
       {std::tuple(two, three, "the model has no parameter 'layers.2.bias'"),
        std::tuple(three, two, "the gradient has no parameter 'layers.2.weight'")}) {
    Deep m = model;
    Sgd sgd;
    CHECK_THROWS_AS(sgd.step(m, gradient), ShapeError);
    CHECK_THROWS_WITH(sgd.step(m, gradient), Catch::Contains(text));
    check_equal(state_dict(m), state_dict(model));
    CHECK(sgd.state.empty());
  }
}

TEST_CASE("Momentum switched off drops its buffer, and starts anew when it is switched on") {
  Point p{tensor({1, 2, 3}, DType::float64)}, fresh = p;
  const Point g{tensor({1, 1, 2}, DType::float64)};
  Sgd sgd{.lr = 0.1, .momentum = 0.9};
  sgd.step(p, g);
  sgd.momentum = 0;
  CHECK(sgd.state_dict().count("x.momentum_buffer") == 1);
  Sgd loaded;
  loaded.load_state_dict(sgd.state_dict());
  loaded.lr = sgd.lr;
  Point other = p;
  loaded.step(other, g);
  sgd.step(p, g);
  CHECK(p.x.values() == other.x.values());
  CHECK(sgd.state_dict().count("x.momentum_buffer") == 0);
  fresh.x = p.x;
  sgd.momentum = 0.9;
  sgd.step(p, g);
  Sgd{.lr = 0.1, .momentum = 0.9}.step(fresh, g);
  CHECK(p.x.values() == fresh.x.values());
}

TEST_CASE("Adam's second moment neither overflows nor underflows where the square of the gradient does") {
  Point p{tensor({0, 0})};
  Adam adam{.lr = 0.1};
  adam.step(p, {tensor({1e21, 1e-25})});
  CHECK(p.x.values()[0] == Approx(-0.1));
  CHECK(p.x.values()[1] == Approx(-0.1 * 1e-25 / (1e-25 + 1e-8)).epsilon(1e-5));
  Point q{tensor({0}, DType::float64)};
  Adam wide{.lr = 0.1};
  wide.step(q, {tensor({1e160}, DType::float64)});
  CHECK(q.x.item() == Approx(-0.1).epsilon(1e-12));
  double m = 0.1 * 1e21, v = 1e-3 * 1e42, expected = -0.1;
  p.x = tensor({0});
  Adam again{.lr = 0.1};
  again.step(p, {tensor({1e21})});
  for (int t = 2; t <= 300001; ++t) {
    again.step(p, {tensor({1})});
    m += 0.1 * (1 - m);
    v = 0.999 * v + 1e-3;
    expected -= 0.1 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
  }
  CHECK(expected == Approx(-21163.6).epsilon(1e-5));
  CHECK(p.x.item() == Approx(expected).epsilon(3e-3));  // 300,000 roundings of p
}

TEST_CASE("A gradient of another shape or dtype is reported with its name") {
  Point p{tensor({1, 2})};
  CHECK_THROWS_WITH(Sgd().step(p, {tensor({1, 2, 3})}), Catch::Contains("[sgd] parameter 'x' has shape (2,)"));
  CHECK_THROWS_AS(Sgd().step(p, {tensor({1, 2, 3})}), ShapeError);
  CHECK_THROWS_AS(Adam().step(p, {tensor({1, 2}, DType::float64)}), DTypeError);
}

TEST_CASE(
    "The direction of L-BFGS satisfies the secant condition of the newest pair, and is scaled by its curvature "
    "elsewhere") {
  const std::vector<std::vector<double>> steps = {{1, 0.5, -0.25, 0.1}, {0.5, 1, 0, 0}};
  const std::vector<std::vector<double>> changes = {{2, 0.75, -0.5, 0.3}, {1, 3, 0, 0}};
  // H y = s.
  const std::vector<double> d = detail::lbfgs_direction(steps, changes, changes[1]);
  for (size_t i = 0; i < d.size(); ++i) CHECK(d[i] == Approx(-steps[1][i]).margin(1e-14));
  // H is symmetric.
  const std::vector<double> a = {0.3, -1, 2, 0.7}, b = {1, 0.2, -0.4, 3};
  const std::vector<double> ha = detail::lbfgs_direction(steps, changes, a);
  const std::vector<double> hb = detail::lbfgs_direction(steps, changes, b);
  double ab = 0, ba = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * hb[i];
    ba += b[i] * ha[i];
  }
  CHECK(ab == Approx(ba));
  // A gradient orthogonal to the only pair is scaled by sᵀy/yᵀy.
  const std::vector<double> free = detail::lbfgs_direction({steps[1]}, {changes[1]}, {0, 0, 4, -8});
  CHECK(free == std::vector<double>{0, 0, -4 * 0.35, 8 * 0.35});
  CHECK(detail::lbfgs_direction({}, {}, {1, -2}) == std::vector<double>{-1, 2});
}

TEST_CASE("L-BFGS reaches the minimum of a quadratic and of Rosenbrock's function") {
  const Tensor scales = tensor({1, 10, 100, 1000}, DType::float64);
  Point p{tensor({1, -2, 3, -4}, DType::float64)};
  Lbfgs lbfgs{.max_iterations = 50, .tolerance_grad = 1e-10, .tolerance_change = 1e-15};
  const double loss = lbfgs.step(p, [&](const Point& m) { return sum(scales * square(m.x - 1)); });
  CHECK(loss < 1e-18);
  for (const double x : p.x.values()) CHECK(x == Approx(1).epsilon(1e-10));

  CHECK(lbfgs.evaluations < 60);

  Point r{tensor({-1.2, 1}, DType::float64)};
  Lbfgs second{.max_iterations = 100, .tolerance_grad = 1e-10, .tolerance_change = 1e-15};
  second.step(r, [](const Point& m) {
    const Tensor a = index_select(m.x, 0, {0}), b = index_select(m.x, 0, {1});
    return sum(100 * square(b - a * a) + square(1 - a));
  });
  for (const double x : r.x.values()) CHECK(x == Approx(1).epsilon(1e-8));

  CHECK(second.evaluations < 80);
}

TEST_CASE("L-BFGS continues after a save as without it, bit for bit") {
  const auto loss = [](const Net& m) { return loss_at(m, 0, DType::float32); };
  Net whole = small_net(DType::float32), part = whole;
  Lbfgs one{.max_iterations = 4, .history = 5}, first = one, second = one;
  one.step(whole, loss);
  const double end = one.step(whole, loss);

  const double middle = first.step(part, loss);
  second.load_state_dict(parse_safetensors(to_safetensors(first.state_dict())).tensors);
  CHECK(second.step(part, loss) == end);
  CHECK(end < middle);
  check_equal(state_dict(part), state_dict(whole));
  CHECK(second.evaluations == one.evaluations);
  auto broken = first.state_dict();
  broken.erase("old_dirs");
  CHECK_THROWS_AS(second.load_state_dict(broken), CheckpointError);
}

TEST_CASE("L-BFGS reports when it cannot start") {
  Point p{tensor({0}, DType::float64)};
  CHECK_THROWS_WITH(Lbfgs().step(p, [](const Point& m) { return sum(log(m.x - 1)); }), Catch::Contains("Start where"));
  // A loss that is finite where its gradient is not.
  const CustomRule steep{"steep", [](const auto& in) { return ones_like(in[0]); },
                         [](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{w * NAN}; }};
  CHECK_THROWS_WITH(Lbfgs().step(p, [&](const Point& m) { return sum(custom(steep, {m.x})); }),
                    Catch::Contains("the gradient is not finite at the start"));
  for (const double bad : {double{NAN}, -1.0}) {
    Lbfgs wrong{.lr = bad};
    CHECK_THROWS_WITH(wrong.step(p, [](const Point& m) { return sum(square(m.x)); }), Catch::Contains("lr is"));
  }
  Lbfgs none{.history = 0};
  CHECK_THROWS_AS(none.step(p, [](const Point& m) { return sum(m.x); }), ValueError);
}

}  // namespace dimwise::optimizers_tests
