#include <CLI/CLI.hpp>
#include <iostream>
#include <new>
#include <stdexcept>

#include "apps/common/cli/cli.hpp"
#include "apps/common/cli/completion.hpp"
#include "apps/common/cli/config_file.hpp"
#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/help.hpp"
#include "apps/common/cli/man_page.hpp"
#include "apps/common/cli/suggest.hpp"

namespace dimwise::app {
namespace {

// Reads the command line by CLI11.
class Parser {
 public:
  explicit Parser(const App& app) : app_(app), root_(app.summary(), app.name()) {
    root_.set_version_flag("--version", app.name() + " " DIMWISE_VERSION);
    root_.set_help_flag("-h,--help");
    root_.add_option("--completion", completion_);
    root_.add_flag("--man", man_);
    for (const auto& command : app.commands()) add(command);
  }

  // The command to run, with its settings read; null after --help and other texts.
  const Command* parse(int argc, const char* const* argv) {
    try {
      root_.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
      const Command* command = chosen();
      std::cout << (command ? help(*command, help_width()) : help(app_, help_width()));
      return nullptr;
    } catch (const CLI::CallForVersion& version) {
      std::cout << version.what() << '\n';
      return nullptr;
    } catch (const CLI::ExtrasError&) {
      unexpected(root_.remaining(true).front());
    } catch (const CLI::ParseError& error) {
      fail<UsageError>("command line", error.what(), ". ", advice());
    }
    const Command* command = chosen();
    if (!command && !completion_.empty()) {
      if (completion_ != "bash")
        fail<UsageError>("--completion", "is for bash, not \"", completion_, "\". Give --completion bash.");
      std::cout << bash_completion(app_);
      return nullptr;
    }
    if (!command && man_) {
      std::cout << man_page(app_);
      return nullptr;
    }
    if (!command) fail<UsageError>("command line", "needs a command. ", advice());
    if (!config_.empty()) read_file(*command);
    return command;
  }

 private:
  void add(const Command& command) {
    CLI::App* parser = root_.add_subcommand(command.name(), command.summary());
    parser->set_help_flag("-h,--help");
    parser->add_option("--config", config_);
    for (const auto& setting : command.settings()) {
      const auto read = [&setting](const CLI::results_t& words) {
        if (words.size() > 1) fail<UsageError>(("--" + setting.name).c_str(), "is given more than once. Give it once.");
        const bool bare = words.back().empty() && !setting.bare.empty();
        setting.read("--" + setting.name, bare ? setting.bare : words.back());
        return true;
      };
      const std::string names = "--" + setting.name + (setting.positional ? "," + setting.name : "");
      auto* option = parser->add_option(names, CLI::callback_t(read));
      option->type_name("value")->expected(setting.bare.empty() ? 1 : 0, 1);
      option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    }
  }

  const Command* chosen() const {
    for (const auto& command : app_.commands())
      if (root_.got_subcommand(command.name())) return &command;
    return nullptr;
  }

  std::string advice() const {
    const Command* command = chosen();
    return "See " + app_.name() + (command ? " " + command->name() : "") + " --help.";
  }

  static std::vector<std::string> names(const Command& command, const std::string& dashes) {
    std::vector<std::string> all;
    for (const auto& setting : command.settings()) all.push_back(dashes + setting.name);
    return all;
  }

  [[noreturn]] void unexpected(const std::string& word) const {
    const Command* command = chosen();
    std::vector<std::string> known;
    if (command) known = names(*command, "--");
    if (!command)
      for (const auto& each : app_.commands()) known.push_back(each.name());
    const std::string guess = did_you_mean(word.substr(0, word.find('=')), known);
    fail<UsageError>("command line", "does not know \"", word, "\". ", guess, guess.empty() ? "" : " ", advice());
  }

  void read_file(const Command& command) {
    const CLI::App* parser = root_.get_subcommand(command.name());
    for (const auto& line : read_config(config_)) {
      const std::string where = config_ + ":" + std::to_string(line.line);
      const Setting* setting = nullptr;
      for (const auto& each : command.settings())
        if (each.name == line.key) setting = &each;
      if (!setting)
        fail<UsageError>(where.c_str(), "unknown key \"", line.key, "\". ", did_you_mean(line.key, names(command, "")));
      if (parser->count("--" + line.key) == 0) setting->read(where + ": " + line.key, line.value);
    }
  }

  const App& app_;
  CLI::App root_;
  std::string config_, completion_;
  bool man_ = false;
};

constexpr const char* smaller = " Take a smaller --batch-size or model.\n";

}  // namespace

int run_app(const App& app, int argc, const char* const* argv) {
  try {
    const Command* command = Parser(app).parse(argc, argv);
    if (command) command->body()(*command);
    std::cout.flush();
    if (!std::cout) fail<Error>("stdout", "cannot be written. Is the disk full?");
    return 0;
  } catch (const Interrupted& stop) {
    std::cerr << app.name() << ": interrupted: " << stop.what() << '\n';
    return exit_code(stop);
  } catch (const MemoryError& error) {
    std::cerr << app.name() << ": error: out of memory: " << error.what() << smaller;
    return exit_code(error);
  } catch (const std::bad_alloc& error) {
    std::cerr << app.name() << ": error: out of memory." << smaller;
    return exit_code(error);
  } catch (const std::length_error& error) {
    std::cerr << app.name() << ": error: out of memory: a number is too large." << smaller;
    return exit_code(error);
  } catch (const std::exception& error) {
    std::cerr << app.name() << ": error: " << error.what() << '\n';
    return exit_code(error);
  }
}

}  // namespace dimwise::app
