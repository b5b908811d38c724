// The products of a HollowNet's training step: ours against cblas_sgemm, alternating within one run. These figures
// decide which products `ops/detail/gemm.cpp` computes with oneDNN and which with OpenBLAS.
#include "ops/detail/gemm.hpp"

#include <cblas.h>

#include <memory>
#include <sstream>
#include <vector>

#include "bench/common.hpp"
#include "ops/threads.hpp"

namespace {

using namespace dimwise;
using namespace dimwise::bench;

struct Product {
  int64_t m, n, k;
  bool ta, tb;
};

Row row(const Product& p) {
  set_threads(1);
  struct Memory {
    std::vector<float> a, b, c;
  };
  const auto x = std::make_shared<Memory>();
  x->a.assign(static_cast<size_t>(p.m * p.k), 0.5f);
  x->b.assign(static_cast<size_t>(p.k * p.n), 0.25f);
  x->c.resize(static_cast<size_t>(p.m * p.n));
  return {.ours = [=] { gemm(p.ta, p.tb, p.m, p.n, p.k, x->a.data(), x->b.data(), 0.0f, x->c.data()); },
          .limit =
              [=] {
                const auto i = [](int64_t v) { return static_cast<blasint>(v); };
                cblas_sgemm(CblasRowMajor, p.ta ? CblasTrans : CblasNoTrans, p.tb ? CblasTrans : CblasNoTrans, i(p.m),
                            i(p.n), i(p.k), 1, x->a.data(), i(p.ta ? p.m : p.k), x->b.data(), i(p.tb ? p.k : p.n), 0,
                            x->c.data(), i(p.n));
              },
          .remark = "limit: cblas_sgemm"};
}

const bool added = [] {
  for (const Product p :
       {Product{512, 64, 64, false, true}, Product{64, 64, 512, true, false}, Product{16384, 64, 32, false, true},
        Product{64, 32, 16384, true, false}, Product{256, 2048, 256, false, true}, Product{2048, 256, 256, true, false},
        Product{256, 256, 2048, false, false}, Product{16, 64, 64, false, true}}) {
    std::ostringstream name;
    name << "product " << p.m << " x " << p.n << " x " << p.k;
    add_row(name.str(), [=] { return row(p); });
  }
  return true;
}();

}  // namespace
