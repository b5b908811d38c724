#pragma once

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

#include "nn/module.hpp"

namespace dimwise {

/// The tensors that f(m) uses but m's `visit` does not name.
///
/// f runs twice: leaves of its record in both runs, other than the visited tensors and the given inputs, are stored
/// elsewhere in the module. f must track at least one parameter or input, because a computation from unvisited tensors
/// alone is not recorded.
template <Module M>
std::vector<Tensor> unvisited(const M& m, const std::function<Tensor(const M&)>& f,
                              const std::vector<Tensor>& inputs = {}) {
  const M model = track(m);
  const auto beginnings = [&](const Tensor& y) {
    std::set<Node*> seen = {y.node()}, leaves;
    std::vector<Node*> open = {y.node()};
    while (!open.empty()) {
      Node* node = open.back();
      open.pop_back();
      if (node->inputs.empty()) leaves.insert(node);
      for (const Tensor& input : node->inputs)
        if (seen.insert(input.node()).second) open.push_back(input.node());
    }
    return leaves;
  };
  const Tensor first = f(model), second = f(model);
  const std::set<Node*> one = beginnings(first), two = beginnings(second);
  std::set<Node*> known;
  detail::each_state(model, [&](const std::string&, const Tensor& t) { known.insert(t.node()); });
  for (const Tensor& t : inputs) known.insert(t.node());
  std::vector<Tensor> result;
  for (Node* node : one)
    if (two.count(node) && !known.count(node)) result.emplace_back(node);
  return result;
}

}  // namespace dimwise
