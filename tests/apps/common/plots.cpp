#include <png.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "apps/common/plot/axes.hpp"
#include "apps/common/plot/figure.hpp"
#include "apps/common/plot/png.hpp"
#include "apps/common/plot/svg.hpp"
#include "apps/common/plot/ticks.hpp"
#include "autodiff/base/error.hpp"
#include "tests/apps/common/temporary_folder.hpp"
#include "tests/catch.hpp"

namespace dimwise::plots_tests {

using namespace dimwise::app;

namespace {

using Labels = std::vector<std::string>;

// The share of pixels that are not of the background.
double inked(const Canvas& canvas) {
  const auto white = std::count(canvas.pixels().begin(), canvas.pixels().end(), Color{255, 255, 255});
  return 1 - static_cast<double>(white) / static_cast<double>(canvas.pixels().size());
}

int count(const Canvas& canvas, Color color) {
  return static_cast<int>(std::count(canvas.pixels().begin(), canvas.pixels().end(), color));
}

}  // namespace

TEST_CASE("ticks stand at nice numbers") {
  CHECK(linear_ticks(0, 1, 5).labels == Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"});
  CHECK(linear_ticks(-0.3, 0.3, 3).labels == Labels{"-0.2", "0", "0.2"});
  CHECK(linear_ticks(-7, 13, 4).labels == Labels{"-5", "0", "5", "10"});
  CHECK(linear_ticks(0, 5000, 5).labels == Labels{"0", "1k", "2k", "3k", "4k", "5k"});
  CHECK(linear_ticks(0, 4e-5, 4).labels == Labels{"0", "1e-5", "2e-5", "3e-5", "4e-5"});
  CHECK(linear_ticks(0, 2e9, 2).labels == Labels{"0", "1e9", "2e9"});
  CHECK(linear_ticks(100.1, 100.3, 2).labels == Labels{"100.1", "100.2", "100.3"});
  CHECK(linear_ticks(1, 1, 5).at.empty());
  CHECK(linear_ticks(0, INFINITY, 5).at.empty());
}

TEST_CASE("logarithmic ticks stand at powers of ten") {
  CHECK(log_ticks(0.5, 2000, 6).labels == Labels{"1", "10", "100", "1000"});
  CHECK(log_ticks(1e-8, 1, 4).at.size() <= 5);
  CHECK(log_ticks(1e-4, 1e-3, 4).labels == Labels{"1e-4", "1e-3"});
  CHECK(log_ticks(2, 5, 3).at.size() >= 3);
  CHECK(log_ticks(0, 5, 3).at.empty());
}

TEST_CASE("a written PNG decodes to the canvas") {
  const TemporaryFolder folder;
  const Canvas canvas = render({.panels = {{.title = "t", .lines = {{{0, 1, 2}, {1, 4, 2}, "a"}}}, {}}, .columns = 2});
  write_png(canvas, folder / "f.png");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_file(&image, (folder / "f.png").c_str()));
  CHECK(image.width == 1040);
  CHECK(image.height == 420);
  image.format = PNG_FORMAT_RGB;
  std::vector<Color> pixels(size_t{1040} * 420);
  REQUIRE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr));
  CHECK(pixels == canvas.pixels());
  CHECK(inked(canvas) > 0.02);
}

TEST_CASE("a picture that cannot be written is an error") {
  CHECK_THROWS_AS(write_png(Canvas(2, 2), "/nowhere/f.png"), Error);
  CHECK_THROWS_AS(write_svg({}, "/nowhere/f.svg"), Error);
  CHECK_THROWS_AS(Canvas(0, 5), ValueError);
}

TEST_CASE("a line covers as many pixels as it is long and wide") {
  Canvas canvas(100, 100, {0, 0, 0});
  const double x0 = 10, y0 = 20, x1 = GENERATE(10.0, 50.0, 90.0), y1 = GENERATE(20.0, 45.0, 90.0);
  canvas.line(x0, y0, x1, y1, {255, 255, 255}, 3);
  double area = 0;
  for (const Color c : canvas.pixels()) area += c.r / 255.0;
  CHECK(area == Approx(3 * std::hypot(x1 - x0, y1 - y0) + 2.25 * M_PI).epsilon(0.02).margin(0.3));
}

TEST_CASE("nothing is drawn outside the clip") {
  Canvas canvas(40, 40);
  canvas.clip(10, 10, 20, 20);
  canvas.fill(-5, -5, 100, 100, {0, 0, 0});
  canvas.line(-1e9, -1e9, 1e9, 1e9, {0, 0, 0}, 5);
  canvas.disc(NAN, 3, 4, {0, 0, 0});
  CHECK(count(canvas, {0, 0, 0}) == 100);
}

TEST_CASE("every printable character has its own picture") {
  std::set<std::string> seen;
  for (char c = ' '; c <= '~'; ++c) {
    if (c == 'O') continue;  // the picture of 0
    Canvas canvas(20, 30);
    canvas.text(3, 15, std::string(1, c), 12, {0, 0, 0});
    std::string shades;
    for (const Color p : canvas.pixels()) shades += static_cast<char>(p.r);
    CHECK(seen.insert(shades).second);
  }
}

TEST_CASE("text stays within its width and can run upward") {
  const std::string words = "Width 42";
  const double width = text_width(words, 12);
  const bool upward = GENERATE(false, true);
  Canvas canvas(200, 200);
  canvas.text(100, 100, words, 12, {0, 0, 0}, Align::middle, upward);
  int low = 200, high = 0;
  for (int y = 0; y < 200; ++y)
    for (int x = 0; x < 200; ++x)
      if (canvas.at(x, y).r < 128) low = std::min(low, upward ? y : x), high = std::max(high, upward ? y : x);
  CHECK(high - low == Approx(width).margin(3));
  CHECK((high + low) / 2.0 == Approx(100).margin(3));
}

TEST_CASE("data land where the axes say") {
  const Panel panel{.scatters = {{{1, 3}, {10, 1000}, "", 3, 1}}, .x_limits = Limits{0, 4}, .log_y = true};
  const Canvas canvas = render({.panels = {panel}});
  const Axes axes = place_axes(panel, 0, 0, 520, 420);
  CHECK(axes.px(2) == Approx((axes.left + axes.right) / 2.0));
  CHECK(axes.py(1000) < axes.py(10));
  CHECK(axes.py(100) == Approx((axes.py(10) + axes.py(1000)) / 2));
  for (const auto& [x, y] : {std::pair{1, 10}, std::pair{3, 1000}})
    CHECK(canvas.at(static_cast<int>(axes.px(x)), static_cast<int>(axes.py(y))) == series_color(0));
}

TEST_CASE("both axes can be logarithmic") {
  const Panel panel{.lines = {{{1, 100, 10000}, {10, 1, 0.1}}}, .log_x = true, .log_y = true};
  const Axes axes = place_axes(panel, 0, 0, 520, 420);
  CHECK(axes.px(100) == Approx((axes.px(1) + axes.px(10000)) / 2));
  CHECK(axes.x.low > 0);
  CHECK_THROWS_AS(render({.panels = {{.x_limits = Limits{0, 1}, .log_x = true}}}), ValueError);
  const Panel odd{.lines = {{{0, -1, 5}, {1, 2, 3}}}, .log_x = true};
  CHECK(inked(render({.panels = {odd}})) > 0.01);
}

TEST_CASE("SVG holds the same lines, dots and words as the raster") {
  const Panel panel{.title = "a < b & c",
                    .y_label = "up",
                    .lines = {{{0, 1, NAN, 3, 4}, {1, 2, 2, 3, 1}, "broken"}},
                    .scatters = {{{1, 2, INFINITY}, {1, 2, 3}, "dots", 3, 0.5}}};
  const std::string text = svg({.panels = {panel}});
  const auto times = [&](const std::string& word) {
    int n = 0;
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++n;
    return n;
  };
  CHECK(text.substr(0, 5) == "<svg ");
  CHECK(text.substr(text.size() - 7) == "</svg>\n");
  CHECK(times("<polyline ") == 2);
  CHECK(times("<circle ") == 3);  // two dots, one in the legend
  CHECK(times("<g ") == times("</g>"));
  CHECK(times(">a &lt; b &amp; c</text>") == 1);
  CHECK(times("rotate(-90)") == 1);
  CHECK(times("nan") + times("inf") == 0);
  const Axes axes = place_axes(panel, 0, 0, 520, 420);
  char place[64];
  std::snprintf(place, sizeof place, "cx=\"%.4g\" cy=\"%.4g\"", axes.px(2), axes.py(2));
  CHECK_THAT(text, Catch::Matchers::Contains(place));
  CHECK_THROWS_AS(svg({.panels = {{.heat_map = HeatMap{.values = {1}, .columns = 1}}}}), ValueError);
}

TEST_CASE("a density is shown the right way up") {
  HeatMap density{.values = {0, 0, 0, 1}, .columns = 2, .x0 = -1, .x1 = 1, .y0 = -1, .y1 = 1};
  const Panel panel{.heat_map = density, .equal_scales = true};
  const Canvas canvas = render({.panels = {panel}});
  const Axes axes = place_axes(panel, 0, 0, 520, 420);
  CHECK(axes.right - axes.left == axes.bottom - axes.top);
  CHECK(canvas.at(axes.right - 3, axes.top + 3) == colormap(Colormap::viridis, 1));
  CHECK(canvas.at(axes.left + 3, axes.bottom - 3) == colormap(Colormap::viridis, 0));
}

TEST_CASE("odd data are drawn or named, never a crash") {
  const Panel odd{.lines = {{{0, 1, NAN, 3}, {1, INFINITY, 2, -1}, "odd"}, {{}, {}, "empty"}}, .log_y = true};
  CHECK(inked(render({.panels = {odd, {}, {.lines = {{{5}, {5}}}}}})) > 0.01);
  CHECK(inked(render({.panels = {}})) == 0);
  CHECK_THROWS_AS(render({.panels = {{.lines = {{{1, 2}, {1}}}}}}), ValueError);
  CHECK_THROWS_AS(render({.panels = {{.heat_map = HeatMap{.values = {1, 2, 3}, .columns = 2}}}}), ValueError);
  CHECK_THROWS_AS(render({.panels = {{.heat_map = HeatMap{.values = {1}, .columns = 1, .x0 = 1, .x1 = 1}}}}),
                  ValueError);
  CHECK_THROWS_AS(render({.panels = {{.y_limits = Limits{2, 1}}}}), ValueError);
}

TEST_CASE("perceptual colors grow lighter") {
  for (const Colormap map : {Colormap::viridis, Colormap::magma, Colormap::gray}) {
    double before = -1;
    for (int i = 0; i <= 100; ++i) {
      const Color c = colormap(map, i / 100.0);
      const double light = 0.2126 * c.r + 0.7152 * c.g + 0.0722 * c.b;
      CHECK(light > before);
      before = light;
    }
  }
  CHECK(colormap(Colormap::magma, NAN) == Color{128, 128, 128});
}

}  // namespace dimwise::plots_tests
