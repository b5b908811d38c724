#include "hollow/solve/linear/sparse_lu.hpp"

#include <algorithm>
#include <vector>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "hollow/solve/linear/detail/band_factors.hpp"
#include "hollow/solve/linear/detail/klu_factors.hpp"

namespace dimwise {

namespace {

// A band with more zeros between its entries is cheaper for KLU.
constexpr int64_t widest = 12;

bool narrow(const SparsityPattern& pattern) {
  const int64_t width = pattern.lower_bandwidth() + pattern.upper_bandwidth() + 1;
  return width * pattern.size() <= widest * pattern.nonzeros();
}

}  // namespace

struct SparseLu::Implementation {
  SparsityPattern pattern;
  DType dtype;
  Shape rows;  // of the batch; without any, one matrix serves all rows
  std::unique_ptr<SparseFactors> factors;
};

SparseLu::SparseLu(const SparseMatrix& a)
    : implementation_(new Implementation{a.pattern, a.values.dtype(), {}, nullptr}) {
  if (narrow(a.pattern))
    implementation_->factors = std::make_unique<BandFactors>(a.pattern);
  else
    implementation_->factors = std::make_unique<KluFactors>(a.pattern);
  refactor(a);
}

SparseLu::~SparseLu() = default;
SparseLu::SparseLu(SparseLu&&) noexcept = default;
SparseLu& SparseLu::operator=(SparseLu&&) noexcept = default;

void SparseLu::refactor(const SparseMatrix& a) {
  Implementation& own = *implementation_;
  if (!(own.pattern == a.pattern))
    fail<ValueError>("sparse_lu", "the factors are of a pattern with ", own.pattern.nonzeros(),
                     " entries, A has another one with ", a.pattern.nonzeros(), ". Construct new factors.");
  const int64_t entries = a.pattern.nonzeros();
  if (a.values.rank() == 0 || a.values.dim(-1) != entries)
    fail<ShapeError>("sparse_lu", "the values have shape ", a.values.shape(), ", but the pattern has ", entries,
                     " entries. Give (…, ", entries, ").");
  own.dtype = a.values.dtype();
  own.rows = a.values.shape().without(a.values.rank() - 1);
  const std::vector<double> values = a.values.values();
  own.factors->resize(static_cast<size_t>(own.rows.size()));
  for (size_t i = 0; i < static_cast<size_t>(own.rows.size()); ++i)
    own.factors->factor(i, values.data() + i * static_cast<size_t>(entries));
}

bool SparseLu::singular() const { return implementation_->factors->singular(); }
const SparsityPattern& SparseLu::pattern() const { return implementation_->pattern; }
bool SparseLu::banded() const { return dynamic_cast<const BandFactors*>(implementation_->factors.get()) != nullptr; }

Tensor SparseLu::solve(const Tensor& b, bool transposed) const {
  const Implementation& own = *implementation_;
  const int64_t n = own.pattern.size();
  const bool shared = own.rows.rank() == 0;
  if (b.rank() == 0 || b.dim(-1) != n || (!shared && b.shape().without(b.rank() - 1) != own.rows))
    fail<ShapeError>("sparse_lu", "b has shape ", b.shape(), ", but A is ", n, " × ", n, " for rows of ", own.rows,
                     ". It must be (…, n), one system per row.");
  if (b.dtype() != own.dtype)
    fail<DTypeError>("sparse_lu", "b is ", b.dtype(), ", but A is ", own.dtype, ". Cast it with astype.");
  if (singular())
    fail<ValueError>("sparse_lu", "A, ", n, " × ", n, ", is singular: a pivot is 0. Check singular() before solving.");
  std::vector<double> x = b.values();
  for (size_t i = 0; i < x.size() / static_cast<size_t>(n); ++i)
    own.factors->solve(shared ? 0 : i, x.data() + i * static_cast<size_t>(n), transposed);
  return tensor(x, b.shape(), b.dtype());
}

}  // namespace dimwise
