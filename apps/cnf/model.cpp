#include "apps/cnf/model.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/cli/flag_differences.hpp"
#include "apps/common/cli/lists.hpp"
#include "apps/common/run/checkpoint.hpp"
#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"

namespace dimwise::app {

FlowModel make_model(const ModelSettings& s, const Rng& rng) {
  const DType dtype = parse_dtype(s.dtype);
  const Activation activation = parse_activation(s.activation);
  if (!smooth(activation))
    fail<ValueError>("model", "activation ", s.activation,
                     " has a kink, so the derivative the flow is trained on jumps. Use tanh, softplus or silu.");
  FlowModel model;
  model.standardizer = Standardizer(s.d, dtype);
  model.flow.T = s.end_time;
  for (int64_t b = 0; b < s.blocks; ++b)
    model.flow.blocks.push_back(make_hollow_net({.conditioner = s.conditioner,
                                                 .transformer = s.transformer,
                                                 .d = s.d,
                                                 .d_h = s.d_h,
                                                 .hidden = s.hidden,
                                                 .transformer_hidden = s.transformer_hidden,
                                                 .activation = activation,
                                                 .time = true,
                                                 .dtype = dtype},
                                                rng.split("block").split(static_cast<uint64_t>(b))));
  return model;
}

Score score(const FlowModel& model, const Tensor& x, const FlowOptions& options) {
  Score result;
  result.solution = model.flow.to_base(model.standardizer.forward(x), {}, options);
  result.log_prob = base_log_prob(result.solution.x) + result.solution.log_det + model.standardizer.log_det();
  return result;
}

Likelihood likelihood(ThreadPool& pool, const FlowModel& model, const Tensor& x, const FlowOptions& options,
                      int64_t chunk) {
  const NoGrad guard;
  const int64_t n = x.dim(0), chunks = (n + chunk - 1) / chunk;
  std::vector<Score> parts(static_cast<size_t>(chunks));
  pool.run(chunks, [&](int64_t i) {
    FlowOptions own = options;
    own.first_row = i * chunk;
    parts[static_cast<size_t>(i)] = score(model, slice(x, 0, own.first_row, std::min(n, own.first_row + chunk)), own);
  });
  Likelihood result;
  double sum = 0, squares = 0, evaluations = 0;
  for (const Score& part : parts) {
    for (const double v : part.log_prob.values()) {
      sum += v;
      squares += v * v;
    }
    evaluations += static_cast<double>(part.solution.statistics.evaluations);
  }
  const auto count = static_cast<double>(n);
  result.rows = n;
  result.mean = sum / count;
  result.standard_error =
      n > 1 ? std::sqrt(std::max(squares / count - result.mean * result.mean, 0.0) / (count - 1)) : 0;
  result.evaluations = evaluations / static_cast<double>(std::max<int64_t>(chunks, 1));
  return result;
}

Tensor sample_model(const FlowModel& model, int64_t n, const Rng& rng, const OdeOptions& options) {
  const int64_t d = model.standardizer.mean.value.size();
  return model.standardizer.inverse(model.flow.sample(rng, {n, d}, {}, {.ode = options}));
}

std::string to_json(const ModelSettings& s) {
  return nlohmann::json{{"d", s.d},
                        {"dtype", s.dtype},
                        {"conditioner", s.conditioner},
                        {"transformer", s.transformer},
                        {"hidden", s.hidden},
                        {"d_h", s.d_h},
                        {"transformer_hidden", s.transformer_hidden},
                        {"activation", s.activation},
                        {"blocks", s.blocks},
                        {"end_time", s.end_time}}
      .dump();
}

ModelSettings model_settings(const std::string& text) {
  try {
    const auto j = nlohmann::json::parse(text);
    ModelSettings s;
    j.at("d").get_to(s.d);
    j.at("dtype").get_to(s.dtype);
    j.at("conditioner").get_to(s.conditioner);
    j.at("transformer").get_to(s.transformer);
    j.at("hidden").get_to(s.hidden);
    j.at("d_h").get_to(s.d_h);
    j.at("transformer_hidden").get_to(s.transformer_hidden);
    j.at("activation").get_to(s.activation);
    j.at("blocks").get_to(s.blocks);
    j.at("end_time").get_to(s.end_time);
    return s;
  } catch (const nlohmann::json::exception& e) {
    fail<CheckpointError>("model", "the checkpoint's model settings cannot be read: ", e.what());
  }
}

std::string describe(const ModelSettings& s) {
  return s.conditioner + " conditioner " + joined(s.hidden) + " to " + std::to_string(s.d_h) + ", " + s.transformer +
         " transformer " + joined(s.transformer_hidden) + ", " + s.activation +
         (s.blocks > 1 ? ", " + std::to_string(s.blocks) + " blocks" : "") + ", " + s.dtype;
}

std::string differences(const ModelSettings& saved, const ModelSettings& asked) {
  if (saved.d != asked.d) return "number of columns is " + std::to_string(saved.d) + ", not " + std::to_string(asked.d);
  using nlohmann::ordered_json;
  return flag_differences(ordered_json::parse(to_json(saved)), ordered_json::parse(to_json(asked)));
}

SavedModel load_model(const std::string& path, const std::string& weights) {
  Checkpoint checkpoint = trained_checkpoint(path, "trained flow", "dimwise-cnf");
  SavedModel saved;
  saved.path = checkpoint.path;
  saved.metadata = std::move(checkpoint.metadata);
  const auto settings = saved.metadata.find("model");
  if (settings == saved.metadata.end())
    fail<CheckpointError>("model", saved.path, " holds no model settings. It was not written by dimwise-cnf.");
  saved.settings = model_settings(settings->second);
  saved.model = make_model(saved.settings, Rng(0));
  const std::string prefix = weights == "last" ? "model." : weights == "average" ? "ema.average." : "best.";
  load_state_dict(saved.model, checkpoint.tensors, prefix);
  return saved;
}

}  // namespace dimwise::app
