// Models in files: tensors, settings, and models rebuilt from them.
#include "nn/io/save.hpp"

#include <unistd.h>

#include <cmath>
#include <variant>

#include "nn/data/standardizer.hpp"
#include "nn/distributions/bernoulli.hpp"
#include "nn/distributions/mixture.hpp"
#include "nn/distributions/multivariate_normal.hpp"
#include "nn/distributions/normal.hpp"
#include "nn/gated_conv.hpp"
#include "nn/layer_norm.hpp"
#include "nn/made.hpp"
#include "nn/mlp.hpp"
#include "tests/catch.hpp"
#include "tests/nn/io/files.hpp"
#include "tests/nn/rebuilt.hpp"

namespace dimwise::save_tests {

namespace {

enum class Shade : uint8_t { dark, light };
const char* name(Shade shade) { return shade == Shade::dark ? "dark" : "light"; }
void parse_name(const std::string& text, Shade& shade) { shade = text == "dark" ? Shade::dark : Shade::light; }

struct Square {
  double side = 1;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("side", self.side);
  }
};
struct Disc {
  Tensor radius;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("radius", self.radius);
  }
};

// A module with every kind of plain value, in every kind of member.
struct Painting {
  Tensor canvas = ones({2});
  bool framed = false;
  int count = 0;
  uint64_t id = 0;
  float gloss = 0;
  double year = 0;
  Shade shade = Shade::dark;
  std::string title;
  Size2d size = 1;
  std::vector<int64_t> order;
  std::vector<double> weights;
  std::vector<std::string> words;
  std::vector<std::vector<int64_t>> orders;
  std::vector<std::variant<Square, Disc>> shapes;
  std::optional<Square> frame;
  std::optional<Linear> glass;
  std::variant<Square, Disc> best;
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("canvas", self.canvas);
    v("framed", self.framed);
    v("count", self.count);
    v("id", self.id);
    v("gloss", self.gloss);
    v("year", self.year);
    v("shade", self.shade);
    v("title", self.title);
    v("size", self.size);
    v("order", self.order);
    v("weights", self.weights);
    v("words", self.words);
    v("orders", self.orders);
    v("shapes", self.shapes);
    v("frame", self.frame);
    v("glass", self.glass);
    v("", self.best);
  }
};
Painting painting() {
  return {.canvas = tensor({1, 2, 3}),
          .framed = true,
          .count = -3,
          .id = uint64_t{1} << 62,
          .gloss = 0.1F,
          .year = 1 / 3.0,
          .shade = Shade::light,
          .title = "a \"title\", größer\n",
          .size = {2, 3},
          .order = {3, 1, 2},
          .weights = {0.1, -1e300},
          .words = {"", "a,b"},
          .orders = {{}, {1}, {2, 3}},
          .shapes = {Disc{tensor({5})}, Square{7}, Disc{tensor({6, 8})}},
          .frame = Square{9},
          .glass = Linear(2, 3, Rng(0)),
          .best = Disc{tensor({4})}};
}

// What a call writes to stderr.
template <class F>
std::string stderr_of(F&& f) {
  const TemporaryFolder folder;
  const std::string path = folder / "stderr";
  std::fflush(stderr);
  const int kept = dup(STDERR_FILENO);
  std::FILE* file = std::fopen(path.c_str(), "w");
  dup2(fileno(file), STDERR_FILENO);
  f();
  std::fflush(stderr);
  dup2(kept, STDERR_FILENO);
  close(kept);
  std::fclose(file);
  const Bytes text = read_file(path);
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

template <Module M>
void same(const M& a, const M& b) {
  CHECK(settings(a) == settings(b));
  const auto one = state_dict(a), other = state_dict(b);
  REQUIRE(one.size() == other.size());
  for (const auto& [name, t] : one) {
    INFO(name);
    CHECK(t.shape() == other.at(name).shape());
    CHECK(t.values() == other.at(name).values());
  }
}

}  // namespace

TEST_CASE("A model of every kind of member is rebuilt from its file") {
  const Painting all = painting(), read = rebuilt(all);
  same(all, read);
  CHECK(read.framed);
  CHECK(read.count == -3);
  CHECK(read.id == uint64_t{1} << 62);
  CHECK(read.gloss == 0.1F);
  CHECK(read.year == 1 / 3.0);
  CHECK(read.shade == Shade::light);
  CHECK(read.title == all.title);
  CHECK(read.size.h == 2);
  CHECK(read.size.w == 3);
  CHECK(read.order == all.order);
  CHECK(read.weights == all.weights);
  CHECK(read.words == all.words);
  CHECK(read.orders == all.orders);
  REQUIRE(read.shapes.size() == 3);
  CHECK(std::get<Square>(read.shapes[1]).side == 7);
  CHECK(std::get<Disc>(read.shapes[2]).radius.values() == std::vector<double>{6, 8});
  CHECK(read.frame->side == 9);
  CHECK(std::get<Disc>(read.best).radius.values() == std::vector<double>{4});
  same(Painting(), rebuilt(Painting()));
  CHECK_FALSE(rebuilt(Painting()).frame);
}

TEST_CASE("Settings have composed names and JSON values") {
  const auto all = settings(painting());
  CHECK(all.size() == 21);
  CHECK(all.at("framed") == "true");
  CHECK(all.at("shade") == "\"light\"");
  CHECK(all.at("size") == "[2,3]");
  CHECK(all.at("orders") == "[[],[1],[2,3]]");
  CHECK(all.at("shapes.size") == "3");
  CHECK_THAT(all.at("shapes.1.kind"), Catch::EndsWith("Square"));
  CHECK(all.at("shapes.1.side") == "7.0");
  CHECK(all.at("frame.exists") == "true");
  CHECK_THAT(all.at("kind"), Catch::EndsWith("Disc"));
}

TEST_CASE("Every layer is rebuilt with its settings") {
  const Rng rng(3);
  const Tensor x = rng.split("x").normal({4, 3}), image = rng.split("image").normal({2, 3, 8, 6});
  const auto check = [](const auto& m, auto&& call) {
    const auto read = rebuilt(m);
    same(m, read);
    CHECK(call(read).values() == call(m).values());
  };
  const auto at = [](const Tensor& point) { return [point](const auto& m) { return m(point); }; };
  const auto density = [&](const auto& p) { return p.log_prob(x); };
  check(Linear(3, 2, rng), at(x));
  check(Linear(3, 2, rng, DType::float32, false), at(x));
  check(MaskedLinear(ones({2, 3}), rng), at(x));
  for (const std::string& activation : activation_names())
    check(Mlp({3, 5, 2}, parse_activation(activation), rng), at(x));
  LayerNorm norm(3);
  norm.eps = 0.5;
  check(norm, at(x));
  check(Made({.d = 3, .hidden = {7, 8}, .outputs = 2, .order = {2, 0, 1}, .activation = Activation::elu}, rng), at(x));
  check(Made({.d = 3, .context = 3}, rng), [&](const Made& m) { return m(x, x); });
  check(Conv2d(3, 4, {3, 2}, rng, {.stride = {2, 1}, .padding = {1, 0}}), at(image));
  check(ConvTranspose2d(3, 4, 3, rng, {.stride = {2, 3}, .padding = 1, .output_padding = {1, 2}}), at(image));
  check(GatedConv2d(3, 4, 3, rng, {.stride = 2}), at(image));
  check(GatedConvTranspose2d(3, 4, 3, rng, {.stride = 2, .padding = 1}), at(image));
  check(Standardizer(3, DType::float32), [&](const Standardizer& s) { return s.forward(x); });
  check(DiagonalNormal{ones({3}), zeros({3})}, density);
  check(MultivariateNormal::fit(x, 0.1), density);
  check(GaussianMixture{zeros({2}), rng.normal({2, 3}), zeros({2, 3})}, density);
  check(Bernoulli{zeros({3})}, [&](const Bernoulli& p) { return p.log_prob(ones({3})); });
}

TEST_CASE("A setting that differs is reported, and nothing is changed") {
  const TemporaryFolder folder;
  const std::string path = folder / "net.safetensors";
  save(path, Mlp({2, 4, 1}, Activation::relu, Rng(0)), {{"note", "kept"}});
  Mlp net({2, 4, 1}, Activation::tanh, Rng(1));
  const auto before = state_dict(net);
  const auto refused = [&](auto& model, const std::string& text) {
    const auto tensors = state_dict(model);
    CHECK_THROWS_AS(load(path, model), CheckpointError);
    CHECK_THROWS_WITH(load(path, model), Catch::Contains(text));
    for (const auto& [name, t] : state_dict(model)) CHECK(t.values() == tensors.at(name).values());
  };
  refused(net, "setting 'activation' is \"relu\" in " + path + ", but \"tanh\" in the model");
  CHECK_THROWS_AS(load(path, net, false), CheckpointError);  // that is not a matter of more or fewer
  net.activation = Activation::relu;
  CHECK(load(path, net) == std::map<std::string, std::string>{{"note", "kept"}});
  CHECK(net.layers[0].weight.values() != before.at("layers.0.weight").values());

  SafeTensors file = load_safetensors(path);
  file.metadata["setting.slope"] = "3";
  save_safetensors(path, file.tensors, file.metadata);
  refused(net, "the model has no setting 'slope'");
  load(path, net, false);
  CHECK_THROWS_WITH(load_model<Mlp>(path), Catch::Contains("no setting 'slope'"));
  file.metadata.erase("setting.slope");
  file.metadata.erase("setting.activation");
  save_safetensors(path, file.tensors, file.metadata);
  refused(net, "setting 'activation' is missing");
  load(path, net, false);
  CHECK_THROWS_WITH(load_model<Mlp>(path), Catch::Contains("setting 'activation' is missing"));
}

TEST_CASE("A file without settings is accepted with a line on stderr") {
  const TemporaryFolder folder;
  const std::string path = folder / "net.safetensors";
  Mlp net({2, 4, 1}, Activation::relu, Rng(0)), other({2, 4, 1}, Activation::tanh, Rng(1));
  save_safetensors(path, state_dict(net));
  CHECK(stderr_of([&] { load(path, other); }) ==
        "load: " + path + " holds no settings, such as activations; those of the model are kept.\n");
  CHECK(other.layers[0].weight.values() == net.layers[0].weight.values());
  CHECK_THROWS_WITH(load_model<Mlp>(path), Catch::Contains("setting 'layers.size' is missing"));
  // A model without settings has nothing to miss.
  Linear line(2, 3, Rng(0));
  save(path, line);
  CHECK(stderr_of([&] { load(path, line); }).empty());
}

TEST_CASE("A damaged setting is an error of the file") {
  const TemporaryFolder folder;
  const std::string path = folder / "net.safetensors";
  const auto refused = [&](const char* name, const char* text, const std::string& error) {
    save(path, painting());
    SafeTensors file = load_safetensors(path);
    file.metadata.at(std::string("setting.") + name) = text;
    save_safetensors(path, file.tensors, file.metadata);
    CHECK_THROWS_AS(load_model<Painting>(path), CheckpointError);
    CHECK_THROWS_WITH(load_model<Painting>(path), Catch::Contains(error));
  };
  refused("framed", "maybe", "setting 'framed' is maybe, which is no value of it");
  refused("framed", "1", "setting 'framed' is 1");
  refused("count", "\"many\"", "setting 'count'");
  refused("count", "3.5", "setting 'count'");
  refused("count", "3000000000", "setting 'count'");
  refused("size", "[1]", "setting 'size'");
  refused("size", "[1,2,3]", "setting 'size'");
  refused("shapes.size", "-1", "'shapes.size' is -1");
  refused("shapes.size", "1000000000000", "'shapes.size' is 1000000000000");
  refused("shapes.size", "2", "'shapes.2");
  refused("kind", "Triangle", "'kind' is Triangle, which is no kind of the model");
  refused("shade", "\"grey\"", "setting 'shade' is \"grey\"");
}

TEST_CASE("Metadata with the key of a setting is refused") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(save(folder / "net", Mlp({2, 1}, Activation::tanh, Rng(0)), {{"setting.activation", "x"}}),
                    Catch::Contains("'setting.activation', which is a setting of the model"));
  Painting odd;
  odd.title = "\xff";
  CHECK_THROWS_AS(save(folder / "net", odd), ValueError);
  CHECK_FALSE(std::filesystem::exists(folder / "net"));
}

}  // namespace dimwise::save_tests
