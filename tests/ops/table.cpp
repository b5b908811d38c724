#include "tests/ops/table.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "autodiff/base/error.hpp"
#include "autodiff/tape.hpp"
#include "ops/detail/all_ops.hpp"
#include "tests/catch.hpp"

namespace dimwise::table {

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = [] {
    std::vector<Entry> list;
    for (const auto family : {arithmetic_tests::entries, elementwise_tests::entries, reduce_tests::entries,
                              layout_tests::entries, index_tests::entries, matmul_tests::entries, blocks_tests::entries,
                              linalg_tests::entries, conv_tests::entries})
      for (Entry& e : family()) list.push_back(std::move(e));
    return list;
  }();
  return all;
}

std::vector<std::vector<Tensor>> calls_of_each_op() {
  std::map<std::string, std::vector<Tensor>> calls;
  for (const Entry& e : entries())
    for (const Inputs& sample : e.samples) {
      Inputs leaves;
      for (const Tensor& x : sample) leaves.push_back(track(x));
      const Tape tape({e.f(leaves)}, leaves);
      for (const Tensor& y : tape.nodes()) calls[y.node()->op->name].push_back(y);
    }
  std::vector<std::vector<Tensor>> lists;
  for (auto& [name, list] : calls) lists.push_back(std::move(list));
  return lists;
}

namespace {

const std::filesystem::path source = DIMWISE_SOURCE_DIR;

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::vector<std::filesystem::path> files(const char* folder, const char* extension) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(source / folder))
    if (entry.path().extension() == extension) found.push_back(entry.path());
  return found;
}

std::string what(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("every function that ops/ and autodiff/basic.hpp export is in the op table") {
  std::set<std::string> listed;
  for (const Entry& e : entries()) listed.insert(e.function);
  auto headers = files("ops", ".hpp");
  headers.push_back(source / "autodiff/basic.hpp");
  const std::regex declaration("(^|\\n)(inline )?Tensor (operator[^(]+|\\w+)\\(");
  size_t count = 0;
  for (const auto& header : headers) {
    if (header.filename() == "series.hpp") continue;  // not exported: the rules of the ops in Taylor arithmetic
    const std::string text = text_of(header);
    for (std::sregex_iterator it(text.begin(), text.end(), declaration), end; it != end; ++it, ++count) {
      INFO(header.filename().string() << " exports " << (*it)[3].str() << ", which needs an Entry in tests/ops/");
      CHECK(listed.count((*it)[3].str()) == 1);
    }
  }
  CHECK(count > 80);
}

TEST_CASE("every op record is covered by the table, and nothing is covered that does not exist") {
  std::set<std::string> covered, exist;
  for (const Entry& e : entries()) covered.insert(e.records.begin(), e.records.end());
  for (const Op* op : all_ops()) {
    INFO(op->name);
    CHECK(exist.insert(op->name).second);
    CHECK(covered.count(op->name) == 1);
  }
  for (const std::string& name : covered) {
    INFO(name);
    CHECK(exist.count(name) == 1);
  }
}

TEST_CASE("every record is on the tape of an entry that names it") {
  std::set<std::string> recorded;
  for (const Entry& e : entries())
    for (const Inputs& sample : e.samples) {
      Inputs leaves;
      for (const Tensor& x : sample) leaves.push_back(track(x));
      const Tape tape({e.f(leaves)}, leaves);
      for (const Tensor& y : tape.nodes()) recorded.insert(y.node()->op->name);
    }
  for (const Op* op : all_ops()) {
    INFO(op->name);
    CHECK(recorded.count(op->name) == 1);
  }
}

TEST_CASE("an error states where, what is wrong and what to do, with these messages") {
  for (const Entry& e : entries())
    for (const auto& [call, text] : e.errors) {
      INFO(e.function);
      CHECK_THAT(what(call), Catch::Contains(text));
    }
}

TEST_CASE("every throw in ops/ and autodiff/basic.cpp is tested") {
  std::string seen;
  for (const Entry& e : entries())
    for (const auto& error : e.errors) seen += what(error.first) + '\n';
  auto sources = files("ops", ".cpp");
  sources.push_back(source / "autodiff/basic.cpp");
  const std::regex statement("fail<\\w+>\\(([^;]*);"), literal("\"((?:[^\"\\\\]|\\\\.)*)\"");
  size_t count = 0;
  for (const auto& path : sources) {
    const std::string text = text_of(path);
    for (std::sregex_iterator it(text.begin(), text.end(), statement), end; it != end; ++it, ++count) {
      // The longest piece of fixed text identifies the statement.
      const std::string body = (*it)[1].str();
      std::string longest;
      for (std::sregex_iterator piece(body.begin(), body.end(), literal); piece != end; ++piece)
        if ((*piece)[1].length() > static_cast<std::ptrdiff_t>(longest.size())) longest = (*piece)[1].str();
      INFO(path.filename().string() << ": " << body);
      CHECK(seen.find(longest) != std::string::npos);
    }
  }
  CHECK(count > 30);
}

}  // namespace dimwise::table
