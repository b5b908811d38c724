#include "apps/common/plot/color.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace dimwise::app {
namespace {

constexpr Color hex(uint32_t rgb) {
  return {static_cast<uint8_t>(rgb >> 16), static_cast<uint8_t>(rgb >> 8 & 255), static_cast<uint8_t>(rgb & 255)};
}

using Anchors = std::array<uint32_t, 10>;
constexpr Anchors viridis{0x440154, 0x482878, 0x3e4989, 0x31688e, 0x26828e,
                          0x1f9e89, 0x35b779, 0x6ece58, 0xb5de2b, 0xfde725};
constexpr Anchors magma{0x000004, 0x180f3d, 0x440f76, 0x721f81, 0x9e2f7f,
                        0xcd4071, 0xf1605d, 0xfd9668, 0xfeca8d, 0xfcfdbf};
constexpr std::array<uint32_t, 8> series{0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7,
                                         0x56b4e9, 0xe69f00, 0x000000, 0x9a6324};

// A channel of two colors mixed: a at t = 0, b at t = 1.
uint8_t mix(uint8_t a, uint8_t b, double t) { return static_cast<uint8_t>(std::lround(a + (b - a) * t)); }

}  // namespace

Color colormap(Colormap map, double t) {
  if (std::isnan(t)) return hex(0x808080);
  t = std::clamp(t, 0.0, 1.0);
  if (map == Colormap::gray) return {mix(0, 255, t), mix(0, 255, t), mix(0, 255, t)};
  const Anchors& anchors = map == Colormap::viridis ? viridis : magma;
  const double place = t * (anchors.size() - 1);
  const size_t i = std::min(static_cast<size_t>(place), anchors.size() - 2);
  const Color a = hex(anchors[i]), b = hex(anchors[i + 1]);
  const double part = place - static_cast<double>(i);
  return {mix(a.r, b.r, part), mix(a.g, b.g, part), mix(a.b, b.b, part)};
}

Color series_color(int i) { return hex(series[static_cast<size_t>(i) % series.size()]); }

}  // namespace dimwise::app
