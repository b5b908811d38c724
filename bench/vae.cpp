// A training step of the convolutional autoencoder of dimwise-vae without a flow, batch 100, and loss and gradients of
// the hollow flow of its posterior: with the exact trace, with one sample of Hutchinson's estimator, and by brute
// force.
#include <memory>
#include <sstream>
#include <thread>

#include "apps/vae/model/objective.hpp"
#include "bench/common.hpp"
#include "bench/peers/peers.hpp"
#include "nn/optim/adamax.hpp"
#include "nn/parallel/value_and_grad_parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;
using app::vae::Elbo;
using app::vae::Vae;

constexpr int64_t batch = 100, latent = 64, context_size = 256;

Array array(const Tensor& t) { return {{t.shape().begin(), t.shape().end()}, t.values()}; }

template <class M>
Arrays arrays(const M& model) {
  Arrays result;
  for (const auto& [name, t] : named_parameters(model)) result[name] = array(t);
  return result;
}

template <class M>
double squares_of(const M& gradient) {
  double total = 0;
  for (const Tensor& g : parameters(gradient)) total += squares(g.values());
  return total;
}

Vae make_model() {
  app::vae::ModelSettings settings;
  settings.arch = "conv";
  return app::vae::make_model(app::vae::resolved(settings), Rng(0));
}

struct Training {
  Vae model = make_model();
  Adamax optimizer{.lr = 5e-4, .eps = 1e-7};
  Tensor x = less(made({batch, 784}, 70, 1.0), scalar(-0.5));  // a quarter of the pixels is 1
  ThreadPool pool;
  uint64_t number = 0;

  explicit Training(int threads) : pool(threads) {}

  // Loss and gradient with this step's noise.
  std::pair<Tensor, Vae> gradient() {
    const Rng rng = Rng(1).split(number);
    return value_and_grad_parallel(
        pool,
        [&](const Vae& m, const Shard& s) {
          const Elbo e = app::vae::elbo(m, slice(x, 0, s.begin, s.end), rng, {.first_row = s.begin});
          return mean(e.reconstruction + e.divergence);
        },
        model, batch);
  }
  Tensor noise() const {
    const Tensor zero = zeros({batch, latent});
    return DiagonalNormal{zero, zero}.sample(Rng(1).split(number));
  }
  void step() {
    optimizer.step(model, gradient().second);
    ++number;
  }
};

Row conv(int threads, bool by_convolution) {
  set_threads(1);
  const auto ours = std::make_shared<Training>(threads);
  const Twin torch = torch_vae(arrays(ours->model), array(ours->x), array(ours->noise()), threads, by_convolution);
  const auto [loss, g] = ours->gradient();
  agree({{"loss", loss.item()},
         {"gradient of encoder", squares_of(g.encoder)},
         {"gradient of mean", squares_of(g.mean)},
         {"gradient of variance", squares_of(g.variance)},
         {"gradient of decoder", squares_of(g.decoder)}},
        torch, "libtorch");
  return {.ours = [ours] { ours->step(); },
          .libtorch = find(torch, "step"),
          .targets = {{"ours/libtorch", 1.0}},
          .slice = 0.5,
          .clock = threads == 1 ? Clock::thread : Clock::wall};
}

// The flow with the app's defaults, and its inputs: a training step differentiates all three.
struct Problem {
  AnyHollowNet net;
  Tensor z0, context;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    AnyHollowNet::visit(self.net, v);
    v("z0", self.z0);
    v("context", self.context);
  }
};

class FlowTraining {
 public:
  FlowTraining() {
    set_threads(1);
    const auto flow = make_hollow_cnf({.d = latent,
                                       .context = context_size,
                                       .flows = 1,
                                       .hidden = {128},
                                       .transformer_hidden = {16},
                                       .activation = Activation::softplus,
                                       .d_h = 4,
                                       .end_time = end_time},
                                      Rng(0));
    problem_ = {flow.blocks[0], Rng(2).normal({batch, latent}), Rng(3).normal({batch, context_size})};
    Arrays given = arrays(problem_);
    const auto& layers = std::get<MaskedConditioner>(problem_.net.conditioner.kind).layers;
    given["mask1"] = array(layers[0].mask.value);
    given["mask2"] = array(layers[1].mask.value);
    const Tensor noise = detail::draw_noise({.trace = Trace::hutchinson}, problem_.z0, 0);
    torch_ = torch_vae_flow(given, array(noise), end_time, steps);
    std::map<std::string, double> ours;
    for (const std::string& trace : trace_names()) {
      const auto [loss, g] = gradient(parse_trace(trace));
      ours[trace + " loss"] = loss.item();
      ours[trace + " gradient"] = squares_of(g);
    }
    agree(ours, torch_, "libtorch");
  }

  std::pair<Tensor, Problem> gradient(Trace trace) const {
    return value_and_grad(
        [&](const Problem& p) {
          const Cnf<AnyHollowNet> flow{{p.net}, end_time};
          const FlowResult r =
              flow.to_data(p.z0, p.context, {.trace = trace, .ode = {.method = "rk4", .steps = steps}});
          return mean(0.5 * sum(square(r.x), {-1}) - r.log_det);
        },
        problem_);
  }
  std::function<void()> ours(Trace trace) const {
    return [this, trace] { keep(gradient(trace).first.node()); };
  }
  std::function<void()> theirs(const std::string& trace) const { return find(torch_, trace); }

 private:
  static constexpr double end_time = 0.5;
  static constexpr int64_t steps = 4;
  Problem problem_;
  Twin torch_;
};

const FlowTraining& flow_training() {
  static const FlowTraining one;
  set_threads(1);
  return one;
}

Row flow(Trace ours, Trace theirs, const std::vector<Target>& targets = {}) {
  const FlowTraining& training = flow_training();
  return {.ours = training.ours(ours), .libtorch = training.theirs(name(theirs)), .targets = targets, .slice = 0.1};
}

// Another trace of ours compared to our exact one.
void over_exact(benchmark::State& state, Trace other) {
  const FlowTraining& training = flow_training();
  Turns turns({{"other", training.ours(other)}, {"exact", training.ours(Trace::exact)}}, 0.1);
  for (auto _ : state) state.SetIterationTime(turns.round());
  std::ostringstream remark;
  remark << 1e3 * turns.seconds("other") << " ms over " << 1e3 * turns.seconds("exact") << " ms";
  report(state, {.unit = "x", .ours = turns.ratio("other", "exact"), .remark = remark.str()});
}

const bool added = [] {
  for (const int threads : {1, 2}) {
    if (threads > static_cast<int>(std::thread::hardware_concurrency())) continue;
    const std::string name = std::string("VAE conv none, training step, ") + (threads == 1 ? "1 thread" : "2 threads");
    add_row(name, [=] { return conv(threads, false); });
    add_row(name + ", beside libtorch with all convolutions by oneDNN", [=] { return conv(threads, true); });
  }
  const std::string prefix = "VAE hollow flow, with gradients, ";
  add_row(prefix + "exact beside brute force", [] {
    return flow(Trace::exact, Trace::brute_force, {{"ours/libtorch", 0.5}});
  });
  add_row(prefix + "exact beside Hutchinson", [] {
    return flow(Trace::exact, Trace::hutchinson, {{"ours/libtorch", 1.0}});
  });
  for (const Trace trace : {Trace::exact, Trace::hutchinson, Trace::brute_force})
    add_row(prefix + name(trace) + " of both", [=] { return flow(trace, trace); });
  for (const Trace trace : {Trace::hutchinson, Trace::brute_force})
    add_row(prefix + "our " + name(trace) + " over our exact", rounds(),
            [=](benchmark::State& state) { over_exact(state, trace); });
  return true;
}();

}  // namespace
