#include "nn/io/bytes.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "autodiff/base/error.hpp"

namespace dimwise {

namespace {

std::string reason(int error) { return std::generic_category().message(error); }

struct Descriptor {
  int fd;
  explicit Descriptor(int descriptor) : fd(descriptor) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
  /// Closes the file. Returns the error, or 0.
  int close() {
    const int closing = fd;
    fd = -1;
    return ::close(closing) == 0 ? 0 : errno;
  }
};

/// Writes all bytes and syncs them to the disk. Returns the error, or 0.
int write_all(int fd, BytesView bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    if (written == 0) return ENOSPC;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return ::fsync(fd) == 0 ? 0 : errno;
}

/// The path with symbolic links resolved.
std::string resolved(const std::string& path) {
  struct stat link;
  if (::lstat(path.c_str(), &link) != 0 || !S_ISLNK(link.st_mode)) return path;
  const std::unique_ptr<char, decltype(&std::free)> target(::realpath(path.c_str(), nullptr), &std::free);
  if (!target) fail<DataError>("write", "cannot follow the symbolic link ", path, ": ", reason(errno), ".");
  return target.get();
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

/// Creates a new file, and stores its path in `path`.
int open_new(const std::string& folder, std::string& path) {
  static std::atomic<unsigned> count{0};
  for (;;) {
    path = folder + "/.tmp-" + std::to_string(::getpid()) + "-" + std::to_string(count++);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0 || (errno != EEXIST && errno != EINTR)) return fd;
  }
}

}  // namespace

Bytes read_file(const std::string& path) {
  // Without O_NONBLOCK, opening a pipe would block until there is a writer.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status;
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0)
    fail<DataError>("read", "cannot open ", path, ": ", reason(errno), ".");
  if (!S_ISREG(status.st_mode)) fail<DataError>("read", path, " is not a regular file.");
  Bytes bytes(static_cast<size_t>(status.st_size));
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t got = ::read(file.fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail<DataError>("read", "cannot read ", path, ": ", reason(errno), ".");
    if (got == 0)
      fail<DataError>("read", path, " shrank from ", bytes.size(), " to ", done, " bytes while being read.");
    done += static_cast<size_t>(got);
  }
  return bytes;
}

void write_atomically(const std::string& path, BytesView bytes) {
  const std::string target = resolved(path), folder = folder_of(target);
  struct stat status;
  if (::stat(target.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    fail<DataError>("write", path, " exists and is not a regular file. Choose another path.");
  std::string temporary;
  Descriptor file(open_new(folder, temporary));
  if (file.fd < 0)
    fail<DataError>("write", "cannot create a file in ", folder, " for ", path, ": ", reason(errno), ".");
  int error = write_all(file.fd, bytes);
  if (const int closing = file.close(); error == 0) error = closing;
  if (error == 0 && ::rename(temporary.c_str(), target.c_str()) != 0) error = errno;
  if (error != 0) {
    ::unlink(temporary.c_str());
    fail<DataError>("write", "cannot write ", bytes.size(), " bytes to ", path, ": ", reason(error),
                    ". An existing file of that name is unchanged.");
  }
  // The new name reaches the disk when its folder is synced; some file systems cannot sync folders and return EINVAL.
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.fd < 0 || (::fsync(directory.fd) != 0 && errno != EINVAL))
    fail<DataError>("write", path, " is written, but may be lost if the power fails: cannot sync ", folder, ": ",
                    reason(errno), ".");
}

}  // namespace dimwise
