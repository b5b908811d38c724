#include "apps/cnf/saved_run.hpp"

#include <nlohmann/json.hpp>

namespace dimwise::app {

DataSettings data_settings(const SavedModel& saved, const std::string& other) {
  try {
    const auto j = nlohmann::json::parse(saved.metadata.at("data"));
    DataSettings s;
    j.at("data").get_to(s.data);
    j.at("transform").get_to(s.transform);
    j.at("validation").get_to(s.validation);
    j.at("test").get_to(s.test);
    j.at("seed").get_to(s.seed);
    if (!other.empty()) s.data = other;
    return s;
  } catch (const std::exception& e) {
    fail<CheckpointError>("model", saved.path, " does not tell its data: ", e.what());
  }
}

}  // namespace dimwise::app
