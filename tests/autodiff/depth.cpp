#include <pthread.h>

#include <exception>
#include <functional>

#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::depth_tests {

namespace {

// Runs f on a thread whose stack has 256 KiB.
void on_small_stack(std::function<void()> f) {
  struct Job {
    std::function<void()> f;
    std::exception_ptr error;
  } job{std::move(f), nullptr};
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  REQUIRE(pthread_attr_setstacksize(&attributes, 256 * 1024) == 0);
  pthread_t thread;
  REQUIRE(pthread_create(
              &thread, &attributes,
              [](void* p) -> void* {
                Job& job = *static_cast<Job*>(p);
                try {
                  job.f();
                } catch (...) {
                  job.error = std::current_exception();
                }
                return nullptr;
              },
              &job) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace

TEST_CASE("a chain of a million nodes is built, pulled, pushed and freed with a stack of 256 KiB") {
  const int64_t before = live_nodes();
  double pulled = 0, pushed = 0;
  size_t size = 0;
  on_small_stack([&] {
    const Tensor x = track(f64(0.5));
    Tensor y = x;
    for (int i = 0; i < 500000; ++i) y = sub(neg(y), x);
    const Tape tape({y}, {x});
    size = tape.size();
    const NoGrad guard;
    pulled = tape.pull({f64(1)})[0].item();
    pushed = tape.push({f64(1)})[0].item();
  });
  CHECK(size == 1000000);
  CHECK(pulled == 1);  // y ← −y − x is x again after two steps
  CHECK(pushed == 1);
  CHECK(live_nodes() == before);
}

TEST_CASE("a recorded pull through a long chain is freed with a stack of 256 KiB, in any order") {
  const int64_t before = live_nodes();
  double second = 0;
  on_small_stack([&] {
    const Tensor x = track(f64(0.5));
    Tensor y = x * x;
    for (int i = 0; i < 30000; ++i) y = neg(sin(neg(y)) - y) + sin(y);
    Tensor g = grad(y, x);
    y = Tensor();
    second = grad(g, x, {.record = false}).item();
    g = Tensor();
  });
  CHECK(std::isfinite(second));
  CHECK(live_nodes() == before);
}

TEST_CASE("the cost of sixty stacked diamonds, which have 2⁶⁰ paths, is that of their nodes") {
  const int64_t before = live_nodes();
  {
    const Tensor x = track(f64(3));
    Tensor y = x;
    for (int i = 0; i < 60; ++i) y = 0.25 * y + 0.75 * y;
    const Tape tape({y}, {x});
    CHECK(tape.size() == 180);
    CHECK(tape.pull({f64(1)})[0].item() == 1);
    CHECK(tape.push({f64(1)})[0].item() == 1);
    CHECK(all_zero(grad(grad(y, x), x)));
  }
  CHECK(live_nodes() == before);
}

}  // namespace dimwise::depth_tests
