// The program of docs/formats.md computes what dimwise-cnf computes.
#include <fstream>
#include <sstream>

#include "apps/common/cnf/saved_run.hpp"
#include "autodiff/context.hpp"
#include "nn/io/csv.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::cnf_formats_tests {

using namespace dimwise::app;
using namespace dimwise::app::cnf;

namespace {

std::string python_program() {
  const std::string text = read_text(DIMWISE_SOURCE_DIR "/docs/formats.md"), fence = "```python\n";
  const size_t begin = text.find(fence);
  REQUIRE(begin != std::string::npos);
  const size_t end = text.find("```", begin + fence.size());
  return text.substr(begin + fence.size(), end - begin - fence.size());
}

Ended python(const Strings& words) { return Process("/usr/bin/python3", words).wait(); }

}  // namespace

TEST_CASE("the NumPy program of docs/formats.md has the flow's log-likelihood") {
  const TemporaryFolder folder;
  if (std::ifstream("/usr/bin/python3").fail() || python({"-c", "import numpy"}).code != 0)
    return skip("there is no /usr/bin/python3 with numpy: apt-get install python3-numpy");
  write_text(folder / "log_prob.py", python_program());
  const std::string rows = rows_file(folder);
  for (const Strings& more : {Strings{"--blocks", "2", "--end-time", "0.7"}, Strings{"--dtype", "float64"}}) {
    const std::string out = folder / more[0].substr(2);
    REQUIRE(run_cnf(training(rows, out, 60) + more).code == 0);
    const std::string newest = out + "/ckpt-60.safetensors";
    const Ended ended = python({folder / "log_prob.py", newest, rows});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    const NoGrad guard;
    const auto run = cnf::load_run(newest, "best");
    const Tensor x = load_csv(rows).values;
    const FlowModel model = astype(run.model, DType::float64);
    FlowOptions options;
    options.ode = {.method = "dopri8", .rtol = 1e-10, .atol = 1e-10};
    const std::vector<double> expected = score(model, x, options).log_prob.values();
    std::istringstream lines(ended.out);
    for (const double e : expected) {
      double value = 0;
      REQUIRE(lines >> value);
      CHECK(value == Approx(e).epsilon(1e-7));
    }
  }
}

}  // namespace dimwise::cnf_formats_tests
