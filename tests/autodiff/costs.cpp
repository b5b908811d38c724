// The cost of computations, counted, not timed.
#include <cstdlib>
#include <new>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/custom.hpp"
#include "autodiff/tape.hpp"
#include "ops/elementwise.hpp"
#include "ops/matmul.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::costs_tests {

namespace {

thread_local bool counting = false;
thread_local int64_t from_system = 0;

// The blocks that `f` allocates from the system: by operator new, and by the pool if it has no free block.
struct Taken {
  int64_t by_new, by_pool;
  friend bool operator==(const Taken&, const Taken&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Taken& t) {
    return out << t.by_new << " by new, " << t.by_pool << " by the pool";
  }
};
template <class F>
Taken taken(F&& f) {
  for (int i = 0; i < 2; ++i) f();  // warm-up
  const int64_t misses = pool_statistics().misses;
  from_system = 0;
  counting = true;
  f();
  counting = false;
  return {from_system, pool_statistics().misses - misses};
}

// A chain of 3n ops with one, two and three operands.
struct Chain {
  Tensor x = track(normal({8, 5})), weight = normal({5, 5}, 2), bias = normal({5}, 3), c = normal({8, 5}, 4);

  Tensor operator()(int n) const {
    Tensor y = x;
    for (int i = 0; i < n; ++i) y = tanh(linear(mul(std::move(y), c), weight, bias));
    return y;
  }
};

}  // namespace

}  // namespace dimwise::costs_tests

// All forms for single objects, so that a sanitizer sees matching allocation and deallocation; those for arrays call
// these.
// NOLINTBEGIN(misc-new-delete-overloads)
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  if (dimwise::costs_tests::counting) ++dimwise::costs_tests::from_system;
  return std::malloc(bytes ? bytes : 1);
}
void* operator new(size_t bytes) {
  if (void* memory = operator new(bytes, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
// NOLINTEND(misc-new-delete-overloads)

namespace dimwise::costs_tests {

TEST_CASE("after warm-up, evaluating and recording ops allocates no memory from the system") {
  const Chain chain;
  {
    const NoGrad guard;
    CHECK(taken([&] { chain(100); }) == Taken{0, 0});
  }
  for (const int n : {1, 100, 400}) CHECK(taken([&] { chain(n); }) == Taken{0, 0});
}

TEST_CASE("after warm-up, an unrecorded pull allocates only eight lists from the system, for any length of the chain") {
  const Chain chain;
  const Tensor w = normal({8, 5}, 5);
  for (const int n : {1, 100, 400}) {
    const Tensor y = chain(n);
    const Tape tape({y}, {chain.x});
    const NoGrad guard;
    const Taken t = taken([&] { tape.pull({w}); });
    CHECK(t.by_pool == 0);
    CHECK(t.by_new <= 8);
  }
}

TEST_CASE("the lists of a tape grow by doubling: a chain four times as long needs only a few more blocks") {
  const Chain chain;
  const auto blocks = [&](int n) {
    const Tensor y = chain(n);
    return taken([&] { Tape({y}, {chain.x}); }).by_new;
  };
  CHECK(blocks(400) - blocks(100) <= 12);
}

TEST_CASE("a tape takes no memory for what was computed before its inputs") {
  const Chain chain;
  const auto blocks = [&](int n) {
    const Tensor x = chain(n), y = tanh(x);
    return taken([&] { Tape({y}, {x}); }).by_new;
  };
  CHECK(blocks(400) == blocks(1));
}

TEST_CASE("a recorded sweep through an elementwise op is one op, f', and the next one a few") {
  const Tensor w = track(f64({1, 2}));
  // The number of ops of the second sweep, recorded: those of w·f''(x).
  const std::vector<std::pair<Tensor (*)(Tensor), int64_t>> functions{{exp, 3}, {sin, 4}, {softplus, 4}, {tanh, 9}};
  for (const auto& [f, ops] : functions) {
    const Tensor x = track(f64({0.3, 0.7})), y = f(x);
    const std::string name = y.node()->op->name;
    INFO(name);
    const int64_t begin = thread_context().ops_evaluated;
    const Tensor g = Tape({y}, {x}).pull({w})[0];
    CHECK(thread_context().ops_evaluated - begin == 1);
    CHECK(g.node()->op->name == name + "'");
    const Tape again({g}, {x});
    int64_t before = thread_context().ops_evaluated;
    again.pull({w});
    CHECK(thread_context().ops_evaluated - before <= ops);
    const NoGrad guard;
    before = thread_context().ops_evaluated;
    again.pull({stop_gradient(w)});
    CHECK(thread_context().ops_evaluated - before <= 2);  // including the one for w
  }
}

TEST_CASE("the last sweep of a tape frees tensors during the sweep") {
  const Tensor x = track(normal({5}));
  int64_t seen = 0;
  const CustomRule watch{"watch", [](const auto& in) { return in[0]; },
                         [&](const auto&, const Tensor&, const Tensor& w) {
                           seen = live_nodes();
                           return std::vector<Tensor>{w};
                         }};
  const auto chain = [&] {
    Tensor y = custom(watch, {x});
    for (int i = 0; i < 100; ++i) y = sin(std::move(y));
    return Tape({std::exchange(y, {})}, {x});
  };
  const Tensor w = normal({5}, 2);
  const EnableGrad guard;
  const int64_t before = live_nodes();
  Tape kept = chain(), given = chain();
  CHECK(live_nodes() - before >= 200);
  const NoGrad off;
  kept.pull({w});
  CHECK(seen - before >= 200);
  std::move(given).pull({w});
  CHECK(seen - before < 110);
}

}  // namespace dimwise::costs_tests
