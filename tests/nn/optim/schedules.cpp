#include <cmath>

#include "autodiff/base/error.hpp"
#include "nn/linear.hpp"
#include "nn/optim/clip.hpp"
#include "nn/optim/ema.hpp"
#include "nn/optim/schedule.hpp"
#include "tests/catch.hpp"

namespace dimwise::schedules_tests {

TEST_CASE("Schedules give the learning rates of their formulas") {
  CHECK(constant_rate(0.3)(1000) == 0.3);
  const Schedule warm = warm_up(4, constant_rate(1));
  CHECK(warm(0) == 0.25);
  CHECK(warm(2) == 0.75);
  CHECK(warm(3) == 1);
  CHECK(warm(4) == 1);
  const Schedule cosine = cosine_decay(1, 10, 0.2);
  CHECK(cosine(0) == 1);
  CHECK(cosine(5) == Approx(0.6));
  CHECK(cosine(2) == Approx(0.2 + 0.4 * (1 + std::cos(M_PI / 5))));
  CHECK(cosine(10) == Approx(0.2));
  CHECK(cosine(500) == cosine(10));
  CHECK(exponential_decay(2, 0.5)(3) == 0.25);
  const Schedule stairs = step_decay(1, 10, 0.5);
  CHECK(stairs(9) == 1);
  CHECK(stairs(10) == 0.5);
  CHECK(stairs(29) == 0.25);
}

TEST_CASE("Schedules reject invalid numbers") {
  CHECK_THROWS_AS(warm_up(-1, constant_rate(1)), ValueError);
  CHECK_THROWS_AS(cosine_decay(1, 0), ValueError);
  CHECK_THROWS_AS(exponential_decay(1, 0), ValueError);
  CHECK_THROWS_AS(step_decay(1, 0), ValueError);
  CHECK_THROWS_AS(step_decay(1, 5, -1), ValueError);
}

namespace {
Linear gradient() {
  Linear g;
  g.weight = tensor({3, 0}, {1, 2});
  g.bias = tensor({4});
  return g;
}
}  // namespace

TEST_CASE("Clipping scales to the given norm and returns the original one") {
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

TEST_CASE("Clipping does not change a gradient that is not finite, and returns its norm") {
  Linear g = gradient();
  g.bias = tensor({INFINITY});
  CHECK(std::isinf(clip_grad_norm(g, 1)));
  CHECK(g.weight.values()[0] == 3);
  g.bias = tensor({NAN});
  CHECK(std::isnan(clip_grad_norm(g, 1)));
  CHECK_THROWS_AS(clip_grad_norm(g, 0), ValueError);
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

TEST_CASE("The moving average is the weighted mean of the given models") {
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

TEST_CASE("The moving average is saved, and does not change shared tensors") {
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
}

}  // namespace dimwise::schedules_tests
