// Random programs over the ops, as scripts/record_programs.py ran them in JAX: values, gradients, and derivatives along
// a line, by every sweep, recorded or not.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/differential/vocabulary.hpp"

namespace dimwise::differential_tests {

using differential::Numbers;
using differential::Operands;
using differential::vocabulary;
using nlohmann::json;

namespace {

constexpr double value_tolerance = 1e-10, derivative_tolerance = 1e-8;

Tensor f64(const json& values, const Shape& shape, double unit = 1) {
  return tensor(values.get<Numbers>(), shape, DType::float64) * unit;
}

// One recorded program.
struct Program {
  explicit Program(const json& entry) : at(entry), code(entry.at("code")), y_shape(shape(entry.at("shape"))) {
    for (const json& leaf : at.at("x")) x.push_back(f64(leaf[1], shape(leaf[0]), 0x1p-6));
    for (size_t i = 0; i < x.size(); ++i) v.push_back(f64(at.at("v")[i], x[i].shape(), 0x1p-3));
    w = f64(at.at("w"), y_shape, 0x1p-3);
    for (const json& call : code) jets = std::min(jets, vocabulary().at(call[0]).jets);
  }

  Tensor operator()(Operands values) const {
    for (const json& call : code) {
      Operands operands;
      for (const size_t i : call[1]) operands.push_back(values.at(i));
      values.push_back(vocabulary().at(call[0]).f(operands, call[2].get<Numbers>()));
    }
    return values.back();
  }

  /// The recorded k-th derivative along x + t v.
  Tensor along(size_t k) const { return f64(at.at("along")[k - 1], y_shape); }

  static Shape shape(const json& lengths) { return Shape(lengths.get<std::vector<int64_t>>()); }

  const json& at;
  const json& code;
  Shape y_shape;
  Operands x, v;
  Tensor w;
  int jets = 3;
};

std::vector<Program> programs() {
  static const json file = differential::recorded("programs.json.gz");
  std::vector<Program> list;
  for (const json& entry : file.at("programs")) list.emplace_back(entry);
  return list;
}

// max |a − b| relative to max |b|, infinite if shapes differ or a NaN occurs. An undefined a is zero.
double distance(const Tensor& a, const Tensor& b) {
  if (a.defined() && a.shape() != b.shape()) return INFINITY;
  const Numbers p = a.defined() ? a.values() : Numbers(static_cast<size_t>(b.size())), q = b.values();
  double worst = 0, size = 1e-3;
  for (size_t i = 0; i < p.size(); ++i) {
    const double d = std::abs(p[i] - q[i]);
    if (!(d <= worst)) worst = std::isnan(d) ? INFINITY : d;
    size = std::max(size, std::abs(q[i]));
  }
  return worst / size;
}

Operands tracked(const Operands& leaves) {
  Operands list;
  for (const Tensor& x : leaves) list.push_back(track(x));
  return list;
}

// The names of the ops that are evaluated, those of sweeps included.
struct Records : Observer {
  void evaluated(const Op& op, std::span<const Tensor>, const Tensor&, double) override { names.insert(op.name); }
  void pulled(const Call&, const Tensor&, std::span<const Tensor>, double) override {}
  std::set<std::string> names;
};

Operands narrow(const Operands& leaves) {
  Operands list;
  for (const Tensor& x : leaves) list.push_back(astype(x, DType::float32));
  return list;
}

}  // namespace

TEST_CASE("random programs have JAX's values, recorded or not") {
  for (const Program& p : programs()) {
    const Tensor y = f64(p.at.at("y"), p.y_shape);
    INFO(p.code.dump());
    CHECK(distance(p(p.x), y) < value_tolerance);
    CHECK(distance(p(tracked(p.x)), y) < value_tolerance);
    const NoGrad guard;
    CHECK(distance(p(tracked(p.x)), y) < value_tolerance);
  }
}

TEST_CASE("random programs have in float32 at most a few times JAX's errors") {
  for (const Program& p : programs()) {
    const Tensor y = f64(p.at.at("y"), p.y_shape);
    const double most = 4 * p.at.at("float32").get<double>() + 2e-6;
    INFO(p.code.dump());
    CHECK(distance(p(narrow(p.x)), y) < most);
    CHECK(distance(p(tracked(narrow(p.x))), y) < most);
  }
}

TEST_CASE("random programs have JAX's gradients, recorded or not") {
  for (const Program& p : programs()) {
    const Operands x = tracked(p.x);
    const Tensor y = p(x);
    INFO(p.code.dump());
    for (const bool record : {true, false}) {
      const GradMode recorded(record);
      const Operands g = y.tracked() ? Tape({y}, x).pull({p.w}) : Operands(x.size());
      for (size_t i = 0; i < x.size(); ++i)
        CHECK(distance(g[i], f64(p.at.at("grad")[i], x[i].shape())) < derivative_tolerance);
    }
  }
}

TEST_CASE("random programs have JAX's tangents and Taylor series, recorded or not") {
  size_t series = 0;
  for (const Program& p : programs()) {
    const Operands x = tracked(p.x);
    const Tensor y = p(x);
    INFO(p.code.dump());
    if (!y.tracked()) {
      for (const size_t k : {1, 2, 3}) CHECK(distance({}, p.along(k)) == 0);
      continue;
    }
    const Tape tape({y}, x);
    std::vector<Operands> line;
    for (const Tensor& v : p.v) line.push_back({v, Tensor(), Tensor()});
    for (const bool record : {true, false}) {
      const GradMode recorded(record);
      CHECK(distance(tape.push(p.v)[0], p.along(1)) < derivative_tolerance);
      if (p.jets < 3) continue;
      const Series s = tape.jet(line)[0];
      ++series;
      for (const int k : {1, 2, 3}) {
        const Tensor c = s.at(k);
        const Tensor derivative = c.defined() ? broadcast_to(c, p.y_shape) * (k == 3 ? 6.0 : k) : c;
        CHECK(distance(derivative, p.along(static_cast<size_t>(k))) < derivative_tolerance);
      }
    }
  }
  CHECK(series > 600);
}

TEST_CASE("random programs have JAX's third derivatives along a line by nested pulls") {
  for (const Program& p : programs()) {
    const Tensor t = track(scalar(0, DType::float64));
    Operands moved;
    for (size_t i = 0; i < p.x.size(); ++i) moved.push_back(p.x[i] + t * p.v[i]);
    Tensor d = sum(p.w * p(moved));
    INFO(p.code.dump());
    for (const size_t k : {1, 2, 3}) {
      const Tensor exact = p.along(k);
      double size = 1e-3;
      for (const double each : (p.w * exact).values()) size += std::abs(each);
      d = d.tracked() ? grad(d, t, {.record = k < 3}) : scalar(0, DType::float64);
      CHECK(std::abs(d.item() - sum(p.w * exact).item()) < derivative_tolerance * size);
    }
  }
}

TEST_CASE("random programs have every op in them, and every record") {
  std::map<std::string, int> calls;
  int ran = 0;
  Records records;
  for (const Program& p : programs()) {
    ++ran;
    for (const json& call : p.code) ++calls[call[0]];
    const Operands x = tracked(p.x);
    if (const Tensor y = p(x); y.tracked()) Tape({y}, x).pull({p.w});
  }
  CHECK(ran >= 600);
  for (const auto& [name, function] : vocabulary()) {
    INFO(name);
    CHECK(calls[name] >= 6);
  }
  // Programs keep to one dtype: astype is in tests/ops/layout.cpp.
  records.names.insert("astype");
  for (const Op* op : all_ops()) {
    INFO(op->name);
    CHECK(records.names.count(op->name) == 1);
  }
}

}  // namespace dimwise::differential_tests
