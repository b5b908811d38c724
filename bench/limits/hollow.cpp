#include <memory>

#include "bench/limits/loops.hpp"

namespace dimwise::bench {

namespace {

constexpr int64_t batch = 256, hidden = 256, d_h = 32;
constexpr int64_t width = 64;  // of the transformer
constexpr float over_batch = 1.F / batch;

// Forward and reverse of f_i = v·tanh(W h_i + x_i w + b) + c, h = masked network of x, and of its derivatives.
struct Net {
  int64_t d, rows;  // rows of the transformer: batch·d
  Floats x, w1, b1, w2, b2, wx, wh, bt, v, c, mask1, mask2;
  Floats a, h, z, f, df, gu, gh, ga, gx, gw1, gb1, gw2, gb2, gwx, gwh, gbt, gv, gc;
  Floats s, slope, recorded, ggu, ggz, gslope, gz, gf;  // of the unfused version

  explicit Net(int64_t dimension) : d(dimension), rows(batch * dimension) {
    const auto bound = [](int64_t n) { return 1 / std::sqrt(static_cast<double>(n)); };
    const auto made = [](int64_t n, uint32_t seed, double scale) {
      return numbers(static_cast<size_t>(n), seed, scale);
    };
    x = made(rows, 29, 1.5);
    w1 = made(hidden * d, 20, bound(d));
    b1 = made(hidden, 21, bound(d));
    w2 = made(d * d_h * hidden, 22, bound(hidden));
    b2 = made(d * d_h, 23, bound(hidden));
    wx = made(width, 24, bound(1 + d_h));
    wh = made(d_h * width, 25, bound(1 + d_h));
    bt = made(width, 26, bound(1 + d_h));
    v = made(width, 27, bound(width));
    c = made(1, 28, bound(width));
    mask1.resize(w1.size());
    mask2.resize(w2.size());
    for (int64_t k = 0; k < hidden; ++k) {
      const bool left = k < hidden / 2;
      const int64_t degree = (left ? k : k - hidden / 2) * d / (hidden / 2);
      for (int64_t j = 0; j < d; ++j) {
        mask1[static_cast<size_t>(k * d + j)] = left ? j < degree : j > degree;
        for (int64_t q = 0; q < d_h; ++q)
          mask2[static_cast<size_t>((j * d_h + q) * hidden + k)] = left ? j >= degree : j <= degree;
      }
    }
    for (size_t i = 0; i < w1.size(); ++i) w1[i] *= mask1[i];
    for (size_t i = 0; i < w2.size(); ++i) w2[i] *= mask2[i];
    for (Floats* p : {&f, &df, &gx}) p->resize(x.size());
    for (Floats* p : {&z, &gu}) p->resize(x.size() * width);
    for (Floats* p : {&h, &gh}) p->resize(x.size() * d_h);
    for (Floats* p : {&a, &ga}) p->resize(batch * hidden);
    for (Floats* p : {&gwx, &gbt, &gv}) p->resize(width);
    gw1.resize(w1.size());
    gb1.resize(b1.size());
    gw2.resize(w2.size());
    gb2.resize(b2.size());
    gwh.resize(wh.size());
    gc.resize(1);
  }

  void conditioner() {
    multiply(false, true, batch, hidden, d, x.data(), w1.data(), a.data());
    const float* __restrict bias = b1.data();
    for (int64_t i = 0; i < batch; ++i) {
      float* __restrict row = &a[static_cast<size_t>(i * hidden)];
      for (int64_t k = 0; k < hidden; ++k) row[k] = fast_tanh(row[k] + bias[k]);
    }
    for (int64_t i = 0; i < batch; ++i) std::copy(b2.begin(), b2.end(), h.begin() + i * d * d_h);
    multiply(false, true, batch, d * d_h, hidden, a.data(), w2.data(), h.data(), 1);
  }

  // The transformer and its derivative of that order in one pass over its rows.
  template <int order, bool store>
  void transformer() {
    multiply(false, false, rows, width, d_h, h.data(), wh.data(), z.data());
    float* __restrict zs = z.data(), * __restrict fs = f.data(), * __restrict ds = df.data();
    const float* __restrict w = wx.data(), * __restrict b = bt.data(), * __restrict out = v.data();
    for (int64_t i = 0; i < rows; ++i) {
      float* __restrict zi = zs + i * width;
      const float xi = x[static_cast<size_t>(i)];
      float sum = 0, slope_sum = 0;
      for (int64_t k = 0; k < width; ++k) {
        const float y = fast_tanh(zi[k] + b[k] + xi * w[k]);
        if (store) zi[k] = y;
        sum += y * out[k];
        if (order == 1) slope_sum += out[k] * w[k] * (1 - y * y);
        if (order == 2) slope_sum += out[k] * w[k] * (1 - y * y) * w[k] * -2 * y;
      }
      fs[i] = sum + c[0];
      if (order > 0) ds[i] = slope_sum;
    }
  }

  void forward() {
    conditioner();
    transformer<0, false>();
    keep(f.data());
  }
  void dimwise() {
    conditioner();
    transformer<1, false>();
    keep(df.data());
  }
  void second() {
    conditioner();
    transformer<2, false>();
    keep(df.data());
  }

  // Gradients of (½ Σ f² + Σ df) / batch.
  void train() {
    conditioner();
    transformer<1, true>();
    alignas(64) float sums_w[width] = {}, sums_b[width] = {}, sums_v[width] = {};
    const float* __restrict zs = z.data(), * __restrict w = wx.data(), * __restrict out = v.data();
    float* __restrict gs = gu.data(), * __restrict gxs = gx.data();
    float sum = 0;
    for (int64_t i = 0; i < rows; ++i) {
      const float* __restrict zi = zs + i * width, xi = x[static_cast<size_t>(i)];
      float* __restrict gi = gs + i * width;
      const float g = f[static_cast<size_t>(i)] * over_batch;
      sum += g;
      float to_x = 0;
      for (int64_t k = 0; k < width; ++k) {
        const float y = zi[k], one = 1 - y * y, gk = out[k] * one * (g - over_batch * w[k] * 2 * y);
        gi[k] = gk;
        sums_b[k] += gk;
        sums_v[k] += g * y + over_batch * one * w[k];
        sums_w[k] += gk * xi + over_batch * one * out[k];
        to_x += gk * w[k];
      }
      gxs[i] = to_x;
    }
    std::copy_n(sums_w, width, gwx.begin());
    std::copy_n(sums_b, width, gbt.begin());
    std::copy_n(sums_v, width, gv.begin());
    gc[0] = sum;
    reverse_conditioner();
  }

  // Starts from the cotangent gu of the transformer's hidden layer, and its contribution to gx.
  void reverse_conditioner() {
    multiply(false, true, rows, d_h, width, gu.data(), wh.data(), gh.data());
    multiply(true, false, d_h, width, rows, h.data(), gu.data(), gwh.data());
    sum_rows(gh.data(), gb2.data(), batch, d * d_h);
    multiply(true, false, d * d_h, hidden, batch, gh.data(), a.data(), gw2.data());
    for (size_t i = 0; i < gw2.size(); ++i) gw2[i] *= mask2[i];
    multiply(false, false, batch, hidden, d * d_h, gh.data(), w2.data(), ga.data());
    for (size_t i = 0; i < ga.size(); ++i) ga[i] *= 1 - a[i] * a[i];
    sum_rows(ga.data(), gb1.data(), batch, hidden);
    multiply(true, false, hidden, d, batch, ga.data(), x.data(), gw1.data());
    for (size_t i = 0; i < gw1.size(); ++i) gw1[i] *= mask1[i];
    multiply(false, false, batch, d, hidden, ga.data(), w1.data(), gx.data(), 1);
    keep(gx.data());
  }

  // y = A w for a (rows, width) matrix, or y = Aᵀ w.
  void matvec(bool transposed, const float* matrix, const float* vector, float* y, float beta) const {
    cblas_sgemv(CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, static_cast<blasint>(rows), width, 1, matrix,
                width, vector, 1, beta, y, 1);
  }

  void transformer_unfused() {
    s.resize(z.size());
    for (int64_t i = 0; i < rows; ++i) std::copy(bt.begin(), bt.end(), s.begin() + i * width);
    multiply(false, false, rows, width, d_h, h.data(), wh.data(), s.data(), 1);
    const float* __restrict w = wx.data();
    for (int64_t i = 0; i < rows; ++i) {
      float* __restrict si = &s[static_cast<size_t>(i * width)];
      for (int64_t k = 0; k < width; ++k) si[k] += x[static_cast<size_t>(i)] * w[k];
    }
    const float* __restrict from = s.data();
    float* __restrict to = z.data();
    for (size_t i = 0; i < z.size(); ++i) to[i] = fast_tanh(from[i]);
    std::fill(f.begin(), f.end(), c[0]);
    matvec(false, z.data(), v.data(), f.data(), 1);
  }
  void repeat(const Floats& row, Floats& to) const {
    for (int64_t i = 0; i < rows; ++i) std::copy(row.begin(), row.end(), to.begin() + i * width);
  }

  void forward_unfused() {
    conditioner();
    transformer_unfused();
    keep(f.data());
  }
  void dimwise_unfused() {
    conditioner();
    transformer_unfused();
    repeat(v, gu);
    for (size_t i = 0; i < z.size(); ++i) gu[i] *= 1 - z[i] * z[i];
    matvec(false, gu.data(), wx.data(), df.data(), 0);
    keep(df.data());
  }
  void train_unfused() {
    const size_t n = z.size();
    for (Floats* p : {&slope, &recorded, &ggu, &ggz, &gslope, &gz}) p->resize(n);
    gf.resize(f.size());
    conditioner();
    transformer_unfused();
    // The first backward pass, recorded: slope = 1 − z², recorded = v·slope, df = recorded·wx.
    repeat(v, s);
    for (size_t i = 0; i < n; ++i) slope[i] = 1 - z[i] * z[i];
    for (size_t i = 0; i < n; ++i) recorded[i] = s[i] * slope[i];
    matvec(false, recorded.data(), wx.data(), df.data(), 0);
    // The loss, and the backward pass through both.
    gc[0] = 0;
    for (size_t i = 0; i < f.size(); ++i) gc[0] += gf[i] = f[i] * over_batch;
    repeat(wx, ggu);
    for (float& g : ggu) g *= over_batch;
    sum_rows(recorded.data(), gwx.data(), rows, width);
    for (float& g : gwx) g *= over_batch;
    for (size_t i = 0; i < n; ++i) ggz[i] = ggu[i] * slope[i];
    for (size_t i = 0; i < n; ++i) gslope[i] = ggu[i] * s[i];
    sum_rows(ggz.data(), gv.data(), rows, width);
    for (size_t i = 0; i < n; ++i) gz[i] = -2 * z[i] * gslope[i];
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t k = 0; k < width; ++k)
        gz[static_cast<size_t>(i * width + k)] += gf[static_cast<size_t>(i)] * v[static_cast<size_t>(k)];
    matvec(true, z.data(), gf.data(), gv.data(), 1);
    for (size_t i = 0; i < n; ++i) gu[i] = gz[i] * (1 - z[i] * z[i]);
    sum_rows(gu.data(), gbt.data(), rows, width);
    matvec(true, gu.data(), x.data(), gwx.data(), 1);
    matvec(false, gu.data(), wx.data(), gx.data(), 0);
    reverse_conditioner();
  }

  static double sum(const Floats& values) {
    double total = 0;
    for (const float value : values) total += static_cast<double>(value);
    return total;
  }
};

}  // namespace

Twin limit_hollow(int64_t d) {
  const auto net = std::make_shared<Net>(d);
  Twin twin;
  net->dimwise();
  twin.check = {{"f", squares(net->f)}, {"D1", Net::sum(net->df)}};
  net->second();
  twin.check["D2"] = Net::sum(net->df);
  net->train_unfused();
  net->train();
  twin.check.insert({{"gradient of x", squares(net->gx)},
                     {"gradient of w1", squares(net->gw1)},
                     {"gradient of b1", squares(net->gb1)},
                     {"gradient of w2", squares(net->gw2)},
                     {"gradient of b2", squares(net->gb2)},
                     {"gradient of wx", squares(net->gwx)},
                     {"gradient of wh", squares(net->gwh)},
                     {"gradient of bt", squares(net->gbt)},
                     {"gradient of v", squares(net->gv)},
                     {"gradient of c", squares(net->gc)}});
  twin.cases = {{"fwd", [net] { net->forward(); }},
                {"dimwise", [net] { net->dimwise(); }},
                {"second", [net] { net->second(); }},
                {"train", [net] { net->train(); }},
                {"fwd/unfused", [net] { net->forward_unfused(); }},
                {"dimwise/unfused", [net] { net->dimwise_unfused(); }},
                {"train/unfused", [net] { net->train_unfused(); }}};
  return twin;
}

}  // namespace dimwise::bench
