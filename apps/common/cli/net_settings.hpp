#pragma once

#include "apps/common/cli/cli.hpp"
#include "hollow/net/any_hollow_net.hpp"

namespace dimwise::app {

/// `--hidden`, `--activation` and those of `add_parts`.
void add_net(Command& command, HollowConfig& net);
/// `--conditioner`, `--transformer`, `--d-h` and `--transformer-hidden` of a HollowConfig or an AmortizedConfig. `of`
/// begins their help, such as "of hollow: ".
template <class Config>
void add_parts(Command& command, Config& net, const std::string& of = "") {
  command.add_choice("conditioner", net.conditioner, conditioner_names(), of + "computes h_i from the other x_j");
  command.add_choice("transformer", net.transformer, transformer_names(), of + "computes f_i from x_i and h_i");
  command.add("d-h", net.d_h, of + "numbers h_i given to the transformer for each dimension", at_least_one);
  command.add("transformer-hidden", net.transformer_hidden, of + "widths of the transformer's hidden layers",
              at_least_one);
}
/// A choice among the activations without kinks.
void add_activation(Command& command, const std::string& name, Activation& activation, const std::string& help);
/// A net in a few words.
std::string describe(const HollowConfig& net);

}  // namespace dimwise::app
