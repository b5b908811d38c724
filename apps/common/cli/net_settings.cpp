#include "apps/common/cli/net_settings.hpp"

#include <fmt/format.h>

namespace dimwise::app {

void add_net(Command& command, HollowConfig& net) {
  command.add("hidden", net.hidden,
              "widths of the conditioner's hidden layers; without, one of 64 or, if more, twice the dimensions",
              at_least_one);
  add_activation(command, "activation", net.activation, "activation of all layers");
  add_parts(command, net);
}

void add_activation(Command& command, const std::string& name, Activation& activation, const std::string& help) {
  std::vector<Activation> all;
  for (const std::string& each : activation_names())
    if (smooth(parse_activation(each))) all.push_back(parse_activation(each));
  command.add_choice(name, activation, all, help);
}

std::string describe(const HollowConfig& net) {
  return fmt::format("{} conditioner {} to {}, {} transformer {}, {}", net.conditioner,
                     net.hidden.empty() ? "auto" : fmt::format("{}", fmt::join(net.hidden, ",")), net.d_h,
                     net.transformer, fmt::join(net.transformer_hidden, ","), name(net.activation));
}

}  // namespace dimwise::app
