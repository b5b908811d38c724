#include "nn/activation.hpp"

#include "autodiff/base/error.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"

namespace dimwise {

namespace {
struct Entry {
  const char* name;
  Tensor (*function)(Tensor);
  bool smooth;
};
// In the order of the enumeration.
constexpr Entry entries[] = {
    {"tanh", tanh, true}, {"softplus", softplus, true}, {"silu", silu, true},  {"sigmoid", sigmoid, true},
    {"gelu", gelu, true}, {"elu", elu, false},          {"relu", relu, false}, {"sin", sin, true}};
const Entry& entry(Activation activation) { return entries[static_cast<size_t>(activation)]; }
}  // namespace

Tensor activate(Activation activation, Tensor x) { return entry(activation).function(std::move(x)); }
const char* name(Activation activation) { return entry(activation).name; }
bool smooth(Activation activation) { return entry(activation).smooth; }

const std::vector<std::string>& activation_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Entry& e : entries) list.emplace_back(e.name);
    return list;
  }();
  return names;
}

Activation parse_activation(const std::string& wanted) {
  std::string all;
  for (size_t i = 0; i < std::size(entries); ++i) {
    if (wanted == entries[i].name) return static_cast<Activation>(i);
    all += (i ? ", " : "") + std::string(entries[i].name);
  }
  fail<ValueError>("activation", "there is no activation '", wanted, "'. Use one of ", all, ".");
}

}  // namespace dimwise
