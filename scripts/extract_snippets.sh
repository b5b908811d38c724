#!/usr/bin/env bash
# extract_snippets.sh OUT: writes every code block of README.md, autodiff/README.md and docs/*.md into OUT.
#
# A ```cpp block with a main becomes a program unchanged. The other blocks of a document become one program, each in a
# separate scope, with all of dimwise included and `namespace dw = dimwise`. Each ```cmake block is the CMakeLists.txt
# of a folder whose main.cpp is the document's first program. ```sh blocks are checked by `bash -n`. A test of its own runs
# each ```python block. Blocks in any other language but ```text are an error.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$1
rm -rf "$out"
mkdir -p "$out"

extract() {
  awk -v out="$out" -v document="$1" -v slug="$2" '
    function finish(  name) {
      if (language == "cpp" && body ~ /int main\(/) {
        name = out "/" slug "_program_" ++programs ".cpp"
        printf "#line %d \"%s\"\n%s", start, document, body > name
        if (programs == 1) first = name
      } else if (language == "cpp") {
        fragments = fragments sprintf("static void snippet_%d() {\n#line %d \"%s\"\n%s}\n\n", ++count, start, document, body)
        calls = calls sprintf("  snippet_%d();\n", count)
      } else if (language == "sh") {
        name = out "/" slug "_" ++scripts ".sh"
        printf "%s", body > name
      } else if (language == "cmake") {
        projects++
        project[projects] = body
      } else if (language != "text" && language != "python") {
        printf "%s:%d: a code block in \"%s\"; use cpp, sh, cmake, python or text\n", document, start - 1, language > "/dev/stderr"
        failed = 1
      }
    }
    /^```/ {
      if (inside) { finish(); inside = 0 }
      else { inside = 1; language = substr($0, 4); body = ""; start = NR + 1 }
      next
    }
    inside {
      body = body $0 "\n"
    }
    END {
      if (inside) { printf "%s: a code block is not closed\n", document > "/dev/stderr"; exit 1 }
      if (count) {
        name = out "/" slug "_fragments.cpp"
        printf "#include <dimwise.hpp>\n#include <iostream>\n\nnamespace dw = dimwise;\n\n%sint main() {\n%s}\n", fragments, calls > name
      }
      for (p = 1; p <= projects; ++p) {
        folder = out "/" slug "_project_" p
        system("mkdir -p \"" folder "\" && cp \"" first "\" \"" folder "/main.cpp\"")
        printf "%s", project[p] > (folder "/CMakeLists.txt")
      }
      printf "%s: %d programs, %d fragments, %d scripts, %d projects\n", document, programs, count, scripts, projects
      exit failed
    }' "$1"
}

shopt -s nullglob
for document in README.md autodiff/README.md docs/*.md; do
  slug=${document%.md}
  extract "$document" "${slug//[^A-Za-z0-9]/_}"
done
for script in "$out"/*.sh; do bash -n "$script"; done
