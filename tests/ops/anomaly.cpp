// DetectAnomaly names the op that computed a NaN, in either direction.
#include "autodiff/debug/detect_anomaly.hpp"

#include <cmath>
#include "autodiff/context.hpp"

#include "autodiff/base/error.hpp"
#include "autodiff/transforms.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::anomaly_tests {

using namespace dimwise::table;

namespace {

std::string what(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

Tensor poisoned(const Tensor& x) {
  std::vector<double> values = x.values();
  values.back() = NAN;
  return tensor(values, x.shape(), x.dtype());
}

// A copy of a record whose forward, or whose vjp, plants a NaN.
const Op* original = nullptr;
Op planted_forward(const Op& op) {
  original = &op;
  Op planted = op;
  planted.forward = [](std::span<const Tensor> in, const Attributes& a) { return poisoned(original->forward(in, a)); };
  return planted;
}
Op planted_vjp(const Op& op) {
  original = &op;
  Op planted = op;
  planted.vjp = [](const Call& call, const Tensor& w, Cotangents& result) {
    std::vector<Tensor> slots(call.inputs.size());
    const std::unique_ptr<bool[]> wanted(new bool[slots.size()]);
    std::fill_n(wanted.get(), slots.size(), true);
    Cotangents inner(slots, {wanted.get(), slots.size()});
    original->vjp(call, w, inner);
    for (size_t i = 0; i < slots.size(); ++i)
      if (slots[i].defined()) result.set(i, slots[i].size() > 0 ? poisoned(slots[i]) : slots[i]);
  };
  return planted;
}

}  // namespace

TEST_CASE("a NaN planted in the forward or reverse pass of any op is attributed to that op") {
  const auto calls = calls_of_each_op();
  CHECK(calls.size() >= all_ops().size());
  for (const std::vector<Tensor>& each : calls) {
    const Node& node = *each[0].node();
    const std::string name = node.op->name;
    INFO(name);
    const Op forward = planted_forward(*node.op);
    CHECK_THAT(what([&] {
                 const DetectAnomaly guard;
                 apply(forward, node.inputs, node.attributes);
               }),
               Catch::StartsWith("[" + name + "] gave nan in the forward pass at index "));
    const Op reverse = planted_vjp(*node.op);
    Inputs leaves;
    for (const Tensor& x : node.inputs) leaves.push_back(track(stop_gradient(x)));
    const Tensor z = apply(reverse, dimwise::Operands(leaves), node.attributes);
    CHECK_THAT(what([&] {
                 const DetectAnomaly guard;
                 Tape({z}, leaves).pull({ones_like(z)});
               }),
               Catch::StartsWith("[" + name + "] gave nan in the reverse pass at index "));
  }
}

TEST_CASE("an anomaly reports index, shape and scope, for recorded and unrecorded sweeps") {
  const Tensor x = tensor({1, 2, 3, -1}, {2, 2}, DType::float64), zero = track(tensor({1, 0}, DType::float64));
  const Scope scope("conditioner");
  const Tensor y = sum(log(zero));
  const DetectAnomaly guard;
  CHECK(what([&] { log(x); }) ==
        "[log] gave nan in the forward pass at index (1, 1) of shape (2, 2), scope conditioner. Its inputs were "
        "finite: check their range.");
  CHECK_THAT(what([&] {
               log(tensor({1, 2, 3, -1, 4, 5, 6, 7}, {2, 2, 2}, DType::float64));
             }),
             Catch::Contains("at index (0, 1, 1) of shape (2, 2, 2)"));
  for (const bool record : {false, true})
    CHECK(what([&] { grad(y, zero, {.record = record}); }) ==
          "[log] gave inf in the reverse pass at index (1,) of shape (2,), scope conditioner. Its inputs were finite: "
          "check their range.");
}

TEST_CASE("a NaN of an input is not attributed to the op that reads it") {
  const Tensor bad = track(tensor({1, NAN}, DType::float64));
  const DetectAnomaly guard;
  const Tensor y = exp(bad) * 2.0;
  CHECK_NOTHROW(Tape({y}, {bad}).pull({ones_like(y)}));
  const Tensor fine = track(tensor({1, 2}, DType::float64)), z = exp(fine);
  CHECK_NOTHROW(Tape({z}, {fine}).pull({stop_gradient(bad)}));
}

}  // namespace dimwise::anomaly_tests
