#include "apps/common/cli/exit_code.hpp"

namespace dimwise::app {

int exit_code(const std::exception& error) {
  const auto is = [&](auto* type) { return dynamic_cast<decltype(type)>(&error) != nullptr; };
  if (const auto* interrupted = dynamic_cast<const Interrupted*>(&error)) return 128 + interrupted->signal();
  if (is(static_cast<const UsageError*>(nullptr))) return 2;
  if (is(static_cast<const DataError*>(nullptr))) return 3;
  if (is(static_cast<const SolverError*>(nullptr)) || is(static_cast<const Diverged*>(nullptr))) return 4;
  if (is(static_cast<const CheckpointError*>(nullptr))) return 5;
  return 1;
}

}  // namespace dimwise::app
