// Random programs of ops. The bytes choose leaves, ops and operands; then all sweeps must agree: the value recorded and
// not, ⟨J v, w⟩ = ⟨v, Jᵀ w⟩, the jet's first coefficient and the push, its second and the second derivative by pulls.

#include "autodiff/tape.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/linear_combination.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace dimwise;
using Tensors = std::vector<Tensor>;

struct Instruction {
  const char* name;
  Tensor (*f)(const Tensor& a, const Tensor& b, int k);  // k: 0 to 3
};

int axis_of(const Tensor& a, int k) {
  if (a.rank() == 0) fail<ShapeError>("fuzz", "no axis");
  return k % a.rank();
}

// Values stay moderate and smooth enough for second derivatives to be compared.
const Instruction instructions[] = {
    {"add", [](const Tensor& a, const Tensor& b, int) { return a + b; }},
    {"sub", [](const Tensor& a, const Tensor& b, int) { return a - b; }},
    {"mul", [](const Tensor& a, const Tensor& b, int) { return a * b; }},
    {"div", [](const Tensor& a, const Tensor& b, int) { return a / (1.0 + square(b)); }},
    {"pow", [](const Tensor& a, const Tensor& b, int) { return pow(1.0 + square(a), tanh(b)); }},
    {"maximum", [](const Tensor& a, const Tensor& b, int) { return maximum(a, b); }},
    {"minimum", [](const Tensor& a, const Tensor& b, int) { return minimum(a, b); }},
    {"where", [](const Tensor& a, const Tensor& b, int) { return where(a > b, a * b, b - a); }},
    {"where 0", [](const Tensor& a, const Tensor& b, int) { return where(a > b, sin(a), 0.0); }},
    {"donated", [](const Tensor& a, const Tensor& b, int) { return (a + b) * b; }},
    {"scale", [](const Tensor& a, const Tensor&, int k) { return a * (0.5 * k - 1); }},
    {"exp", [](const Tensor& a, const Tensor&, int) { return exp(tanh(a)); }},
    {"expm1", [](const Tensor& a, const Tensor&, int) { return expm1(-square(a)); }},
    {"log", [](const Tensor& a, const Tensor&, int) { return log(1.0 + square(a)); }},
    {"log1p", [](const Tensor& a, const Tensor&, int) { return log1p(square(a)); }},
    {"sin", [](const Tensor& a, const Tensor&, int) { return sin(a); }},
    {"cos", [](const Tensor& a, const Tensor&, int) { return cos(a); }},
    {"tanh", [](const Tensor& a, const Tensor&, int) { return tanh(a); }},
    {"sigmoid", [](const Tensor& a, const Tensor&, int) { return sigmoid(a); }},
    {"softplus", [](const Tensor& a, const Tensor&, int) { return softplus(a); }},
    {"log_sigmoid", [](const Tensor& a, const Tensor&, int) { return log_sigmoid(a); }},
    {"silu", [](const Tensor& a, const Tensor&, int) { return silu(a); }},
    {"gelu", [](const Tensor& a, const Tensor&, int) { return gelu(a); }},
    {"relu", [](const Tensor& a, const Tensor&, int) { return relu(a); }},
    {"elu", [](const Tensor& a, const Tensor&, int) { return elu(a); }},
    {"erf", [](const Tensor& a, const Tensor&, int) { return erf(a); }},
    {"sqrt", [](const Tensor& a, const Tensor&, int) { return sqrt(0.5 + square(a)); }},
    {"rsqrt", [](const Tensor& a, const Tensor&, int) { return rsqrt(0.5 + square(a)); }},
    {"sum", [](const Tensor& a, const Tensor&, int k) { return sum(a, {axis_of(a, k)}, k > 1); }},
    {"mean", [](const Tensor& a, const Tensor&, int k) { return mean(a, {axis_of(a, k)}, k > 1); }},
    {"prod", [](const Tensor& a, const Tensor&, int k) { return prod(tanh(a), {axis_of(a, k)}, k > 1); }},
    {"max", [](const Tensor& a, const Tensor&, int k) { return max(a, {axis_of(a, k)}, k > 1); }},
    {"logsumexp", [](const Tensor& a, const Tensor&, int k) { return logsumexp(a, {axis_of(a, k)}, k > 1); }},
    {"softmax", [](const Tensor& a, const Tensor&, int k) { return softmax(a, axis_of(a, k)); }},
    {"log_softmax", [](const Tensor& a, const Tensor&, int k) { return log_softmax(a, axis_of(a, k)); }},
    {"cumsum", [](const Tensor& a, const Tensor&, int k) { return cumsum(a, axis_of(a, k), k > 1); }},
    {"sum_of_others", [](const Tensor& a, const Tensor&, int k) { return sum_of_others(a, axis_of(a, k)); }},
    {"cumprod", [](const Tensor& a, const Tensor&, int k) { return cumprod(tanh(a), axis_of(a, k), k > 1); }},
    {"matmul", [](const Tensor& a, const Tensor& b, int) { return matmul(a, b); }},
    {"gram", [](const Tensor& a, const Tensor&, int) { return matmul(a, transpose(a)); }},
    {"linear", [](const Tensor& a, const Tensor& b, int) { return linear(a, b); }},
    {"transpose", [](const Tensor& a, const Tensor&, int) { return transpose(a); }},
    {"flat", [](const Tensor& a, const Tensor&, int) { return reshape(a, {a.size()}); }},
    {"unsqueeze", [](const Tensor& a, const Tensor&, int k) { return unsqueeze(a, k % (a.rank() + 1)); }},
    {"half", [](const Tensor& a, const Tensor&, int k) {
       const int axis = axis_of(a, k);
       return slice(a, axis, a.dim(axis) / 2, a.dim(axis));
     }},
    {"every other", [](const Tensor& a, const Tensor&, int k) {
       const int axis = axis_of(a, k);
       return slice(a, axis, 0, a.dim(axis), 2);
     }},
    {"flip", [](const Tensor& a, const Tensor&, int k) { return flip(a, axis_of(a, k)); }},
    {"concat", [](const Tensor& a, const Tensor& b, int k) { return concat({a, b, a}, axis_of(a, k)); }},
    {"stack", [](const Tensor& a, const Tensor& b, int) { return stack({a, b}); }},
    {"pad", [](const Tensor& a, const Tensor&, int k) { return pad(a, axis_of(a, k), 1, k, 0.5, k % 2); }},
    {"broadcast", [](const Tensor& a, const Tensor&, int k) {
       Shape shape;
       shape.push_back(k);
       for (int i = 0; i < a.rank(); ++i) shape.push_back(a.dim(i));
       return broadcast_to(a, shape);
     }},
    {"index", [](const Tensor& a, const Tensor&, int k) {
       const int axis = axis_of(a, k);
       return index_select(a, axis, {a.dim(axis) - 1, 0, a.dim(axis) - 1});
     }},
    {"triu", [](const Tensor& a, const Tensor&, int k) { return triu(a, k - 1); }},
    {"diagonal", [](const Tensor& a, const Tensor&, int) { return diagonal(a); }},
    {"combination", [](const Tensor& a, const Tensor& b, int k) {
       return linear_combination({a, b, a}, {0.5, -1, 0.25 * k});
     }},
    {"stop", [](const Tensor& a, const Tensor& b, int) { return a * stop_gradient(b); }},
};

class Program {
 public:
  explicit Program(std::span<const std::byte> bytes) : bytes_(bytes) {
    const Shape shapes[] = {{}, {1}, {3}, {2, 3}, {3, 2}, {2, 1, 3}, {0}, {3, 3}, {17}};
    for (int leaf = 0; leaf < 2; ++leaf) {
      const Shape shape = shapes[next() % std::size(shapes)];
      std::vector<double> values;
      for (int64_t i = 0; i < shape.size(); ++i) values.push_back((next() - 128) / 64.0);
      leaves.push_back(tensor(values, shape, DType::float64));
    }
    while (at_ + 3 <= bytes_.size() && steps_.size() < 24) steps_.push_back({next(), next(), next()});
  }

  // Refused, large and not finite results are left out, so that the same instructions run whatever the mode.
  Tensor run(const Tensors& inputs) {
    Tensors stack = inputs;
    text = "";
    for (const Step& step : steps_) {
      const Instruction& op = instructions[step.op % std::size(instructions)];
      const size_t a = step.a % stack.size(), b = step.b % stack.size();
      Tensor y;
      try {
        y = op.f(stack[a], stack[b], step.b / 64);
      } catch (const Error&) {
        continue;
      }
      if (y.size() > 256 || y.rank() > 5) continue;
      bool moderate = true;
      for (const double v : y.values()) moderate = moderate && std::abs(v) < 100;
      if (!moderate) continue;
      text += std::string(op.name) + " " + std::to_string(a) + " " + std::to_string(b) + "; ";
      stack.push_back(std::move(y));
    }
    return stack.back();
  }

  Tensors leaves;
  std::string text;

 private:
  struct Step {
    int op, a, b;
  };
  int next() { return at_ < bytes_.size() ? std::to_integer<int>(bytes_[at_++]) : 0; }

  std::span<const std::byte> bytes_;
  size_t at_ = 0;
  std::vector<Step> steps_;
};

double inner(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }

void check(bool holds, const char* what, double a, double b, const Program& program) {
  if (holds) return;
  std::fprintf(stderr, "%s: %.17g and %.17g\n%s\n", what, a, b, program.text.c_str());
  std::abort();
}

}  // namespace

DIMWISE_FUZZ(bytes) {
  Program program(bytes);
  Tensor plain;
  {
    const NoGrad guard;
    plain = program.run(program.leaves);
  }
  Tensors x;
  for (const Tensor& leaf : program.leaves) x.push_back(track(leaf));
  const Tensor y = program.run(x);
  const std::vector<double> recorded = y.values(), unrecorded = plain.values();
  check(recorded.size() == unrecorded.size(), "sizes", static_cast<double>(recorded.size()),
        static_cast<double>(unrecorded.size()), program);
  for (size_t i = 0; i < recorded.size(); ++i)
    check(recorded[i] == unrecorded[i] || (std::isnan(recorded[i]) && std::isnan(unrecorded[i])), "recorded and not",
          recorded[i], unrecorded[i], program);
  if (!y.tracked()) return;

  const Tape tape({y}, x);
  Tensors v;
  for (const Tensor& leaf : x) v.push_back(Rng(1).split(v.size()).normal(leaf.shape(), DType::float64));
  const Tensor w = Rng(2).normal(y.shape(), DType::float64);
  double first = 0, size = 1;
  const Tensors g = tape.pull({w});
  for (size_t i = 0; i < x.size(); ++i) {
    const double part = inner(v[i], g[i]);
    first += part;
    size += sum(abs(v[i] * g[i])).item();
  }
  std::vector<std::vector<Tensor>> line;
  for (const Tensor& direction : v) line.push_back({direction});
  double pushed = 0, second = 0, curved = 0;
  for (auto& coefficients : line) coefficients.emplace_back();
  {
    const NoGrad guard;
    const Tensor push = tape.push(v)[0];
    pushed = push.defined() ? inner(push, w) : 0;
    const Series s = tape.jet(line)[0];
    const double jet = s.at(1).defined() ? inner(s.at(1), w) : 0;
    check(std::abs(jet - pushed) <= 1e-10 * size, "jet and push", jet, pushed, program);
    curved = s.at(2).defined() ? 2 * inner(s.at(2), w) : 0;
  }
  check(std::abs(first - pushed) <= 1e-10 * size, "pull and push", first, pushed, program);

  // The second derivative along v, by a pull of a recorded pull.
  Tensor slope = scalar(0, DType::float64);
  for (size_t i = 0; i < x.size(); ++i) slope = slope + sum(g[i] * v[i]);
  double bends = 1;
  if (slope.tracked()) {
    const Tensors h = Tape({slope}, x).pull({ones({}, DType::float64)});
    for (size_t i = 0; i < x.size(); ++i) {
      second += inner(v[i], h[i]);
      bends += sum(abs(v[i] * h[i])).item();
    }
  }
  check(std::abs(second - curved) <= 1e-8 * (bends + size), "second derivative and jet", second, curved, program);
}
