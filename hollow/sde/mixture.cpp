#include "hollow/sde/mixture.hpp"

#include <cmath>
#include <numbers>

#include "autodiff/context.hpp"
#include "autodiff/dimwise.hpp"
#include "autodiff/transforms.hpp"
#include "nn/distributions/detail/categorical.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/reduce.hpp"

namespace dimwise {

namespace {

// For n points and k components: unnormalized log-weights (n, k), means and log-scales (n, k, d).
struct Parameters {
  Tensor logits, mean, log_scale;
};

Parameters split(const Tensor& all, int64_t k, int64_t d) {
  const int64_t n = all.dim(0);
  return {slice(all, 1, 0, k), reshape(slice(all, 1, k, k + k * d), {n, k, d}),
          reshape(slice(all, 1, k + k * d, k + 2 * k * d), {n, k, d})};
}

// All parameters concatenated, (n, k + 2kd), so that one sweep gives their time derivatives.
Tensor parameters_at(const TimeMixture& p, const Tensor& t, const Tensor& context) {
  const Tensor out = p.net(context.defined() ? concat({t, context}) : t);
  const int64_t k = p.components, last = k * (1 + p.d);
  Tensor mean = slice(out, 1, k, last);
  if (p.anchored) mean = mean + concat(std::vector<Tensor>(static_cast<size_t>(k), context));
  return concat({slice(out, 1, 0, k), mean, log(p.min_scale + softplus(slice(out, 1, last, out.dim(1))))});
}

void check(const TimeMixture& p, const Tensor& t, const Tensor& context) {
  const int64_t inputs = p.net.layers.front().weight.dim(1) - 1;
  if (t.rank() != 2 || t.dim(1) != 1)
    fail<ShapeError>("time_mixture", "t has shape ", t.shape(), ". Give one time per row, of shape (n, 1).");
  if ((context.defined() ? context.dim(-1) : 0) != inputs)
    fail<ShapeError>("time_mixture", "the context has ", context.defined() ? context.dim(-1) : 0,
                     " columns. The density was constructed for ", inputs, '.');
}

void check(const TimeMixture& p, const Tensor& t, const Tensor& x, const Tensor& context) {
  check(p, t, context);
  if (x.rank() != 2 || x.dim(1) != p.d || x.dim(0) != t.dim(0))
    fail<ShapeError>("time_mixture", "x has shape ", x.shape(), ". It must be (", t.dim(0), ", ", p.d,
                     "), one row for each row of t.");
}

// log π_c N_c(x), (n, k), and z = (x − mean)/scale, (n, k, d).
std::pair<Tensor, Tensor> joint(const Parameters& at, const Tensor& x) {
  const Tensor z = (unsqueeze(x, 1) - at.mean) * exp(-at.log_scale);
  const double constant = -0.5 * std::log(2 * std::numbers::pi) * static_cast<double>(x.dim(1));
  return {log_softmax(at.logits) - sum(0.5 * square(z) + at.log_scale, {-1}) + constant, z};
}

}  // namespace

TimeMixture::TimeMixture(const TimeMixtureConfig& config, const Rng& rng)
    : d(config.d), components(config.components), min_scale(config.min_scale), anchored(config.anchored) {
  if (d < 1 || components < 1)
    fail<ValueError>("time_mixture", "d is ", d, " and there are ", components,
                     " components. Both must be at least 1.");
  if (anchored && config.context != d)
    fail<ValueError>("time_mixture", "the context has size ", config.context, ", which is not a point of dimension ", d,
                     ". Set context = d for an anchored mixture.");
  std::vector<int64_t> sizes{1 + config.context};
  sizes.insert(sizes.end(), config.hidden.begin(), config.hidden.end());
  sizes.push_back(components * (1 + 2 * d));
  net = Mlp(sizes, config.activation, rng, config.dtype);
}

void TimeMixture::spread(const Tensor& x, const Rng& rng) {
  const Tensor points = index_select(x, 0, rng.integers(components, x.dim(0)));
  Tensor& bias = net.layers.back().bias;
  bias = concat({slice(bias, 0, 0, components), astype(reshape(points, {components * d}), bias.dtype()),
                 slice(bias, 0, components * (1 + d), bias.dim(0))});
}

Tensor TimeMixture::log_prob(const Tensor& t, const Tensor& x, const Tensor& context) const {
  check(*this, t, x, context);
  return logsumexp(joint(split(parameters_at(*this, t, context), components, d), x).first, {-1});
}

DensityDerivatives TimeMixture::derivatives(const Tensor& t, const Tensor& x, const Tensor& context) const {
  check(*this, t, x, context);
  const auto [all, rates] =
      jvp([&](const Tensor& at) { return parameters_at(*this, at, context); }, t, ones({}, t.dtype()));
  const Parameters at = split(all, components, d), rate = split(rates, components, d);
  const auto [each, z] = joint(at, x);
  const Tensor log_p = logsumexp(each, {-1}, true), r = exp(each - log_p), inverse = exp(-at.log_scale);
  const Tensor a = -z * inverse;
  const Tensor moving = sum(rate.log_scale * (square(z) - 1) - rate.mean * a, {-1});
  const Tensor weights = rate.logits - unsqueeze(sum(softmax(at.logits) * rate.logits, {-1}), -1);
  const Tensor of_component = unsqueeze(r, -1);
  const Tensor s = sum(of_component * a, {1});
  return {squeeze(log_p, -1), sum(r * (weights + moving), {-1}), s,
          sum(of_component * (square(a - unsqueeze(s, 1)) - square(inverse)), {1})};
}

Tensor TimeMixture::sample(const Rng& rng, const Tensor& t, const Tensor& context) const {
  check(*this, t, context);
  const NoGrad guard;
  const Parameters at = split(parameters_at(*this, t, context), components, d);
  const int64_t n = t.dim(0);
  std::vector<int64_t> which = detail::draw_categorical("time_mixture", rng.split("component"), at.logits, n);
  for (int64_t i = 0; i < n; ++i) which[static_cast<size_t>(i)] += i * components;
  const auto chosen = [&](const Tensor& x) { return index_select(reshape(x, {n * components, d}), 0, which); };
  return chosen(at.mean) + exp(chosen(at.log_scale)) * rng.split("noise").normal({n, d}, t.dtype());
}

}  // namespace dimwise
