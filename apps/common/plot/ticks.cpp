#include "apps/common/plot/ticks.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace dimwise::app {
namespace {

// 1e-05 as 1e-5.
std::string short_exponent(const std::string& text) {
  const size_t e = text.find('e');
  if (e == std::string::npos) return text;
  const size_t digits = text.find_first_not_of("0+-", e + 1);
  return text.substr(0, e + 1) + (text[e + 1] == '-' ? "-" : "") + text.substr(std::min(digits, text.size()));
}

// All labels of an axis with the digits that its step needs.
std::string label(double x, double step, double largest) {
  if (x == 0) return "0";
  const int digits = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  if (largest >= 1e6 || step < 1e-4) return short_exponent(fmt::format("{:.3g}", x));
  if (step >= 1000 && std::fmod(step, 100) == 0) return short_exponent(fmt::format("{:g}k", x / 1000));
  return fmt::format("{:.{}f}", x, digits);
}

}  // namespace

Ticks linear_ticks(double low, double high, int count) {
  Ticks ticks;
  if (!(high > low) || !std::isfinite(high - low)) return ticks;
  const double raw = (high - low) / std::max(count, 1), power = std::pow(10, std::floor(std::log10(raw)));
  const double factor = raw / power;
  const double step = power * (factor < 1.5 ? 1 : factor < 3.5 ? 2 : factor < 7.5 ? 5 : 10);
  const double slack = 1e-9 * step;
  for (double i = std::ceil((low - slack) / step); i * step <= high + slack; ++i) {
    ticks.at.push_back(i * step);
    ticks.labels.push_back(label(i * step, step, std::max(std::abs(low), std::abs(high))));
  }
  return ticks;
}

Ticks log_ticks(double low, double high, int count) {
  Ticks ticks;
  if (!(low > 0) || !(high > low) || !std::isfinite(high)) return ticks;
  const int first = static_cast<int>(std::ceil(std::log10(low) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(high) + 1e-9));
  if (last - first < 1) return linear_ticks(low, high, count);
  const int stride = std::max(1, (last - first + count) / std::max(count, 1));
  for (int power = first; power <= last; power += stride) {
    const double value = std::pow(10, power);
    ticks.at.push_back(value);
    ticks.labels.push_back(
        short_exponent(power >= -2 && power <= 3 ? fmt::format("{:g}", value) : fmt::format("{:.0e}", value)));
  }
  return ticks;
}

}  // namespace dimwise::app
