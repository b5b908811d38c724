// A convolution 32 → 32, 5 × 5, of 100 images of 28 × 28: forward, and with the gradients of images, weight and bias.
#include "nn/conv.hpp"

#include <cmath>
#include <memory>
#include <thread>

#include "bench/common.hpp"
#include "bench/peers/peers.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

// The layer and its input. A training step differentiates both.
struct Problem {
  Conv2d layer;
  Tensor x;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layer", self.layer);
    v("x", self.x);
  }
};

Problem make_problem(int64_t stride) {
  Problem problem{Conv2d(32, 32, 5, Rng(0), {.stride = stride, .padding = 2}), made({100, 32, 28, 28}, 50, 1)};
  problem.layer.weight = made({32, 32, 5, 5}, 60, 1 / std::sqrt(800.0));
  problem.layer.bias = made({32}, 61, 1 / std::sqrt(800.0));
  return problem;
}

Problem train(const Problem& problem) {
  return value_and_grad([](const Problem& p) { return sum(square(p.layer(p.x))); }, problem).second;
}

Row row(int64_t stride, int threads, bool training) {
  set_threads(threads);
  const auto problem = std::make_shared<Problem>(make_problem(stride));
  const Twin torch = torch_conv(stride, threads);
  const Problem g = train(*problem);
  agree({{"y", squares(problem->layer(problem->x).values())},
         {"gradient of x", squares(g.x.values())},
         {"gradient of w", squares(g.layer.weight.values())},
         {"gradient of b", squares(g.layer.bias.values())}},
        torch, "libtorch");
  Row row{.ours =
              [=] {
                set_threads(threads);
                if (training)
                  keep(train(*problem).x.node());
                else
                  keep(problem->layer(problem->x).node());
              },
          .libtorch = find(torch, training ? "train" : "forward"),
          .slice = 0.2};
  if (training) row.targets = {{"ours/libtorch", 1.05}};
  return row;
}

const bool added = [] {
  for (const int threads : {1, 2})
    for (const int64_t stride : {1, 2})
      for (const bool training : {false, true}) {
        if (threads > static_cast<int>(std::thread::hardware_concurrency())) continue;
        add_row("conv2d 32 to 32, 5x5, stride " + std::to_string(stride) + ", " + std::to_string(threads) +
                    (threads == 1 ? " thread, " : " threads, ") + (training ? "with gradients" : "forward"),
                [=] { return row(stride, threads, training); });
      }
  return true;
}();

}  // namespace
