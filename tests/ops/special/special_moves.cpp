// Ops that move or repeat elements, and products, of lengths 1 to 40: an infinity, a NaN or a −0 affects exactly the
// right elements, in values and in gradients.
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "autodiff/base/rng.hpp"
#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/block_linear.hpp"
#include "ops/conv.hpp"
#include "ops/detail/all_ops.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/linear_combination.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"

namespace dimwise::special_moves_tests {

namespace {

using Wide = long double;
using List = std::vector<Tensor>;
using Values = std::vector<double>;

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr DType both[] = {DType::float32, DType::float64};

bool same(double a, double b) { return std::isnan(a) ? std::isnan(b) : std::memcmp(&a, &b, sizeof a) == 0; }

double rounded(double x, DType dtype) {
  return dtype == DType::float32 ? static_cast<double>(static_cast<float>(x)) : x;
}

// Zeros, infinities, subnormal and large numbers of both signs, and NaN, cyclically.
Tensor special(const Shape& shape, DType dtype, size_t first) {
  static const Values narrow{0.0, -0.0, 1, -2.5, NAN, inf, -inf, 1e-45, -1e-40, 3e38, 0.5},
      wide{0.0, -0.0, 1, -2.5, NAN, inf, -inf, 5e-324, -1e-310, 1e308, 0.5};
  const Values& list = dtype == DType::float32 ? narrow : wide;
  Values values;
  for (int64_t i = 0; i < shape.size(); ++i) values.push_back(list[(first + static_cast<size_t>(i)) % list.size()]);
  return tensor(values, shape, dtype);
}

// Names of the ops that were recorded.
void meet(std::set<std::string>& met, const Tensor& y, const List& x) {
  const Tape tape({y}, x);
  for (const Tensor& t : tape.nodes()) met.insert(t.node()->op->name);
}

struct Move {
  const char* name;
  std::function<Tensor(const Tensor& x)> f;
  std::function<Shape(int64_t n)> shape;
};
std::vector<int64_t> backwards(int64_t n) {
  std::vector<int64_t> result;
  for (int64_t i = 0; i < n; ++i) result.push_back(n - 1 - i);
  return result;
}
const auto vector_of = [](int64_t n) { return Shape{n}; };
const auto rows_of = [](int64_t n) { return Shape{3, n}; };
const auto columns_of = [](int64_t n) { return Shape{n, 3}; };
const auto square_of = [](int64_t n) { return Shape{n, n}; };
// Each element of the result is one of x, or 0.
const Move moves[] = {
    {"alias", [](const Tensor& x) { return alias(x); }, vector_of},
    {"reshape",
     [](const Tensor& x) {
       return reshape(x, {-1, 1, 3});
     },
     rows_of},
    {"transpose", [](const Tensor& x) { return transpose(x); }, rows_of},
    {"transpose of three",
     [](const Tensor& x) {
       return transpose(x, {2, 0, 1});
     },
     [](int64_t n) {
       return Shape{2, 3, n};
     }},
    {"broadcast_to",
     [](const Tensor& x) {
       return broadcast_to(x, {3, x.dim(-1)});
     },
     vector_of},
    {"broadcast_to within",
     [](const Tensor& x) {
       return broadcast_to(unsqueeze(x, -1), {x.dim(0), 5});
     },
     vector_of},
    {"concat",
     [](const Tensor& x) {
       return concat({x, x}, -1);
     },
     rows_of},
    {"concat of rows",
     [](const Tensor& x) {
       return concat({x, x}, 0);
     },
     rows_of},
    {"stack",
     [](const Tensor& x) {
       return stack({x, x});
     },
     vector_of},
    {"stack within",
     [](const Tensor& x) {
       return stack({x, x}, -1);
     },
     vector_of},
    {"row", [](const Tensor& x) { return row(x, 1); }, rows_of},
    {"place_row", [](const Tensor& x) { return place_row(x, 1, 3); }, vector_of},
    {"slice", [](const Tensor& x) { return slice(x, -1, x.dim(-1) / 3, x.dim(-1), 2); }, rows_of},
    {"select", [](const Tensor& x) { return select(x, -1, x.dim(-1) / 2); }, rows_of},
    {"pad", [](const Tensor& x) { return pad(x, -1, 1, 2, 0, 1); }, rows_of},
    {"flip", [](const Tensor& x) { return flip(x, -1); }, rows_of},
    {"flip of rows", [](const Tensor& x) { return flip(x, 0); }, columns_of},
    {"triu", [](const Tensor& x) { return triu(x); }, square_of},
    {"tril", [](const Tensor& x) { return tril(x, -1); }, rows_of},
    {"diagonal", [](const Tensor& x) { return diagonal(x); }, square_of},
    {"diag_embed", [](const Tensor& x) { return diag_embed(x); }, vector_of},
    {"unsqueeze and squeeze", [](const Tensor& x) { return squeeze(unsqueeze(x, 0), 0); }, vector_of},
    {"index_select", [](const Tensor& x) { return index_select(x, -1, backwards(x.dim(-1))); }, rows_of},
    {"index_select with repetition",
     [](const Tensor& x) {
       return index_select(x, 0, {2, 0, 2, 2});
     },
     rows_of},
    {"index_add", [](const Tensor& x) { return index_add(x, -1, backwards(x.dim(-1)), x.dim(-1) + 2); }, rows_of},
    {"gather",
     [](const Tensor& x) {
       return gather(x, -1, {{1, x.dim(-1)}, backwards(x.dim(-1))});
     },
     [](int64_t n) {
       return Shape{1, n};
     }},
    {"scatter_add",
     [](const Tensor& x) {
       return scatter_add(x, -1, {{1, x.dim(-1)}, backwards(x.dim(-1))}, x.dim(-1) + 1);
     },
     [](int64_t n) {
       return Shape{1, n};
     }},
    {"where, the first",
     [](const Tensor& x) {
       return where(tril(ones({3, x.dim(-1)}, x.dtype())), x, 0.0);
     },
     rows_of},
    {"where, the second",
     [](const Tensor& x) {
       return where(tril(ones({3, x.dim(-1)}, x.dtype())), 0.0, x);
     },
     rows_of},
    {"sum_to of one", [](const Tensor& x) { return sum_to(x, {x.dim(-1)}); },
     [](int64_t n) {
       return Shape{1, n};
     }},
};

int failures = 0;
void expect(const std::string& what, DType dtype, const Shape& shape, size_t at, double found, Wide exact) {
  if (++failures <= 8)
    FAIL_CHECK(what << ' ' << dtype << ' ' << shape << " at " << at << ": " << found << ", not "
                    << static_cast<double>(exact));
}

void check(const Move& move, int64_t n, DType dtype, std::set<std::string>& met) {
  const Shape shape = move.shape(n);
  // Numbers from 1 on identify where each element comes from; 0 means none.
  const Values from = move.f(reshape(1.0 + arange(static_cast<double>(shape.size()), DType::float64), shape)).values();
  const Tensor x = track(special(shape, dtype, 0)), y = move.f(x), w = special(y.shape(), dtype, 3);
  const Values in = x.values(), out = y.values(), weights = w.values();
  meet(met, y, {x});
  REQUIRE(out.size() == from.size());
  Values slopes(in.size(), 0);
  for (size_t i = 0; i < out.size(); ++i) {
    const auto at = static_cast<size_t>(from[i]);
    const double exact = at == 0 ? 0 : in[at - 1];
    // A sum with 0 is never −0.
    const bool added = std::string(move.name).find("add") != std::string::npos && out[i] == 0 && exact == 0;
    if (!same(out[i], exact) && !added) expect(move.name, dtype, shape, i, out[i], exact);
    if (at > 0) slopes[at - 1] = rounded(slopes[at - 1] + weights[i], dtype);
  }
  for (const Tensor& g : {vjp(y, x, w), vjp(y, x, w, {.record = false})}) {
    const Values found = g.values();
    for (size_t i = 0; i < found.size(); ++i)
      if (!same(found[i], slopes[i]) && !(found[i] == 0 && slopes[i] == 0))
        expect(std::string(move.name) + "'", dtype, shape, i, found[i], slopes[i]);
  }
  const Values pushed = broadcast_to(jvp(y, x, stop_gradient(x)), y.shape()).values();
  for (size_t i = 0; i < pushed.size(); ++i)
    if (!same(pushed[i], out[i])) expect(std::string(move.name) + " pushed", dtype, shape, i, pushed[i], out[i]);
}

// Sums of products against loops over their terms, y_i += a_j b_k.
struct Term {
  size_t y, a, b;
};
struct Product {
  const char* name;
  Shape a, b, y;
  std::vector<Term> terms;
  std::function<Tensor(const Tensor& a, const Tensor& b)> f;
};

size_t at(int64_t i) { return static_cast<size_t>(i); }

std::vector<Product> products(int64_t n) {
  std::vector<Product> all;
  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      for (const auto& [m, k, p] : {std::array{n, int64_t{3}, int64_t{2}}, std::array{int64_t{2}, n, int64_t{3}},
                                    std::array{int64_t{3}, int64_t{2}, n}}) {
        Product product{"matmul", ta ? Shape{k, m} : Shape{m, k}, tb ? Shape{p, k} : Shape{k, p}, {m, p}, {}, nullptr};
        for (int64_t i = 0; i < m; ++i)
          for (int64_t j = 0; j < p; ++j)
            for (int64_t l = 0; l < k; ++l)
              product.terms.push_back({at(i * p + j), at(ta ? l * m + i : i * k + l), at(tb ? j * k + l : l * p + j)});
        product.f = [ta, tb](const Tensor& a, const Tensor& b) {
          return matmul(a, b, {.transpose_a = ta, .transpose_b = tb});
        };
        all.push_back(product);
        if (ta || !tb) continue;
        product.name = "linear";
        product.f = [](const Tensor& a, const Tensor& b) { return linear(a, b); };
        all.push_back(product);
        product.name = "linear of two parts";
        if (k < 2) continue;
        product.f = [](const Tensor& a, const Tensor& b) {
          const int64_t cut = a.dim(-1) / 2;
          return linear(slice(a, -1, 0, cut), slice(b, -1, 0, cut), slice(a, -1, cut, a.dim(-1)),
                        slice(b, -1, cut, a.dim(-1)), zeros({b.dim(0)}, b.dtype()));
        };
        all.push_back(product);
      }
  // Elements of the weight outside of two blocks are not read.
  Product blocks{"block_linear", {2, n}, {n, n}, {2, n}, {}, nullptr};
  const int64_t half = n / 2;
  std::vector<Block> two{{half, n, half, n}};
  if (half > 0) two.push_back({0, half, 0, half});
  for (int64_t i = 0; i < 2; ++i)
    for (const Block& b : two)
      for (int64_t r = b.row_begin; r < b.row_end; ++r)
        for (int64_t c = b.column_begin; c < b.column_end; ++c)
          blocks.terms.push_back({at(i * n + r), at(i * n + c), at(r * n + c)});
  blocks.f = [shared = std::make_shared<const std::vector<Block>>(two)](const Tensor& a, const Tensor& b) {
    return block_linear(a, b, Tensor(), shared);
  };
  all.push_back(blocks);
  // A convolution along the second axis of an image.
  Product conv{"conv2d", {1, 2, 1, n + 2}, {2, 2, 1, 3}, {1, 2, 1, n}, {}, nullptr};
  for (int64_t o = 0; o < 2; ++o)
    for (int64_t j = 0; j < n; ++j)
      for (int64_t c = 0; c < 2; ++c)
        for (int64_t l = 0; l < 3; ++l)
          conv.terms.push_back({at(o * n + j), at(c * (n + 2) + j + l), at((o * 2 + c) * 3 + l)});
  conv.f = [](const Tensor& a, const Tensor& b) { return conv2d(a, b); };
  all.push_back(conv);
  Product scaled{"mul", {n}, {1}, {n}, {}, nullptr};
  for (int64_t i = 0; i < n; ++i) scaled.terms.push_back({at(i), at(i), 0});
  scaled.f = [](const Tensor& a, const Tensor& b) { return a * b; };
  all.push_back(scaled);
  return all;
}

// Ordinary numbers except for one special element.
Tensor with_one(const Shape& shape, DType dtype, uint64_t seed, double value) {
  Values values = Rng(seed).uniform(shape, dtype, 0.5, 2).values();
  if (!std::isnan(value) || seed % 2 == 0) values[seed % values.size()] = value;
  return tensor(values, shape, dtype);
}

void check(const Product& product, DType dtype, uint64_t seed, double of_a, double of_b, std::set<std::string>& met) {
  const Tensor a = track(with_one(product.a, dtype, seed, of_a)), b = track(with_one(product.b, dtype, seed + 1, of_b));
  const Tensor y = product.f(a, b), w = with_one(product.y, dtype, seed + 2, 1);
  REQUIRE(y.shape() == product.y);
  meet(met, y, {a, b});
  const Values va = a.values(), vb = b.values(), vw = w.values();
  std::vector<Wide> exact(vw.size(), 0), by_a(va.size(), 0), by_b(vb.size(), 0);
  for (const Term& t : product.terms) {
    exact[t.y] += Wide(va[t.a]) * vb[t.b];
    by_a[t.a] += Wide(vw[t.y]) * vb[t.b];
    by_b[t.b] += Wide(vw[t.y]) * va[t.a];
  }
  const double tolerance = (dtype == DType::float32 ? 0x1p-23 : 0x1p-52) * 300;
  const auto compare = [&](const std::string& what, const Tensor& found, const std::vector<Wide>& reference) {
    const Values values = found.values();
    REQUIRE(values.size() == reference.size());
    for (size_t i = 0; i < values.size(); ++i)
      if (std::isnan(reference[i]) ? !std::isnan(values[i])
          : std::isinf(reference[i])
              ? values[i] != reference[i]
              : !(std::abs(values[i] - reference[i]) <= tolerance * (1 + std::abs(reference[i]))))
        return expect(product.name + what, dtype, product.a, i, values[i], reference[i]);
  };
  compare("", y, exact);
  for (const bool record : {false, true}) {
    const List g = [&] {
      const GradMode sweep(record);
      return Tape({y}, {a, b}).pull({w});
    }();
    const std::string how = record ? ", recorded" : "";
    compare(" by a" + how, g[0], by_a);
    compare(" by b" + how, g[1], by_b);
    if (record && recording()) meet(met, sum(g[0]) + sum(g[1]), {a, b});
  }
}

}  // namespace

TEST_CASE("moved elements keep their bits, and the other elements are 0") {
  failures = 0;
  std::set<std::string> met;
  for (const Move& move : moves)
    for (const DType dtype : both)
      for (int64_t n = 1; n <= 40; ++n) check(move, n, dtype, met);
  CHECK(failures == 0);
  for (const Op* op : layout_ops()) {
    INFO(op->name);
    CHECK((met.count(op->name) == 1 || std::string(op->name) == "astype"));
  }
  for (const Op* op : index_ops()) {
    INFO(op->name);
    CHECK(met.count(op->name) == 1);
  }
}

TEST_CASE("a special element affects only the sums of products that contain it") {
  failures = 0;
  std::set<std::string> met;
  for (int64_t n = 1; n <= 40; ++n) {
    uint64_t seed = static_cast<uint64_t>(100 * n);
    for (const Product& product : products(n))
      for (const DType dtype : both)
        for (const auto& [of_a, of_b] :
             {std::pair{double(NAN), 1.0}, {inf, 1.0}, {1.0, -inf}, {inf, 0.0}, {0.0, double(NAN)}, {inf, inf}})
          check(product, dtype, ++seed, of_a, of_b, met);
  }
  CHECK(failures == 0);
  for (const char* name : {"matmul", "linear", "block_linear", "conv2d", "mul"}) {
    INFO(name);
    CHECK(met.count(name) == 1);
  }
}

TEST_CASE("a cast keeps values that the other dtype represents, and rounds the others") {
  for (int64_t n = 1; n <= 40; ++n) {
    const Tensor x = track(special({n}, DType::float64, 0)), y = astype(x, DType::float32),
                 w = special({n}, DType::float32, 2);
    const Values in = x.values(), out = y.values(), weights = w.values(), back = vjp(y, x, w).values();
    for (size_t i = 0; i < in.size(); ++i) {
      CHECK(same(out[i], static_cast<double>(static_cast<float>(in[i]))));
      CHECK(same(back[i], weights[i]));
    }
    const Values wide = astype(special({n}, DType::float32, 0), DType::float64).values(),
                 narrow = special({n}, DType::float32, 0).values();
    for (size_t i = 0; i < wide.size(); ++i) CHECK(same(wide[i], narrow[i]));
  }
}

TEST_CASE("a linear combination skips terms with coefficient 0, whatever their values") {
  for (const DType dtype : both)
    for (int64_t n = 1; n <= 40; ++n) {
      const Tensor a = track(special({n}, dtype, 0)), b = track(special({n}, dtype, 4)),
                   c = track(special({n}, dtype, 8));
      const Tensor y = linear_combination({a, b, c}, {2, 0, -0.5});
      const Values va = a.values(), vc = c.values(), out = y.values();
      const bool narrow = dtype == DType::float32;
      for (size_t i = 0; i < out.size(); ++i) {
        const double exact =
            narrow ? static_cast<double>(2.0f * static_cast<float>(va[i]) - 0.5f * static_cast<float>(vc[i]))
                   : 2 * va[i] - 0.5 * vc[i];
        if (!same(out[i], exact) && out[i] != exact)
          FAIL_CHECK(dtype << ' ' << n << " at " << i << ": " << out[i] << ", not " << exact);
      }
      const Tensor w = special({n}, dtype, 1);
      for (const bool record : {false, true}) {
        const GradMode sweep(record);
        const List g = Tape({y}, {a, b, c}).pull({w});
        const Values ga = g[0].values(), gb = broadcast_to(g[1], {n}).values(), gc = g[2].values(), vw = w.values();
        for (size_t i = 0; i < ga.size(); ++i) {
          CHECK((same(ga[i], 2 * vw[i]) || std::abs(ga[i]) > 1e38));
          CHECK(gb[i] == 0);
          CHECK((same(gc[i], -0.5 * vw[i]) || std::abs(vw[i]) < 1e-37));
        }
      }
    }
}

}  // namespace dimwise::special_moves_tests
