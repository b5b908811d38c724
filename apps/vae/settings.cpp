#include "apps/vae/settings.hpp"

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
  if (s.sizes.flows == 0) s.sizes.flows = continuous(s.flow) ? 1 : 4;
  if (s.sizes.hidden.empty() && s.flow == "iaf") s.sizes.hidden = {320};
  if (s.sizes.hidden.empty() && s.flow == "ffjord") s.sizes.hidden = {128, 128};
  if (s.sizes.hidden.empty() && s.flow == "hollow") s.sizes.hidden = {128};
  return s;
}

}  // namespace dimwise::app::vae
