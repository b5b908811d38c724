#include "apps/vae/data/image_file.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/base/error.hpp"
#include "autodiff/node.hpp"
#include "nn/io/bytes.hpp"
#include "nn/io/detail/gzip.hpp"
#include "nn/io/idx.hpp"
#include "nn/io/npy.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::vae {

namespace {

constexpr int64_t fewest_images = 10, fewest_pixels = 2;
// Values below this share of the range of the type are not intensities.
constexpr double dimmest = 1.0 / 8;

struct Pixels {
  Tensor values;
  double white;  // the type's value of full intensity; 0 for a type whose values must be 0 and 1
};

Pixels idx_pixels(const std::string& path) {
  Bytes bytes = read_file(path);
  if (is_gzip(bytes)) bytes = gunzip(bytes, path);
  const Tensor values = parse_idx(bytes, path);
  const int type = std::to_integer<int>(bytes[2]);
  return {values, type == 0x08 ? 255.0 : type >= 0x0d ? 1.0 : 0.0};
}

Pixels npy_pixels(const std::string& path) {
  const Bytes bytes = read_file(path);
  const Tensor values = parse_npy(bytes, path);
  // The file has been parsed, so its header has a key 'descr' with a string: byte order, kind and size.
  const std::string_view text = as_text(bytes);
  const size_t quote = text.find_first_of("'\"", text.find(':', text.find("descr")));
  const std::string_view descr = text.substr(quote + 1, text.find(text[quote], quote + 1) - quote - 1);
  const std::string_view kind = descr.substr(descr.size() - 2);
  return {values, kind == "u1" ? 255.0 : kind == "u2" ? 65535.0 : kind[0] == 'f' || kind == "b1" ? 1.0 : 0.0};
}

/// (n, height, width). Throws DataError if images are too small or too few.
Tensor as_images(const Tensor& x, const std::string& path) {
  Shape shape = x.shape();
  if (shape.rank() == 2) {
    const auto side = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(shape[1]))));
    if (side * side == shape[1]) shape = {shape[0], side, side};
  }
  if (shape.rank() == 4 && shape[1] == 1)
    shape = {shape[0], shape[2], shape[3]};
  else if (shape.rank() == 4 && shape[3] == 1)
    shape = {shape[0], shape[1], shape[2]};
  if (shape.rank() != 3)
    fail<DataError>("data", path, " has shape ", x.shape(),
                    ". It must be (images, height, width), with one channel before or after them or none, or (images, "
                    "s·s) for square images.");
  if (shape[1] < fewest_pixels || shape[2] < fewest_pixels)
    fail<DataError>("data", path, " has images of ", shape[1], " x ", shape[2], " pixels. They need at least ",
                    fewest_pixels, " x ", fewest_pixels, ".");
  if (shape[0] < fewest_images)
    fail<DataError>("data", path, " has ", shape[0],
                    " images, too few for a training, a validation and a test part. Give at least ", fewest_images,
                    ".");
  return reshape(x, shape);
}

template <class T>
[[noreturn]] void bad_pixel(const std::string& path, const Tensor& x, const T* pixel, const std::string& advice) {
  const int64_t at = pixel - x.data<T>().data(), image = x.dim(1) * x.dim(2);
  fail<DataError>("data", path, ": image ", at / image + 1, ", row ", at % image / x.dim(2) + 1, ", column ",
                  at % x.dim(2) + 1, " is ", static_cast<double>(*pixel), ". ", advice);
}

/// The divisor of the values. Throws DataError.
template <class T>
double divisor(const Tensor& x, double white, const std::string& path) {
  const std::span<const T> values = x.data<T>();
  const auto refuse = [&](auto&& wrong, const std::string& advice) {
    const auto bad = std::find_if(values.begin(), values.end(), wrong);
    if (bad != values.end()) bad_pixel(path, x, &*bad, advice);
  };
  if (std::all_of(values.begin(), values.end(), [](T v) { return v == 0 || v == 1; })) return 1;
  if (white == 0)
    refuse([](T v) { return v != 0 && v != 1; },
           "Integers of this type may be 0 and 1 alone. Save gray images as uint8, or as floats from 0 to 1.");
  if (white == 1)
    refuse([](T v) { return !(v >= 0 && v <= 1); },
           "Floats must be from 0 to 1. Divide by the largest intensity, or save uint8.");
  const auto largest = static_cast<double>(*std::max_element(values.begin(), values.end()));
  if (white > 1 && largest < dimmest * white)
    fail<DataError>("data", path, ": the largest pixel is ", largest, " of ", white,
                    ", so the images would be almost empty. Save them as floats from 0 to 1.");
  return white;
}

}  // namespace

Tensor load_image_file(const std::string& path) {
  if (path.ends_with(".npz"))
    fail<DataError>("data", path, " is an archive of arrays. Save the one array of images as .npy.");
  const Pixels stored = path.ends_with(".npy") ? npy_pixels(path) : idx_pixels(path);
  Tensor x = as_images(stored.values, path);
  const double by = dispatch(x.dtype(), [&](auto real) { return divisor<decltype(real)>(x, stored.white, path); });
  x = astype(x, DType::float32);
  // In place, since x has no other owner and may be large.
  const std::span<float> pixels(mutable_data<float>(x), static_cast<size_t>(x.size()));
  if (by != 1)
    for (float& pixel : pixels) pixel /= static_cast<float>(by);
  return x;
}

}  // namespace dimwise::app::vae
