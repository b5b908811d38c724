// The cost of solves of the standard systems.

#include "tests/hollow/solve/standard_systems.hpp"

namespace dimwise::solve_counts_tests {

using namespace dimwise::test;

namespace {

using Counts = std::vector<int64_t>;

Counts counts(const RootStatistics& s) { return {s.evaluations, s.jacobians, s.products, s.iterations}; }

// Counts are pinned exactly, so that no heuristic of a method changes unnoticed. If a change is meant, copy what the
// test prints. Each row keeps its counts under random noise of 1e-15 to 1e-10 in each element of its start and of F, so
// that they do not depend on the rounding of a processor.
struct Pinned {
  const char *system, *method;
  double factor;  // of the standard start
  Counts counts;
};

const Pinned pinned[] = {
    {"rosenbrock 2", "newton", 1, {3, 2, 0, 2}},
    {"rosenbrock 2", "newton_krylov", 1, {22, 0, 56, 17}},
    {"rosenbrock 2", "newton_krylov", 100, {62, 0, 171, 49}},
    {"rosenbrock 2", "broyden", 1, {14, 0, 0, 13}},
    {"powell singular", "newton", 1, {33, 32, 0, 32}},
    {"powell singular", "newton_krylov", 10, {37, 0, 140, 36}},
    {"powell badly scaled", "newton", 1, {13, 12, 0, 12}},
    {"powell badly scaled", "newton_krylov", 1, {69, 0, 221, 59}},
    {"powell badly scaled", "broyden", 10, {11, 0, 0, 10}},
    {"helical valley", "newton", 1, {12, 9, 8, 9}},
    {"helical valley", "newton", 100, {13, 10, 10, 10}},
    {"wood", "newton", 1, {25, 19, 18, 19}},
    {"wood", "newton", 10, {44, 38, 42, 38}},
    {"wood", "newton", 100, {99, 87, 128, 87}},
    {"wood", "newton_krylov", 1, {62, 0, 239, 48}},
    {"chebyquad 5", "newton", 10, {25, 19, 26, 19}},
    {"chebyquad 7", "newton_krylov", 1, {10, 0, 53, 7}},
    {"chebyquad 9", "newton", 1, {15, 10, 10, 10}},
    {"brown almost linear 10", "newton", 1, {18, 10, 6, 10}},
    {"brown almost linear 40", "newton", 1, {37, 12, 8, 12}},
    {"trigonometric 10", "newton", 1, {13, 9, 12, 9}},
    {"trigonometric 10", "newton", 10, {58, 47, 88, 47}},
    {"broyden tridiagonal 10", "newton", 10, {9, 8, 0, 8}},
    {"broyden tridiagonal 10", "newton_krylov", 1, {7, 0, 34, 6}},
    {"discrete boundary value 10", "newton", 1, {4, 3, 0, 3}},
    {"discrete boundary value 10", "newton_krylov", 1, {6, 0, 37, 5}},
    {"discrete boundary value 10", "broyden", 1, {21, 0, 0, 20}},
    {"discrete boundary value 10", "anderson", 1, {48, 0, 0, 47}},
};

}  // namespace

TEST_CASE("the evaluations, Jacobians, products and iterations of each solve of a standard system are as they were") {
  for (const StandardSystem& system : standard_systems())
    for (const Pinned& p : pinned) {
      if (p.system != system.name) continue;
      const RootSolution s = find_root({system.residual}, p.factor * tensor(system.start, DType::float64),
                                       {.method = p.method, .rtol = 1e-8, .atol = 1e-10, .max_iterations = 200});
      INFO(p.system << " × " << p.factor << ", " << p.method);
      CHECK(counts(s.statistics) == p.counts);
    }
}

}  // namespace dimwise::solve_counts_tests
