#pragma once

#include <string>
#include <vector>

namespace dimwise::app {

/// Times since the first of some dates.
struct DateTimes {
  std::vector<double> since;  ///< the earliest date; in `unit`
  std::string unit, start;    ///< "days" if no date has a time of day, "seconds" otherwise; the earliest date
};

/// Reads dates as ISO 8601 writes them: 2024-03-31, 2024/03/31, 20240331 or 2024-03, and 2024-03-31T08:30:00.25 or with
/// a space, with or without seconds and a zone Z or +02:00. Dates without a zone are in UTC.
///
/// Throws DataError, with `what`, for the first that is none.
///
/// Example: `date_times({"2024-02-28", "2024-03-01"}, "x.csv: column date").since` is {0, 2}
DateTimes date_times(const std::vector<std::string>& dates, const std::string& what);

}  // namespace dimwise::app
