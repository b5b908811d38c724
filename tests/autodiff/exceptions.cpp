// An exception leaves the thread as it was: its context, the live nodes, and the blocks of its pool.
#include <functional>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "autodiff/base/buffer.hpp"
#include "autodiff/checkpoint.hpp"
#include "autodiff/context.hpp"
#include "autodiff/custom.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "autodiff/debug/detect_anomaly.hpp"
#include "autodiff/debug/profile.hpp"
#include "autodiff/dimwise.hpp"
#include "autodiff/node.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::exceptions_tests {

namespace {

struct Planted {};

const Tensor x = track(normal({3, 4}));

// Computes with its argument, and throws at call `last`.
Function failing(int last) {
  return [last, call = std::make_shared<int>(0)](const Tensor& t) {
    const Tensor y = sum(tanh(t) * x);
    if (++*call >= last) throw Planted();
    return y;
  };
}

template <class Guard, class... Arguments>
std::function<void()> within(Arguments... arguments) {
  return [=] {
    const Guard guard(arguments...);
    failing(1)(x);
  };
}

class FailingObserver : public Observer {
 public:
  explicit FailingObserver(bool forward) : forward_(forward) {}
  void evaluated(const Op&, std::span<const Tensor>, const Tensor&, double) override {
    if (forward_) throw Planted();
  }
  void pulled(const Call&, const Tensor&, std::span<const Tensor>, double) override { throw Planted(); }

 private:
  bool forward_;
};

enum class Fails { forward, vjp, jvp };

// x³, one of whose rules throws after it has computed.
Tensor cube(const Tensor& t, Fails fails) {
  const auto unless = [fails](Fails part, Tensor result) {
    if (fails == part) throw Planted();
    return result;
  };
  return custom(
      {"cube", [=](const auto& in) { return unless(Fails::forward, in[0] * in[0] * in[0]); },
       [=](const auto& in, const Tensor&, const Tensor& w) {
         return std::vector<Tensor>{unless(Fails::vjp, 3 * square(in[0]) * w)};
       },
       [=](const auto& in, const Tensor&, const auto& v) { return unless(Fails::jvp, 3 * square(in[0]) * v[0]); }},
      {t});
}

struct FailingNet {
  bool in_conditioner;
  Tensor conditioner(const Tensor& t) const { return part(t, in_conditioner); }
  Tensor transformer(const Tensor& t, const Tensor& h) const { return part(t, !in_conditioner) + h; }

 private:
  static Tensor part(const Tensor& t, bool fails) {
    Tensor y = sin(t);
    if (fails) throw Planted();
    return y;
  }
};

Tensor checkpointed(int last) {
  return sum(checkpoint([f = failing(last)](const auto& in) { return f(in[0]); }, {tanh(x)}));
}

Tensor coupled() { return x * sum(x); }

struct Case {
  const char* name;
  std::function<void()> fails;
};

const Case cases[]{
    {"NoGrad", within<NoGrad>()},
    {"EnableGrad", within<EnableGrad>()},
    {"GradMode", within<GradMode>(false)},
    {"DiagonalCheck on", within<DiagonalCheck>(true)},
    {"DiagonalCheck off", within<DiagonalCheck>(false)},
    {"Scope", within<Scope>("named")},
    {"DetectAnomaly", within<DetectAnomaly>()},
    {"Profile", within<Profile>()},
    {"an anomaly in the forward pass",
     [] {
       const DetectAnomaly guard;
       log(-square(x));
     }},
    {"an anomaly in the reverse pass",
     [] {
       const Tensor y = sum(log(x * 0.0));
       const DetectAnomaly guard;
       grad(y, x);
     }},
    {"an observer of ops",
     [] {
       const FailingObserver observer(true);
       tanh(x);
     }},
    {"an observer of pulls",
     [] {
       const Profile outer;
       const FailingObserver observer(false);
       grad(sum(tanh(x)), x);
     }},
    {"all scopes",
     [] {
       const NoGrad off;
       const DiagonalCheck check;
       const Scope outer("outer");
       const Profile profile;
       const EnableGrad on;
       const DetectAnomaly anomaly;
       const Scope inner("inner");
       value_and_grad(failing(1), x);
     }},
    {"the forward of a custom rule", [] { cube(tanh(x), Fails::forward); }},
    {"the vjp of a custom rule", [] { grad(sum(tanh(cube(tanh(x), Fails::vjp))), x); }},
    {"the vjp of a custom rule, watched",
     [] {
       const Profile profile;
       grad(sum(cube(tanh(x), Fails::vjp)), x);
     }},
    {"the vjp of a custom rule, unrecorded", [] { grad(sum(tanh(cube(tanh(x), Fails::vjp))), x, {.record = false}); }},
    {"the vjp of a custom rule, in the last sweep",
     [] {
       Tape tape({sum(tanh(cube(tanh(x), Fails::vjp)))}, {x});
       std::move(tape).pull({f64(1)});
     }},
    {"the jvp of a custom rule", [] { jvp(sum(tanh(cube(tanh(x), Fails::jvp))), x, x); }},
    {"the jvp of a custom rule, in a jet",
     [] {
       Tape({cube(tanh(x), Fails::jvp)}, {x}).jet({{x, x, x}});
     }},
    {"checkpoint", [] { checkpointed(1); }},
    {"checkpoint, computed again to pull", [] { grad(checkpointed(2), x); }},
    {"checkpoint, computed again to push", [] { jvp(checkpointed(2), x, x); }},
    {"value_and_grad", [] { value_and_grad(failing(1), x); }},
    {"value_and_grad within NoGrad",
     [] {
       const NoGrad guard;
       value_and_grad(failing(1), x);
     }},
    {"grad of a function", [] { grad(failing(1))(x); }},
    {"grad of grad", [] { grad([](const Tensor& t) { return sum(grad(failing(1))(t)); })(x); }},
    {"vjp", [] { vjp(failing(1), x, f64(1)); }},
    {"jvp", [] { jvp(failing(1), x, x); }},
    {"hvp", [] { hvp(failing(1), x, x); }},
    {"jacobian", [] { jacobian(failing(1), x); }},
    {"hessian", [] { hessian(failing(1), x); }},
    {"check_grads", [] { check_grads([f = failing(3)](const auto& in) { return f(in[0]); }, {x}); }},
    {"dimwise: the conditioner", [] { dimwise::dimwise(FailingNet{true}, x, 2); }},
    {"dimwise: the transformer", [] { dimwise::dimwise(FailingNet{false}, x, 2); }},
    {"dimwise: the check",
     [] {
       const DiagonalCheck check;
       dimwise::dimwise(coupled(), x, DimwiseOptions{});
     }},
    {"dimwise: the check, Taylor",
     [] {
       const DiagonalCheck check;
       dimwise::dimwise(coupled(), x, {.order = 2, .method = DimwiseMethod::taylor});
     }},
    {"a tape of untracked inputs", [] { Tape({sum(tanh(x))}, {f64(1)}); }},
    {"a direction of another shape",
     [] {
       Tape({sum(tanh(x))}, {x}).pull({f64({1, 2})});
     }},
};

// Whether the context is as before but for the count of ops.
bool same_context(ThreadContext before) {
  before.ops_evaluated = thread_context().ops_evaluated;
  return thread_context() == before;
}

bool throws(const Case& c) {
  try {
    c.fails();
  } catch (const Planted&) {
    return true;
  } catch (const Error&) {
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("after an exception the thread's context and memory are what they were") {
  for (const bool on : {true, false}) {
    const GradMode mode(on);
    const DiagonalCheck check(!on);
    const Scope scope("surrounding");
    const ThreadContext before = thread_context();
    for (const Case& c : cases) {
      INFO(c.name << (on ? "" : ", without recording"));
      const int64_t nodes = live_nodes();
      for (int warm_up = 0; warm_up < 2; ++warm_up) throws(c);
      const PoolStatistics pool = pool_statistics();
      for (int i = 0; i < 3; ++i) {
        const bool threw = throws(c);
        CHECK((threw || !on));  // without recording there is nothing to sweep
        CHECK(same_context(before));
        CHECK(live_nodes() == nodes);
      }
      CHECK(pool_statistics().misses == pool.misses);
      CHECK(pool_statistics().bytes_held == pool.bytes_held);
    }
  }
}

TEST_CASE("memory that the system cannot allocate empties the pool, and nothing else changes") {
  const ThreadContext before = thread_context();
  const int64_t nodes = live_nodes();
  tanh(x);
  REQUIRE(pool_statistics().bytes_held > 0);
  const auto huge = [] {
    const NoGrad guard;
    return sum(x) + sum(zeros({int64_t{1} << 46}));
  };
  CHECK_THROWS_AS(huge(), MemoryError);
  CHECK(same_context(before));
  CHECK(live_nodes() == nodes);
  CHECK(pool_statistics().bytes_held < 1000);
  CHECK_THROWS_AS(Buffer(size_t{1} << 60), std::bad_alloc);
}

TEST_CASE("after an exception the next gradients are right") {
  const auto gradient = [] { return grad(sum(tanh(x) * x), x); };
  const Tensor expected = gradient();
  for (const Case& c : cases) {
    INFO(c.name);
    throws(c);
    CHECK(distance(gradient(), expected) == 0);
  }
}

}  // namespace dimwise::exceptions_tests
