#pragma once
// Order conditions of Runge–Kutta methods by rooted trees: Butcher, Numerical methods for ODEs, 3.

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace dimwise::problems {

/// A tree whose edges have colors: of additive methods, the part of the right-hand side that the child stands for.
struct RootedTree {
  struct Child {
    size_t tree;  ///< index of a smaller tree
    size_t color;
  };
  size_t order;
  std::vector<Child> children;
  double density;  ///< γ
};

/// All rooted trees with up to `largest` vertices, small ones first: 1, 1, 2, 4, 9, 20, 48, 115 of them; with two
/// colors, 1, 2, 7, 26, 107.
inline std::vector<RootedTree> rooted_trees(size_t largest, size_t colors = 1) {
  std::vector<RootedTree> trees;
  for (size_t order = 1; order <= largest; ++order) {
    std::vector<RootedTree> found;
    // Every multiset of smaller trees with order − 1 vertices.
    const std::function<void(size_t, size_t, const RootedTree&)> grow = [&](size_t left, size_t least,
                                                                            const RootedTree& tree) {
      if (left == 0) found.push_back(tree);
      for (size_t child = least; child < colors * trees.size(); ++child) {
        const RootedTree& smaller = trees[child / colors];
        if (smaller.order > left) continue;
        RootedTree larger = tree;
        larger.children.push_back({child / colors, child % colors});
        larger.density *= smaller.density;
        grow(left - smaller.order, child, larger);
      }
    };
    grow(order - 1, 0, {order, {}, static_cast<double>(order)});
    trees.insert(trees.end(), found.begin(), found.end());
  }
  return trees;
}

using Coefficients = std::vector<std::vector<double>>;

/// The derivative weights of every tree: one number per stage. `a` has the coefficients of each color; their rows may
/// be shorter than the number of stages.
inline std::vector<std::vector<double>> derivative_weights(const std::vector<RootedTree>& trees,
                                                           const std::vector<Coefficients>& a) {
  std::vector<std::vector<double>> all;
  for (const RootedTree& tree : trees) {
    std::vector<double> weight(a[0].size(), 1);
    for (const RootedTree::Child& child : tree.children)
      for (size_t i = 0; i < weight.size(); ++i) {
        const std::vector<double>& row = a[child.color][i];
        double sum = 0;
        for (size_t j = 0; j < row.size(); ++j) sum += row[j] * all[child.tree][j];
        weight[i] *= sum;
      }
    all.push_back(weight);
  }
  return all;
}

/// For orders 1, 2, …: the largest |Σ b_i Φ_i(t) − expected(t)| over the trees of that order.
inline std::vector<double> defects(const std::vector<Coefficients>& a, const std::vector<double>& b, size_t largest,
                                   const std::function<double(const RootedTree&)>& expected) {
  const auto trees = rooted_trees(largest, a.size());
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
