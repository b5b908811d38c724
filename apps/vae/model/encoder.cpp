#include "apps/vae/model/encoder.hpp"

#include "apps/common/cli/exit_code.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::vae {

Tensor MlpEncoder::operator()(const Tensor& x) const { return activate(Activation::relu, layers(x)); }

Tensor ConvEncoder::operator()(const Tensor& x) const {
  Tensor h = reshape(x, {x.dim(0), 1, 28, 28});
  for (const GatedConv2d& layer : layers) h = layer(h);
  return reshape(h, {x.dim(0), h.dim(1)});
}

Encoder make_encoder(const ModelSettings& s, const Rng& rng) {
  if (s.arch == "mlp")
    return {MlpEncoder{Mlp({s.height * s.width, s.hidden, s.hidden}, Activation::relu, rng, s.dtype)}};
  if (s.height != 28 || s.width != 28)
    fail<UsageError>("--arch", "conv takes images of 28 x 28 pixels, but these have ", s.height, " x ", s.width,
                     ". Use --arch mlp.");
  struct Layer {
    int64_t in, out, kernel, stride, padding;
  };
  ConvEncoder encoder;
  for (const Layer& l : {Layer{1, 32, 5, 1, 2}, Layer{32, 32, 5, 2, 2}, Layer{32, 64, 5, 1, 2}, Layer{64, 64, 5, 2, 2},
                         Layer{64, 64, 5, 1, 2}, Layer{64, 256, 7, 1, 0}})
    encoder.layers.emplace_back(l.in, l.out, l.kernel, rng.split(encoder.layers.size()),
                                Conv2dOptions{.stride = l.stride, .padding = l.padding}, s.dtype);
  return {encoder};
}

int64_t context_size(const ModelSettings& s) { return s.arch == "mlp" ? s.hidden : 256; }

}  // namespace dimwise::app::vae
