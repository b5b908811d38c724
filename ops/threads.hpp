#pragma once

namespace dimwise {

/// Threads of the matrix products (OpenBLAS, oneDNN) and of the float32 convolutions (oneDNN), for the whole program.
///
/// Until it is called, both use the environment's setting (`OPENBLAS_NUM_THREADS`, `OMP_NUM_THREADS`) or all cores.
/// Products on the threads of a ThreadPool always use one thread. Products below about 256 × 256 × 256 are slower on
/// more than one thread, convolutions are not. Throws ValueError below 1.
void set_threads(int threads);

/// The current number of threads of the matrix products.
int threads();

/// During its lifetime, products and convolutions of the whole program use one thread; afterwards the previous number,
/// or the one that `set_threads` has set in the meantime. Parts of a batch use the cores better than single products
/// do.
class OneThreadEach {
 public:
  OneThreadEach();
  ~OneThreadEach();
  OneThreadEach(const OneThreadEach&) = delete;
  OneThreadEach& operator=(const OneThreadEach&) = delete;
};

/// The number of threads that oneDNN uses on the calling thread.
int onednn_threads();

/// Sets oneDNN's number of threads during its lifetime: OpenMP's, which is separate for each calling thread.
class OneDnnThreads {
 public:
  explicit OneDnnThreads(int threads);
  ~OneDnnThreads();
  OneDnnThreads(const OneDnnThreads&) = delete;
  OneDnnThreads& operator=(const OneDnnThreads&) = delete;

 private:
  int before_;
};

}  // namespace dimwise
