#include <memory>

#include "bench/limits/dopri5.hpp"
#include "bench/limits/loops.hpp"

namespace dimwise::bench {

namespace {

constexpr int64_t width = 64;

// The data that an evaluation stores for its backward pass. Rows of `act`: activations, then their derivatives by x₀
// and by x₁; rows of `pre`: the same before the slope.
struct Evaluation {
  double t = 0;
  Floats y, act[3], pre[3];
};

// The trace is computed by pushing two tangents together with the activations, so each layer is one product of 3·batch
// rows.
class Flow {
 public:
  explicit Flow(int64_t batch) : batch_(batch), start_(static_cast<size_t>(3 * batch)) {
    const int64_t n[] = {3, width, width, width, 2};
    for (int64_t i = 0; i < 4; ++i) {
      const double scale = 4.0 / std::sqrt(static_cast<double>(n[i]));
      w_[i] = numbers(static_cast<size_t>(n[i + 1] * n[i]), static_cast<uint32_t>(80 + 2 * i), scale);
      b_[i] = numbers(static_cast<size_t>(n[i + 1]), static_cast<uint32_t>(81 + 2 * i), scale);
      gw_[i].resize(w_[i].size());
      gb_[i].resize(b_[i].size());
    }
    for (int64_t j = 0; j < width; ++j)
      for (int64_t q = 0; q < 3; ++q) first_[q][j] = w_[0][static_cast<size_t>(j * 3 + q)];
    const Floats z = numbers(static_cast<size_t>(2 * batch), 90, 2.0);
    for (size_t i = 0; i < static_cast<size_t>(batch); ++i) {
      start_[3 * i] = z[2 * i];
      start_[3 * i + 1] = z[2 * i + 1];
    }
    g_.resize(static_cast<size_t>(3 * batch * width));
    spare_.resize(g_.size());
  }

  // Returns the loss and stores its gradient in the members.
  double step() {
    const double loss = solve();
    reverse();
    return loss;
  }
  double gradient() const {
    double total = 0;
    for (int l = 0; l < 4; ++l) total += squares(gw_[l]) + squares(gb_[l]);
    return total;
  }
  int evaluations() const { return evaluations_; }

 private:
  struct Step {
    double h;
    size_t k1, first;  // evaluations: k1, then first … first + 5
  };

  Evaluation& fresh() {
    if (used_ == pool_.size()) {
      pool_.push_back(std::make_unique<Evaluation>());
      for (int l = 0; l < 3; ++l) {
        pool_.back()->act[l].resize(g_.size());
        pool_.back()->pre[l].resize(g_.size());
      }
    }
    return *pool_[used_++];
  }

  void activate(const Floats& pre, const float* __restrict bias, Floats& act) const {
    const int64_t n = batch_ * width;
    const float* __restrict p = pre.data(), * __restrict p0 = p + n, * __restrict p1 = p0 + n;
    float* __restrict a = act.data(), * __restrict a0 = a + n, * __restrict a1 = a0 + n;
    for (int64_t i = 0; i < n; i += width)
      for (int64_t j = 0; j < width; ++j) {
        const float y = fast_tanh(p[i + j] + bias[j]), slope = 1 - y * y;
        a[i + j] = y;
        a0[i + j] = slope * p0[i + j];
        a1[i + j] = slope * p1[i + j];
      }
  }

  void evaluate(double t, const Floats& y, Evaluation& e, Floats& k) {
    const int64_t n = batch_ * width;
    e.t = t;
    e.y = y;
    ++evaluations_;
    float bias[width];
    for (int64_t j = 0; j < width; ++j) bias[j] = b_[0][static_cast<size_t>(j)] + static_cast<float>(t) * first_[2][j];
    float* __restrict p = e.pre[0].data(), * __restrict p0 = p + n, * __restrict p1 = p0 + n;
    for (int64_t i = 0; i < batch_; ++i) {
      const float z0 = y[static_cast<size_t>(3 * i)], z1 = y[static_cast<size_t>(3 * i + 1)];
      for (int64_t j = 0; j < width; ++j) {
        p[i * width + j] = z0 * first_[0][j] + z1 * first_[1][j];
        p0[i * width + j] = first_[0][j];
        p1[i * width + j] = first_[1][j];
      }
    }
    activate(e.pre[0], bias, e.act[0]);
    for (int l = 1; l < 3; ++l) {
      multiply(false, true, 3 * batch_, width, width, e.act[l - 1].data(), w_[l].data(), e.pre[l].data());
      activate(e.pre[l], b_[l].data(), e.act[l]);
    }
    const float* __restrict w0 = w_[3].data(), * __restrict w1 = w0 + width;
    for (int64_t i = 0; i < batch_; ++i) {
      const float* __restrict a = &e.act[2][static_cast<size_t>(i * width)], * __restrict a0 = a + n, * __restrict a1 = a0 + n;
      float s0 = 0, s1 = 0, trace = 0;
      for (int64_t j = 0; j < width; ++j) {
        s0 += a[j] * w0[j];
        s1 += a[j] * w1[j];
        trace += a0[j] * w0[j] + a1[j] * w1[j];
      }
      float* out = &k[static_cast<size_t>(3 * i)];
      out[0] = s0 + b_[3][0];
      out[1] = s1 + b_[3][1];
      out[2] = trace;
    }
  }

  // Converts g from the cotangent of act to that of pre.
  void reverse_activation(const Evaluation& e, int l) {
    const int64_t n = batch_ * width;
    const float* __restrict a = e.act[l].data(), * __restrict p0 = e.pre[l].data() + n, * __restrict p1 = p0 + n;
    float* __restrict g = g_.data(), * __restrict g0 = g + n, * __restrict g1 = g0 + n;
    for (int64_t i = 0; i < n; ++i) {
      const float slope = 1 - a[i] * a[i];
      g[i] = slope * (g[i] - 2 * a[i] * (g0[i] * p0[i] + g1[i] * p1[i]));
      g0[i] *= slope;
      g1[i] *= slope;
    }
  }

  // Adds Jᵀ gk to gy, and the weights' contributions to their gradients.
  void pull(const Evaluation& e, const Floats& gk, Floats& gy) {
    const int64_t n = batch_ * width;
    const float* __restrict w0 = w_[3].data(), * __restrict w1 = w0 + width;
    float* __restrict d0 = gw_[3].data(), * __restrict d1 = d0 + width;
    for (int64_t i = 0; i < batch_; ++i) {
      const float* from = &gk[static_cast<size_t>(3 * i)];
      const float k0 = from[0], k1 = from[1], trace = from[2];
      const float* __restrict a = &e.act[2][static_cast<size_t>(i * width)], * __restrict a0 = a + n, * __restrict a1 = a0 + n;
      float* __restrict g = &g_[static_cast<size_t>(i * width)], * __restrict g0 = g + n, * __restrict g1 = g0 + n;
      for (int64_t j = 0; j < width; ++j) {
        g[j] = k0 * w0[j] + k1 * w1[j];
        g0[j] = trace * w0[j];
        g1[j] = trace * w1[j];
        d0[j] += k0 * a[j] + trace * a0[j];
        d1[j] += k1 * a[j] + trace * a1[j];
      }
      gb_[3][0] += k0;
      gb_[3][1] += k1;
    }
    for (int l = 2; l >= 1; --l) {
      reverse_activation(e, l);
      float* __restrict gb = gb_[l].data();
      for (int64_t i = 0; i < n; i += width)
        for (int64_t j = 0; j < width; ++j) gb[j] += g_[static_cast<size_t>(i + j)];
      multiply(true, false, width, width, 3 * batch_, g_.data(), e.act[l - 1].data(), gw_[l].data(), 1);
      multiply(false, false, 3 * batch_, width, width, g_.data(), w_[l].data(), spare_.data());
      g_.swap(spare_);
    }
    reverse_activation(e, 0);
    float sums[width] = {}, to0[width] = {}, to1[width] = {};
    for (int64_t i = 0; i < batch_; ++i) {
      const float z0 = e.y[static_cast<size_t>(3 * i)], z1 = e.y[static_cast<size_t>(3 * i + 1)];
      const float* __restrict g = &g_[static_cast<size_t>(i * width)], * __restrict g0 = g + n, * __restrict g1 = g0 + n;
      float s0 = 0, s1 = 0;
      for (int64_t j = 0; j < width; ++j) {
        s0 += g[j] * first_[0][j];
        s1 += g[j] * first_[1][j];
        sums[j] += g[j];
        to0[j] += z0 * g[j] + g0[j];
        to1[j] += z1 * g[j] + g1[j];
      }
      gy[static_cast<size_t>(3 * i)] += s0;
      gy[static_cast<size_t>(3 * i + 1)] += s1;
    }
    for (size_t j = 0; j < width; ++j) {
      gb_[0][j] += sums[j];
      gw_[0][3 * j] += to0[j];
      gw_[0][3 * j + 1] += to1[j];
      gw_[0][3 * j + 2] += static_cast<float>(e.t) * sums[j];
    }
  }

  double solve() {
    const size_t n = start_.size();
    Floats y = start_, next(n), k[7];
    for (Floats& v : k) v.resize(n);
    steps_.clear();
    used_ = 0;
    evaluations_ = 0;
    double t = 0, h = dopri5::first_step;
    size_t k1 = 0;
    evaluate(0, y, fresh(), k[0]);
    while (t < 1) {
      h = std::min(h, 1 - t);
      const size_t first = used_;
      for (int s = 1; s < 7; ++s) {
        next = y;
        for (int j = 0; j < s; ++j)
          for (size_t i = 0; i < n; ++i) next[i] += static_cast<float>(h * dopri5::a[s][j]) * k[j][i];
        evaluate(t + dopri5::c[s] * h, next, fresh(), k[s]);
      }
      double total = 0;
      constexpr float tolerance = dopri5::tolerance;
      for (size_t i = 0; i < n; ++i) {
        float error = 0;
        for (int j = 0; j < 7; ++j) error += static_cast<float>(h * dopri5::error[j]) * k[j][i];
        const float ratio = error / (tolerance + tolerance * std::max(std::abs(y[i]), std::abs(next[i])));
        total += static_cast<double>(ratio * ratio);
      }
      const double norm = std::sqrt(total / static_cast<double>(n));
      if (norm <= 1) {
        steps_.push_back({h, k1, first});
        k1 = first + 5;
        t += h;
        y.swap(next);
        k[0].swap(k[6]);
        if (1 - t < 1e-9) t = 1;
      } else {
        used_ = first;
      }
      h *= dopri5::factor(norm);
    }
    double loss = 0;
    for (size_t i = 0; i < n; i += 3)
      loss += static_cast<double>(0.5F * (y[i] * y[i] + y[i + 1] * y[i + 1]) - y[i + 2]);
    end_ = y;
    return loss / static_cast<double>(batch_);
  }

  void reverse() {
    const size_t n = start_.size();
    for (int l = 0; l < 4; ++l) {
      std::fill(gw_[l].begin(), gw_[l].end(), 0.F);
      std::fill(gb_[l].begin(), gb_[l].end(), 0.F);
    }
    Floats gy(n), stage(n), gk[7];
    for (Floats& v : gk) v.assign(n, 0.F);
    const float over_batch = 1.F / static_cast<float>(batch_);
    for (size_t i = 0; i < n; i += 3) {
      gy[i] = end_[i] * over_batch;
      gy[i + 1] = end_[i + 1] * over_batch;
      gy[i + 2] = -over_batch;
    }
    for (size_t at = steps_.size(); at-- > 0;) {
      const Step& step = steps_[at];
      if (at + 1 < steps_.size()) pull(*pool_[step.first + 5], gk[0], gy);  // the last stage was the next step's first
      for (int j = 0; j < 6; ++j)
        for (size_t i = 0; i < n; ++i) gk[j][i] = static_cast<float>(step.h * dopri5::a[6][j]) * gy[i];
      for (int s = 5; s >= 1; --s) {
        std::fill(stage.begin(), stage.end(), 0.F);
        pull(*pool_[step.first + static_cast<size_t>(s) - 1], gk[s], stage);
        for (size_t i = 0; i < n; ++i) gy[i] += stage[i];
        for (int j = 0; j < s; ++j)
          for (size_t i = 0; i < n; ++i) gk[j][i] += static_cast<float>(step.h * dopri5::a[s][j]) * stage[i];
      }
    }
    pull(*pool_[0], gk[0], gy);
    keep(gw_[0].data());
  }

  int64_t batch_;
  Floats start_, end_, w_[4], b_[4], gw_[4], gb_[4];
  float first_[3][width];  // the first layer by column: x₀, x₁, t
  std::vector<std::unique_ptr<Evaluation>> pool_;
  std::vector<Step> steps_;
  size_t used_ = 0;
  Floats g_, spare_;
  int evaluations_ = 0;
};

}  // namespace

Twin limit_cnf(int64_t batch) {
  const auto flow = std::make_shared<Flow>(batch);
  const double loss = flow->step();
  return {{{"step", [flow] { flow->step(); }}},
          {{"loss", loss}, {"gradient", flow->gradient()}, {"evaluations", flow->evaluations()}}};
}

}  // namespace dimwise::bench
