#include "ops/matmul.hpp"

#include <functional>

#include "autodiff/context.hpp"
#include "autodiff/tape.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::matmul_tests {

using namespace dimwise::table;

namespace {

// The sum over all four pairs of transpose flags, each with its operands transposed to fit.
Tensor all_flags(const Inputs& in) {
  const Tensor &a = in[0], &b = in[1];
  const auto turned = [](const Tensor& x) {
    Shape order;
    for (int i = 0; i < x.rank() - 2; ++i) order.push_back(i);
    order.push_back(x.rank() - 1);
    order.push_back(x.rank() - 2);
    return transpose(x, order);
  };
  return matmul(a, b) + 2.0 * matmul(turned(a), b, {true, false}) + 3.0 * matmul(a, turned(b), {false, true}) +
         4.0 * matmul(turned(a), turned(b), {true, true});
}

}  // namespace

std::vector<Entry> entries() {
  return {
      {"matmul",
       {"matmul"},
       all_flags,
       normals({{{2, 2}, {2, 1}},
                {{2, 3}, {3, 2}},
                {{1, 1}, {1, 1}},
                {{2, 0}, {0, 3}},
                {{0, 2}, {2, 2}},
                {{2, 2, 2}, {2, 2}},
                {{2, 2}, {3, 2, 1}},
                {{2, 1, 2, 3}, {3, 3, 1}},
                {{2, 1, 1, 2}, {1, 3, 2, 2}},
                {{0, 2, 2}, {2, 2}},
                {{2, 2}, {1, 2, 1}}}),
       nullptr,
       {{[] {
           matmul(zeros({3}), zeros({3, 2}));
         },
         "[matmul] shapes (3,) and (3, 2) must have at least two axes. Reshape a vector to a row or a column."},
        {[] {
           matmul(zeros({32, 10}), zeros({12, 4}));
         },
         "[matmul] inner dimensions differ: (32, 10) @ (12, 4). Check the transpose flags."},
        {[] {
           matmul(zeros({32, 10}), zeros({4, 10}));
         },
         "[matmul] inner dimensions differ: (32, 10) @ (4, 10). Did you mean transpose(b)?"},
        {[] {
           matmul(zeros({10, 32}), zeros({10, 4}));
         },
         "[matmul] inner dimensions differ: (10, 32) @ (10, 4). Did you mean transpose(a)?"},
        {[] {
           matmul(zeros({10, 32}), zeros({4, 32}), {true, true});
         },
         "[matmul] inner dimensions differ: (10, 32)ᵀ @ (4, 32)ᵀ."},
        {[] {
           matmul(zeros({2, 3, 3}), zeros({4, 3, 3}));
         },
         "[matmul] shapes do not broadcast: (2,) and (4,)."},
        {[] {
           matmul(zeros({2, 2}), zeros({2, 2}, DType::float64));
         },
         "[matmul] dtypes differ: float32 and float64."},
        {[] {
           matmul(Tensor(), zeros({2, 2}));
         },
         "[matmul] an input is undefined."}}},
      {"linear",
       {"linear"},
       [](const Inputs& in) { return linear(in[0], in[1], in[2], in[3], in[4]); },
       {{normal({2, 3}, 1), normal({4, 3}, 2), normal({2, 1}, 3), normal({4, 1}, 4), normal({4}, 5)},
        {normal({2, 2, 3}, 1), normal({4, 3}, 2), normal({2, 2, 5}, 3), normal({4, 5}, 4), normal({4}, 5)}},
       nullptr,
       {{[] {
           linear(zeros({2, 3}), zeros({4, 2}), zeros({2, 2}), zeros({4, 2}), zeros({4}));
         },
         "[linear] x of shape (2, 3) does not fit a weight of shape (4, 2): its last axis must be 2."},
        {[] {
           linear(zeros({2, 2}), zeros({4, 2}), zeros({2, 3}), zeros({4, 2}), zeros({4}));
         },
         "[linear] x of shape (2, 3) does not fit a weight of shape (4, 2): its last axis must be 2."},
        {[] {
           linear(zeros({2, 3}), zeros({4, 3}), zeros({3, 2}), zeros({4, 2}), zeros({4}));
         },
         "[linear] x of shapes (2, 3) and (3, 2) differ before their last axis. Broadcast one."},
        {[] {
           linear(zeros({2, 3}), zeros({4, 3}), zeros({2, 2}), zeros({5, 2}), zeros({4}));
         },
         "[linear] weights of shapes (4, 3) and (5, 2) have different numbers of outputs."}}},
      {"linear",
       {"linear"},
       [](const Inputs& in) { return linear(in[0], in[1], in[2]) + linear(in[0], in[1]); },
       normals({{{2, 2}, {1, 2}, {1}},
                {{3}, {2, 3}, {2}},
                {{0, 2}, {2, 2}, {2}},
                {{2, 1, 3}, {2, 3}, {2}},
                {{2, 0}, {3, 0}, {3}},
                {{1, 2, 2, 2}, {1, 2}, {1}}}),
       nullptr,
       {{[] {
           linear(zeros({2, 3}), zeros({3}));
         },
         "[linear] the weight has shape (3,). It must be (out, in)."},
        {[] {
           linear(zeros({2, 3}), zeros({3, 4}));
         },
         "[linear] x of shape (2, 3) does not fit a weight of shape (3, 4): its last axis must be 4."},
        {[] {
           linear(zeros({2, 3}), zeros({4, 3}), zeros({3}));
         },
         "[linear] the bias has shape (3,). It must be (4,)."},
        {[] {
           linear(zeros({2, 3}), Tensor());
         },
         "[linear] an input is undefined."},
        {[] {
           linear(zeros({2, 3}), zeros({4, 3}, DType::float64));
         },
         "[linear] dtypes differ: float32 and float64."}}},
  };
}

TEST_CASE("matmul agrees with three loops: small and large, every pair of flags, broadcast batches, both dtypes") {
  struct Case {
    Shape batch_a, batch_b;
    int64_t m, n, k;
  };
  const Case cases[] = {{{}, {}, 2, 3, 4},        {{}, {}, 17, 33, 19},  {{5}, {}, 3, 9, 21}, {{}, {4}, 8, 8, 8},
                        {{2, 1}, {3}, 5, 11, 13}, {{3}, {3}, 1, 1, 300}, {{2}, {2}, 4, 4, 0}};
  for (const DType dtype : {DType::float32, DType::float64})
    for (const Case& c : cases)
      for (const bool ta : {false, true})
        for (const bool tb : {false, true}) {
          Shape sa = c.batch_a, sb = c.batch_b;
          for (const int64_t n : ta ? std::vector<int64_t>{c.k, c.m} : std::vector<int64_t>{c.m, c.k}) sa.push_back(n);
          for (const int64_t n : tb ? std::vector<int64_t>{c.n, c.k} : std::vector<int64_t>{c.k, c.n}) sb.push_back(n);
          const Tensor a = astype(normal(sa, 1), dtype), b = astype(normal(sb, 2), dtype), y = matmul(a, b, {ta, tb});
          const Shape batch = broadcast("test", c.batch_a, c.batch_b);
          const std::vector<double> va = a.values(), vb = b.values(), vy = y.values();
          REQUIRE(y.size() == batch.size() * c.m * c.n);
          double worst = 0;
          for (int64_t at = 0; at < batch.size(); ++at) {
            const auto part = [&](const Shape& s) {  // the matrix of an operand for batch element `at`
              int64_t flat = at, offset = 0, stride = 1;
              for (int i = 1; i <= batch.rank(); ++i) {
                const int64_t index = flat % batch[batch.rank() - i];
                flat /= batch[batch.rank() - i];
                if (i > s.rank()) continue;
                offset += (s[s.rank() - i] == 1 ? 0 : index) * stride;
                stride *= s[s.rank() - i];
              }
              return offset;
            };
            const int64_t oa = part(c.batch_a) * c.m * c.k, ob = part(c.batch_b) * c.k * c.n;
            for (int64_t i = 0; i < c.m; ++i)
              for (int64_t j = 0; j < c.n; ++j) {
                double s = 0;
                for (int64_t l = 0; l < c.k; ++l)
                  s += va[static_cast<size_t>(oa + (ta ? l * c.m + i : i * c.k + l))] *
                       vb[static_cast<size_t>(ob + (tb ? j * c.k + l : l * c.n + j))];
                worst = std::max(worst, std::abs(s - vy[static_cast<size_t>((at * c.m + i) * c.n + j)]));
              }
          }
          INFO(sa << (ta ? "ᵀ" : "") << " @ " << sb << (tb ? "ᵀ " : " ") << dtype);
          CHECK(worst < (dtype == DType::float32 ? 1e-4 : 1e-12));
        }
}

TEST_CASE("linear of two inputs equals linear of their concatenation") {
  for (const int64_t first : {1, 3, 17})
    for (const int64_t second : {1, 5}) {
      const Tensor x1 = normal({4, 6, first}, 1), w1 = normal({9, first}, 2), x2 = normal({4, 6, second}, 3),
                   w2 = normal({9, second}, 4), b = normal({9}, 5);
      const std::vector<double> y = linear(x1, w1, x2, w2, b).values(),
                                expected = linear(concat({x1, x2}, -1), concat({w1, w2}, -1), b).values();
      for (size_t i = 0; i < y.size(); ++i) CHECK(y[i] == Approx(expected[i]).margin(1e-12));
    }
}

TEST_CASE("a large linear is the same as its rows, with and without a bias, for few outputs and for many") {
  struct Case {
    int64_t rows, outputs;
  };
  for (const Case& c : {Case{1100, 500}, Case{9, 70'000}}) {
    const Tensor x = normal({c.rows, 2}, 1), w = normal({c.outputs, 2}, 2), x1 = normal({c.rows, 1}, 3),
                 w1 = normal({c.outputs, 1}, 4), b = normal({c.outputs}, 5);
    const Tensor plain = linear(x, w), biased = linear(x, w, b), both = linear(x, w, x1, w1, b);
    for (const int64_t r : {int64_t{0}, c.rows / 2, c.rows - 1}) {
      const auto one = [&](const Tensor& t) { return slice(t, 0, r, r + 1); };
      const auto close = [&](const Tensor& y, const Tensor& expected) {
        CHECK(max(abs(one(y) - expected)).item() < 1e-14);
      };
      close(plain, linear(one(x), w));
      close(biased, linear(one(x), w, b));
      close(both, linear(one(x), w, one(x1), w1, b));
    }
  }
}

TEST_CASE("the op after a recorded product overwrites it, since no rule reads it") {
  const Tensor x = track(normal({3, 4}, 1)), w = normal({5, 4}, 2), b = normal({5}, 3);
  const std::function<Tensor()> products[] = {[&] { return linear(x, w); }, [&] { return linear(x, w, b); },
                                              [&] { return linear(x, w, x, w, b); },
                                              [&] {
                                                return matmul(x, w, {false, true});
                                              }};
  for (const auto& product : products) {
    Tensor y = product();
    const double* const place = y.data<double>().data();
    CHECK(exp(std::move(y)).data<double>().data() == place);
  }
}

TEST_CASE("a direction of one row is taken as it is") {
  const Tensor x = track(normal({3, 4}, 1)), y = linear(x, normal({5, 4}, 2));
  const auto ops = [&](const Shape& shape) {
    const Tensor w = normal(shape, 3);
    const int64_t before = thread_context().ops_evaluated;
    Tape({y}, {x}).pull({w});
    return thread_context().ops_evaluated - before;
  };
  CHECK(ops({1, 5}) < ops({5}));  // which has to become a row
}

TEST_CASE("linear is x Wᵀ + b") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = astype(normal({2, 7, 19}, 1), dtype), w = astype(normal({23, 19}, 2), dtype),
                 b = astype(normal({23}, 3), dtype);
    const std::vector<double> y = linear(x, w, b).values(), expected = (matmul(x, w, {false, true}) + b).values();
    REQUIRE(linear(x, w, b).shape() == Shape{2, 7, 23});
    double worst = 0;
    for (size_t i = 0; i < y.size(); ++i) worst = std::max(worst, std::abs(y[i] - expected[i]));
    CHECK(worst < (dtype == DType::float32 ? 1e-4 : 1e-13));
  }
}

}  // namespace dimwise::matmul_tests
