// Built instead of the others if libtorch is not found.
#include "bench/peers/peers.hpp"

namespace dimwise::bench {

bool torch_built() { return false; }
Twin torch_overhead() { return {}; }
Twin torch_hollow(int64_t, bool) { return {}; }
Twin torch_mlp(int) { return {}; }
Twin torch_cnf(int64_t, int) { return {}; }
Twin torch_conv(int64_t, int) { return {}; }
Twin torch_vae(const Arrays&, const Array&, const Array&, int, bool) { return {}; }
Twin torch_vae_flow(const Arrays&, const Array&, double, int64_t) { return {}; }

}  // namespace dimwise::bench
