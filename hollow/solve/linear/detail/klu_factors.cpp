#include "hollow/solve/linear/detail/klu_factors.hpp"

#include <suitesparse/klu.h>

#include <algorithm>
#include <limits>
#include <new>

#include "autodiff/base/error.hpp"

namespace dimwise {

namespace {
// The growth of pivots, of which KLU gives the reciprocal, beyond which they are chosen anew.
constexpr double smallest_reciprocal_growth = 1e-4;
}  // namespace

struct KluFactors::Library {
  std::vector<int> begins, columns;
  klu_common common{};
  klu_symbolic* analysis = nullptr;
  std::vector<klu_numeric*> factors;
};

KluFactors::KluFactors(const SparsityPattern& pattern) : library_(std::make_unique<Library>()) {
  if (pattern.nonzeros() > std::numeric_limits<int>::max())
    fail<ValueError>("sparse_lu", "the pattern has ", pattern.nonzeros(), " entries. There may be at most ",
                     std::numeric_limits<int>::max(), '.');
  Library& own = *library_;
  own.begins.assign(pattern.begins().begin(), pattern.begins().end());
  own.columns.assign(pattern.columns().begin(), pattern.columns().end());
  klu_defaults(&own.common);
  own.analysis = klu_analyze(static_cast<int>(pattern.size()), own.begins.data(), own.columns.data(), &own.common);
  if (!own.analysis) throw std::bad_alloc();
}

KluFactors::~KluFactors() {
  resize(0);
  klu_free_symbolic(&library_->analysis, &library_->common);
}

void KluFactors::resize(size_t matrices) {
  Library& own = *library_;
  for (size_t i = matrices; i < own.factors.size(); ++i) klu_free_numeric(&own.factors[i], &own.common);
  own.factors.resize(matrices, nullptr);
}

void KluFactors::factor(size_t matrix, const double* values) {
  Library& own = *library_;
  // KLU does not change the values, but takes them without const.
  int *begins = own.begins.data(), *columns = own.columns.data();
  auto* entries = const_cast<double*>(values);  // NOLINT(cppcoreguidelines-pro-type-const-cast)
  klu_numeric*& factors = own.factors[matrix];
  if (factors && klu_refactor(begins, columns, entries, own.analysis, factors, &own.common) &&
      own.common.status == KLU_OK && klu_rgrowth(begins, columns, entries, own.analysis, factors, &own.common) &&
      own.common.rgrowth >= smallest_reciprocal_growth)
    return;
  if (factors) klu_free_numeric(&factors, &own.common);
  factors = klu_factor(begins, columns, entries, own.analysis, &own.common);
  if (own.common.status == KLU_OUT_OF_MEMORY) throw std::bad_alloc();
}

bool KluFactors::singular() const {
  return std::any_of(library_->factors.begin(), library_->factors.end(),
                     [](const klu_numeric* each) { return each == nullptr; });
}

void KluFactors::solve(size_t matrix, double* b, bool transposed) const {
  const std::scoped_lock lock(solving_);
  Library& own = *library_;
  const int n = own.analysis->n;
  if (transposed)
    klu_solve(own.analysis, own.factors[matrix], n, 1, b, &own.common);
  else
    klu_tsolve(own.analysis, own.factors[matrix], n, 1, b, &own.common);
}

}  // namespace dimwise
