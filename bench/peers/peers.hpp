#pragma once

#include "bench/twin.hpp"

namespace dimwise::bench {

// The same work in libtorch, single-threaded unless stated otherwise; empty if the benchmarks were built without it.

bool torch_built();

/// "add", "mul", "tanh": a chain of 1000 one-element ops, forward and backward. "recorded": mul with a recorded
/// backward pass; "second": the same and a backward pass through it.
Twin torch_overhead();

/// HollowNet with d_h = 32, 256 and 64 hidden units at batch 256: "fwd", "dimwise", "second", "train". Without `check`
/// nothing runs before the cases.
Twin torch_hollow(int64_t d, bool check = true);
/// MLP 784-1024-1024-10 at batch 256: "step" (forward, backward, Adam) and "sgemm" (256 × 1024 × 1024). With two
/// threads also "step/blas": BLAS alone has two.
Twin torch_mlp(int threads);
/// Training step of a plane CNF: "step", and with two threads "step/blas"; check: "evaluations".
Twin torch_cnf(int64_t batch, int threads);
/// Convolution 32 → 32, 5 × 5, padding 2, of 100 images of 28 × 28: "forward", and "train" with the gradients of Σ y².
Twin torch_conv(int64_t stride, int threads);
/// Training step of the convolutional autoencoder of `dimwise-vae` with these parameters, on images (n, 784): "step",
/// by Adamax; check: "loss" and "gradient of " encoder, mean, variance and decoder (Σ g²) with this noise (n, 64); the
/// step draws new noise. libtorch's transposed convolutions use im2col; with `by_convolution` they are gradients of
/// convolutions, which use oneDNN.
Twin torch_vae(const Arrays& parameters, const Array& images, const Array& noise, int threads, bool by_convolution);
/// Loss and gradients of a hollow flow of points z0 (n, d), conditioned on a context, by rk4 with equal steps to
/// `end_time`: "hutchinson" with this noise, "brute-force", "exact" with h detached; check: "loss" and "gradient" (Σ
/// g²) of each, after its name. `parameters` holds z0, context, both masks and the flow's.
Twin torch_vae_flow(const Arrays& parameters, const Array& noise, double end_time, int64_t steps);

}  // namespace dimwise::bench
