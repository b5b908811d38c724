#include "apps/ode/formula.hpp"

#include <fmt/format.h>
#include <ginac/ginac.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "apps/common/cli/exit_code.hpp"
#include "apps/common/cli/suggest.hpp"
#include "ops/arithmetic.hpp"
#include "ops/elementwise.hpp"
#include "ops/layout.hpp"

namespace dimwise::app::ode {

namespace {

constexpr size_t longest_formula = 10000;
constexpr int deepest_formula = 100;

using Numbers = std::vector<std::pair<std::string, double>>;
// The value of a formula, where `values` are those of the components, then t.
using Value = std::function<Tensor(const std::vector<Tensor>& values)>;

// A formula's part. GiNaC's order of terms differs from run to run; their texts order them.
struct Part {
  std::string text = {};
  Value value = nullptr;
  std::optional<double> number = std::nullopt;  // a constant
};

const std::map<std::string, std::function<Tensor(const Tensor&)>>& functions() {
  static const std::map<std::string, std::function<Tensor(const Tensor&)>> all{
      {"sin", [](const Tensor& x) { return sin(x); }},
      {"cos", [](const Tensor& x) { return cos(x); }},
      {"tan", [](const Tensor& x) { return sin(x) / cos(x); }},
      {"sinh", [](const Tensor& x) { return 0.5 * (exp(x) - exp(-x)); }},
      {"cosh", [](const Tensor& x) { return 0.5 * (exp(x) + exp(-x)); }},
      {"tanh", [](const Tensor& x) { return tanh(x); }},
      {"exp", [](const Tensor& x) { return exp(x); }},
      {"log", [](const Tensor& x) { return log(x); }},
      {"abs", [](const Tensor& x) { return abs(x); }},
  };
  return all;
}

bool names_start(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_'; }
bool names_go_on(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string> parts_of(const std::string& text, const char* separators) {
  std::vector<std::string> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find_first_of(separators, begin), text.size());
    if (std::string part = trimmed(text.substr(begin, end - begin)); !part.empty()) parts.push_back(std::move(part));
    begin = end + 1;
  }
  return parts;
}

void check_name(const char* flag, const std::string& name, const std::vector<std::string>& taken) {
  const bool valid = !name.empty() && names_start(name[0]) && std::all_of(name.begin(), name.end(), names_go_on);
  const std::vector<std::string>& known = formula_functions();
  if (!valid || name == "t" || name == "Pi" || name == "I" ||
      std::find(known.begin(), known.end(), name) != known.end())
    fail<UsageError>(flag, "\"", name,
                     "\" is no name of its own. Use letters, digits and _, and not t, Pi, I or a function.");
  if (std::find(taken.begin(), taken.end(), name) != taken.end())
    fail<UsageError>(flag, name, " is given twice. Give it once.");
}

Numbers read_numbers(const char* flag, const std::string& text) {
  Numbers numbers;
  std::vector<std::string> taken;
  for (const std::string& part : parts_of(text, ",;")) {
    const size_t equal = part.find('=');
    const std::string name = trimmed(part.substr(0, equal)),
                      value = equal == std::string::npos ? "" : trimmed(part.substr(equal + 1));
    check_name(flag, name, taken);
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (value.empty() || error != std::errc() || end != value.data() + value.size() || !std::isfinite(number))
      fail<UsageError>(flag, "\"", part, "\" is not name=number, as x=2,y=0.");
    numbers.emplace_back(name, number);
    taken.push_back(name);
  }
  return numbers;
}

class Formulas {
 public:
  // `names`: the components, then t.
  Formulas(const std::vector<std::string>& names, const Numbers& parameters) {
    for (const std::string& name : names) {
      const GiNaC::symbol symbol(name);
      places_.emplace(symbol, order_.size());
      order_.push_back(name);
      table_[name] = symbol;
    }
    for (const auto& [name, number] : parameters) table_[name] = GiNaC::numeric(number);
    for (const auto& [signature, reader] : GiNaC::get_default_reader()) {
      const std::string& name = signature.first;
      const bool plain = functions().contains(name) && signature.second == 1;
      if (plain || (name == "sqrt" && signature.second == 1) || (name == "pow" && signature.second == 2))
        readers_[signature] = reader;
    }
  }

  Value read(const std::string& formula) {
    check_signs(formula);
    check_names(formula);
    const std::string text = with_decimal_points(formula);
    GiNaC::parser parser(table_, true, readers_);
    GiNaC::ex parsed;
    try {
      parsed = parser(text);
    } catch (const std::exception&) {
      fail<UsageError>("--field", "\"", formula,
                       "\" cannot be read or computed. Write numbers, names, + - * / ^, parentheses, ",
                       fmt::format("{}", fmt::join(formula_functions(), ", ")), '.');
    }
    formula_ = formula;
    Part part = made(parsed);
    if (!part.number) return part.value;
    return [number = *part.number](const std::vector<Tensor>& values) {
      return full(values[0].shape(), number, values[0].dtype());
    };
  }

 private:
  // Exact arithmetic with whole numbers could take forever, as for 9^9^9.
  static std::string with_decimal_points(const std::string& formula) {
    std::string text;
    for (size_t i = 0; i < formula.size();) {
      const bool starts = std::isdigit(static_cast<unsigned char>(formula[i])) || formula[i] == '.';
      if (!starts && !names_start(formula[i])) {
        text += formula[i++];
        continue;
      }
      size_t end = i;
      const auto exponent = [&] {
        return starts && (formula[end] == '+' || formula[end] == '-') &&
               (formula[end - 1] == 'e' || formula[end - 1] == 'E');
      };
      while (end < formula.size() && (names_go_on(formula[end]) || (starts && formula[end] == '.') || exponent()))
        ++end;
      const std::string word = formula.substr(i, end - i);
      text += word;
      if (std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c); })) text += ".0";
      i = end;
    }
    return text;
  }

  // Refuses what GiNaC takes for something else, x^-2*y for x^(-2*y), and what it cannot take: empty parentheses.
  static void check_signs(const std::string& formula) {
    constexpr std::string_view operators = "+-*/^";
    int depth = 0, deepest = 0;
    char before = '(';
    for (size_t i = 0; i < formula.size(); ++i) {
      const char c = formula[i];
      if (std::isspace(static_cast<unsigned char>(c))) continue;
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      deepest = std::max(deepest, depth);
      if ((c == '-' || c == '+') && operators.find(before) != std::string_view::npos)
        fail<UsageError>("--field", "\"", formula,
                         "\" has a sign after an operator. Put it in parentheses, as x^(-2).");
      if (before == '(' && c == ')') fail<UsageError>("--field", "\"", formula, "\" has empty parentheses.");
      before = c;
    }
    if (formula.size() > longest_formula || deepest > deepest_formula)
      fail<UsageError>("--field", "a formula has ", formula.size(), " characters and ", deepest,
                       " nested parentheses. At most ", longest_formula, " and ", deepest_formula, " are read.");
  }

  void check_names(const std::string& formula) const {
    for (size_t i = 0; i < formula.size();) {
      const bool after_digit = i > 0 && (names_go_on(formula[i - 1]) || formula[i - 1] == '.');
      if (!names_start(formula[i]) || after_digit) {
        ++i;
        continue;
      }
      size_t end = i;
      while (end < formula.size() && names_go_on(formula[end])) ++end;
      const std::string word = formula.substr(i, end - i);
      i = end;
      const std::vector<std::string>& known = formula_functions();
      if (table_.contains(word) || word == "Pi" || std::find(known.begin(), known.end(), word) != known.end()) continue;
      std::vector<std::string> names = known;
      for (const auto& [name, value] : table_) names.push_back(name);
      const std::string guess = word.size() > 1 ? did_you_mean(word, names) : "";
      fail<UsageError>("--field", "\"", formula, "\" has an unknown name, ", word, ". ", guess,
                       guess.empty() ? "" : " ", "Give parameters by --param ", word, "=1, components by --init.");
    }
  }

  Part constant(const GiNaC::ex& e) const {
    const GiNaC::ex value = e.evalf();
    if (!GiNaC::is_a<GiNaC::numeric>(value) || !GiNaC::ex_to<GiNaC::numeric>(value).is_real() ||
        !std::isfinite(GiNaC::ex_to<GiNaC::numeric>(value).to_double()))
      fail<UsageError>("--field", "\"", formula_, "\" has a constant that is not a finite real number.");
    const double number = GiNaC::ex_to<GiNaC::numeric>(value).to_double();
    return {
        .text = fmt::format("{}", number),
        .value =
            [number](const std::vector<Tensor>& values) { return full(values[0].shape(), number, values[0].dtype()); },
        .number = number};
  }

  Part made(const GiNaC::ex& e) const {
    if (GiNaC::is_a<GiNaC::numeric>(e) || GiNaC::is_a<GiNaC::constant>(e)) return constant(e);
    if (GiNaC::is_a<GiNaC::symbol>(e)) {
      const size_t place = places_.at(e);
      return {.text = order_[place], .value = [place](const std::vector<Tensor>& values) { return values[place]; }};
    }
    if (GiNaC::is_a<GiNaC::add>(e)) return sum(e);
    if (GiNaC::is_a<GiNaC::mul>(e)) return product(e);
    if (GiNaC::is_a<GiNaC::power>(e)) return power(e);
    if (GiNaC::is_a<GiNaC::function>(e)) {
      const std::string name = GiNaC::ex_to<GiNaC::function>(e).get_name();
      if (const auto known = functions().find(name); known != functions().end() && e.nops() == 1) {
        const Part of = made(e.op(0));
        return {.text = fmt::format("{}({})", name, of.text),
                .value = [f = known->second, x = of.value](const std::vector<Tensor>& values) { return f(x(values)); }};
      }
    }
    fail<UsageError>("--field", "\"", formula_, "\" contains what has no real value or derivative here.");
  }

  static bool before(const Part& a, const Part& b) { return a.text < b.text; }

  Part sum(const GiNaC::ex& e) const {
    std::vector<Part> terms;
    double number = 0;
    for (const GiNaC::ex& each : e) {
      Part part = made(each);
      if (part.number)
        number += *part.number;
      else
        terms.push_back(std::move(part));
    }
    std::sort(terms.begin(), terms.end(), before);
    std::string text = fmt::format("({}", number);
    for (const Part& term : terms) text += " + " + term.text;
    return {.text = text + ")", .value = [number, terms](const std::vector<Tensor>& values) {
              Tensor all = terms[0].value(values);
              for (size_t i = 1; i < terms.size(); ++i) all = all + terms[i].value(values);
              return number == 0 ? all : all + number;
            }};
  }

  Part product(const GiNaC::ex& e) const {
    std::vector<Part> above, below;
    double number = 1;
    for (const GiNaC::ex& each : e) {
      Part part = made(each);
      if (part.number)
        number *= *part.number;
      else if (const auto inverse = inverse_of(each))
        below.push_back(*inverse);
      else
        above.push_back(std::move(part));
    }
    std::string text = fmt::format("({}", number);
    for (std::vector<Part>* factors : {&above, &below}) {
      std::sort(factors->begin(), factors->end(), before);
      for (const Part& factor : *factors) text += (factors == &above ? " * " : " / ") + factor.text;
    }
    const auto all = [](const std::vector<Part>& factors, const std::vector<Tensor>& values) {
      Tensor product = factors[0].value(values);
      for (size_t i = 1; i < factors.size(); ++i) product = product * factors[i].value(values);
      return product;
    };
    return {.text = text + ")", .value = [=](const std::vector<Tensor>& values) {
              if (above.empty()) return number / all(below, values);
              const Tensor top = number == 1 ? all(above, values) : number * all(above, values);
              return below.empty() ? top : top / all(below, values);
            }};
  }

  // x^n of x^(−n), for a number n > 0.
  std::optional<Part> inverse_of(const GiNaC::ex& e) const {
    if (!GiNaC::is_a<GiNaC::power>(e)) return std::nullopt;
    const Part exponent = made(e.op(1));
    if (!exponent.number || *exponent.number >= 0) return std::nullopt;
    return positive_power(made(e.op(0)), -*exponent.number);
  }

  Part power(const GiNaC::ex& e) const {
    if (const auto inverse = inverse_of(e))
      return {.text = "(1 / " + inverse->text + ")",
              .value = [x = inverse->value](const std::vector<Tensor>& values) { return 1 / x(values); }};
    const Part base = made(e.op(0)), exponent = made(e.op(1));
    if (exponent.number) return positive_power(base, *exponent.number);
    return {.text = fmt::format("({} ^ {})", base.text, exponent.text),
            .value = [x = base.value, y = exponent.value](const std::vector<Tensor>& values) {
              return pow(x(values), y(values));
            }};
  }

  static Part positive_power(const Part& base, double n) {
    if (n == 1) return base;
    return {.text = fmt::format("({} ^ {})", base.text, n),
            .value = [x = base.value, n](const std::vector<Tensor>& values) {
              return n == 2 ? square(x(values)) : n == 0.5 ? sqrt(x(values)) : pow(x(values), n);
            }};
  }

  std::map<GiNaC::ex, size_t, GiNaC::ex_is_less> places_;
  std::vector<std::string> order_;
  GiNaC::symtab table_;
  GiNaC::prototype_table readers_;
  std::string formula_;  // for messages
};

}  // namespace

const std::vector<std::string>& formula_functions() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all{"sqrt", "pow"};
    for (const auto& [name, function] : functions()) all.push_back(name);
    std::sort(all.begin(), all.end());
    return all;
  }();
  return names;
}

OdeProblem formula_problem(const std::string& field, const std::string& start, const std::string& parameters) {
  std::vector<std::string> names, formulas, algebraic;
  for (const std::string& equation : parts_of(field, ";\n")) {
    const size_t equal = equation.find('=');
    const std::string left = trimmed(equation.substr(0, equal));
    if (equal == std::string::npos || (left != "0" && !left.ends_with('\'')))
      fail<UsageError>("--field", "\"", equation, "\" is no equation. Write x' = … for each component, or 0 = ….");
    (left == "0" ? algebraic : formulas).push_back(trimmed(equation.substr(equal + 1)));
    if (left == "0") continue;
    check_name("--field", trimmed(left.substr(0, left.size() - 1)), names);
    names.push_back(trimmed(left.substr(0, left.size() - 1)));
  }
  if (names.empty()) fail<UsageError>("--field", "has no equation x' = …. Give one for each component.");
  const size_t derivatives = names.size();
  const Numbers starts = read_numbers("--init", start), constants = read_numbers("--param", parameters);
  for (const auto& [name, number] : starts)
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  if (names.size() != derivatives + algebraic.size())
    fail<UsageError>("--init", "names ", names.size() - derivatives,
                     " components without a derivative, but --field has ", algebraic.size(),
                     " equations 0 = …. Give as many.");
  for (const auto& [name, number] : constants)
    if (std::find(names.begin(), names.end(), name) != names.end())
      fail<UsageError>("--param", name, " is a component. Give its start by --init.");
  std::vector<double> y0;
  for (const std::string& name : names) {
    const auto given = std::find_if(starts.begin(), starts.end(), [&](const auto& each) { return each.first == name; });
    if (given == starts.end()) fail<UsageError>("--init", "lacks ", name, ". Give all, as x=2,y=0.");
    y0.push_back(given->second);
  }
  std::vector<std::string> symbols = names;
  symbols.emplace_back("t");
  Formulas reader(symbols, constants);
  std::vector<Value> values;
  formulas.insert(formulas.end(), algebraic.begin(), algebraic.end());
  for (const std::string& formula : formulas) values.push_back(reader.read(formula));
  OdeTerm term([values](const Tensor& t, const State& y) -> State {
    std::vector<Tensor> inputs, derivative;
    for (int64_t i = 0; i < y[0].dim(-1); ++i) inputs.push_back(select(y[0], -1, i));
    inputs.push_back(t);
    // A formula of t alone has no axes.
    for (const Value& value : values) derivative.push_back(broadcast_to(value(inputs), inputs[0].shape()));
    return {stack(derivative, -1)};
  });
  if (!algebraic.empty()) {
    std::vector<double> mass(names.size(), 0);
    std::fill_n(mass.begin(), derivatives, 1);
    term = mass_term(tensor(mass), std::move(term));
  }
  return {.name = "field",
          .title = field,
          .source = "--field",
          .term = std::move(term),
          .y0 = {tensor(y0, DType::float64)},
          .components = names,
          .times = {0, 0},
          .stiff = !algebraic.empty()};
}

}  // namespace dimwise::app::ode
