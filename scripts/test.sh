#!/usr/bin/env bash
# Installs what is missing, builds everything in release mode and runs the whole suite.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/install-deps.sh --tests
cmake --preset release -G Ninja
cmake --build --preset release
ctest --preset release -j "$(nproc)" --output-on-failure
