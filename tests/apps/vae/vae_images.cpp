#include "apps/vae/data/images.hpp"

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/data/standard_files.hpp"
#include "apps/vae/data/image_file.hpp"
#include "apps/vae/data/strokes.hpp"
#include "nn/data/loader.hpp"
#include "nn/io/idx.hpp"
#include "nn/io/npy.hpp"
#include "ops/layout.hpp"
#include "ops/reduce.hpp"
#include "tests/apps/common/environment.hpp"
#include "tests/apps/common/temporary_folder.hpp"
#include "tests/catch.hpp"
#include "tests/data.hpp"

namespace dimwise::vae_images_tests {

using namespace dimwise::app;
using namespace dimwise::app::vae;
using Catch::Matchers::Contains;

namespace {

bool same(const Tensor& a, const Tensor& b) { return a.shape() == b.shape() && a.values() == b.values(); }

bool only(const Tensor& x, const std::set<double>& allowed) {
  const std::vector<double> values = x.values();
  return std::all_of(values.begin(), values.end(), [&](double v) { return allowed.contains(v); });
}

bool intensities(const Tensor& x) {
  const std::vector<double> values = x.values();
  return std::all_of(values.begin(), values.end(), [](double v) { return v >= 0 && v <= 1; });
}

// A file of IDX: type, lengths and bytes.
std::string idx(char type, const std::vector<int>& shape, const std::string& bytes) {
  std::string file{'\0', '\0', type, static_cast<char>(shape.size())};
  for (const int n : shape) file += {'\0', '\0', static_cast<char>(n >> 8), static_cast<char>(n & 255)};
  return file + bytes;
}

// A file of NPY: dtype, shape as Python writes it, and bytes.
std::string npy(const std::string& descr, const std::string& shape, const std::string& bytes) {
  const std::string header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + "}\n";
  return std::string("\x93NUMPY\1\0", 8) + static_cast<char>(header.size()) + '\0' + header + bytes;
}

// n images of 2×3 whose first pixel is the image's number; the others are 255.
std::string numbered(int n) {
  std::string bytes;
  for (int i = 0; i < n; ++i) bytes += static_cast<char>(i) + std::string(5, '\xff');
  return idx(8, {n, 2, 3}, bytes);
}

// A file that is there while the object lives.
struct File {
  File(const std::string& name, const std::string& bytes) : path(folder / name) { write_text(path, bytes); }
  File(const std::string& name, const Tensor& x) : path(folder / name) { save_npy(path, x); }
  TemporaryFolder folder;
  std::string path;
};

void refused(const File& file, const std::string& why) {
  INFO(why);
  CHECK_THROWS_AS(load_images({.data = file.path}), DataError);
  CHECK_THROWS_WITH(load_images({.data = file.path}), Contains(file.path) && Contains(why));
}

}  // namespace

TEST_CASE("strokes are always the same images, whole glyphs of gray ink") {
  const Images images = load_images({});
  CHECK(images.name == "strokes");
  CHECK(images.height == 28);
  CHECK(images.width == 28);
  CHECK(images.train.shape() == Shape{4000, 784});
  CHECK(images.validation.shape() == Shape{500, 784});
  CHECK(images.test.shape() == Shape{500, 784});
  CHECK(images.train.dtype() == DType::float32);
  const Images again = load_images({.seed = 5});
  CHECK(same(images.train, again.train));
  CHECK(same(images.validation, again.validation));
  CHECK(same(images.test, again.test));
  CHECK_FALSE(same(images.validation, images.test));
  const auto pixels = images.train.data<float>();
  double margin = 0;
  bool multiples = true;
  for (int64_t i = 0; i < 4000; ++i) {
    double ink = 0;
    for (int64_t k = 0; k < 784; ++k) {
      const float v = pixels[static_cast<size_t>(784 * i + k)];
      multiples = multiples && std::round(v * 255) / 255 == v && v >= 0 && v <= 1;
      ink += v;
      if (k % 28 == 0 || k % 28 == 27 || k < 28 || k >= 756) margin += v;
    }
    if (ink < 20 || ink > 240) FAIL("image " << i << " has ink " << ink);
  }
  CHECK(multiples);
  // The outermost pixels are a seventh of all, but hardly any ink is cut off there.
  CHECK(margin < 0.002 * sum(images.train).item());
}

TEST_CASE("each of the strokes depends on its number alone") {
  const Rng rng = Rng(3).split("some");
  CHECK(same(stroke_images(5, rng), slice(stroke_images(40, rng), 0, 0, 5)));
  CHECK_FALSE(same(stroke_images(5, rng), stroke_images(5, Rng(4))));
  CHECK(stroke_images(0, rng).shape() == Shape{0, 784});
}

TEST_CASE("strokes have a structure: most of their variance lies in few directions") {
  // Ten kinds of glyph: an image is far nearer to the nearest of 400 others than to one of them on the average.
  const Tensor x = stroke_images(440, Rng(1));
  const auto distance = [&](int64_t i, int64_t j) {
    double total = 0;
    for (size_t k = 0; k < 784; ++k) {
      const auto a = x.data<float>()[static_cast<size_t>(784 * i) + k],
                 b = x.data<float>()[static_cast<size_t>(784 * j) + k];
      total += (a - b) * (a - b);
    }
    return total;
  };
  double nearest = 0, average = 0;
  for (int64_t i = 400; i < 440; ++i) {
    double least = 1e300;
    for (int64_t j = 0; j < 400; ++j) {
      least = std::min(least, distance(i, j));
      average += distance(i, j) / 400;
    }
    nearest += least;
  }
  CHECK(nearest < 0.5 * average);
  CHECK(nearest > 0.05 * average);
}

TEST_CASE("a pixel is drawn as ink with its intensity as probability") {
  const Tensor x = full({200, 100}, 0.3), drawn = binarize(x, Rng(1));
  CHECK(only(drawn, {0, 1}));
  CHECK(mean(drawn).item() == Approx(0.3).margin(4 * std::sqrt(0.21 / 20000)));
  CHECK(same(drawn, binarize(x, Rng(1))));
  CHECK_FALSE(same(drawn, binarize(x, Rng(2))));
  const Tensor sharp = binarize(full({50, 50}, 0.5), Rng(3));
  CHECK(same(binarize(sharp, Rng(4)), sharp));
}

TEST_CASE("images held out are drawn once, whatever the seed and however many are asked for") {
  const Images all = load_images({}), some = load_images({.train_images = 30, .validation_images = 40, .seed = 9});
  CHECK(only(all.validation, {0, 1}));
  CHECK(only(all.test, {0, 1}));
  CHECK(some.train.dim(0) == 30);
  CHECK(same(some.train, slice(all.train, 0, 0, 30)));
  CHECK(same(some.validation, slice(all.validation, 0, 0, 40)));
  CHECK(same(some.test, all.test));
}

TEST_CASE("more images than there are is an error that says how many there are") {
  const File file("own.idx", numbered(100));
  for (const auto& [data, train, validation] : {std::tuple<std::string, int, int>("strokes", 4000, 500),
                                                std::tuple<std::string, int, int>(file.path, 80, 10)}) {
    CHECK(load_images({.data = data, .train_images = train, .validation_images = validation}).train.dim(0) == train);
    CHECK_THROWS_AS(load_images({.data = data, .train_images = train + 1}), UsageError);
    CHECK_THROWS_WITH(
        load_images({.data = data, .train_images = train + 1}),
        Contains("[--train-images]") && Contains(" has " + std::to_string(train) + " training images, fewer than"));
    CHECK_THROWS_WITH(
        load_images({.data = data, .validation_images = validation + 1}),
        Contains("[--validation-images]") && Contains(" has " + std::to_string(validation) + " validation images"));
    CHECK_THROWS_AS(load_images({.data = data, .train_images = -1}), UsageError);
    CHECK_THROWS_AS(load_images({.data = data, .validation_images = -1}), UsageError);
  }
}

TEST_CASE("a file of one's own is split by the seed, every image once") {
  const File file("own.idx", numbered(100));
  const Images a = load_images({.data = file.path, .seed = 1}), b = load_images({.data = file.path, .seed = 1}),
               c = load_images({.data = file.path, .seed = 2});
  CHECK(a.name == file.path);
  CHECK(a.height == 2);
  CHECK(a.width == 3);
  CHECK(a.train.shape() == Shape{80, 6});
  CHECK(a.validation.shape() == Shape{10, 6});
  CHECK(a.test.shape() == Shape{10, 6});
  CHECK(same(a.train, b.train));
  CHECK(same(a.validation, b.validation));
  CHECK(same(a.test, b.test));
  CHECK_FALSE(same(a.train, c.train));
  // 255 is full ink, and the first pixel is the image's number.
  const Split rows = train_test_split(100, 0.1, 0.1, 1);
  for (size_t i = 0; i < 80; ++i) {
    CHECK(a.train.data<float>()[6 * i] == static_cast<float>(rows.train[i]) / 255);
    CHECK(a.train.data<float>()[6 * i + 1] == 1);
  }
  CHECK(only(slice(a.validation, 1, 1, 6), {1}));
  CHECK(same(load_images({.data = file.path, .train_images = 7, .seed = 1}).train, slice(a.train, 0, 0, 7)));
}

TEST_CASE("pixels are divided by the largest value of their type, and left if all are 0 and 1") {
  const auto first = [](const File& file) { return load_image_file(file.path).data<float>()[0]; };
  const std::string rest(79, '\xff');
  CHECK(first(File("a.idx", idx(8, {20, 2, 2}, '\x33' + rest))) == 0.2F);
  CHECK(first(File("a.npy", npy("|u1", "(20, 2, 2)", '\x33' + rest))) == 0.2F);
  CHECK(first(File("b.npy", npy("<u2", "(20, 2, 2)", "\x33\x33" + rest + rest))) == 0.2F);
  CHECK(first(File("c.npy", full({20, 2, 2}, 0.75))) == 0.75F);
  CHECK(first(File("d.npy", full({20, 2, 2}, 0.75, DType::float64))) == 0.75F);
  CHECK(load_image_file(File("d.npy", full({20, 2, 2}, 0.75, DType::float64)).path).dtype() == DType::float32);
  const std::string ones(80, '\1');
  CHECK(first(File("e.idx", idx(8, {20, 2, 2}, ones))) == 1);
  CHECK(first(File("f.idx", idx(9, {20, 2, 2}, ones))) == 1);
  CHECK(first(File("g.npy", npy("|b1", "(20, 2, 2)", ones))) == 1);
}

TEST_CASE("rows of square images are images") {
  const Images images = load_images({.data = File("rows.npy", full({20, 9}, 0.5)).path});
  CHECK(images.height == 3);
  CHECK(images.width == 3);
  refused(File("rows.npy", full({20, 8}, 0.5)), "has shape (20, 8). It must be (images, height, width)");
}

TEST_CASE("one channel before or after the pixels is dropped") {
  std::vector<double> pixels(20 * 2 * 3);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<double>(i) / 200;
  const Tensor plain = load_image_file(File("own.npy", tensor(pixels, {20, 2, 3})).path);
  for (const Shape& shape : {Shape{20, 1, 2, 3}, Shape{20, 2, 3, 1}})
    CHECK(same(load_image_file(File("own.npy", tensor(pixels, shape)).path), plain));
}

TEST_CASE("files that hold no images are refused with the reason") {
  const auto with = [](double value) {
    std::vector<double> pixels(20 * 2 * 3, 0.5);
    pixels[13 * 6 + 4] = value;  // image 14, row 2, column 2
    return File("own.npy", tensor(pixels, {20, 2, 3}));
  };
  refused(with(NAN), "image 14, row 2, column 2 is nan. Floats must be from 0 to 1");
  refused(with(INFINITY), "image 14, row 2, column 2 is inf");
  refused(with(-0.25), "image 14, row 2, column 2 is -0.25");
  refused(with(1.5), "image 14, row 2, column 2 is 1.5");
  refused(File("own.npy", full({20}, 0.5)), "has shape (20,)");
  refused(File("own.npy", full({20, 3, 4, 4}, 0.5)), "has shape (20, 3, 4, 4)");
  refused(File("own.npy", full({20, 4, 4, 3}, 0.5)), "has shape (20, 4, 4, 3)");
  refused(File("own.npy", full({20, 1, 4}, 0.5)), "images of 1 x 4 pixels. They need at least 2 x 2");
  refused(File("own.npy", full({20, 4, 1}, 0.5)), "images of 4 x 1 pixels");
  refused(File("own.npy", full({20, 0, 0}, 0.5)), "images of 0 x 0 pixels");
  refused(File("own.npy", full({9, 4, 4}, 0.5)), "has 9 images, too few");
  refused(File("own.npy", full({0, 4, 4}, 0.5)), "has 0 images, too few");
  refused(File("own.idx", idx(8, {20, 2, 2}, std::string(80, '\x10'))), "the largest pixel is 16 of 255");
  refused(File("own.idx", idx(9, {20, 2, 2}, std::string(80, '\x7f'))), "is 127. Integers of this type may be 0 and 1");
  refused(File("own.npz", "PK"), "is an archive of arrays. Save the one array of images as .npy");
  refused(File("own.npy", ""), "not an .npy file");
  refused(File("own.png", "\x89PNG"), "not an IDX file");
  CHECK(load_images({.data = File("own.npy", full({10, 2, 2}, 0.5)).path}).train.dim(0) == 8);
}

TEST_CASE("every malformed file of the interoperability collection is refused as images") {
  const Variable home("DIMWISE_DATA", test_data("").c_str());
  int tried = 0;
  std::ifstream in(test_data("interop/expected.json"));
  const nlohmann::json files = nlohmann::json::parse(in);
  for (const auto& [name, entry] : files.items()) {
    if (name.starts_with("safetensors/")) continue;
    INFO(name);
    // The valid ones are no images either: too few, or of another shape.
    CHECK_THROWS_AS(load_images({.data = "interop/" + name}), DataError);
    CHECK_THROWS_WITH(load_images({.data = "interop/" + name}), Contains(name));
    if (entry["expect"] == "reject") ++tried;
  }
  CHECK(tried > 25);
}

TEST_CASE("missing files of a set are told with names, sizes, sums and the command") {
  const TemporaryFolder folder;
  const CurrentFolder here(folder / "");
  const Variable home("DIMWISE_DATA", "/no/where");
  std::map<std::string, std::string> messages;
  for (size_t i = 1; i < image_set_names().size(); ++i) {
    const std::string& name = image_set_names()[i];
    CHECK_THROWS_AS(load_images({.data = name}), DataError);
    try {
      load_images({.data = name});
    } catch (const DataError& error) {
      messages[name] = error.what();
      CHECK(exit_code(error) == 3);
    }
    CHECK_THAT(messages[name], Contains("scripts/fetch-data.sh " + name + " --from DIR"));
  }
  for (const StandardFile& f : standard_files())
    if (messages.contains(f.set))
      CHECK_THAT(messages[f.set], Contains(f.path + ", " + std::to_string(f.bytes) + " bytes, SHA-256 " + f.sha256) &&
                                      Contains("\n  /no/where/" + f.path) && Contains("\n  data/" + f.path));
  CHECK(messages.size() == 3);
  CHECK_THAT(messages["mnist"], Contains("run scripts/fetch-data.sh mnist; or"));
  CHECK_THAT(messages["omniglot"], Contains("no public address has them"));
  CHECK_THROWS_AS(load_images({.data = "minst"}), DataError);
  CHECK_THROWS_WITH(load_images({.data = "minst"}),
                    Contains("no file 'minst'. Tried: minst, /no/where/minst. Built in: strokes; or give mnist"));
}

TEST_CASE("a file of a set that holds something else is not used") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "mnist");
  for (const char* name : {"train", "t10k"})
    write_text(folder / "mnist/" + name + "-images-idx3-ubyte.gz", numbered(100));
  const Variable home("DIMWISE_DATA", (folder / "").c_str());
  CHECK_THROWS_AS(load_images({.data = "mnist"}), DataError);
  CHECK_THROWS_WITH(load_images({.data = "mnist"}),
                    Contains("has shape (100, 2, 3), not that of mnist, (60000, 28, 28)") &&
                        Contains("run scripts/fetch-data.sh mnist"));
}

TEST_CASE("MNIST is 50,000, 10,000 and 10,000 images, the last of training for validation") {
  const std::string data = optional_data("mnist");
  if (data.empty()) return;
  const Images images = load_images({.data = "mnist", .validation_images = 20});
  CHECK(images.train.shape() == Shape{50000, 784});
  CHECK(images.validation.shape() == Shape{20, 784});
  CHECK(images.test.shape() == Shape{10000, 784});
  const Tensor raw = load_idx(data + "/train-images-idx3-ubyte.gz");
  const auto gray = raw.data<float>();
  const auto train = images.train.data<float>(), drawn = images.validation.data<float>();
  CHECK(std::equal(train.begin(), train.end(), gray.begin(), [](float a, float b) { return a == b / 255; }));
  // Where the gray is black or white, the drawn pixel is too.
  int64_t decided = 0, right = 0;
  for (size_t i = 0; i < drawn.size(); ++i) {
    const float v = gray[50000 * 784 + i];
    if (v != 0 && v != 255) continue;
    ++decided;
    if (drawn[i] == v / 255) ++right;
  }
  CHECK(decided > 10000);
  CHECK(right == decided);
}

TEST_CASE("Omniglot is 23,000, 1,345 and 8,070 images") {
  if (optional_data("omniglot").empty()) return;
  const Images images = load_images({.data = "omniglot"});
  CHECK(images.train.shape() == Shape{23000, 784});
  CHECK(images.validation.shape() == Shape{1345, 784});
  CHECK(images.test.shape() == Shape{8070, 784});
  CHECK(intensities(images.train));
  CHECK(only(images.validation, {0, 1}));
  CHECK(only(images.test, {0, 1}));
  CHECK(mean(images.train).item() == Approx(0.0805).margin(2e-4));
  CHECK(mean(images.test).item() == Approx(0.0805).margin(1e-3));
}

TEST_CASE("Caltech silhouettes are 4,100, 2,264 and 2,307 images of 0 and 1, as they are") {
  const std::string data = optional_data("caltech101_silhouettes");
  if (data.empty()) return;
  const Images images = load_images({.data = "caltech"});
  CHECK(images.train.shape() == Shape{4100, 784});
  for (const auto& [part, name] : {std::pair(images.train, "train"), {images.validation, "val"}, {images.test, "test"}})
    CHECK(part.values() == load_idx(data + "/caltech101sil28-" + name + "-images-idx3-ubyte.gz").values());
}

TEST_CASE("the Frey faces are a file of one's own") {
  if (optional_data("freyfaces").empty()) return;
  const Images a = load_images({.data = "freyfaces/freyfaces-images-idx3-ubyte.gz", .seed = 123}),
               b = load_images({.data = "freyfaces/freyfaces.npy", .seed = 123});
  CHECK(a.height == 28);
  CHECK(a.width == 20);
  CHECK(a.train.shape() == Shape{1571, 560});
  CHECK(a.validation.dim(0) == 197);
  CHECK(a.test.dim(0) == 197);
  CHECK(same(a.train, b.train));
  CHECK(same(a.test, b.test));
}

}  // namespace dimwise::vae_images_tests
