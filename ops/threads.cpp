#include "ops/threads.hpp"

#include <cblas.h>

#include <atomic>
#include <mutex>

#include "autodiff/base/error.hpp"

// Declared here because OpenMP's header is the compiler's, but the library is the one oneDNN uses.
extern "C" int omp_get_max_threads();
extern "C" void omp_set_num_threads(int threads);

namespace dimwise {

namespace {

// The setting, from `set_threads` or the environment, and the number of live OneThreadEach.
struct Setting {
  std::mutex mutex;
  int held = 0, blas_before = 0, onednn_before = 0;
  std::atomic<int> onednn{0};  // 0: OpenMP's setting
};
Setting setting;

}  // namespace

void set_threads(int threads) {
  if (threads < 1) fail<ValueError>("set_threads", threads, " threads requested. Use at least 1.");
  const std::lock_guard lock(setting.mutex);
  if (setting.held > 0) {
    setting.blas_before = setting.onednn_before = threads;
    return;
  }
  openblas_set_num_threads(threads);
  setting.onednn = threads;
}

int threads() { return openblas_get_num_threads(); }

OneThreadEach::OneThreadEach() {
  const std::lock_guard lock(setting.mutex);
  if (setting.held++ > 0) return;
  setting.blas_before = openblas_get_num_threads();
  setting.onednn_before = setting.onednn;
  if (setting.blas_before != 1) openblas_set_num_threads(1);
  setting.onednn = 1;
}
OneThreadEach::~OneThreadEach() {
  const std::lock_guard lock(setting.mutex);
  if (--setting.held > 0) return;
  if (setting.blas_before != 1) openblas_set_num_threads(setting.blas_before);
  setting.onednn = setting.onednn_before;
}

int onednn_threads() { return setting.onednn > 0 ? setting.onednn.load() : omp_get_max_threads(); }

OneDnnThreads::OneDnnThreads(int threads) : before_(omp_get_max_threads()) {
  if (threads != before_) omp_set_num_threads(threads);
}
OneDnnThreads::~OneDnnThreads() {
  if (omp_get_max_threads() != before_) omp_set_num_threads(before_);
}

}  // namespace dimwise
