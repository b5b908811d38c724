#include "apps/common/cnf/model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/cli/net_settings.hpp"
#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::cnf {

namespace {

// Chunks of samples are as many rows as the picture of a density shows.
constexpr int64_t sample_chunk = 5000;

int64_t chunks_of(int64_t rows, int64_t chunk) { return (rows + chunk - 1) / chunk; }

// The rows from `first` on of chunk i.
Tensor chunk_of(const Tensor& x, int64_t i, int64_t chunk) {
  return slice(x, 0, i * chunk, std::min(x.dim(0), (i + 1) * chunk));
}

// The learned columns of (n, c + d), and the given ones.
Tensor learned(const FlowModel& model, const Tensor& x) {
  const int64_t c = model.given_columns();
  return c == 0 ? x : slice(x, 1, c, c + model.columns());
}
Tensor given(const FlowModel& model, const Tensor& x) {
  return model.given ? slice(x, 1, 0, model.given_columns()) : Tensor();
}

// The learned columns as the flow computes with them.
Tensor standardized(const FlowModel& model, const Tensor& x) {
  return astype(model.standardizer.forward(astype(learned(model, x), DType::float64)), dtype_of(model.flow));
}

std::optional<int64_t> first_row_not_finite(const Tensor& x) {
  const std::vector<double> values = x.values();
  const auto bad = std::find_if(values.begin(), values.end(), [](double v) { return !std::isfinite(v); });
  if (bad == values.end()) return std::nullopt;
  return (bad - values.begin()) * x.dim(0) / x.size();
}

// The score of a part of the data that begins at row `first`.
Score checked_score(const FlowModel& model, const Tensor& part, int64_t first, const FlowOptions& options) {
  const char* advice = ". Remove it, or train with --dtype float64.";
  Score result;
  try {
    result = score(model, part, options);
  } catch (const SolverError& error) {
    for (const Tensor& input : {standardized(model, part), model.context(given(model, part))})
      if (const auto bad = input.defined() ? first_row_not_finite(input) : std::nullopt)
        fail<DataError>("score", "row ", first + *bad + 1, " is too far from the training rows for ",
                        dtype_of(model.flow), advice);
    fail<SolverError>("score", "rows ", first + 1, " to ", first + part.dim(0), ": ", error.what());
  }
  if (const auto bad = first_row_not_finite(result.log_prob))
    fail<DataError>("score", "row ", first + *bad + 1, " has the log-likelihood ",
                    result.log_prob.values()[static_cast<size_t>(*bad)], ": it is too far from the training rows",
                    advice);
  return result;
}

RowScores gathered(const std::vector<Score>& parts) {
  RowScores all;
  std::vector<Tensor> z;
  for (const Score& part : parts) {
    for (const double v : part.log_prob.values()) all.log_prob.push_back(v);
    all.evaluations += static_cast<double>(part.solution.statistics.evaluations);
    z.push_back(part.solution.x);
  }
  all.evaluations /= static_cast<double>(std::max<size_t>(parts.size(), 1));
  if (!z.empty()) all.z = concat(z, 0);
  return all;
}

// Scores each chunk by `one(part, first row, options)`.
template <class One>
RowScores score_chunks(const ForChunks& for_chunks, const Tensor& x, const FlowOptions& options, int64_t chunk,
                       One&& one) {
  const NoGrad guard;
  std::vector<Score> parts(static_cast<size_t>(chunks_of(x.dim(0), chunk)));
  for_chunks(static_cast<int64_t>(parts.size()), [&](int64_t i) {
    FlowOptions own = options;
    own.first_row = i * chunk;
    parts[static_cast<size_t>(i)] = one(chunk_of(x, i, chunk), own.first_row, own);
  });
  return gathered(parts);
}

}  // namespace

Tensor FlowModel::context(const Tensor& columns) const {
  return given ? astype(given->forward(astype(columns, DType::float64)), dtype_of(flow)) : Tensor();
}

FlowModel make_model(const ModelSettings& s, const Rng& rng) {
  HollowConfig net = s.net;
  net.time = true;
  FlowModel model;
  model.standardizer = Standardizer(s.net.d, DType::float64);
  if (s.net.context > 0) model.given = Standardizer(s.net.context, DType::float64);
  model.flow.T = s.end_time;
  for (int64_t b = 0; b < s.blocks; ++b)
    model.flow.blocks.push_back(make_hollow_net(net, rng.split("block").split(static_cast<uint64_t>(b))));
  return model;
}

void fit_standardizers(FlowModel& model, const Tensor& rows, const std::vector<std::string>& names) {
  const auto own = names.begin() + model.given_columns();
  if (model.given) model.given = fit_standardizer(given(model, rows), {names.begin(), own}, DType::float64);
  model.standardizer = fit_standardizer(learned(model, rows), {own, names.end()}, DType::float64);
}

Score score(const FlowModel& model, const Tensor& x, const FlowOptions& options) {
  Score result;
  result.solution = model.flow.to_base(standardized(model, x), model.context(given(model, x)), options);
  result.log_prob = base_log_prob(result.solution.x) + result.solution.log_det + model.standardizer.log_det();
  return result;
}

Likelihood likelihood(ThreadPool& pool, const FlowModel& model, const Tensor& x, const FlowOptions& options,
                      int64_t chunk) {
  return score_chunks(std::bind_front(&ThreadPool::run, &pool), x, options, chunk,
                      [&](const Tensor& part, int64_t, const FlowOptions& own) { return score(model, part, own); })
      .likelihood();
}

RowScores score_rows(const ForChunks& for_chunks, const FlowModel& model, const Tensor& x, const FlowOptions& options,
                     int64_t chunk) {
  return score_chunks(for_chunks, x, options, chunk, [&](const Tensor& part, int64_t first, const FlowOptions& own) {
    return checked_score(model, part, first, own);
  });
}

Tensor sample_model(const ForChunks& for_chunks, const FlowModel& model, int64_t n, const Tensor& given, const Rng& rng,
                    const OdeOptions& options) {
  const NoGrad guard;
  std::vector<Tensor> parts(static_cast<size_t>(chunks_of(n, sample_chunk)));
  for_chunks(static_cast<int64_t>(parts.size()), [&](int64_t i) {
    const int64_t first = i * sample_chunk, rows = std::min(n - first, sample_chunk);
    const Tensor context = given.defined() ? model.context(chunk_of(given, i, sample_chunk)) : Tensor();
    const Tensor x = model.flow.sample(rng, {rows, model.columns()}, context, {.ode = options, .first_row = first});
    parts[static_cast<size_t>(i)] = model.standardizer.inverse(astype(x, DType::float64));
  });
  return concat(parts, 0);
}

std::string describe(const ModelSettings& s) {
  return fmt::format("{}{}, {}", app::describe(s.net), s.blocks > 1 ? fmt::format(", {} blocks", s.blocks) : "",
                     name(s.net.dtype));
}

}  // namespace dimwise::app::cnf
