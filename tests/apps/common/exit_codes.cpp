#include "apps/common/cli/exit_code.hpp"

#include <csignal>

#include "tests/apps/common/run_captured.hpp"
#include "tests/catch.hpp"

namespace dimwise::exit_codes_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

namespace {

Captured run_with(std::function<void()> body) {
  App app("dimwise-sample", "fails");
  app.command("fail", "fails").does([body](const Command&) { body(); });
  return run_captured(app, {"fail"});
}

template <class E>
int code_of() {
  const auto ran = run_with([] { throw E("[here] why. What to do."); });
  CHECK(ran.err == "dimwise-sample: error: [here] why. What to do.\n");
  return ran.code;
}

}  // namespace

TEST_CASE("each kind of failure has its exit code") {
  CHECK(run_with([] {}).code == 0);
  CHECK(code_of<Error>() == 1);
  CHECK(code_of<ShapeError>() == 1);
  CHECK(code_of<DTypeError>() == 1);
  CHECK(code_of<ValueError>() == 1);
  CHECK(code_of<std::runtime_error>() == 1);
  CHECK(code_of<UsageError>() == 2);
  CHECK(code_of<DataError>() == 3);
  CHECK(code_of<SolverError>() == 4);
  CHECK(code_of<Diverged>() == 4);
  CHECK(code_of<CheckpointError>() == 5);
}

TEST_CASE("an interrupted run exits as its signal would") {
  const auto ran = run_with([] { throw Interrupted(SIGINT, "saved at step 3; go on with --resume"); });
  CHECK(ran.code == 130);
  CHECK(ran.err == "dimwise-sample: interrupted: saved at step 3; go on with --resume\n");
  CHECK(run_with([] { throw Interrupted(SIGTERM, ""); }).code == 143);
}

TEST_CASE("out of memory is a failure with advice") {
  const auto ran = run_with([] { throw std::bad_alloc(); });
  CHECK(ran.code == 1);
  CHECK_THAT(ran.err, Contains("out of memory"));
}

}  // namespace dimwise::exit_codes_tests
