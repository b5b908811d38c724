#!/usr/bin/env bash
# Builds dimwise-cnf in build/demo and trains a Hollow-CNF on a built-in density in runs/demo (replaced): five minutes on
# two cores, including at least 90 seconds of training.
set -euo pipefail
cd "$(dirname "$0")/.."

density=pinwheel
out=runs/demo
budget=300      # seconds for everything
least=90        # of which for training
afterwards=20   # and for eval and plot

cat <<END
This installs what is missing, builds dimwise-cnf (1 minute on two cores of a recent Xeon, 3 on two of an older EPYC),
trains a flow on $density with two threads in what is left of $budget seconds, and draws it in $out/figs.

END
scripts/install-deps.sh
cmake -S . -B build/demo -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_UNITY_BUILD=ON -DDIMWISE_TESTS=OFF
cmake --build build/demo --target dimwise-cnf
cnf=build/demo/apps/dimwise-cnf

echo
echo "Built after $SECONDS s."
seconds=$((budget - afterwards - SECONDS))
if [ "$seconds" -lt "$least" ]; then
  echo "That is longer than planned. Training still gets its $least s: all will take about $((SECONDS + least + afterwards)) s."
  seconds=$least
fi
echo "Training on $density for $seconds s."
rm -rf "$out"
"$cnf" train --data "$density" --minutes "$(awk "BEGIN { print $seconds / 60 }")" --threads 2 --out "$out"
"$cnf" eval --threads 2 --out "$out"
"$cnf" plot --out "$out"
echo "Finished after $SECONDS s."
