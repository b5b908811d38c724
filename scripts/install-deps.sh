#!/usr/bin/env bash
# Installs the missing build dependencies of dimwise (Debian 12 package names).
# Usage: scripts/install-deps.sh [--tests | --lint]   --tests: also those of the tests; --lint: and clang with its tools, and lcov
set -euo pipefail

packages=(g++ cmake ninja-build
  libxtensor-dev libxtensor-blas-dev libxsimd-dev libopenblas-dev libsuitesparse-dev libdnnl-dev librandom123-dev
  zlib1g-dev libzip-dev nlohmann-json3-dev libcairo2-dev fonts-dejavu-core libssl-dev libginac-dev libcli11-dev
  libboost-math-dev libfmt-dev libtomlplusplus-dev)
case "${1:-}" in
  "") ;;
  --tests) packages+=(catch2 pkgconf python3-numpy) ;;
  --lint) packages+=(catch2 pkgconf clang clang-format clang-tidy libclang-rt-dev lcov) ;;
  *)
    echo "install-deps.sh: unknown argument $1; there are --tests and --lint" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "install-deps.sh: this is not a Debian system. Install these with its package manager: ${packages[*]}" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "All ${#packages[@]} packages that dimwise needs are installed."
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "install-deps.sh: missing are ${missing[*]}. Run as root: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi
echo "Installing with apt-get: ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
