#!/usr/bin/env bash
# Checks that take too long for every change but must pass before a release: the cases tagged [long], clang-tidy on all
# files, nn and hollow under sanitizers, ThreadSanitizer over what uses threads, a million inputs for each fuzz target,
# that clang builds everything and passes the suite, and, if Google Benchmark is installed, that the benchmarks compile.
# It takes hours.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-deps.sh --tests
cmake --preset release -G Ninja
cmake --build --preset release
for program in build/release/tests/test_*; do
  [ -x "$program" ] || continue
  echo "$program [long]"
  OPENBLAS_NUM_THREADS=1 "$program" "[long]" || [ $? -eq 77 ]  # 77: some were skipped
done
scripts/lint.sh
scripts/sanitize.sh --release nn hollow
scripts/sanitize.sh --thread
scripts/fuzz.sh --runs 1000000
cmake --preset release -G Ninja -B build/clang -DCMAKE_CXX_COMPILER=clang++
cmake --build build/clang
ctest --test-dir build/clang -j "$(nproc)" --output-on-failure -LE consumers
if [ "$(dpkg-query -W -f='${db:Status-Status}' libbenchmark-dev 2>/dev/null)" = installed ]; then
  cmake --preset bench -G Ninja
  cmake --build --preset bench
else
  echo "The benchmarks were not compiled: apt-get install libbenchmark-dev"
fi
