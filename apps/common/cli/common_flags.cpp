#include "apps/common/cli/common_flags.hpp"

#include <algorithm>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/lists.hpp"

namespace dimwise::app {

void add_seed(Command& command, int64_t& seed) {
  command.add("seed", seed, "seed of every random stream: the same seed gives the same run", not_negative);
}

void add_steps(Command& command, CommonFlags& flags) {
  command.add("steps", flags.steps, "total number of optimizer steps", at_least_one).not_in_checkpoint();
  command
      .add(
          "minutes", flags.minutes,
          "train for this long instead of --steps; 0 for steps. What depends on the share of the training that is done "
          "then follows the clock, so that a run cannot be repeated bit for bit",
          not_negative)
      .not_in_checkpoint();
}

void add_batch_size(Command& command, int64_t& batch_size) {
  command.add("batch-size", batch_size, "examples in one step", at_least_one);
}

Setting& add_threads(Command& command, CommonFlags& flags, const std::string& help) {
  return command.add("threads", flags.threads, help, Range{.min = 1, .max = 256});
}

void add_lr(Command& command, CommonFlags& flags) {
  command.add("lr", flags.lr, "learning rate of the optimizer", positive);
}

void add_dtype(Command& command, DType& dtype) {
  command.add_choice("dtype", dtype, std::vector{DType::float32, DType::float64},
                     "precision of data, weights and solver");
}

void add_data(Command& command, std::string& data, const std::string& help) {
  command.add("data", data, help).placeholder = "NAME|PATH";
}

void add_out(Command& command, CommonFlags& flags) {
  command.add("out", flags.out, "folder of the run: configuration, metrics, log, checkpoints, figures")
      .not_in_checkpoint()
      .placeholder = "DIR";
}

void add_run(Command& command, CommonFlags& flags) {
  command.section("Run");
  add_out(command, flags);
  Setting& resume = command.add(
      "resume", flags.resume,
      "continue a run from a checkpoint, from a run folder, or from the newest checkpoint in --out (auto, the "
      "default of the flag without a value), which starts a new run if --out has none");
  resume.placeholder = "auto|PATH";
  resume.bare = "auto";
  resume.saved = resume.in_checkpoint = false;
  Setting& overwrite = command.add("overwrite", flags.overwrite, "delete the run that --out holds");
  overwrite.saved = overwrite.in_checkpoint = false;
  command
      .add("checkpoint-every", flags.checkpoint_every, "steps between checkpoints; the last two are kept", at_least_one)
      .not_in_checkpoint();
  add_verbosity(command, flags);
  add_json(command, flags);
}

void add_log_every(Command& command, CommonFlags& flags) {
  command.add("log-every", flags.log_every, "steps between lines of metrics.jsonl", at_least_one).not_in_checkpoint();
}

void add_eval_every(Command& command, CommonFlags& flags) {
  command.add("eval-every", flags.eval_every, "steps between evaluations on held-out data", at_least_one)
      .not_in_checkpoint();
}

void add_verbosity(Command& command, CommonFlags& flags) {
  command.add("quiet", flags.quiet, "print only errors and results").not_in_checkpoint();
  command.add("verbose", flags.verbose, "print more details").not_in_checkpoint();
  add_progress(command, flags);
}

void add_progress(Command& command, CommonFlags& flags) {
  command.add("no-progress", flags.no_progress, "print no progress line").not_in_checkpoint();
}

void add_debug_nans(Command& command, CommonFlags& flags) {
  command
      .add("debug-nans", flags.debug_nans,
           "stop at the first op that produces a NaN or an infinity, and name it (slow)")
      .not_in_checkpoint();
}

void add_json(Command& command, CommonFlags& flags) {
  command.add("json", flags.json, "print results as one JSON object").not_in_checkpoint();
}

void add_figures(Command& command, CommonFlags& flags) {
  std::vector<std::string> words;
  for (const Format format : picture_formats()) words.emplace_back(name(format));
  const auto text = std::make_shared<std::string>();
  for (const Format format : flags.figures.formats) *text += (text->empty() ? "" : ",") + std::string(name(format));
  Setting& formats = command.add("format", *text, "formats of the figures: png, svg, pdf, or several, as png,pdf");
  formats.placeholder = "LIST";
  formats.read = [&figures = flags.figures, text, words](const std::string& where, const std::string& given) {
    std::vector<Format> read;
    for (std::string word : words_of(given)) {
      make_choice("", word, words, "").read(where, word);
      read.push_back(
          picture_formats()[static_cast<size_t>(std::find(words.begin(), words.end(), word) - words.begin())]);
    }
    if (read.empty()) fail<UsageError>(where.c_str(), "is empty. Give formats, as png or png,pdf.");
    figures.formats = read;
    *text = given;
  };
  formats.not_in_checkpoint();
  command
      .add("dpi", flags.figures.dpi, "pixels of PNG in an inch; text and lines grow with it",
           Range{.min = 20, .max = 1200})
      .not_in_checkpoint();
}

}  // namespace dimwise::app
