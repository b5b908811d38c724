#include "tests/ops/differential/vocabulary.hpp"

#include <zlib.h>

#include <memory>

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "ops/arithmetic.hpp"
#include "ops/block_linear.hpp"
#include "ops/conv.hpp"
#include "ops/elementwise.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"
#include "ops/linalg.hpp"
#include "ops/linear_combination.hpp"
#include "ops/matmul.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::differential {

namespace {

std::vector<int64_t> integers(const Numbers& p, size_t from = 0) {
  std::vector<int64_t> list;
  for (size_t i = from; i < p.size(); ++i) list.push_back(static_cast<int64_t>(p[i]));
  return list;
}
Shape shape(const Numbers& p, size_t from = 0) { return Shape(integers(p, from)); }
int axis(const Numbers& p) { return static_cast<int>(p.at(0)); }
int64_t integer(const Numbers& p, size_t i) { return static_cast<int64_t>(p.at(i)); }

// Rank, shape, values.
Indices indices(const Numbers& p, size_t from) {
  const std::vector<int64_t> all = integers(p, from);
  const auto values = all.begin() + 1 + all[0];
  return {Shape(std::vector(all.begin() + 1, values)), {values, all.end()}};
}
Size2d size(const Numbers& p, size_t from) { return {integer(p, from), integer(p, from + 1)}; }
Conv2dOptions strided(const Numbers& p) { return {.stride = size(p, 0), .padding = size(p, 2)}; }

Blocks blocks(const Numbers& p) {
  std::vector<Block> list;
  for (size_t i = 0; i < p.size(); i += 4)
    list.push_back({integer(p, i), integer(p, i + 1), integer(p, i + 2), integer(p, i + 3)});
  return std::make_shared<const std::vector<Block>>(list);
}

template <class F>
Function unary(F f, int jets = 3) {
  return {[f](const Operands& in, const Numbers&) { return f(in.at(0)); }, jets};
}
template <class F>
Function binary(F f, int jets = 3) {
  return {[f](const Operands& in, const Numbers&) { return f(in.at(0), in.at(1)); }, jets};
}
template <class F>
Function number(F f) {
  return {[f](const Operands& in, const Numbers& p) { return f(in.at(0), p.at(0)); }};
}
// Without numbers over all axes, otherwise keepdims and axes.
template <class Whole, class Along>
Function reduction(Whole whole, Along along) {
  return {[=](const Operands& in, const Numbers& p) {
    return p.empty() ? whole(in.at(0)) : along(in.at(0), shape(p, 1), p[0] != 0);
  }};
}

using One = Tensor (*)(const Tensor&);
using Reduction = Tensor (*)(const Tensor&, const Axes&, bool);

std::map<std::string, Function> make() {
  std::map<std::string, Function> list{
      {"alias", unary(alias)},
      {"stop_gradient", unary(stop_gradient)},
      {"scale", number([](const Tensor& x, double s) { return s * x; })},
      {"divide", number([](const Tensor& x, double s) { return x / s; })},
      {"add_number", number([](const Tensor& x, double s) { return x + s; })},
      {"sub_number", number([](const Tensor& x, double s) { return x - s; })},
      {"number_sub", number([](const Tensor& x, double s) { return s - x; })},
      {"number_div", number([](const Tensor& x, double s) { return s / x; })},
      {"pow_number", number([](const Tensor& x, double s) { return pow(x, s); })},
      {"clip", {[](const Operands& in, const Numbers& p) { return clip(in.at(0), p.at(0), p.at(1)); }}},
      {"where", {[](const Operands& in, const Numbers&) { return where(in.at(0), in.at(1), in.at(2)); }}},
      {"sum", reduction(One(sum), Reduction(sum))},
      {"mean", reduction(One(mean), Reduction(mean))},
      {"prod", reduction(One(prod), Reduction(prod))},
      {"max", reduction(One(max), Reduction(max))},
      {"min", reduction(One(min), Reduction(min))},
      {"logsumexp",
       {[](const Operands& in, const Numbers& p) { return logsumexp(in.at(0), shape(p, 1), p.at(0) != 0); }}},
      {"norm", {[](const Operands& in, const Numbers& p) { return norm(in.at(0), shape(p, 1), p.at(0) != 0); }}},
      {"softmax", {[](const Operands& in, const Numbers& p) { return softmax(in.at(0), axis(p)); }}},
      {"log_softmax", {[](const Operands& in, const Numbers& p) { return log_softmax(in.at(0), axis(p)); }}},
      {"cumsum", {[](const Operands& in, const Numbers& p) { return cumsum(in.at(0), axis(p), p.at(1) != 0); }}},
      {"cumprod", {[](const Operands& in, const Numbers& p) { return cumprod(in.at(0), axis(p), p.at(1) != 0); }}},
      {"sum_of_others", {[](const Operands& in, const Numbers& p) { return sum_of_others(in.at(0), axis(p)); }}},
      {"transpose", {[](const Operands& in, const Numbers& p) {
         return p.empty() ? transpose(in.at(0)) : transpose(in.at(0), shape(p));
       }}},
      {"concat", {[](const Operands& in, const Numbers& p) { return concat(in, axis(p)); }}},
      {"stack", {[](const Operands& in, const Numbers& p) { return axis(p) == 0 ? stack(in) : stack(in, axis(p)); }}},
      {"slice", {[](const Operands& in, const Numbers& p) {
         return slice(in.at(0), axis(p), integer(p, 1), integer(p, 2), integer(p, 3));
       }}},
      {"select", {[](const Operands& in, const Numbers& p) { return select(in.at(0), axis(p), integer(p, 1)); }}},
      {"row", {[](const Operands& in, const Numbers& p) { return row(in.at(0), integer(p, 0)); }}},
      {"place_row",
       {[](const Operands& in, const Numbers& p) { return place_row(in.at(0), integer(p, 0), integer(p, 1)); }}},
      {"pad", {[](const Operands& in, const Numbers& p) {
         return pad(in.at(0), axis(p), integer(p, 1), integer(p, 2), p.at(3), integer(p, 4));
       }}},
      {"flip", {[](const Operands& in, const Numbers& p) { return flip(in.at(0), axis(p)); }}},
      {"triu", {[](const Operands& in, const Numbers& p) { return triu(in.at(0), integer(p, 0)); }}},
      {"tril", {[](const Operands& in, const Numbers& p) { return tril(in.at(0), integer(p, 0)); }}},
      {"diagonal", unary(diagonal)},
      {"diag_embed", unary(diag_embed)},
      {"unsqueeze", {[](const Operands& in, const Numbers& p) { return unsqueeze(in.at(0), axis(p)); }}},
      {"squeeze", {[](const Operands& in, const Numbers& p) { return squeeze(in.at(0), axis(p)); }}},
      {"reshape", {[](const Operands& in, const Numbers& p) { return reshape(in.at(0), shape(p)); }}},
      {"broadcast_to", {[](const Operands& in, const Numbers& p) { return broadcast_to(in.at(0), shape(p)); }}},
      {"sum_to", {[](const Operands& in, const Numbers& p) { return sum_to(in.at(0), shape(p)); }}},
      {"index_select",
       {[](const Operands& in, const Numbers& p) { return index_select(in.at(0), axis(p), integers(p, 1)); }}},
      {"index_add", {[](const Operands& in, const Numbers& p) {
         return index_add(in.at(0), axis(p), integers(p, 2), integer(p, 1));
       }}},
      {"gather", {[](const Operands& in, const Numbers& p) { return gather(in.at(0), axis(p), indices(p, 1)); }}},
      {"scatter_add", {[](const Operands& in, const Numbers& p) {
         return scatter_add(in.at(0), axis(p), indices(p, 2), integer(p, 1));
       }}},
      {"matmul", {[](const Operands& in, const Numbers& p) {
         return matmul(in.at(0), in.at(1), {p.at(0) != 0, p.at(1) != 0});
       }}},
      {"linear", {[](const Operands& in, const Numbers&) {
         return linear(in.at(0), in.at(1), in.size() > 2 ? in[2] : Tensor());
       }}},
      {"linear_of_two",
       {[](const Operands& in, const Numbers&) { return linear(in.at(0), in.at(1), in.at(2), in.at(3), in.at(4)); }}},
      {"block_linear",
       {[](const Operands& in, const Numbers& p) { return block_linear(in.at(0), in.at(1), in.at(2), blocks(p)); }}},
      {"linear_combination", {[](const Operands& in, const Numbers& p) { return linear_combination(in, p); }}},
      {"conv2d", {[](const Operands& in, const Numbers& p) { return conv2d(in.at(0), in.at(1), strided(p)); }}},
      {"conv2d_input",
       {[](const Operands& in, const Numbers& p) { return conv2d_input(in.at(0), in.at(1), size(p, 4), strided(p)); }}},
      {"conv2d_weight", {[](const Operands& in, const Numbers& p) {
         return conv2d_weight(in.at(0), in.at(1), size(p, 4), strided(p));
       }}},
      {"conv_transpose2d", {[](const Operands& in, const Numbers& p) {
         return conv_transpose2d(in.at(0), in.at(1),
                                 {.stride = size(p, 0), .padding = size(p, 2), .output_padding = size(p, 4)});
       }}},
      {"solve", binary(solve, 1)},
      {"inv", unary(inv, 1)},
      {"triangular_solve",
       {[](const Operands& in, const Numbers& p) {
          return triangular_solve(in.at(0), in.at(1), {.upper = p.at(0) != 0, .transpose = p.at(1) != 0});
        },
        1}},
      {"cholesky", unary(cholesky, 1)},
      {"cholesky_solve", binary(cholesky_solve, 1)},
      {"det", unary(det, 1)},
      {"slogdet_sign", unary([](const Tensor& a) { return slogdet(a).first; }, 1)},
      {"slogdet_log", unary([](const Tensor& a) { return slogdet(a).second; }, 1)},
      {"logdet", unary(logdet, 1)},
      {"qr_q_squared", unary([](const Tensor& a) { return square(qr(a).first); }, 1)},
      {"qr_r_squared", unary([](const Tensor& a) { return square(qr(a).second); }, 1)},
      {"svd_u_squared", unary([](const Tensor& a) { return square(svd(a).u); }, 1)},
      {"svd_values", unary([](const Tensor& a) { return svd(a).s; }, 1)},
      {"svd_vt_squared", unary([](const Tensor& a) { return square(svd(a).vt); }, 1)},
      {"eigh_values", unary([](const Tensor& a) { return eigh(a).values; }, 1)},
      {"eigh_vectors_squared", unary([](const Tensor& a) { return square(eigh(a).vectors); }, 1)},
      {"pinv", unary([](const Tensor& a) { return pinv(a); }, 1)},
      {"lstsq", binary([](const Tensor& a, const Tensor& b) { return lstsq(a, b); }, 1)},
  };
  const std::map<std::string, Tensor (*)(Tensor)> functions{{"neg", neg},
                                                            {"exp", exp},
                                                            {"expm1", expm1},
                                                            {"log", log},
                                                            {"log1p", log1p},
                                                            {"sin", sin},
                                                            {"cos", cos},
                                                            {"tanh", tanh},
                                                            {"sigmoid", sigmoid},
                                                            {"softplus", softplus},
                                                            {"log_sigmoid", log_sigmoid},
                                                            {"silu", silu},
                                                            {"relu", relu},
                                                            {"elu", elu},
                                                            {"gelu", gelu},
                                                            {"sqrt", sqrt},
                                                            {"rsqrt", rsqrt},
                                                            {"square", square},
                                                            {"abs", abs},
                                                            {"erf", erf},
                                                            {"erfc", erfc}};
  const std::map<std::string, Tensor (*)(Tensor, Tensor)> arithmetic{
      {"add", add}, {"sub", sub}, {"mul", mul}, {"div", div}, {"pow", pow}, {"maximum", maximum}, {"minimum", minimum}};
  const std::map<std::string, Tensor (*)(const Tensor&, const Tensor&)> comparisons{
      {"greater", greater}, {"greater_equal", greater_equal}, {"less", less}, {"less_equal", less_equal},
      {"equal", equal},     {"not_equal", not_equal}};
  for (const auto& [name, f] : functions) list[name] = unary(f);
  for (const auto& [name, f] : arithmetic) list[name] = binary(f);
  for (const auto& [name, f] : comparisons) list[name] = binary(f);
  return list;
}

}  // namespace

const std::map<std::string, Function>& vocabulary() {
  static const std::map<std::string, Function> all = make();
  return all;
}

nlohmann::json recorded(const std::string& file) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> in(gzopen(test_data(file).c_str(), "rb"), gzclose);
  REQUIRE(in);
  std::string text, part(1 << 16, '\0');
  for (int n; (n = gzread(in.get(), part.data(), static_cast<unsigned>(part.size()))) > 0;)
    text.append(part, 0, static_cast<size_t>(n));
  return nlohmann::json::parse(text);
}

}  // namespace dimwise::differential
