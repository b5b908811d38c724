#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dimwise {

/// The number that the whole cell represents, including infinities: as Python writes it with this decimal mark, also
/// with a Fortran exponent (1.5D+03) and with a Unicode minus. None for anything else, and outside the range of double.
std::optional<double> parse_number(std::string_view text, char decimal = '.');

/// Whether a cell is one of the words for a missing value. The word "usual" stands for all of `usual_missing_words()`;
/// an empty cell is always missing. Letters may be upper or lower case; numbers are compared as numbers.
bool says_missing(std::string_view text, const std::vector<std::string>& words = {"usual"});

/// Words by which programs mark a missing value: NA, NaN, null, None, -, ., ?, #N/A, 1.#QNAN …
const std::vector<std::string_view>& usual_missing_words();

/// What a cell is that is meant as a number, but is not a plain one, as "an amount of money"; empty for other text.
std::string odd_number(std::string_view text, char decimal = '.');

/// Whether a comma in the cell can mark decimals or thousands: 1,234.
bool may_be_thousands(std::string_view text);

}  // namespace dimwise
