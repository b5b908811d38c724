#include "apps/vae/pictures.hpp"

#include <algorithm>
#include <cmath>

#include "apps/common/report/metrics.hpp"

namespace dimwise::app::vae {

Canvas image_grid(const Tensor& images, int64_t height, int64_t width, int64_t columns, int scale) {
  constexpr int gap = 2;
  const int64_t n = images.dim(0), rows = (n + columns - 1) / columns;
  const int cell_width = static_cast<int>(width) * scale + gap, cell_height = static_cast<int>(height) * scale + gap;
  Canvas canvas(static_cast<int>(columns) * cell_width + gap, static_cast<int>(rows) * cell_height + gap,
                {190, 200, 215});
  const std::vector<double> ink = images.values();
  for (int64_t i = 0; i < n; ++i) {
    const int left = gap + static_cast<int>(i % columns) * cell_width,
              top = gap + static_cast<int>(i / columns) * cell_height;
    for (int64_t p = 0; p < height * width; ++p) {
      const double v = std::clamp(ink[static_cast<size_t>(i * height * width + p)], 0.0, 1.0);
      const auto gray = static_cast<uint8_t>(std::lround(255 * (1 - v)));
      const int x = left + static_cast<int>(p % width) * scale, y = top + static_cast<int>(p / width) * scale;
      canvas.fill(x, y, x + scale, y + scale, {gray, gray, gray});
    }
  }
  return canvas;
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
  add("-ELBO", "nats an image", {smooth("negative_elbo", "training (median of 25)"), validation});
  add("its two parts", "nats an image",
      {smooth("reconstruction", "-log p(x|z)"), smooth("divergence", "log q(z|x) - log p(z)")});
  const Line evaluations = smooth("evaluations", "");
  if (std::any_of(evaluations.y.begin(), evaluations.y.end(), [](double v) { return v > 0; }))
    add("evaluations of the dynamics in a step", "", {evaluations});
  figure.columns = static_cast<int>(std::max<size_t>(figure.panels.size(), 1));
  return figure;
}

}  // namespace dimwise::app::vae
