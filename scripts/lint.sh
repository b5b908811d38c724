#!/usr/bin/env bash
# Checks formatting (clang-format) and finds likely bugs (clang-tidy) in all sources, or in the given ones: scripts/lint.sh [FILE...]
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -gt 0 ]; then files=("$@"); else mapfile -t files < <(git ls-files '*.cpp' '*.hpp'); fi
clang-format --dry-run -Werror "${files[@]}"
printf '%s\n' "${files[@]}" | { grep '^\(autodiff\|ops\|nn\|hollow\|apps\)/.*\.cpp$' || true; } |
  xargs -r -n 1 -P "$(nproc)" sh -c 'clang-tidy --quiet "$0" -- -std=c++20 -I. -DDIMWISE_VERSION=\"0\" 2>/dev/null'
