#pragma once

#include "nn/module.hpp"

namespace dimwise::test {

/// A model of one tensor.
struct Point {
  Tensor x;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("x", self.x);
  }
};

}  // namespace dimwise::test
