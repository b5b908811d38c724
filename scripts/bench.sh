#!/usr/bin/env bash
# Builds the benchmarks, runs them and prints one table of ratios: scripts/bench.sh [--quick] [NAME...]
#
# NAME is a file of bench/ without its suffix; by default all are run, which takes about half an hour, or with --quick
# (fewer rounds, no brute force in full) a few minutes. The table is also written to build/bench/table.md, the picture of
# the sweep over dimensions to build/bench/sweep.png.
set -euo pipefail
cd "$(dirname "$0")/.."

names=()
for argument in "$@"; do
  case $argument in
    --quick) export DIMWISE_BENCH_QUICK=1 ;;
    -*) sed -n '2,6s/^# \?//p' "$0" >&2; exit 2 ;;
    *) names+=("$argument") ;;
  esac
done
if [ ${#names[@]} -eq 0 ]; then
  for file in bench/*.cpp; do
    name=$(basename "$file" .cpp)
    [ "$name" = common ] || names+=("$name")
  done
fi

cmake --preset bench -G Ninja >&2
cmake --build --preset bench --target "${names[@]/#/bench_}" >&2
out=build/bench/results
mkdir -p "$out"
rm -f "$out"/*.json
# OpenBLAS treats a processor newer than itself as an old one, which would make all programs slow.
if grep -qw avx512bw /proc/cpuinfo; then export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SkylakeX}; fi
export DIMWISE_BENCH_FIGURE=build/bench/sweep
for name in "${names[@]}"; do
  build/bench/bench/bench_"$name" --benchmark_out="$out/$name.json" --benchmark_out_format=json >&2
done

libtorch=$(grep -q '^Torch_DIR:PATH=.*NOTFOUND' build/bench/CMakeCache.txt && echo without || echo with)
python3 scripts/bench_table.py "$libtorch" "$out"/*.json | tee build/bench/table.md
