#!/usr/bin/env bash
# Builds dimwise-cnf in build/demo and trains a Hollow-CNF on a built-in density in runs/demo (replaced): at most five minutes on
# two cores, build included.
set -euo pipefail
cd "$(dirname "$0")/.."

density=pinwheel
out=runs/demo
budget=300   # seconds for everything
afterwards=20  # of which for eval and plot

scripts/install-deps.sh
cmake -S . -B build/demo -G Ninja -DCMAKE_BUILD_TYPE=Release -DDIMWISE_TESTS=OFF
cmake --build build/demo --target dimwise-cnf
cnf=build/demo/apps/dimwise-cnf

# What is left once everything is built is for training.
minutes=$(awk -v left=$((budget - afterwards - SECONDS)) 'BEGIN { printf "%.2f", (left > 30 ? left : 30) / 60 }')
echo
echo "Built after $SECONDS s. Training on $density for $minutes minutes."
rm -rf "$out"
"$cnf" train --data "$density" --minutes "$minutes" --threads 2 --out "$out"
"$cnf" eval --threads 2 --out "$out"
"$cnf" plot --out "$out"
echo "Finished after $SECONDS s."
