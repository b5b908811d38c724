#include "apps/common/plot/svg.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise::app {

namespace {

std::string number(double x) {
  std::string s = fmt::format("{:.2f}", std::clamp(x, -1e6, 1e6));
  s.erase(s.find_last_not_of('0') + 1);
  if (s.back() == '.') s.pop_back();
  return s == "-0" ? "0" : s;
}

std::string hex(Color c) { return fmt::format("#{:02x}{:02x}{:02x}", c.r, c.g, c.b); }

std::string escaped(const std::string& words) {
  std::string text;
  for (const char c : words) {
    if (c == '&')
      text += "&amp;";
    else if (c == '<')
      text += "&lt;";
    else if (c == '>')
      text += "&gt;";
    else
      text += c;
  }
  return text;
}

class Svg : public Surface {
 public:
  Svg(int width, int height) {
    const std::string w = std::to_string(width), h = std::to_string(height);
    text_ = R"(<svg xmlns="http://www.w3.org/2000/svg" width=")" + w + "\" height=\"" + h + "\" viewBox=\"0 0 " + w +
            " " + h + "\" font-family=\"Helvetica, Arial, sans-serif\">\n";
    fill(0, 0, width, height, {255, 255, 255}, 1);
  }

  std::string document() const { return text_ + "</svg>\n"; }

  void clip(int x0, int y0, int x1, int y1) override {
    const std::string id = "clip" + std::to_string(clips_++);
    text_ += "<clipPath id=\"" + id + "\">";
    rectangle(x0, y0, x1, y1, "");
    text_ += "</clipPath>\n<g clip-path=\"url(#" + id + ")\">\n";
  }
  void unclip() override { text_ += "</g>\n"; }

  void fill(int x0, int y0, int x1, int y1, Color color, double alpha) override {
    rectangle(x0, y0, x1, y1, paint("fill", color, alpha));
    text_ += '\n';
  }

  void line(double x0, double y0, double x1, double y1, Color color, double width, double alpha) override {
    if (!std::isfinite(x0 + y0 + x1 + y1)) return;
    text_ += "<line" + attribute("x1", x0) + attribute("y1", y0) + attribute("x2", x1) + attribute("y2", y1) +
             paint("stroke", color, alpha) + attribute("stroke-width", width) + " stroke-linecap=\"round\"/>\n";
  }

  void path(const std::vector<double>& x, const std::vector<double>& y, Color color, double width) override {
    std::string points;
    const auto end = [&] {
      if (!points.empty())
        text_ += "<polyline fill=\"none\"" + paint("stroke", color, 1) + attribute("stroke-width", width) +
                 " stroke-linejoin=\"round\" stroke-linecap=\"round\" points=\"" + points + "\"/>\n";
      points.clear();
    };
    for (size_t i = 0; i < x.size(); ++i) {
      if (!std::isfinite(x[i] + y[i]))
        end();
      else
        points += (points.empty() ? "" : " ") + number(x[i]) + "," + number(y[i]);
    }
    end();
  }

  void disc(double x, double y, double radius, Color color, double alpha) override {
    if (!std::isfinite(x + y)) return;
    text_ += "<circle" + attribute("cx", x) + attribute("cy", y) + attribute("r", radius) +
             paint("fill", color, alpha) + "/>\n";
  }

  void text(double x, double y, const std::string& words, double size, Color color, Align align, bool upward) override {
    if (words.empty()) return;
    const char* anchor = align == Align::start ? "start" : align == Align::middle ? "middle" : "end";
    text_ += "<text transform=\"translate(" + number(x) + " " + number(y) + ")" + (upward ? " rotate(-90)" : "") +
             "\"" + attribute("y", size / 2) + attribute("font-size", size / 0.72) + " text-anchor=\"" + anchor + "\"" +
             paint("fill", color, 1) + ">" + escaped(words) + "</text>\n";
  }

 private:
  static std::string attribute(const char* name, double value) {
    return std::string(" ") + name + "=\"" + number(value) + "\"";
  }
  static std::string paint(const std::string& what, Color color, double alpha) {
    return " " + what + "=\"" + hex(color) + "\"" +
           (alpha < 1 ? " " + what + "-opacity=\"" + number(alpha) + "\"" : "");
  }
  void rectangle(int x0, int y0, int x1, int y1, const std::string& look) {
    text_ += "<rect" + attribute("x", x0) + attribute("y", y0) + attribute("width", x1 - x0) +
             attribute("height", y1 - y0) + look + "/>";
  }

  std::string text_;
  int clips_ = 0;
};

}  // namespace

std::string svg(const Figure& figure) {
  for (const Panel& panel : figure.panels)
    if (panel.heat_map) fail<ValueError>("svg", "\"", panel.title, "\" has a heat map. Write it as PNG.");
  const auto [width, height] = figure_size(figure);
  Svg surface(width, height);
  draw(surface, figure);
  return surface.document();
}

void write_svg(const Figure& figure, const std::string& path) {
  try {
    write_atomically(path, as_bytes(svg(figure)));
  } catch (const DataError& unwritable) {
    fail<Error>("svg", unwritable.what(), " Choose another folder or make room.");
  }
}

}  // namespace dimwise::app
