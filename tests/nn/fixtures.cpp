// Agreement with PyTorch: scripts/record_fixtures.py wrote the files, and has the same functions.
#include "nn/module.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/adamax.hpp"
#include "nn/optim/sgd.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/nn/recorded.hpp"

namespace dimwise::fixtures_tests {

using namespace dimwise::recorded;

namespace {

template <Tensor (*f)(Tensor)>
Tensor unary(const Inputs& in) {
  return f(in[0]);
}

Functions functions() {
  const Indices places{{2, 4}, {0, 2, 1, 1, 2, 2, 0, 1}};
  return {
      {"add", [](const Inputs& in) { return in[0] + in[1]; }},
      {"sub", [](const Inputs& in) { return in[0] - in[1]; }},
      {"mul", [](const Inputs& in) { return in[0] * in[1]; }},
      {"div", [](const Inputs& in) { return in[0] / in[1]; }},
      {"pow", [](const Inputs& in) { return pow(in[0], in[1]); }},
      {"maximum", [](const Inputs& in) { return maximum(in[0], in[1]); }},
      {"minimum", [](const Inputs& in) { return minimum(in[0], in[1]); }},
      {"clip", [](const Inputs& in) { return clip(in[0], -0.4, 0.6); }},
      {"where", [](const Inputs& in) { return where(in[0] > in[1], square(in[0]), in[1]); }},
      {"exp", unary<exp>},
      {"expm1", unary<expm1>},
      {"log", unary<log>},
      {"log1p", unary<log1p>},
      {"sin", unary<sin>},
      {"cos", unary<cos>},
      {"tanh", unary<tanh>},
      {"sigmoid", unary<sigmoid>},
      {"softplus", unary<softplus>},
      {"silu", unary<silu>},
      {"relu", unary<relu>},
      {"elu", unary<elu>},
      {"gelu", unary<gelu>},
      {"sqrt", unary<sqrt>},
      {"rsqrt", unary<rsqrt>},
      {"square", unary<square>},
      {"abs", unary<abs>},
      {"erf", unary<erf>},
      {"sum",
       [](const Inputs& in) {
         return sum(in[0], {0, 2});
       }},
      {"mean", [](const Inputs& in) { return mean(in[0], {1}, true); }},
      {"max", [](const Inputs& in) { return max(in[0], {1}); }},
      {"min",
       [](const Inputs& in) {
         return min(in[0], {0, 1});
       }},
      {"logsumexp", [](const Inputs& in) { return logsumexp(in[0], {1}); }},
      {"softmax", [](const Inputs& in) { return softmax(in[0], 0); }},
      {"log_softmax", [](const Inputs& in) { return log_softmax(in[0], 1); }},
      {"norm", [](const Inputs& in) { return norm(in[0], {1}); }},
      {"cumsum", [](const Inputs& in) { return cumsum(in[0], 0); }},
      {"transpose",
       [](const Inputs& in) {
         return transpose(in[0], {2, 0, 1});
       }},
      {"concat",
       [](const Inputs& in) {
         return concat({in[0], in[1], square(in[0])}, 1);
       }},
      {"stack",
       [](const Inputs& in) {
         return stack({in[0], in[1]}, 1);
       }},
      {"slice", [](const Inputs& in) { return slice(in[0], 1, 1, 6, 2); }},
      {"pad", [](const Inputs& in) { return pad(in[0], 1, 1, 2, 0.5); }},
      {"flip", [](const Inputs& in) { return flip(in[0], 1); }},
      {"triu", [](const Inputs& in) { return triu(in[0], 1); }},
      {"tril", [](const Inputs& in) { return tril(in[0], -1); }},
      {"diagonal", [](const Inputs& in) { return diagonal(in[0]); }},
      {"diag_embed", [](const Inputs& in) { return diag_embed(in[0]); }},
      {"index_select",
       [](const Inputs& in) {
         return index_select(in[0], 1, {2, 0, 2});
       }},
      {"index_add",
       [](const Inputs& in) {
         return index_add(in[0], 1, {2, 0, 2}, 4);
       }},
      {"gather", [places](const Inputs& in) { return gather(in[0], 1, places); }},
      {"scatter_add", [places](const Inputs& in) { return scatter_add(in[0], 1, places, 3); }},
      {"matmul", [](const Inputs& in) { return matmul(in[0], in[1]); }},
      {"linear", [](const Inputs& in) { return linear(in[0], in[1], in[2]); }},
      {"cholesky",
       [](const Inputs& in) {
         return cholesky(matmul(in[0], in[0], {false, true}) + eye(3, in[0].dtype()));
       }},
      {"solve", [](const Inputs& in) { return solve(in[0], in[1]); }},
      {"logdet", [](const Inputs& in) { return logdet(in[0]); }},
  };
}

struct Point {
  Tensor x;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("x", self.x);
  }
};

// The recorded iterates of an optimizer on both functions, against ours.
template <class Optimizer>
void follow(const SafeTensors& file, const std::string& name, const Optimizer& fresh) {
  for (const char* function : {"quadratic", "rosenbrock"})
    for (const DType dtype : {DType::float32, DType::float64}) {
      const Tensor path = file.tensors.at(name + "." + function);
      const Tensor scales = astype(file.tensors.at("scale"), dtype);
      const auto loss = [&](const Point& p) {
        if (function[0] == 'q') return 0.5 * sum(scales * square(p.x));
        const Tensor a = slice(p.x, 0, 0, 3), b = slice(p.x, 0, 1, 4);
        return sum(square(1.0 - a) + 10.0 * square(b - square(a)));
      };
      Point point{astype(file.tensors.at("start"), dtype)};
      Optimizer optimizer = fresh;
      double worst = 0;
      for (int64_t step = 1; step < path.dim(0); ++step) {
        optimizer.step(point, value_and_grad(loss, point).second);
        worst = std::max(worst, distance(point.x, row(path, step)));
      }
      INFO(name << " on " << function << " in " << dtype);
      CHECK(worst < (dtype == DType::float32 ? 1e-5 : 1e-10));
    }
}

}  // namespace

TEST_CASE("values, gradients and second derivatives of the ops agree with PyTorch, in both dtypes") {
  compare("ops", functions());
}

TEST_CASE("twenty steps of each optimizer agree with PyTorch") {
  const SafeTensors file = file_of("optimizers");
  follow(file, "sgd", Sgd{.lr = 0.01});
  follow(file, "sgd_momentum", Sgd{.lr = 0.01, .momentum = 0.9});
  follow(file, "sgd_nesterov", Sgd{.lr = 0.01, .momentum = 0.9, .nesterov = true});
  follow(file, "sgd_weight_decay", Sgd{.lr = 0.01, .momentum = 0.9, .weight_decay = 0.1});
  follow(file, "adam", Adam{.lr = 0.05});
  follow(file, "adam_betas", Adam{.lr = 0.05, .beta1 = 0.8, .beta2 = 0.99, .eps = 1e-6});
  follow(file, "adam_weight_decay", Adam{.lr = 0.05, .weight_decay = 0.1});
  follow(file, "adamw", AdamW{.lr = 0.05, .weight_decay = 0.1});
  follow(file, "adamax", Adamax{.lr = 0.05});
  follow(file, "adamax_weight_decay", Adamax{.lr = 0.05, .weight_decay = 0.1});
  CHECK(file.tensors.size() == 2 + 2 * 10);
}

}  // namespace dimwise::fixtures_tests
