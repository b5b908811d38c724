#include "nn/io/npz.hpp"

#include <zip.h>

#include <algorithm>
#include <memory>

#include "autodiff/base/error.hpp"
#include "nn/io/npy.hpp"

namespace dimwise {

namespace {

// Deflate's best ratio is 258 bytes for two bits.
constexpr uint64_t deflate_limit = 1032;
constexpr std::string_view suffix = ".npy";

struct ZipError {
  zip_error_t error;
  ZipError() { zip_error_init(&error); }
  ZipError(const ZipError&) = delete;
  ZipError& operator=(const ZipError&) = delete;
  ~ZipError() { zip_error_fini(&error); }
  const char* text() { return zip_error_strerror(&error); }
};
using Archive = std::unique_ptr<zip_t, decltype(&zip_discard)>;
using Source = std::unique_ptr<zip_source_t, decltype(&zip_source_free)>;

/// Opens the archive in `source`, and transfers ownership of the source to it.
Archive open(Source& source, int flags, const std::string& name) {
  ZipError error;
  Archive archive(zip_open_from_source(source.get(), flags, &error.error), &zip_discard);
  if (!archive) bad_file("npz", name, "not a readable zip archive: ", error.text(), ".");
  (void)source.release();
  return archive;
}

zip_stat_t checked_stat(zip_t* archive, zip_uint64_t index, const std::string& name, uint64_t& compressed_left) {
  zip_stat_t stat;
  if (zip_stat_index(archive, index, 0, &stat) != 0) bad_file("npz", name, zip_strerror(archive), ".");
  constexpr zip_uint64_t wanted = ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
  if ((stat.valid & wanted) != wanted) bad_file("npz", name, "member ", index, " has no name or size.");
  if (stat.comp_method != ZIP_CM_STORE && stat.comp_method != ZIP_CM_DEFLATE)
    bad_file("npz", name, "member '", stat.name, "' is compressed with method ", stat.comp_method,
             "; only deflate is supported.");
  if (stat.comp_size > compressed_left)
    bad_file("npz", name, "member '", stat.name,
             "' and those before it declare more compressed bytes than the file has.");
  compressed_left -= stat.comp_size;
  if (stat.size > stat.comp_size * (stat.comp_method == ZIP_CM_STORE ? 1 : deflate_limit))
    bad_file("npz", name, "member '", stat.name, "' declares ", stat.size, " bytes in ", stat.comp_size,
             " compressed bytes.");
  return stat;
}

Bytes read_member(zip_t* archive, zip_uint64_t index, const zip_stat_t& stat, const std::string& name) {
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(zip_fopen_index(archive, index, 0), &zip_fclose);
  if (!file) bad_file("npz", name, "member '", stat.name, "': ", zip_strerror(archive), ".");
  Bytes bytes;
  // The buffer grows with the data read, so that a wrong size cannot cause a large allocation. The last read checks the
  // CRC.
  for (bool more = true; more;) {
    const size_t done = bytes.size();
    bytes.resize(std::min<size_t>(stat.size, std::max<size_t>(size_t{1} << 16, 2 * done)));
    std::byte extra;
    const bool full = bytes.size() == done;
    const zip_int64_t got = zip_fread(file.get(), full ? &extra : bytes.data() + done, full ? 1 : bytes.size() - done);
    if (got < 0) bad_file("npz", name, "member '", stat.name, "': ", zip_file_strerror(file.get()), ".");
    if (full ? got > 0 : got == 0)
      bad_file("npz", name, "member '", stat.name, "' has ", full ? "more" : "fewer", " bytes than the ", stat.size,
               " it declares.");
    if (!full) bytes.resize(done + static_cast<size_t>(got));
    more = !full;
  }
  return bytes;
}

/// Adds a member, uncompressed; `npy` must outlive the archive.
void add_member(zip_t* archive, const std::string& key, const Bytes& npy, const std::string& name) {
  if (key.find('\0') != std::string::npos) fail<ValueError>("npz", "a name contains a zero byte.");
  ZipError error;
  Source data(zip_source_buffer_create(npy.data(), npy.size(), 0, &error.error), &zip_source_free);
  if (!data) bad_file("npz", name, error.text(), ".");
  const zip_int64_t added = zip_file_add(archive, (key + std::string(suffix)).c_str(), data.get(), ZIP_FL_ENC_UTF_8);
  if (added < 0)
    fail<ValueError>("npz", "cannot store an array under the name '", key, "': ", zip_strerror(archive), ".");
  (void)data.release();
  const auto index = static_cast<zip_uint64_t>(added);
  constexpr zip_uint16_t date = 1 << 5 | 1;  // 1980-01-01 for all, so that equal tensors give equal files
  if (zip_set_file_compression(archive, index, ZIP_CM_STORE, 0) != 0 ||
      zip_file_set_dostime(archive, index, 0, date, 0) != 0)
    bad_file("npz", name, zip_strerror(archive), ".");
}

}  // namespace

std::map<std::string, Tensor> parse_npz(BytesView bytes, const std::string& name,
                                        const std::vector<std::string>& names) {
  if (bytes.size() < 22) bad_file("npz", name, "not a zip archive: it has ", bytes.size(), " bytes.");
  ZipError error;
  Source source(zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error.error), &zip_source_free);
  if (!source) bad_file("npz", name, error.text(), ".");
  const Archive archive = open(source, ZIP_RDONLY | ZIP_CHECKCONS, name);
  std::map<std::string, Tensor> arrays;
  uint64_t compressed_left = bytes.size();
  for (zip_int64_t i = 0, n = zip_get_num_entries(archive.get(), 0); i < n; ++i) {
    const auto index = static_cast<zip_uint64_t>(i);
    const zip_stat_t stat = checked_stat(archive.get(), index, name, compressed_left);
    std::string key = stat.name;
    std::string member = name;
    member.append(": member '").append(key).append("'");
    if (key.size() < suffix.size() || key.compare(key.size() - suffix.size(), suffix.size(), suffix) != 0)
      bad_file("npz", member, "its name does not end in .npy.");
    key.resize(key.size() - suffix.size());
    if (!names.empty() && std::find(names.begin(), names.end(), key) == names.end()) continue;
    if (!arrays.emplace(key, parse_npy(read_member(archive.get(), index, stat, name), member)).second)
      bad_file("npz", member, "is duplicated.");
  }
  return arrays;
}

std::map<std::string, Tensor> load_npz(const std::string& path, const std::vector<std::string>& names) {
  return parse_npz(read_file(path), path, names);
}

void save_npz(const std::string& path, const std::map<std::string, Tensor>& arrays) {
  // libzip does not write an archive without members: it consists of the end record of the directory alone.
  if (arrays.empty()) return write_atomically(path, as_bytes("PK\5\6" + std::string(18, '\0')));
  ZipError error;
  Source target(zip_source_buffer_create(nullptr, 0, 0, &error.error), &zip_source_free);
  if (!target) bad_file("npz", path, error.text(), ".");
  zip_source_keep(target.get());  // one reference for the archive, one for reading what it wrote
  const Source written(target.get(), &zip_source_free);
  Archive archive = open(target, ZIP_CREATE | ZIP_TRUNCATE, path);
  std::vector<Bytes> members;
  members.reserve(arrays.size());
  for (const auto& [key, array] : arrays) {
    members.push_back(to_npy(array));
    add_member(archive.get(), key, members.back(), path);
  }
  if (zip_close(archive.get()) != 0) bad_file("npz", path, zip_strerror(archive.get()), ".");
  (void)archive.release();

  zip_stat_t stat;
  if (zip_source_stat(written.get(), &stat) != 0 || zip_source_open(written.get()) != 0)
    bad_file("npz", path, zip_error_strerror(zip_source_error(written.get())), ".");
  Bytes bytes(stat.size);
  const zip_int64_t got = zip_source_read(written.get(), bytes.data(), bytes.size());
  zip_source_close(written.get());
  if (got < 0 || static_cast<size_t>(got) != bytes.size()) bad_file("npz", path, "the archive could not be written.");
  write_atomically(path, bytes);
}

}  // namespace dimwise
