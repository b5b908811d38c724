#!/usr/bin/env bash
# build.sh COMPILER PREFIX FOLDER: builds program.cpp in FOLDER with what pkg-config says of the tree at PREFIX, and runs it.
set -euo pipefail
compiler=$1 prefix=$2 folder=$3
source=$(cd "$(dirname "$0")/.." && pwd)/program.cpp
description=$(find "$prefix" -name dimwise.pc)
PKG_CONFIG_PATH=$(dirname "$description")
export PKG_CONFIG_PATH
mkdir -p "$folder"
# pkg-config quotes what holds spaces for the shell.
eval "cflags=($(pkg-config --cflags dimwise)) libs=($(pkg-config --libs dimwise))"
"$compiler" -std=c++20 "${cflags[@]}" "$source" -o "$folder/consumer" "${libs[@]}"
"$folder/consumer"
