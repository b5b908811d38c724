#include "nn/module.hpp"

#include "autodiff/debug/check_grads.hpp"
#include "autodiff/transforms.hpp"
#include "nn/data/standardizer.hpp"
#include "nn/io/save.hpp"
#include "nn/layer_norm.hpp"
#include "nn/made.hpp"
#include "nn/mlp.hpp"
#include "nn/optim/adam.hpp"
#include "nn/optim/ema.hpp"
#include "nn/optim/sgd.hpp"
#include "nn/parallel/value_and_grad_parallel.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/reduce.hpp"
#include "tests/catch.hpp"
#include "tests/nn/io/files.hpp"
#include "tests/nn/unvisited.hpp"

namespace dimwise::module_tests {

namespace {

// A module with every kind of member.
struct Everything {
  std::vector<Linear> layers;
  std::optional<LayerNorm> norm;
  Constant shift;
  Tensor factor;
  Tensor operator()(const Tensor& x) const {
    Tensor y = x - shift.value;
    for (const Linear& layer : layers) y = tanh(layer(y));
    return (norm ? (*norm)(y) : y) * factor;
  }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
    v("norm", self.norm);
    v("shift", self.shift);
    v("factor", self.factor);
  }
};

Everything make(DType dtype = DType::float64) {
  const Rng rng(5);
  Everything m;
  m.layers = {Linear(3, 4, rng.split(0), dtype), Linear(4, 4, rng.split(1), dtype, false)};
  m.norm = LayerNorm(4, dtype);
  m.shift.value = full({3}, 0.5, dtype);
  m.factor = full({4}, 2, dtype);
  return m;
}

// Two members, or a member and a part of another one, with the same name.
struct Twins {
  Tensor first = ones({2}), second = zeros({2});
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("factor", self.first);
    v("factor", self.second);
  }
};
struct Shadow {
  std::vector<Linear> layers{Linear(2, 3, Rng(0))};
  Linear other{2, 3, Rng(1)};
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layers", self.layers);
    v("layers.0", self.other);
  }
};
struct Holder {
  Twins inner;
  Constant constant{ones({1})};
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("constant", self.constant);
    v("inner", self.inner);
  }
};

struct Forgetful {
  Linear layer;
  Tensor secret;
  Tensor operator()(const Tensor& x) const { return layer(x) * secret; }
  template <class Self, class Visitor>
  static void visit(Self& self, Visitor&& v) {
    v("layer", self.layer);
  }
};

}  // namespace

TEST_CASE("Names compose, constants are saved but not trained") {
  const Everything m = make();
  std::vector<std::string> names;
  for (const auto& [name, t] : named_parameters(m)) names.push_back(name);
  CHECK(names == std::vector<std::string>{"layers.0.weight", "layers.0.bias", "layers.1.weight", "norm.weight",
                                          "norm.bias", "factor"});
  CHECK(num_parameters(m) == 12 + 4 + 16 + 4 + 4 + 4);
  CHECK(parameters(m).size() == 6);
  const auto state = state_dict(m, "net.");
  CHECK(state.size() == 7);
  CHECK(state.at("net.shift").values()[0] == 0.5);
}

TEST_CASE("Two members with one name are rejected, with the name, by all functions that store members by name") {
  const auto refused = [](auto model, const std::string& name) {
    const auto contains = Catch::Contains("two members are visited as '" + name + "'");
    CHECK_THROWS_AS(state_dict(model), ValueError);
    CHECK_THROWS_WITH(state_dict(model), contains);
    CHECK_THROWS_WITH(load_state_dict(model, {}), contains);
    CHECK_THROWS_WITH(Sgd{}.step(model, model), contains);
    CHECK_THROWS_WITH(Adam{}.step(model, model), contains);
    Ema<decltype(model)> ema{.average = model};
    CHECK_THROWS_WITH((ema.update(model), ema.update(model)), contains);
    // Access by order is not affected.
    const auto g = value_and_grad([](const auto& m) { return sum(parameters(m)[0]); }, model).second;
    CHECK(max(parameters(g)[0]).item() == 1);
    CHECK(max(parameters(g)[1]).item() == 0);
  };
  refused(Twins(), "factor");
  refused(Shadow(), "layers.0.weight");
  refused(Holder(), "inner.factor");
  Shadow fine;
  fine.layers.clear();
  CHECK(state_dict(fine).size() == 2);
}

TEST_CASE("Copying copies the model, and astype casts parameters and constants") {
  const Everything m = make();
  Everything copy = m;
  copy.factor = zeros({4}, DType::float64);
  CHECK(m.factor.values()[0] == 2);
  for (const auto& [name, t] : state_dict(astype(m, DType::float32))) CHECK(t.dtype() == DType::float32);
}

TEST_CASE("value_and_grad gives the loss and its gradient in the model's type") {
  const Everything m = make();
  const Tensor x = Rng(1).normal({5, 3}, DType::float64);
  const auto [loss, g] = value_and_grad([&](const auto& net) { return mean(square(net(x))); }, m);
  CHECK_FALSE(loss.tracked());
  CHECK_FALSE(g.factor.tracked());
  CHECK(g.layers[1].weight.shape() == Shape{4, 4});
  CHECK_FALSE(g.layers[1].bias.defined());
  // The derivative along one parameter, against a finite difference.
  const auto at = [&](double h) {
    Everything moved = m;
    moved.factor = m.factor + tensor({h, 0, 0, 0}, DType::float64);
    return mean(square(moved(x))).item();
  };
  CHECK(g.factor.values()[0] == Approx((at(1e-5) - at(-1e-5)) / 2e-5).epsilon(1e-7));
}

TEST_CASE(
    "value_and_grad is recorded if the loss depends on an outer tracked tensor, not for tensors that the loss tracks "
    "itself") {
  const Everything m = make();
  const Tensor x = Rng(1).normal({5, 3}, DType::float64);
  const auto inner = value_and_grad(
      [&](const auto& net) {
        const Tensor t = track(x);
        return mean(square(grad(sum(net(t)), t)));
      },
      m);
  CHECK_FALSE(inner.first.tracked());
  CHECK_FALSE(inner.second.factor.tracked());
  const Tensor t = track(x);
  const auto outer = value_and_grad([&](const auto& net) { return mean(square(net(t))); }, m);
  CHECK(outer.first.tracked());
  CHECK(outer.second.factor.tracked());
}

TEST_CASE("A loss that uses the outer model is rejected") {
  const Everything m = make();
  const Tensor x = Rng(1).normal({5, 3}, DType::float64);
  const auto outer = [&](const Everything&) { return mean(square(m(x))); };
  CHECK_THROWS_AS(value_and_grad(outer, m), ValueError);
  CHECK_THROWS_WITH(value_and_grad(outer, m), Catch::Contains("not the outer model"));
  CHECK_THROWS_AS(value_and_grad([&](const auto& net) { return net(x); }, m), ShapeError);
}

TEST_CASE("A loss that uses a part of the outer model in addition to its argument is rejected, with the part's name") {
  const Everything m = make();
  const Tensor x = Rng(1).normal({5, 3}, DType::float64);
  const auto refused = [&](const auto& loss, const std::string& name) {
    CHECK_THROWS_AS(value_and_grad(loss, m), ValueError);
    CHECK_THROWS_WITH(value_and_grad(loss, m),
                      Catch::Contains("parameter '" + name + "'") && Catch::Contains("stop_gradient"));
  };
  refused([&](const Everything& net) { return mean(square(net(x) * m.factor)); }, "factor");
  refused([&](const Everything& net) { return mean(square((*m.norm)(net(x)))); }, "norm.weight");
  refused([&](const Everything& net) { return mean(square(m.layers[1](tanh(net.layers[0](x))))); }, "layers.1.weight");
  ThreadPool pool(2);
  CHECK_THROWS_WITH(value_and_grad_parallel(
                        pool,
                        [&](const Everything& net, const Shard& s) {
                          return mean(square(net(slice(x, 0, s.begin, s.end)) * m.factor));
                        },
                        m, 5),
                    Catch::Contains("parameter 'factor'"));

  // Constants of the model, stopped parameters, and tensors computed earlier from parameters.
  const Tensor target = m(x);
  const auto near = [&](const Everything& net) {
    return mean(square(net(x - m.shift.value) - target)) + sum(square(net.factor - stop_gradient(m.factor)));
  };
  CHECK_NOTHROW(value_and_grad(near, m));
  // A tracked outer model is differentiated by the code that tracks it.
  const Everything outer = track(m);
  const auto [loss, g] = value_and_grad([&](const Everything& net) { return sum(net.factor * outer.factor); }, outer);
  CHECK(g.factor.values() == m.factor.values());
  CHECK(grad(loss, outer.factor).values() == (2 * m.factor).values());
}

TEST_CASE("Gradients of every parameter of every layer agree with finite differences") {
  const Rng rng(2);
  const Tensor x = rng.split("x").normal({4, 3}, DType::float64);
  const auto check = [&](auto m) {
    std::vector<Tensor> inputs = parameters(m);
    inputs.push_back(x);
    check_grads(
        [&](const std::vector<Tensor>& in) {
          size_t i = 0;
          const auto moved = map_parameters(m, [&](const std::string&, const Tensor&) { return in[i++]; });
          return moved(in.back());
        },
        inputs, {.order = 2, .tolerance = 1e-5});
  };
  check(make());
  check(Mlp({3, 5, 2}, Activation::silu, rng, DType::float64));
  check(Made({.d = 3, .hidden = {4}, .outputs = 2, .dtype = DType::float64}, rng));
}

TEST_CASE("Every layer visits all its tensors") {
  const Rng rng(2);
  const Tensor x = track(rng.split("x").normal({4, 3})), c = track(rng.split("c").normal({4, 2}));
  const auto clean = [&](const auto& m) {
    using M = std::decay_t<decltype(m)>;
    return unvisited<M>(m, [&](const M& net) { return net(x); }, {x}).empty();
  };
  CHECK(clean(make(DType::float32)));
  CHECK(clean(Mlp({3, 5, 2}, Activation::gelu, rng)));
  CHECK(clean(LayerNorm(3)));
  CHECK(clean(MaskedLinear(ones({2, 3}), rng)));
  CHECK(clean(Made({.d = 3}, rng)));
  CHECK(unvisited<Standardizer>(Standardizer(3, DType::float32), [&](const auto& s) { return s.forward(x); }, {x})
            .empty());
  const Made made({.d = 3, .context = 2}, rng);
  CHECK(unvisited<Made>(made, [&](const Made& net) { return net(x, c); }, {x, c}).empty());

  const Forgetful forgetful{Linear(3, 2, rng), full({2}, 42)};
  const auto found = unvisited<Forgetful>(forgetful, [&](const Forgetful& net) { return net(x); }, {x});
  REQUIRE(found.size() == 1);
  CHECK(found[0].values() == std::vector<double>{42, 42});
}

TEST_CASE("Loading a state that does not fit reports the tensor, and nothing is changed") {
  Everything m = make();
  const auto before = state_dict(m);
  const auto refused = [&](std::map<std::string, Tensor> state, const std::string& text) {
    CHECK_THROWS_AS(load_state_dict(m, state), CheckpointError);
    CHECK_THROWS_WITH(load_state_dict(m, state), Catch::Contains(text));
    for (const auto& [name, t] : state_dict(m)) CHECK(t.values() == before.at(name).values());
  };
  auto state = state_dict(map_parameters(make(), [](const std::string&, const Tensor& t) { return zeros_like(t); }));
  auto changed = state;
  changed.erase("shift");
  refused(changed, "tensor 'shift' is missing");
  changed = state;
  changed["factor"] = zeros({3}, DType::float64);
  refused(changed, "tensor 'factor' is (3,) float64, but the model has (4,) float64");
  changed = state;
  changed["factor"] = zeros({4});
  refused(changed, "tensor 'factor' is (4,) float32");
  changed = state;
  changed["stranger"] = zeros({4});
  refused(changed, "the model has no tensor 'stranger', which is saved");
  load_state_dict(m, changed, "", false);
  CHECK(m.layers[0].weight.values()[0] == 0);
  changed.clear();
  for (const auto& [name, t] : state) changed["model." + name] = t;
  changed["optimizer.lr"] = scalar(1);  // not below the prefix
  load_state_dict(m, changed, "model.");
}

TEST_CASE("A model is saved to a file and loaded from it") {
  const TemporaryFolder folder;
  const std::string path = folder / "net.safetensors";
  const Everything m = make(DType::float32);
  save(path, m, {{"name", "everything"}});
  Everything other = map_parameters(m, [](const std::string&, const Tensor& t) { return zeros_like(t); });
  CHECK(load(path, other).at("name") == "everything");
  for (const auto& [name, t] : state_dict(other)) CHECK(t.values() == state_dict(m).at(name).values());
  Mlp stranger({3, 5}, Activation::tanh, Rng(0));
  CHECK_THROWS_AS(load(path, stranger), CheckpointError);
  CHECK_THROWS_AS(load(folder / "nothing", stranger), DataError);
  // A net of more layers, a bias more, a context more; nets without tensors.
  const Rng rng(1);
  const auto refused = [&](const auto& saved, auto model) {
    save(path, saved);
    CHECK_THROWS_AS(load(path, model), CheckpointError);
  };
  refused(Mlp({2, 4, 4, 4}, Activation::tanh, rng), Mlp({2, 4, 4}, Activation::tanh, rng));
  refused(Linear(2, 4, rng), Linear(2, 4, rng, DType::float32, false));
  refused(Made({.d = 3, .context = 2}, rng), Made({.d = 3}, rng));
  refused(Mlp({2, 4}, Activation::tanh, rng), Mlp());
  refused(Standardizer(3, DType::float32), Standardizer());
}

}  // namespace dimwise::module_tests
