#include "apps/vae/images.hpp"

#include "apps/common/data_file.hpp"
#include "nn/files/idx.hpp"
#include "ops/arithmetic.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::vae {

namespace {

Tensor rows(const std::string& file) {
  const Tensor x = load_idx(find_data_file(file, "data set", {"strokes"}, "an IDX or NPY file"));
  return reshape(x, {x.dim(0), x.dim(1) * x.dim(2)}) / 255.0;
}

Tensor first(const Tensor& x, int64_t n) { return n > 0 && n < x.dim(0) ? slice(x, 0, 0, n) : x; }

}  // namespace

Images load_images(const ImageSettings& s) {
  const bool mnist = s.data == "mnist";
  const std::string folder = mnist ? "mnist/" : "omniglot/omniglot28-";
  const Tensor all = rows(folder + "train-images-idx3-ubyte.gz"),
               test = rows(folder + (mnist ? "t10k" : "test") + "-images-idx3-ubyte.gz");
  const int64_t n = all.dim(0) - (mnist ? 10000 : 1345);
  return {s.data,
          28,
          28,
          first(slice(all, 0, 0, n), s.train_images),
          binarize(first(slice(all, 0, n, all.dim(0)), s.validation_images), Rng(0).split("validation")),
          binarize(test, Rng(0).split("test"))};
}

Tensor binarize(const Tensor& x, const Rng& rng) { return less(rng.uniform(x.shape(), x.dtype()), x); }

}  // namespace dimwise::app::vae
