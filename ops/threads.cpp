#include "ops/threads.hpp"

#include <cblas.h>

#include <atomic>

#include "autodiff/base/error.hpp"

// OpenMP's own names; its header is the compiler's, the library that of oneDNN.
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int threads);

namespace dimwise {

namespace {
std::atomic<int> wanted{0};
}

void set_threads(int threads) {
  if (threads < 1) fail<ValueError>("set_threads", threads, " threads cannot work. Use at least 1.");
  openblas_set_num_threads(threads);
  wanted = threads;
}

int onednn_threads() { return wanted > 0 ? wanted.load() : omp_get_max_threads(); }

OneDnnThreads::OneDnnThreads(int threads) : before_(omp_get_max_threads()) {
  if (threads != before_) omp_set_num_threads(threads);
}
OneDnnThreads::~OneDnnThreads() {
  if (omp_get_max_threads() != before_) omp_set_num_threads(before_);
}

}  // namespace dimwise
