#!/usr/bin/env bash
# Runs tests without optimization and under AddressSanitizer and UndefinedBehaviorSanitizer, in build/asan.
#
# Usage: scripts/sanitize.sh [LAYER...]
#   LAYER  only the tests of autodiff, ops, nn, hollow or apps; by default those of autodiff and ops
set -euo pipefail
cd "$(dirname "$0")/.."

layers=("$@")
[ $# -gt 0 ] || layers=(autodiff ops)
for layer in "${layers[@]}"; do
  case $layer in
    autodiff | ops | nn | hollow | apps) ;;
    *) sed -n '2,5s/^# \?//p' "$0" >&2; exit 2 ;;
  esac
done
# AVX-512 intrinsics need optimization under g++, which would hide bugs and take several times as long to compile.
arch=native
if grep -qw avx512f /proc/cpuinfo; then arch=x86-64-v3; fi

scripts/install-deps.sh --tests
cmake --preset asan -G Ninja -DDIMWISE_ARCH=$arch
cmake --build --preset asan --target "${layers[@]/#/test_}"
echo "Built after $SECONDS s."
ctest --preset asan -j "$(nproc)" -L "^($(IFS='|'; echo "${layers[*]}"))$"
