#include <algorithm>
#include <cmath>
#include <filesystem>

#include "nn/io/csv.hpp"
#include "nn/io/npy.hpp"
#include "tests/apps/cnf/cnf_run.hpp"
#include "tests/apps/common/pixels.hpp"
#include "tests/catch.hpp"

namespace dimwise::cnf_outputs_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

nlohmann::json json_of(const Strings& words) {
  const Ended ended = run_cnf(words + Strings{"--json"});
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  CHECK(std::count(ended.out.begin(), ended.out.end(), '\n') == 1);
  return nlohmann::json::parse(ended.out);
}

double log_likelihood(const std::string& out, const Strings& more) {
  return json_of(Strings{"eval", "--out", out} + more)["log_likelihood"];
}

std::pair<int, int> png_size(const std::string& path) {
  const Pixels pixels = read_png(path);
  return {pixels.width, pixels.height};
}

}  // namespace

TEST_CASE("train prints its result alone on stdout, and as JSON") {
  const TemporaryFolder folder;
  const auto result = json_of(training("moons", folder / "run", 6));
  CHECK(result["step"] == 6);
  CHECK(result["validation_nll"].get<double>() > result["entropy"].get<double>());
  CHECK(result["checkpoint"] == folder / "run/ckpt-6.safetensors");
  const Ended text = run_cnf(training("moons", folder / "again", 6));
  CHECK(std::count(text.out.begin(), text.out.end(), '\n') == 1);
  CHECK_THAT(text.out, Contains("validation nll ") && Contains("nats") && Contains("after 6 steps"));
  CHECK_THAT(text.err, Contains("step 6/6 100%") && Contains("loss ") && Contains("nfe 12") && Contains("grad "));
}

TEST_CASE("the folder of a run holds what it promises") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(
      run_cnf(training("moons", out, 12) + Strings{"--log-every", "4", "--eval-every", "6", "--checkpoint-every", "3"})
          .code == 0);
  for (const char* name :
       {"config.toml", "metrics.jsonl", "log.txt", "latest", "ckpt-9.safetensors", "ckpt-12.safetensors", "figs"})
    CHECK(std::filesystem::exists(out + "/" + name));
  CHECK_FALSE(std::filesystem::exists(out + "/ckpt-6.safetensors"));
  std::vector<int64_t> logged, evaluated;
  std::istringstream lines(metrics(out));
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line);
    if (entry.contains("nll")) logged.push_back(entry["step"]);
    if (entry.contains("validation_nll")) evaluated.push_back(entry["step"]);
  }
  CHECK(logged == std::vector<int64_t>{4, 8, 12});
  CHECK(evaluated == std::vector<int64_t>{6, 12});
}

TEST_CASE("eval: the exact trace is the brute-force trace, Hutchinson's is near") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training("moons", out, 60) + Strings{"--dtype", "float64"}).code == 0);
  const Strings solver{"--method", "rk4", "--solver-steps", "8"};
  const double exact = log_likelihood(out, solver);
  const double brute_force = log_likelihood(out, solver + Strings{"--trace", "brute-force"});
  const double estimated = log_likelihood(out, solver + Strings{"--trace", "hutchinson"});
  const double again = log_likelihood(out, solver + Strings{"--trace", "hutchinson", "--seed", "1"});
  CHECK(std::abs(exact - brute_force) < 1e-10);
  CHECK(estimated != exact);
  CHECK(estimated != again);
  CHECK(std::abs(exact - estimated) < 0.02);
  CHECK(std::abs(exact - again) < 0.02);
  const double tight = log_likelihood(out, {"--method", "dopri5", "--rtol", "1e-8", "--atol", "1e-8"});
  CHECK(std::abs(exact - tight) < 1e-3);
  for (const char* weights : {"best", "average", "last"})
    CHECK(std::isfinite(log_likelihood(out, solver + Strings{"--weights", weights})));
}

TEST_CASE("eval of a file's rows compares with a Gaussian, of a density with its entropy") {
  const TemporaryFolder folder;
  REQUIRE(run_cnf(training(rows_file(folder), folder / "rows", 12)).code == 0);
  REQUIRE(run_cnf(training("moons", folder / "moons", 12)).code == 0);
  const auto rows = json_of({"eval", "--out", folder / "rows"}), moons = json_of({"eval", "--out", folder / "moons"});
  CHECK(rows["rows"] == 6);
  CHECK(rows.contains("gaussian_log_likelihood"));
  CHECK(moons["rows"] == 20000);
  CHECK(moons["gap"].get<double>() ==
        Approx(-moons["log_likelihood"].get<double>() - moons["entropy"].get<double>()).margin(1e-12));
  const Ended text = run_cnf({"eval", "--out", folder / "rows"});
  CHECK_THAT(text.out, Contains("log-likelihood") && Contains("full Gaussian") && Contains("6 held-out rows"));
  CHECK(text.err == "");
  CHECK(run_cnf({"eval", "--out", folder / "rows", "--data", "moons"}).code == 0);
}

TEST_CASE("sample writes CSV and NPY with the same points for the same seed") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training(rows_file(folder), out, 12)).code == 0);
  const auto draw = [&](const std::string& file, const std::string& seed) {
    const Ended ended = run_cnf({"sample", "--out", out, "--n", "50", "--file", folder / file, "--seed", seed});
    REQUIRE(ended.code == 0);
    CHECK(ended.out == "50 samples written to " + folder / file + "\n");
  };
  draw("a.csv", "4");
  draw("a.npy", "4");
  draw("b.npy", "5");
  const Csv csv = load_csv(folder / "a.csv");
  CHECK(csv.columns == Strings{"a", "b"});
  const Tensor a = load_npy(folder / "a.npy"), b = load_npy(folder / "b.npy");
  CHECK(a.shape() == Shape{50, 2});
  CHECK(a.dtype() == DType::float64);
  CHECK(a.values() == csv.values.values());
  CHECK(a.values() != b.values());
  const std::vector<double> values = a.values();
  CHECK(std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }));
  const Ended wrong = run_cnf({"sample", "--out", out, "--file", folder / "a.txt"});
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, Contains("[--file] must end in .csv, .npy or .npz"));
  const Ended nowhere = run_cnf({"sample", "--out", out, "--file", folder / "none/a.csv"});
  CHECK(nowhere.code == 1);
  CHECK_THAT(nowhere.err, Contains("Choose another --file."));
}

TEST_CASE("plot draws every figure and prints their paths") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training("moons", out, 12) + Strings{"--log-every", "2"}).code == 0);
  const Ended ended = run_cnf({"plot", "--out", out, "--grid", "24", "--n", "200", "--paths", "5"});
  INFO(ended.err);
  REQUIRE(ended.code == 0);
  std::string paths;
  for (const char* name : {"density", "trajectories", "samples", "learning-curve"})
    paths += out + "/figs/" + name + ".png\n";
  CHECK(ended.out == paths);
  CHECK(png_size(out + "/figs/density.png") == std::pair(2080, 420));
  for (const char* name : {"trajectories", "samples", "learning-curve"})
    CHECK(png_size(out + "/figs/" + name + ".png") == std::pair(520, 420));
}

TEST_CASE("--format and --dpi choose the files of figures and their sizes") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training("moons", out, 2)).code == 0);
  const Strings plot{"plot", "--out", out, "--grid", "24", "--n", "200", "--paths", "5"};
  const Ended ended = run_cnf(plot + Strings{"--format", "pdf,png", "--dpi", "50"});
  CHECK(ended.code == 0);
  CHECK_THAT(ended.out, StartsWith(out + "/figs/density.pdf\n" + out + "/figs/density.png\n"));
  CHECK(read_text(out + "/figs/density.pdf").starts_with("%PDF"));
  CHECK(png_size(out + "/figs/density.png") == std::pair(1040, 210));
  CHECK_FALSE(std::filesystem::exists(out + "/figs/density.svg"));
  const Ended wrong = run_cnf(plot + Strings{"--format", "png,gif"});
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, Contains("[--format] must be one of png|svg|pdf, not \"gif\""));
  for (const Strings& words : {Strings{"--format", ""}, Strings{"--dpi", "5"}, Strings{"--dpi", "1e9"}})
    CHECK(run_cnf(plot + words).code == 2);
}

TEST_CASE("a figure that cannot be written ends with 1, and leaves the old one") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training("moons", out, 2)).code == 0);
  const Strings plot{"plot", "--out", out, "--grid", "24", "--n", "200", "--paths", "5"};
  for (const std::string format : {"png", "svg", "pdf"}) {
    REQUIRE(run_cnf(plot + Strings{"--format", format}).code == 0);
    const std::string file = out + "/figs/density." + format, before = read_text(file);
    const Ended full = run_cnf(plot + Strings{"--format", format}, {.largest_file = 4096});
    CHECK(full.code == 1);
    CHECK_THAT(full.err, Contains("[figure]") && Contains(file) && Contains("make room"));
    CHECK((read_text(file) == before));
    for (const auto& entry : std::filesystem::directory_iterator(out + "/figs"))
      CHECK_FALSE(entry.path().filename().string().starts_with(".tmp-"));
  }
}

TEST_CASE("the true and the learned density have one scale of colors") {
  const TemporaryFolder folder;
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training("moons", out, 2)).code == 0);
  REQUIRE(run_cnf({"plot", "--out", out, "--grid", "24", "--n", "200", "--paths", "5"}).code == 0);
  const Pixels pixels = read_png(out + "/figs/density.png");
  int inked = 0, different = 0;
  for (int y = 0; y < pixels.height; ++y)  // the bars and their labels, in the second and the third panel
    for (int x = 468; x < 520; ++x) {
      inked += !(pixels.at(520 + x, y) == Color{255, 255, 255});
      different += !(pixels.at(520 + x, y) == pixels.at(1040 + x, y));
    }
  CHECK(inked > 1000);
  CHECK(different == 0);
}

TEST_CASE("one column is drawn as a curve over a histogram") {
  const TemporaryFolder folder;
  std::vector<double> values;
  for (int i = 0; i < 300; ++i) values.push_back(std::sin(0.7 * i) + 0.01 * i);
  save_npy(folder / "one.npy", tensor(values, {300, 1}, DType::float64));
  const std::string out = folder / "run";
  REQUIRE(run_cnf(training(folder / "one.npy", out, 6)).code == 0);
  REQUIRE(run_cnf({"plot", "--out", out, "--n", "100"}).code == 0);
  for (const std::string name : {"density", "samples"}) {
    const Pixels pixels = read_png(out + "/figs/" + name + ".png");
    CHECK(pixels.width == 520);
    int bars = 0, outline = 0, curve = 0;  // bars: a quarter of the first color on white, or of both
    for (const Color c : pixels.colors) {
      bars += c == Color{191, 219, 235} || c == Color{196, 187, 176};
      outline += c == series_color(0);
      curve += c == series_color(1);
    }
    CHECK(bars > 5000);
    CHECK(outline > 300);
    CHECK(curve > 300);
  }
}

TEST_CASE("one column and three columns are trained, scored, sampled and drawn") {
  const TemporaryFolder folder;
  std::vector<double> values;
  for (int i = 0; i < 180; ++i) values.push_back(std::sin(0.7 * i) + 0.01 * i);
  save_npy(folder / "three.npy", tensor(values, {60, 3}, DType::float64));
  save_npy(folder / "one.npy", tensor(values, {180, 1}, DType::float64));
  for (const std::string& name : {std::string("one"), std::string("three")}) {
    const std::string out = folder / name;
    const Ended trained = run_cnf(training(folder / (name + ".npy"), out, 6));
    INFO(trained.err);
    REQUIRE(trained.code == 0);
    CHECK(run_cnf({"eval", "--out", out}).code == 0);
    CHECK(run_cnf({"sample", "--out", out, "--n", "5", "--file", folder / (name + ".csv")}).code == 0);
    CHECK(load_csv(folder / (name + ".csv")).values.dim(1) == (name == "one" ? 1 : 3));
    CHECK(run_cnf({"plot", "--out", out, "--n", "50"}).code == 0);
    CHECK(png_size(out + "/figs/samples.png").first == (name == "one" ? 520 : 1040));
  }
  // One Rademacher number squared is 1: for one column Hutchinson's trace is exact.
  const double exact = log_likelihood(folder / "one", {});
  CHECK(std::abs(exact - log_likelihood(folder / "one", {"--trace", "hutchinson"})) < 1e-5);
}

}  // namespace dimwise::cnf_outputs_tests
