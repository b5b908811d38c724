#!/usr/bin/env bash
# Checks formatting (clang-format) and finds likely bugs (clang-tidy).
#
# Usage: scripts/lint.sh [--since REV] [FILE...]
#   --since REV  clang-tidy reads only what changed since REV, and the .cpp file of a header that did
#   FILE         only these files; by default all
set -euo pipefail
cd "$(dirname "$0")/.."

since='' files=()
while [ $# -gt 0 ]; do
  case $1 in
    --since) since=${2:?--since needs a revision}; shift ;;
    -*) sed -n '2,6s/^# \?//p' "$0" >&2; exit 2 ;;
    *) files+=("$1") ;;
  esac
  shift
done
[ ${#files[@]} -gt 0 ] || mapfile -t files < <(git ls-files '*.cpp' '*.hpp')
clang-format --dry-run -Werror "${files[@]}"

mapfile -t sources < <(printf '%s\n' "${files[@]}" | grep '^\(autodiff\|ops\|nn\|hollow\|apps\)/.*\.cpp$' || true)
if [ -n "$since" ]; then
  mapfile -t sources < <(git diff --name-only --diff-filter=d "$since" -- '*.cpp' '*.hpp' | sed 's/\.hpp$/.cpp/' | sort -u |
    grep -xF -f <(printf '%s\n' "${sources[@]}") || true)
fi
echo "clang-tidy reads ${#sources[@]} files."
[ ${#sources[@]} -gt 0 ] || exit 0
printf '%s\0' "${sources[@]}" | xargs -0 -n 1 -P "$(nproc)" sh -c '
  found=$(clang-tidy --quiet "$0" -- -std=c++20 -I. $(pkg-config --cflags openblas) -DXTENSOR_USE_XSIMD \
    -DHAVE_CBLAS=1 -DDIMWISE_VERSION=\"0\" 2>&1) || { echo "$found" | grep -v "warnings\? \(and [0-9]* errors\? \)\?generated"; exit 1; }'
