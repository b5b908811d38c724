#pragma once

#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dimwise {

/// The activation of a layer, by name.
enum class Activation : uint8_t { tanh, softplus, silu, sigmoid, gelu, elu, relu, sin };

/// The activation applied to each element.
Tensor activate(Activation activation, Tensor x);
const char* name(Activation activation);
/// The activation of that name. Throws ValueError that lists the names.
Activation parse_activation(const std::string& name);
inline void parse_name(const std::string& name, Activation& activation) { activation = parse_activation(name); }
/// The names, in the order of the enumeration.
const std::vector<std::string>& activation_names();
/// Whether all derivatives are continuous. A transformer needs it to train through dimension-wise derivatives.
bool smooth(Activation activation);

}  // namespace dimwise
