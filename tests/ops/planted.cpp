// Wrong rules planted in each op, which the comparison with finite differences must catch.
#include <algorithm>
#include <memory>

#include "autodiff/base/error.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/tape.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::planted_tests {

using namespace dimwise::table;

namespace {

const Op* original = nullptr;
size_t spoiled = 0;  // the input whose cotangent is made wrong
bool dropped = false;

// The original's cotangents, with that of one input negated or dropped.
void wrong_vjp(const Call& call, const Tensor& w, Cotangents& result) {
  const size_t n = call.inputs.size();
  std::vector<Tensor> slots(n);
  const std::unique_ptr<bool[]> wanted(new bool[n]);
  for (size_t i = 0; i < n; ++i) wanted[i] = result.wanted(i);
  Cotangents inner(slots, {wanted.get(), n});
  original->vjp(call, w, inner);
  for (size_t i = 0; i < n; ++i)
    if (slots[i].defined() && !(i == spoiled && dropped)) result.set(i, i == spoiled ? neg(slots[i]) : slots[i]);
}

Series wrong_jet(const Call& call, std::span<const Series> in) {
  Series y = original->jet(call, in);
  if (y.at(1).defined()) y.c[1] = neg(y.c[1]);
  return y;
}

// The inputs of a recorded call without their history.
Inputs leaves_of(const Node& node) {
  Inputs leaves;
  for (const Tensor& x : node.inputs) leaves.push_back(stop_gradient(x));
  return leaves;
}

// Excluded: a cast to float32, and rules that take a symmetric matrix.
bool comparable(const Op& op) {
  const std::string name = op.name;
  return name != "astype" && name != "cholesky" && name != "eigh";
}

bool caught(const Op& op, const Node& node) {
  try {
    check_grads([&](const Inputs& in) { return apply(op, dimwise::Operands(in), node.attributes); }, leaves_of(node));
  } catch (const ValueError&) {
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a sign flip or a dropped term in the reverse rule of any op is caught, for each of its inputs") {
  for (const std::vector<Tensor>& calls : calls_of_each_op()) {
    const Node& first = *calls[0].node();
    if (!comparable(*first.op)) continue;
    INFO(first.op->name);
    CHECK_FALSE(caught(*first.op, first));
    original = first.op;
    Op op = *first.op;
    op.vjp = wrong_vjp;
    for (spoiled = 0; spoiled < first.inputs.size(); ++spoiled)
      for (const bool drop : {false, true}) {
        dropped = drop;
        INFO("input " << spoiled << (drop ? " dropped" : " negated"));
        // A call can be one where the input does not matter, such as the smaller operand of a maximum.
        CHECK(std::any_of(calls.begin(), calls.end(), [&](const Tensor& y) { return caught(op, *y.node()); }));
      }
  }
}

TEST_CASE("a sign flip in the forward rule of any op is caught") {
  for (const std::vector<Tensor>& calls : calls_of_each_op()) {
    const Node& node = *calls[0].node();
    if (!comparable(*node.op)) continue;
    INFO(node.op->name);
    original = node.op;
    Op op = *node.op;
    op.jet = wrong_jet;
    CHECK(caught(op, node));
  }
}

}  // namespace dimwise::planted_tests
