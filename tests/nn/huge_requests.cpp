// A request beyond any memory is an Error or std::bad_alloc, and what was there before is still right.
#include <functional>
#include <new>

#include "autodiff/base/buffer.hpp"
#include "autodiff/base/error.hpp"
#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/node.hpp"
#include "nn/conv.hpp"
#include "nn/data/loader.hpp"
#include "nn/made.hpp"
#include "nn/mlp.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::huge_requests_tests {

namespace {

// Elements for which no address space is left, alone and as a square; and a length whose multiples overflow.
constexpr int64_t huge = int64_t{1} << 46, root = int64_t{1} << 23, longest = int64_t{1} << 62;

const Rng rng(1);
Tensor five() { return arange(5); }
Tensor image() { return ones({1, 1, 5, 5}); }

struct Case {
  const char* name;
  std::function<void()> ask;
};

const Case cases[]{
    {"zeros", [] { zeros({huge}); }},
    {"zeros of a product that overflows",
     [] {
       zeros({longest, 4});
     }},
    {"zeros of a product that overflows to 0",
     [] {
       zeros({longest, longest, longest});
     }},
    {"arange", [] { arange(static_cast<double>(huge)); }},
    {"arange beyond whole numbers", [] { arange(1e300); }},
    {"linspace", [] { linspace(0, 1, huge); }},
    {"eye", [] { eye(root); }},
    {"eye of a length whose square overflows", [] { eye(longest); }},
    {"uniform", [] { rng.uniform({huge}); }},
    {"normal", [] { rng.normal({huge}); }},
    {"normal of a product that overflows",
     [] {
       rng.normal({longest, 4});
     }},
    {"rademacher", [] { rng.rademacher({huge}); }},
    {"permutation", [] { rng.permutation(huge); }},
    {"permutation of the longest", [] { rng.permutation(longest); }},
    {"integers", [] { rng.integers(huge, 3); }},
    {"normals of the longest", [] { rng.normals(longest); }},
    {"broadcast_to", [] { broadcast_to(tensor({1}), {huge}); }},
    {"a sum that broadcasts",
     [] {
       ones({root, 1}) + ones({1, root});
     }},
    {"where",
     [] {
       where(ones({root, 1}), ones({1, root}), 0.0);
     }},
    {"matmul",
     [] {
       matmul(ones({root, 1}), ones({1, root}));
     }},
    {"diag_embed", [] { diag_embed(ones({root})); }},
    {"place_row", [] { place_row(five(), 0, huge); }},
    {"pad", [] { pad(five(), 0, huge, 0); }},
    {"pad on both sides of the longest", [] { pad(five(), 0, longest, longest); }},
    {"pad between of a product that overflows to 0", [] { pad(five(), 0, 0, 0, 0, longest); }},
    {"pad with a value", [] { pad(five(), 0, 0, huge, 1); }},
    {"index_add",
     [] {
       index_add(five(), 0, {0, 1, 2, 3, 4}, huge);
     }},
    {"conv2d with padding",
     [] {
       conv2d(image(), ones({1, 1, 3, 3}), {.padding = int64_t{1} << 30});
     }},
    {"conv2d with padding whose double overflows",
     [] {
       conv2d(image(), ones({1, 1, 3, 3}), {.padding = longest});
     }},
    {"conv_transpose2d with a stride",
     [] {
       conv_transpose2d(image(), ones({1, 1, 3, 3}), {.stride = int64_t{1} << 30});
     }},
    {"conv_transpose2d with a stride whose multiple overflows",
     [] {
       conv_transpose2d(image(), ones({1, 1, 3, 3}), {.stride = longest});
     }},
    {"Linear", [] { Linear(root, root, rng); }},
    {"Mlp",
     [] {
       Mlp({1, root, root, 1}, Activation::tanh, rng);
     }},
    {"Conv2d", [] { Conv2d(root, root, 3, rng); }},
    {"DataLoader", [] { DataLoader({.size = huge, .batch = 2}).indices(0, 0); }},
    {"DataLoader of the longest, in one batch", [] { DataLoader({.size = longest, .batch = longest}).indices(0, 0); }},
    {"train_test_split", [] { train_test_split(huge, 0.1, 0.1, 1); }},
    {"Buffer", [] { Buffer(~size_t{0}); }},
};

}  // namespace

#ifdef __has_feature
#define HAS_CLANG_ASAN __has_feature(address_sanitizer)
#else
#define HAS_CLANG_ASAN 0
#endif

TEST_CASE("a request beyond any memory is an error, and changes nothing") {
  if (HAS_CLANG_ASAN) return skip("clang's AddressSanitizer ends the program where operator new should throw");
  const Tensor x = arange(100), before = tanh(x);
  for (const Case& c : cases) {
    INFO(c.name);
    const ThreadContext context = thread_context();
    const int64_t nodes = live_nodes();
    bool refused = false;
    try {
      c.ask();
    } catch (const Error& error) {
      refused = std::string(error.what()).size() > 20;
    } catch (const std::bad_alloc&) {
      refused = true;
    }
    CHECK(refused);
    ThreadContext now = thread_context();
    now.ops_evaluated = context.ops_evaluated;
    CHECK(now == context);
    CHECK(live_nodes() == nodes);
    CHECK(tanh(x).values() == before.values());
  }
}

}  // namespace dimwise::huge_requests_tests
