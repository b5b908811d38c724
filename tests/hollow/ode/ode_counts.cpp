#include <string>
#include <vector>

#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "hollow/ode/problems/problems.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/hollow/ode/ode_problems.hpp"

namespace dimwise::ode_counts_tests {

using namespace problems;

namespace {

using Counts = std::vector<int64_t>;

Counts counts(const OdeStatistics& s) {
  return {s.evaluations, s.diagonals, s.jacobians, s.products,          s.factorizations,
          s.iterations,  s.accepted,  s.rejected,  s.corrector_failures};
}

// Counts are pinned exactly, so that no heuristic of a solver changes unnoticed. If a change is meant, copy what the
// test prints. Each row keeps its counts if atol changes by 1e-14 to 1e-10 of itself, so that they do not depend on the
// rounding of a processor.
struct Pinned {
  const char *problem, *method, *corrector;
  double rtol;
  Counts counts;
};

const Pinned pinned[] = {
    {"lotka-volterra", "bosh3", "automatic", 0.0001, {554, 0, 0, 0, 0, 0, 171, 13, 0}},
    {"lotka-volterra", "bosh3", "automatic", 1e-06, {2348, 0, 0, 0, 0, 0, 782, 0, 0}},
    {"lotka-volterra", "dopri5", "automatic", 0.0001, {290, 0, 0, 0, 0, 0, 41, 7, 0}},
    {"lotka-volterra", "dopri5", "automatic", 1e-06, {632, 0, 0, 0, 0, 0, 94, 11, 0}},
    {"lotka-volterra", "tsit5", "automatic", 0.0001, {302, 0, 0, 0, 0, 0, 41, 9, 0}},
    {"lotka-volterra", "tsit5", "automatic", 1e-06, {632, 0, 0, 0, 0, 0, 97, 8, 0}},
    {"lotka-volterra", "dopri8", "automatic", 0.0001, {413, 0, 0, 0, 0, 0, 25, 9, 0}},
    {"lotka-volterra", "dopri8", "automatic", 1e-06, {641, 0, 0, 0, 0, 0, 44, 9, 0}},
    {"lotka-volterra", "abm", "automatic", 0.0001, {300, 0, 0, 0, 0, 0, 145, 8, 0}},
    {"lotka-volterra", "abm", "automatic", 1e-06, {501, 0, 0, 0, 0, 0, 243, 13, 0}},
    {"kepler", "dopri5", "automatic", 1e-08, {614, 0, 0, 0, 0, 0, 98, 4, 0}},
    {"kepler", "abm", "automatic", 1e-08, {310, 0, 0, 0, 0, 0, 148, 12, 0}},
    {"kepler", "adams", "automatic", 1e-08, {347, 0, 0, 0, 0, 345, 186, 11, 0}},
    {"forced-relaxation", "adams", "jacobi_newton", 1e-06, {259, 11, 0, 0, 0, 257, 221, 8, 0}},
    {"forced-relaxation", "adams", "newton_krylov", 1e-06, {155, 7, 0, 127, 0, 146, 125, 6, 0}},
    {"diagonally-dominant", "bdf", "automatic", 0.0001, {294, 36, 0, 180, 0, 256, 204, 4, 0}},
    {"diagonally-dominant", "bdf", "newton", 0.0001, {263, 0, 5, 0, 40, 261, 205, 4, 0}},
    {"diagonally-dominant", "bdf", "jacobi_newton", 0.0001, {239, 11, 0, 0, 0, 237, 205, 6, 0}},
    {"diagonally-dominant", "bdf", "newton_krylov", 0.0001, {242, 10, 0, 249, 0, 230, 202, 4, 0}},
    {"rotation-stiff", "bdf", "newton_krylov", 0.0001, {136, 6, 0, 423, 0, 128, 107, 4, 0}},
    {"prothero-robinson", "bdf", "automatic", 1e-05, {263, 46, 0, 46, 0, 215, 122, 19, 0}},
    {"brusselator", "bdf", "automatic", 0.0001, {133, 2, 2, 22, 12, 127, 101, 2, 0}},
    {"reaction-diffusion", "bdf", "automatic", 0.0001, {440, 47, 0, 235, 0, 391, 243, 11, 0}},
    {"pollution", "bdf", "automatic", 1e-05, {284, 7, 5, 35, 25, 275, 166, 0, 0}},
    {"hires", "radau5", "automatic", 1e-05, {1029, 11, 33, 75, 136, 304, 93, 9, 9}},
    {"oregonator", "radau5", "newton", 0.0001, {3553, 0, 179, 0, 628, 1077, 309, 56, 45}},
    {"diagonally-dominant", "radau5", "jacobi_newton", 0.0001, {530, 15, 0, 0, 0, 152, 57, 3, 0}},
    {"hires", "kvaerno3", "automatic", 1e-05, {1729, 20, 37, 100, 73, 1706, 356, 17, 0}},
    {"oregonator", "kvaerno3", "newton", 0.0001, {4926, 0, 107, 0, 261, 4913, 841, 86, 0}},
    {"diagonally-dominant", "kvaerno3", "jacobi_newton", 0.0001, {869, 29, 0, 0, 0, 867, 187, 15, 0}},
    {"hires", "kencarp3", "automatic", 1e-05, {1357, 13, 54, 65, 80, 1340, 157, 18, 0}},
    {"oregonator", "kencarp3", "newton", 0.0001, {3814, 0, 238, 0, 336, 3801, 366, 96, 6}},
    {"diagonally-dominant", "kencarp3", "jacobi_newton", 0.0001, {608, 28, 0, 0, 0, 606, 96, 12, 10}},
    {"hires", "kencarp4", "automatic", 1e-05, {1325, 6, 53, 30, 70, 1316, 86, 13, 0}},
    {"oregonator", "kencarp4", "newton", 0.0001, {4229, 0, 285, 0, 376, 4216, 209, 75, 4}},
    {"diagonally-dominant", "kencarp4", "jacobi_newton", 0.0001, {686, 22, 0, 0, 0, 684, 65, 13, 2}},
    {"hires", "kencarp5", "automatic", 1e-05, {1411, 4, 114, 20, 133, 1404, 62, 13, 0}},
    {"oregonator", "kencarp5", "newton", 0.0001, {4113, 0, 359, 0, 448, 4097, 185, 51, 29}},
    {"diagonally-dominant", "kencarp5", "jacobi_newton", 0.0001, {698, 22, 0, 0, 0, 696, 54, 6, 2}},
    {"burgers-split", "kencarp3", "newton", 0.0001, {131, 0, 3, 0, 7, 112, 17, 0, 0}},
    {"burgers-split", "kencarp4", "automatic", 1e-05, {181, 1, 5, 5, 8, 164, 14, 0, 0}},
    {"burgers-split", "kencarp5", "newton", 1e-05, {216, 0, 4, 0, 6, 199, 15, 0, 0}},
    {"blow-up", "dopri5", "automatic", 1e-06, {2540, 0, 0, 0, 0, 0, 214, 209, 0}},
};

}  // namespace

TEST_CASE("the evaluations, Jacobians, factorizations and steps of each solve are as they were") {
  const NoGrad guard;
  for (const Pinned& p : pinned) {
    const OdeProblem problem = ode_problem(p.problem);
    const OdeSolution s = odeint(problem.term, problem.y0, problem.times,
                                 {.method = p.method,
                                  .rtol = p.rtol,
                                  .atol = p.rtol * 1e-3,
                                  .max_steps = 100000,
                                  .implicit = {.corrector = p.corrector}});
    INFO(p.problem << ", " << p.method << ", " << p.corrector << ", rtol " << p.rtol);
    CHECK(counts(s.statistics) == p.counts);
  }
}

TEST_CASE("a checkpointed solve reports the counts of the forward solve alone, before and after its gradient") {
  const Tensor p = track(tensor({1.5, 1, 3, 1}, DType::float64));
  const auto solve = [&](OdeGradient gradient, int64_t most = 1000000) {
    return value_or_throw(odeint(lotka_volterra(p), start({1, 1}), {0, 5},
                                 {.method = "bdf", .max_evaluations = most, .gradient = gradient}));
  };
  const OdeSolution direct = solve(OdeGradient::direct), checkpointed = solve(OdeGradient::checkpointed);
  CHECK(counts(checkpointed.statistics) == counts(direct.statistics));
  CHECK(checkpointed.statistics.corrector == direct.statistics.corrector);
  CHECK(checkpointed.statistics.next_dt == direct.statistics.next_dt);
  const Tensor g = grad(sum(checkpointed.y.back()[0]), p);
  CHECK(counts(checkpointed.statistics) == counts(direct.statistics));
  // The repetition of a segment has the limit for itself.
  const OdeSolution limited = solve(OdeGradient::checkpointed, direct.statistics.evaluations);
  CHECK(grad(sum(limited.y.back()[0]), p).values() == g.values());
}

}  // namespace dimwise::ode_counts_tests
