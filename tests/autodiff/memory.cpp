#include <thread>

#include "autodiff/base/buffer.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/custom.hpp"
#include "autodiff/tape.hpp"
#include "ops/arithmetic.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::memory_tests {

using Values = std::vector<double>;

TEST_CASE("a freed block is reused, and returned to the system on request") {
  release_pool();
  CHECK(pool_statistics().bytes_held == 0);
  const PoolStatistics before = pool_statistics();
  const void* block;
  {
    const Buffer b(1000);
    block = b.data();
    CHECK(reinterpret_cast<uintptr_t>(block) % 64 == 0);
  }
  CHECK(pool_statistics().misses == before.misses + 1);
  CHECK(pool_statistics().bytes_held >= 1000);
  const Buffer again(1000);
  CHECK(again.data() == block);
  CHECK(pool_statistics().hits == before.hits + 1);
  release_pool();
  CHECK(pool_statistics().bytes_held == 0);
}

TEST_CASE("a tensor can be freed on another thread than the one that created it") {
  const int64_t before = live_nodes();
  Tensor x = full({1000}, 2, DType::float64);
  Tensor y;
  std::thread([x = std::move(x), &y]() mutable {
    y = x * x;
    x = Tensor();
  }).join();
  CHECK(y.values() == Values(1000, 4));
  y = Tensor();
  CHECK(live_nodes() == before);
}

TEST_CASE("a block freed on another thread is returned to its owner's pool and reused there") {
  std::thread([] {
    for (int i = 0; i < 3; ++i) {
      Buffer b(5000);
      std::thread([b = std::move(b)]() mutable { b = Buffer(); }).join();
      CHECK(pool_statistics().misses == 1);
      CHECK(pool_statistics().hits == i);
    }
    release_pool();  // also releases the blocks returned to it
    const Buffer b(5000);
    CHECK(pool_statistics().misses == 2);
  }).join();
}

TEST_CASE("a block can outlive its thread, and can be returned after its thread has ended") {
  std::vector<Buffer> orphans;
  for (int i = 0; i < 3; ++i) std::thread([&] { orphans.emplace_back(5000); }).join();
  std::thread([&] {
    const Buffer mine(5000);  // in the pool of one of the ended threads
    orphans.clear();
    CHECK(pool_statistics().misses == 1);
  }).join();
}

TEST_CASE("accumulate adds in place only if the tensor is not shared") {
  const Tensor a = f64({1, 2}), b = f64({10, 20});
  Tensor acc;
  accumulate(acc, a);
  accumulate(acc, b);
  CHECK(a.values() == Values{1, 2});
  CHECK(acc.values() == Values{11, 22});
  const void* place = acc.data<double>().data();
  accumulate(acc, b);
  CHECK(acc.data<double>().data() == place);
  CHECK(acc.values() == Values{21, 42});
  const Tensor seen = stop_gradient(acc), reshaped = reshape(acc, {2, 1});  // share its memory
  accumulate(acc, b);
  CHECK(seen.values() == Values{21, 42});
  CHECK(reshaped.values() == Values{21, 42});
  CHECK(b.values() == Values{10, 20});
  Tensor recorded = track(a);
  accumulate(recorded, b);
  CHECK(recorded.tracked());
}

TEST_CASE("no sweep changes a cotangent, a tangent or a tensor that a rule returns twice") {
  const Tensor x = track(f64({1, 2})), stored = f64({5, 5});
  const auto rule = CustomRule{"stored", [](const auto& in) { return in[0]; },
                               [&](const auto&, const Tensor&, const Tensor&) {
                                 return std::vector<Tensor>{stored, stored};
                               }};
  const Tensor y = x + x, z = custom(rule, {x, x});
  const Tensor w = f64({1, 1});
  const NoGrad guard;
  CHECK(Tape({y, y, z, z}, {x}).pull({w, w, w, w})[0].values() == Values{14, 14});
  CHECK(w.values() == Values{1, 1});
  CHECK(stored.values() == Values{5, 5});
  CHECK(Tape({y}, {x}).push({w})[0].values() == Values{2, 2});
  CHECK(w.values() == Values{1, 1});
}

}  // namespace dimwise::memory_tests
