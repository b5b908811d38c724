#pragma once

#include <concepts>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/traced.hpp"
#include "nn/settings.hpp"
#include "ops/layout.hpp"

namespace dimwise {

/// A module is a struct with `operator()` and one static `visit` that names its members.
///
/// Members may be Tensors (parameters), Constants (saved and cast, not trained), modules, vectors, optionals and
/// variants of modules, and plain values, which `save` writes and `load` compares: bool, numbers, std::string, vectors
/// of int64_t, of them, of double or of std::string, Size2d, and an enumeration with `const char* name(E)` and `void
/// parse_name(const std::string&, E&)`. An empty name adds nothing to the names of what is inside. Copying copies the
/// model. Names must be unique: functions that store members by name, such as state_dict, load and optimizers, throw
/// ValueError otherwise.
///
/// Example:
/// ```cpp
/// struct Net {
///   Linear first, second;
///   double slope = 1;
///   Tensor operator()(const Tensor& x) const { return second(tanh(slope * first(x))); }
///   template <class Self, class Visitor>
///   static void visit(Self& self, Visitor&& v) {
///     v("first", self.first);
///     v("second", self.second);
///     v("slope", self.slope);
///   }
/// };
/// ```
template <class M>
concept Module = requires(M& m) {
  std::remove_const_t<M>::visit(m, [](const char*, auto&) {});
};

/// State that is saved and cast with the module but is not a parameter.
struct Constant {
  Tensor value;
};

namespace detail {

template <class T>
struct is_list : std::false_type {};
template <class T>
struct is_list<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_variant : std::false_type {};
template <class... T>
struct is_variant<std::variant<T...>> : std::true_type {};

/// Shows the visitor all members of a model under their composed names: layers.0.weight.
///
/// `tensor(name, tensor, trained)`, `plain(name, value)`; and before their contents `list(name, vector)`,
/// `optional(name, optional)`, `variant(name, variant)`, which may change them.
template <class M, class Visitor>
void walk(const std::string& name, M& member, Visitor& v) {
  const auto below = [&](const std::string& part) {
    return name.empty() ? part : part.empty() ? name : name + '.' + part;
  };
  if constexpr (std::is_same_v<M, Tensor>) {
    v.tensor(name, member, true);
  } else if constexpr (std::is_same_v<M, Constant>) {
    v.tensor(name, member.value, false);
  } else if constexpr (is_plain<M>) {
    v.plain(name, member);
  } else if constexpr (is_list<M>::value) {
    v.list(name, member);
    for (size_t i = 0; i < member.size(); ++i) walk(below(std::to_string(i)), member[i], v);
  } else if constexpr (is_optional<M>::value) {
    v.optional(name, member);
    if (member) walk(name, *member, v);
  } else if constexpr (is_variant<M>::value) {
    v.variant(name, member);
    std::visit([&](auto& alternative) { walk(name, alternative, v); }, member);
  } else {
    static_assert(Module<M>,
                  "a module's visit names something that is not a Tensor, Constant, module, plain value, or a vector, "
                  "optional or variant of modules");
    M::visit(member, [&](const char* part, auto& inner) { walk(below(part), inner, v); });
  }
}

/// A tensor of a model under its composed name.
struct Member {
  std::string name;
  Tensor* value;
  bool trained;  ///< a parameter, not a Constant
};

struct CollectMembers {
  std::vector<Member> all = {};

  void tensor(const std::string& name, Tensor& value, bool trained) { all.push_back({name, &value, trained}); }
  void plain(const std::string&, const auto&) {}
  void list(const std::string&, const auto&) {}
  void optional(const std::string&, const auto&) {}
  void variant(const std::string&, const auto&) {}
};

struct CollectSettings {
  Settings all = {};

  void tensor(const std::string&, const Tensor&, bool) {}
  void plain(const std::string& name, const auto& value) { add(name, setting_text(value)); }
  void list(const std::string& name, const auto& value) { add(name + ".size", std::to_string(value.size())); }
  void optional(const std::string& name, const auto& value) { add(name + ".exists", value ? "true" : "false"); }
  void variant(const std::string& name, const auto& value) {
    std::visit([&](const auto& kind) { add(name.empty() ? "kind" : name + ".kind", type_name(typeid(kind))); }, value);
  }
  void add(const std::string& name, std::string text);
};

/// Gives a default-constructed model the contents that were saved.
struct Rebuild {
  const Settings& settings;
  const std::map<std::string, Tensor>& tensors;

  void tensor(const std::string& name, Tensor& value, bool) {
    const auto saved = tensors.find(name);
    if (saved != tensors.end()) value = saved->second;
  }
  void plain(const std::string& name, auto& value) { parse_setting(name, text(name), value); }
  void list(const std::string& name, auto& value) {
    int64_t size = 0;
    parse_setting(name + ".size", text(name + ".size"), size);
    check_size(name, size);
    value.resize(static_cast<size_t>(size));
  }
  void optional(const std::string& name, auto& value) {
    bool exists = false;
    parse_setting(name + ".exists", text(name + ".exists"), exists);
    if (exists) value.emplace();
  }
  template <class... T>
  void variant(const std::string& name, std::variant<T...>& value) {
    const std::string key = name.empty() ? "kind" : name + ".kind";
    const auto is = [&]<class K>(K*) {
      return type_name(typeid(K)) == text(key) && (value.template emplace<K>(), true);
    };
    if (!(is(static_cast<T*>(nullptr)) || ...)) unknown_kind(key);
  }

  const std::string& text(const std::string& name) const;
  void check_size(const std::string& name, int64_t size) const;
  [[noreturn]] void unknown_kind(const std::string& name) const;
};

/// Parameters and constants in the order of visiting, with or without undefined ones (a Linear without bias). Most
/// functions of models use only this one, so that code for many kinds of models compiles quickly. The members of a
/// const model must not be changed.
template <class M>
std::vector<Member> members(M& m, bool undefined = false) {
  CollectMembers found;
  walk("", const_cast<std::remove_const_t<M>&>(m), found);
  if (!undefined) std::erase_if(found.all, [](const Member& member) { return !member.value->defined(); });
  return std::move(found.all);
}

// Parameters only.
template <class M, class F>
void each_parameter(M& m, F&& f) {
  for (const Member& member : members(m))
    if (member.trained)
      f(member.name, static_cast<std::conditional_t<std::is_const_v<M>, const Tensor&, Tensor&>>(*member.value));
}

// Parameters and constants.
template <class M, class F>
void each_state(M& m, F&& f) {
  for (const Member& member : members(m))
    f(member.name, static_cast<std::conditional_t<std::is_const_v<M>, const Tensor&, Tensor&>>(*member.value));
}

/// Throws ValueError: files and optimizers, which store members by name, would confuse these two.
[[noreturn]] void named_twice(const std::string& name);

void load_into(const std::vector<Member>& members, const std::map<std::string, Tensor>& state,
               const std::string& prefix, bool strict);

/// Throws ValueError, with the parameter's name, if an untracked parameter of the outer model is an input of an op of
/// the tape, which would treat it as a constant.
void refuse_outer(const Tape& tape, const std::vector<Member>& outer);

}  // namespace detail

/// The trained tensors of a model, in the order of visiting.
template <Module M>
std::vector<Tensor> parameters(const M& m) {
  std::vector<Tensor> result;
  detail::each_parameter(m, [&](const std::string&, const Tensor& t) { result.push_back(t); });
  return result;
}

/// The same with composed names, such as `layers.0.weight`.
template <Module M>
std::vector<std::pair<std::string, Tensor>> named_parameters(const M& m) {
  std::vector<std::pair<std::string, Tensor>> result;
  detail::each_parameter(m, [&](const std::string& name, const Tensor& t) { result.emplace_back(name, t); });
  return result;
}

/// The number of elements of all parameters.
template <Module M>
int64_t num_parameters(const M& m) {
  int64_t n = 0;
  for (const Tensor& t : parameters(m)) n += t.size();
  return n;
}

/// The dtype of a model's parameters. Throws ValueError if it has none, as a default-constructed model.
template <Module M>
DType dtype_of(const M& m) {
  const std::vector<Tensor> all = parameters(m);
  if (all.empty() || !all[0].defined())
    fail<ValueError>("dtype_of", "the model has no parameters. Construct it from a config.");
  return all[0].dtype();
}

/// A copy of the model with each parameter replaced by f(name, parameter).
template <Module M, class F>
M map_parameters(M m, F&& f) {
  detail::each_parameter(m, [&](const std::string& name, Tensor& t) { t = f(name, t); });
  return m;
}

/// A copy of the model whose parameters are tracked.
template <Module M>
M track(const M& m) {
  return map_parameters(m, [](const std::string&, const Tensor& t) { return alias(t); });
}

/// A copy with parameters and constants in another dtype.
template <Module M>
M astype(M m, DType dtype) {
  detail::each_state(m, [&](const std::string&, Tensor& t) { t = astype(t, dtype); });
  return m;
}

/// Everything to save, by name: parameters and constants.
template <Module M>
std::map<std::string, Tensor> state_dict(const M& m, const std::string& prefix = "") {
  std::map<std::string, Tensor> result;
  detail::each_state(m, [&](const std::string& name, const Tensor& t) {
    if (!result.emplace(prefix + name, stop_gradient(t)).second) detail::named_twice(name);
  });
  return result;
}

/// The plain values of a model, and the sizes and kinds of its lists, optionals and variants, as texts by composed
/// names, such as `layers.size` and `activation`: with `state_dict`, what the model is made of.
template <Module M>
std::map<std::string, std::string> settings(const M& m) {
  detail::CollectSettings found;
  detail::walk("", const_cast<M&>(m), found);
  return std::move(found.all);
}

/// Replaces the model's tensors by those saved under the same names, with the prefix before them.
///
/// Throws CheckpointError, with the name, for a tensor that is missing or has another shape or dtype, and, if `strict`,
/// for one below the prefix that the model does not have; also for a model without tensors, as a default-constructed
/// one. Nothing is changed then.
template <Module M>
void load_state_dict(M& m, const std::map<std::string, Tensor>& state, const std::string& prefix = "",
                     bool strict = true) {
  detail::load_into(detail::members(m), state, prefix, strict);
}

/// The loss of a model and its gradient, which has the model's type.
///
/// `loss` is called with a copy of the model whose parameters are tracked; its result must have one element. The
/// gradient is recorded if and only if the loss depends on other tracked tensors. Throws ValueError if the loss depends
/// on no parameter, which means that the outer model was captured instead of the argument. It also throws if an
/// untracked parameter of the outer model is combined with values computed from the argument, unless `stop_gradient` is
/// applied to it first. A term that depends on the outer model alone cannot be distinguished from a constant.
///
/// Example: `auto [loss, g] = value_and_grad([&](const auto& m) { return mean(square(m(x) - y)); }, model);`
template <Module M, class Loss>
std::pair<Tensor, M> value_and_grad(Loss&& loss, const M& m) {
  Traced traced(parameters(m), [&](const std::vector<Tensor>& leaves) {
    size_t i = 0;
    return loss(map_parameters(m, [&](const std::string&, const Tensor&) { return leaves[i++]; }));
  });
  const Tensor y = traced.value();
  if (y.size() != 1)
    fail<ShapeError>("value_and_grad", "the loss has shape ", y.shape(), ". Reduce it to one element.");
  if (traced.tape().size() == 0)
    fail<ValueError>(
        "value_and_grad",
        "the loss depends on no parameter of its argument. Use the function's argument, not the outer model.");
  detail::refuse_outer(traced.tape(), detail::members(m));
  const std::vector<Tensor> g = std::move(traced).pull(ones_like(y));
  size_t i = 0;
  return {y, map_parameters(m, [&](const std::string&, const Tensor&) { return g[i++]; })};
}

}  // namespace dimwise
