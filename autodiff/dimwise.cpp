#include "autodiff/dimwise.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/basic.hpp"
#include "autodiff/error.hpp"
#include "autodiff/rng.hpp"

namespace dimwise {

namespace {

thread_local bool diagonal_check = false;

void check_order(int order) {
  if (order < 1) fail<ValueError>("dimwise", "order ", order, " asked. Use 1 or more.");
}

void check_shapes(const Tensor& y, const Tensor& x) {
  if (y.shape() != x.shape())
    fail<ShapeError>("dimwise", "y has shape ", y.shape(), " where x has ", x.shape(),
                     ". Dimension-wise derivatives need one output for each input.");
}

// Reverse for the first derivative, one jet from the second on: bench/sweep prints both.
bool use_taylor(const Tape& tape, int order, Method method) {
  if (method == Method::automatic) return order >= 2 && tape.has_jets(order);
  return method == Method::taylor;
}

void check_diagonal(const Tape& tape) {
  const Recording off(false);
  const Tensor& y = tape.outputs()[0];
  const Tensor v = Rng(0x5eed).normal(y.shape(), y.dtype());
  const std::vector<double> whole = tape.pull({v})[0].values(), sums = tape.pull({ones_like(y)})[0].values(),
                            weights = v.values();
  double worst = 0, size = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    worst = std::max(worst, std::abs(whole[i] - weights[i] * sums[i]));
    size = std::max({size, std::abs(whole[i]), std::abs(sums[i])});
  }
  const double tolerance = y.dtype() == DType::float32 ? 1e-3 : 1e-9;
  if (worst > tolerance * (1 + size))
    fail<ValueError>("dimwise", "the Jacobian past the held tensors is not diagonal: vᵀJ and v⊙(1ᵀJ) differ by ", worst,
                     ". Hold everything through which x_j reaches y_i, j ≠ i.");
}

// {D¹, …, D^k} of tape's output, all recorded but the last, which is recorded if `last`.
std::vector<Tensor> derivatives(const Tape& tape, int order, Method method, bool last) {
  const Tensor &y = tape.outputs()[0], &x = tape.inputs()[0];
  check_shapes(y, x);
  if (diagonal_check) check_diagonal(tape);
  std::vector<Tensor> result;
  if (use_taylor(tape, order, method)) {
    const Recording recorded(recording() && last);
    std::vector<Tensor> line(static_cast<size_t>(order));
    line[0] = ones({}, x.dtype());
    const Series series = tape.jet({line})[0];
    double factorial = 1;
    for (int k = 1; k <= order; ++k) {
      factorial *= k;
      result.push_back(series.at(k).defined() ? scale(series.at(k), factorial) : zeros_like(x));
    }
    return result;
  }
  for (int k = 1; k <= order; ++k) {
    const Recording recorded(k < order || (recording() && last));
    if (k == 1) {
      result.push_back(tape.pull({ones({}, y.dtype())})[0]);
    } else {
      const Tensor& previous = result.back();
      const Tape again({previous}, {x}, {.holding = tape.holding(), .require_held_used = false});
      result.push_back(again.pull({ones({}, y.dtype())})[0]);
    }
  }
  return result;
}

}  // namespace

DiagonalCheck::DiagonalCheck(bool on) : before_(diagonal_check) { diagonal_check = on; }
DiagonalCheck::~DiagonalCheck() { diagonal_check = before_; }
bool detail::checking() { return diagonal_check; }

Tensor dimwise(const Tensor& y, const Tensor& x, const DimwiseOptions& options) {
  check_order(options.order);
  const Tape tape({y}, {x}, {.holding = options.holding});
  return derivatives(tape, options.order, options.method, options.record).back();
}

std::vector<Tensor> detail::dimwise(const Tensor& x, int order, Method method,
                                    const std::function<Tensor(const Tensor&)>& transformer) {
  check_order(order);
  const bool outer = recording();
  // The transformer must be recorded to be differentiated, whether or not the caller records.
  Tensor inner, y;
  std::vector<Tensor> result;
  const Recording on(true);
  inner = outer ? alias(x) : track(stop_gradient(x));
  y = transformer(inner);
  const Tape tape({y}, {inner});
  const bool keep = outer && (tape.entered() || x.tracked());
  result = derivatives(tape, order, method, keep);
  result.insert(result.begin(), y);
  if (!keep)
    for (Tensor& t : result) t = stop_gradient(t);
  return result;
}

void detail::check_conditioner(const Tensor& x, const Held& h, const std::function<Held(const Tensor&)>& conditioner) {
  const Recording off(false);
  const int64_t d = x.dim(-1), rows = d ? x.size() / d : 0;
  if (rows == 0) return;
  std::vector<double> moved = x.values();
  const std::vector<int64_t> which = Rng(0x5eed).integers(rows, d);
  for (int64_t r = 0; r < rows; ++r) moved[static_cast<size_t>(r * d + which[static_cast<size_t>(r)])] += 0.5;
  const Held after = conditioner(tensor(moved, x.shape(), x.dtype()));
  const double tolerance = x.dtype() == DType::float32 ? 1e-4 : 1e-10;
  for (size_t k = 0; k < h.size(); ++k) {
    const std::vector<double> a = h[k].values(), b = after[k].values();
    const int64_t width = h[k].size() / (rows * d);
    double size = 0;
    for (const double v : a) size = std::max(size, std::abs(v));
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t i = which[static_cast<size_t>(r)];
      for (int64_t j = 0; j < width; ++j) {
        const auto at = static_cast<size_t>((r * d + i) * width + j);
        if (std::abs(a[at] - b[at]) > tolerance * (1 + size))
          fail<ValueError>("dimwise", "the conditioner leaks: h_", i, " changed by ", std::abs(a[at] - b[at]),
                           " when only x_", i, " moved. check_hollow names every leak.");
      }
    }
  }
}

Tensor sum_last(const Tensor& x) {
  const Shape batch = x.shape().without(x.shape().normalize(-1));
  return reshape(sum_to(x, batch.with(batch.rank(), 1)), batch);
}

}  // namespace dimwise
