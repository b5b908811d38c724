#include "apps/vae/pictures.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/report/metrics.hpp"

namespace dimwise::app::vae {

Raster image_grid(const Tensor& images, int64_t height, int64_t width, int64_t columns) {
  constexpr int64_t gap = 1;
  const int64_t n = images.dim(0), rows = (n + columns - 1) / columns;
  const int64_t across = columns * (width + gap) + gap, down = rows * (height + gap) + gap;
  Raster grid{static_cast<int>(across), std::vector<Color>(static_cast<size_t>(across * down), {190, 200, 215})};
  const std::vector<double> ink = images.values();
  for (int64_t i = 0; i < n; ++i) {
    const int64_t left = gap + i % columns * (width + gap), top = gap + i / columns * (height + gap);
    for (int64_t p = 0; p < height * width; ++p) {
      const double v = std::clamp(ink[static_cast<size_t>(i * height * width + p)], 0.0, 1.0);
      const auto gray = static_cast<uint8_t>(std::lround(255 * (1 - v)));
      grid.pixels[static_cast<size_t>((top + p / width) * across + left + p % width)] = {gray, gray, gray};
    }
  }
  return grid;
}

Figure training_figure(const std::string& metrics) {
  const auto smooth = [&](const char* name, const char* label) {
    return running_median(read_metric(metrics, name, label), 25);
  };
  Figure figure{.panels = {}, .columns = 3};
  const auto add = [&](const char* title, const char* unit, const std::vector<Line>& lines) {
    Panel panel{.title = title, .x_label = "step", .y_label = unit};
    for (const Line& line : lines)
      if (!line.x.empty()) panel.lines.push_back(line);
    if (!panel.lines.empty()) figure.panels.push_back(std::move(panel));
  };
  Line validation = read_metric(metrics, "validation_negative_elbo", "validation");
  validation.dots = true;
  add("−ELBO", "nats an image", {smooth("negative_elbo", "training (median of 25)"), validation});
  add("its two parts", "nats an image",
      {smooth("reconstruction", "−log p(x|z)"), smooth("divergence", "log q(z|x) − log p(z)")});
  const Line evaluations = smooth("evaluations", "");
  if (std::any_of(evaluations.y.begin(), evaluations.y.end(), [](double v) { return v > 0; }))
    add("evaluations of the dynamics in a step", "", {evaluations});
  figure.columns = static_cast<int>(std::max<size_t>(figure.panels.size(), 1));
  return figure;
}

}  // namespace dimwise::app::vae
