#include <string>

#include "apps/ode/formula.hpp"
#include "autodiff/context.hpp"
#include "nn/io/bytes.hpp"
#include "tests/fuzz/fuzz.hpp"

// CLN loses some bytes when it refuses a number.
extern "C" const char* __lsan_default_suppressions() {  // NOLINT(bugprone-reserved-identifier)
  return "leak:libcln\nleak:libginac\n";
}

DIMWISE_FUZZ(bytes) {
  const dimwise::NoGrad guard;
  const dimwise::OdeProblem p =
      dimwise::app::ode::formula_problem(std::string(dimwise::as_text(bytes)), "x=0.5,y=-2", "mu=3,_a1=1e-3");
  p.term(dimwise::scalar(0.25, dimwise::DType::float64), p.y0);
}
