#include <cmath>

#include "autodiff/context.hpp"
#include "autodiff/op.hpp"
#include "autodiff/transforms.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::sweeps_tests {

using namespace dimwise::table;

namespace {

Inputs tracked(const Inputs& sample) {
  Inputs leaves;
  for (const Tensor& x : sample) leaves.push_back(track(x));
  return leaves;
}
double inner(const Tensor& a, const Tensor& b) { return sum(a * b).item(); }
Inputs directions(const Inputs& like, uint64_t seed) {
  Inputs v;
  for (const Tensor& x : like) v.push_back(normal(x.shape(), seed + v.size()));
  return v;
}

}  // namespace

TEST_CASE("push and pull are adjoint: ⟨Jv, w⟩ = ⟨v, Jᵀw⟩ for every op and shape") {
  for (const Entry& e : entries()) {
    if (!e.smooth) continue;
    for (const Inputs& sample : e.samples) {
      const Inputs x = tracked(sample);
      const Tensor y = e.f(x);
      const Tape tape({y}, x);
      const NoGrad guard;
      const Inputs v = directions(x, 20);
      const Tensor w = normal(y.shape(), 30);
      const Inputs pulled = tape.pull({w});
      double right = 0, size = 1;
      for (size_t i = 0; i < x.size(); ++i) right += inner(v[i], pulled[i]), size += std::abs(inner(v[i], pulled[i]));
      INFO(e.function << ", first input of shape " << sample[0].shape());
      CHECK(std::abs(inner(tape.push(v)[0], w) - right) < 1e-12 * size);
    }
  }
}

TEST_CASE("a pull is linear in the cotangent, recorded or not") {
  for (const Entry& e : entries()) {
    if (!e.smooth) continue;
    const Inputs x = tracked(e.samples[0]);
    const Tensor y = e.f(x);
    const Tape tape({y}, x);
    const Tensor w1 = normal(y.shape(), 1), w2 = normal(y.shape(), 2);
    const Inputs g1 = tape.pull({w1}), g2 = tape.pull({w2});
    const NoGrad guard;
    const Inputs both = tape.pull({2.0 * w1 - 0.5 * w2});
    for (size_t i = 0; i < x.size(); ++i) {
      INFO(e.function);
      CHECK(std::sqrt(sum(square(both[i] - (2.0 * g1[i] - 0.5 * g2[i]))).item()) <
            1e-12 * (1 + std::sqrt(sum(square(both[i])).item())));
    }
  }
}

TEST_CASE("jets of order 1 to 4 agree with nested pulls along the same curve") {
  for (const Entry& e : entries()) {
    if (!e.smooth) continue;
    const int order = e.jets;
    for (size_t which = 0; which < std::min<size_t>(e.samples.size(), 3); ++which) {
      const Inputs x = tracked(e.samples[which]);
      // x(t) = x + c₁t + c₂t² + …; the second input changes to first order only.
      std::vector<Inputs> c;
      for (size_t i = 0; i < x.size(); ++i) {
        c.emplace_back();
        for (int k = 1; k <= (i == 1 ? 1 : order); ++k)
          c[i].push_back(normal(x[i].shape(), 40 + 7 * i + static_cast<size_t>(k)) * 0.3);
      }
      const Tensor y = e.f(x), w = normal(y.shape(), 60);
      std::vector<double> jet(static_cast<size_t>(order) + 1);
      {
        const NoGrad guard;
        const Series s = Tape({y}, x).jet(c)[0];
        double factorial = 1;
        for (int k = 1; k <= order; ++k) {
          factorial *= k;
          if (s.at(k).defined()) jet[static_cast<size_t>(k)] = factorial * inner(s.at(k), w);
        }
      }
      const Tensor t = track(scalar(0, DType::float64));
      Inputs moved;
      for (size_t i = 0; i < x.size(); ++i) {
        Tensor power = t, sum = stop_gradient(x[i]);
        for (const Tensor& direction : c[i]) {
          sum = sum + power * direction;
          power = power * t;
        }
        moved.push_back(sum);
      }
      Tensor d = sum(e.f(moved) * w);
      for (int k = 1; k <= order; ++k) {
        if (!d.tracked()) break;  // all that follow are zero
        d = grad(d, t);
        INFO(e.function << " at order " << k << ", first input of shape " << x[0].shape());
        CHECK(std::abs(jet[static_cast<size_t>(k)] - d.item()) < 1e-10 * (1 + std::abs(d.item())));
      }
    }
  }
}

TEST_CASE("an undefined direction is a zero direction, in every sweep") {
  for (const Entry& e : entries()) {
    if (!e.smooth) continue;
    const Inputs x = tracked(e.samples[0]);
    const Tensor y = e.f(x);
    const Tape tape({y}, x);
    const NoGrad guard;
    Inputs defined = directions(x, 5), none(x.size());
    INFO(e.function);
    CHECK(inner(tape.push(none)[0], ones_like(y)) == 0);
    for (const Tensor& g : tape.pull({Tensor()})) CHECK(inner(g, ones_like(g)) == 0);
    if (x.size() < 2) continue;
    Inputs zeroed = defined, half = defined;
    zeroed[0] = zeros_like(x[0]);
    half[0] = Tensor();
    CHECK(inner(tape.push(half)[0], ones_like(y)) == Approx(inner(tape.push(zeroed)[0], ones_like(y))).margin(1e-13));
  }
}

TEST_CASE("the cost of a jet of order k is at most a constant times k³ ops") {
  for (const Entry& e : entries()) {
    if (e.jets < 4) continue;
    const Inputs x = tracked(e.samples[0]);
    const Tape tape({e.f(x)}, x);
    // Recorded, because an unrecorded jet of low order is one pass over memory.
    const auto ops = [&](int order) {
      std::vector<Inputs> c;
      for (const Tensor& t : x) c.emplace_back(static_cast<size_t>(order), track(ones_like(t)));
      const int64_t before = thread_context().ops_evaluated;
      tape.jet(c);
      return static_cast<double>(thread_context().ops_evaluated - before);
    };
    INFO(e.function << ": " << ops(1) << ", " << ops(2) << ", " << ops(4) << ", " << ops(8) << ", " << ops(12));
    for (const int k : {4, 8, 12}) CHECK(ops(k) <= 2 * (1 + ops(2)) * k * k * k / 8);
  }
}

TEST_CASE("a direction that broadcasts gives the same as the full one, in every sweep, recorded or not") {
  const auto close = [](const Tensor& a, const Tensor& b) {
    REQUIRE(a.shape() == b.shape());
    const std::vector<double> u = a.values(), v = b.values();
    for (size_t i = 0; i < u.size(); ++i) {
      if (std::isfinite(v[i])) CHECK(std::abs(u[i] - v[i]) <= 1e-12 * (1 + std::abs(v[i])));
    }
  };
  for (const Entry& e : entries()) {
    if (!e.smooth) continue;
    for (const Inputs& sample : e.samples) {
      const Inputs x = tracked(sample);
      const Tensor y = e.f(x);
      if (!y.tracked()) continue;
      const Tape tape({y}, x);
      for (const bool record : {false, true}) {
        const GradMode recorded(record);
        INFO(e.function << ", output " << y.shape() << (record ? ", recorded" : ""));
        // One number, one for each position along the last axis, all but those of the first axis, and one along an
        // axis.
        Inputs small{scalar(0.7, DType::float64)};
        if (y.rank() > 0) small.push_back(normal({y.dim(-1)}, 3));
        if (y.rank() > 1) small.push_back(normal(y.shape().without(0), 4));
        for (int axis = 0; axis < y.rank(); ++axis)
          small.push_back(normal(y.shape().without(axis).with(axis, 1), static_cast<uint64_t>(axis + 5)));
        for (const Tensor& w : small) {
          const Inputs g = tape.pull({w}), full = tape.pull({broadcast_to(w, y.shape())});
          for (size_t i = 0; i < g.size(); ++i) close(g[i], full[i]);
        }
        if (e.jets < 1) continue;
        for (int order = 1; order <= e.jets; ++order)
          for (const bool line : {true, false}) {  // along a line, or along a curve
            std::vector<Inputs> given, expanded;
            for (const Tensor& t : x) {
              Inputs c, f;
              for (int k = 0; k < order; ++k) {
                c.push_back(line && k > 0 ? Tensor() : scalar(0.5 + 0.25 * k, DType::float64));
                f.push_back(c.back().defined() ? broadcast_to(c.back(), t.shape()) : Tensor());
              }
              given.push_back(c);
              expanded.push_back(f);
            }
            const Series a = tape.jet(given)[0], b = tape.jet(expanded)[0];
            REQUIRE(a.order() == b.order());
            for (int k = 1; k <= a.order(); ++k) {
              INFO("order " << order << ", coefficient " << k);
              REQUIRE(a.at(k).defined() == b.at(k).defined());
              if (a.at(k).defined()) close(a.at(k), b.at(k));
            }
          }
      }
    }
  }
}

TEST_CASE("a Taylor sweep gives the same recorded or not") {
  for (const Entry& e : entries()) {
    if (!e.smooth || e.jets < 2) continue;
    const Inputs x = tracked(e.samples[0]);
    const Tensor y = e.f(x);
    const Tape tape({y}, x);
    for (int order = 2; order <= e.jets; ++order) {
      std::vector<Inputs> plain, recorded;
      for (const Tensor& t : x) {
        plain.emplace_back();
        recorded.emplace_back();
        for (int k = 0; k < order; ++k) {
          plain.back().push_back(normal(t.shape(), static_cast<uint64_t>(k + 7)));
          recorded.back().push_back(track(plain.back().back()));
        }
      }
      const Series a = tape.jet(recorded)[0];
      const NoGrad guard;
      const Series b = tape.jet(plain)[0];
      for (int k = 1; k <= order; ++k) {
        INFO(e.function << ", order " << order << ", coefficient " << k);
        REQUIRE(a.at(k).defined() == b.at(k).defined());
        if (!a.at(k).defined()) continue;
        const std::vector<double> u = a.at(k).values(), v = b.at(k).values();
        for (size_t i = 0; i < u.size(); ++i) CHECK(std::abs(u[i] - v[i]) <= 1e-11 * (1 + std::abs(u[i])));
      }
    }
  }
}

}  // namespace dimwise::sweeps_tests
