#pragma once

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "tests/apps/common/temporary_folder.hpp"

namespace dimwise::app {

// Sanitizers reserve more addresses than a limit of memory leaves.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

inline constexpr rlim_t mebibyte = 1 << 20;

// How a process ended: its exit code, or 128 + the signal that killed it with `killed` set; and what it wrote.
struct Ended {
  int code = 0;
  bool killed = false;
  std::string out, err;
};

struct Surroundings {
  std::map<std::string, std::string> environment = {};
  std::string standard_input = "";   // a file
  std::string standard_output = "";  // a file instead of Ended::out
  rlim_t largest_file = 0;           // bytes; 0 for no limit
  rlim_t memory = 0;                 // bytes of address space; 0 for no limit
  std::string current_folder = "";   // another than the test's
  bool unprivileged = false;         // as the user "nobody", if the test is root
};

// A running executable, with stdout and stderr going to files. It is killed with the object.
class Process {
 public:
  Process(const std::string& executable, const std::vector<std::string>& words, const Surroundings& around = {}) {
    std::vector<char*> argv{const_cast<char*>(executable.c_str())};
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const std::string out = around.standard_output.empty() ? folder_ / "out" : around.standard_output;
    const std::string err = folder_ / "err";
    id_ = fork();
    if (id_ != 0) return;
    if (!around.standard_input.empty()) dup2(open(around.standard_input.c_str(), O_RDONLY), STDIN_FILENO);
    dup2(open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
    dup2(open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
    setenv("TERM", "xterm", 1);
    for (const char* name : {"NO_COLOR", "DIMWISE_DATA"}) unsetenv(name);
    for (const auto& [name, value] : around.environment) setenv(name.c_str(), value.c_str(), 1);
    if (!around.current_folder.empty() && chdir(around.current_folder.c_str()) != 0) _exit(126);
    if (around.unprivileged && geteuid() == 0) {
      constexpr unsigned nobody = 65534;
      if (setgroups(0, nullptr) != 0 || setgid(nobody) != 0 || setuid(nobody) != 0) _exit(126);
    }
    if (around.largest_file > 0) {
      const rlimit limit{around.largest_file, around.largest_file};
      setrlimit(RLIMIT_FSIZE, &limit);
      ::signal(SIGXFSZ, SIG_IGN);  // so that the write fails, as on a full disk
    }
    if (around.memory > 0) {
      const rlimit limit{around.memory, around.memory};
      setrlimit(RLIMIT_AS, &limit);
    }
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~Process() {
    if (running()) {
      send(SIGKILL);
      wait();
    }
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const { kill(id_, signal); }

  bool running() {
    if (!ended_ && waitpid(id_, &status_, WNOHANG) == id_) ended_ = true;
    return !ended_;
  }

  // Waits until it has printed a text to stderr. False if it ended before.
  bool prints(const std::string& text) {
    while (running()) {
      if (read_text(folder_ / "err").find(text) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }

  Ended wait() {
    if (!ended_) waitpid(id_, &status_, 0);
    ended_ = true;
    Ended e;
    e.killed = WIFSIGNALED(status_);
    e.code = e.killed ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
    e.out = read_text(folder_ / "out");
    e.err = read_text(folder_ / "err");
    return e;
  }

 private:
  TemporaryFolder folder_;
  pid_t id_ = 0;
  int status_ = 0;
  bool ended_ = false;
};

inline void pause_seconds(double seconds) { std::this_thread::sleep_for(std::chrono::duration<double>(seconds)); }

}  // namespace dimwise::app
