#include "apps/vae/settings.hpp"

#include <nlohmann/json.hpp>

#include "autodiff/base/error.hpp"

namespace dimwise::app::vae {

const std::vector<std::string>& flow_names() {
  static const std::vector<std::string> names{"none",        "planar",     "iaf",    "orthogonal",
                                              "householder", "triangular", "ffjord", "hollow"};
  return names;
}

const std::vector<std::string>& arch_names() {
  static const std::vector<std::string> names{"mlp", "conv"};
  return names;
}

bool continuous(const std::string& flow) { return flow == "ffjord" || flow == "hollow"; }

ModelSettings resolved(ModelSettings s) {
  if (s.num_flows == 0) s.num_flows = continuous(s.flow) ? 1 : 4;
  if (s.flow_hidden.empty() && s.flow == "iaf") s.flow_hidden = {320};
  if (s.flow_hidden.empty() && s.flow == "ffjord") s.flow_hidden = {128, 128};
  if (s.flow_hidden.empty() && s.flow == "hollow") s.flow_hidden = {128};
  return s;
}

nlohmann::ordered_json to_json(const ModelSettings& s) {
  return {{"dtype", s.dtype},
          {"height", s.height},
          {"width", s.width},
          {"arch", s.arch},
          {"hidden", s.hidden},
          {"latent", s.latent},
          {"flow", s.flow},
          {"num_flows", s.num_flows},
          {"columns", s.columns},
          {"reflections", s.reflections},
          {"flow_hidden", s.flow_hidden},
          {"activation", s.activation},
          {"rank", s.rank},
          {"conditioner", s.conditioner},
          {"transformer", s.transformer},
          {"transformer_hidden", s.transformer_hidden},
          {"d_h", s.d_h},
          {"end_time", s.end_time}};
}

ModelSettings model_settings(const nlohmann::ordered_json& j) {
  try {
    ModelSettings s;
    j.at("dtype").get_to(s.dtype);
    j.at("height").get_to(s.height);
    j.at("width").get_to(s.width);
    j.at("arch").get_to(s.arch);
    j.at("hidden").get_to(s.hidden);
    j.at("latent").get_to(s.latent);
    j.at("flow").get_to(s.flow);
    j.at("num_flows").get_to(s.num_flows);
    j.at("columns").get_to(s.columns);
    j.at("reflections").get_to(s.reflections);
    j.at("flow_hidden").get_to(s.flow_hidden);
    j.at("activation").get_to(s.activation);
    j.at("rank").get_to(s.rank);
    j.at("conditioner").get_to(s.conditioner);
    j.at("transformer").get_to(s.transformer);
    j.at("transformer_hidden").get_to(s.transformer_hidden);
    j.at("d_h").get_to(s.d_h);
    j.at("end_time").get_to(s.end_time);
    return s;
  } catch (const nlohmann::json::exception& e) {
    fail<CheckpointError>("model", "the checkpoint's model settings cannot be read: ", e.what());
  }
}

}  // namespace dimwise::app::vae
