#pragma once

#include "apps/cnf/data/dataset.hpp"
#include "apps/cnf/model.hpp"

namespace dimwise::app {

/// The data a saved model was trained on, with the same split; or `other`, if not empty. Throws CheckpointError.
DataSettings data_settings(const SavedModel& saved, const std::string& other = "");

}  // namespace dimwise::app
