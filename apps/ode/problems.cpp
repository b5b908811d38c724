#include <fmt/core.h>

#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "apps/ode/commands.hpp"
#include "hollow/ode/problems/problems.hpp"

namespace dimwise::app::ode {

namespace {

void list(bool as_json) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  std::string text;
  for (const std::string& name : ode_problem_names()) {
    const OdeProblem p = ode_problem(name);
    all.push_back({{"name", p.name},
                   {"title", p.title},
                   {"source", p.source},
                   {"note", p.note},
                   {"d", p.y0[0].size()},
                   {"t0", p.times.front()},
                   {"t1", p.times.back()},
                   {"stiff", p.stiff}});
    text += name + std::string(std::max<size_t>(21, name.size() + 1) - name.size(), ' ') + p.title + "\n";
    text += fmt::format("{:21}{}; d = {}{}{}\n", "", p.source, p.y0[0].size(), p.stiff ? ", stiff" : "",
                        p.note.empty() ? "" : "; " + p.note);
  }
  std::cout << (as_json ? all.dump() + "\n" : text);
}

}  // namespace

void add_problems(App& app) {
  const auto flags = std::make_shared<CommonFlags>();
  Command& c = app.command("problems", "lists the named problems");
  c.example("problems", "All problems, with their sources");
  c.section("Run");
  add_json(c, *flags);
  c.does([flags](const Command&) { list(flags->json); });
}

}  // namespace dimwise::app::ode
