// Built if SUNDIALS is not found.
#include "bench/cvode/cvode.hpp"

namespace dimwise::bench {

bool has_cvode() { return false; }
CvodeRun cvode(const CvodeProblem&, const std::string&, const std::string&, int64_t) { return {}; }

}  // namespace dimwise::bench
