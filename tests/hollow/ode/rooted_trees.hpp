#pragma once
// Order conditions of Runge–Kutta methods by rooted trees: Butcher, Numerical methods for ODEs, 3.

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace dimwise::problems {

struct RootedTree {
  size_t order;
  std::vector<size_t> children;  ///< indices of smaller trees
  double density;                ///< γ
};

/// All rooted trees with up to `largest` vertices, small ones first: 1, 1, 2, 4, 9, 20, 48, 115 of them.
inline std::vector<RootedTree> rooted_trees(size_t largest) {
  std::vector<RootedTree> trees;
  for (size_t order = 1; order <= largest; ++order) {
    std::vector<RootedTree> found;
    // Every multiset of smaller trees with order − 1 vertices.
    const std::function<void(size_t, RootedTree)> grow = [&](size_t left, const RootedTree& tree) {
      if (left == 0) found.push_back(tree);
      for (size_t child = tree.children.empty() ? 0 : tree.children.back(); child < trees.size(); ++child) {
        if (trees[child].order > left) continue;
        RootedTree larger = tree;
        larger.children.push_back(child);
        larger.density *= trees[child].density;
        grow(left - trees[child].order, larger);
      }
    };
    grow(order - 1, {order, {}, static_cast<double>(order)});
    trees.insert(trees.end(), found.begin(), found.end());
  }
  return trees;
}

/// The derivative weights of every tree: one number per stage. Rows of `a` may be shorter than the number of stages.
inline std::vector<std::vector<double>> derivative_weights(const std::vector<RootedTree>& trees,
                                                           const std::vector<std::vector<double>>& a) {
  std::vector<std::vector<double>> all;
  for (const RootedTree& tree : trees) {
    std::vector<double> weight(a.size(), 1);
    for (const size_t child : tree.children)
      for (size_t i = 0; i < a.size(); ++i) {
        double sum = 0;
        for (size_t j = 0; j < a[i].size(); ++j) sum += a[i][j] * all[child][j];
        weight[i] *= sum;
      }
    all.push_back(weight);
  }
  return all;
}

/// For orders 1, 2, …: the largest |Σ b_i Φ_i(t) − expected(t)| over the trees of that order.
inline std::vector<double> defects(const std::vector<std::vector<double>>& a, const std::vector<double>& b,
                                   size_t largest, const std::function<double(const RootedTree&)>& expected) {
  const auto trees = rooted_trees(largest);
  const auto weights = derivative_weights(trees, a);
  std::vector<double> result(largest, 0);
  for (size_t t = 0; t < trees.size(); ++t) {
    double sum = -expected(trees[t]);
    for (size_t i = 0; i < b.size(); ++i) sum += b[i] * weights[t][i];
    result[trees[t].order - 1] = std::max(result[trees[t].order - 1], std::abs(sum));
  }
  return result;
}

/// The order to which those defects are below `tolerance`.
inline int order_of(const std::vector<double>& defects, double tolerance) {
  int order = 0;
  while (order < static_cast<int>(defects.size()) && defects[static_cast<size_t>(order)] < tolerance) ++order;
  return order;
}

}  // namespace dimwise::problems
