#!/usr/bin/env bash
# Installs what is missing, builds everything in release mode and runs the whole suite.
#
# Usage: scripts/test.sh [--arch ARCH] [LAYER...]
#   --arch ARCH  build for this processor, as in -march=, in build/ARCH; by default for this machine's, in build/release
#   LAYER        only the tests of autodiff, ops, nn, hollow or apps
set -euo pipefail
cd "$(dirname "$0")/.."

arch='' layers=()
while [ $# -gt 0 ]; do
  case $1 in
    --arch) arch=${2:?--arch needs a processor, such as x86-64-v3}; shift ;;
    autodiff | ops | nn | hollow | apps) layers+=("$1") ;;
    *) sed -n '2,6s/^# \?//p' "$0" >&2; exit 2 ;;
  esac
  shift
done
build=build/${arch:-release}

scripts/install-deps.sh --tests
cmake --preset release -G Ninja -B "$build" ${arch:+-DDIMWISE_ARCH="$arch"}
cmake --build "$build" ${layers[@]:+--target "${layers[@]/#/test_}"}
echo "Built after $SECONDS s."
cd "$build"
ctest -j "$(nproc)" --output-on-failure ${layers[@]:+-L "^($(IFS='|'; echo "${layers[*]}"))$"}
