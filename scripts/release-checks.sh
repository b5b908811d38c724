#!/usr/bin/env bash
# Checks that take too long for every change but must pass before a release. All of them take many hours.
#
# Usage: scripts/release-checks.sh [STEP...]
#   suite      scripts/test.sh
#   long       the cases tagged [long]: 100 kills of each executable, limits of memory, learned SDEs
#   lint       clang-format and clang-tidy on all files
#   sanitize   AddressSanitizer and UndefinedBehaviorSanitizer, without optimization and with it
#   threads    ThreadSanitizer over what uses threads
#   fuzz       a million inputs for each fuzz target
#   clang      clang builds everything and passes the suite
#   coverage   at least 90 % of the lines are reached
#   mutation   300 planted mistakes in each of autodiff, ops and hollow
#   bench      the benchmarks compile, if Google Benchmark is installed
# By default all, in this order. A step that has passed at this commit is not run again, unless files differ from the
# commit. build/release-checks/COMMIT.md lists the steps with their figures, COMMIT/STEP.log is what each has printed.
set -euo pipefail
cd "$(dirname "$0")/.."

steps=(suite long lint sanitize threads fuzz clang coverage mutation bench)
chosen=()
for argument in "$@"; do
  if [[ " ${steps[*]} " != *" $argument "* ]]; then sed -n '4,14s/^# \?//p' "$0" >&2; exit 2; fi
  chosen+=("$argument")
done
[ ${#chosen[@]} -gt 0 ] || chosen=("${steps[@]}")

suite() { scripts/test.sh; }

long() {
  scripts/install-deps.sh --tests
  cmake --preset release -G Ninja
  cmake --build --preset release
  for layer in autodiff ops nn hollow apps; do
    echo "test_$layer [long]"
    OPENBLAS_NUM_THREADS=1 build/release/tests/test_$layer "[long]" || [ $? -eq 77 ]  # 77: some were skipped
  done
}

lint() { scripts/lint.sh; }

sanitize() {
  scripts/sanitize.sh
  scripts/sanitize.sh --release nn hollow
}

threads() { scripts/sanitize.sh --thread; }

fuzz() { scripts/fuzz.sh --runs 1000000; }

clang() {
  scripts/install-deps.sh --lint
  cmake --preset release -G Ninja -B build/clang -DCMAKE_CXX_COMPILER=clang++
  cmake --build build/clang
  ctest --test-dir build/clang -j "$(nproc)" --output-on-failure -LE consumers
}

coverage() { scripts/coverage.sh; }

mutation() {
  for layer in autodiff ops hollow; do scripts/mutate.py "$layer" || scripts/mutate.py "$layer" --again --sanitize; done
}

bench() {
  if [ "$(dpkg-query -W -f='${db:Status-Status}' libbenchmark-dev 2>/dev/null)" != installed ]; then
    echo "The benchmarks were not compiled: apt-get install libbenchmark-dev"
    return
  fi
  cmake --preset bench -G Ninja
  cmake --build --preset bench
}

commit=$(git describe --always --dirty)
state=build/release-checks/$commit
mkdir -p "$state"
for step in "${chosen[@]}"; do
  [[ $commit == *-dirty ]] || [ ! -e "$state/$step.passed" ] || continue
  echo "== $step"
  SECONDS=0
  # A shell of its own, because within a condition set -e has no effect.
  if ! bash -euo pipefail -c "$(declare -f "$step"); $step" 2>&1 | tee "$state/$step.log"; then
    echo "release-checks.sh: $step failed after $((SECONDS / 60)) minutes; see $state/$step.log" >&2
    exit 1
  fi
  echo "$(date +%F), $(((SECONDS + 59) / 60)) minutes" >"$state/$step.passed"
done

{
  echo "| step at $commit | figures | when |"
  echo "| --- | --- | --- |"
  for step in "${steps[@]}"; do
    [ -e "$state/$step.passed" ] || continue
    figures=$(grep -hE 'tests passed|All tests passed|^test cases:|inputs, coverage|^[a-z]+: [0-9.]+% \(|mistakes killed|clang-tidy reads' \
      "$state/$step.log" | paste -sd ';' | sed 's/;/; /g; s/|/\\|/g')
    echo "| $step | $figures | $(cat "$state/$step.passed") |"
  done
} | tee "build/release-checks/$commit.md"
