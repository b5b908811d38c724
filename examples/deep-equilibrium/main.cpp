// A layer of infinite depth: its output y is the fixed point y = f(y) + x of a HollowNet f, found by Jacobi–Newton
// iterations and differentiated by the implicit function theorem, so that training keeps one evaluation in memory,
// however many iterations the root took. Bai, Kolter & Koltun, Deep Equilibrium Models (2019).
//
// The task: a network of units, each held back by itself, the stronger the further out it is, and weakly driven by the
// others, comes to rest where y = W tanh(y) − k (y + y³) + x. From drives x and states of rest y, learn such a network.
// Beside the error stands what each method of find_root costs on the layer as it is learned, for 500 drives at once:
// evaluations of f and milliseconds, or how it failed. The layer's diagonal is large, so that picard and anderson get
// nowhere unless they are damped, and the rest of its Jacobian is small against it, which is what jacobi_newton needs.
#include <chrono>
#include <dimwise.hpp>
#include <iomanip>
#include <iostream>
#include <sstream>

namespace dw = dimwise;

namespace {

constexpr int64_t d = 32, batch = 64;

// A transformer of our own: τ_i(y_i, h_i) = h_i − k_i (y_i + y_i³) with k_i > 0, so that y = f(y) + x has a solution.
struct Damped {
  dw::Tensor log_k = dw::zeros({d});

  dw::Tensor operator()(const dw::Tensor& y, const dw::Tensor& h, const dw::Tensor& = {},
                        const dw::Tensor& = {}) const {
    return dw::squeeze(h, -1) - dw::exp(log_k) * (y + y * y * y);
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("log_k", self.log_k);
  }
};
using Net = dw::HollowNet<dw::MaskedConditioner, Damped>;

struct Way {
  std::string label, method;
  double damping = 1;
};

dw::RootSolution rest(const dw::RootProblem& equation, const dw::Tensor& x, const Way& way) {
  return dw::find_root(
      equation, dw::zeros_like(x),
      {.method = way.method, .rtol = 1e-4, .atol = 1e-4, .max_iterations = 1000, .damping = way.damping});
}

// The network that is to be learned: its state of rest for each drive.
dw::Tensor truth(const dw::Tensor& x) {
  const dw::Tensor k = dw::linspace(1, 8, d), w = 0.1 * dw::Rng(5).normal({d, d}) * (1 - dw::eye(d));
  const auto force = [&](const dw::Tensor& y) { return y - dw::linear(dw::tanh(y), w) + k * (y + y * y * y) - x; };
  return value_or_throw(rest({force}, x, {"", "newton"})).y;
}

std::string cost(const dw::RootProblem& layer, const dw::Tensor& x, const Way& way) {
  const auto start = std::chrono::steady_clock::now();
  const dw::RootSolution s = rest(layer, x, way);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  if (s.status != dw::RootStatus::converged) return name(s.status);
  std::ostringstream text;
  text << s.statistics.evaluations << std::fixed << std::setprecision(1) << std::setw(7) << took.count();
  return text.str();
}

}  // namespace

int main() {
  const dw::Rng rng(3);
  Net net{dw::MaskedConditioner({.d = d, .d_h = 1, .hidden = {64}}, rng.split("conditioner")), {}};
  dw::Adam adam{.lr = 5e-3};
  const Way jacobi_newton{"jacobi_newton", "jacobi_newton"};
  const std::vector<Way> ways{{"picard", "picard"},
                              {"picard, 0.03", "picard", 0.03},
                              {"anderson", "anderson"},
                              {"anderson, 0.03", "anderson", 0.03},
                              {"broyden", "broyden"},
                              jacobi_newton,
                              {"newton_krylov", "newton_krylov"},
                              {"newton", "newton"}};
  const dw::Tensor test = 3 * rng.split("test").normal({500, d}), answers = truth(test);

  std::cout << "         error  evaluations of f and milliseconds by each method, with its damping\n step  on test";
  for (const Way& way : ways) std::cout << std::setw(16) << way.label;
  std::cout << '\n' << std::fixed << std::setprecision(4);
  double first = 0, last = 0;
  for (uint64_t step = 0; step <= 600; ++step) {
    if (step % 100 == 0) {
      const dw::NoGrad guard;
      const dw::RootProblem layer = dw::hollow_root_problem(net.at(), 1, test);
      const dw::Tensor y = value_or_throw(rest(layer, test, jacobi_newton)).y;
      last = (dw::sum(dw::square(y - answers)) / dw::sum(dw::square(answers))).item();
      if (step == 0) first = last;
      std::cout << std::setw(5) << step << std::setw(9) << last;
      for (const Way& way : ways) std::cout << std::setw(16) << cost(layer, test, way);
      std::cout << std::endl;
    }
    const dw::Tensor x = 3 * rng.split(step).normal({batch, d}), wanted = truth(x);
    const auto [loss, gradient] = dw::value_and_grad(
        [&](const Net& net) {
          const dw::Tensor y = value_or_throw(rest(dw::hollow_root_problem(net.at(), 1, x), x, jacobi_newton)).y;
          return dw::mean(dw::square(y - wanted));
        },
        net);
    adam.step(net, gradient);
  }
  return last < 0.1 * first ? 0 : 1;
}
