#pragma once

#include "bench/twin.hpp"

namespace dimwise::bench {

// The same work in libtorch, single-threaded; empty where the benchmarks were built without it.

/// "add", "mul", "tanh": a chain of 1000 one-element ops, forward and backward. "recorded": mul, the backward pass
/// recorded; "second": that and a backward pass through it.
Twin torch_overhead();

/// HollowNet with d_h = 32, 256 and 64 hidden units at batch 256: "fwd", "dimwise", "second", "train".
Twin torch_hollow(int64_t d);
/// MLP 784-1024-1024-10 at batch 256: "step" (forward, backward, Adam) and "sgemm" (256 × 1024 × 1024). With two
/// threads also "step/blas": BLAS alone has two.
Twin torch_mlp(int threads);
/// Training step of a plane CNF: "step", and with two threads "step/blas"; check: "evaluations".
Twin torch_cnf(int64_t batch, int threads);

}  // namespace dimwise::bench
