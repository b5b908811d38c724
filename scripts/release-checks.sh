#!/usr/bin/env bash
# What takes too long for every change and must hold before a release: the cases tagged [long].
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
