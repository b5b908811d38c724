#include "autodiff/debug/profile.hpp"
#include "autodiff/custom.hpp"
#include "autodiff/op.hpp"
#include "autodiff/transforms.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::profile_tests {

TEST_CASE("Profile counts calls, pulls and bytes of every op during its lifetime") {
  const Tensor x = track(normal({1000}));
  Profile profile;
  const Tensor y = sum(tanh(x) * tanh(x));
  grad(y, x, {.record = false});
  const auto& rows = profile.rows();
  CHECK(rows.at("tanh").calls == 2);
  CHECK(rows.at("tanh").pulls == 2);
  CHECK(rows.at("tanh").bytes == 2 * 8000);
  CHECK(rows.at("mul").pulls == 1);
  CHECK(rows.at("tanh").forward > 0);
  CHECK(rows.at("tanh").reverse > 0);
  CHECK(rows.at("tanh").reverse < 60);
  CHECK_THAT(profile.report(),
             Catch::StartsWith("op                    calls  forward ms    pulls  reverse ms         MiB\n") &&
                 Catch::Contains("\ntanh ") && Catch::Contains(" 0.015\n"));
}

TEST_CASE("a report begins with the op that takes longest, forward and reverse together") {
  static constexpr Op quick{"quick"}, slow{"slow"}, slowest{"slowest"};
  const Tensor y = ones({1});
  const auto call = [&](Profile& profile, const Op& op, double seconds, double reverse) {
    profile.evaluated(op, {}, y, seconds);
    profile.pulled(Call{op, {}, nullptr, y}, y, {}, reverse);
  };
  Profile profile;
  call(profile, quick, 3, 1);
  call(profile, slow, 1, 5);
  call(profile, slowest, 7, 0);
  const std::string report = profile.report();
  CHECK(report.find("\nslowest ") < report.find("\nslow "));
  CHECK(report.find("\nslow ") < report.find("\nquick "));
}

TEST_CASE("a custom rule has a row of its own") {
  const CustomRule twice{"twice", [](const auto& in) { return 2.0 * in[0]; },
                         [](const auto&, const Tensor&, const Tensor& w) { return std::vector<Tensor>{2.0 * w}; }};
  const Tensor x = track(normal({3}));
  const Profile profile;
  grad(sum(custom(twice, {x})), x);
  CHECK(profile.rows().at("twice").calls == 1);
  CHECK(profile.rows().at("twice").pulls == 1);
}

TEST_CASE("observers nest, and are not notified after their destruction") {
  const Tensor x = normal({3});
  const Profile outer;
  {
    const Profile inner;
    tanh(x);
    CHECK(inner.rows().at("tanh").calls == 1);
  }
  tanh(x);
  CHECK(outer.rows().at("tanh").calls == 2);
}

}  // namespace dimwise::profile_tests
