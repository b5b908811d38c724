#!/usr/bin/env bash
# What takes too long for every change and must hold before a release: the cases tagged [long]; and that the benchmarks
# still compile, where Google Benchmark is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-deps.sh --tests
cmake --preset release -G Ninja
cmake --build --preset release
for program in build/release/tests/test_*; do
  [ -x "$program" ] || continue
  echo "$program [long]"
  OPENBLAS_NUM_THREADS=1 "$program" "[long]"
done
if [ "$(dpkg-query -W -f='${db:Status-Status}' libbenchmark-dev 2>/dev/null)" = installed ]; then
  cmake --preset bench -G Ninja
  cmake --build --preset bench
else
  echo "The benchmarks were not compiled: apt-get install libbenchmark-dev"
fi
