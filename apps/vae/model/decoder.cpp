#include "apps/vae/model/decoder.hpp"

#include "ops/layout.hpp"

namespace dimwise::app::vae {

Tensor ConvDecoder::operator()(const Tensor& z) const {
  const int64_t d = z.dim(-1);
  Tensor h = reshape(z, {z.size() / d, d, 1, 1});
  for (const GatedConvTranspose2d& layer : layers) h = layer(h);
  return reshape(last(h), z.shape().with_last(h.dim(2) * h.dim(3)));
}

Decoder make_decoder(const ModelSettings& s, const Rng& rng) {
  if (s.arch == "mlp") return {Mlp({s.latent, s.hidden, s.hidden, s.height * s.width}, Activation::relu, rng, s.dtype)};
  struct Layer {
    int64_t in, out, kernel, stride, padding, output_padding;
  };
  ConvDecoder decoder;
  for (const Layer& l : {Layer{s.latent, 64, 7, 1, 0, 0}, Layer{64, 64, 5, 1, 2, 0}, Layer{64, 32, 5, 2, 2, 1},
                         Layer{32, 32, 5, 1, 2, 0}, Layer{32, 32, 5, 2, 2, 1}, Layer{32, 32, 5, 1, 2, 0}})
    decoder.layers.emplace_back(
        l.in, l.out, l.kernel, rng.split(decoder.layers.size()),
        ConvTranspose2dOptions{.stride = l.stride, .padding = l.padding, .output_padding = l.output_padding}, s.dtype);
  decoder.last = Conv2d(32, 1, 1, rng.split("last"), {}, s.dtype);
  return {decoder};
}

}  // namespace dimwise::app::vae
