#include "apps/common/data/dates.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

#include "autodiff/base/error.hpp"

namespace dimwise::app {

namespace {

// Seconds since 1970, in two parts that keep all digits.
struct Instant {
  int64_t seconds = 0;
  double fraction = 0;
  bool clock = false;  // whether it has a time of day
};

// Takes numbers of fixed width and marks off a text; `good` turns false where they are missing.
struct Scanner {
  std::string_view rest;
  bool good = true;

  bool next_is(std::string_view marks) const { return !rest.empty() && marks.find(rest[0]) != std::string_view::npos; }
  char mark(std::string_view marks) {
    good = good && next_is(marks);
    if (!good) return '\0';
    const char c = rest[0];
    rest.remove_prefix(1);
    return c;
  }
  int number(size_t width) {
    int value = 0;
    for (size_t i = 0; i < width && good; ++i) {
      const char c = mark("0123456789");
      value = 10 * value + (c - '0');
    }
    return good ? value : 0;
  }
};

int64_t days_since_1970(int year, int month, int day, bool& good) {
  using namespace std::chrono;
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  good = good && date.ok();
  return good ? sys_days(date).time_since_epoch().count() : 0;
}

void read_clock(Scanner& s, Instant& at) {
  at.clock = true;
  const int hour = s.number(2);
  s.mark(":");
  const int minute = s.number(2);
  int second = 0;
  if (s.next_is(":")) {
    s.mark(":");
    second = s.number(2);
    double digit = 0.1;
    if (s.next_is(".,"))
      for (s.mark(".,"); s.next_is("0123456789"); digit /= 10) at.fraction += digit * s.number(1);
  }
  s.good = s.good && hour < 24 && minute < 60 && second <= 60;
  at.seconds += 3600 * hour + 60 * minute + second;
  if (s.next_is("Zz")) {
    s.mark("Zz");
  } else if (s.next_is("+-")) {
    const int sign = s.mark("+-") == '+' ? 1 : -1, hours = s.number(2);
    if (s.next_is(":")) s.mark(":");
    const int minutes = s.rest.empty() ? 0 : s.number(2);
    at.seconds -= sign * (3600 * hours + 60 * minutes);
  }
}

std::optional<Instant> instant(std::string_view text) {
  Scanner s{text};
  const int year = s.number(4);
  const bool basic = !s.next_is("-/");
  const char between = basic ? '\0' : s.mark("-/");
  const int month = s.number(2);
  const bool of_month = between == '-' && s.rest.empty();
  if (!basic && !of_month) s.mark(std::string_view(&between, 1));
  const int day = of_month ? 1 : s.number(2);
  Instant at{.seconds = 86400 * days_since_1970(year, month, day, s.good)};
  if (s.good && s.next_is("T ")) {
    s.mark("T ");
    read_clock(s, at);
  }
  if (!s.good || !s.rest.empty()) return std::nullopt;
  return at;
}

}  // namespace

DateTimes date_times(const std::vector<std::string>& dates, const std::string& what) {
  std::vector<Instant> all;
  for (size_t i = 0; i < dates.size(); ++i) {
    const std::optional<Instant> at = instant(dates[i]);
    if (!at)
      fail<DataError>("data", what, ": '", dates[i], "' in row ", i + 1,
                      " is neither a number nor a date of ISO 8601. Write dates as 2024-03-31 or 2024-03-31T08:30:00.");
    all.push_back(*at);
  }
  const auto earlier = [](const Instant& a, const Instant& b) {
    return a.seconds != b.seconds ? a.seconds < b.seconds : a.fraction < b.fraction;
  };
  const auto first = std::min_element(all.begin(), all.end(), earlier);
  const bool clock = std::any_of(all.begin(), all.end(), [](const Instant& at) { return at.clock; });
  DateTimes times{{}, clock ? "seconds" : "days", dates[static_cast<size_t>(first - all.begin())]};
  for (const Instant& at : all) {
    const double seconds = static_cast<double>(at.seconds - first->seconds) + (at.fraction - first->fraction);
    times.since.push_back(clock ? seconds : seconds / 86400);
  }
  return times;
}

}  // namespace dimwise::app
