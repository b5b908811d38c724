#include "apps/common/plot/canvas.hpp"

#include <cairo/cairo-pdf.h>
#include <cairo/cairo-svg.h>
#include <cairo/cairo.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <regex>

namespace dimwise::app {
namespace {

constexpr double points = 0.72;  // typographic points, in which cairo measures SVG and PDF, in a unit

// cairo's coordinates are numbers of fixed point, with few bits before it.
double within(double x) { return std::clamp(x, -1e5, 1e5); }

cairo_status_t append(void* file, const unsigned char* data, unsigned int length) {
  const BytesView bytes = std::as_bytes(std::span(data, length));
  static_cast<Bytes*>(file)->insert(static_cast<Bytes*>(file)->end(), bytes.begin(), bytes.end());
  return CAIRO_STATUS_SUCCESS;
}

void require(cairo_status_t status) {
  if (status != CAIRO_STATUS_SUCCESS)
    fail<ValueError>("figure", "cannot be drawn: ", cairo_status_to_string(status),
                     ". Draw a smaller one, or less in it.");
}

using Surface = std::unique_ptr<cairo_surface_t, void (*)(cairo_surface_t*)>;

cairo_surface_t* make_surface(Format format, int width, int height, double scale, Bytes* file) {
  constexpr double largest = 32767;
  if (!(std::min(width, height) * scale >= 1) || !(std::max(width, height) * scale <= largest))
    fail<ValueError>("figure", "a picture of ", width * scale, " x ", height * scale, " pixels; each must be 1 to ",
                     largest, ". Choose another --dpi, or draw less in it.");
  if (format == Format::png)
    return cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(std::lround(width * scale)),
                                      static_cast<int>(std::lround(height * scale)));
  if (format == Format::svg) return cairo_svg_surface_create_for_stream(append, file, width * points, height * points);
  cairo_surface_t* pdf = cairo_pdf_surface_create_for_stream(append, file, width * points, height * points);
  cairo_pdf_surface_set_metadata(pdf, CAIRO_PDF_METADATA_CREATE_DATE, "");  // equal figures are equal files
  return pdf;
}

// cairo numbers images and surfaces through the process, here they are numbered in the file; and it does not tell SVG
// viewers to leave the pixels of images sharp.
Bytes portable(const Bytes& svg) {
  static const std::regex name(R"((<image )?(id="|#)(surface|image|source-)(\d+))");
  const std::string_view text = dimwise::as_text(svg);
  std::string result;
  std::map<std::string, size_t> numbers;
  size_t done = 0;
  for (std::cregex_iterator at(text.data(), text.data() + text.size(), name), end; at != end; ++at) {
    result += text.substr(done, static_cast<size_t>(at->position()) - done);
    done = static_cast<size_t>(at->position() + at->length());
    if ((*at)[1].matched) result += R"(<image style="image-rendering:pixelated" )";
    const size_t number = numbers.emplace(at->str(4), numbers.size()).first->second;
    result += at->str(2) + at->str(3) + std::to_string(number);
  }
  result += text.substr(done);
  const BytesView bytes = as_bytes(result);
  return {bytes.begin(), bytes.end()};
}

const cairo_font_options_t* font_options() {
  // Without hinting, a text is as wide in all formats and at all resolutions.
  static const cairo_font_options_t* const options = [] {
    cairo_font_options_t* own = cairo_font_options_create();
    cairo_font_options_set_antialias(own, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(own, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(own, CAIRO_HINT_METRICS_OFF);
    return own;
  }();
  return options;
}

cairo_font_face_t* font_face() {
  static cairo_font_face_t* const face =
      cairo_toy_font_face_create("sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
  return face;
}

// Bytes that are not UTF-8, at which cairo would stop, become �.
std::string legible(const std::string& words) {
  using Json = nlohmann::json;
  return Json::parse(Json(words).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
}

// Of a text of size 1.
cairo_text_extents_t extents(const std::string& words) {
  constexpr double size = 100;
  static cairo_scaled_font_t* const font = [] {
    cairo_matrix_t of_font, of_page;
    cairo_matrix_init_scale(&of_font, size, size);
    cairo_matrix_init_identity(&of_page);
    return cairo_scaled_font_create(font_face(), &of_font, &of_page, font_options());
  }();
  cairo_text_extents_t all;
  cairo_scaled_font_text_extents(font, words.c_str(), &all);
  all.x_advance /= size;
  all.y_bearing /= size;
  return all;
}

void paint(cairo_t* page, Color color, double alpha = 1) {
  cairo_set_source_rgba(page, color.r / 255.0, color.g / 255.0, color.b / 255.0, alpha);
}

// Begins a path of the finite points from `first` on. Returns the index after the last.
size_t trace(cairo_t* page, const std::vector<double>& x, const std::vector<double>& y, size_t first) {
  size_t i = first;
  for (; i < x.size() && std::isfinite(x[i]) && std::isfinite(y[i]); ++i)
    cairo_line_to(page, within(x[i]), within(y[i]));
  return i;
}

}  // namespace

const char* name(Format format) { return format == Format::png ? "png" : format == Format::svg ? "svg" : "pdf"; }

const std::vector<Format>& picture_formats() {
  static const std::vector<Format> all{Format::png, Format::svg, Format::pdf};
  return all;
}

struct Canvas::Page {
  Page(Format format, int width, int height, double scale)
      : format(format),
        surface(make_surface(format, width, height, scale, &file), cairo_surface_destroy),
        cairo(cairo_create(surface.get()), cairo_destroy) {}

  Format format;
  Bytes file = {};
  Surface surface;
  std::unique_ptr<cairo_t, void (*)(cairo_t*)> cairo;
};

Canvas::Canvas(Format format, int width, int height, double scale)
    : page_(std::make_unique<Page>(format, width, height, scale)) {
  cairo_t* const page = page_->cairo.get();
  require(cairo_status(page));
  const double unit = format == Format::png ? scale : points;
  cairo_scale(page, unit, unit);
  cairo_set_line_cap(page, CAIRO_LINE_CAP_ROUND);
  cairo_set_line_join(page, CAIRO_LINE_JOIN_ROUND);
  cairo_set_font_face(page, font_face());
  cairo_set_font_options(page, font_options());
  paint(page, {255, 255, 255});
  cairo_paint(page);
}

Canvas::~Canvas() = default;

Bytes Canvas::file() {
  cairo_surface_t* const surface = page_->surface.get();
  require(cairo_status(page_->cairo.get()));
  if (page_->format == Format::png) require(cairo_surface_write_to_png_stream(surface, append, &page_->file));
  cairo_surface_finish(surface);
  require(cairo_surface_status(surface));
  return page_->format == Format::svg ? portable(page_->file) : std::move(page_->file);
}

void Canvas::clip(double x0, double y0, double x1, double y1) {
  cairo_t* const page = page_->cairo.get();
  cairo_save(page);
  cairo_rectangle(page, x0, y0, x1 - x0, y1 - y0);
  cairo_clip(page);
}

void Canvas::unclip() { cairo_restore(page_->cairo.get()); }

void Canvas::fill(double x0, double y0, double x1, double y1, Color color, double alpha) {
  cairo_t* const page = page_->cairo.get();
  paint(page, color, alpha);
  cairo_rectangle(page, x0, y0, x1 - x0, y1 - y0);
  cairo_fill(page);
}

void Canvas::frame(double x0, double y0, double x1, double y1, Color color) {
  cairo_t* const page = page_->cairo.get();
  paint(page, color);
  cairo_set_line_width(page, 1);
  cairo_rectangle(page, x0 - 0.5, y0 - 0.5, x1 - x0 + 1, y1 - y0 + 1);
  cairo_stroke(page);
}

void Canvas::line(double x0, double y0, double x1, double y1, Color color, double width) {
  path({x0, x1}, {y0, y1}, color, width);
}

void Canvas::path(const std::vector<double>& x, const std::vector<double>& y, Color color, double width) {
  cairo_t* const page = page_->cairo.get();
  paint(page, color);
  cairo_set_line_width(page, width);
  for (size_t i = 0; i < x.size(); ++i) {
    i = trace(page, x, y, i);
    cairo_stroke(page);
  }
}

void Canvas::area(const std::vector<double>& x, const std::vector<double>& y, const std::vector<double>& base,
                  Color color, double alpha) {
  cairo_t* const page = page_->cairo.get();
  paint(page, color, alpha);
  for (size_t i = 0; i < x.size(); ++i) {
    const size_t first = i;
    i = trace(page, x, y, i);
    if (i == first) continue;
    for (size_t k = i; k-- > first;) cairo_line_to(page, within(x[k]), within(base[k]));
    cairo_fill(page);
  }
}

void Canvas::disc(double x, double y, double radius, Color color, double alpha) {
  cairo_t* const page = page_->cairo.get();
  if (!std::isfinite(x) || !std::isfinite(y)) return;
  paint(page, color, alpha);
  cairo_arc(page, within(x), within(y), radius, 0, 2 * std::numbers::pi);
  cairo_fill(page);
}

void Canvas::image(const Raster& raster, double x0, double y0, double x1, double y1) {
  cairo_t* const page = page_->cairo.get();
  const int width = raster.width, height = raster.height();
  const Surface image(cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height), cairo_surface_destroy);
  require(cairo_surface_status(image.get()));
  unsigned char* const rows = cairo_image_surface_get_data(image.get());
  const int stride = cairo_image_surface_get_stride(image.get());
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const Color c = raster.pixels[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)];
      const uint32_t pixel = uint32_t{c.r} << 16 | uint32_t{c.g} << 8 | c.b;
      std::memcpy(rows + static_cast<std::ptrdiff_t>(y) * stride + std::ptrdiff_t{4} * x, &pixel, sizeof pixel);
    }
  cairo_surface_mark_dirty(image.get());
  cairo_save(page);
  cairo_translate(page, x0, y0);
  cairo_scale(page, (x1 - x0) / width, (y1 - y0) / height);
  cairo_set_source_surface(page, image.get(), 0, 0);
  cairo_pattern_set_filter(cairo_get_source(page), CAIRO_FILTER_NEAREST);
  cairo_paint(page);
  cairo_restore(page);
}

void Canvas::text(double x, double y, const std::string& words, double size, Color color, Align align, bool upward) {
  cairo_t* const page = page_->cairo.get();
  static const double capital = -extents("H").y_bearing;
  const double behind = align == Align::start ? 0 : align == Align::middle ? 0.5 : 1;
  cairo_save(page);
  paint(page, color);
  cairo_translate(page, x, y);
  if (upward) cairo_rotate(page, -std::numbers::pi / 2);
  cairo_set_font_size(page, size);
  cairo_move_to(page, -behind * text_width(words, size), 0.5 * capital * size);
  cairo_show_text(page, legible(words).c_str());
  cairo_new_path(page);  // or else the next path goes on from the end of the text
  cairo_restore(page);
}

double text_width(const std::string& words, double size) { return extents(legible(words)).x_advance * size; }

}  // namespace dimwise::app
