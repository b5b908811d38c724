#include "bench/cvode/cvode.hpp"

#include <cvode/cvode.h>
#include <cvode/cvode_diag.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_linearsolver.h>
#include <sunlinsol/sunlinsol_band.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_band.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>
#include <time.h>

namespace dimwise::bench {

namespace {

struct User {
  const CvodeProblem* problem;
  CvodeRun* run;
};

int right_hand_side(realtype t, N_Vector y, N_Vector f, void* data) {
  const User& user = *static_cast<User*>(data);
  ++user.run->f;
  user.problem->f(t, N_VGetArrayPointer(y), N_VGetArrayPointer(f));
  return 0;
}

// A diagonal matrix, and a linear solver that divides by its diagonal: Jacobi–Newton.
int diagonal_jacobian(realtype t, N_Vector y, N_Vector, SUNMatrix j, void* data, N_Vector, N_Vector, N_Vector) {
  const User& user = *static_cast<User*>(data);
  ++user.run->diagonals;
  const auto n = static_cast<size_t>(N_VGetLength(y));
  std::vector<double> d(n);
  user.problem->diagonal(t, N_VGetArrayPointer(y), d.data());
  SUNMatZero(j);
  for (size_t i = 0; i < n; ++i) SM_ELEMENT_D(j, static_cast<long>(i), static_cast<long>(i)) = d[i];
  return 0;
}
SUNLinearSolver_Type direct(SUNLinearSolver) { return SUNLINEARSOLVER_DIRECT; }
int divide(SUNLinearSolver, SUNMatrix m, N_Vector x, N_Vector b, realtype) {
  for (long i = 0; i < N_VGetLength(x); ++i) NV_Ith_S(x, i) = NV_Ith_S(b, i) / SM_ELEMENT_D(m, i, i);
  return 0;
}

double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

bool has_cvode() { return true; }

CvodeRun cvode(const CvodeProblem& problem, const std::string& family, const std::string& corrector, int64_t most_f) {
  CvodeRun run;
  User user{&problem, &run};
  SUNContext context;
  SUNContext_Create(nullptr, &context);
  const long n = static_cast<long>(problem.y0.size());
  N_Vector y = N_VNew_Serial(n, context), atol = N_VNew_Serial(n, context);
  for (long i = 0; i < n; ++i) {
    NV_Ith_S(y, i) = problem.y0[static_cast<size_t>(i)];
    NV_Ith_S(atol, i) = problem.atol[static_cast<size_t>(i)];
  }
  void* memory = CVodeCreate(family == "bdf" ? CV_BDF : CV_ADAMS, context);
  CVodeInit(memory, right_hand_side, 0, y);
  CVodeSVtolerances(memory, problem.rtol, atol);
  CVodeSetUserData(memory, &user);
  CVodeSetMaxHnilWarns(memory, -1);
  CVodeSetErrFile(memory, nullptr);
  CVodeSetStopTime(memory, problem.t1);
  SUNMatrix matrix = nullptr;
  SUNLinearSolver linear = nullptr;
  SUNNonlinearSolver nonlinear = nullptr;
  if (corrector == "dense" || corrector == "diagonal") {
    matrix = SUNDenseMatrix(n, n, context);
    if (corrector == "dense") {
      linear = SUNLinSol_Dense(y, matrix, context);
    } else {
      linear = SUNLinSolNewEmpty(context);
      linear->ops->gettype = direct;
      linear->ops->solve = divide;
    }
    CVodeSetLinearSolver(memory, linear, matrix);
    if (corrector == "diagonal") CVodeSetJacFn(memory, diagonal_jacobian);
  } else if (corrector == "band") {
    matrix = SUNBandMatrix(n, problem.upper, problem.lower, context);
    linear = SUNLinSol_Band(y, matrix, context);
    CVodeSetLinearSolver(memory, linear, matrix);
  } else if (corrector == "cvdiag") {
    CVDiag(memory);
  } else {
    nonlinear = SUNNonlinSol_FixedPoint(y, 0, context);
    CVodeSetNonlinearSolver(memory, nonlinear);
  }
  const double begin = thread_seconds();
  int flag = 0;
  while (run.reached < problem.t1 && run.f < most_f && flag >= 0)
    flag = CVode(memory, problem.t1, y, &run.reached, CV_ONE_STEP);
  run.seconds = thread_seconds() - begin;
  run.done = flag >= 0 && run.reached >= problem.t1;
  long steps = 0, rhs = 0, error_failures = 0, solver_failures = 0, jacobian = 0;
  CVodeGetNumSteps(memory, &steps);
  CVodeGetNumRhsEvals(memory, &rhs);
  CVodeGetNumErrTestFails(memory, &error_failures);
  CVodeGetNumNonlinSolvConvFails(memory, &solver_failures);
  if (corrector == "dense" || corrector == "band") CVodeGetNumLinRhsEvals(memory, &jacobian);
  if (corrector == "cvdiag") CVDiagGetNumRhsEvals(memory, &jacobian);
  run.steps = steps;
  run.f = rhs;
  run.f_for_jacobians = jacobian;
  run.failures = error_failures + solver_failures;
  run.y.assign(N_VGetArrayPointer(y), N_VGetArrayPointer(y) + n);
  CVodeFree(&memory);
  if (linear) SUNLinSolFree(linear);
  if (nonlinear) SUNNonlinSolFree(nonlinear);
  if (matrix) SUNMatDestroy(matrix);
  N_VDestroy(y);
  N_VDestroy(atol);
  SUNContext_Free(&context);
  return run;
}

}  // namespace dimwise::bench
