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
cd build/coverage
lcov --quiet --capture --directory . --base-directory "$OLDPWD" --no-external --output-file all.info
low=0
for layer in "${layers[@]}"; do
  lcov --quiet --extract all.info "$OLDPWD/$layer/*" --output-file "$layer.info"
  lines=$(lcov --summary "$layer.info" 2>&1 | sed -n 's/^ *lines\.*: //p')
  echo "$layer: $lines"
  [ "$(echo "$lines" | sed 's/\..*//')" -ge 90 ] || low=1
done >lines.txt
genhtml --quiet --output-directory report "${layers[@]/%/.info}"
cat lines.txt
exit $low
