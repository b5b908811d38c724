#pragma once

#include "bench/twin.hpp"

namespace dimwise::bench {

// The same work by hand: products by OpenBLAS, everything else in loops that the compiler vectorizes, nothing recorded.

/// "add", "mul", "tanh": what a minimal tape over an arena costs, which supports nothing else.
Twin limit_overhead();
/// As torch_hollow. "<case>/unfused": each primitive a loop of its own over a stored result, as a tape of ideal kernels
/// would run it.
Twin limit_hollow(int64_t d);
/// As torch_mlp.
Twin limit_mlp();
/// As torch_cnf.
Twin limit_cnf(int64_t batch);

}  // namespace dimwise::bench
