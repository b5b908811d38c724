#pragma once

#include "bench/twin.hpp"

namespace dimwise::bench {

// The same work in handwritten programs: products by OpenBLAS, everything else in loops that the compiler vectorizes,
// nothing recorded.

/// "add", "mul", "tanh": the cost of a minimal tape over an arena, which supports nothing else.
Twin limit_overhead();
/// As torch_hollow. "<case>/unfused": each primitive is a separate loop over a stored result, as on a tape of ideal
/// kernels.
Twin limit_hollow(int64_t d);
/// As torch_mlp.
Twin limit_mlp();
/// As torch_cnf.
Twin limit_cnf(int64_t batch);

}  // namespace dimwise::bench
