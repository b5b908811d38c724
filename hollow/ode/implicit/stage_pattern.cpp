#include "hollow/ode/implicit/stage_pattern.hpp"

#include <map>

#include "autodiff/node.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::ode {

Tensor interleaved(const Stages& stages) {
  if (stages.size() == 1) return stages[0];
  const int64_t n = stages[0].dim(-1), s = static_cast<int64_t>(stages.size());
  return reshape(stack(stages, -1), stages[0].shape().with_last(s * n));
}

Stages separated(const Tensor& unknowns, size_t stages) {
  if (stages == 1) return {unknowns};
  const auto s = static_cast<int64_t>(stages);
  Stages parts;
  for (int64_t i = 0; i < s; ++i) parts.push_back(slice(unknowns, -1, i, unknowns.dim(-1), s));
  return parts;
}

const SparsityPattern& StagePattern::of(const SparsityPattern& jacobian) {
  if (jacobian_ && *jacobian_ == jacobian) return *pattern_;
  jacobian_ = jacobian;
  const int64_t s = stages_;
  const std::vector<double> masses = mass_ ? mass_->values.values() : std::vector<double>();
  std::vector<int64_t> rows, columns;
  sources_.clear();
  const auto each_of_row = [](const SparsityPattern& pattern, int64_t row, auto visit) {
    for (auto k = static_cast<size_t>(pattern.begins()[static_cast<size_t>(row)]);
         k < static_cast<size_t>(pattern.begins()[static_cast<size_t>(row) + 1]); ++k)
      visit(pattern.columns()[k], k);
  };
  for (int64_t p = 0; p < jacobian.size(); ++p) {
    std::map<int64_t, Source> entries;  // by their columns
    each_of_row(jacobian, p, [&](int64_t q, size_t k) { entries[q].jacobian = static_cast<int64_t>(k); });
    if (mass_)
      each_of_row(mass_->pattern, p, [&](int64_t q, size_t k) { entries[q].mass = masses[k]; });
    else
      entries[p].mass = 1;
    for (int64_t i = 0; i < s; ++i)
      for (const auto& [q, source] : entries)
        for (int64_t j = 0; j < s; ++j) {
          rows.push_back(s * p + i);
          columns.push_back(s * q + j);
          sources_.push_back(source);
        }
  }
  pattern_.emplace(s * jacobian.size(), rows, columns);
  return *pattern_;
}

SparseMatrix StagePattern::matrix(const SparseMatrix& jacobian, const Coupling& a, double h) {
  const SparsityPattern& pattern = of(jacobian.pattern);
  const auto s = static_cast<size_t>(stages_), n = static_cast<size_t>(pattern.size());
  const Tensor values = empty(jacobian.values.shape().with_last(pattern.nonzeros()), jacobian.values.dtype());
  dispatch(values.dtype(), [&](auto t) {
    using T = decltype(t);
    const auto entries = static_cast<size_t>(jacobian.pattern.nonzeros());
    T* to = mutable_data<T>(values);
    for (size_t begin = 0; begin < jacobian.values.template data<T>().size(); begin += entries) {
      const T* from = jacobian.values.template data<T>().data() + begin;
      for (size_t row = 0; row < n; ++row)
        for (auto k = static_cast<size_t>(pattern.begins()[row]); k < static_cast<size_t>(pattern.begins()[row + 1]);
             ++k) {
          const auto column = static_cast<size_t>(pattern.columns()[k]);
          const Source source = sources_[k];
          const T mass = row % s == column % s ? static_cast<T>(source.mass) : 0;
          *to++ =
              source.jacobian < 0 ? mass : mass + static_cast<T>(-h * a[row % s][column % s]) * from[source.jacobian];
        }
    }
  });
  return {pattern, values};
}

}  // namespace dimwise::ode
