#include "ops/threads.hpp"

#include "tests/catch.hpp"

namespace dimwise::threads_tests {

TEST_CASE("OneThreadEach uses one thread during its lifetime, and restores the number before, or one set meanwhile") {
  const int before = threads();
  for (const int n : {1, 2, 3}) {
    set_threads(n);
    {
      const OneThreadEach outer;
      CHECK(threads() == 1);
      CHECK(onednn_threads() == 1);
      {
        const OneThreadEach inner;
        CHECK(threads() == 1);
      }
      CHECK(threads() == 1);
    }
    CHECK(threads() == n);
    CHECK(onednn_threads() == n);
    {
      const OneThreadEach during;
      set_threads(4);
      CHECK(threads() == 1);
      CHECK(onednn_threads() == 1);
    }
    CHECK(threads() == 4);
    CHECK(onednn_threads() == 4);
  }
  set_threads(before);
}

}  // namespace dimwise::threads_tests
