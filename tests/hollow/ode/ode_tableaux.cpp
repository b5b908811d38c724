// The coefficients of every Runge–Kutta method satisfy the order conditions of all rooted trees.

#include <complex>
#include <map>
#include <numeric>

#include "hollow/ode/methods/tableau.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/ode/rooted_trees.hpp"

namespace dimwise::ode_tableaux_tests {

using namespace dimwise::problems;

namespace {

double exact(const RootedTree& tree) { return 1 / tree.density; }
double nothing(const RootedTree&) { return 0; }

std::vector<const Tableau*> implicit_tableaux() {
  std::vector<const Tableau*> all = esdirk_tableaux();
  all.push_back(&radau_tableau());
  return all;
}

std::vector<const Tableau*> all_tableaux() {
  std::vector<const Tableau*> all = tableaux();
  for (const Tableau* method : implicit_tableaux()) all.push_back(method);
  return all;
}

std::vector<const Tableau*> additive_tableaux() {
  std::vector<const Tableau*> all;
  for (const Tableau* method : esdirk_tableaux())
    if (method->additive()) all.push_back(method);
  return all;
}

// The order of an interpolant at all θ: of each power, that of its coefficients.
int interpolant_order(const std::vector<Coefficients>& a, const std::vector<std::vector<double>>& interpolant,
                      size_t largest) {
  int order = static_cast<int>(largest);
  for (size_t power = 1; power <= largest; ++power) {
    std::vector<double> b;
    for (const auto& polynomial : interpolant) b.push_back(power <= polynomial.size() ? polynomial[power - 1] : 0);
    const auto expected = [&](const RootedTree& tree) { return tree.order == power ? 1 / tree.density : 0; };
    order = std::min(order, order_of(defects(a, b, largest, expected), 1e-11));
  }
  return order;
}

// R(z) = 1 + z bᵀ (I − z A)⁻¹ 1.
std::complex<double> stability(const Tableau& method, std::complex<double> z) {
  const size_t n = method.stages();
  std::vector<std::vector<std::complex<double>>> m(n, std::vector<std::complex<double>>(n + 1));
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < method.a[i].size(); ++j) m[i][j] = -z * method.a[i][j];
    m[i][i] += 1;
    m[i][n] = 1;
  }
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; ++i)
      if (std::abs(m[i][k]) > std::abs(m[pivot][k])) pivot = i;
    std::swap(m[k], m[pivot]);
    for (size_t i = 0; i < n; ++i)
      if (i != k)
        for (size_t j = n + 1; j-- > k;) m[i][j] -= m[i][k] / m[k][k] * m[k][j];
  }
  std::complex<double> r = 1;
  for (size_t k = 0; k < n; ++k) r += z * method.b[k] * m[k][n] / m[k][k];
  return r;
}

}  // namespace

TEST_CASE(
    "There are 1, 1, 2, 4, 9, 20, 48, 115 rooted trees, and the tall and the bushy one have the known densities") {
  const auto trees = rooted_trees(8);
  std::map<size_t, int> counts;
  for (const RootedTree& tree : trees) ++counts[tree.order];
  CHECK(counts == std::map<size_t, int>{{1, 1}, {2, 1}, {3, 2}, {4, 4}, {5, 9}, {6, 20}, {7, 48}, {8, 115}});
  double tall = 0, bushy = 0;
  for (const RootedTree& tree : trees)
    if (tree.order == 8) {
      tall = std::max(tall, tree.density);
      bushy = bushy == 0 ? tree.density : std::min(bushy, tree.density);
    }
  CHECK(tall == 40320);
  CHECK(bushy == 8);
}

TEST_CASE("Rows have the correct lengths, and sum to the nodes") {
  for (const Tableau* method : all_tableaux()) {
    INFO(method->name);
    REQUIRE(method->a.size() == method->c.size());
    REQUIRE(method->interpolant.size() == method->c.size());
    REQUIRE(method->b.size() <= method->c.size());
    for (size_t i = 0; i < method->c.size(); ++i) {
      CHECK(std::accumulate(method->a[i].begin(), method->a[i].end(), 0.0) == Approx(method->c[i]).margin(1e-14));
    }
  }
}

TEST_CASE(
    "Explicit tableaux are strictly lower triangular; implicit ones have a constant diagonal, or couple three stages") {
  for (const Tableau* method : tableaux())
    for (size_t i = 0; i < method->c.size(); ++i) CHECK(method->a[i].size() <= i);
  for (const Tableau* method : esdirk_tableaux()) {
    REQUIRE(method->a[0].empty());
    for (size_t i = 1; i < method->c.size(); ++i) {
      REQUIRE(method->a[i].size() == i + 1);
      CHECK(method->a[i][i] == method->a[1][1]);
    }
  }
  for (size_t i = 1; i < 4; ++i) CHECK(radau_tableau().a[i].size() == 4);
}

TEST_CASE("The explicit methods of additive pairs are strictly lower triangular, with the same nodes") {
  for (const Tableau* method : additive_tableaux()) {
    INFO(method->name);
    REQUIRE(method->explicit_a.size() == method->c.size());
    REQUIRE(method->additive_interpolant.size() == method->c.size());
    for (size_t i = 0; i < method->c.size(); ++i) {
      const std::vector<double>& row = method->explicit_a[i];
      CHECK(row.size() == i);
      CHECK(std::accumulate(row.begin(), row.end(), 0.0) == Approx(method->c[i]).margin(1e-14));
    }
  }
}

TEST_CASE("Implicit methods are stiffly accurate, and L-stable") {
  for (const Tableau* method : implicit_tableaux()) {
    INFO(method->name);
    CHECK(method->c.back() == 1);
    CHECK(method->a.back() == method->b);
    CHECK(std::abs(stability(*method, -1e8)) < 1e-6);
    for (double y = 0.01; y < 1e4; y *= 1.05) {
      INFO("y = " << y);
      CHECK(std::abs(stability(*method, {0, y})) <= 1 + 1e-12);
    }
    for (double x = 0.01; x < 1e4; x *= 1.05) CHECK(std::abs(stability(*method, -x)) < 1);
  }
}

TEST_CASE("Every method has exactly its order") {
  for (const Tableau* method : all_tableaux()) {
    INFO(method->name);
    CHECK(order_of(defects({method->a}, method->b, 8, exact), 1e-13) == method->order);
  }
  // For order 8, the tall tree with nine vertices suffices to show that the order is not higher, with its 12 stages.
  const Tableau& dopri8 = tableau("dopri8");
  std::vector<double> weight(dopri8.a.size(), 1);
  for (int height = 1; height < 9; ++height) {
    std::vector<double> higher(weight.size(), 0);
    for (size_t i = 0; i < weight.size(); ++i)
      for (size_t j = 0; j < dopri8.a[i].size(); ++j) higher[i] += dopri8.a[i][j] * weight[j];
    weight = higher;
  }
  const double ninth = std::inner_product(dopri8.b.begin(), dopri8.b.end(), weight.begin(), 0.0);
  CHECK(std::abs(ninth * 362880 - 1) > 1e-3);
}

TEST_CASE("The embedded methods have their orders") {
  const std::map<std::string, std::pair<int, int>> orders{
      {"bosh3", {2, 0}},    {"dopri5", {4, 0}},   {"tsit5", {4, 0}},    {"dopri8", {5, 3}}, {"kvaerno3", {2, 0}},
      {"kencarp3", {2, 0}}, {"kencarp4", {3, 0}}, {"kencarp5", {4, 0}}, {"radau5", {3, 0}}};
  for (const Tableau* method : all_tableaux()) {
    INFO(method->name << ": `orders` has the order of its embedded method, and of a second one or 0");
    REQUIRE(method->adaptive() == (orders.count(method->name) == 1));
    if (!method->adaptive()) continue;
    const auto [order, low] = orders.at(method->name);
    REQUIRE(method->error.size() == method->stages());
    CHECK(order_of(defects({method->a}, method->error, 8, nothing), 1e-14) == order);
    REQUIRE(method->error_low.empty() == (low == 0));
    if (low > 0) CHECK(order_of(defects({method->a}, method->error_low, 8, nothing), 1e-14) == low);
  }
}

TEST_CASE("Every interpolant has exactly its order at all θ, and ends at the solution") {
  for (const Tableau* method : all_tableaux()) {
    INFO(method->name);
    CHECK(interpolant_order({method->a}, method->interpolant, 8) == method->interpolant_order);
    for (size_t i = 0; i < method->interpolant.size(); ++i) {
      const auto& polynomial = method->interpolant[i];
      CHECK(std::accumulate(polynomial.begin(), polynomial.end(), 0.0) ==
            Approx(i < method->b.size() ? method->b[i] : 0).margin(2e-13));
    }
  }
}

TEST_CASE("Additive pairs have exactly the order of their implicit method: all trees of two colors") {
  std::map<size_t, int> counts;
  for (const RootedTree& tree : rooted_trees(5, 2)) ++counts[tree.order];
  CHECK(counts == std::map<size_t, int>{{1, 1}, {2, 2}, {3, 7}, {4, 26}, {5, 107}});
  for (const Tableau* method : additive_tableaux()) {
    INFO(method->name);
    const std::vector<Coefficients> pair{method->a, method->explicit_a};
    CHECK(order_of(defects(pair, method->b, 6, exact), 1e-13) == method->order);
    CHECK(order_of(defects(pair, method->error, 6, nothing), 1e-14) == method->order - 1);
    CHECK(interpolant_order(pair, method->additive_interpolant, 6) == method->additive_interpolant_order);
    for (size_t i = 0; i < method->b.size(); ++i) {
      const auto& polynomial = method->additive_interpolant[i];
      CHECK(std::accumulate(polynomial.begin(), polynomial.end(), 0.0) == Approx(method->b[i]).margin(2e-13));
    }
  }
}

TEST_CASE("First same as last: the last row equals the weights, and the interpolant's slope there is the last stage") {
  for (const Tableau* method : tableaux()) {
    if (!method->fsal) continue;
    INFO(method->name);
    const size_t last = method->stages() - 1;
    CHECK(method->c[last] == 1);
    CHECK(method->b[last] == 0);
    for (size_t j = 0; j < last; ++j) CHECK(method->a[last][j] == method->b[j]);
    for (size_t i = 0; i < method->interpolant.size(); ++i) {
      double start = 0, end = 0;
      for (size_t j = 0; j < method->interpolant[i].size(); ++j) {
        if (j == 0) start = method->interpolant[i][j];
        end += static_cast<double>(j + 1) * method->interpolant[i][j];
      }
      CHECK(start == (i == 0 ? 1 : 0));
      CHECK(end == Approx(i == last ? 1 : 0).margin(1e-12));
    }
  }
}

}  // namespace dimwise::ode_tableaux_tests
