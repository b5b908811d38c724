#include "autodiff/anomaly.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "autodiff/error.hpp"

namespace dimwise {

namespace {

// Index of the first NaN or infinity, or −1.
int64_t first_bad(const Tensor& x) {
  if (!x.node()->buffer.data()) return -1;  // written over by a later op
  return dispatch(x.dtype(), [&](auto t) -> int64_t {
    const auto values = x.data<decltype(t)>();
    const auto bad = std::find_if(values.begin(), values.end(), [](auto v) { return !std::isfinite(v); });
    return bad == values.end() ? -1 : bad - values.begin();
  });
}

std::string index_text(int64_t flat, const Shape& shape) {
  Shape index = shape;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    index[axis] = flat % shape[axis];
    flat /= shape[axis];
  }
  return index.str();
}

void blame(const char* op, const char* scope, const char* direction, const Tensor& bad, int64_t at) {
  const double value = bad.values()[static_cast<size_t>(at)];
  fail<ValueError>(op, "made ", std::isnan(value) ? NAN : value, " in the ", direction, " pass at index ",
                   index_text(at, bad.shape()), " of shape ", bad.shape(), scope ? ", scope " : "", scope ? scope : "",
                   ". Its inputs were finite: look at their range.");
}

bool all_finite(std::span<const Tensor> tensors) {
  return std::all_of(tensors.begin(), tensors.end(), [](const Tensor& t) { return !t.defined() || first_bad(t) < 0; });
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

void DetectAnomaly::evaluated(const Op& op, std::span<const Tensor> inputs, const Tensor& output) {
  const int64_t at = first_bad(output);
  if (at < 0 || !all_finite(inputs)) return;
  if (const Call* call = Pulling::current())
    blame(call->op.name, call->output.node()->scope, "reverse", output, at);
  else
    blame(op.name, Scope::current(), "forward", output, at);
}

void DetectAnomaly::pulled(const Call& call, const Tensor& cotangent, std::span<const Tensor> cotangents) {
  for (const Tensor& g : cotangents)
    if (g.defined())
      if (const int64_t at = first_bad(g); at >= 0 && first_bad(cotangent) < 0 && all_finite(call.inputs))
        blame(call.op.name, call.output.node()->scope, "reverse", g, at);
}

Profile::Profile() = default;
Profile::~Profile() = default;

void Profile::before() { started_.push_back(now()); }

void Profile::evaluated(const Op& op, std::span<const Tensor>, const Tensor& output) {
  Row& row = rows_[op.name];
  ++row.calls;
  row.bytes += output.size() * static_cast<int64_t>(bytes(output.dtype()));
  row.forward += now() - started_.back();
  started_.pop_back();
}

void Profile::pulled(const Call& call, const Tensor&, std::span<const Tensor>) {
  Row& row = rows_[call.op.name];
  ++row.pulls;
  row.reverse += now() - started_.back();
  started_.pop_back();
}

std::string Profile::report() const {
  std::vector<std::pair<std::string, Row>> sorted(rows_.begin(), rows_.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second.forward + a.second.reverse > b.second.forward + b.second.reverse;
  });
  std::string text = "op                    calls  forward ms    pulls  reverse ms         MiB\n";
  for (const auto& [op, row] : sorted) {
    char line[128];
    std::snprintf(line, sizeof line, "%-18s %8lld %11.3f %8lld %11.3f %11.3f\n", op.c_str(),
                  static_cast<long long>(row.calls), 1e3 * row.forward, static_cast<long long>(row.pulls),
                  1e3 * row.reverse, static_cast<double>(row.bytes) / (1 << 20));
    text += line;
  }
  return text;
}

}  // namespace dimwise
