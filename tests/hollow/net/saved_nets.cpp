// HollowNets rebuilt from their files.
#include "tests/catch.hpp"
#include "tests/hollow/net/nets.hpp"
#include "tests/nn/rebuilt.hpp"

namespace dimwise::saved_nets_tests {

TEST_CASE("Every net is rebuilt from its file, bit for bit") {
  const Rng rng(5);
  for (const bool time : {false, true})
    for (const int64_t context : {0, 2})
      for (const auto& [name, net] : test::every_net(4, time, context)) {
        INFO(name << ", time " << time << ", context " << context);
        const Tensor x = rng.split("x").normal({3, 4}, DType::float64);
        const Tensor t = time ? scalar(0.3, DType::float64) : Tensor();
        const Tensor c = context ? rng.split("c").normal({3, context}, DType::float64) : Tensor();
        const AnyHollowNet read = rebuilt(net);
        CHECK(settings(read) == settings(net));
        CHECK(read(x, t, c).values() == net(x, t, c).values());
        CHECK(dimwise(read.at(t, c), x, 2)[2].values() == dimwise(net.at(t, c), x, 2)[2].values());
      }
}

TEST_CASE("A net of another kind of conditioner or another activation is refused") {
  const TemporaryFolder folder;
  const auto net = [](const std::string& conditioner, Activation activation) {
    return make_hollow_net({.conditioner = conditioner, .d = 3, .d_h = 2, .hidden = {5}, .activation = activation},
                           Rng(0));
  };
  save(folder / "net", net("masked", Activation::tanh));
  AnyHollowNet other = net("leave-one-out", Activation::tanh), sine = net("masked", Activation::sin);
  CHECK_THROWS_WITH(load(folder / "net", other), Catch::Contains("setting 'conditioner.kind' is dimwise::Masked"));
  CHECK_THROWS_WITH(load(folder / "net", sine), Catch::Contains("setting 'conditioner.activation' is \"tanh\""));
}

}  // namespace dimwise::saved_nets_tests
