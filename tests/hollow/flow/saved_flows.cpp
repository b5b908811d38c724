// Flows rebuilt from their files.
#include "hollow/flow/amortized_flow.hpp"
#include "hollow/flow/maf.hpp"
#include "hollow/flow/realnvp.hpp"
#include "tests/catch.hpp"
#include "tests/nn/rebuilt.hpp"

namespace dimwise::saved_flows_tests {

TEST_CASE("Every amortized flow is rebuilt from its file, bit for bit") {
  const Rng rng(5);
  const Tensor z = rng.split("z").normal({3, 4}), c = rng.split("c").normal({3, 2});
  for (const std::string& name : amortized_flow_names()) {
    INFO(name);
    const AmortizedFlow flow = make_amortized_flow(name,
                                                   {.d = 4,
                                                    .context = 2,
                                                    .flows = 2,
                                                    .columns = 2,
                                                    .reflections = 3,
                                                    .hidden = {6},
                                                    .activation = Activation::silu,
                                                    .rank = 1,
                                                    .end_time = 0.3},
                                                   rng);
    const AmortizedFlow read = rebuilt(flow);
    CHECK(settings(read) == settings(flow));
    CHECK(read.to_data(z, c).x.values() == flow.to_data(z, c).x.values());
    CHECK(read.to_data(z, c).log_det.values() == flow.to_data(z, c).log_det.values());
  }
}

TEST_CASE("Every layered flow is rebuilt from its file, bit for bit") {
  const Rng rng(5);
  const Tensor x = rng.split("x").normal({3, 4}), c = rng.split("c").normal({3, 2});
  const LayeredConfig config{.d = 4, .layers = 3, .hidden = {8}, .context = 2, .activation = Activation::silu};
  const auto check = [&](const auto& flow) {
    const auto read = rebuilt(flow);
    CHECK(settings(read) == settings(flow));
    CHECK(read.log_prob(x, c).values() == flow.log_prob(x, c).values());
    CHECK(read.sample(rng, {3, 4}, c).values() == flow.sample(rng, {3, 4}, c).values());
  };
  check(Maf(config, rng));
  check(RealNvp(config, rng));
}

TEST_CASE("A flow to another end time is refused") {
  const TemporaryFolder folder;
  const FfjordNet net({.d = 2, .hidden = {4}}, Rng(0));
  save(folder / "flow", Cnf<FfjordNet>{{net}, 0.5});
  Cnf<FfjordNet> other{{net}};
  CHECK_THROWS_WITH(load(folder / "flow", other), Catch::Contains("setting 'T' is 0.5"));
  CHECK(load_model<Cnf<FfjordNet>>(folder / "flow").T == 0.5);
}

}  // namespace dimwise::saved_flows_tests
