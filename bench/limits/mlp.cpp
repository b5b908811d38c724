#include <memory>

#include "bench/limits/loops.hpp"

namespace dimwise::bench {

namespace {

constexpr int64_t batch = 256, n0 = 784, n1 = 1024, n2 = 1024, n3 = 10;

void bias_tanh(float* __restrict y, const float* __restrict bias, int64_t columns) {
  for (int64_t i = 0; i < batch; ++i)
    for (int64_t j = 0; j < columns; ++j) y[i * columns + j] = fast_tanh(y[i * columns + j] + bias[j]);
}

// g ← g(1 − y²), and the sums of its columns.
void reverse_tanh(float* __restrict g, const float* __restrict y, float* __restrict sums, int64_t columns) {
  std::fill(sums, sums + columns, 0.F);
  for (int64_t i = 0; i < batch; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      const float v = g[i * columns + j] * (1 - y[i * columns + j] * y[i * columns + j]);
      g[i * columns + j] = v;
      sums[j] += v;
    }
}

struct Parameter {
  Floats value, gradient, m, v;

  Parameter(int64_t n, uint32_t seed, int64_t fan_in)
      : value(numbers(static_cast<size_t>(n), seed, 1 / std::sqrt(static_cast<double>(fan_in)))),
        gradient(value.size()),
        m(value.size()),
        v(value.size()) {}
};

struct Training {
  Parameter w1{n1 * n0, 10, n0}, b1{n1, 11, n0}, w2{n2 * n1, 12, n1}, b2{n2, 13, n1}, w3{n3 * n2, 14, n2},
      b3{n3, 15, n2};
  Floats x = numbers(batch * n0, 1, 1.0);
  Floats h1 = Floats(batch * n1), h2 = Floats(batch * n2), out = Floats(batch * n3);
  Floats g1 = h1, g2 = h2, g3 = out;
  int steps = 0;

  // The mean cross entropy of target i mod 10, and its gradient with respect to the outputs.
  double forward() {
    multiply(false, true, batch, n1, n0, x.data(), w1.value.data(), h1.data());
    bias_tanh(h1.data(), b1.value.data(), n1);
    multiply(false, true, batch, n2, n1, h1.data(), w2.value.data(), h2.data());
    bias_tanh(h2.data(), b2.value.data(), n2);
    multiply(false, true, batch, n3, n2, h2.data(), w3.value.data(), out.data());
    double loss = 0;
    for (size_t i = 0; i < batch; ++i) {
      float z[n3], largest = -1e30F, sum = 0;
      for (size_t j = 0; j < n3; ++j) largest = std::max(largest, z[j] = out[i * n3 + j] + b3.value[j]);
      for (size_t j = 0; j < n3; ++j) sum += z[j] = std::exp(z[j] - largest);
      for (size_t j = 0; j < n3; ++j) g3[i * n3 + j] = (z[j] / sum - (j == i % n3 ? 1.F : 0.F)) / batch;
      loss -= std::log(static_cast<double>(z[i % n3] / sum));
    }
    return loss / batch;
  }
  void backward() {
    sum_rows(g3.data(), b3.gradient.data(), batch, n3);
    multiply(true, false, n3, n2, batch, g3.data(), h2.data(), w3.gradient.data());
    multiply(false, false, batch, n2, n3, g3.data(), w3.value.data(), g2.data());
    reverse_tanh(g2.data(), h2.data(), b2.gradient.data(), n2);
    multiply(true, false, n2, n1, batch, g2.data(), h1.data(), w2.gradient.data());
    multiply(false, false, batch, n1, n2, g2.data(), w2.value.data(), g1.data());
    reverse_tanh(g1.data(), h1.data(), b1.gradient.data(), n1);
    multiply(true, false, n1, n0, batch, g1.data(), x.data(), w1.gradient.data());
  }
  void adam() {
    ++steps;
    const double second = std::sqrt(1 - std::pow(0.999, steps));
    const auto rate = static_cast<float>(1e-3 * second / (1 - std::pow(0.9, steps)));
    const auto eps = static_cast<float>(1e-8 * second);
    for (Parameter* p : {&w1, &b1, &w2, &b2, &w3, &b3}) {
      float* __restrict value = p->value.data(), * __restrict m = p->m.data(), * __restrict v = p->v.data();
      const float* __restrict g = p->gradient.data();
      for (size_t i = 0; i < p->value.size(); ++i) {
        m[i] += 0.1F * (g[i] - m[i]);
        v[i] += 0.001F * (g[i] * g[i] - v[i]);
        value[i] -= rate * m[i] / (std::sqrt(v[i]) + eps);
      }
    }
  }
  void step() {
    forward();
    backward();
    adam();
  }
};

}  // namespace

Twin limit_mlp() {
  const auto training = std::make_shared<Training>();
  for (int i = 0; i < 5; ++i) training->step();
  return {{{"step", [training] { training->step(); }}}, {{"loss after 5 steps", training->forward()}}};
}

}  // namespace dimwise::bench
