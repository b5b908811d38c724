#pragma once
// Systems of Moré, Garbow & Hillstrom, Testing Unconstrained Optimization Software (1981), with their standard starts.

#include "autodiff/custom.hpp"
#include "tests/hollow/solve/solve_problems.hpp"

namespace dimwise::test {

struct StandardSystem {
  std::string name;
  Function residual;
  std::vector<double> start;
};

namespace standard {

inline Tensor part(const Tensor& y, int64_t i) { return slice(y, -1, i, i + 1); }

/// The angle of (x, y) in turns, from −1/4 to 3/4.
inline Tensor turns(const Tensor& x, const Tensor& y) {
  using List = std::vector<Tensor>;
  const Tensor squares = x * x + y * y, along_x = -y / (2 * M_PI * squares), along_y = x / (2 * M_PI * squares);
  const auto forward = [](const List& in) {
    std::vector<double> angles;
    const std::vector<double> a = in[0].values(), b = in[1].values();
    for (size_t i = 0; i < a.size(); ++i) {
      const double angle = std::atan2(b[i], a[i]) / (2 * M_PI);
      angles.push_back(angle < -0.25 ? angle + 1 : angle);
    }
    return tensor(angles, in[0].shape(), in[0].dtype());
  };
  return custom({"turns", forward,
                 [=](const List&, const Tensor&, const Tensor& w) {
                   return List{w * stop_gradient(along_x), w * stop_gradient(along_y)};
                 },
                 [=](const List&, const Tensor&, const List& t) {
                   return t[0] * stop_gradient(along_x) + t[1] * stop_gradient(along_y);
                 }},
                {x, y});
}

inline StandardSystem rosenbrock(int64_t n) {
  std::vector<double> start;
  for (int64_t i = 0; i < n; ++i) start.push_back(i % 2 == 0 ? -1.2 : 1);
  const Function f = [n](const Tensor& y) {
    const Tensor odd = slice(y, -1, 0, n, 2), even = slice(y, -1, 1, n, 2);
    return concat({10 * (even - square(odd)), 1 - odd});
  };
  return {"rosenbrock " + std::to_string(n), f, start};
}

inline StandardSystem powell_singular() {
  const Function f = [](const Tensor& y) {
    const Tensor a = part(y, 0), b = part(y, 1), c = part(y, 2), d = part(y, 3);
    return concat({a + 10 * b, std::sqrt(5.0) * (c - d), square(b - 2 * c), std::sqrt(10.0) * square(a - d)});
  };
  return {"powell singular", f, {3, -1, 0, 1}};
}

inline StandardSystem powell_badly_scaled() {
  const Function f = [](const Tensor& y) {
    const Tensor a = part(y, 0), b = part(y, 1);
    return concat({1e4 * a * b - 1, exp(-a) + exp(-b) - 1.0001});
  };
  return {"powell badly scaled", f, {0, 1}};
}

inline StandardSystem wood() {
  const Function f = [](const Tensor& y) {
    const Tensor a = part(y, 0), b = part(y, 1), c = part(y, 2), d = part(y, 3), s = b - square(a), t = d - square(c);
    return concat({-200 * a * s - (1 - a), 200 * s + 20.2 * (b - 1) + 19.8 * (d - 1), -180 * c * t - (1 - c),
                   180 * t + 20.2 * (d - 1) + 19.8 * (b - 1)});
  };
  return {"wood", f, {-3, -1, -3, -1}};
}

inline StandardSystem helical_valley() {
  const Function f = [](const Tensor& y) {
    const Tensor a = part(y, 0), b = part(y, 1), c = part(y, 2);
    return concat({10 * (c - 10 * turns(a, b)), 10 * (sqrt(square(a) + square(b)) - 1), c});
  };
  return {"helical valley", f, {-1, 0, 0}};
}

inline StandardSystem chebyquad(int64_t n) {
  std::vector<double> start;
  for (int64_t i = 1; i <= n; ++i) start.push_back(static_cast<double>(i) / static_cast<double>(n + 1));
  const Function f = [n](const Tensor& y) {
    const Tensor x = 2 * y - 1;
    Tensor before = ones_like(x), now = x;
    std::vector<Tensor> rows;
    for (int64_t k = 1; k <= n; ++k) {
      rows.push_back(mean(now, {-1}, true) + (k % 2 == 0 ? 1 / static_cast<double>(k * k - 1) : 0));
      const Tensor next = 2 * x * now - before;
      before = now;
      now = next;
    }
    return concat(rows);
  };
  return {"chebyquad " + std::to_string(n), f, start};
}

inline StandardSystem brown_almost_linear(int64_t n) {
  const Function f = [n](const Tensor& y) {
    const Tensor linear = y + sum(y, {-1}, true) - static_cast<double>(n + 1);
    return concat({slice(linear, -1, 0, n - 1), prod(y, {-1}, true) - 1});
  };
  return {"brown almost linear " + std::to_string(n), f, std::vector<double>(static_cast<size_t>(n), 0.5)};
}

inline StandardSystem trigonometric(int64_t n) {
  const Function f = [n](const Tensor& y) {
    const Tensor i = arange(1, static_cast<double>(n + 1), 1, y.dtype());
    return static_cast<double>(n) - sum(cos(y), {-1}, true) + i * (1 - cos(y)) - sin(y);
  };
  return {"trigonometric " + std::to_string(n), f,
          std::vector<double>(static_cast<size_t>(n), 1 / static_cast<double>(n))};
}

/// y with its left, or right, neighbours in place of its elements; 0 beyond the ends.
inline Tensor left(const Tensor& y) { return pad(slice(y, -1, 0, y.dim(-1) - 1), -1, 1, 0); }
inline Tensor right(const Tensor& y) { return pad(slice(y, -1, 1, y.dim(-1)), -1, 0, 1); }

inline StandardSystem broyden_tridiagonal(int64_t n) {
  const Function f = [](const Tensor& y) { return (3 - 2 * y) * y - left(y) - 2 * right(y) + 1; };
  return {"broyden tridiagonal " + std::to_string(n), f, std::vector<double>(static_cast<size_t>(n), -1)};
}

inline StandardSystem discrete_boundary_value(int64_t n) {
  const double h = 1 / static_cast<double>(n + 1);
  std::vector<double> t, start;
  for (int64_t i = 1; i <= n; ++i) {
    t.push_back(static_cast<double>(i) * h);
    start.push_back(t.back() * (t.back() - 1));
  }
  const Function f = [=](const Tensor& y) {
    const Tensor shifted = y + tensor(t, y.dtype()) + 1;
    return 2 * y - left(y) - right(y) + h * h / 2 * shifted * shifted * shifted;
  };
  return {"discrete boundary value " + std::to_string(n), f, start};
}

}  // namespace standard

inline std::vector<StandardSystem> standard_systems() {
  using namespace standard;
  return {rosenbrock(2),
          rosenbrock(20),
          powell_singular(),
          powell_badly_scaled(),
          helical_valley(),
          wood(),
          chebyquad(5),
          chebyquad(6),
          chebyquad(7),
          chebyquad(8),
          chebyquad(9),
          brown_almost_linear(10),
          brown_almost_linear(40),
          trigonometric(10),
          broyden_tridiagonal(10),
          discrete_boundary_value(10)};
}

}  // namespace dimwise::test
