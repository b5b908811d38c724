// Problems that formulas define: their values, derivatives, messages and runs.
#include <cmath>
#include <sstream>

#include "apps/common/cli/exit_code.hpp"
#include "apps/ode/formula.hpp"
#include "autodiff/debug/check_grads.hpp"
#include "ops/reduce.hpp"
#include "tests/apps/ode/ode_run.hpp"
#include "tests/catch.hpp"

namespace dimwise::ode_formulas_tests {

using namespace dimwise::app;
using namespace dimwise::app::ode;
using Catch::Matchers::Contains;

namespace {

constexpr double pi = 3.14159265358979323846;

// x' of a formula at x, y and t, with a = 3.
double at(const std::string& formula, double x, double y, double t) {
  const OdeProblem p = formula_problem("x' = " + formula + "; y' = 0", "x=1,y=1", "a=3");
  return p.term(scalar(t, DType::float64), {tensor({x, y}, DType::float64)})[0].values()[0];
}

std::string refusal(const std::string& field, const std::string& start = "x=1,y=1", const std::string& param = "a=3") {
  try {
    formula_problem(field, start, param);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "read";
}

}  // namespace

TEST_CASE("Formulas have the values and derivatives of what they say") {
  struct Case {
    std::string formula;
    std::function<double(double x, double y, double t)> value;
  };
  const Case cases[]{
      {"x", [](double x, double, double) { return x; }},
      {"-x", [](double x, double, double) { return -x; }},
      {"2", [](double, double, double) { return 2; }},
      {"t", [](double, double, double t) { return t; }},
      {"a*(1-x^2)*y - x", [](double x, double y, double) { return 3 * (1 - x * x) * y - x; }},
      {"x - y - t - 1", [](double x, double y, double t) { return x - y - t - 1; }},
      {"x/y/t", [](double x, double y, double t) { return x / y / t; }},
      {"1/x", [](double x, double, double) { return 1 / x; }},
      {"2/(3*x*y)", [](double x, double y, double) { return 2 / (3 * x * y); }},
      {"1/3*x", [](double x, double, double) { return x / 3; }},
      {"x^3", [](double x, double, double) { return x * x * x; }},
      {"x^(-2)", [](double x, double, double) { return 1 / (x * x); }},
      {"x^(-1.5)*y", [](double x, double y, double) { return std::pow(x, -1.5) * y; }},
      {"2^x", [](double x, double, double) { return std::pow(2, x); }},
      {"x^y", [](double x, double y, double) { return std::pow(x, y); }},
      {"pow(x, 2.5)", [](double x, double, double) { return std::pow(x, 2.5); }},
      {"-x^2", [](double x, double, double) { return -x * x; }},
      {"x*y^2/t^3", [](double x, double y, double t) { return x * y * y / (t * t * t); }},
      {"1e-3*x + 2E+2 - .5", [](double x, double, double) { return 1e-3 * x + 199.5; }},
      {"sqrt(x*y)", [](double x, double y, double) { return std::sqrt(x * y); }},
      {"sin(2*Pi*t)*cos(x)", [](double x, double, double t) { return std::sin(2 * pi * t) * std::cos(x); }},
      {"tan(x) + tanh(y)", [](double x, double y, double) { return std::tan(x) + std::tanh(y); }},
      {"sinh(x)*cosh(y)", [](double x, double y, double) { return std::sinh(x) * std::cosh(y); }},
      {"exp(-x^2/2)", [](double x, double, double) { return std::exp(-x * x / 2); }},
      {"log(x) - abs(-y)", [](double x, double y, double) { return std::log(x) - y; }},
      {"log(exp(x))", [](double x, double, double) { return x; }},
  };
  for (const Case& c : cases)
    for (const auto& [x, y, t] : {std::tuple{0.7, 1.3, 0.4}, {1.9, 0.2, 2.5}}) {
      INFO(c.formula);
      CHECK(at(c.formula, x, y, t) == Approx(c.value(x, y, t)).epsilon(1e-14));
      const OdeProblem p = formula_problem("x' = " + c.formula + "; y' = 0*x", "x=1,y=1", "a=3");
      const double time = t;
      const auto f = [&](const std::vector<Tensor>& in) { return sum(p.term(scalar(time, DType::float64), in)[0]); };
      CHECK_NOTHROW(check_grads(f, {tensor({x, y}, DType::float64)}));
    }
}

TEST_CASE("A state of formulas may be a batch, and its components have names") {
  const OdeProblem p = formula_problem("u' = v\n v' = -u", "u=1, v=0", "");
  CHECK(p.components == std::vector<std::string>{"u", "v"});
  CHECK(p.y0[0].values() == std::vector<double>{1, 0});
  const State f = p.term(scalar(0, DType::float64), {tensor({1, 2, 3, 4}, {2, 2}, DType::float64)});
  CHECK(f[0].values() == std::vector<double>{2, -1, 4, -3});
  CHECK_FALSE(p.term.mass);
  const OdeProblem dae = formula_problem("x' = -z; 0 = z - x", "z=1,x=1", "");
  CHECK(dae.components == std::vector<std::string>{"x", "z"});
  CHECK(dae.term.mass->dense().values() == std::vector<double>{1, 0, 0, 0});
}

TEST_CASE("What is no formula is refused, and says what to write") {
  CHECK_THAT(refusal("x' = alpha*x; y' = 1"), Contains("unknown name, alpha") && Contains("--param alpha=1"));
  CHECK_THAT(refusal("x' = snh(x); y' = 1"), Contains("Did you mean sinh?"));
  for (const char* formula : {"(x", "x)", "x +", "x y", "x**2", "x'", "2x", "1/0", "x,y", "sin()", "sin(x,y)", "", "$x",
                              "x^-1.5*y", "x/-y*t", "x*-y", "x - -y"}) {
    INFO(formula);
    CHECK_THAT(refusal("x' = " + std::string(formula) + "; y' = 1"), Contains("--field"));
  }
  for (const char* formula : {"9^9^9", "9^(9^9)", "(-1)^0.5", "log(-1)", "1e400", "factorial(10000000)", "I*x"}) {
    INFO(formula);
    CHECK_THAT(refusal("x' = " + std::string(formula) + "; y' = 1"), Contains("--field"));
  }
  CHECK_THAT(refusal("x' = " + std::string(200, '(') + "x" + std::string(200, ')') + "; y' = 1"),
             Contains("200 nested parentheses"));
  CHECK_THAT(refusal("x' = 1" + std::string(20000, ' ') + "+1; y' = 1"), Contains("At most 10000"));
  CHECK_THAT(refusal("x = 1; y' = 1"), Contains("is no equation"));
  CHECK_THAT(refusal("x' = 1; x' = 2"), Contains("x is given twice"));
  CHECK_THAT(refusal("t' = 1"), Contains("\"t\" is no name"));
  CHECK_THAT(refusal("sin' = 1"), Contains("\"sin\" is no name"));
  CHECK_THAT(refusal("x' = 1; y' = 1", "x=1"), Contains("--init") && Contains("lacks y"));
  CHECK_THAT(refusal("x' = 1; y' = 1", "x=1,y"), Contains("\"y\" is not name=number"));
  CHECK_THAT(refusal("x' = 1; y' = 1", "x=1,y=nan"), Contains("not name=number"));
  CHECK_THAT(refusal("x' = 1; y' = 1", "x=1,y=1,z=1"), Contains("names 1 components without a derivative"));
  CHECK_THAT(refusal("x' = 1; 0 = x"), Contains("as many") || Contains("read"));
  CHECK_THAT(refusal("x' = 1; y' = 1", "x=1,y=1", "x=3"), Contains("x is a component"));
  CHECK_THAT(refusal(""), Contains("no equation x'"));
}

TEST_CASE("dimwise-ode solves formulas, the same at each run, and differential-algebraic ones") {
  const TemporaryFolder folder;
  const Strings pol{"solve",    "--field", "x' = y; y' = mu*(1-x^2)*y - x + 0.1*sin(x)*y*x",
                    "--param",  "mu=50",   "--init",
                    "x=2,y=0",  "--t1",    "100",
                    "--method", "bdf",     "--quiet"};
  std::string first;
  for (const char* name : {"a", "b", "c"}) {
    const Ended ended = run_ode(pol + Strings{"--out", folder / name});
    INFO(ended.err);
    REQUIRE(ended.code == 0);
    const std::string csv = read_text(folder / name + "/trajectory.csv");
    CHECK_THAT(csv, Contains("\"t\",\"x\",\"y\"\n0,2,0\n"));
    if (first.empty()) first = csv;
    CHECK((csv == first));
  }
  // A pendulum of length 1, whose force keeps it so.
  const Ended pendulum = run_ode(
      {"solve", "--field", "x'=u; y'=v; u'=-f*x; v'=-f*y-g; 0 = u^2 + v^2 - f*(x^2+y^2) - g*y", "--param", "g=9.81",
       "--init", "x=1,y=0,u=0,v=0,f=7", "--t1", "1", "--rtol", "1e-8", "--out", folder / "pendulum", "--json"});
  INFO(pendulum.err);
  REQUIRE(pendulum.code == 0);
  const std::vector<double> y = nlohmann::json::parse(pendulum.out)["y"];
  CHECK(y[0] * y[0] + y[1] * y[1] == Approx(1).epsilon(1e-5));
  CHECK(0.5 * (y[2] * y[2] + y[3] * y[3]) + 9.81 * y[1] == Approx(0).margin(1e-4));
  CHECK(y[4] == Approx(-3 * 9.81 * y[1]).epsilon(1e-4));
  const Ended endless = run_ode({"solve", "--field", "x' = x", "--init", "x=1", "--out", folder / "endless"});
  CHECK(endless.code == 2);
  CHECK_THAT(endless.err, Contains("--t1"));
  CHECK(run_ode({"solve", "--field", "x' = x", "--problem", "kepler", "--out", folder / "both"}).code == 2);
}

}  // namespace dimwise::ode_formulas_tests
