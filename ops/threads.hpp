#pragma once

namespace dimwise {

/// Threads of the matrix products (OpenBLAS) and of the float32 convolutions (oneDNN), for the whole program.
///
/// Until it is called, both take what the environment says (`OPENBLAS_NUM_THREADS`, `OMP_NUM_THREADS`) or all cores.
/// A program that works on parts of a batch in threads of its own sets 1. Products below about 256 × 256 × 256 are
/// slower on more than one thread, convolutions are not. Throws ValueError below 1.
void set_threads(int threads);

/// Threads a float32 convolution on the calling thread uses.
int convolution_threads();

}  // namespace dimwise
