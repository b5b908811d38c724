// --format and --dpi, which every command that draws has.
#include <filesystem>

#include "tests/apps/common/app_run.hpp"
#include "tests/apps/common/pixels.hpp"

namespace dimwise::figure_flags_tests {

using namespace dimwise::app;
using Catch::Matchers::Contains;

TEST_CASE("every command that draws has --format and --dpi") {
  struct Drawing {
    std::string program, command, formats;
  };
  const Drawing all[]{
      {DIMWISE_CNF, "plot", "png"},        {DIMWISE_SDE, "plot", "png"},      {DIMWISE_SDE, "simulate", ""},
      {DIMWISE_SDE, "compare", "svg,png"}, {DIMWISE_VAE, "train", "svg"},     {DIMWISE_VAE, "sample", "png"},
      {DIMWISE_VAE, "reconstruct", "png"}, {DIMWISE_VAE, "table", "svg"},     {DIMWISE_ODE, "solve", "svg,png"},
      {DIMWISE_ODE, "race", "svg,png"},    {DIMWISE_ODE, "train", "svg,png"}, {DIMWISE_ODE, "bounce", "svg,png"}};
  for (const Drawing& drawing : all) {
    INFO(drawing.program << " " << drawing.command);
    const std::string help = Process(drawing.program, {drawing.command, "--help"}).wait().out;
    CHECK_THAT(help, Contains("--format LIST") && Contains("--dpi N") && Contains("(default 100)"));
    if (!drawing.formats.empty()) CHECK_THAT(help, Contains("(default " + drawing.formats + ")"));
  }
}

TEST_CASE("the written configuration repeats the formats and the resolution") {
  const TemporaryFolder folder;
  const Strings solve{"solve", "--problem", "logistic", "--quiet"};
  REQUIRE(
      Process(DIMWISE_ODE, solve + Strings{"--format", "pdf,png", "--dpi", "50", "--out", folder / "a"}).wait().code ==
      0);
  REQUIRE(
      Process(DIMWISE_ODE, solve + Strings{"--config", folder / "a/config.toml", "--out", folder / "b"}).wait().code ==
      0);
  for (const std::string out : {"a", "b"}) {
    CHECK(read_png(folder / (out + "/figs/time.png")).width == 260);
    CHECK(read_text(folder / (out + "/figs/phase.pdf")).starts_with("%PDF"));
    CHECK_FALSE(std::filesystem::exists(folder / (out + "/figs/time.svg")));
  }
  for (const std::string picture : {"time.png", "time.pdf"})
    CHECK((read_text(folder / ("a/figs/" + picture)) == read_text(folder / ("b/figs/" + picture))));
}

}  // namespace dimwise::figure_flags_tests
