#include "apps/common/run/checkpoint.hpp"

#include <unistd.h>

#include <filesystem>

#include "apps/common/cli/common_flags.hpp"
#include "apps/common/run/saved_settings.hpp"
#include "nn/io/safetensors.hpp"
#include "tests/fuzz/fuzz.hpp"

// Whatever is in a checkpoint, its settings are set or refused.
DIMWISE_FUZZ(bytes) {
  using namespace dimwise;
  static const std::string path = std::filesystem::temp_directory_path() / ("dimwise-fuzz-" + std::to_string(getpid()));
  // With its checksum, which is otherwise all that is read.
  const SafeTensors file = parse_safetensors(bytes);
  app::save_checkpoint(path, file.tensors, file.metadata);
  app::CommonFlags flags;
  app::Command command("dimwise-fuzz", "train", "");
  app::add_seed(command, flags.seed);
  app::add_batch_size(command, flags.batch_size);
  app::add_lr(command, flags);
  app::restore_settings(command, app::load_checkpoint(path));
}
