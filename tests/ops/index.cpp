#include "ops/index.hpp"

#include "ops/layout.hpp"
#include "tests/catch.hpp"
#include "tests/ops/table.hpp"

namespace dimwise::index_tests {

using namespace dimwise::table;

namespace {
Tensor counting(const Shape& shape) {
  return reshape(arange(static_cast<double>(shape.size()), DType::float64), shape);
}
}  // namespace

std::vector<Entry> entries() {
  return {
      {"index_select",
       {"index_select"},
       [](const Inputs& in) {
         return index_select(in[0], -2, {1, 0, 1, 1});
       },
       normals({{{2, 2}}, {{3, 2, 2}}, {{2, 0}}, {{1, 2, 2, 2}}}),
       nullptr,
       {{[] {
           index_select(zeros({2, 3}), 0, {2});
         },
         "[index_select] index 2 is out of range. Use 0 … 1."},
        {[] {
           index_select(zeros({2, 3}), 0, {-1});
         },
         "[index_select] index -1 is out of range. Use 0 … 1."},
        {[] {
           index_select(zeros({2, 3}), 2, {0});
         },
         "[axis] axis 2 is out of range for shape (2, 3). Use -2 … 1."}}},
      {"index_add",
       {"index_add"},
       [](const Inputs& in) {
         return index_add(in[0], 0, {2, 0, 2}, 4);
       },
       normals({{{3}}, {{3, 2}}, {{3, 0}}, {{3, 1, 2, 2}}}),
       nullptr,
       {{[] {
           index_add(zeros({2, 3}), 0, {0, 4}, 4);
         },
         "[index_add] index 4 is out of range. Use 0 … 3."},
        {[] {
           index_add(zeros({2, 3}), 0, {0}, 4);
         },
         "[index_add] 1 indices for axis 0 of shape (2, 3). Give one for each slice."}}},
      {"gather",
       {"gather"},
       [](const Inputs& in) {
         return gather(in[0], 1, {{2, 4}, {0, 0, 2, 1, 1, 2, 2, 2}});
       },
       normals({{{2, 3}}}),
       nullptr,
       {{[] {
           gather(zeros({2, 3}), 1, {{3, 1}, {0, 0, 0}});
         },
         "[gather] the index has shape (3, 1), but the tensor has (2, 3). They may differ only along axis 1."},
        {[] {
           gather(zeros({2, 3}), 1, {{2, 1}, {0}});
         },
         "[gather] 1 indices do not fit shape (2, 1)."},
        {[] {
           gather(zeros({2, 3}), 1, {{2, 1}, {0, 3}});
         },
         "[gather] index 3 is out of range. Use 0 … 2."}}},
      {"scatter_add",
       {"scatter_add"},
       [](const Inputs& in) {
         return scatter_add(in[0], 0, {{3, 2}, {0, 3, 0, 1, 2, 1}}, 4);
       },
       normals({{{3, 2}}}),
       nullptr,
       {{[] {
           scatter_add(zeros({2, 3}), 1, {{2, 1}, {0, 0}}, 3);
         },
         "[scatter_add] the index has shape (2, 1), but x has (2, 3). They must be equal."},
        {[] {
           scatter_add(zeros({2, 1}), 1, {{2, 1}, {0}}, 3);
         },
         "[scatter_add] 1 indices do not fit shape (2, 1)."},
        {[] {
           scatter_add(zeros({2, 1}), 1, {{2, 1}, {0, 5}}, 3);
         },
         "[scatter_add] index 5 is out of range. Use 0 … 2."}}},
  };
}

TEST_CASE("index_select repeats and reorders slices, and index_add adds them up again") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = astype(counting({3, 2}), dtype);
    CHECK(index_select(x, 0, {2, 0, 2}).values() == std::vector<double>{4, 5, 0, 1, 4, 5});
    CHECK(index_select(x, -1, {1}).values() == std::vector<double>{1, 3, 5});
    CHECK(index_add(x, 0, {1, 1, 0}, 2).values() == std::vector<double>{4, 5, 2, 4});
    CHECK(index_add(x, 1, {2, 0}, 3).values() == std::vector<double>{1, 0, 0, 3, 0, 2, 5, 0, 4});
  }
}

TEST_CASE("gather picks one element per position, and scatter_add adds it back") {
  for (const DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = astype(counting({2, 3}), dtype);
    CHECK(gather(x, 1, {{2, 1}, {2, 0}}).values() == std::vector<double>{2, 3});
    CHECK(gather(x, 0, {{1, 3}, {1, 0, 1}}).values() == std::vector<double>{3, 1, 5});
    CHECK(scatter_add(x, 1, {{2, 3}, {0, 0, 1, 1, 1, 1}}, 2).values() == std::vector<double>{1, 2, 0, 12});
  }
}

}  // namespace dimwise::index_tests
