#!/usr/bin/env bash
# Builds the fuzz targets with clang's libFuzzer under AddressSanitizer and UndefinedBehaviorSanitizer, in build/fuzz, and
# runs them one after another.
#
# Usage: scripts/fuzz.sh [--seconds N | --runs N] [TARGET...]
#   --seconds N  N seconds in all, shared by the targets; the default is 60
#   --runs N     N inputs for each target
#   TARGET       a file of tests/fuzz, such as npy; by default all
#
# What is found new is kept in build/fuzz/corpus/TARGET. An input that fails is build/fuzz/crashes/TARGET-*: copy it to
# tests/fuzz/seeds/TARGET, where the suite replays it.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=60 runs='' targets=()
while [ $# -gt 0 ]; do
  case $1 in
    --seconds) seconds=${2:?--seconds needs a number}; shift ;;
    --runs) runs=${2:?--runs needs a number}; shift ;;
    -*) sed -n '2,12s/^# \?//p' "$0" >&2; exit 2 ;;
    *)
      if ! grep -q DIMWISE_FUZZ "tests/fuzz/$1.cpp" 2>/dev/null; then
        echo "fuzz.sh: no target $1. There are: $(grep -l '^DIMWISE_FUZZ' tests/fuzz/*.cpp | xargs -n1 basename -s .cpp | xargs)" >&2
        exit 2
      fi
      targets+=("$1")
      ;;
  esac
  shift
done
if [ ${#targets[@]} -eq 0 ]; then
  mapfile -t targets < <(grep -l '^DIMWISE_FUZZ' tests/fuzz/*.cpp | xargs -n1 basename -s .cpp)
fi

scripts/install-deps.sh --lint
cmake --preset fuzz -G Ninja
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"
echo "Built after $SECONDS s."
export OPENBLAS_NUM_THREADS=1
for target in "${targets[@]}"; do
  corpus=build/fuzz/corpus/$target
  mkdir -p "$corpus" build/fuzz/crashes
  IFS=';' read -r -a seeds < <(cat "build/fuzz/tests/fuzz/$target.seeds"; echo)
  if [ -n "$runs" ]; then limit=-runs=$runs; else limit=-max_total_time=$(((seconds + ${#targets[@]} - 1) / ${#targets[@]})); fi
  log=build/fuzz/$target.log
  if ! build/fuzz/tests/fuzz/fuzz_"$target" "$limit" -timeout=20 -rss_limit_mb=4096 -malloc_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/crashes/$target-" "$corpus" "${seeds[@]}" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "fuzz.sh: $target failed; the input is in build/fuzz/crashes" >&2
    exit 1
  fi
  echo "$target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, coverage $(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -d' ' -f2)"
done
