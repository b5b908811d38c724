#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "apps/common/plot/axes.hpp"
#include "apps/common/plot/write.hpp"
#include "autodiff/base/error.hpp"
#include "tests/apps/common/pixels.hpp"
#include "tests/apps/common/temporary_folder.hpp"
#include "tests/catch.hpp"

namespace dimwise::plots_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

using Labels = std::vector<std::string>;

constexpr Color white{255, 255, 255}, black{0, 0, 0};

Pixels drawn(const Figure& figure, int64_t dpi = 100) { return decoded(file_of(figure, Format::png, dpi)); }

std::string text_of(const Bytes& file) { return std::string(as_text(file)); }

int times(const std::string& text, const std::string& word) {
  int n = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++n;
  return n;
}

// The number of pixels of a rectangle that are not white.
int inked(const Pixels& pixels, int x0, int y0, int x1, int y1) {
  int n = 0;
  for (int y = y0; y < y1; ++y)
    for (int x = x0; x < x1; ++x) n += !(pixels.at(x, y) == white);
  return n;
}
int inked(const Pixels& pixels) { return inked(pixels, 0, 0, pixels.width, pixels.height); }

bool near(Color a, Color b) { return std::max({std::abs(a.r - b.r), std::abs(a.g - b.g), std::abs(a.b - b.b)}) < 80; }

// A figure with everything that is drawn.
Figure everything() {
  const Panel curves{.title = "∂f/∂x < λ & µ",
                     .x_label = "Jürgen",
                     .y_label = "up",
                     .lines = {{{0, 1, NAN, 3, 4}, {1, 2, 2, 3, 1}, "broken"}, {{0, 4}, {2, 2}, "filled", true, true}},
                     .scatters = {{{1, 2, INFINITY}, {1, 2, 3}, "dots", 3, 0.5}}};
  const Panel map{.title = "map", .heat_map = HeatMap{.values = {0, 1, 2, 3, 4, 5}, .columns = 3}};
  return {.panels = {curves, map}, .columns = 2};
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

TEST_CASE("a PNG has the size of its figure, and grows with the resolution") {
  const int64_t dpi = GENERATE(50, 100, 137, 200);
  const Pixels pixels = drawn(everything(), dpi);
  CHECK(pixels.width == std::lround(10.4 * static_cast<double>(dpi)));
  CHECK(pixels.height == std::lround(4.2 * static_cast<double>(dpi)));
  // Text and lines grow, too.
  const double share = static_cast<double>(inked(pixels)) / static_cast<double>(pixels.colors.size());
  const Pixels usual = drawn(everything());
  CHECK(share == Approx(static_cast<double>(inked(usual)) / static_cast<double>(usual.colors.size())).epsilon(0.15));
}

TEST_CASE("a PDF has one page, and an SVG one picture, of the size of the figure") {
  const std::string pdf = text_of(file_of(everything(), Format::pdf));
  CHECK(pdf.starts_with("%PDF"));
  CHECK_THAT(pdf, Contains("/Count 1\n") && Contains("[ 0 0 748.8 302.4"));
  CHECK(times(pdf, "/Type /Page\n") + times(pdf, "/Type /Page ") == 1);
  CHECK_THAT(pdf, Contains("DejaVu") || Contains("/FontFile"));
  const std::string svg = text_of(file_of(everything(), Format::svg));
  CHECK(svg.starts_with("<?xml"));
  CHECK_THAT(svg, Contains("width=\"748.8pt\" height=\"302.4pt\"") && Contains("</svg>\n"));
  CHECK(times(svg, "<svg ") == 1);
  CHECK(times(svg, "nan") + times(svg, "inf") == 0);
}

TEST_CASE("equal figures are equal files") {
  for (const Format format : picture_formats()) {
    const std::string first = text_of(file_of(everything(), format));
    CHECK((first == text_of(file_of(everything(), format))));
    CHECK(times(first, "Date") == 0);
    Figure other = everything();
    other.panels[0].title += ".";
    CHECK((first != text_of(file_of(other, format))));
  }
}

TEST_CASE("a figure that cannot be written is an error, and leaves what was there") {
  const TemporaryFolder folder;
  const auto write = [](const Figure& figure, const std::string& path) {
    return write_figure(figure, path, {.formats = picture_formats()});
  };
  CHECK(write(everything(), folder / "f") == Labels{folder / "f.png", folder / "f.svg", folder / "f.pdf"});
  const std::string before = read_text(folder / "f.png");
  CHECK_THROWS_AS(write({.panels = {{.lines = {{{1, 2}, {1}}}}}}, folder / "f"), ValueError);
  CHECK((read_text(folder / "f.png") == before));
  std::filesystem::create_directory(folder / "g.png");
  for (const std::string& path : {folder / "none/f", folder / "g"}) {
    try {
      write(everything(), path);
      FAIL(path);
    } catch (const DataError&) {
      FAIL("not the data are wrong");
    } catch (const Error& error) {
      CHECK_THAT(error.what(), Contains("[figure]") && Contains(path + ".png") && Contains("Choose another folder"));
    }
  }
  CHECK_THROWS_AS(Canvas(Format::png, 0, 5), ValueError);
  CHECK_THROWS_AS(Canvas(Format::png, 40000, 5), ValueError);
  CHECK_THROWS_AS(file_of(everything(), Format::png, 10000), ValueError);
}

TEST_CASE("a line covers as many pixels as it is long and wide") {
  Canvas canvas(Format::png, 100, 100);
  const double x0 = 10, y0 = 20, x1 = GENERATE(30.0, 50.0, 90.0), y1 = GENERATE(20.0, 45.0, 90.0);
  canvas.line(x0, y0, x1, y1, black, 3);
  double area = 0;
  for (const Color c : decoded(canvas.file()).colors) area += 1 - c.r / 255.0;
  CHECK(area == Approx(3 * std::hypot(x1 - x0, y1 - y0) + 2.25 * M_PI).epsilon(0.02).margin(0.3));
}

TEST_CASE("nothing is drawn outside the clip") {
  Canvas canvas(Format::png, 40, 40);
  canvas.clip(10, 10, 20, 20);
  canvas.fill(-5, -5, 100, 100, black);
  canvas.line(-1e9, -1e9, 1e9, 1e9, black, 5);
  canvas.disc(NAN, 3, 4, black);
  canvas.area({-1e9, 15, 1e9}, {-1e9, 15, 1e9}, {1e4, 1e4, 1e4}, black, 1);
  canvas.unclip();
  canvas.fill(30, 30, 31, 31, black);
  const Pixels pixels = decoded(canvas.file());
  CHECK(pixels.count(black) == 101);
  CHECK(inked(pixels) == 101);
}

TEST_CASE("a line to a point far away leaves in its direction") {
  const double far = GENERATE(1e6, 1e7, 3e8, 1e9, 5e9, 1e12, 1e300);
  Canvas canvas(Format::png, 100, 100);
  canvas.path({50, 50}, {50, -far}, black, 2);
  canvas.path({50, far}, {60, 60}, black, 2);
  const Pixels pixels = decoded(canvas.file());
  CHECK(inked(pixels, 48, 0, 53, 48) == 2 * 48);
  CHECK(inked(pixels, 52, 57, 100, 63) == 2 * 48);
  CHECK(inked(pixels, 0, 0, 48, 100) + inked(pixels, 0, 63, 100, 100) == 0);
}

TEST_CASE("every character has its own picture, mathematics, Greek and accents too") {
  std::set<std::string> seen;
  const auto picture = [](const std::string& words) {
    Canvas canvas(Format::png, 40, 40);
    canvas.text(5, 20, words, 20, black);
    std::string shades;
    for (const Color p : decoded(canvas.file()).colors) shades += static_cast<char>(p.r);
    return shades;
  };
  seen.insert(picture("\uE000"));  // has none: what is drawn for a missing one
  for (char c = ' '; c <= '~'; ++c) CHECK(seen.insert(picture(std::string(1, c))).second);
  for (const char* c : {"∂", "λ", "ρ", "σ", "ü", "ß", "é", "−", "≤", "±", "×", "√", "²", "′", "‖", "…"}) {
    INFO(c);
    CHECK(seen.insert(picture(c)).second);
  }
  CHECK((picture("a\xff") == picture("a\uFFFD")));  // not UTF-8
}

TEST_CASE("text stays within its width and can run upward") {
  const std::string words = "Width 42";
  const double width = text_width(words, 16);
  CHECK(width == Approx(2 * text_width(words, 8)));
  const bool upward = GENERATE(false, true);
  Canvas canvas(Format::png, 200, 200);
  canvas.text(100, 100, words, 16, black, Align::middle, upward);
  const Pixels pixels = decoded(canvas.file());
  int low = 200, high = 0, above = 200, below = 0;
  for (int y = 0; y < 200; ++y)
    for (int x = 0; x < 200; ++x)
      if (pixels.at(x, y).r < 128) {
        low = std::min(low, upward ? y : x), high = std::max(high, upward ? y : x);
        above = std::min(above, upward ? x : y), below = std::max(below, upward ? x : y);
      }
  CHECK(high - low == Approx(width).margin(4));
  CHECK((high + low) / 2.0 == Approx(100).margin(3));
  CHECK((above + below) / 2.0 == Approx(100).margin(2));
  CHECK(below - above == Approx(0.73 * 16).margin(2));
}

TEST_CASE("a line begins at its own first point, also after a text and beside gaps") {
  Canvas canvas(Format::png, 200, 100);
  canvas.text(5, 10, "before", 16, black);
  canvas.path({150, 190, NAN, 150, 190}, {90, 90, 50, 70, 70}, {255, 0, 0}, 2);
  canvas.text(5, 10, "before", 16, black);
  canvas.disc(170, 30, 5, {0, 0, 255});
  const Pixels pixels = decoded(canvas.file());
  CHECK(inked(pixels, 0, 25, 140, 100) == 0);
  CHECK(inked(pixels, 140, 36, 200, 68) == 0);
  CHECK(inked(pixels, 140, 72, 200, 88) == 0);
  CHECK(pixels.count({255, 0, 0}) >= 2 * 2 * 40);
}

TEST_CASE("data land where the axes say") {
  const int64_t dpi = GENERATE(100, 200);
  const double scale = static_cast<double>(dpi) / 100;
  const Panel panel{.lines = {{{0, 1, 2.5, 4}, {20, 10, 1000, 200}}},
                    .scatters = {{{1, 3}, {30, 500}, "", 3, 1}},
                    .x_limits = Limits{0, 4},
                    .log_y = true};
  const Pixels pixels = drawn({.panels = {panel}}, dpi);
  const Axes axes = place_axes(panel, 0, 0, 520, 420);
  CHECK(axes.px(2) == Approx((axes.left + axes.right) / 2.0));
  CHECK(axes.py(1000) < axes.py(10));
  CHECK(axes.py(100) == Approx((axes.py(10) + axes.py(1000)) / 2));
  for (const auto& [x, y] : {std::pair{1, 30}, std::pair{3, 500}})
    CHECK(pixels.at(scale * axes.px(x), scale * axes.py(y)) == series_color(0));
  const Line& line = panel.lines[0];
  for (size_t i = 0; i + 1 < line.x.size(); ++i)
    for (double part = 0.05; part < 1; part += 0.05) {
      const double u = axes.px(line.x[i]) * (1 - part) + axes.px(line.x[i + 1]) * part;
      const double v = axes.py(line.y[i]) * (1 - part) + axes.py(line.y[i + 1]) * part;
      INFO(u << " " << v);
      CHECK(near(pixels.at(scale * u, scale * v), series_color(1)));
    }
}

TEST_CASE("both axes can be logarithmic") {
  const Panel panel{.lines = {{{1, 100, 10000}, {10, 1, 0.1}}}, .log_x = true, .log_y = true};
  const Axes axes = place_axes(panel, 0, 0, 520, 420);
  CHECK(axes.px(100) == Approx((axes.px(1) + axes.px(10000)) / 2));
  CHECK(axes.x.low > 0);
  CHECK_THROWS_AS(drawn({.panels = {{.x_limits = Limits{0, 1}, .log_x = true}}}), ValueError);
  const Panel odd{.lines = {{{0, -1, 5}, {1, 2, 3}}}, .log_x = true};
  CHECK(inked(drawn({.panels = {odd}})) > 2000);
}

TEST_CASE("title, labels and numbers are written beside the axes") {
  const Panel panel{.title = "title", .x_label = "x", .y_label = "y", .lines = {{{0, 1}, {0, 1}}}};
  const Pixels pixels = drawn({.panels = {panel}});
  const Axes a = place_axes(panel, 0, 0, 520, 420);
  const int x = (a.left + a.right) / 2, y = (a.top + a.bottom) / 2;
  CHECK(inked(pixels, x - 25, 8, x + 25, a.top - 8) > 100);
  CHECK(inked(pixels, 0, 0, x - 30, a.top - 8) == 0);
  CHECK(inked(pixels, x - 8, a.bottom + 28, x + 8, 420) > 20);
  CHECK(inked(pixels, 0, y - 8, 26, y + 8) > 20);
  for (const double at : x_ticks(a).at) {
    const int u = static_cast<int>(a.px(at));
    CHECK(inked(pixels, u - 8, a.bottom + 8, u + 9, a.bottom + 22) > 20);
  }
  for (const double at : y_ticks(a).at) {
    const int v = static_cast<int>(a.py(at));
    CHECK(inked(pixels, a.left - 20, v - 7, a.left - 7, v + 8) > 20);
  }
  // As glyphs in SVG.
  const auto glyphs = [](const Panel& p) {
    return times(text_of(file_of(Figure{{p}}, Format::svg)), "<use xlink:href=\"#glyph");
  };
  Panel longer = panel;
  longer.title += "∂λü";
  CHECK(glyphs(longer) == glyphs(panel) + 3);
  CHECK(glyphs(panel) > 10);
}

TEST_CASE("labels lie within their panel, however long they are") {
  std::string words = "a label that is much longer than the side of its panel";
  for (int i = 0; i < 3; ++i) words += ", " + words;
  Panel wide{.title = words, .x_label = words, .y_label = words};
  wide.lines = {{{0, 1}, {123456.001, 123456.002}, words}};
  Panel ends{.title = words, .lines = {{{0, 1}, {0, 1}}}, .x_limits = Limits{100000, 100000.5}};
  Panel map{.title = "map", .x_label = "x", .heat_map = HeatMap{.values = {99999.998, 100000.002}, .columns = 1}};
  map.x_limits = Limits{1e-7, 3e-7};
  map.heat_map->x0 = 1e-7, map.heat_map->x1 = 3e-7;
  map.equal_scales = false;
  for (const Panel& panel : {wide, ends, map}) {
    const Pixels pixels = drawn({.panels = {panel, panel}, .columns = 2});
    for (const int left : {0, 520}) {
      CHECK(inked(pixels, left, 0, left + 520, 3) == 0);
      CHECK(inked(pixels, left, 417, left + 520, 420) == 0);
      CHECK(inked(pixels, left, 0, left + 3, 420) == 0);
      CHECK(inked(pixels, left + 517, 0, left + 520, 420) == 0);
    }
    CHECK(inked(pixels) > 2000);
  }
}

TEST_CASE("labels of ticks do not touch") {
  const Limits ranges[]{{0, 1}, {-1, 1}, {100000.001, 100000.009}, {-99999.5, 99998.7}, {1e-5, 3.1e-5}, {0, 3e9}};
  for (const Limits& range : ranges)
    for (const bool log : {false, true})
      for (int size = 90; size < 900; size += 45) {
        if (log && range.low <= 0) continue;
        Panel panel{.x_limits = range, .y_limits = range, .log_x = log, .log_y = log};
        const Axes axes = place_axes(panel, 0, 0, size + 150, size);
        const Ticks x = x_ticks(axes), y = y_ticks(axes);
        INFO(range.low << " to " << range.high << " on " << size);
        CHECK(x.at.size() >= 1);
        CHECK((x.at.size() >= 2 || size < 350));
        for (size_t i = 1; i < x.at.size(); ++i)
          CHECK(axes.px(x.at[i]) - axes.px(x.at[i - 1]) >
                (text_width(x.labels[i], label_size) + text_width(x.labels[i - 1], label_size)) / 2 + 3);
        for (size_t i = 1; i < y.at.size(); ++i) CHECK(axes.py(y.at[i - 1]) - axes.py(y.at[i]) > label_size + 3);
      }
}

TEST_CASE("a legend of many lines fits between the axes") {
  Panel panel{.x_limits = Limits{0, 1}, .y_limits = Limits{0, 1}};
  for (int i = 0; i < 40; ++i) panel.lines.push_back({{}, {}, "solver " + std::to_string(i)});
  const Pixels pixels = drawn({.panels = {panel}});
  const Axes axes = place_axes(panel, 0, 0, 520, 420);
  std::map<int, int> rows;  // of the frame's color
  for (int y = axes.top; y < axes.bottom; ++y)
    for (int x = axes.left; x < axes.right; ++x) rows[y] += pixels.at(x, y) == Color{190, 194, 200};
  int sides = 0;
  for (const auto& [y, n] : rows) sides += n > 50;
  CHECK(sides == 2);
}

TEST_CASE("a density is shown the right way up, a color for each value") {
  const HeatMap density{.values = {0, 1, 2, 3, 4, 5}, .columns = 2, .x0 = -1, .x1 = 1, .y0 = -1, .y1 = 1};
  const Panel panel{.heat_map = density, .equal_scales = true};
  const int64_t dpi = GENERATE(100, 170);
  const double scale = static_cast<double>(dpi) / 100;
  const Pixels pixels = drawn({.panels = {panel}}, dpi);
  const Axes axes = place_axes(panel, 0, 0, 520, 420);
  CHECK(axes.right - axes.left == axes.bottom - axes.top);
  for (int row = 0; row < 3; ++row)
    for (int column = 0; column < 2; ++column)
      CHECK(pixels.at(scale * axes.px(column - 0.5), scale * axes.py((row - 1) * 2.0 / 3)) ==
            colormap(Colormap::viridis, (2 * row + column) / 5.0));
  const auto inside = [&](double edge, int sign) { return static_cast<int>(scale * edge) + 2 * sign; };
  std::map<std::tuple<int, int, int>, int> colors;
  for (int y = inside(axes.top, 1); y < inside(axes.bottom, -1); ++y)
    for (int x = inside(axes.left, 1); x < inside(axes.right, -1); ++x) {
      const Color c = pixels.at(x, y);
      ++colors[{c.r, c.g, c.b}];
    }
  CHECK(colors.size() == 6);  // neighbors are not mixed
  CHECK_THAT(text_of(file_of(Figure{{panel}}, Format::svg)), Contains("<image style=\"image-rendering:pixelated\""));
  const std::string pdf = text_of(file_of(Figure{{panel}}, Format::pdf));
  CHECK(times(pdf, "/Interpolate false") == 2);  // the map and its bar
  CHECK(times(pdf, "/Interpolate true") == 0);
}

TEST_CASE("heat maps of one range show equal values in equal colors") {
  const auto map = [](std::vector<double> values) {
    return Panel{.heat_map = HeatMap{.values = std::move(values), .columns = 2}};
  };
  std::vector<Panel> panels{map({0, 1, 1, 1}), {}, map({-2, 1, NAN, 2})};
  share_range(panels);
  const Pixels pixels = drawn({.panels = panels});
  const Axes axes = place_axes(panels[0], 0, 0, 520, 420);
  const auto shown = [&](int panel, double x, double y) { return pixels.at(520 * panel + axes.px(x), axes.py(y)); };
  CHECK(shown(0, 0.75, 0.25) == colormap(Colormap::viridis, 0.75));
  CHECK(shown(2, 0.75, 0.25) == colormap(Colormap::viridis, 0.75));
  CHECK(shown(0, 0.25, 0.25) == colormap(Colormap::viridis, 0.5));
  CHECK(shown(2, 0.75, 0.75) == colormap(Colormap::viridis, 1));
  CHECK(shown(2, 0.25, 0.75) == colormap(Colormap::viridis, NAN));
  CHECK_THROWS_AS(drawn({.panels = {{.heat_map = HeatMap{.values = {1}, .columns = 1, .range = Limits{2, 2}}}}}),
                  ValueError);
}

TEST_CASE("an image keeps its pixels") {
  const Raster image{3, {{1, 2, 3}, white, black, {255, 0, 0}, {0, 255, 0}, {4, 5, 6}}};
  for (const auto& [dpi, side] : {std::pair{20, 1}, {50, 1}, {100, 2}, {130, 3}, {300, 6}}) {
    const Pixels pixels = decoded(file_of(image, Format::png, dpi));
    CHECK(pixels.width == 3 * side);
    REQUIRE(pixels.height == 2 * side);
    for (int y = 0; y < 2 * side; ++y)
      for (int x = 0; x < 3 * side; ++x)
        CHECK(pixels.at(x, y) == image.pixels[static_cast<size_t>(y / side * 3 + x / side)]);
  }
  CHECK_THAT(text_of(file_of(image, Format::svg)), Contains("width=\"3\" height=\"2\""));
}

TEST_CASE("a histogram is a density of the values within its limits") {
  const Line bars = histogram({0.01, 0.02, 0.99, 1.5, 1, -1}, {0, 1}, "data");
  CHECK(bars.filled);
  CHECK(bars.y.front() == Approx(2 / (6.0 / 30)));
  CHECK(bars.y.back() == Approx(1 / (6.0 / 30)));
  double area = 0;
  for (size_t i = 0; i + 1 < bars.x.size(); i += 2) area += (bars.x[i + 1] - bars.x[i]) * bars.y[i];
  CHECK(area == Approx(0.5));
  const Panel panel{.lines = {{{0, 1}, {3, 3}, "", false, true}}, .y_limits = Limits{-1, 4}};
  const Pixels pixels = drawn({.panels = {panel}});
  const Axes axes = place_axes(panel, 0, 0, 520, 420);
  CHECK(near(pixels.at(axes.px(0.47), axes.py(1.4)), {191, 220, 236}));
  CHECK(pixels.at(axes.px(0.47), axes.py(-0.5)) == white);
  CHECK(pixels.at(axes.px(0.47), axes.py(3.5)) == white);
}

TEST_CASE("odd data are drawn or named, never a crash") {
  const Panel odd{.lines = {{{0, 1, NAN, 3}, {1, INFINITY, 2, -1}, "odd"}, {{}, {}, "empty"}}, .log_y = true};
  CHECK(inked(drawn({.panels = {odd, {}, {.lines = {{{5}, {5}}}}}})) > 5000);
  CHECK(inked(drawn({.panels = {}})) == 0);
  CHECK(drawn({.panels = {{.lines = {{{5}, {5}}}}}}).count(series_color(0)) > 20);  // a single point is a dot
  CHECK_THROWS_AS(drawn({.panels = {{.lines = {{{1, 2}, {1}}}}}}), ValueError);
  CHECK_THROWS_AS(drawn({.panels = {{.heat_map = HeatMap{.values = {1, 2, 3}, .columns = 2}}}}), ValueError);
  CHECK_THROWS_AS(drawn({.panels = {{.heat_map = HeatMap{.values = {1}, .columns = 1, .x0 = 1, .x1 = 1}}}}),
                  ValueError);
  CHECK_THROWS_AS(drawn({.panels = {{.y_limits = Limits{2, 1}}}}), ValueError);
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
