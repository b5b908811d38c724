#!/usr/bin/env bash
# Runs tests under sanitizers.
#
# Usage: scripts/sanitize.sh [--release | --thread] [LAYER...]
#   --release  optimized by clang, in build/fuzz; without it not optimized, by the default compiler, in build/asan
#   --thread   ThreadSanitizer over what uses threads, in build/tsan, instead of AddressSanitizer and
#              UndefinedBehaviorSanitizer
#   LAYER      only the tests of autodiff, ops, nn, hollow or apps; by default those of autodiff and ops, or with --thread
#              all but apps
set -euo pipefail
cd "$(dirname "$0")/.."

preset=asan layers=() only=()
while [ $# -gt 0 ]; do
  case $1 in
    --release) preset=fuzz ;;
    --thread) preset=tsan only=(-R '/(memory|module|parallel|conv|cnf_threads)$') ;;
    autodiff | ops | nn | hollow | apps) layers+=("$1") ;;
    *) sed -n '2,9s/^# \?//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
if [ ${#layers[@]} -eq 0 ]; then
  layers=(autodiff ops)
  if [ $preset = tsan ]; then layers+=(nn hollow); fi
fi
# AVX-512 intrinsics need optimization under g++, which would hide bugs and take several times as long to compile.
arch=native
if [ $preset = asan ] && grep -qw avx512f /proc/cpuinfo; then arch=x86-64-v3; fi

if [ $preset = fuzz ]; then scripts/install-deps.sh --lint; else scripts/install-deps.sh --tests; fi
cmake --preset $preset -G Ninja -DDIMWISE_ARCH=$arch
cmake --build --preset $preset --target "${layers[@]/#/test_}"
echo "Built after $SECONDS s."
ctest --preset $preset -j "$(nproc)" -L "^($(IFS='|'; echo "${layers[*]}"))$" "${only[@]}"
