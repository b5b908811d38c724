#include "autodiff/tensor.hpp"

#include "autodiff/basic.hpp"
#include "autodiff/context.hpp"
#include "autodiff/transforms.hpp"
#include "tests/autodiff/helpers.hpp"
#include "tests/catch.hpp"

namespace dimwise::tensor_tests {

using Values = std::vector<double>;

TEST_CASE("creation functions give the values of their names, in float32 by default") {
  CHECK(zeros({2}).dtype() == DType::float32);
  CHECK(zeros({2, 0}).size() == 0);
  CHECK(scalar(3).shape() == Shape{});
  CHECK(full({2}, 1.5).values() == Values{1.5, 1.5});
  CHECK(arange(3, DType::float64).values() == Values{0, 1, 2});
  CHECK(arange(1, 2.5, 0.5, DType::float64).values() == Values{1, 1.5, 2});
  CHECK(arange(1, 2.6, 0.5, DType::float64).values() == Values{1, 1.5, 2, 2.5});
  CHECK(arange(3, 0, -1, DType::float64).values() == Values{3, 2, 1});
  CHECK(arange(3, 0).shape() == Shape{0});
  CHECK_THROWS_AS(arange(0, 1, 0), ValueError);
  CHECK(linspace(0, 1, 3).values() == Values{0, 0.5, 1});
  CHECK(linspace(2, 5, 1).values() == Values{2});
  CHECK(eye(2).values() == Values{1, 0, 0, 1});
  CHECK(tensor({1, 2, 3, 4}, {2, 2}).dim(-1) == 2);
  CHECK(tensor({0.1}).data<float>()[0] == 0.1f);
}

TEST_CASE("reading a tensor with the wrong dtype or size is an error") {
  CHECK(error_of([] { zeros({2}).data<double>(); }) ==
        "[data] a float32 tensor was read as float64. Cast it with astype first.");
  CHECK(error_of([] { zeros({2}).item(); }) == "[item] shape (2,) has 2 elements, expected one. Reduce it first.");
  CHECK(error_of([] { tensor({1, 2}, {3}); }) == "[tensor] 2 values do not fit shape (3,).");
  CHECK(error_of([] { zeros({2, -1}); }) == "[shape] negative length in (2, -1). Lengths must be at least 0.");
  CHECK(error_of([] {
          zeros({int64_t{1} << 40, int64_t{1} << 40});
        }) == "[shape] (1099511627776, 1099511627776) has more elements than memory can hold. Use a smaller shape.");
  CHECK_THROWS_AS(zeros({int64_t{1} << 58}), MemoryError);
  CHECK(error_of([] { Shape{1, 1, 1, 1, 1, 1, 1, 1, 1}; }) == "[shape] more than 8 axes. Reshape to fewer.");
  CHECK(error_of([] { zeros({2}).dim(1); }) == "[axis] axis 1 is out of range for shape (2,). Use -1 … 0.");
}

TEST_CASE("an undefined tensor is an error wherever its value is needed") {
  const Tensor none;
  CHECK_FALSE(none.defined());
  CHECK_FALSE(none.tracked());
  CHECK(error_of([&] { none.values(); }) == "[values] the tensor is undefined. Give it a value first.");
  for (const auto& ask : std::vector<std::function<void()>>{
           [&] { none.shape(); }, [&] { none.dtype(); }, [&] { none.size(); }, [&] { none.item(); },
           [&] { none.data<float>(); }, [&] { track(none); }, [&] { alias(none); }, [&] { stop_gradient(none); },
           [&] { scale(none, 2); }, [&] { zeros_like(none); }, [&] { grad(none, track(scalar(1))); },
           [&] { grad(track(scalar(1)), none); }})
    CHECK_THROWS_AS(ask(), ValueError);
}

TEST_CASE("ops on a tracked leaf are recorded, and an untracked result keeps no inputs") {
  const Tensor x = f64({1, 2}), t = track(x);
  CHECK_FALSE(x.tracked());
  CHECK(add(t, x).tracked());
  CHECK_FALSE(add(x, x).tracked());
  CHECK(add(x, x).node()->inputs.empty());
  {
    const NoGrad guard;
    CHECK_FALSE(add(t, t).tracked());
  }
  CHECK(add(t, t).tracked());
}

TEST_CASE("the text of a tensor is short and includes shape, dtype and whether it is tracked") {
  CHECK(str(tensor({1, 2.5})) == "tensor([1, 2.5], shape=(2,), float32)");
  CHECK(str(track(f64(1))) == "tensor(1, shape=(), float64, tracked)");
  CHECK(str(Tensor()) == "tensor(undefined)");
  CHECK(str(arange(8)) == "tensor([0, 1, 2, 3, 4, 5, 6, 7], shape=(8,), float32)");
  CHECK(str(arange(20)) == "tensor([0, 1, 2, 3, …, 16, 17, 18, 19], shape=(20,), float32)");
}

}  // namespace dimwise::tensor_tests
