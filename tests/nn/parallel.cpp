#include "nn/parallel/value_and_grad_parallel.hpp"

#include <barrier>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "autodiff/base/buffer.hpp"
#include "autodiff/base/error.hpp"
#include "autodiff/context.hpp"
#include "autodiff/debug/detect_anomaly.hpp"
#include "autodiff/debug/profile.hpp"
#include "autodiff/dimwise.hpp"
#include "autodiff/node.hpp"
#include "autodiff/transforms.hpp"
#include "nn/mlp.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "ops/threads.hpp"
#include "tests/catch.hpp"

namespace dimwise::parallel_tests {

using Catch::Contains;

namespace {

constexpr int64_t rows = 37;

// A regression with larger weights of later rows, so that position and size of a shard matter.
struct Problem {
  Mlp model;
  Tensor x, y;

  explicit Problem(DType dtype) {
    const Rng rng(11);
    model = Mlp({3, 16, 16, 2}, Activation::tanh, rng.split("model"), dtype);
    x = rng.split("x").normal({rows, 3}, dtype);
    y = rng.split("y").normal({rows, 2}, dtype) * reshape(arange(static_cast<double>(rows), dtype), {rows, 1});
  }
  Tensor loss(const Mlp& m, const Shard& s) const {
    return mean(square(m(slice(x, 0, s.begin, s.end)) - slice(y, 0, s.begin, s.end)));
  }
  auto parallel(ThreadPool& pool) const {
    return value_and_grad_parallel(
        pool, [&](const Mlp& m, const Shard& s) { return loss(m, s); }, model, rows);
  }
  auto serial() const {
    return value_and_grad([&](const Mlp& m) { return loss(m, {0, 0, rows}); }, model);
  }
};

// The loss and every gradient.
std::vector<double> numbers(const std::pair<Tensor, Mlp>& result) {
  std::vector<double> all = result.first.values();
  for (const Tensor& t : parameters(result.second))
    for (const double v : t.values()) all.push_back(v);
  return all;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  REQUIRE(a.size() == b.size());
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]) / (1 + std::abs(b[i])));
  return most;
}

}  // namespace

TEST_CASE("shards contain the rows in order, and their sizes differ by at most one") {
  for (const int64_t n : {1, 2, 7, 256})
    for (const int64_t count : {1, 2, 3, 7, 300}) {
      int64_t next = 0, index = 0;
      for (const Shard& s : shards(n, count)) {
        CHECK(s.index == index++);
        CHECK(s.begin == next);
        CHECK((s.size() == n / std::min(n, count) || s.size() == n / std::min(n, count) + 1));
        next = s.end;
      }
      CHECK(next == n);
      CHECK(index == std::min(n, count));
    }
  CHECK_THROWS_WITH(shards(0, 2), Contains("[shards]") && Contains("0 rows"));
  CHECK_THROWS_AS(shards(3, 0), ValueError);
  CHECK_THROWS_WITH(ThreadPool(0), Contains("[thread pool]") && Contains("Use 1 or more"));
}

TEST_CASE("loss and gradients in shards equal those of the whole batch") {
  const Problem p(DType::float64);
  const std::vector<double> whole = numbers(p.serial());
  for (const int threads : {1, 2, 3, 5, 40}) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    INFO(threads << " threads");
    CHECK(distance(numbers(p.parallel(pool)), whole) < 1e-12);
  }
  ThreadPool one(1);
  CHECK(numbers(p.parallel(one)) == whole);
}

TEST_CASE("the same number of threads always gives the same bits") {
  const Problem p(DType::float32);
  for (const int threads : {1, 2, 3, 5}) {
    ThreadPool first(threads);
    const std::vector<double> bits = numbers(p.parallel(first));
    for (int run = 0; run < 50; ++run) {
      ThreadPool other(threads);
      REQUIRE((numbers(p.parallel(first)) == bits));
      REQUIRE((numbers(p.parallel(other)) == bits));
    }
  }
}

TEST_CASE("each task runs once, task i on thread i mod threads, the first on the caller's") {
  ThreadPool pool(3);
  for (const int64_t count : {0, 1, 2, 3, 10}) {
    std::vector<std::thread::id> where(static_cast<size_t>(count));
    std::vector<int> times(static_cast<size_t>(count));
    pool.run(count, [&](int64_t i) {
      where[static_cast<size_t>(i)] = std::this_thread::get_id();
      ++times[static_cast<size_t>(i)];
    });
    for (size_t i = 0; i < where.size(); ++i) {
      CHECK(times[i] == 1);
      CHECK(where[i] == where[i % 3]);
      CHECK((where[i] == std::this_thread::get_id()) == (i % 3 == 0));
    }
  }
}

TEST_CASE("products and convolutions use one thread each while a pool works, and the set number afterwards") {
  const int before = threads();
  set_threads(2);
  ThreadPool one(1), two(2), other(2);
  CHECK(onednn_threads() == 2);
  std::vector<int> products(4), convolutions(4);
  const auto look = [&](int64_t i) {
    products[static_cast<size_t>(i)] = threads();
    convolutions[static_cast<size_t>(i)] = onednn_threads();
  };
  two.run(4, [&](int64_t i) {
    if (i == 0) other.run(2, [](int64_t) {});  // the end of another pool's work does not affect this one
    look(i);
  });
  CHECK(products == std::vector<int>{1, 1, 1, 1});
  CHECK(convolutions == products);
  CHECK(threads() == 2);
  CHECK(onednn_threads() == 2);
  one.run(4, look);
  CHECK(products == std::vector<int>{2, 2, 2, 2});
  two.run(2, [&](int64_t i) {
    if (i == 0) set_threads(3);
    look(i);
  });
  CHECK(products[1] == 1);
  CHECK(threads() == 3);
  CHECK(onednn_threads() == 3);
  set_threads(before);
}

TEST_CASE("the exception of the first failed shard reaches the caller, and the pool can be used again") {
  const Problem p(DType::float64);
  ThreadPool pool(3);
  const auto failing = [&](int64_t from) {
    return value_and_grad_parallel(
        pool,
        [&](const Mlp& m, const Shard& s) {
          if (s.index >= from) throw std::runtime_error("shard " + std::to_string(s.index));
          return p.loss(m, s);
        },
        p.model, rows);
  };
  for (int run = 0; run < 20; ++run) {
    CHECK_THROWS_WITH(failing(0), "shard 0");
    CHECK_THROWS_WITH(failing(1), "shard 1");
    CHECK_THROWS_WITH(failing(2), "shard 2");
  }
  CHECK_THROWS_AS(value_and_grad_parallel(
                      pool, [&](const Mlp& m, const Shard&) { return m(p.x); }, p.model, rows),
                  ShapeError);
  CHECK_THROWS_WITH(value_and_grad_parallel(
                        pool, [&](const Mlp&, const Shard& s) { return p.loss(p.model, s); }, p.model, rows),
                    Contains("not the outer model"));
  CHECK(distance(numbers(p.parallel(pool)), numbers(p.serial())) < 1e-12);
}

TEST_CASE("of exceptions thrown at once the lowest task's reaches the caller, of its own type") {
  struct Own {
    int64_t task;
  };
  const ThreadContext before = thread_context();
  const int threads_before = threads();
  set_threads(2);
  ThreadPool pool(3);
  for (int run = 0; run < 60; ++run) {
    const int64_t from = run % 9;
    std::barrier all_threads(3);
    std::vector<int> called(9);
    const auto task = [&](int64_t i) {
      const NoGrad guard;
      ++called[static_cast<size_t>(i)];
      all_threads.arrive_and_wait();
      if (i < from) return;
      if (i % 4 == 0) throw Own{i};
      if (i % 4 == 1) throw ShapeError(std::to_string(i));
      if (i % 4 == 2) throw i;
      throw std::bad_alloc();
    };
    try {
      pool.run(9, task);
      FAIL("nothing was thrown");
    } catch (const Own& own) {
      CHECK(from % 4 == 0);
      CHECK(own.task == from);
    } catch (const ShapeError& error) {
      CHECK(from % 4 == 1);
      CHECK(error.what() == std::to_string(from));
    } catch (int64_t i) {
      CHECK(from % 4 == 2);
      CHECK(i == from);
    } catch (const std::bad_alloc&) {
      CHECK(from % 4 == 3);
    }
    CHECK(called == std::vector<int>(9, 1));
    CHECK(threads() == 2);
    CHECK(onednn_threads() == 2);
    std::vector<int> recorded(3);
    pool.run(3, [&](int64_t i) { recorded[static_cast<size_t>(i)] = recording(); });
    CHECK(recorded == std::vector<int>{1, 1, 1});
  }
  CHECK(thread_context() == before);
  set_threads(threads_before);
}

TEST_CASE("an exception of a nested task, and one of a pool of one thread, reach the caller") {
  ThreadPool pool(2), one(1);
  const auto fails = [](int64_t i) { throw std::out_of_range(std::to_string(i)); };
  for (int run = 0; run < 20; ++run) {
    CHECK_THROWS_WITH(pool.run(4, [&](int64_t) { pool.run(3, fails); }), "0");
    CHECK_THROWS_WITH(one.run(3, fails), "0");
    CHECK_THROWS_WITH(pool.run(1, fails), "0");
    int64_t sum = 0;
    pool.run(4, [&](int64_t i) {
      if (i % 2 == 0) sum += i;
    });
    CHECK(sum == 2);
  }
}

TEST_CASE("shards that fail leave no nodes, no context and the right gradients") {
  const Problem p(DType::float64);
  ThreadPool pool(3);
  const std::vector<double> bits = numbers(p.parallel(pool));
  const Profile profile;
  const Scope scope("surrounding");
  ThreadContext before = thread_context();
  const int64_t nodes = live_nodes();
  for (int run = 0; run < 20; ++run) {
    CHECK_THROWS_AS(value_and_grad_parallel(
                        pool,
                        [&](const Mlp& m, const Shard& s) -> Tensor {
                          const Tensor y = p.loss(m, s);
                          if (s.index == 0) return y;
                          throw std::range_error("shard");
                        },
                        p.model, rows),
                    std::range_error);
    CHECK_THROWS_AS(value_and_grad(
                        [&](const Mlp& m) -> Tensor {
                          throw p.loss(m, {0, 0, rows}).shape();
                        },
                        p.model),
                    Shape);
    before.ops_evaluated = thread_context().ops_evaluated;
    CHECK(thread_context() == before);
    CHECK(live_nodes() == nodes);
  }
  CHECK((numbers(p.parallel(pool)) == bits));
}

TEST_CASE("workers copy the caller's recording flag, check and scope, and keep none of them") {
  ThreadPool pool(3);
  for (const bool on : {false, true, false}) {
    const GradMode recorded(on);
    const DiagonalCheck checked(on);
    const Scope scope(on ? "named" : nullptr);
    const char* expected = thread_context().scope;
    std::vector<int> right(3);
    pool.run(3, [&](int64_t i) {
      right[static_cast<size_t>(i)] = recording() == on &&
                                      (thread_context().diagonal_checks == DiagonalChecks::always) == on &&
                                      thread_context().scope == expected;
      const GradMode other(!on);  // ends with the task
    });
    CHECK(right == std::vector<int>{1, 1, 1});
  }
}

TEST_CASE("gradients can be differentiated again if they depend on a tracked tensor") {
  const Problem p(DType::float64);
  ThreadPool pool(3);
  const auto second = [&](auto&& first_order) {
    Problem q = p;
    q.x = track(p.x);
    const auto [loss, g] = first_order(q);
    REQUIRE(loss.tracked());
    Tensor size = loss;
    for (const Tensor& t : parameters(g)) size = size + sum(square(t));
    return grad(size, q.x).values();
  };
  CHECK(distance(second([&](const Problem& q) { return q.parallel(pool); }),
                 second([](const Problem& q) { return q.serial(); })) < 1e-12);
  const NoGrad guard;
  CHECK_FALSE(p.parallel(pool).first.tracked());
}

TEST_CASE("a busy pool runs nested tasks on the calling thread") {
  const Problem p(DType::float32);
  ThreadPool pool(3);
  const std::vector<double> bits = numbers(p.parallel(pool));
  std::vector<std::vector<double>> inside(6);
  pool.run(6, [&](int64_t i) { inside[static_cast<size_t>(i)] = numbers(p.parallel(pool)); });
  for (const auto& result : inside) CHECK((result == bits));
  std::vector<double> elsewhere;
  std::thread other([&] { elsewhere = numbers(p.parallel(pool)); });
  CHECK((numbers(p.parallel(pool)) == bits));
  other.join();
  CHECK((elsewhere == bits));
}

TEST_CASE("observers are notified of every shard, and do not change results") {
  const Problem p(DType::float32);
  ThreadPool pool(3);
  const std::vector<double> bits = numbers(p.parallel(pool));
  Profile profile;
  CHECK((numbers(p.parallel(pool)) == bits));
  CHECK(profile.rows().at("tanh").calls == 6);  // two layers, three shards
  const DetectAnomaly guard;
  CHECK_THROWS_WITH(
      value_and_grad_parallel(
          pool, [&](const Mlp& m, const Shard& s) { return s.index == 2 ? log(-square(p.loss(m, s))) : p.loss(m, s); },
          p.model, rows),
      Contains("[log]") && Contains("gave nan"));
}

TEST_CASE("later steps on many threads reuse the memory of the first ones") {
  const Problem p(DType::float32);
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    Mlp model = p.model;
    const auto misses = [&] {
      std::vector<int64_t> each(static_cast<size_t>(threads));
      pool.run(threads, [&](int64_t i) { each[static_cast<size_t>(i)] = pool_statistics().misses; });
      return each;
    };
    std::vector<Tensor> aside;  // created by the shards, freed by the caller
    const auto step = [&] {
      aside.assign(static_cast<size_t>(threads), Tensor());
      auto [loss, g] = value_and_grad_parallel(
          pool,
          [&](const Mlp& m, const Shard& s) {
            aside[static_cast<size_t>(s.index)] = stop_gradient(m(slice(p.x, 0, s.begin, s.end)));
            return p.loss(m, s);
          },
          model, rows);
      const NoGrad guard;
      std::vector<Tensor> gradients = parameters(g);
      size_t i = 0;
      model = map_parameters(model, [&](const std::string&, const Tensor& w) { return w - 1e-3 * gradients[i++]; });
    };
    for (int warm_up = 0; warm_up < 5; ++warm_up) step();
    const std::vector<int64_t> before = misses();
    const int64_t held = pool_statistics().bytes_held;
    for (int i = 0; i < 50; ++i) step();
    CHECK(misses() == before);
    CHECK(pool_statistics().bytes_held == held);
  }
}

}  // namespace dimwise::parallel_tests
