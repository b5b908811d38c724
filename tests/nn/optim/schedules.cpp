#include <cmath>

#include "autodiff/base/error.hpp"
#include "nn/linear.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/ema.hpp"
#include "nn/optim/schedule.hpp"
#include "tests/catch.hpp"
#include "tests/nn/optim/point.hpp"

namespace dimwise::schedules_tests {

TEST_CASE("Schedules give the factors of their formulas") {
  CHECK(warm_up(0, 4) == 0.25);
  CHECK(warm_up(2, 4) == 0.75);
  CHECK(warm_up(3, 4) == 1);
  CHECK(warm_up(4, 4) == 1);
  CHECK(warm_up(0, 0) == 1);
  CHECK(cosine_decay(0, 0.2) == 1);
  CHECK(cosine_decay(0.5, 0.2) == Approx(0.6));
  CHECK(cosine_decay(0.2, 0.2) == Approx(0.2 + 0.4 * (1 + std::cos(M_PI / 5))));
  CHECK(cosine_decay(1) == 0);
  CHECK(cosine_decay(50, 0.2) == cosine_decay(1, 0.2));
  CHECK(exponential_decay(0, 0.5) == 1);
  CHECK(exponential_decay(3, 0.5) == 0.125);
  CHECK(step_decay(9, 10) == 1);
  CHECK(step_decay(10, 10) == Approx(0.1));
  CHECK(step_decay(25, 10, 0.5) == 0.25);
}

TEST_CASE("Schedules refuse numbers that make no sense") {
  CHECK_THROWS_AS(warm_up(0, -1), ValueError);
  CHECK_THROWS_AS(cosine_decay(-0.1), ValueError);
  CHECK_THROWS_AS(cosine_decay(NAN), ValueError);
  CHECK_THROWS_AS(exponential_decay(1, 0), ValueError);
  CHECK_THROWS_AS(step_decay(1, 0), ValueError);
  CHECK_THROWS_AS(step_decay(1, 10, -1), ValueError);
}

namespace {
Linear gradient() {
  Linear g;
  g.weight = tensor({3, 0}, {1, 2});
  g.bias = tensor({4});
  return g;
}
}  // namespace

TEST_CASE("Clipping scales to the norm asked and returns the one that was") {
  Linear g = gradient();
  const Tensor held = g.weight;
  CHECK(gradient_norm(g) == 5);
  CHECK(clip_grad_norm(g, 10) == 5);
  CHECK(g.bias.item() == 4);
  CHECK(clip_grad_norm(g, 1) == 5);
  CHECK(g.weight.values()[0] == Approx(0.6));
  CHECK(g.bias.item() == Approx(0.8));
  CHECK(held.values()[0] == 3);
}

TEST_CASE("Clipping leaves a gradient that is not finite, and says so by the norm") {
  Linear g = gradient();
  g.bias = tensor({INFINITY});
  CHECK(std::isinf(clip_grad_norm(g, 1)));
  CHECK(g.weight.values()[0] == 3);
  g.bias = tensor({NAN});
  CHECK(std::isnan(clip_grad_norm(g, 1)));
  CHECK_THROWS_AS(clip_grad_norm(g, 0), ValueError);
}

TEST_CASE("Norms and clipping of numbers whose squares overflow or underflow") {
  const auto of = [](double v, DType dtype) {
    Linear g;
    g.weight = full({1, 2}, v, dtype);
    return g;
  };
  Linear g = of(3e38, DType::float32);
  clip_grad_norm(g, 1e-8);
  CHECK(g.weight.values()[0] == Approx(1e-8 / std::sqrt(2.0)).epsilon(1e-6));
  for (const double v : {1e200, 1e-170, 1e-310, 1e300}) {
    g = of(v, DType::float64);
    CHECK(gradient_norm(g) == Approx(v * std::sqrt(2.0)).epsilon(1e-12));
    CHECK(clip_grad_norm(g, 0.5 * v) == Approx(v * std::sqrt(2.0)).epsilon(1e-12));
    CHECK(g.weight.values()[1] == Approx(0.5 * v / std::sqrt(2.0)).epsilon(1e-12));
  }
  CHECK(gradient_norm(of(0, DType::float64)) == 0);
}

TEST_CASE("A norm is summed over long tensors") {
  Linear g;
  g.weight = full({101, 7}, 2);
  CHECK(gradient_norm(g) == Approx(2 * std::sqrt(707.0)).epsilon(1e-12));
}

namespace {
MaskedLinear model_of(double value) {
  MaskedLinear m;
  m.weight = full({2, 2}, value, DType::float64);
  m.bias = full({2}, -value, DType::float64);
  m.mask.value = full({2, 2}, value, DType::float64);
  return m;
}
}  // namespace

TEST_CASE("The moving average is the weighted mean of the models taken in") {
  Ema<MaskedLinear> ema{.average = model_of(77), .decay = 0.9};
  double top = 0, bottom = 0;
  for (const double value : {1.0, 5.0, -2.0, 8.0}) {
    ema.update(model_of(value));
    top = 0.9 * top + value;
    bottom = 0.9 * bottom + 1;
    CHECK(ema.average.weight.values()[3] == Approx(top / bottom).epsilon(1e-14));
    CHECK(ema.average.bias.values()[0] == Approx(-top / bottom).epsilon(1e-14));
    CHECK(ema.average.mask.value.values()[0] == value);
  }
}

TEST_CASE("The moving average is saved, and changes no tensor it shares") {
  Ema<MaskedLinear> ema{.average = model_of(0), .decay = 0.5};
  const MaskedLinear first = model_of(1);
  ema.update(first);
  ema.update(model_of(3));
  CHECK(first.weight.values()[0] == 1);
  const auto saved = ema.state_dict("ema.");
  CHECK(saved.at("ema.updates").item() == 2);
  Ema<MaskedLinear> other{.average = model_of(9), .decay = 0.5};
  other.load_state_dict(saved, "ema.");
  ema.update(model_of(7));
  other.update(model_of(7));
  CHECK(other.average.weight.values() == ema.average.weight.values());
  CHECK(other.updates == 3);
  CHECK_THROWS_AS(other.load_state_dict(saved, "other."), CheckpointError);
  other.decay = 1;
  CHECK_THROWS_AS(other.update(first), ValueError);
  CHECK(other.updates == 3);
}

using test::Point;

TEST_CASE("A refused update of a moving average changes nothing, and an average takes only its own model") {
  const auto number = [](double v) { return Point{tensor({v}, DType::float64)}; };
  Ema<Point> ema{.decay = 0.999};
  ema.update(number(0));
  ema.decay = 2;
  CHECK_THROWS_AS(ema.update(number(5)), ValueError);
  ema.decay = 0.999;
  ema.update(number(1));
  CHECK(ema.average.x.item() == Approx(1 / 1.999).epsilon(1e-12));
  Ema<Point> other{.average = {zeros({2})}};
  CHECK_THROWS_AS(other.update({ones({3})}), ShapeError);
  CHECK_THROWS_AS(other.update(number(1)), ShapeError);
  CHECK(other.updates == 0);
  CHECK(other.average.x.values() == std::vector<double>{0, 0});
}

TEST_CASE("A moving average in float32 follows small changes, stays at infinity, and resumes bit for bit") {
  Ema<Point> ema{.decay = 0.999};
  for (int i = 0; i < 20000; ++i) ema.update({tensor({1, -INFINITY})});
  CHECK(ema.average.x.values() == std::vector<double>{1, -INFINITY});
  Ema<Point> resumed{.average = {zeros({2})}, .decay = 0.999};
  resumed.load_state_dict(ema.state_dict());
  for (int i = 0; i < 20000; ++i) {
    ema.update({tensor({1.00005, -INFINITY})});
    resumed.update({tensor({1.00005, -INFINITY})});
  }
  CHECK(ema.average.x.values()[0] == static_cast<double>(1.00005F));
  CHECK(resumed.average.x.values() == ema.average.x.values());
  CHECK(resumed.carries.at("x").values() == ema.carries.at("x").values());
  auto broken = ema.state_dict();
  broken.erase("carry.x");
  CHECK_THROWS_AS(resumed.load_state_dict(broken), CheckpointError);
}

}  // namespace dimwise::schedules_tests
