// One training step on several threads: each works on its own rows of the batch, on a tape of its own. A given number
// of threads gives the same bits every time.
#include <dimwise.hpp>
#include <iostream>

namespace dw = dimwise;

namespace {

dw::Mlp trained(int threads) {
  const dw::Rng rng(4);
  dw::ThreadPool pool(threads);
  dw::Mlp net({8, 64, 1}, dw::Activation::silu, rng.split("net"));
  dw::Adam adam{.lr = 1e-2};
  for (uint64_t step = 0; step < 100; ++step) {
    const dw::Tensor x = rng.split(step).normal({256, 8}), y = dw::sum(dw::sin(x), {-1}, true);
    const auto [loss, gradient] = dw::value_and_grad_parallel(
        pool,
        [&](const dw::Mlp& m, const dw::Shard& s) {
          return dw::mean(dw::square(m(dw::slice(x, 0, s.begin, s.end)) - dw::slice(y, 0, s.begin, s.end)));
        },
        net, x.dim(0));
    adam.step(net, gradient);
    if (step % 50 == 49) std::cout << threads << " threads, step " << step + 1 << ": " << loss.item() << '\n';
  }
  return net;
}

double distance(const dw::Mlp& a, const dw::Mlp& b) {
  double most = 0;
  const auto p = dw::parameters(a), q = dw::parameters(b);
  for (size_t i = 0; i < p.size(); ++i) most = std::max(most, dw::max(dw::abs(p[i] - q[i])).item());
  return most;
}

}  // namespace

int main() {
  const dw::Mlp one = trained(1), two = trained(2), again = trained(2);
  std::cout << "two threads twice: weights differ by " << distance(two, again) << "; one and two threads: by "
            << distance(one, two) << '\n';
  return distance(two, again) == 0 && distance(one, two) < 1e-2 ? 0 : 1;
}
