#include "apps/common/run/evaluation.hpp"

#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/common/run/run_folder.hpp"
#include "nn/io/bytes.hpp"

namespace dimwise::app {

void report_evaluation(const CommonFlags& flags, const nlohmann::ordered_json& result, const std::string& text) {
  std::cout << (flags.json ? result.dump() + "\n" : text) << std::flush;
  write_result("eval", "--out",
               [&] { write_atomically(result_folder(flags.out) + "/eval.json", as_bytes(result.dump(2) + "\n")); });
}

}  // namespace dimwise::app
