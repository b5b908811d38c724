#include "hollow/ode/detail/norm.hpp"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/kernels/evaluate.hpp"
#include "autodiff/node.hpp"

namespace dimwise::ode {

namespace {

// The tolerances of each tensor, broadcast to its elements; empty if the scalar tolerance applies.
std::vector<std::vector<double>> spread(const char* what, const State& tolerances, const State& y0) {
  std::vector<std::vector<double>> all(y0.size());
  if (tolerances.empty()) return all;
  if (tolerances.size() != y0.size())
    fail<ValueError>("odeint", what, " has ", tolerances.size(), " tensors for a state of ", y0.size(),
                     ". Give one for each (an undefined one means the scalar), or none.");
  for (size_t i = 0; i < y0.size(); ++i) {
    if (!tolerances[i].defined()) continue;
    all[i] = broadcast_to(stop_gradient(tolerances[i]), y0[i].shape()).values();
    for (const double v : all[i])
      if (!(v >= 0)) fail<ValueError>("odeint", what, "[", i, "] contains ", v, ". Tolerances must be at least 0.");
  }
  return all;
}

constexpr int64_t block = 256;

// Σ f(j)² over [begin, end), with the squares computed in the tensor's dtype.
template <class T, class F>
double squares(int64_t begin, int64_t end, F f) {
  T square[block];
  double total = 0;
  for (int64_t from = begin; from < end; from += block) {
    const int64_t count = std::min(block, end - from);
    for (int64_t j = 0; j < count; ++j) {
      const T value = f(from + j);
      square[j] = value * value;
    }
    total += sum_row(square, count);
  }
  return total;
}

// NaN if there is one.
double largest(const std::vector<double>& norms) {
  double largest = 0;
  for (const double norm : norms) {
    if (std::isnan(norm)) return norm;
    largest = std::max(largest, norm);
  }
  return largest;
}

}  // namespace

Norm::Norm(const State& y0, const OdeOptions& options)
    : rtol_(options.rtol),
      atol_(options.atol),
      rtols_(spread("rtols", options.rtols, y0)),
      atols_(spread("atols", options.atols, y0)),
      controlled_(options.controlled) {
  apart_.assign(y0.size(), false);
  if (!options.per_sample) return;
  Shape rows;
  for (size_t i = 0; i < y0.size(); ++i)
    if (controlled(i) && y0[i].rank() > rows.rank() + 1) rows = y0[i].shape().without(y0[i].rank() - 1);
  rows_ = rows.size();
  for (size_t i = 0; i < y0.size(); ++i) {
    const Shape& shape = y0[i].shape();
    apart_[i] = shape.rank() < rows.rank() || !std::equal(rows.begin(), rows.end(), shape.begin());
  }
}

double Norm::scale(size_t i, size_t j, double size) const {
  return (atols_[i].empty() ? atol_ : atols_[i][j]) + (rtols_[i].empty() ? rtol_ : rtols_[i][j]) * size;
}

State Norm::weights(const State& y) const {
  State w;
  for (size_t i = 0; i < y.size(); ++i)
    w.push_back(dispatch(y[i].dtype(), [&](auto type) {
      using T = decltype(type);
      Tensor result = empty(y[i].shape(), y[i].dtype());
      T* out = result.node()->template data<T>();
      const T* in = y[i].node()->template data<T>();
      const int64_t n = y[i].size();
      if (rtols_[i].empty() && atols_[i].empty()) {
        const T relative = static_cast<T>(rtol_), absolute = static_cast<T>(atol_);
        into<T>(result) = T(1) / (absolute + relative * xt::abs(elements<T>(y[i])));
      } else {
        for (int64_t j = 0; j < n; ++j)
          out[j] = static_cast<T>(1 / scale(i, static_cast<size_t>(j), std::abs(static_cast<double>(in[j]))));
      }
      return result;
    }));
  return w;
}

template <class Square>
std::vector<double> Norm::each_row(const State& like, Square&& square) const {
  std::vector<double> norms;
  const auto add = [&](double total, double count) { norms.push_back(count > 0 ? std::sqrt(total / count) : 0); };
  for (int64_t row = 0; row < rows_; ++row) {
    double total = 0, count = 0;
    for (size_t i = 0; i < like.size(); ++i) {
      if (!controlled(i) || apart_[i]) continue;
      const int64_t length = like[i].size() / rows_;
      total += square(i, row * length, (row + 1) * length);
      count += static_cast<double>(length);
    }
    add(total, count);
  }
  for (size_t i = 0; i < like.size(); ++i)
    if (controlled(i) && apart_[i]) add(square(i, 0, like[i].size()), static_cast<double>(like[i].size()));
  return norms;
}

std::vector<double> Norm::rows(const State& v, const State& w) const {
  return each_row(v, [&](size_t i, int64_t begin, int64_t end) {
    return dispatch(v[i].dtype(), [&](auto type) {
      using T = decltype(type);
      const T *a = v[i].node()->template data<T>(), *b = w[i].node()->template data<T>();
      return squares<T>(begin, end, [&](int64_t j) { return a[j] * b[j]; });
    });
  });
}

std::vector<double> Norm::rows(const State& error, const State& y, const State& y1) const {
  return each_row(y, [&](size_t i, int64_t begin, int64_t end) {
    return dispatch(y[i].dtype(), [&](auto type) {
      using T = decltype(type);
      const T *e = error[i].node()->template data<T>(), *a = y[i].node()->template data<T>(),
              *b = y1[i].node()->template data<T>();
      if (rtols_[i].empty() && atols_[i].empty()) {
        const T relative = static_cast<T>(rtol_), absolute = static_cast<T>(atol_);
        return squares<T>(begin, end, [&](int64_t j) {
          return e[j] / (absolute + relative * std::max(std::abs(a[j]), std::abs(b[j])));
        });
      }
      return squares<T>(begin, end, [&](int64_t j) {
        const double size = std::max(std::abs(a[j]), std::abs(b[j]));
        return static_cast<T>(e[j] / scale(i, static_cast<size_t>(j), size));
      });
    });
  });
}

double Norm::operator()(const State& v, const State& w) const { return largest(rows(v, w)); }

double Norm::operator()(const State& error, const State& y, const State& y1) const {
  return largest(rows(error, y, y1));
}

Component Norm::worst(const State& error, const State& y, const State& y1) const {
  Component worst;
  double largest = -1;
  for (size_t i = 0; i < error.size(); ++i) {
    if (!controlled(i)) continue;
    const std::vector<double> e = error[i].values(), a = y[i].values(), b = y1[i].values();
    for (size_t j = 0; j < e.size(); ++j) {
      const double ratio = std::abs(e[j]) / scale(i, j, std::max(std::abs(a[j]), std::abs(b[j])));
      if (!(ratio <= largest)) {
        largest = ratio;
        worst = {static_cast<int>(i), static_cast<int64_t>(j)};
        if (std::isnan(ratio)) return worst;
      }
    }
  }
  return worst;
}

Component first_non_finite(const State& y) {
  for (size_t i = 0; i < y.size(); ++i)
    if (const int64_t element = dimwise::first_non_finite(y[i]); element >= 0) return {static_cast<int>(i), element};
  return {};
}

std::string describe(const Component& which, const State& y) {
  if (which.tensor < 0) return "none";
  std::ostringstream text;
  const Tensor& x = y[static_cast<size_t>(which.tensor)];
  text << "tensor " << which.tensor << ", element " << which.element << " = "
       << x.values()[static_cast<size_t>(which.element)];
  return text.str();
}

}  // namespace dimwise::ode
