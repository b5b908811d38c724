#!/usr/bin/env bash
# Measures which lines of autodiff, ops, nn and hollow the tests reach: scripts/coverage.sh
#
# The table is printed and written to build/coverage/lines.txt, the lines that no test reaches to
# build/coverage/report/index.html. It fails below 90 % of any layer.
set -euo pipefail
cd "$(dirname "$0")/.."

layers=(autodiff ops nn hollow)
scripts/install-deps.sh --lint
arch=native
if grep -qw avx512f /proc/cpuinfo; then arch=x86-64-v3; fi  # g++ compiles AVX-512 intrinsics only with optimization
cmake --preset coverage -G Ninja -DDIMWISE_ARCH=$arch
cmake --build --preset coverage --target "${layers[@]/#/test_}"
find build/coverage -name '*.gcda' -delete
ctest --preset coverage -j "$(nproc)" -L "^($(IFS='|'; echo "${layers[*]}"))$"
mkdir -p build/coverage/report
gcovr --root . --object-directory build/coverage --exclude-throw-branches --json build/coverage/lines.json \
  --filter '(autodiff|ops|nn|hollow)/' >/dev/null
gcovr --root . --add-tracefile build/coverage/lines.json --html-details build/coverage/report/index.html >/dev/null
low=0
for layer in "${layers[@]}"; do
  echo "$layer: $(gcovr --root . --add-tracefile build/coverage/lines.json --filter "$layer/" --print-summary | sed -n 's/^lines: //p')"
  gcovr --root . --add-tracefile build/coverage/lines.json --filter "$layer/" --fail-under-line 90 >/dev/null || low=1
done >build/coverage/lines.txt
cat build/coverage/lines.txt
exit $low
