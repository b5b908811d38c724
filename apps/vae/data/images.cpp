#include "apps/vae/data/images.hpp"

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/data/data_file.hpp"
#include "apps/common/data/sha256.hpp"
#include "apps/common/data/standard_files.hpp"
#include "apps/vae/data/image_file.hpp"
#include "apps/vae/data/strokes.hpp"
#include "autodiff/base/buffer.hpp"
#include "autodiff/base/error.hpp"
#include "nn/data/loader.hpp"
#include "ops/arithmetic.hpp"
#include "ops/index.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::vae {

namespace {

constexpr int64_t side = 28;  // of all standard sets
constexpr int64_t strokes_train = 4000, strokes_held_out = 500;
constexpr double held_out_share = 0.1;

/// A standard set: the images in each of its files, in the order of `standard_files`, and how many are for validation:
/// the second of three files, else the end of the first.
struct StandardSet {
  std::string name;
  std::vector<int64_t> images;
  int64_t validation;
};

const std::vector<StandardSet>& standard_sets() {
  static const std::vector<StandardSet> sets = {
      {"mnist", {60000, 10000}, 10000}, {"omniglot", {24345, 8070}, 1345}, {"caltech", {4100, 2264, 2307}, 2264}};
  return sets;
}

/// The number of images to use out of those that exist.
int64_t number_of(int64_t wanted, int64_t there, const char* flag, const char* part, const std::string& name) {
  if (wanted < 0) fail<UsageError>(flag, wanted, " is negative. Give a number of images, or 0 for all.");
  if (wanted > there)
    fail<UsageError>(flag, name, " has ", there, " ", part, " images, fewer than ", wanted, ". Give at most ", there,
                     ", or 0 for all.");
  return wanted == 0 ? there : wanted;
}

int64_t train_count(const ImageSettings& s, int64_t there) {
  return number_of(s.train_images, there, "--train-images", "training", s.data);
}

int64_t validation_count(const ImageSettings& s, int64_t there) {
  return number_of(s.validation_images, there, "--validation-images", "validation", s.data);
}

/// The set, its images for validation and test, given as intensities, binarized.
Images finished(const ImageSettings& s, int64_t height, int64_t width, Tensor train, const Tensor& validation,
                const Tensor& test) {
  const Rng fixed(0);
  return {s.data,
          height,
          width,
          std::move(train),
          binarize(validation, fixed.split("validation")),
          binarize(test, fixed.split("test"))};
}

Images strokes(const ImageSettings& s) {
  const int64_t train = train_count(s, strokes_train), validation = validation_count(s, strokes_held_out);
  const Rng rng = Rng(0).split("strokes");
  return finished(s, stroke_side, stroke_side, stroke_images(train, rng.split("train")),
                  stroke_images(validation, rng.split("validation")),
                  stroke_images(strokes_held_out, rng.split("test")));
}

/// A file of n images of 28×28, in rows.
Tensor standard_file(const std::string& set, const std::string& path, int64_t n) {
  const Tensor x = load_image_file(path);
  if (x.shape() != Shape{n, side, side})
    fail<DataError>("data", path, " has shape ", x.shape(), ", not that of ", set, ", ", Shape{n, side, side},
                    ". Delete it and run scripts/fetch-data.sh ", set, ".");
  return reshape(x, {n, side * side});
}

Images standard(const StandardSet& set, const ImageSettings& s) {
  const std::vector<std::string> paths = find_standard_files(set.name);
  const bool apart = paths.size() == 3;
  const int64_t first = apart ? 0 : set.images[0] - set.validation;
  const int64_t train = train_count(s, apart ? set.images[0] : first), validation = validation_count(s, set.validation);
  Tensor file = standard_file(set.name, paths[0], set.images[0]);
  Tensor train_part = slice(file, 0, 0, train);
  if (apart) file = standard_file(set.name, paths[1], set.images[1]);
  const Tensor validation_part = slice(file, 0, first, first + validation);
  // Frees the 188 MB of the MNIST file, which would otherwise stay in the pool.
  file = {};
  release_pool();
  return finished(s, side, side, std::move(train_part), validation_part,
                  standard_file(set.name, paths.back(), set.images.back()));
}

Images own(const ImageSettings& s) {
  const std::string path = find_data_file(
      s.data, "data set", {"strokes"},
      "mnist, omniglot or caltech, whose files scripts/fetch-data.sh fetches, or an IDX or NPY file of images");
  const Tensor x = load_image_file(path);
  Split rows = train_test_split(x.dim(0), held_out_share, held_out_share, static_cast<uint64_t>(s.seed));
  rows.train.resize(static_cast<size_t>(train_count(s, static_cast<int64_t>(rows.train.size()))));
  rows.validation.resize(static_cast<size_t>(validation_count(s, static_cast<int64_t>(rows.validation.size()))));
  const Tensor flat = reshape(x, {x.dim(0), x.dim(1) * x.dim(2)});
  Images images = finished(s, x.dim(1), x.dim(2), index_select(flat, 0, rows.train),
                           index_select(flat, 0, rows.validation), index_select(flat, 0, rows.test));
  images.sha256 = sha256_of_file(path);
  return images;
}

}  // namespace

const std::vector<std::string>& image_set_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all{"strokes"};
    for (const StandardSet& set : standard_sets()) all.push_back(set.name);
    return all;
  }();
  return names;
}

Images load_images(const ImageSettings& s) {
  if (s.data == "strokes") return strokes(s);
  for (const StandardSet& set : standard_sets())
    if (set.name == s.data) return standard(set, s);
  return own(s);
}

Tensor binarize(const Tensor& x, const Rng& rng) { return less(rng.uniform(x.shape(), x.dtype()), x); }

}  // namespace dimwise::app::vae
