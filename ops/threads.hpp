#pragma once

namespace dimwise {

/// Threads of the matrix products (OpenBLAS, oneDNN) and of the float32 convolutions (oneDNN), for the whole program.
///
/// Until it is called, both take what the environment says (`OPENBLAS_NUM_THREADS`, `OMP_NUM_THREADS`) or all cores.
/// Products that run on the threads of a ThreadPool take one, whatever is set. Products below about 256 × 256 × 256 are
/// slower on more than one thread, convolutions are not. Throws ValueError below 1.
void set_threads(int threads);

/// Threads of the matrix products now.
int threads();

/// Products and convolutions of the whole program take one thread while one of these lives; afterwards as many as
/// before, or as `set_threads` has asked for meanwhile. The parts of a batch fill the cores better than single
/// products.
class OneThreadEach {
 public:
  OneThreadEach();
  ~OneThreadEach();
  OneThreadEach(const OneThreadEach&) = delete;
  OneThreadEach& operator=(const OneThreadEach&) = delete;
};

/// Threads oneDNN is to use on the calling thread.
int onednn_threads();

/// Gives oneDNN that many threads while it lives: they are OpenMP's, counted for each calling thread.
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
