// One training step of an SDE by its Fokker-Planck residual: D f, D g and D² g of two HollowNets and all gradients, by
// dimension-wise derivatives and by brute force, which takes d reverse passes for each order (the diagonals of Jacobian
// and Hessian). Both must give the same loss and gradient.
#include <sstream>
#include <vector>

#include "autodiff/base/error.hpp"
#include "bench/common.hpp"
#include "hollow/net/any_hollow_net.hpp"
#include "hollow/sde/diffusion.hpp"
#include "hollow/sde/fokker_planck.hpp"
#include "hollow/sde/mixture.hpp"
#include "hollow/sde/weak.hpp"
#include "nn/optim/clip.hpp"
#include "ops/arithmetic.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

using Net = HollowNet<MaskedConditioner, SharedTransformer>;

struct Equation {
  Net drift;
  DiffusionNet<Net> diffusion;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("drift", self.drift);
    v("diffusion", self.diffusion);
  }
};

Net net(int64_t d, const Rng& rng) {
  return {MaskedConditioner({.d = d, .activation = Activation::silu}, rng.split("conditioner")),
          SharedTransformer({.d = d, .activation = Activation::silu}, rng.split("transformer"))};
}

struct Step {
  Equation model;
  TimeMixture density;
  Tensor t, x;

  Step(int64_t d, int64_t rows)
      : model{net(d, Rng(1)), {net(d, Rng(2)), {ones({d}, DType::float32)}, {zeros({d}, DType::float32)}}},
        density({.d = d}, Rng(3)),
        t(Rng(4).uniform({rows, 1})),
        x(Rng(5).normal({rows, d})) {}

  template <class Loss>
  auto gradient(Loss&& loss) const {
    return value_and_grad([&](const Equation& m) { return loss(m, density.derivatives(t, x)); }, model);
  }
  auto exact() const {
    return gradient([&](const Equation& m, const DensityDerivatives& p) {
      return fokker_planck_residual({hollow_coefficient(m.drift), hollow_coefficient(m.diffusion)}, p, t, x);
    });
  }
  auto brute_force() const {
    return gradient([&](const Equation& m, const DensityDerivatives& p) {
      const auto whole = [](const auto& net) {
        return brute_force_coefficient([ready = net.prepare()](const Tensor&, const Tensor& at) { return ready(at); });
      };
      return fokker_planck_residual({whole(m.drift), whole(m.diffusion)}, p, t, x);
    });
  }
  auto weak() const {
    return gradient([&](const Equation& m, const DensityDerivatives& p) {
      return weak_residual({hollow_coefficient(m.drift), hollow_coefficient(m.diffusion)}, p, t, x, 4,
                           TestFunctions(64, x.dim(1), 0.5, Rng(6)));
    });
  }
};

// The ratios of the values and of the gradients' norms must be 1.
void check_equal(const Step& step) {
  const auto a = step.exact(), b = step.brute_force();
  const double loss = a.first.item() / b.first.item(), norm = gradient_norm(a.second) / gradient_norm(b.second);
  if (std::abs(loss - 1) > 1e-3 || std::abs(norm - 1) > 1e-3)
    fail<ValueError>("bench sde", "dimension-wise and brute-force steps differ: losses by ", loss, ", gradients by ",
                     norm);
}

void compare(benchmark::State& state, int64_t d) {
  set_threads(1);
  const Step step(d, 256);
  check_equal(Step(d, 16));
  // Brute force with d = 64 takes almost a minute per step, so it is repeated less often.
  const bool slow = d > 16;
  std::vector<double> exact, brute, weak;
  const auto seconds = [](auto&& f) {
    const double begin = now();
    benchmark::DoNotOptimize(f());
    return now() - begin;
  };
  for (auto _ : state) {
    const double begin = now(Clock::wall);
    for (int64_t r = 0; r < rounds(); ++r) {
      for (int i = 0; i < 5; ++i) {
        exact.push_back(seconds([&] { return step.exact(); }));
        weak.push_back(seconds([&] { return step.weak(); }));
      }
      if (!slow || brute.size() < 3) brute.push_back(seconds([&] { return step.brute_force(); }));
    }
    state.SetIterationTime(now(Clock::wall) - begin);
  }
  const double ours = median(exact), theirs = median(brute);
  std::ostringstream remark;
  remark << "brute force " << theirs << " s (" << theirs / ours << " x); weak residual " << median(weak) << " s";
  report(state, {.ours = ours, .remark = remark.str()});
}

const bool added = [] {
  for (const int64_t d : {2, 8, 32, 64})
    add_row("sde d=" + std::to_string(d) + " training step, Fokker-Planck residual", 1,
            [=](benchmark::State& state) { compare(state, d); });
  return true;
}();

}  // namespace
