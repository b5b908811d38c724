#include "apps/common/cnf/density_formulas.hpp"

#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/special_functions/bessel.hpp>
#include <boost/math/tools/roots.hpp>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <vector>

namespace dimwise::app::formulas {
namespace {

constexpr double pi = 3.14159265358979323846;
constexpr double infinity = std::numeric_limits<double>::infinity();

// A point of a curve with its share of the probability.
struct Node {
  double x, y, weight;
};

// Gauss–Legendre nodes of ∫ density(t) dt over [a, b] on the curve (x(t), y(t)), added to `nodes`.
template <class Curve, class Weight>
void add_curve(std::vector<Node>& nodes, double a, double b, int panels, Curve curve, Weight density) {
  using Rule = boost::math::quadrature::gauss<double, 10>;
  const double half = (b - a) / (2 * panels);
  for (int p = 0; p < panels; ++p)
    for (size_t i = 0; i < Rule::abscissa().size(); ++i)
      for (const double sign : {-1.0, 1.0}) {
        const double t = a + half * (2 * p + 1 + sign * Rule::abscissa()[i]);
        Node node = curve(t);
        node.weight = half * Rule::weights()[i] * density(t);
        nodes.push_back(node);
      }
}

double nearest_squared(const std::vector<Node>& nodes, double x, double y) {
  double least = infinity;
  for (const Node& n : nodes) least = std::min(least, (x - n.x) * (x - n.x) + (y - n.y) * (y - n.y));
  return least;
}

// ln Σ weight·N(x; node, sd²I), without underflow.
double gaussians(const std::vector<Node>& nodes, double sd, double x, double y) {
  const double least = nearest_squared(nodes, x, y), scale = 0.5 / (sd * sd);
  double total = 0;
  for (const Node& n : nodes) {
    const double exponent = scale * ((x - n.x) * (x - n.x) + (y - n.y) * (y - n.y) - least);
    if (exponent < 40) total += n.weight * std::exp(-exponent);
  }
  return std::log(total) - scale * least - std::log(2 * pi * sd * sd);
}

// ln(e^−z I₀(z)).
double log_scaled_bessel(double z) {
  if (z < 500) return std::log(boost::math::cyl_bessel_i(0, z)) - z;
  const double u = 1 / (8 * z);  // Hankel's expansion: I₀ itself would overflow
  return std::log1p(u * (1 + u * (4.5 + u * (37.5 + u * 459.375)))) - 0.5 * std::log(2 * pi * z);
}

double noisy_circles(std::initializer_list<double> radii, double sd, double x, double y) {
  const double r = std::hypot(x, y);
  double total = 0, largest = -infinity;
  std::vector<double> terms;
  for (const double radius : radii) {
    terms.push_back(log_scaled_bessel(r * radius / (sd * sd)) - 0.5 * (r - radius) * (r - radius) / (sd * sd));
    largest = std::max(largest, terms.back());
  }
  for (const double term : terms) total += std::exp(term - largest);
  return largest + std::log(total / static_cast<double>(radii.size()) / (2 * pi * sd * sd));
}

constexpr double spiral_sd = 0.1, spiral_shift = 1.0 / 6;

// Uniform noise on (0, 1/6) plus Gaussian noise of sd 0.1: symmetric about 1/12, so that the tails do not cancel.
double spiral_noise(double d) {
  constexpr double root2 = 1.41421356237309504880;
  if (d > spiral_shift / 2) d = spiral_shift - d;
  return 0.5 / spiral_shift *
         (std::erfc(-d / (spiral_sd * root2)) - std::erfc((spiral_shift - d) / (spiral_sd * root2)));
}

double spiral_arm(double x, double y) {
  static const std::vector<Node> nodes = [] {
    std::vector<Node> result;
    add_curve(
        result, 0, 3 * pi, 60,
        [](double n) {
          return Node{-n * std::cos(n) / 3, n * std::sin(n) / 3, 0};
        },
        [](double n) { return 2 * n / (9 * pi * pi); });
    return result;
  }();
  // Beyond nine sd more than the nearest node, contributions are below rounding.
  const double cx = x - spiral_shift / 2, cy = y - spiral_shift / 2;
  const double reach = std::sqrt(nearest_squared(nodes, cx, cy)) + 9 * spiral_sd;
  double total = 0;
  for (const Node& n : nodes)
    if ((cx - n.x) * (cx - n.x) + (cy - n.y) * (cy - n.y) < reach * reach)
      total += n.weight * spiral_noise(x - n.x) * spiral_noise(y - n.y);
  return total;
}

// The pinwheel in polar coordinates of its unwound arm: (r, s) = rho (cos psi, sin psi), and the angle of the point is
// psi − winding.
struct Unwound {
  double rho;
  double angle(double psi) const { return psi - 0.25 * std::exp(rho * std::cos(psi)); }
  double jacobian(double psi) const { return 1 + 0.25 * rho * std::sin(psi) * std::exp(rho * std::cos(psi)); }
  double weight(double psi) const {
    const double r = (rho * std::cos(psi) - 1) / 0.3, s = rho * std::sin(psi) / 0.1;
    return std::exp(-0.5 * (r * r + s * s)) / (2 * pi * 0.3 * 0.1) / std::abs(jacobian(psi));
  }
};

template <class F>
double root(F f, double low, double high) {
  const double at_low = f(low), at_high = f(high);
  if (at_low == 0) return low;
  if (at_high == 0) return high;
  std::uintmax_t iterations = 100;
  const auto bracket = boost::math::tools::toms748_solve(f, low, high, at_low, at_high,
                                                         boost::math::tools::eps_tolerance<double>(50), iterations);
  return 0.5 * (bracket.first + bracket.second);
}

// The ends of the stretches of psi on which the angle is monotone: where an arm folds over itself there are three, else
// one.
std::vector<double> monotone_stretches(const Unwound& u) {
  std::vector<double> ends = {-pi, pi};
  if (u.rho == 0) return ends;
  const double steepest = -std::acos((std::sqrt(1 + 4 * u.rho * u.rho) - 1) / (2 * u.rho));
  if (u.jacobian(steepest) >= 0) return ends;
  const auto jacobian = [&](double psi) { return u.jacobian(psi); };
  ends.insert(ends.begin() + 1, {root(jacobian, -pi, steepest), root(jacobian, steepest, 0.0)});
  return ends;
}

}  // namespace

double eight_gaussians(double x, double y) {
  static const std::vector<Node> nodes = [] {
    std::vector<Node> result;
    for (int k = 0; k < 8; ++k)
      result.push_back({4 / 1.414 * std::cos(k * pi / 4), 4 / 1.414 * std::sin(k * pi / 4), 1.0 / 8});
    return result;
  }();
  return gaussians(nodes, 0.5 / 1.414, x, y);
}

double two_spirals(double x, double y) { return std::log(0.5 * (spiral_arm(x, y) + spiral_arm(-x, -y))); }

double checkerboard(double x, double y) {
  const bool inside = x >= -4 && x < 4 && y >= -4 && y < 4;
  if (!inside || std::fmod(std::floor(x / 2) + std::floor(y / 2), 2) != 0) return -infinity;
  return -std::log(32.0);
}

double pinwheel(double x, double y) {
  const Unwound u{std::hypot(x, y) / 2};
  if (u.rho > 12) return -infinity;
  constexpr double spacing = 2 * pi / 5;
  const double phi = std::atan2(y, x);
  const std::vector<double> ends = monotone_stretches(u);
  double total = 0;
  for (size_t i = 0; i + 1 < ends.size(); ++i) {
    const double a = u.angle(ends[i]), b = u.angle(ends[i + 1]);
    // Each arm that crosses this stretch: the angle equals phi up to a multiple of the spacing. The upper end belongs
    // to the next stretch.
    const double first = std::ceil((std::min(a, b) - phi) / spacing),
                 last = std::ceil((std::max(a, b) - phi) / spacing);
    for (double k = first; k < last; ++k)
      total += u.weight(root([&](double psi) { return u.angle(psi) - phi - k * spacing; }, ends[i], ends[i + 1]));
  }
  return std::log(total / 20);
}

double rings(double x, double y) { return noisy_circles({0.75, 1.5, 2.25, 3.0}, 0.08, x, y); }

double circles(double x, double y) { return noisy_circles({1.5, 3.0}, 0.24, x, y); }

double moons(double x, double y) {
  static const std::vector<Node> nodes = [] {
    std::vector<Node> result;
    const auto even = [](double) { return 0.5 / pi; };
    add_curve(
        result, 0, pi, 12,
        [](double t) {
          return Node{2 * std::cos(t) - 1, 2 * std::sin(t) - 0.2, 0};
        },
        even);
    add_curve(
        result, 0, pi, 12,
        [](double t) {
          return Node{1 - 2 * std::cos(t), 0.8 - 2 * std::sin(t), 0};
        },
        even);
    return result;
  }();
  return gaussians(nodes, 0.2, x, y);
}

double swissroll(double x, double y) {
  static const std::vector<Node> nodes = [] {
    std::vector<Node> result;
    add_curve(
        result, 1.5 * pi, 4.5 * pi, 48,
        [](double t) {
          return Node{t * std::cos(t) / 5, t * std::sin(t) / 5, 0};
        },
        [](double) { return 1 / (3 * pi); });
    return result;
  }();
  return gaussians(nodes, 0.2, x, y);
}

}  // namespace dimwise::app::formulas
