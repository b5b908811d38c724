#include "nn/data/loader.hpp"

#include <algorithm>
#include <set>

#include "autodiff/base/error.hpp"
#include "tests/catch.hpp"

namespace dimwise::loader_tests {

namespace {
std::vector<int64_t> epoch_of(DataLoader& loader, int64_t epoch) {
  std::vector<int64_t> all;
  for (int64_t b = 0; b < loader.batches(); ++b)
    for (const int64_t row : loader.indices(epoch, b)) all.push_back(row);
  return all;
}
}  // namespace

TEST_CASE("An epoch contains every row once, in batches of equal size except for the last") {
  DataLoader loader({.size = 10, .batch = 4, .seed = 1});
  CHECK(loader.batches() == 3);
  CHECK(loader.indices(0, 0).size() == 4);
  CHECK(loader.indices(0, 2).size() == 2);
  const std::vector<int64_t> rows = epoch_of(loader, 0);
  CHECK(std::set<int64_t>(rows.begin(), rows.end()).size() == 10);
  DataLoader full({.size = 10, .batch = 4, .seed = 1, .drop_last = true});
  CHECK(full.batches() == 2);
  CHECK(DataLoader({.size = 8, .batch = 4}).batches() == 2);
  CHECK(DataLoader({.size = 0, .batch = 4}).batches() == 0);
}

TEST_CASE("The order is a function of seed and epoch, independent of earlier calls") {
  const DataLoader::Options options{.size = 100, .batch = 7, .seed = 3};
  DataLoader a(options), b(options), other({.size = 100, .batch = 7, .seed = 4});
  const std::vector<int64_t> zero = epoch_of(a, 0), one = epoch_of(a, 1);
  CHECK(zero != one);
  CHECK(epoch_of(other, 0) != zero);
  CHECK(b.indices(1, 5) == std::vector<int64_t>(one.begin() + 35, one.begin() + 42));
  CHECK(b.indices(0, 14) == std::vector<int64_t>(zero.begin() + 98, zero.end()));
  CHECK(epoch_of(a, 0) == zero);
  DataLoader straight({.size = 5, .batch = 2, .shuffle = false});
  CHECK(epoch_of(straight, 3) == std::vector<int64_t>{0, 1, 2, 3, 4});
}

TEST_CASE("A loader rejects batches that do not exist") {
  CHECK_THROWS_AS(DataLoader({.size = 5, .batch = 0}), ValueError);
  CHECK_THROWS_AS(DataLoader({.size = -1, .batch = 1}), ValueError);
  DataLoader loader({.size = 5, .batch = 2});
  CHECK_THROWS_WITH(loader.indices(0, 3), Catch::Contains("no batch 3"));
  CHECK_THROWS_AS(loader.indices(-1, 0), ValueError);
}

TEST_CASE("A split is disjoint, complete and a function of the seed") {
  const Split s = train_test_split(101, 0.1, 0.2, 7);
  CHECK(s.validation.size() == 10);
  CHECK(s.test.size() == 20);
  CHECK(s.train.size() == 71);
  std::set<int64_t> all;
  for (const auto* part : {&s.train, &s.validation, &s.test}) {
    CHECK(std::is_sorted(part->begin(), part->end()));
    all.insert(part->begin(), part->end());
  }
  CHECK(all.size() == 101);
  CHECK(*all.rbegin() == 100);
  CHECK(train_test_split(101, 0.1, 0.2, 7).test == s.test);
  CHECK(train_test_split(101, 0.1, 0.2, 8).test != s.test);
  CHECK(train_test_split(10, 0, 0, 1).train.size() == 10);
  CHECK_THROWS_AS(train_test_split(10, 0.5, 0.5, 1), ValueError);
  CHECK_THROWS_AS(train_test_split(10, -0.1, 0.5, 1), ValueError);
  CHECK_THROWS_AS(train_test_split(0, 0, 0, 1), ValueError);
}

}  // namespace dimwise::loader_tests
